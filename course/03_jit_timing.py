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
# # 3. Compile, then measure: `jit`
#
# > **After this lesson you can**
# > say what `jit` does in which call and why, mark static arguments, write branches and loops
# > that it accepts, see when it traces again, and measure a speed-up that you can defend.
# >
# > **Time** about 35 minutes. **Read before** `02_mutability`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing, and you will remember it better than a
# > right one. If you leave the dots, the answer stays folded.

# %%
import re
import time

import jax
import jax.numpy as jnp
import numpy as np

from autograder import predicted
from course import explore
from course.pictures import compiling, measured
from course.pictures.play import play

# %% [markdown]
# ## Three steps
#
# NumPy runs an operation as soon as Python reaches it, and so does `jax.numpy`. `jax.jit` is
# different: it **traces** the function, **compiles** what it saw, and then **runs** the result.
# Here is the function from the slides. A `print` shows when Python runs it.


# %%
visits = []


def wave(x):
    visits.append(x.shape)
    print("Python is inside, and x is", x)
    return jnp.sin(jnp.cos(x)) * jnp.tanh(x)


fast_wave = jax.jit(wave)

# %% [markdown]
# **Predict.** We call `fast_wave` three times, with different numbers of the same shape. How often
# is the line printed?

# %%
# Your prediction: replace the dots with a number
my_prints = ...

# %%
for start in (0.0, 1.0, 2.0):
    print("result:", fast_wave(start + jnp.arange(3.0)))

# %%
predicted(
    my_prints,
    len(visits),
    why="The first call traces: Python runs the body once, and JAX records the operations. "
    "Later calls with the same shape and dtype run the compiled program, without Python.",
)

# %% [markdown]
# What was printed for `x` is not an array of numbers. It is a **tracer**: a stand-in that knows its
# shape and dtype, and records every operation that is applied to it. Nothing was computed during
# the trace. You can also take the steps one by one and look at each result.

# %%
x = jnp.ones((1000, 1000))


def deck(x):
    return jnp.sin(jnp.cos(x)) * jnp.tanh(x)


traced = jax.jit(deck).trace(x)  # step 1: the operations, as a jaxpr
print(traced.jaxpr)

# %% [markdown]
# Now watch how JAX writes it. Below is the same function with one step per line. Press **Next →**:
# with each line that Python goes through, the jaxpr grows.


# %%
def deck_in_lines(x):
    inner = jnp.cos(x)
    wave = jnp.sin(inner)
    return wave * jnp.tanh(x)


explore.trace(deck_in_lines, x)

# %% [markdown]
# `tanh` reads `x`, and `mul` reads two values: a jaxpr is a graph, written down in the order in
# which Python reached the operations. `explore.trace(f, *args)` does this for your functions, too.

# %%
lowered = traced.lower()  # the same, in XLA's input language
print(lowered.as_text())

# %% [markdown]
# There are four primitives and four operations, the ones that you wrote. Then XLA, the compiler,
# takes over.
#
# **Predict.** A kernel is a piece of machine code that is started as a whole. How many kernels does
# the compiled program have for these four operations?

# %%
# Your prediction: replace the dots with a number
my_kernels = ...

# %%
compiled = lowered.compile()  # step 2: machine code for this device
program = compiled.as_text()  # XLA's own language, HLO, after optimisation
entry = program[program.index("ENTRY") :]
print(re.sub(r", (metadata|backend_config)=.*", "", entry))

kernels = compiling.read_kernels(program)
print(kernels)

# %%
predicted(
    my_kernels,
    len(kernels),
    why="Each operation works entry by entry, so XLA fuses them: it reads an entry, applies all "
    "four, and writes the result. The arrays in between are never made.",
)

# %%
compiling.draw_kernels(traced.jaxpr, kernels)

# %% [markdown]
# In the picture: above, every primitive reads its arrays from memory and writes a new one. `cos`
# and `tanh` both read `x`, and `mul` reads two arrays. Below, each box is one kernel of the program
# that was just compiled. **Fusion** saves the trips to memory, which often cost more than the
# arithmetic. Step 3 is to run the program.

# %%
result = compiled(x)  # step 3
print("same as without jit:", bool(jnp.allclose(result, deck(x), atol=1e-5)))

