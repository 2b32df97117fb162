# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10. When it goes wrong or is slow: debug and measure
#
# > **After this lesson you can**
# > read an error and a jaxpr, look at values inside a compiled program, find the first NaN and the
# > index that is out of bounds, put a check into a program, tell where 64 bits are lost, and measure
# > time and memory honestly.
# >
# > **Time** about 35 minutes. **Read before** `07_grad`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import checkify

from autograder import predicted
from course import explore
from course.pictures import debugging

# %% [markdown]
# ## Which tool looks where
#
# A jitted call has four stages: Python calls the function, JAX traces it, XLA compiles it, and the
# device runs it. Most tools show what one of these stages knows. Most confusion comes from asking the
# wrong stage: while JAX traces there are no values, and while the program runs there is no Python.

# %%
debugging.draw_tools()

# %% [markdown]
# In the picture: each row is a tool of this lesson. A cross marks the stage where the tool looks, and
# the words on the right say what it shows.
#
# ## Read the error
#
# Most errors happen while JAX traces. Here are two layers, and one weight matrix has the wrong shape.


# %%
def layer(W, b, x):
    return jnp.tanh(W @ x + b)


@jax.jit
def score(params, x):
    hidden = layer(params["W1"], params["b1"], x)
    return layer(params["W2"], params["b2"], hidden)


params = {
    "W1": jnp.ones((5, 4)),
    "b1": jnp.ones(5),
    "W2": jnp.ones((3, 4)),
    "b2": jnp.ones(3),
}

# %% tags=["raises-exception"]
score(params, jnp.ones(4))

# %% [markdown]
# Read such an error from the bottom. The **last line** names the primitive and the two shapes that
# do not fit: `(4,)` is a row of `W2`, and `(5,)` is `hidden`. Then go up, past every frame whose file
# lies in `site-packages`: those frames belong to JAX, and some are hidden already. This cell prints
# the frames that are left.

# %%
try:
    score(params, jnp.ones(4))
except TypeError as error:
    for frame in traceback.extract_tb(error.__traceback__):
        if "-packages" not in frame.filename:
            print(f"in {frame.name}: {frame.line}")
    print(error)

# %% [markdown]
# The last of your own lines is in `layer`. It does not tell which of the two calls failed, but the
# line above it does. How far did the trace get? Press **Next →** to see.

# %%
explore.trace(score, params, jnp.ones(4))

# %% [markdown]
# Nothing was computed. Tracing needs only shapes, so you can find such mistakes before you load any
# data. The section about `eval_shape` does that.
#
# The second kind of error comes from code that needs a value while JAX traces.


# %%
def show(message, words):
    """Print the lines of a message that have one of these words, with `your cell` for its file."""
    for line in message.splitlines():
        if re.search(words, line):
            print(re.sub(r"\S*ipykernel_\d+/\d+\.py", "your cell", line))


@jax.jit
def first_rows(table, share):
    rows = table.shape[0]
    kept = int(rows * share)
    return table[:kept]


# %% [markdown]
# **Predict.** `first_rows(jnp.ones((10, 2)), 0.5)` raises a `ConcretizationTypeError`. The missing
# value depends on one argument of the function, and the message names it. Which one is it?

# %%
# Your prediction: replace the dots with "table" or "share"
my_blamed = ...

# %%
try:
    first_rows(jnp.ones((10, 2)), 0.5)
except jax.errors.ConcretizationTypeError as error:
    show(str(error), "Abstract|arose|occurred")
    blamed = re.search(r"value of the argument (\w+)", str(error))[1]

# %%
predicted(
    my_blamed,
    blamed,
    why="Shapes are known while tracing, so rows is a Python number. The share is a tracer, and "
    "the number of rows to keep depends on it.",
)

# %% [markdown]
# The first line says that a tracer has no value. The second names the Python function that asked for
# one. The third names the traced function, and the argument on which the value depends. Make that
# argument static, or rewrite the line so that it needs no value while JAX traces.
#
# The third kind of error comes late: some code kept a tracer and uses it after the trace.

