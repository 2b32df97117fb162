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
# > say where an array lives and move it, lower a function for a machine you do not have, read
# > what differs between platforms, name what does not travel, choose a tolerance with a reason,
# > and say what all this proves and what it does not.
# >
# > **Time** about 25 minutes. **Read before** `08_shard_map`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import os
import re
import subprocess
import sys

import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
from jax import export
from jax.sharding import AxisType, PartitionSpec

from autograder import predicted
from course.pictures import measured, platforms
from course.pictures.play import play

jax.config.update("jax_num_cpu_devices", 8)  # simulated; before the first JAX operation

# %% [markdown]
# ## Where am I?
#
# NumPy computes on the CPU. A `jax.numpy` script computes on whatever JAX finds when it starts:
# a TPU or GPU if there is one, else the CPU. Nothing in the script says which. You can ask.

# %%
print("JAX", jax.__version__, "with the backend", jax.default_backend())
print(jax.devices())

cpus = jax.devices("cpu")  # every machine has these
x = jnp.arange(8.0)
print("x lives on", x.devices(), "with", type(x.sharding).__name__)

# %% [markdown]
# `jax.devices()` lists the devices of the default backend. On a CPU you see the eight simulated
# ones that we asked for, on a GPU machine the GPUs.
#
# To put an array somewhere, name the device with `jax.device_put`. What is computed from it
# afterwards has to happen somewhere too.

# %%
on_3 = jax.device_put(x, cpus[3])
on_5 = jax.device_put(x, cpus[5])

# %% [markdown]
# **Predict.** `x` was put nowhere in particular, `on_3` was put on CPU device 3. What is the
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
    why="device_put *commits* an array to a device, and computation goes where committed data "
    "is. x was only placed there by default, so it follows.",
)

# %% [markdown]
# Two arrays that were put on different devices are another matter. JAX does not choose for you.

# %% tags=["raises-exception"]
on_3 + on_5

# %% [markdown]
# The first portability bug is therefore a device named in the source. This line is fine on
# one machine and fails on the next:

# %% tags=["raises-exception"]
jax.devices("tpu")[0]

# %% [markdown]
# Leave device names out of functions. If a person running the script wants another device, the
# environment variable `JAX_PLATFORMS` says so from outside, before JAX starts. Let us start two
# more Pythons to see it.


# %%
def started_with(setting):
    """What a new Python says of its backend when JAX_PLATFORMS has this setting."""
    code = "import jax; print(jax.default_backend(), len(jax.devices()))"
    environment = {**os.environ, "JAX_PLATFORMS": setting, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


for setting in ("cpu", "tpu"):
    print(f"JAX_PLATFORMS={setting}:", started_with(setting))

# %% [markdown]
# Setting it to `cpu` works everywhere and is the quickest way to ask whether a bug belongs to
# the accelerator. Naming a platform that is not there is an error, which is better than a job
# that runs unnoticed on the wrong device.
#
# ## A TPU program from a machine without a TPU
#
# In lesson 3 `jit` went from Python to a jaxpr, from there to StableHLO (to *lower*), and from
# there to machine code (to *compile*). Only the last step needs the hardware.

# %%
key = jax.random.key(0)
key_w, key_x, key_s = jax.random.split(key, 3)
W = jax.random.normal(key_w, (8, 8)) / 3
batch = jax.random.normal(key_x, (16, 8))


def layer(W, xs):
    return jnp.tanh(xs @ W)


def lower_for(platform, function, *args):
    """Lower a function for "cpu", "cuda" or "tpu", wherever we are."""
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
    why="Lowering rewrites a jaxpr into StableHLO by rules written in Python. No device is "
    "asked. Compiling the result would need a TPU and its compiler.",
)

# %% [markdown]
# You can even put the three programs into one file. `jax.export` makes an artifact that carries
# a version for each platform, and picks one where it is called.

# %%
everywhere = export.export(jax.jit(layer), platforms=("cpu", "cuda", "tpu"))(W, batch)
print(everywhere.platforms, len(everywhere.mlir_module_serialized), "bytes")
print("runs here:", everywhere.call(W, batch).shape)