# %% [markdown]
# ## When it traces again
#
# A compiled program is for one set of shapes and dtypes. They are its key: JAX keeps each program
# under its key, and looks there before it traces. JAX also reports what it does, through
# `jax.monitoring`. We collect the reports.

# %%
events = []


def listen(event, seconds, **details):
    name = str(details.get("fun_name", "")).removeprefix("jit(").removesuffix(")")
    if event.endswith("/jaxpr_trace_duration"):
        events.append(("trace", name))
    elif event.endswith("/backend_compile_duration"):
        events.append(("compile", name))


jax.monitoring.register_event_duration_secs_listener(listen)


def steps(function, *args):
    """Which of the three steps this call of a jitted function takes."""
    before = len(events)
    function(*args)
    return [step for step, name in events[before:] if name == function.__name__] + ["run"]


# %% [markdown]
# **Predict.** `double` is jitted and called seven times, in this order: with a `float32[3]`, a
# `float32[3]` of other numbers, a `float32[4]`, an `int32[3]`, `2.0`, `3.0` and `2`. How many of the
# calls trace?

# %%
# Your prediction: replace the dots with a number
my_traces = ...


# %%
@jax.jit
def double(x):
    return x * 2


arguments = {
    "f32[3]": np.ones(3, np.float32),
    "f32[3] ": np.zeros(3, np.float32),
    "f32[4]": np.ones(4, np.float32),
    "i32[3]": np.ones(3, np.int32),
    "2.0": 2.0,
    "3.0": 3.0,
    "2": 2,
}
calls = [(label, steps(double, value)) for label, value in arguments.items()]
trace_count = sum("trace" in taken for _, taken in calls)

# %%
predicted(
    my_traces,
    trace_count,
    why="Shapes and dtypes belong to the key, numbers do not. A Python float counts as a weakly "
    "typed float32 of shape (), so 2.0 is a new key and 3.0 is the same key. 2 is an integer.",
)

# %%
compiling.draw_steps(calls)

# %% [markdown]
# In the picture: one column per call. If the key is known, the call only runs the program.
# Otherwise the call has to take all three steps.
#
# If you want to know *why* something was traced, ask JAX.

# %%
with jax.explain_cache_misses(True):
    double(np.ones(5, np.float32))

# %% [markdown]
# The usual reason is data of many lengths: every new length needs a new program. The cure is to pad
# the data to a few lengths. Here twenty batches are padded with zeros to the next multiple of a
# number. That does not change their sum.


# %%
lengths = np.random.default_rng(3).integers(1, 65, size=20)


@jax.jit
def total(x):
    return x.sum()