# %%
kept_layers = []


@jax.jit
def total(x):
    hidden = jnp.tanh(x)
    kept_layers.append(hidden)
    return hidden.sum()


total(jnp.ones(3))
try:
    kept_layers[0] + 1
except jax.errors.UnexpectedTracerError as error:
    show(str(error), "type float|being traced|created on line")

# %% [markdown]
# The traceback would show the line that *used* the tracer, and that line is innocent. The message has
# what you need: the type of the value, the function that was traced, and the line that made the value.
#
# ## Read the program
#
# A jaxpr lists the inputs, then one equation per operation, and after `in` the results. An equation
# begins with the variable that it computes, with shape and dtype. Then come the primitive and the
# variables that it reads.


# %%
def numbers_of(x, w):
    return {"size": jnp.sqrt((x**2).sum()), "mean": (x * w).sum() / w.sum()}


def weighted(x, w):
    return numbers_of(x, w)["mean"]


jaxpr = jax.make_jaxpr(weighted)(jnp.ones(4), jnp.ones(4))
print(jaxpr)

# %% [markdown]
# The result of `sqrt` is written as `_`, because no other equation reads it. It is the size, which
# `weighted` computes and does not use.
#
# **Predict.** The jaxpr has a `sqrt`. Does the *compiled* program still have one: `"yes"` or `"no"`?

# %%
# Your prediction: replace the dots with "yes" or "no"
my_root = ...

# %%
compiled = jax.jit(weighted).lower(jnp.ones(4), jnp.ones(4)).compile()
in_jaxpr = "sqrt" in str(jaxpr)
in_compiled = "sqrt(" in compiled.as_text()
print("in the jaxpr:", in_jaxpr, " in the compiled program:", in_compiled)
root = "yes" if in_compiled else "no"

# %%
predicted(
    my_root,
    root,
    why="The compiler removes operations that no result depends on. The jaxpr shows what you asked "
    "for, and the compiled text shows what is left.",
)

# %% [markdown]
# So a jaxpr shows *your* mistakes: an operation that you did not expect, a dtype that you did not
# want, or work inside a loop that belongs in front of it. To find out what costs time, look at the
# compiled program, and measure.
#
# ## Ask for shapes, and compute nothing
#
# `jax.eval_shape` traces and stops. It returns the structure, shapes and dtypes of the result.
#
# **Predict.** What does `jax.eval_shape(jnp.outer, x, x)` do for an `x` of a million entries: does it
# `"return"`, or does it `"raise"` an exception because the result would have 4 terabytes?

# %%
# Your prediction: replace the dots with "return" or "raise"
my_outer = ...

# %%
million = jax.ShapeDtypeStruct((1_000_000,), jnp.float32)  # a shape and a dtype, no data
try:
    shape_only = jax.eval_shape(jnp.outer, million, million)
    print(shape_only)
    print("terabytes:", shape_only.size * shape_only.dtype.itemsize / 1e12)
    outer_outcome = "return"
except Exception as error:
    print(type(error).__name__)
    outer_outcome = "raise"

# %%
predicted(
    my_outer,
    outer_outcome,
    why="Neither the arguments nor the result exist. Only their shapes do.",
)

# %% [markdown]
# Use it to test the shapes of a whole model before you wait for an accelerator. For example,
# `jax.eval_shape(score, params, jnp.ones(4))` raises the same error as `score` did above.
#
# ## Look at values
#
# `print` runs while JAX traces, and shows tracers. `jax.debug.print` is an operation of the program,
# so it shows values in every run. Its text is a format string and not an f-string, because the values
# are put in when the program runs.


# %%
def noisy(x):
    print("tracing", x.shape)
    jax.debug.print("running, x is {x}", x=x)
    return x**2


jax.jit(noisy)(3.0)
jax.jit(noisy)(4.0)
jax.effects_barrier()  # wait until everything has been printed

