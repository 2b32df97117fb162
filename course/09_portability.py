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
# # 9. One script on CPU, GPU and TPU
#
# > **After this lesson you can**
# > say where an array lives and move it, lower a function for another platform, read what differs
# > between platforms, name what cannot be moved to another platform, choose a tolerance with a
# > reason, and say what all this proves and what it does not.
# >
# > **Time** about 25 minutes. **Read before** `08_shard_map`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing, and helps you to remember. If you leave
# > the dots, the answer stays folded.

# %%
import os
import re
import subprocess
import sys
import textwrap

import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
from jax import export

from autograder import predicted
from course.pictures import measured, platforms, porting
from course.pictures.play import play

jax.config.update("jax_num_cpu_devices", 8)  # simulated; before the first JAX operation

# %% [markdown]
# ## Where am I?
#
# NumPy computes on the CPU. A `jax.numpy` script computes on what JAX finds when it starts:
# a TPU or GPU if there is one, and otherwise the CPU. Nothing in the script says which. You can ask.

# %%
print("JAX", jax.__version__, "with the backend", jax.default_backend())
print(jax.devices())

cpus = jax.devices("cpu")  # every machine has these
x = jnp.arange(8.0)
print("x lives on", x.devices(), "with", type(x.sharding).__name__)

# %% [markdown]
# `jax.devices()` lists the devices of the default backend. Without an accelerator you see the eight
# simulated CPU devices that we asked for. On a GPU machine you see the GPUs.
#
# To put an array on a device, use `jax.device_put`. Everything that is computed from the array
# afterwards needs a device too.

# %%
on_3 = jax.device_put(x, cpus[3])
on_5 = jax.device_put(x, cpus[5])

# %% [markdown]
# **Predict.** You did not choose a device for `x`. You put `on_3` on CPU device 3. What is the
# number of the device that holds `x + on_3`?

# %%
# Your prediction: replace the dots with a number
my_device = ...

# %%
together = x + on_3
(home,) = together.devices()
print("x + on_3 is on", home)

# %%
predicted(
    my_device,
    home.id,
    why="device_put *commits* an array to a device, and JAX computes where the committed data are. "
    "x is on its device by default only, so it is copied.",
)

# %% [markdown]
# You cannot combine two arrays that you put on different devices. JAX does not choose for you.

# %% tags=["raises-exception"]
on_3 + on_5

# %% [markdown]
# So the first portability bug is a device that is named in the source. This line works on
# one machine and fails on another:

# %% tags=["raises-exception"]
jax.devices("tpu")[0]

# %% [markdown]
# Leave device names out of functions. Whoever runs the script can choose another device from outside,
# with the environment variable `JAX_PLATFORMS`, before JAX starts. The next cell starts two more
# Python processes to show it.