# %% [markdown]
# ## What differs between the three
#
# If every primitive became the same StableHLO everywhere, there would be little to say. Here is
# a symmetric matrix to work on, and four functions.

# %%
S = W + W.T + 4 * jnp.eye(8)
four = {
    "A": (layer, (W, batch)),
    "B": (jnp.sort, (batch,)),
    "C": (lambda key: jax.random.normal(key, (16,)), (key_s,)),
    "D": (jnp.linalg.solve, (S, W)),
}

# %% [markdown]
# **Predict.** For which of them is the StableHLO for CPU *not* the same text as that for TPU?
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
    why="Most primitives have one rule for all platforms. The generator's rounds and the matrix "
    "factorisations have rules of their own.",
)

# %% [markdown]
# Let us count operations, for these and a few more, and list the *custom calls*: places where
# the program asks for a library routine by name.


# %%
def operations(text):
    return len(re.findall(r'= "?(?:stablehlo|chlo)\.', text))


def custom_calls(text):
    return sorted(set(re.findall(r"custom_call @([\w.]+)", text)))


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
# In the picture: each row is a function, each mark a platform, and the further to the right, the
# more operations. Marks in one column are the same count.
#
# Three kinds of difference show. A CPU calls LAPACK for `solve`, a GPU calls cuSOLVER, and a TPU
# has its own `LuDecomposition`. The `svd` for TPU is written out in StableHLO around its `Eigh`,
# so its program is long. And the random generator is a loop on the CPU and unrolled elsewhere.
# It is another program for the same bits, since arithmetic on integers has no rounding. As it
# calls no library, the TPU's program can even be tried here, if we switch the check of the
# platform off:


# %%
def bits(key):
    return jax.random.bits(key, (16,))


for platform in PLATFORMS:
    text = lower_for(platform, bits, key_s).as_text()
    print(f"{platform:5} a loop:", "stablehlo.while" in text)

anywhere = [export.DisabledSafetyCheck.platform()]
for_tpu = export.export(jax.jit(bits), platforms=("tpu",), disabled_checks=anywhere)(key_s)
print("the TPU's program gives the same bits:", bool((for_tpu.call(key_s) == bits(key_s)).all()))

# %% [markdown]
# Every function of the picture lowers for all three. That is not so for all of JAX.
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
    why="The eigenvalues of a general matrix need a routine that exists in LAPACK. For CUDA JAX "
    "has a hybrid one. For TPU there is no rule at all.",
)

# %% [markdown]
# ## What does not travel
#
# The refusal names the primitive, `eig`, and the platform.

# %% tags=["raises-exception"]
lower_for("tpu", jnp.linalg.eigvals, W)

# %% [markdown]
# Read such a message as a question: what did I need? If the matrix is symmetric, `eigh` answers
# and has a rule everywhere. If you wanted only the size of the largest eigenvalue, a few matrix
# products will do (an exercise). Other refusals have other reasons.


# %%
def scored_on_host(xs):
    result = jax.ShapeDtypeStruct((16,), jnp.float32)
    return jax.pure_callback(lambda a: np.asarray(a).sum(axis=1), result, xs)


def printed(xs):
    jax.debug.print("first: {}", xs[0, 0])
    return xs


def fast_dot(xs, W):
    return jax.lax.dot(xs, W, precision="TF32_TF32_F32")


refusals = {
    "eigvals": (jnp.linalg.eigvals, (W,)),
    "schur": (jax.scipy.linalg.schur, (W,)),
    "a callback": (scored_on_host, (batch,)),
    "debug.print": (printed, (batch,)),
    "TF32 by name": (fast_dot, (batch, W)),
}
for name, (function, args) in refusals.items():
    for platform in PLATFORMS:
        try:
            lower_for(platform, function, *args)
            print(f"{name:13} {platform:5} lowers")
        except Exception as error:
            print(f"{name:13} {platform:5} {type(error).__name__}: {str(error).split('.')[0][:75]}")