# %% [markdown]
# **Predict.** `jax.jit(jax.vmap(noisy))(jnp.arange(3.0))` maps `noisy` over three numbers. How many
# lines begin with `running`?

# %%
# Your prediction: replace the dots with a number
my_lines = ...

# %%
seen = []


def counted(x):
    jax.debug.callback(lambda value: seen.append(float(value)), x)  # any Python function
    return noisy(x)


jax.jit(jax.vmap(counted))(jnp.arange(3.0))
jax.effects_barrier()
print("values seen:", sorted(seen))

# %%
predicted(
    my_lines,
    len(seen),
    why="vmap traces once, so Python's print runs once. A callback cannot be batched, so it is "
    "called for each example with the example's own value.",
)

# %% [markdown]
# Four things to know about `jax.debug.print`:
#
# - Two prints of one run may appear in another order than you wrote them. `ordered=True` keeps the
#   order, on one device.
# - The lines may appear after the call has returned, so wait with `jax.effects_barrier()`.
# - Under `jax.grad` it prints on the way forward only.
# - A print changes the program. A value that is printed has to be in memory, so XLA may fuse less, and
#   the last digits of a result may differ.
#
# To stop and look around, use `jax.debug.breakpoint()`. It opens a small debugger each time the
# program reaches it: `p x` prints, `u` and `d` move between frames, `c` continues. The debugger waits
# until you type a command, so we do not run it here.
#
# The other way to look at everything is to switch `jit` off.


# %%
@jax.jit
def magnitude(x):
    if x > 0:
        return x
    return -x


# %% [markdown]
# **Predict.** `magnitude(-2.0)` raises a `TracerBoolConversionError`, as in lesson 3. What does it do
# inside `with jax.disable_jit():`? Answer `"raises"` or `"runs"`.

# %%
# Your prediction: replace the dots with "raises" or "runs"
my_disabled = ...

# %%
with jax.disable_jit():
    try:
        print("result:", magnitude(-2.0))
        disabled = "runs"
    except jax.errors.TracerBoolConversionError:
        disabled = "raises"

# %%
predicted(
    my_disabled,
    disabled,
    why="Nothing is traced, so x has a value. Python's if works, and print and a debugger show "
    "values. Loops such as scan become Python loops too.",
)

# %% [markdown]
# Use `disable_jit` to look at values, and not to test: a function that runs without `jit` may still
# fail with `jit`. Programs run slowly under it, and `vmap` and `grad` trace as before.
#
# ## Find the NaN
#
# Here is a softmax that follows its formula, and an `x` with one large score.


# %%
def softmax(x):
    powers = jnp.exp(x)
    return powers / powers.sum(axis=1, keepdims=True)


x = jax.random.normal(jax.random.key(0), (4, 3)).at[1, 2].set(1000.0)
print("NaNs in softmax(x):", jnp.isnan(softmax(x)).sum())

# %% [markdown]
# With `jax.debug_nans`, JAX looks at every result. If a jitted function returns a NaN, JAX runs it
# again, one operation at a time, and raises an exception at the operation that makes the first NaN.
#
# **Predict.** Which operation will it name for `softmax(x)`: `"exp"`, `"reduce_sum"` or `"div"`?

# %%
# Your prediction: replace the dots with "exp", "reduce_sum" or "div"
my_first_nan = ...

# %%
with jax.debug_nans(True):
    try:
        jax.jit(softmax)(x)
    except FloatingPointError as error:
        print(error)
        first_nan = re.search(r"encountered in (\w+)", str(error))[1]

# %%
predicted(
    my_first_nan,
    first_nan,
    why="exp makes an infinity, which is not a NaN, and the sum is infinite too. Infinity divided "
    "by infinity is the first NaN.",
)

# %%
W = jax.random.normal(jax.random.key(1), (4, 4))
shares = softmax(x)
debugging.draw_spread(
    [("x", x), ("exp(x)", jnp.exp(x)), ("softmax(x)", shares), ("W @ softmax(x)", W @ shares)]
)