def draw_padding(multiple):
    total.clear_cache()  # forget what was compiled for other multiples
    padded = [-(-n // multiple) * multiple for n in lengths]
    new = ["trace" in steps(total, np.zeros(size, np.float32)) for size in padded]
    return compiling.draw_padding(lengths, padded, new)


play(draw_padding, {"multiple": 8}, multiple=(1, 2, 4, 8, 16, 32, 64))

# %% [markdown]
# In the picture: one bar per batch, hatched where it is padding, with a star where the call traced.
# If a kernel is running, move the slider and look for a good compromise. These are its two ends:

# %%
for multiple in (1, 64):
    print(f"multiples of {multiple}:", draw_padding(multiple).get_label().split(".")[0])

# %% [markdown]
# Another program calls `jit` in a loop.
#
# **Predict.** `jax.jit(lambda x: x + 1)(1.0)` is in a loop of five turns. How many times does JAX
# trace?

# %%
# Your prediction: replace the dots with a number
my_lambda_traces = ...

# %%
before = len(events)
for _ in range(5):
    jax.jit(lambda x: x + 1)(1.0)
lambda_traces = events[before:].count(("trace", "<lambda>"))
print("traces:", lambda_traces)

# %%
predicted(
    my_lambda_traces,
    lambda_traces,
    why="The function itself is part of the key, and every turn makes a new lambda. Call jit once, "
    "outside the loop, and keep the function that it returns.",
)

# %% [markdown]
# ## Static arguments
#
# Some arguments are not data. A shape needs a number, and a tracer has none.


# %%
def ramp(start, n):
    return start + jnp.arange(n)


# %% tags=["raises-exception"]
jax.jit(ramp)(10.0, 4)

# %% [markdown]
# A **static** argument stays an ordinary Python value while the function is traced. In return, its
# value becomes part of the key.

# %%
static_ramp = jax.jit(ramp, static_argnames="n")
static_ramp(10.0, 4)

# %% [markdown]
# **Predict.** We call `static_ramp(0.0, n)` for `n` = 5, 6, 5, 7, 6. How many times does JAX trace?

# %%
# Your prediction: replace the dots with a number
my_static_traces = ...

# %%
static_traces = sum("trace" in steps(static_ramp, 0.0, n) for n in (5, 6, 5, 7, 6))
print("traces:", static_traces)

# %%
predicted(
    my_static_traces,
    static_traces,
    why="Once for each new value of n: 5, 6 and 7. Make an argument static if it has few values, "
    "such as a size or a mode. A learning rate that changes in every step would be traced in every "
    "step.",
)

# %% [markdown]
# A key must be hashable, so an array or a list cannot be static. A tuple can.

# %% tags=["raises-exception"]
jax.jit(lambda x, shape: x.reshape(shape), static_argnums=1)(jnp.arange(6), [2, 3])

# %%
jax.jit(lambda x, shape: x.reshape(shape), static_argnums=1)(jnp.arange(6), (2, 3))

# %% [markdown]
# ## `if`
#
# Sooner or later everybody meets this error.


# %%
@jax.jit
def magnitude(x):
    if x > 0:
        return x
    return -x


# %% tags=["raises-exception"]
magnitude(-2.0)

# %%
# How far did Python get? Press "Next →" to see it.
explore.trace(magnitude, -2.0)

# %% [markdown]
# Python must choose a branch *while tracing*, and then `x` has no value. The `if` itself is not the
# problem. The problem is that it asks about a value. Shapes, dtypes and static arguments are known.
#
# **Predict.** Which of these raise under `jit`, called with a `float32[3]`? Answer with the letters
# in order, such as `"AC"`.
#
# - A: `x if x.ndim == 1 else x.T`
# - B: `x if x.sum() > 0 else -x`
# - C: `sum(x[i] for i in range(x.shape[0]))`
# - D: `x[x > 0]`
# - E: `np.sin(x)`

# %%
# Your prediction: replace the dots, e.g. "AC"
my_raising = ...

# %%
candidates = {
    "A": lambda x: x if x.ndim == 1 else x.T,
    "B": lambda x: x if x.sum() > 0 else -x,
    "C": lambda x: sum(x[i] for i in range(x.shape[0])),
    "D": lambda x: x[x > 0],
    "E": lambda x: np.sin(x),
}
raising = ""
for letter, candidate in candidates.items():
    try:
        print(letter, "returns", jax.jit(candidate)(jnp.arange(3.0)))
    except Exception as error:
        print(letter, "raises", type(error).__name__)
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="A and C ask about shapes. B needs a truth value, D needs a shape that depends on the "
    "numbers, and E gives a tracer to NumPy, which needs the numbers immediately.",
)

# %% [markdown]
# If the question is about values, put *both* answers into the program. `jnp.where` computes both
# and picks entry by entry. `lax.cond` picks one of two functions, and here it runs only that one.


# %%
@jax.jit
def magnitude_where(x):
    return jnp.where(x > 0, x, -x)


def keep(x):
    jax.debug.print("keep ran, x is {}", x)
    return x


def flip(x):
    jax.debug.print("flip ran, x is {}", x)
    return -x


@jax.jit
def magnitude_cond(x):
    return jax.lax.cond(x > 0, keep, flip, x)


print(jax.make_jaxpr(magnitude_where.__wrapped__)(-2.0))
print(magnitude_where(-2.0), magnitude_cond(-2.0))
jax.effects_barrier()  # wait for what was printed inside

# %% [markdown]
# `jax.debug.print` is part of the program, so it prints numbers in every run, and here from one
# branch only. Both branches were traced, however, and must return the same shapes and dtypes.
#
# `jax.vmap` (lesson 5) makes a function of one example into a function of many. What does it do
# with `cond`?
#
# **Predict.** Does `jax.vmap(magnitude_cond)` also run `flip` for the entry 1.0? `"yes"` or `"no"`.

# %%
# Your prediction: replace the dots with "yes" or "no"
my_flips = ...

# %%
pair = jnp.array([1.0, -2.0])
print(jax.vmap(magnitude_cond)(pair))
jax.effects_barrier()

print(jax.make_jaxpr(jax.vmap(lambda x: jax.lax.cond(x > 0, jnp.sin, jnp.cos, x)))(pair))
is_cond = " cond[" in str(jax.make_jaxpr(jax.vmap(magnitude_cond))(pair))
flips = "no" if is_cond else "yes"

# %%
predicted(
    my_flips,
    flips,
    why="With a condition for each example, vmap turns cond into a select: the program computes "
    "both branches for all examples and then picks, as where does.",
)

# %% [markdown]
# The program above contains both `sin` and `cos`, and its last `select_n` picks one of their results
# for each example. With one condition for the whole batch, the program keeps its `cond`.

# %%
one_condition = jax.vmap(lambda x: jax.lax.cond(pair.sum() > 0, jnp.sin, jnp.cos, x))
print("there is a cond:", " cond[" in str(jax.make_jaxpr(one_condition)(pair)))

# %% [markdown]
# So take `where` to choose between entries. Take `cond` if one branch is expensive and there is a
# single condition.
#
# ## Loops
#
# A Python loop over a known range can be traced, and is **unrolled**: the program has its body once
# per turn. Here are 300 turns of Newton's method for a square root.


# %%
def better(x, a):
    return 0.5 * (x + a / x)


def root_unrolled(a):
    x = a
    for _ in range(300):
        x = better(x, a)
    return x


# %% [markdown]
# **Predict.** How many equations does its jaxpr have?

# %%
# Your prediction: replace the dots with a number
my_equations = ...


# %%
def root_fori(a):
    return jax.lax.fori_loop(0, 300, lambda i, x: better(x, a), a)


def root_while(a):
    def far(x):
        return jnp.abs(x * x - a) > 1e-5 * a

    return jax.lax.while_loop(far, lambda x: better(x, a), a)


for root in (root_unrolled, root_fori, root_while):
    begin = time.process_time()  # processor time: other programs do not count
    ready = jax.jit(root).lower(2.0).compile()
    spent = time.process_time() - begin
    count = len(jax.make_jaxpr(root)(2.0).eqns)
    print(f"{root.__name__:14}{count:4} equations, {spent:.2f} s to compile; root {ready(2.0):.6f}")

equations = len(jax.make_jaxpr(root_unrolled)(2.0).eqns)

# %%
predicted(
    my_equations,
    equations,
    why="A division, a sum and a product, 300 times. A longer loop makes a longer program, and "
    "the compiler has to go through all of it.",
)

# %% [markdown]
# With `fori_loop` and `while_loop` the program has the body only once. A `while_loop` can stop when
# the values say so: it takes a condition, a body, and the value to carry.
#
# The most useful loop is `lax.scan`. It carries a value along the rows of an array, and stacks the
# outputs of all turns: `body(carry, row)` returns `(new_carry, output)`.


# %%
def step(balance, deposit):
    balance = 1.5 * balance + deposit
    return balance, balance


last, history = jax.lax.scan(step, 0.0, jnp.array([10.0, 10.0, -30.0, 10.0]))
print("last:", last, " history:", history)

# %% [markdown]
# The body is compiled only once. So the carry that it returns must have the same shape and dtype as
# the carry that it gets.

# %% tags=["raises-exception"]
jax.lax.scan(step, jnp.zeros((), int), jnp.array([10.0, 10.0, -30.0, 10.0]))

# %% [markdown]
# ## A scan that joins pairs
#
# The turns of a `scan` run one after another. Some results can be computed in fewer rounds, if much
# is done at once in each round. A sum is **associative**: `(a + b) + c` is `a + (b + c)`. So the
# first round can add neighbours, in all pairs at once, and the next round adds pairs of pairs.
# `jax.lax.associative_scan(join, xs)` works in this way for every associative `join`. Like
# `cumsum`, it returns the results for all beginnings of `xs`.

# %%
print(jax.lax.associative_scan(jnp.add, jnp.array([3, 1, 4, 1, 5])))
print(jax.lax.associative_scan(jnp.maximum, jnp.array([3, 1, 4, 1, 5])))

# %% [markdown]
# A call of `join` gets many pairs at once. To see which, we join *places*: the pair `(first, last)`
# stands for all entries from the first to the last.


# %%
def rounds_of(n):
    """Which pieces `associative_scan` joins in each round: (first, end of the left piece, last)."""
    rounds = []

    def join(left, right):
        if left[0].size:
            rounds.append(list(zip(*map(np.asarray, (left[0], left[1], right[1])), strict=True)))
        return left[0], right[1]

    jax.lax.associative_scan(join, (jnp.arange(n), jnp.arange(n)))
    return rounds


compiling.draw_rounds(8, rounds_of(8))

# %% [markdown]
# In the picture: a column is an entry, a row is a round, and a box says which entries are joined in
# it. All boxes of a row are computed at once. A green box is finished: it begins with entry 0.
#
# **Predict.** A loop over 1,024 entries has 1,023 turns that add. How many rounds does
# `associative_scan` need? Choose the nearest of `20`, `100` and `500`.

# %%
# Your prediction: replace the dots with 20, 100 or 500
my_rounds = ...

# %%
round_count = len(rounds_of(1024))
print("rounds:", round_count, " joins:", sum(map(len, rounds_of(1024))))

# %%
predicted(
    my_rounds,
    min((20, 100, 500), key=lambda choice: abs(choice - round_count)),
    why="Each round halves what is left to do: about log2(n) rounds go up, and as many come back "
    "down. There are more joins in all, about 2 n, but a processor with many cores can do those "
    "of one round together.",
)

# %% [markdown]
# ## What a trace remembers
#
# Not every line of a jitted function becomes part of the program. This function reads a clock.


# %%
@jax.jit
def stamped(x):
    return x + time.perf_counter()


# %% [markdown]
# **Predict.** We call `stamped(0.0)` twice, with a short pause between. Are the results `"same"` or
# `"different"`?

# %%
# Your prediction: replace the dots with "same" or "different"
my_stamps = ...

# %%
first_stamp = stamped(0.0)
time.sleep(0.05)
second_stamp = stamped(0.0)
print(first_stamp, second_stamp)
stamps = "same" if first_stamp == second_stamp else "different"

# %%
predicted(
    my_stamps,
    stamps,
    why="Python read the clock once, while tracing. The program contains the time of that moment "
    "as a constant. Read clocks outside, and pass what varies as an argument.",
)

# %% [markdown]
# Only operations on tracers become part of the program. Everything else happens only once, while
# tracing.
#
# The opposite goes wrong too. A tracer that is kept after its trace has **leaked**. It stands for a
# number that was never computed.

# %%
kept = []


@jax.jit
def keeps(x):
    kept.append(x * 2)
    return x + 1


keeps(1.0)

# %% tags=["raises-exception"]
kept[0] + 1

# %% [markdown]
# Return what you want to keep. To find the place of a leak, switch on a check. Then every new trace
# that leaks raises an error.

# %%
try:
    with jax.checking_leaks():
        keeps(jnp.ones(2))
except Exception as error:
    print(str(error).splitlines()[0])

# %% [markdown]
# ## Measuring
#
# Somebody times a jitted function. After two calls that warm up, the clock starts, the function is
# called, and the clock stops when the call returns.
#
# **Predict.** Is this the `"right"` time for computing the result, or is it `"too short"`?

# %%
# Your prediction: replace the dots with "right" or "too short"
my_clock = ...


# %%
@jax.jit
def heavy(x):
    for _ in range(3):
        x = (x @ x) * 1e-3
    return x


def returned_and_ready(function, x):
    """Seconds until the call returns, and until its result is there."""
    begin = time.perf_counter()
    result = function(x)
    returned = time.perf_counter() - begin
    result.block_until_ready()
    return returned, time.perf_counter() - begin


big = jnp.ones((1200, 1200)).block_until_ready()
waits = [(label, *returned_and_ready(heavy, big)) for label in ("1st call", "2nd call", "3rd call")]
_, returned, ready = waits[-1]
clock = "right" if returned > 0.9 * ready else "too short"

# %%
predicted(
    my_clock,
    clock,
    why="The call returns before its result is computed: the device gets the work, and Python goes "
    "on. block_until_ready() waits for the result. Without it you measure only how long it takes to "
    "start the work.",
)

# %%
compiling.draw_waiting(waits)

# %% [markdown]
# In the picture: the thick line is where the call returned. In the first call Python is busy until
# then, because it traces and compiles. In the other calls it only starts the work.
#
# This is **asynchronous dispatch**. A call puts its work into the device's queue and returns an
# array whose numbers may not be computed yet. You can ask this array for its shape and dtype, and
# you can pass it to further calls, which join the queue. So Python prepares the next steps while
# the device is still busy. Python has to wait only where it needs numbers: in `block_until_ready`,
# `print`, `float`, `np.asarray` or an `if`.

# %%
one = heavy(big)
other = heavy(one)  # needs the numbers of `one`, and Python does not wait for them
print("both calls have returned; ready:", one.is_ready(), other.is_ready(), other.shape)
other.block_until_ready()
print("after waiting for the second;  ready:", one.is_ready(), other.is_ready())

# %% [markdown]
# What does each call spend its time on? `explore.timeline` lets `heavy` forget what it compiled,
# makes two calls, and asks JAX how long it traced and compiled. Press **Next →**, and watch the two
# stopwatches: only one of them waits.

# %%
explore.timeline(heavy, big)

# %% [markdown]
# So an honest measurement **warms up**, **waits**, **repeats**, and reports a number that does not
# depend on one slow run: the median, or, on a machine that others use too, the fastest.


# %%
def seconds(function, x, tries=5):
    """The seconds of one call: warmed up, waited for, the fastest of several tries."""
    wait = jax.block_until_ready if isinstance(x, jax.Array) else (lambda result: result)
    wait(function(x))  # warm up: trace, compile, fill the caches
    begin = time.perf_counter()
    wait(function(x))
    calls = max(1, round(0.003 / (time.perf_counter() - begin)))  # many short calls per try
    samples = []
    for _ in range(tries):
        begin = time.perf_counter()
        for _ in range(calls):
            wait(function(x))
        samples.append((time.perf_counter() - begin) / calls)
    return min(samples)


# %% [markdown]
# ## The 18×
#
# The slides time this function at 1000×1000. They report "178 ms ± 132 ms (7 runs, 1 loop each)"
# for NumPy, "9.63 ms ± 21.9 µs" for JAX, and "an 18X speedup". Before we repeat this, look at what
# was compared, and at the ±.

# %%
x_np = np.ones((1000, 1000))
x_jnp = jnp.ones((1000, 1000))
print("NumPy got", x_np.dtype, "and JAX got", x_jnp.dtype)

mean, spread, runs, jax_ms = 178, 132, 7, 9.63
gap = spread * runs / (runs - 1) ** 0.5  # if one run was slow and the others equal
usual = mean - gap / runs
print(f"the slide's ratio: {mean / jax_ms:.1f}")
print(f"{runs - 1} runs of {usual:.0f} ms and one of {usual + gap:.0f} ms give {mean} ± {spread}")
print(f"with the median of these: {usual / jax_ms:.1f}")

# %% [markdown]
# One slow run among seven is only one possible explanation. But with such a large spread you cannot
# trust the mean. Also, the two arrays had different dtypes: NumPy makes `float64`, and JAX makes
# `float32` unless you ask for something else. So the comparison changes two things at once, the
# library *and* the number of bits.
#
# A fair table keeps the dtype and changes only the library.
#
# **Predict.** At 1000×1000, when is the ratio of NumPy's time to jit's time largest: with the
# dtypes of the `"slide"` (`float64` in NumPy, `float32` in jit), with `"float32"` in both, or with
# `"float64"` in both?
#
# And at 10×10 in `float32`, which is faster: `"numpy"` or `"jit"`?

# %%
# Your predictions: replace the dots with "slide", "float32" or "float64",
my_ratio = ...
# and these with "numpy" or "jit"
my_small = ...


# %%
def deck_np(x):
    return np.sin(np.cos(x)) * np.tanh(x)


def measure(sizes):
    """Seconds by (library, dtype), a list with one entry for each size."""
    times = {}
    for dtype in ("float64", "float32"):
        arrays = [np.ones((n, n), dtype) for n in sizes]
        times["NumPy", dtype] = [seconds(deck_np, a) for a in arrays]
        for name, function in (("eager", deck), ("jit", jax.jit(deck))):
            times[name, dtype] = [seconds(function, jnp.asarray(a)) for a in arrays]
    return times


sizes = (10, 32, 100, 320, 1000)
jax.config.update("jax_enable_x64", True)  # without it, JAX has no float64
times = measure(sizes)
jax.config.update("jax_enable_x64", False)

print("microseconds of a call on", jax.devices()[0].device_kind)
print(f"{'':16}" + "".join(f"{f'{n}×{n}':>12}" for n in sizes))
for (name, dtype), row in times.items():
    print(f"{name:6}{dtype:10}" + "".join(f"{1e6 * t:12.1f}" for t in row))
measured.print_times()  # the same table from a machine with a GPU, if there is one

# %%
largest = {key: row[-1] for key, row in times.items()}
ratios = {
    "slide": largest["NumPy", "float64"] / largest["jit", "float32"],
    "float32": largest["NumPy", "float32"] / largest["jit", "float32"],
    "float64": largest["NumPy", "float64"] / largest["jit", "float64"],
}
for name, ratio in ratios.items():
    verdict = "jit is faster" if ratio > 1 else "NumPy is faster"
    print(f"{name:8} NumPy / jit = {ratio:5.2f}   ({verdict})")

numpy_dtypes = largest["NumPy", "float64"] / largest["NumPy", "float32"]
print(f"NumPy alone, float64 / float32 = {numpy_dtypes:.1f}")

# %%
predicted(
    my_ratio,
    max(ratios, key=ratios.get),
    why="Where float64 is the slower dtype, the slide gives NumPy the slow dtype and jit the fast "
    "one. The last line above shows how much the dtype alone changes.",
)

# %%
lines = {f"{name} {dtype}": row for (name, dtype), row in times.items() if name != "eager"}
compiling.draw_times(sizes, lines)

# %% [markdown]
# In the picture: compare a dashed line only with a dashed line, and a solid one only with a solid
# one. The 18 was measured on one machine, with two dtypes. The ratios above were measured on this
# machine, with its number of cores. If you have a GPU, run the table there too.
#
# Now look at the left end of the picture.

# %%
small = {name.lower(): times[name, "float32"][0] for name in ("NumPy", "jit")}
print({name: f"{1e6 * t:.1f} µs" for name, t in small.items()})

# %%
predicted(
    my_small,
    min(small, key=small.get),
    why="A call of a jitted function has the same overhead for any size: it looks up the key, "
    "starts the work and waits. A hundred numbers are too few for that. Put more work into each "
    "call.",
)

# %% [markdown]
# ## Where `jit` is worth it
#
# The more operations there are, the more time fusion saves. Here is a chain of a hundred.


# %%
def chain(x):
    for _ in range(50):
        x = x * 1.01 + 0.1
    return x


fast_chain = jax.jit(chain)
x_small = np.ones((500, 500), np.float32)
begin = time.perf_counter()
fast_chain(x_small).block_until_ready()
first_call = time.perf_counter() - begin

chain_times = {
    "NumPy": seconds(chain, x_small),
    "eager": seconds(chain, jnp.asarray(x_small)),
    "jit": seconds(fast_chain, jnp.asarray(x_small)),
}
for name, t in chain_times.items():
    print(f"{name:6}{1e3 * t:8.2f} ms   {t / chain_times['jit']:6.1f} × jit")

# %%
in_kernel = compiling.read_kernels(fast_chain.lower(x_small).compile().as_text())
print(
    "kernels:", len(in_kernel), "holding", sum(len(k.operations) for k in in_kernel), "operations"
)

saved = chain_times["NumPy"] - chain_times["jit"]
if saved > 0:
    print(f"the first call pays for itself after {first_call / saved:.0f} calls")
else:
    print("here the first call never pays for itself")

# %% [markdown]
# NumPy and eager JAX go to memory a hundred times, the kernel only once. Before you use `jit`, look
# at a number like the one in the last line, and ask: will the function be called that often?
#
# > **In three lines**
# > 1. `jit` traces with stand-ins, compiles and runs. A new shape, dtype, static value or function
# >    is traced again.
# > 2. Branches and loops on *values* must be part of the program: `where`, `cond`, `scan`,
# >    `while_loop`. Everything else in the body happens only once.
# > 3. Warm up, wait, repeat, report the median or the fastest, and compare the same dtype.
# >
# > **Now you**: [`exercises/03_jit_timing`](../exercises/03_jit_timing/jit_timing.ipynb).
# > **Next**: `04_prng_keys`, random numbers for functions that cannot remember anything.