# %% [markdown]
# `schur` is for the CPU alone. TF32 goes the other way: it is a number format of NVIDIA's, and
# it is the *CPU* that refuses when you insist on it by name.
#
# The callback is a case of its own, and `jax.debug.print` is one. Its program holds an address
# inside this Python process, so it can only be lowered for the machine that runs it. That is not a
# statement about GPUs: JAX's documentation has callbacks run with data on an accelerator, at the
# price of a trip to the host. But such a program cannot be exported, shipped or checked ahead. NumPy
# called on a traced array never comes so far:

# %% tags=["raises-exception"]
jax.jit(lambda xs: np.linalg.norm(np.asarray(xs), axis=1))(batch)

# %% [markdown]
# ## What lowering proves
#
# **Predict.** A `float32` matrix of 2²⁰ by 2²⁰ takes four tebibytes, more than any single device
# has. Does multiplying it with itself lower for a TPU? `"lowers"` or `"raises"`?

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
    why="Lowering is a translation. Nobody asked whether the text can be carried out.",
)

# %% [markdown]
# The same goes for `float64`, which the arithmetic units of a TPU do not have.

# %%
x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
with x64(True):
    wide = jax.ShapeDtypeStruct((8, 8), jnp.float64)
    print(lower_for("tpu", jnp.matmul, wide, wide).as_text().splitlines()[2].strip())

# %% [markdown]
# So hold on to what has been proved. **If it lowers**, every primitive has a rule for that
# platform, no callback ties the program to this process, and all shapes and dtypes agree. **It
# does not say** that the program compiles there, fits into memory, is fast, or gives the same
# digits. Lowering is the test that costs nothing; a run on the device is the test that counts.
#
# ## Numbers that differ
#
# `(a + b) + c` and `a + (b + c)` are the same number in mathematics.
#
# **Predict.** With `float32` arrays `big = 1e8` and `one = 1`, what is `(big + one) - big`?

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
    "order of a sum is part of its result.",
)

# %% [markdown]
# A sum of a million numbers has an order too, and each platform picks the one that keeps its
# units busy. Compare three orders, with `float64` as the yardstick.

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
# In the picture: short sums come out well in any order. Added one after the other, a long sum
# loses digits as it grows, since each small number meets a large total. By halves, numbers of
# like size meet. `jnp.sum` has an order of its own, which depends on the platform. None of them
# is a bug. They differ in their last digits, and so may your program from one machine to the
# next.
#
# ## Fewer digits on purpose
#
# Matrix units are fast because they multiply short numbers. For `float32` inputs, JAX's
# *default* precision lets a recent NVIDIA GPU round the factors to TF32, which keeps 10 bits of
# the fraction in place of 23, and a TPU to bfloat16, which keeps 7. Both add up in `float32`.
# (`jax.lax.Precision` documents it.) We can imitate the rounding on any machine.


# %%
def matmul_with(bits, A, B):
    """A @ B with factors rounded to so many bits of fraction, added up in float32."""
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


kept = {"float32": 23, "TF32": 10, "bfloat16": 7}
formats = {f"{name}: {bits} bits": error_with(bits) for name, bits in kept.items()}


def draw_bits(bits):
    mine = f"yours: {bits} bits"
    return platforms.draw_digits(sizes, {**formats, mine: error_with(bits)}, chosen=mine)


play(draw_bits, bits=(4, 7, 10, 13, 16, 19))

# %% [markdown]
# In the picture: the relative error of a matrix product against the length of its sums. Where
# the factors are short the line is flat: their bits set the error, and each bit less about
# doubles it. Only where all 23 bits are kept does the length of the sum show. In a live notebook
# a slider moves the bold line.
#
# And on the device you are using now? If the numbers below are all 0, it never uses fewer bits.

# %%
A, B = (jnp.asarray(M) for M in pairs[-1])
highest = jnp.dot(A, B.T, precision="highest")
for precision in ("default", "high", "highest"):
    off = jnp.abs(jnp.dot(A, B.T, precision=precision) - highest).max()
    print(f"{jax.default_backend()}, precision={precision!r}: largest difference {float(off):.1g}")