# %% [markdown]
# In the picture: each square is an entry. The exponential of 1000 is infinite, and one step later
# there is a NaN. A single product then spreads it over a column, because NaN plus anything is NaN. A
# few layers later everything is NaN, and nobody can see where it began.
#
# Without the `try`, the traceback leads to the line of your code. The mistake is often one step before
# the first NaN. Here it is `exp`, and the cure is to subtract the maximum first, as `jax.nn.softmax`
# does. `jax.debug_infs` looks for infinities. Use it with `jax.disable_jit()`, because an infinity
# inside a jitted function often does not reach its result.
#
# Switch both on for a search, and off again afterwards. They are slow, because they check every
# result. They also stop at a NaN or an infinity that you made on purpose. Sometimes only the gradient
# is NaN: lesson 7 shows why.
#
# ## A check that is part of the program
#
# A compiled program cannot raise an exception in the middle, and `assert x > 0` needs a value while
# JAX traces. `checkify` makes the outcome of a check part of the result. In `f` you write
# `checkify.check` with a condition and a message. Then `checkify.checkify(f)` is a function that
# returns a pair: the error, and the result of `f`.


# %%
def safe_log(x):
    checkify.check(x > 0, "the logarithm of {}", x)
    return jnp.log(x)


checked_log = jax.jit(checkify.checkify(safe_log))
error, result = checked_log(-1.0)
print("message:", error.get())
print("result: ", result)

# %% tags=["raises-exception"]
error.throw()

# %% [markdown]
# The program ran to its end, and the error came out as data. Outside, Python decides what to do with
# it: `error.get()` is the message, or `None` if all is well. `error.throw()` raises an exception if
# there is an error, and the traceback begins with the function that made the check.
#
# **Predict.** We call `jax.vmap(checkify.checkify(safe_log))` with a batch of 1, -1 and 4. Which of
# the three logarithms are computed: `"all"`, only those `"before"` the error, or `"none"`?

# %%
# Your prediction: replace the dots with "all", "before" or "none"
my_computed = ...

# %%
batch = jnp.array([1.0, -1.0, 4.0])
error, result = jax.vmap(checkify.checkify(safe_log))(batch)
print(error.get())
print(result)
same = jnp.isclose(result, jnp.log(batch), equal_nan=True)
computed = "all" if same.all() else "before" if same[0] else "none"

# %%
predicted(
    my_computed,
    computed,
    why="A check stops nothing. All three run, and the middle one is NaN. The error says which "
    "examples failed.",
)

# %% [markdown]
# `checkify` can also write checks for you. `errors=` chooses which: `checkify.nan_checks`,
# `checkify.div_checks` and `checkify.index_checks`. `checkify.float_checks` means the first two.
# The default, `checkify.user_checks`, means the checks that you wrote.
#
# ## Outside of the array
#
# For an index beyond the end, NumPy raises an `IndexError`. JAX raises nothing: a read returns the
# last entry, and a write is dropped. This is an expensive kind of bug, because the numbers look fine.

# %%
prices = jnp.array([10.0, 20.0, 30.0])
print("read at 7:  ", prices[7])
print("write at 7: ", prices.at[7].set(0.0))
print("mode='fill':", prices.at[7].get(mode="fill"))
print("gradient:   ", jax.grad(lambda prices: prices[7])(prices), "in JAX", jax.__version__)

# %% [markdown]
# **Predict.** `checkify` with `errors=checkify.index_checks` looks at four reads. Which of them does
# it report? Answer with the letters in order, such as `"BD"`.
#
# - A: `prices[3]`
# - B: `prices[-1]`
# - C: `prices[-4]`
# - D: `prices[2]`

# %%
# Your prediction: replace the dots, e.g. "BD"
my_reported = ...