# %%
def started_with(setting):
    """The backend of a new Python process in which JAX_PLATFORMS has this setting."""
    code = "import jax; print(jax.default_backend(), len(jax.devices()))"
    environment = {**os.environ, "JAX_PLATFORMS": setting, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


for setting in ("cpu", "tpu"):
    print(f"JAX_PLATFORMS={setting}:", started_with(setting))

# %% [markdown]
# `cpu` works everywhere, and is the quickest way to find out whether a bug comes from the
# accelerator. If you name a platform that is not there, you get an error. That is better than a job
# that runs on the wrong device unnoticed.
#
# ## Which step needs the machine itself?
#
# In lesson 3 `jit` went from Python to a jaxpr, from there to StableHLO (to *lower*), and from
# there to machine code (to *compile*). Which of these steps need the machine that will run the
# program?

# %%
key = jax.random.key(0)
key_w, key_x, key_s = jax.random.split(key, 3)
W = jax.random.normal(key_w, (8, 8)) / 3
batch = jax.random.normal(key_x, (16, 8))


def layer(W, xs):
    return jnp.tanh(xs @ W)


def lower_for(platform, function, *args):
    """Lower a function for "cpu", "cuda" or "tpu"."""
    return jax.jit(function).trace(*args).lower(lowering_platforms=(platform,))


# %% [markdown]
# **Predict.** What does the next cell do on a machine without a TPU: `"works"` or `"raises"`?

# %%
# Your prediction: replace the dots with "works" or "raises"
my_lowering = ...

# %%
try:
    tpu_program = lower_for("tpu", layer, W, batch)
    lowering = "works"
    print(tpu_program.as_text())
except Exception as error:
    lowering = "raises"
    print(error)

# %%
predicted(
    my_lowering,
    lowering,
    why="Lowering rewrites a jaxpr into StableHLO by rules written in Python. No device takes part. "
    "Compiling the result would need the compiler for TPUs, and running it a TPU.",
)

# %% [markdown]
# So only the last step needs the platform's own compiler, which usually comes with the hardware.
#
# You can even put the programs for all three platforms into one artifact, with `jax.export`. When
# you call it, it runs the version for the platform that it is on.

# %%
everywhere = export.export(jax.jit(layer), platforms=("cpu", "cuda", "tpu"))(W, batch)
print(everywhere.platforms, len(everywhere.mlir_module_serialized), "bytes")
print("runs here:", everywhere.call(W, batch).shape)

# %% [markdown]
# ## What differs between the three
#
# Does every primitive become the same StableHLO on every platform? Here are a symmetric matrix and
# four functions.

# %%
S = W + W.T + 4 * jnp.eye(8)
four = {
    "A": (layer, (W, batch)),
    "B": (jnp.sort, (batch,)),
    "C": (lambda key: jax.random.normal(key, (16,)), (key_s,)),
    "D": (jnp.linalg.solve, (S, W)),
}

# %% [markdown]
# **Predict.** For which of them do the StableHLO for CPU and the StableHLO for TPU *differ*?
#
# - A: `tanh(xs @ W)`
# - B: `jnp.sort`
# - C: `jax.random.normal`
# - D: `jnp.linalg.solve`

# %%
# Your prediction: replace the dots with letters in order, e.g. "AB"
my_different = ...

# %%
different = ""
for letter, (function, args) in four.items():
    text = {p: lower_for(p, function, *args).as_text() for p in ("cpu", "tpu")}
    print(letter, "is the same" if text["cpu"] == text["tpu"] else "differs")
    if text["cpu"] != text["tpu"]:
        different += letter

# %%
predicted(
    my_different,
    different,
    why="Most primitives have one rule for all platforms. The random generator and the matrix "
    "factorisations have separate rules for some platforms.",
)

# %% [markdown]
# The next cells count operations, for these functions and a few more, and list the *custom calls*.
# A custom call is a place where the program calls a library routine by name.


# %%
def operations(text):
    return len(re.findall(r'= "?(?:stablehlo|chlo)\.', text))


def custom_calls(text):
    return sorted(set(re.findall(r"custom_call @([\w.]+)", text)))


# %%
PLATFORMS = ("cpu", "cuda", "tpu")
functions = {
    "layer": (layer, (W, batch)),
    "sort": four["B"],
    "random.normal": four["C"],
    "linalg.solve": four["D"],
    "linalg.eigh": (jnp.linalg.eigh, (S,)),
    "linalg.svd": (jnp.linalg.svd, (W,)),
}

counts = {}
for name, (function, args) in functions.items():
    counts[name] = {}
    for platform in PLATFORMS:
        text = lower_for(platform, function, *args).as_text()
        counts[name][platform] = operations(text)
        if custom_calls(text):
            print(f"{name:15} {platform:5}", ", ".join(custom_calls(text)))

platforms.draw_operations(counts)

# %% [markdown]
# In the picture: each row is a function, and each mark is a platform. The further to the right a mark
# is, the more operations there are. Marks that stand above each other show the same number.
#
# There are three kinds of difference. For `solve`, a CPU calls LAPACK, a GPU calls cuSOLVER, and a TPU
# has its own `LuDecomposition`. For `svd`, a TPU has no routine, so the program is written out in
# StableHLO around `Eigh` and `Qr`, and is long. The random generator is a loop on the CPU and unrolled
# elsewhere. Its programs differ, but they give the same bits, since integers are not rounded. They
# call no library. So we can run even the program for TPU here, if we switch off the check of the
# platform:


# %%
def bits(key):
    return jax.random.bits(key, (16,))


for platform in PLATFORMS:
    text = lower_for(platform, bits, key_s).as_text()
    print(f"{platform:5} a loop:", "stablehlo.while" in text)

anywhere = [export.DisabledSafetyCheck.platform()]
for_tpu = export.export(jax.jit(bits), platforms=("tpu",), disabled_checks=anywhere)(key_s)
print("the program for TPU gives the same bits:", bool((for_tpu.call(key_s) == bits(key_s)).all()))

# %% [markdown]
# Every function in the last picture lowers for all three platforms. Some functions of JAX do not.
#
# **Predict.** Which platform refuses `jnp.linalg.eigvals`: `"cpu"`, `"cuda"` or `"tpu"`?

# %%
# Your prediction: replace the dots
my_refusing = ...

# %%
refusing = []
for platform in PLATFORMS:
    try:
        text = lower_for(platform, jnp.linalg.eigvals, W).as_text()
        print(f"{platform:5} calls", ", ".join(custom_calls(text)))
    except NotImplementedError:
        print(f"{platform:5} refuses")
        refusing.append(platform)

# %%
predicted(
    my_refusing,
    ", ".join(refusing),
    why="The eigenvalues of a general matrix need a special routine. LAPACK has one for CPUs. For "
    "CUDA, JAX calls cuSOLVER, or LAPACK on the host. For TPU there is no rule at all.",
)

# %% [markdown]
# ## What does not travel
#
# The error names the primitive, `eig`, and the platform. (Its traceback is long, so the cell shows
# only the message.)

# %%
try:
    lower_for("tpu", jnp.linalg.eigvals, W)
except NotImplementedError as error:
    print("NotImplementedError:", error)

# %% [markdown]
# Read such a message as a question: what did I need? If the matrix is symmetric, use `eigh`, which
# has a rule everywhere. If you only need the size of the largest eigenvalue, a few matrix
# products are enough (an exercise). Other functions are refused for other reasons.


# %%
def printed(xs):
    jax.debug.print("first: {}", xs[0, 0])
    return xs


def fast_dot(xs, W):
    return jax.lax.dot(xs, W, precision="TF32_TF32_F32")


# %%
refusals = {
    "eigvals": (jnp.linalg.eigvals, (W,)),
    "schur": (jax.scipy.linalg.schur, (W,)),
    "a callback": (porting.summed_on_host, (batch,)),
    "debug.print": (printed, (batch,)),
    "TF32 by name": (fast_dot, (batch, W)),
}
for name, (function, args) in refusals.items():
    for platform in PLATFORMS:
        try:
            lower_for(platform, function, *args)
            print(f"{name:13} {platform:5} lowers")
        except Exception as error:
            message = textwrap.shorten(f"{type(error).__name__}: {error}", 92, placeholder=" …")
            print(f"{name:13} {platform:5} {message}")

# %% [markdown]
# `schur` works only for CPUs. With TF32 it is the other way round: TF32 is a number format for NVIDIA's
# matrix units, and the *CPU* refuses it when you ask for it by name.
#
# The callback is different, and `jax.debug.print` is a callback too. (`porting.summed_on_host` calls
# `jax.pure_callback`.) A program with a callback holds an address inside this Python process, so it
# can only be lowered for the backend that runs it. It would run on a GPU or a TPU too, and copy its
# data to the host and back. But it cannot be exported, or be checked for another platform in
# advance. A NumPy function that is called on a traced array cannot even be traced:

# %% tags=["raises-exception"]
jax.jit(lambda xs: np.linalg.norm(np.asarray(xs), axis=1))(batch)

# %% [markdown]
# ## What lowering proves
#
# **Predict.** A `float32` matrix of 2²⁰ by 2²⁰ takes four tebibytes, more than any single device
# has. We lower its product with itself for a TPU. What happens: `"lowers"` or `"raises"`?

# %%
# Your prediction: replace the dots with "lowers" or "raises"
my_giant = ...

# %%
giant = jax.ShapeDtypeStruct((2**20, 2**20), jnp.float32)  # a shape, no memory
try:
    giant_program = lower_for("tpu", jnp.matmul, giant, giant)
    giant_outcome = "lowers"
    print(giant_program.as_text())
except Exception as error:
    giant_outcome = "raises"
    print(error)

# %%
predicted(
    my_giant,
    giant_outcome,
    why="Lowering is a translation. It does not ask whether the program can be run.",
)

# %% [markdown]
# The same is true of `float64`, which the arithmetic units of a TPU do not have.

# %%
x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
with x64(True):
    wide = jax.ShapeDtypeStruct((8, 8), jnp.float64)
    print(lower_for("tpu", jnp.matmul, wide, wide).as_text().splitlines()[2].strip())

# %% [markdown]
# So remember what has been proved. **If it lowers**, every primitive has a rule for that
# platform, no callback ties the program to this process, and all shapes and dtypes agree. It **does
# not prove** that the program compiles there, fits into memory, is fast, or gives the same
# digits. Lowering costs nothing. Only a run on the device tells the rest.
#
# ## Numbers that differ
#
# In mathematics, `(a + b) + c` and `a + (b + c)` are the same number.
#
# **Predict.** With the `float32` numbers `big = 1e8` and `one = 1`, what is `(big + one) - big`?

# %%
# Your prediction: replace the dots with a number
my_grouping = ...

# %%
big, one = jnp.float32(1e8), jnp.float32(1)
first_sum = (big + one) - big
print("(big + one) - big =", first_sum)
print("(big - big) + one =", (big - big) + one)

# %%
predicted(
    my_grouping,
    float(first_sum),
    why="Near 1e8 neighbouring float32 numbers are 8 apart, so adding 1 changes nothing. The "
    "result of a sum depends on its order.",
)

# %% [markdown]
# A sum of a million numbers has an order too, and each platform uses the order that is fast there.
# The next cell compares three orders with a sum in `float64`.

# %%
numbers = np.random.default_rng(0).uniform(size=2**20).astype(np.float32)
lengths = [2**k for k in range(4, 21, 2)]


def by_halves(a):
    while a.size > 1:
        a = a[: a.size // 2] + a[a.size // 2 :]
    return a[0]


orders = {
    "one after the other": lambda a: np.cumsum(a)[-1],
    "by halves": by_halves,
    "jnp.sum here": lambda a: np.asarray(jnp.sum(a)),
}
errors = {
    name: [abs(float(add(numbers[:n])) / numbers[:n].sum(dtype=np.float64) - 1) for n in lengths]
    for name, add in orders.items()
}
platforms.draw_sums(lengths, errors)

# %% [markdown]
# In the picture: short sums are accurate in any order. When a long sum is added one number after the
# other, it loses digits, since each small number is added to a large total. By halves, numbers of
# similar size are added. `jnp.sum` has an order of its own, which depends on the platform. None of
# these is a bug. They differ in their last digits, and so may your program on another machine.
#
# ## Fewer digits on purpose
#
# Matrix units are fast because they multiply short numbers. For `float32` inputs and JAX's
# *default* precision, a recent NVIDIA GPU may round the factors to TF32, which keeps 10 bits of
# the fraction instead of 23. A TPU rounds them to bfloat16, which keeps 7. Both add up in `float32`.
# (See the documentation of `jax.lax.Precision`.) We can imitate the rounding on any machine.


# %%
def matmul_with(bits, A, B):
    """A @ B, with factors that are rounded to so many bits of fraction, and sums in float32."""
    A, B = (jax.lax.reduce_precision(M, exponent_bits=8, mantissa_bits=bits) for M in (A, B))
    return jnp.matmul(A, B, precision="highest")


sizes = [2**k for k in range(2, 13, 2)]
pairs = [np.random.default_rng(k).normal(size=(2, 32, k)).astype(np.float32) for k in sizes]


def error_with(bits):
    found = []
    for A, B in pairs:
        exact = A.astype(np.float64) @ B.T.astype(np.float64)
        off = np.asarray(matmul_with(bits, A, B.T), np.float64) - exact
        found.append(np.linalg.norm(off) / np.linalg.norm(exact))
    return found


# %%
kept = {"float32": 23, "TF32": 10, "bfloat16": 7}
formats = {f"{name}: {bits} bits": error_with(bits) for name, bits in kept.items()}


def draw_bits(bits):
    mine = f"yours: {bits} bits"
    return platforms.draw_digits(sizes, {**formats, mine: error_with(bits)}, chosen=mine)


play(draw_bits, bits=(4, 7, 10, 13, 16, 19))

# %% [markdown]
# In the picture: the relative error of a matrix product and the length of its sums. With short
# factors the line is flat: the number of bits decides the error, and each bit less roughly
# doubles it. With all 23 bits the line rises: the factors are not rounded, and longer sums collect
# more rounding errors. In a running notebook a slider moves the bold line.
#
# What about the device that you are using now? If the numbers below are all 0, it uses all bits of
# the factors at every precision.

# %%
A, B = (jnp.asarray(M) for M in pairs[-1])
highest = jnp.dot(A, B.T, precision="highest")
for precision in ("default", "high", "highest"):
    off = jnp.abs(jnp.dot(A, B.T, precision=precision) - highest).max()
    print(f"{jax.default_backend()}, precision={precision!r}: largest difference {float(off):.1g}")

with jax.default_matmul_precision("highest"):
    print(jax.make_jaxpr(layer)(W, batch).eqns[0].params["precision"])

# %% [markdown]
# `precision=` sets one product, and `jax.default_matmul_precision` sets all products in a block or a
# program. For training, the default is usually what you want. Ask for `"highest"` when you
# compare with a reference, or solve equations.
#
# ## Short dtypes, long sums
#
# You can also choose to store numbers in `bfloat16`. This halves the memory, and leaves 8 significant
# bits.
#
# **Predict.** Start at 0 in bfloat16 and add 1 three hundred times. What is the total?

# %%
# Your prediction: replace the dots with a number
my_total = ...

# %%
total = jnp.zeros((), jnp.bfloat16)
for _ in range(300):
    total = total + jnp.ones((), jnp.bfloat16)
print("added one by one:", total)
print("jnp.sum of 300 ones:", jnp.ones(300, jnp.bfloat16).sum())

# %%
predicted(
    my_total,
    float(total),
    why="From 256 on neighbouring bfloat16 numbers are 2 apart, and 256 + 1 rounds back to 256. "
    "jnp.sum adds up in float32 and rounds once, at the end.",
)

# %% [markdown]
# Follow the same rule: **store short, accumulate long**. In your own reductions, convert to
# `float32`, compute, and convert back to `x.dtype`.
#
# NumPy's default, on the other hand, is `float64`.
#
# **Predict.** Which dtype does `jnp.asarray(np.ones(3))` have?

# %%
# Your prediction: replace the dots with a dtype's name in quotes
my_dtype = ...

# %%
arrived = jnp.asarray(np.ones(3))
print("NumPy:", np.ones(3).dtype, " JAX:", arrived.dtype)

# %%
predicted(
    my_dtype,
    arrived.dtype.name,
    why="Unless jax_enable_x64 is set, JAX turns float64 into float32, on every platform. So a "
    "script means the same on every device.",
)

# %% [markdown]
# `jax.config.update("jax_enable_x64", True)`, at the start, brings `float64` back for the whole
# program. `float64` is good for checking results on a CPU. It is slow on many GPUs, and TPUs have
# no units for it. So a portable program does not depend on it.
#
# ## Tolerance as a habit
#
# `==` also tests the order of additions. Compare within a tolerance that has a reason instead. Take
# the distance of neighbouring numbers near 1 in this dtype (`finfo(dtype).eps`). Multiply it by a
# factor for the length of the sum, and by the largest entry.


# %%
def agree(got, want, terms, dtype=None, slack=8):
    """Whether two results are as close as sums of so many terms in this dtype should be."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    eps = float(jnp.finfo(dtype or jnp.float32).eps)
    return np.abs(got - want).max() <= slack * eps * terms**0.5 * np.abs(want).max()


exact = np.asarray(A, np.float64) @ np.asarray(B.T, np.float64)
terms = A.shape[1]
backwards = jnp.dot(A[:, ::-1], B.T[::-1], precision="highest")
same = float(jnp.mean(highest == backwards))
print("summed backwards, equal to the last bit:", f"{same:.0%} of the entries")
print("float32 as float32:  ", agree(backwards, highest, terms), agree(highest, exact, terms))
print("bfloat16 as float32: ", agree(matmul_with(7, A, B.T), exact, terms))
print("bfloat16 as bfloat16:", agree(matmul_with(7, A, B.T), exact, terms, jnp.bfloat16))

# %% [markdown]
# A tolerance that accepts everything tests nothing. The third line shows that `agree` can still say
# no.
#
# ## How portable is it, in numbers?
#
# The talk that this course belongs to shows a study of 2023: Mince, Dinh, Kgomo, Thompson and
# Hooker, *The Grand Illusion: The Myth of Software Portability and Implications for ML Progress*
# (NeurIPS 2023, [arXiv:2309.07181](https://arxiv.org/abs/2309.07181)). They took functions of
# three frameworks and ran each on GPUs and on TPUs.
#
# **Predict.** Which framework lost the most functions between GPU and TPU: `"TensorFlow"`,
# `"PyTorch"` or `"JAX"`?

# %%
# Your prediction: replace the dots
my_loser = ...

# %%
study = {  # per cent that pass, fail partly, fail completely: the table of the talk
    ("TensorFlow", "GPU"): (78, 8, 14),
    ("TensorFlow", "TPU"): (71, 15, 14),
    ("PyTorch", "GPU"): (92, 3, 5),
    ("PyTorch", "TPU"): (57, 27, 17),
    ("JAX", "GPU"): (98, 0, 2),
    ("JAX", "TPU"): (97, 0, 3),
}
lost = {name: study[name, "GPU"][0] - study[name, "TPU"][0] for name, _ in study}
print("points lost from GPU to TPU:", lost)

# %%
predicted(
    my_loser,
    max(lost, key=lost.get),
    why="PyTorch kept 57 of its 92 points. JAX lost 1 of 98: all of its functions go through one "
    "compiler, which has a back end for each platform.",
)

# %%
platforms.draw_study(study, "The Grand Illusion (Cohere / MIT, Sept 2023); rounded in the source")

# %% [markdown]
# In the picture: one bar for each framework and platform. The plain part passes, and the hatched parts
# fail partly or completely. Read it with care: it is one sample, of versions of 2023, and each
# framework was tested with its *own* functions. It does not say that your program can be moved.
#
# So measure your own. `porting.twelve` has twelve functions as this course wrote them, each with
# arguments and the same function in NumPy. The next cell lowers them for each platform, runs them on
# the device at hand, and compares the results with NumPy in `float64`.


# %%
def row(function, args, in_numpy):
    """For each platform the operations, and the error of a run here; and whether each is good."""
    cells = []
    for platform in PLATFORMS:
        try:
            program = lower_for(platform, function, *args)
            cells.append((f"{operations(program.as_text())} ops", True))
        except (NotImplementedError, ValueError):
            cells.append(("refused", False))
    got = np.asarray(jax.jit(function)(*args))
    if in_numpy is None:
        return [*cells, (f"{got.dtype}", True)]
    want = in_numpy(*(np.asarray(arg, np.float64) for arg in args))
    off = np.abs(got - want).max() / np.abs(want).max()
    return [*cells, (f"{off:.0e}", off < 0.02)]


# %%
functions_of_the_course = porting.twelve(x, batch, W, S, key_s, cpus)
rows = {name: row(*entry) for name, entry in functions_of_the_course.items()}
rows, columns = measured.with_gpu(rows, (*PLATFORMS, "error here"))
platforms.draw_table(rows, columns)

# %% [markdown]
# In the picture: each row is a function, after the number of its lesson. The first columns show the
# number of its operations for each platform, or the word *refused* (hatched). *error here* is the
# relative error of a run on your device. NumPy does not have these random bits, so that cell shows
# their dtype.

# %%
travels = [name for name, cells in rows.items() if all(good for _, good in cells[:3])]
print(f"{len(travels)} of {len(rows)} lower for all three platforms")
print("the rest:", ", ".join(name for name in rows if name not in travels))

# %% [markdown]
# You have met both of these above, and both can be rewritten so that they lower everywhere. The
# references of **all** exercises of the course were tested in the same way: see
# [docs/portability.md](../docs/portability.md). The assignment starts with the two rewrites. It ends
# with a capstone: a small model that you train with pytrees, keys, `vmap`, `grad`, `jit`, donation
# and `shard_map`, on any device.
#
# ## Where to read more
#
# The documentation of [JAX](https://docs.jax.dev) has a page for everything that you met here, and
# [a list of the sharp bits](https://docs.jax.dev/en/latest/notebooks/Common_Gotchas_in_JAX.html)
# that is worth reading in a month. [jaxstack.ai](https://jaxstack.ai) lists the libraries that are
# built on JAX, such as [Flax NNX](https://flax.readthedocs.io) for networks. Code exercises and
# slides by the authors of the talk are at [goo.gle/learning-jax](https://goo.gle/learning-jax). You
# can ask people at [goo.gle/jax-community](https://goo.gle/jax-community).
#
# > **In three lines**
# > 1. Do not name a device in a function. `JAX_PLATFORMS` and `device_put` choose it from outside.
# > 2. Lowering for CPU, CUDA and TPU costs nothing, and finds missing rules and callbacks. Only
# >    a run tells about memory, speed and digits.
# > 3. Digits depend on the order of sums and the bits of factors. Store short, accumulate
# >    long, and compare with a tolerance that has a reason.
# >
# > **Now you**:
# > [`exercises/09_portability/portability.ipynb`](../exercises/09_portability/portability.ipynb).
# > **Next**: `10_debug_and_measure`, what to do when a program is wrong or slow.