with jax.default_matmul_precision("highest"):
    print(jax.make_jaxpr(layer)(W, batch).eqns[0].params["precision"])

# %% [markdown]
# `precision=` speaks for one product, `jax.default_matmul_precision` for all in a block or a
# program. For training the default is usually what you want. Ask for `"highest"` when you
# compare with a reference, or solve equations.
#
# ## Short dtypes, long sums
#
# Storing in `bfloat16` is a choice of yours. It halves the memory, and leaves 8 significant
# bits.
#
# **Predict.** Start at 0 in bfloat16 and add 1 three hundred times. Where do you end?

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
# That is the rule to copy: **store short, accumulate long**. For your own reductions: convert to
# `float32`, compute, convert back to `x.dtype`.
#
# At the other end, NumPy's default is `float64`.
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
    why="Unless jax_enable_x64 is set, JAX makes float32 of float64, on every platform, so that "
    "a script does not change its meaning with the device.",
)

# %% [markdown]
# The switch `jax.config.update("jax_enable_x64", True)` brings `float64` back for the whole
# program. It is a fine yardstick on a CPU, slow on many GPUs and not native to TPUs, so a
# portable program does not depend on it.
#
# ## Tolerance as a habit
#
# Comparing with `==` tests the order of additions. Compare within a tolerance that has a reason:
# the spacing of the dtype, a factor for how errors of a sum add up, measured against the largest
# entry.


# %%
def agree(got, want, terms, dtype=None, slack=8):
    """Whether two results agree as sums of so many terms in this dtype can be expected to."""
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
# A tolerance so wide that it forgives everything tests nothing, so the third line is the one to
# look at: `agree` can still say no.
#
# ## How portable is it, in numbers?
#
# The talk that this course belongs to shows a study from 2023: Mince, Dinh, Kgomo, Thompson and
# Hooker, *The Grand Illusion: The Myth of Software Portability and Implications for ML Progress*
# (NeurIPS 2023, [arXiv:2309.07181](https://arxiv.org/abs/2309.07181)). They took functions of
# three frameworks and ran each on GPUs and on TPUs.
#
# **Predict.** Which framework lost most on the way from GPU to TPU: `"TensorFlow"`, `"PyTorch"`
# or `"JAX"`?

# %%
# Your prediction: replace the dots
my_loser = ...

# %%
study = {  # per cent that pass, fail partly, fail completely; as in the talk's table
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
    why="It kept 57 of its 92 points. JAX, all of whose functions go through one compiler with "
    "a back end for each platform, lost 1 of 98.",
)

# %%
platforms.draw_study(study, "The Grand Illusion (Cohere / MIT, Sept 2023); rounded in the source")

# %% [markdown]
# In the picture: one bar a framework and platform. The plain part passes, the hatched parts fail
# partly or completely. Read it with care: it is one sample, of versions of 2023, and each
# framework was asked for its *own* functions. It does not say that your program ports.
#
# So measure your own. Here are twelve functions as this course wrote them, lowered for each
# platform, run on the device at hand, and compared with NumPy in `float64`.


# %%
def distances(xs, ys):
    one_to_all = jax.vmap(lambda x, y: jnp.sqrt(((x - y) ** 2).sum()), in_axes=(None, 0))
    return jax.vmap(one_to_all, in_axes=(0, None))(xs, ys)


def ten_steps(W, xs):
    return jax.lax.scan(lambda carry, _: (layer(W, carry), None), xs, length=10)[0]


mesh = jax.make_mesh((4, 2), ("x", "y"), devices=cpus, axis_types=(AxisType.Auto,) * 2)
matmul_basic = jax.shard_map(
    lambda a, b: jax.lax.psum(a @ b, "y"),
    mesh=mesh,
    in_specs=(PartitionSpec("x", "y"), PartitionSpec("y", None)),
    out_specs=PartitionSpec("x", None),
)


def np_ten_steps(W, xs):
    for _ in range(10):
        xs = np.tanh(xs @ W)
    return xs