# %%
checked_read = checkify.checkify(lambda i: prices[i], errors=checkify.index_checks)
reported = ""
for letter, i in {"A": 3, "B": -1, "C": -4, "D": 2}.items():
    error, price = checked_read(i)
    print(letter, price, error.get() or "fine")
    reported += letter if error.get() else ""

# %%
predicted(
    my_reported,
    reported,
    why="Three entries have the indices 0 to 2, or -3 to -1 from the end. A and C are outside. A -1 "
    "is a legal index, so it is not reported, even where it is a mistake.",
)

# %% [markdown]
# (For C the message says -1, because JAX adds the size to a negative index first.) If an index may be
# outside on purpose, say what should happen: `mode="fill"` for reads, which gives NaN unless you
# choose another `fill_value`, and `mode="drop"` for writes. Do not rely on anything else. Even the
# gradient of `prices[7]` depends on the version: it is 0 everywhere in JAX 0.7.2, and 1 at the last
# entry in 0.12.
#
# ## 64 bits that get lost
#
# JAX has 32 bits unless you ask for more. Sometimes it says so, and sometimes it does not.
#
# **Predict.** `jnp.asarray` converts the NumPy array `np.array([2**31 + 7])`. Is the number in the
# result `"positive"` or `"negative"`, or is there an `"error"`?

# %%
# Your prediction: replace the dots with "positive", "negative" or "error"
my_sign = ...

# %%
try:
    converted = jnp.asarray(np.array([2**31 + 7]))
    print(converted, converted.dtype)
    sign = "positive" if converted[0] > 0 else "negative"
except OverflowError:
    sign = "error"
print("and a sum:", jnp.arange(100_000).sum(), "where NumPy has", np.arange(100_000).sum())

# %%
predicted(
    my_sign,
    sign,
    why="The upper 32 bits of the int64 are dropped without a warning. The largest int32 is "
    "2**31 - 1, and the next number wraps around to the most negative one.",
)

# %% [markdown]
# To have 64 bits, call `jax.config.update("jax_enable_x64", True)` before you make the first array, or
# set the environment variable `JAX_ENABLE_X64=1` before you start Python. For a part of a program
# there is a context manager: `jax.enable_x64`, and in older versions `jax.experimental.enable_x64`.
# This cell runs with both.

# %%
try:
    enable_x64 = jax.enable_x64
except AttributeError:  # an older JAX
    from jax.experimental import enable_x64

early = jnp.ones(2)
with enable_x64(True):
    late = jnp.ones(2)
    print("made before:", early.dtype, " made inside:", late.dtype)
    print("the sum:", jnp.arange(100_000).sum())

# %% [markdown]
# An array that was made before keeps its dtype. On most GPUs, float64 is many times slower, and TPUs
# have no hardware for it. To find out whether rounding is your problem, run a small case in 64 bits
# and compare.
#
# ## Measure: compiling is not running
#
# Lesson 3 timed whole calls. Here we call the steps one by one, so that each step has its own time.


# %%
def deep(x):
    for _ in range(60):
        x = jnp.sin(x @ x)
    return x


def timed(step):
    """The result of a step, and its seconds."""
    begin = time.perf_counter()
    result = jax.block_until_ready(step())
    return result, time.perf_counter() - begin


start = jnp.eye(64)
traced, trace_seconds = timed(lambda: jax.jit(deep).trace(start))
lowered, lower_seconds = timed(traced.lower)
ready, compile_seconds = timed(lowered.compile)
run_seconds = min(timed(lambda: ready(start))[1] for _ in range(20))  # the fastest of many
print(f"trace {1e3 * trace_seconds:.1f} ms, lower {1e3 * lower_seconds:.1f} ms")
print(f"compile {1e3 * compile_seconds:.1f} ms, run {1e3 * run_seconds:.2f} ms")

# %% [markdown]
# `ready` is one compiled program. It contains no Python, and it never traces.
#
# **Predict.** What does `ready(jnp.eye(32))` do: does it `"raise"` an exception, or `"compile"`
# again?

# %%
# Your prediction: replace the dots with "raise" or "compile"
my_other_shape = ...

# %%
try:
    ready(jnp.eye(32))
    other_shape = "compile"
except TypeError as error:
    print(str(error).splitlines()[-1])
    other_shape = "raise"

# %%
predicted(
    my_other_shape,
    other_shape,
    why="A compiled program is for one set of shapes and dtypes. That makes it safe to time: it "
    "cannot compile again behind your back.",
)

# %% [markdown]
# ## Where did the time go? A profile
#
# A stopwatch tells you how long a program takes, and a profile tells you why.
# `jax.profiler.trace(folder)` records what Python and the device do inside the `with` block, and
# writes it into the folder. You can name parts of your own code with `jax.profiler.TraceAnnotation`.
# Our example is a training loop that loads a batch with NumPy and then takes a step.

# %%
weights = jnp.ones((400, 400))


@jax.jit
def train_step(weights, batch):
    for _ in range(3):
        weights = jnp.tanh(weights @ batch / 400)
    return weights


def load(number):
    """A batch, as slow as real files are."""
    numbers = np.random.default_rng(number).normal(size=500_000)
    return np.sort(numbers)[:160_000].reshape(400, 400).astype(np.float32)


warm = train_step(weights, load(0)).block_until_ready()  # no compiling in the profile

# %% [markdown]
# **Predict.** How long is the device busy: for `"less"` or for `"more"` than half of the loop's time?

# %%
# Your prediction: replace the dots with "less" or "more"
my_busy = ...

# %%
with tempfile.TemporaryDirectory() as folder:
    with jax.profiler.trace(folder):
        for number in range(4):
            with jax.profiler.TraceAnnotation("load"):
                batch = load(number)
            with jax.profiler.TraceAnnotation("step"):
                weights = train_step(weights, batch).block_until_ready()
    written = [path.name for path in Path(folder).rglob("*") if path.is_file()]
    events = debugging.read_profile(folder, ("load", "step"))
print("files:", sorted(written))

on_device = [event for event in events if event.lane == "device"]
span = max(event.end for event in events)
share = debugging.busy(on_device) / span
print(f"{len(on_device)} operations; the device was busy for {100 * share:.0f} % of {span:.0f} ms")
busy_outcome = "less" if share < 0.5 else "more"

# %%
predicted(
    my_busy,
    busy_outcome,
    why="The device waits while NumPy loads. A faster train_step would save little time here. "
    "Load the next batch while the device computes.",
)

# %%
debugging.draw_profile(events)

# %% [markdown]
# In the picture: time runs to the right. In the top row, the long parts are `load` and the short parts
# are `step`. The middle row has the calls of jitted functions, and the bottom row the operations on
# the device. In the gaps of the bottom row the device waits. XProf and TensorBoard open the folder, and
# <https://ui.perfetto.dev> opens the `.json.gz` file. There you can zoom into every operation.
# `debugging.read_profile` in `course/pictures` reads this file with `gzip` and `json`.
#
# ## Compile once, for all processes
#
# A compiled program is gone when Python ends. The **persistent compilation cache** keeps it in a
# folder. It has three settings; the last two make it keep small programs as well.

# %%
PROGRAM = """
import sys, jax, jax.numpy as jnp
jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
found = []
jax.monitoring.register_event_listener(lambda event, **_: found.append(event.split("/")[-1]))
jax.jit(lambda x: jnp.sin(x @ x).sum())(jnp.ones((8, 8)))
print(found.count("cache_misses"), found.count("cache_hits"))
"""