course = {  # lesson and name: the function, its arguments, the same in NumPy
    "1 sin(cos x) tanh x": (
        lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x),
        (batch,),
        lambda x: np.sin(np.cos(x)) * np.tanh(x),
    ),
    "2 x.at[0].set(100)": (
        lambda x: x.at[0].set(100.0),
        (x,),
        lambda x: np.r_[100.0, x[1:]],
    ),
    "3 a fused chain": (lambda x: (x + x) * x - x / 3, (x,), lambda x: (x + x) * x - x / 3),
    "4 random bits": (lambda key: jax.random.bits(key, (16,)), (key_s,), None),
    "5 all distances": (
        distances,
        (batch, W),
        lambda p, q: np.sqrt(((p[:, None] - q[None]) ** 2).sum(-1)),
    ),
    "6 a pytree, doubled": (
        lambda x: jax.tree.map(lambda leaf: 2 * leaf, {"w": x})["w"],
        (W,),
        lambda x: 2 * x,
    ),
    "7 grad of a sum": (
        jax.grad(lambda x: jnp.tanh(x).sum()),
        (batch,),
        lambda x: 1 / np.cosh(x) ** 2,
    ),
    "8 shard_map matmul": (matmul_basic, (batch, W), lambda a, b: a @ b),
    "9 layer, ten times": (ten_steps, (W, batch), np_ten_steps),
    "9 linalg.solve": (jnp.linalg.solve, (S, W), np.linalg.solve),
    "9 eigvals": (
        lambda S: jnp.sort(jnp.linalg.eigvals(S).real),
        (S,),
        lambda S: np.sort(np.linalg.eigvals(S).real),
    ),
    "9 a callback": (scored_on_host, (batch,), lambda xs: xs.sum(axis=1)),
}


def row(function, args, in_numpy):
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


rows = {name: row(*entry) for name, entry in course.items()}
rows, columns = measured.with_gpu(rows, (*PLATFORMS, "error here"))
platforms.draw_table(rows, columns)

# %% [markdown]
# In the picture: a row for each function, with the number of its operations for each platform or
# the word *refused* (hatched), and the relative error of a run here. For random bits there is no
# NumPy to compare with, so the cell shows their dtype.

# %%
travels = [name for name, cells in rows.items() if all(good for _, good in cells[:3])]
print(f"{len(travels)} of {len(rows)} lower for all three platforms")
print("the rest:", ", ".join(name for name in rows if name not in travels))

# %% [markdown]
# The two that stay behind are the two you would now expect, and both have a rewrite that
# travels. The same question was put to the reference of **every** exercise of the course; the
# answers are in [docs/portability.md](../docs/portability.md), and `uv run pytest -m gpu` runs them
# all where there is a GPU. The assignment starts with the two rewrites, and ends with a capstone: a small model trained with
# pytrees, keys, `vmap`, `grad`, `jit`, donation and `shard_map`, on whatever device is there.
#
# ## Where to go from here
#
# The documentation of [JAX](https://docs.jax.dev) has a page for everything you met here, and
# [a list of the sharp bits](https://docs.jax.dev/en/latest/notebooks/Common_Gotchas_in_JAX.html)
# worth a look in a month. [jaxstack.ai](https://jaxstack.ai) gathers the libraries built on it;
# for networks, [Flax NNX](https://flax.readthedocs.io) is the next door. Code exercises and slides
# of the talk's own authors are at [goo.gle/learning-jax](https://goo.gle/learning-jax), and people
# to ask at [goo.gle/jax-community](https://goo.gle/jax-community).
#
# > **In three lines**
# > 1. Name no device in a function; `JAX_PLATFORMS` and `device_put` choose from outside.
# > 2. Lowering for CPU, CUDA and TPU costs nothing and finds missing rules and callbacks. Only
# >    a run tells about memory, speed and digits.
# > 3. Digits differ with the order of sums and the bits of factors: store short, accumulate
# >    long, compare with a tolerance that has a reason.
# >
# > **Now you**:
# > [`exercises/09_portability/portability.ipynb`](../exercises/09_portability/portability.ipynb).
# > **Next**: your own program. You have read the whole course.