def run_in_new_process(folder):
    """How many programs a new process compiles, and how many it finds in the folder."""
    here = {**os.environ, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", PROGRAM, folder]
    printed = subprocess.run(command, env=here, check=True, capture_output=True, text=True).stdout
    compiled, loaded = map(int, printed.split())
    return compiled, loaded


# %% [markdown]
# **Predict.** Two processes run this program, one after the other, with the same folder. How many
# programs does the **second** one compile?

# %%
# Your prediction: replace the dots with a number
my_compiled = ...

# %%
with tempfile.TemporaryDirectory() as folder:
    for name in ("first", "second"):
        compiled_there, loaded_there = run_in_new_process(folder)
        print(f"{name} process: {compiled_there} compiled, {loaded_there} found in the cache")

# %%
predicted(
    my_compiled,
    compiled_there,
    why="The second process traces and lowers again, finds the same program in the folder, and "
    "loads it. (There are more programs than one because jnp.ones is compiled too.)",
)

# %% [markdown]
# JAX finds a program in the folder by its text, its compiler options, the versions and the kind of
# device. It runs what it finds there, so use a folder that only you can write to.
#
# ## Measure memory
#
# A compiled program knows how much memory it needs: for arguments, for results, and for
# **temporaries**, the arrays in between. Our example makes a table of scores and sums up each row. It
# computes all rows at once, or a few rows in each turn.


# %%
def at_once(hidden, words):
    return jax.nn.logsumexp(hidden @ words.T, axis=1)


def in_turns(rows):
    def totals(hidden, words):
        return jax.lax.map(lambda h: jax.nn.logsumexp(words @ h), hidden, batch_size=rows)

    return totals


def temporaries(function):
    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((2048, 32), (1000, 32))]
    return jax.jit(function).lower(*shapes).compile().memory_analysis().temp_size_in_bytes


bars = {"at once": temporaries(at_once)}
bars |= {f"{rows} rows": temporaries(in_turns(rows)) for rows in (512, 64, 8)}

# %%
debugging.draw_memory(bars)

# %% [markdown]
# In the picture: the bars are the temporaries. With fewer rows in each turn, the program needs less
# memory. No program ran, and the arguments never existed: `memory_analysis` reads the compiled
# program. So you can search for the largest batch that fits, and you never run out of memory.
#
# How much memory is in use *now* is another question. A GPU or TPU counts its own memory, and
# `memory_stats` returns the counts. On a CPU it returns `None`. On every device, `jax.live_arrays()`
# lists the arrays that still exist.

# %%
counted_there = jax.devices()[0].memory_stats()
print("memory_stats:", counted_there and f"{counted_there['bytes_in_use'] / 1e6:.1f} MB in use")


def live_megabytes():
    return sum(array.nbytes for array in jax.live_arrays()) / 1e6


# %% [markdown]
# **Predict.** A loop makes five arrays of 1 MB and keeps the first row of each,
# `history.append(x[0])`. In NumPy a row is a view, and would keep the whole 1 MB. How many megabytes
# are kept here: `5` or `0.01`?

# %%
# Your prediction: replace the dots with 5 or 0.01
my_megabytes = ...

# %%
history = []
before = live_megabytes()
for number in range(5):
    x = jnp.full((500, 500), float(number))
    history.append(x[0])
del x
held = live_megabytes() - before
print(f"kept: {held:.3f} MB")

# %%
predicted(
    my_megabytes,
    round(held, 2),
    why="A slice of a JAX array is an array of its own, with 2,000 bytes here. The memory of the "
    "large array is free when no name refers to it any more.",
)

# %% [markdown]
# If this number grows from step to step, something keeps old arrays alive: often a list of whole
# results or gradients. Keep only what you need, such as `float(loss)`.
#
# > **In three lines**
# > 1. Ask the stage that knows: errors, `eval_shape` and jaxprs while tracing; `jax.debug.print`,
# >    `checkify` and `debug_nans` for values.
# > 2. No exception does not mean no mistake: an index outside the array, lost bits and a NaN raise
# >    nothing.
# > 3. Time compiled programs, look at a profile before you make anything faster, and let the compiler
# >    tell you how much memory a program needs.
# >
# > **Now you**: [`exercises/10_debug_and_measure`](../exercises/10_debug_and_measure/debug_and_measure.ipynb).
# > **Next**: `11_train_a_model`, a whole training run.
