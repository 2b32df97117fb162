# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] assignment="09_portability" points=20
# # Exercises: one program for CPU, GPU and TPU, and a capstone
#
# The lesson is [course/09_portability](../../course/09_portability.ipynb). Exercises 1 to 4 are
# about code that runs on every platform. Exercises 5 to 9 are the **capstone**: a small network,
# from its key to its training on eight devices. Each part of the capstone gives you what it needs,
# so you can do the parts in any order.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import PartitionSpec as P

from autograder import check, hint, reset, simulate_devices

simulate_devices()  # jax.config.update("jax_num_cpu_devices", 8), before anything is computed

### BEGIN HIDDEN TESTS
from functools import partial

from autograder import (
    communicates_like_reference,
    distributed_like_reference,
    donates_like_reference,
    exercise,
    grows_with_batch,
    independent_streams,
    lowers_everywhere,
    matches_reference,
    mistake,
    question,
    sharded_like_reference,
    static,
    typed_key,
    uses,
    uses_keys_once,
    work_within,
    wrong,
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
ANYWHERE = (matches_reference(), grows_with_batch(share=0.5), lowers_everywhere())
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_portability" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# Here is one question, if you think that you do. On a laptop without an accelerator you lower a
# function for CPU, CUDA and TPU, and all three succeed. Which of these do you know now?
#
# - `"a"`: it gives the same numbers on all three, up to the last bit.
# - `"b"`: every primitive in it has a rule for each of the three.
# - `"c"`: it compiles and fits into memory on all three.
# - `"d"`: it gives the same numbers on all three, up to rounding.
#
# If you can say why the other three are wrong, go straight to the capstone, exercise 5.

# %% solution="fast_track_portability"
### BEGIN SOLUTION
fast_track_portability = "b"
### END SOLUTION

# %% check="fast_track_portability"
check("fast_track_portability")
### BEGIN HIDDEN TESTS
question(
    "fast_track_portability",
    answer="b",
    hints=[
        "What runs while a function is lowered, and what does not?",
        "Lowering rewrites a jaxpr into StableHLO, primitive by primitive. No device takes part.",
        "It is the answer about rules, and not about results.",
    ],
    explanation="Lowering is a translation by rules. It finds a missing rule (`eig` for TPU) and a "
    "callback. It knows nothing about memory, and it computes nothing, so it says nothing about "
    "digits. `float64` and four tebibytes lower for a TPU too.",
    mistakes=[
        mistake(
            "a",
            "expects equal bits from equal programs",
            advice="Each platform adds in its own order, and rounds factors in its own way.",
        ),
        mistake(
            "c",
            "takes lowering for compiling",
            advice="Only the platform's own compiler finds out whether a program fits, and it did "
            "not run.",
        ),
        mistake(
            "d",
            "takes lowering for running",
            advice="Nothing was computed. It is likely that the numbers agree, but only a run "
            "shows it.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="largest_eigenvalue" stars=1 importance=3 minutes=1 points=1
# ## 1 · A missing rule
#
# `S` is **symmetric**, and `jnp.linalg.eigvals(S).real.max()` gives its largest eigenvalue on a
# CPU. For a TPU it does not lower. Write `largest_eigenvalue`, which returns the same number and
# lowers for CPU, CUDA and TPU.


# %% solution="largest_eigenvalue"
def largest_eigenvalue(S):
    """S (n, n) float32, symmetric -> () float32."""
    ### BEGIN SOLUTION
    return jnp.linalg.eigvalsh(S)[-1]
    ### END SOLUTION


# %% check="largest_eigenvalue"
check(largest_eigenvalue)
### BEGIN HIDDEN TESTS


def symmetric(rng, n):
    """A symmetric matrix whose negative eigenvalues are the larger ones in size."""
    A = rng.normal(size=(n, n))
    return A + A.T - 4 * np.sqrt(n) * np.eye(n)


exercise(
    largest_eigenvalue,
    inputs=lambda rng, n: (symmetric(rng, n),),
    requires=ANYWHERE,
    hints=[
        "The general routine works for all matrices. Yours has a property that it does not use.",
        "`jnp.linalg` has a function for symmetric (Hermitian) matrices; its name ends in `h`.",
        "`jnp.linalg.eigvalsh` gives all eigenvalues in ascending order. Take the last.",
    ],
    explanation="Symmetric matrices have real eigenvalues, and every platform has a routine for "
    "them: LAPACK's `syevd` on a CPU, cuSOLVER's on a GPU, `Eigh` on a TPU. It is faster on a CPU "
    "too, so the portable answer is the better one everywhere.",
    another="def largest_eigenvalue(S):\n"
    "    shift = jnp.linalg.norm(S)  # makes every eigenvalue positive\n"
    "    return jnp.linalg.norm(S + shift * jnp.eye(len(S)), 2) - shift",
    wrong_answers=[
        wrong(
            lambda S: jnp.linalg.eigvals(S).real.max(),
            "keeps the general routine",
            rejected_by="platform",
            advice="The values are right here, but `eig` has no rule for TPU. Use the function for "
            "symmetric matrices.",
        ),
        wrong(
            lambda S: jnp.linalg.eigvalsh(S)[0],
            "takes the most negative eigenvalue",
            rejected_by="values",
            advice="`eigvalsh` sorts in ascending order: the largest comes last. A power "
            "iteration, or the largest absolute value, finds the eigenvalue that is largest in "
            "size, and here that is a negative one.",
        ),
        wrong(
            lambda S: jnp.linalg.norm(S, 2),
            "gives the largest singular value",
            rejected_by="values",
            advice="A singular value is the size of an eigenvalue, without its sign. The largest "
            "size may belong to a negative eigenvalue.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="normalise_anywhere" stars=2 importance=3 minutes=8 points=2
# ## 2 · Tied to one machine
#
# Somebody with a TPU wrote this function. It centres the columns of `xs`, which has two rows or
# more, and then scales every row to length 1. Because of three of its lines it runs on one kind of
# machine only, or cannot be jitted.
#
# ```python
# def normalise(xs):
#     xs = jax.device_put(xs, jax.devices("tpu")[0])
#     centred = xs - np.asarray(xs).mean(axis=0)
#     shape = jax.ShapeDtypeStruct((len(xs), 1), jnp.float32)
#     norms = lambda a: np.linalg.norm(a, axis=1, keepdims=True)
#     return centred / jax.pure_callback(norms, shape, centred)
# ```
#
# Write `normalise_anywhere`, which computes the same result, can be jitted, and lowers for CPU,
# CUDA and TPU.


# %% solution="normalise_anywhere"
def normalise_anywhere(xs):
    """xs (n, 3) float32 -> (n, 3) float32, whose rows have length 1."""
    ### BEGIN SOLUTION
    centred = xs - xs.mean(axis=0)
    return centred / jnp.linalg.norm(centred, axis=1, keepdims=True)
    ### END SOLUTION


# %% check="normalise_anywhere"
check(normalise_anywhere)
### BEGIN HIDDEN TESTS


def names_the_device(xs):
    xs = jax.device_put(xs, jax.devices("tpu")[0])
    centred = xs - xs.mean(axis=0)
    return centred / jnp.linalg.norm(centred, axis=1, keepdims=True)


def asks_numpy_for_the_mean(xs):
    centred = xs - np.asarray(xs).mean(axis=0)
    return centred / jnp.linalg.norm(centred, axis=1, keepdims=True)


def asks_the_host_for_the_lengths(xs):
    centred = xs - xs.mean(axis=0)
    shape = jax.ShapeDtypeStruct((len(xs), 1), jnp.float32)
    lengths = jax.pure_callback(lambda a: np.linalg.norm(a, axis=1, keepdims=True), shape, centred)
    return centred / lengths


def divides_by_one_length(xs):
    centred = xs - xs.mean(axis=0)
    return centred / jnp.linalg.norm(centred)


exercise(
    normalise_anywhere,
    inputs=lambda rng, n: (rng.normal(size=(n, 3)) + 2,),
    sizes=(range(5, 10), 2, range(61, 101)),  # one row, centred, has no length
    public_sizes=(4, 2, 10),
    requires=ANYWHERE,
    hints=[
        "Which three names in the code are not `jnp` functions of the data?",
        "`jax.devices`, `np.asarray` and `jax.pure_callback`. The caller of the function chooses "
        "the device, and `jnp` has a mean and a norm.",
        "Subtract `xs.mean(axis=0)`, then divide by `jnp.linalg.norm` along `axis=1`, with "
        "`keepdims=True`.",
    ],
    explanation="The data are on a device already when they reach a function, and JAX computes "
    "there. `np.asarray` needs numbers, which a traced array does not have. A callback holds an "
    "address in one Python process. The portable function is also shorter.",
    another="def normalise_anywhere(xs):\n"
    "    centred = xs - jnp.ones(len(xs)) @ xs / len(xs)\n"
    '    return centred * lax.rsqrt(jnp.einsum("nd,nd->n", centred, centred))[:, None]',
    wrong_answers=[
        wrong(
            names_the_device,
            "still names a TPU",
            rejected_by="RuntimeError",
            advice="Leave out the `device_put`: the function computes where its argument is.",
        ),
        wrong(
            asks_numpy_for_the_mean,
            "takes the mean with NumPy",
            rejected_by="TracerArrayConversionError",
            advice="`xs.mean(axis=0)` computes it on the device.",
        ),
        wrong(
            asks_the_host_for_the_lengths,
            "still calls back to the host for the lengths",
            rejected_by="NotImplementedError",
            advice="A callback can be lowered for this process only. `jnp.linalg.norm` has the "
            "same arguments as NumPy's.",
        ),
        wrong(
            divides_by_one_length,
            "divides everything by one length",
            rejected_by="values",
            advice="Without `axis=1`, this is the norm of the whole matrix. Use one for each row.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="moving_average" stars=2 importance=3 minutes=10 points=3
# ## 3 · The average that stands still
#
# An exponential moving average smooths the weights or the loss of a training run. Here it is in
# NumPy. `xs` has 500 rows, one for each moment:
#
# ```python
# average = np.zeros(xs.shape[1])
# for x in xs:
#     average = 0.99 * average + 0.01 * x
# ```
#
# Write `moving_average`, which returns the last `average`, for `xs` in `float32` **and in
# `bfloat16`**. The result has the dtype of `xs`, and its digits have to be right in both. If the
# average is stored in bfloat16, it stops moving, far from the right value.


# %% solution="moving_average"
def moving_average(xs):
    """xs (500, n) float32 or bfloat16 -> (n,) of the same dtype."""

    ### BEGIN SOLUTION
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    start = jnp.zeros(xs.shape[1], jnp.float32)
    return lax.scan(step, start, xs.astype(jnp.float32))[0].astype(xs.dtype)
    ### END SOLUTION


# %% check="moving_average"
check(moving_average)
### BEGIN HIDDEN TESTS


def averages_in_short(xs):
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    return lax.scan(step, jnp.zeros(xs.shape[1], xs.dtype), xs)[0]


def averages_to_float32(xs):
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    return lax.scan(step, jnp.zeros(xs.shape[1], jnp.float32), xs.astype(jnp.float32))[0]


def averages_from_the_first(xs):
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    xs32 = xs.astype(jnp.float32)
    return lax.scan(step, xs32[0], xs32)[0].astype(xs.dtype)


def averages_column_by_column(xs):
    weights = 0.01 * 0.99 ** jnp.arange(len(xs) - 1, -1, -1, dtype=jnp.float32)
    columns = [weights @ xs[:, i].astype(jnp.float32) for i in range(xs.shape[1])]
    return jnp.stack(columns).astype(xs.dtype)


def _readings(rng, n):
    """Readings of an instrument with 6 binary places, so that the data of `check` stay small.

    The noise is small: more of it would move an average in bfloat16 on by luck.
    """
    readings = 0.05 * rng.normal(size=(500, n)) + rng.uniform(2, 6, size=n)
    return ((64 * readings).round() / 64,)


exercise(
    moving_average,
    inputs=_readings,
    dtypes=("float32", "bfloat16"),
    requires=ANYWHERE,
    equal_mutants={
        ".astype(…) → nothing (line 6, place 2)": "only 0.01 * x is then rounded to bfloat16, "
        "which the digits of the result do not show",
    },
    hints=[
        "Write it for `float32` first: a `lax.scan` whose carry is the average.",
        "Which dtype does the carry have when `xs` is bfloat16? Store short, accumulate long.",
        "Start from `jnp.zeros(xs.shape[1], jnp.float32)`, scan over `xs.astype(jnp.float32)`, and "
        "finish with `.astype(xs.dtype)`.",
    ],
    explanation="bfloat16 has 8 significant bits. `0.99` becomes 0.988, so the weights do not add "
    "up to one. Near its goal, the step of the average is less than half of the spacing, so the "
    "average stops moving. This happens to real optimisers and averaged weights. The inputs and "
    "the result may be short. The carry may not.",
    another="def moving_average(xs):\n"
    "    ages = jnp.arange(len(xs) - 1, -1, -1, dtype=jnp.float32)\n"
    "    weights = 0.01 * 0.99**ages  # of each moment in the last average\n"
    '    total = jnp.einsum("t,tn->n", weights, xs.astype(jnp.float32), precision="highest")\n'
    "    return total.astype(xs.dtype)",
    wrong_answers=[
        wrong(
            averages_in_short,
            "carries the average in the dtype of `xs`",
            rejected_by="values",
            advice="In float32 this is right. In bfloat16 the carry is rounded 500 times, each "
            "time to 8 bits. Carry float32, and convert at the end.",
        ),
        wrong(
            averages_to_float32,
            "returns float32 for every dtype of `xs`",
            rejected_by="dtype",
            advice="The digits are right. Convert the result to `xs.dtype`.",
        ),
        wrong(
            averages_from_the_first,
            "starts from the first row",
            rejected_by="values",
            advice="The average starts at zero, as in the NumPy code.",
        ),
        wrong(
            averages_column_by_column,
            "loops over the columns in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The carry may be a whole row: no loop over columns is needed.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="spectral_radius" stars=3 importance=2 minutes=15 points=3
# ## 4 · A puzzle: eigenvalues without eigenvalues
#
# The spectral radius of a square matrix is the size of its largest eigenvalue. It says whether
# the powers of `A` grow without limit or go to zero. `jnp.abs(jnp.linalg.eigvals(A)).max()` does
# not lower for TPU, and this time `A` is **not** symmetric: the largest eigenvalues are a
# complex pair.
#
# Gelfand found that the radius is the limit of $\|A^k\|^{1/k}$, for any norm. Squaring a matrix
# 25 times gives $k = 2^{25}$, and takes 25 matrix products. Write `spectral_radius`
# without computing any eigenvalue. Note that $A^k$ soon leaves the range of `float32`.


# %% solution="spectral_radius"
def spectral_radius(A):
    """A (n, n) float32 -> () float32, the size of the largest eigenvalue."""

    ### BEGIN SOLUTION
    def square(carry, _):
        power, log_radius, share = carry  # A^k, scaled by what log_radius remembers; share = 1/k
        size = jnp.linalg.norm(power)
        scaled = power / size
        return (scaled @ scaled, log_radius + share * jnp.log(size), share / 2), None

    (_, log_radius, _), _ = lax.scan(square, (A, 0.0, 1.0), length=26)
    return jnp.exp(log_radius)
    ### END SOLUTION


# %% check="spectral_radius"
check(spectral_radius)
### BEGIN HIDDEN TESTS


def turning(rng, n):
    """A matrix whose largest eigenvalues are a complex pair, far from symmetric."""
    A = rng.normal(size=(n, n))
    A[:2, :2] += 2 * np.sqrt(n) * np.array([[0, -1], [1, 0]])
    return A


def radius_without_scaling(A):
    power = lax.fori_loop(0, 25, lambda _, M: M @ M, A)
    return jnp.linalg.norm(power) ** (1 / 2**25)


def radius_by_power_iteration(A):
    def step(v, _):
        w = A @ v
        size = jnp.linalg.norm(w)
        return w / size, size

    return lax.scan(step, jnp.ones(len(A)), length=500)[1][-1]


exercise(
    spectral_radius,
    inputs=lambda rng, n: (turning(rng, n),),
    sizes=(range(5, 10), 2, range(61, 101)),  # a complex pair takes two rows
    public_sizes=(4, 2, 10),
    requires=ANYWHERE,
    equal_mutants={
        f"26 → {length} (line 8)": "the last squarings change digits that float32 does not have"
        for length in (25, 27)
    },
    hints=[
        "Divide by the norm before each squaring, and remember what you divided by. The logarithm "
        "of a product is a sum.",
        "If $A^k = s B$, then $A^{2k} = s^2 B^2$. The logarithm of $\\|A^k\\|^{1/k}$ grows by "
        "$\\log(s) / k$ with each new factor $s$.",
        "Carry `(power, log_radius, share)` through a `lax.scan`. In each step, let `s` be the "
        "norm of `power`. Square the matrix `power / s`, add `share * log(s)` to `log_radius`, and "
        "halve `share`. Begin with `(A, 0.0, 1.0)` and end with `exp`.",
    ],
    explanation="Each squaring doubles the exponent, so 25 products replace 33 million. Rounding "
    "errors of late powers hardly matter, since their logarithm is divided by $k$: nearly all "
    "digits of the `float32` result are right. Accelerators are best at matrix products, so this "
    "way is fast on machines that have no routine for eigenvalues.",
    another="def spectral_radius(A):\n"
    "    log_radius = 0.0\n"
    "    for k in range(26):\n"
    "        size = jnp.abs(A).max()\n"
    "        log_radius += jnp.log(size) / 2.0**k\n"
    "        A = (A / size) @ (A / size)\n"
    "    return jnp.exp(log_radius)",
    wrong_answers=[
        wrong(
            lambda A: jnp.abs(jnp.linalg.eigvals(A)).max(),
            "computes the eigenvalues",
            rejected_by="platform",
            advice="This is right on a CPU and refused for TPU: `eig` has no rule there. Matrix "
            "products have one.",
        ),
        wrong(
            lambda A: jnp.linalg.norm(A, 2),
            "gives the largest singular value",
            rejected_by="values",
            advice="That is how much `A` can stretch a vector *once*. The radius is the factor per "
            "step after many steps.",
        ),
        wrong(
            radius_without_scaling,
            "lets the powers overflow",
            rejected_by="values",
            advice="The 33-millionth power is infinite in float32. Scale before each squaring, and "
            "add up the logarithms of the scales.",
        ),
        wrong(
            radius_by_power_iteration,
            "iterates on one vector",
            rejected_by="values",
            advice="With a complex pair the vector keeps turning, and its growth goes up and down. "
            "The norm of the power of the *matrix* does not.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="init_network" stars=2 importance=3 minutes=8 points=2
# ## 5 · Capstone: a network from a key
#
# The capstone trains a network of dense layers. Its parameters are a **list with a dict for each
# layer**: `{"w": (inputs, outputs), "b": (outputs,)}`.
#
# Write `init_network`. The entries of a `w` are normal with mean 0 and standard deviation
# `1 / sqrt(inputs)`, all independent. A `b` is zeros. `widths` is a tuple of Python integers:
# `(4, 16, 1)` means a layer from 4 to 16 and a layer from 16 to 1. `key` is a typed key, as from
# `jax.random.key(0)`. You may split it in any way.


# %% solution="init_network"
def init_network(key, widths):
    """key (), widths a tuple -> a list of {"w": (inputs, outputs), "b": (outputs,)}."""
    ### BEGIN SOLUTION
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {"w": jax.random.normal(k, (i, o)) / jnp.sqrt(i), "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths[:-1], widths[1:], strict=True)
    ]
    ### END SOLUTION


# %% check="init_network"
check(init_network)
### BEGIN HIDDEN TESTS


def layers_with(keys, widths, scale=lambda i, o: i**-0.5):
    return [
        {"w": jax.random.normal(k, (i, o)) * scale(i, o), "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths[:-1], widths[1:], strict=True)
    ]


def a_key(rng, n):
    """A key. Two of one batch size differ in one number only: the second up to size 10."""
    key = rng.integers(0, 2**32, 2, dtype="uint32")
    key[int(n > 10)] = 2_654_435_761 * (n + 1) % 2**32
    return typed_key(key)


exercise(
    init_network,
    # Every size but 1 is drawn with two keys.
    inputs=lambda rng, n: (a_key(rng, n), static((2 * n, 16 * n, 16 * n, 16 * n, 1))),
    sizes=(8, 8, 1, 13, 13),
    public_sizes=(6, 6, 1, 11, 11),
    requires=[distributed_like_reference(), uses_keys_once(), independent_streams()],
    equal_mutants={
        "normal(…) → 1.01 times it (line 3)": "to see a spread that is 1 % too wide takes 200,000 "
        "numbers, and fewer are drawn",
    },
    hints=[
        "How many draws are there? Make one key for each before you draw.",
        "`jax.random.split(key, len(widths) - 1)` gives a key for each layer. `zip(widths[:-1], "
        "widths[1:])` gives the inputs and outputs of each.",
        '`{"w": jax.random.normal(k, (i, o)) / jnp.sqrt(i), "b": jnp.zeros(o)}` for every key `k` '
        "and pair `i, o`.",
    ],
    explanation="Split the key once, into a key for each layer. With the standard deviation "
    "`1 / sqrt(inputs)` the sum over the inputs has the size of one input, so signals neither "
    "grow nor fade from layer to layer. The same key gives the same network on every platform.",
    another="def init_network(key, widths):\n"
    "    network = []\n"
    "    for number, (i, o) in enumerate(zip(widths, widths[1:])):\n"
    "        w = jax.random.normal(jax.random.fold_in(key, number), (i, o)) * i**-0.5\n"
    '        network.append({"w": w, "b": jnp.zeros(o)})\n'
    "    return network",
    wrong_answers=[
        wrong(
            lambda key, widths: layers_with([key] * (len(widths) - 1), widths),
            "gives every layer the same key",
            rejected_by="key reuse",
            advice="Layers of the same shape start as copies of each other. Split the key, and use "
            "one key for each layer.",
        ),
        wrong(
            lambda key, widths: layers_with(
                jax.random.split(key, len(widths) - 1), widths, lambda i, o: 1.0
            ),
            "leaves the weights at standard deviation 1",
            rejected_by="distribution",
            advice="Divide by the root of the number of inputs.",
        ),
        wrong(
            lambda key, widths: layers_with(
                jax.random.split(key, len(widths) - 1), widths, lambda i, o: 1 / i
            ),
            "takes the variance for the standard deviation",
            rejected_by="distribution",
            advice="`1 / inputs` is the variance. `normal` is multiplied by the standard "
            "deviation, its root.",
        ),
        wrong(
            lambda key, widths: layers_with(
                jax.random.split(jax.random.key(0), len(widths) - 1), widths
            ),
            "makes a key of its own",
            rejected_by="correlated",
            advice="Then every network is the same. Use the key that is passed in.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="network_loss" stars=2 importance=3 minutes=6 points=2
# ## 6 · Capstone: the loss of a batch
#
# `predict_one` handles one example. Write `network_loss`, which returns a dict of two things:
# `"each"` is the squared error of every example, and `"loss"` is their mean.


# %% given="predict_one"
def predict_one(network, x):
    """One example: network as in exercise 5, from 4 to 1, x (4,) -> ()."""
    *hidden, last = network
    for layer in hidden:
        x = jnp.tanh(x @ layer["w"] + layer["b"])
    return (x @ last["w"] + last["b"])[0]


# %% solution="network_loss"
def network_loss(network, xs, ys):
    """xs (n, 4), ys (n,) -> {"each": (n,), "loss": ()}."""
    ### BEGIN SOLUTION
    predictions = jax.vmap(predict_one, in_axes=(None, 0))(network, xs)
    each = (predictions - ys) ** 2
    return {"each": each, "loss": each.mean()}
    ### END SOLUTION


# %% check="network_loss"
check(network_loss)
### BEGIN HIDDEN TESTS


def a_network(rng):
    """A small network as plain arrays."""
    return [
        {"w": rng.normal(size=(4, 16)) / 2, "b": rng.normal(size=16) / 2},
        {"w": rng.normal(size=(16, 1)) / 4, "b": rng.normal(size=1) / 2},
    ]


def a_deep_network(rng):
    first, last = a_network(rng)
    return [first, {"w": rng.normal(size=(16, 16)) / 4, "b": rng.normal(size=16) / 2}, last]


def some_data(rng, *shape):
    """Inputs and what a network might learn from them."""
    xs = rng.normal(size=(*shape, 4))
    return xs, np.sin(xs.sum(axis=-1)) + 1


def loss_of_the_first(network, xs, ys):
    each = (predict_one(network, xs) - ys) ** 2
    return {"each": each, "loss": each.mean()}


def loss_one_by_one(network, xs, ys):
    each = jnp.stack([(predict_one(network, x) - y) ** 2 for x, y in zip(xs, ys, strict=True)])
    return {"each": each, "loss": each.mean()}


def loss_added_up(network, xs, ys):
    each = (jax.vmap(predict_one, in_axes=(None, 0))(network, xs) - ys) ** 2
    return {"each": each, "loss": each.sum()}


exercise(
    network_loss,
    inputs=lambda rng, n: (a_deep_network(rng), *some_data(rng, n)),
    requires=ANYWHERE,
    equal_mutants={"predictions - ys → ys - predictions (line 3)": "it is squared"},
    hints=[
        "Which argument of `predict_one` has a batch axis?",
        "`in_axes` has one entry for each argument. `None` shares the whole network, a pytree.",
        "`jax.vmap(predict_one, in_axes=(None, 0))(network, xs)` returns the predictions.",
    ],
    explanation="`None` stands for the whole pytree. Note that `predict_one(network, xs)` runs "
    "too, and returns the first prediction for all examples: the `[0]` is right for one example "
    "only. `each` costs nothing beside the mean, and tells which examples are hard.",
    another="def network_loss(network, xs, ys):\n"
    "    def one(x, y):\n"
    "        return (predict_one(network, x) - y) ** 2\n\n"
    "    each = lax.map(lambda pair: one(*pair), (xs, ys))\n"
    '    return {"each": each, "loss": jnp.sum(each) / ys.size}',
    wrong_answers=[
        wrong(
            loss_of_the_first,
            "calls `predict_one` on the whole batch",
            rejected_by="values",
            advice="The shapes fit by chance: `[0]` takes the prediction for the first example, "
            "and broadcasting compares it with every `y`. Use `jax.vmap`.",
        ),
        wrong(
            loss_one_by_one,
            "loops over the examples in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="`jax.vmap` with `in_axes=(None, 0)` replaces the loop.",
        ),
        wrong(
            loss_added_up,
            "adds the errors up",
            rejected_by="values",
            advice="`each` is right. The loss is their mean, so that it does not grow with the "
            "batch.",
        ),
        wrong(
            lambda network, xs, ys: loss_added_up(network, xs, ys)["each"].mean(),
            "returns the mean alone",
            rejected_by="structure",
            advice="Return a dict with the keys `each` and `loss`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="train_step" stars=2 importance=3 minutes=12 points=2
# ## 7 · Capstone: one step of training, in place
#
# The state of the training is a dict with `"network"`, `"velocity"` (the same pytree as the
# network) and `"step"`, an integer. One step of gradient descent with momentum is, leaf by leaf,
#
# ```
# velocity = 0.9 * velocity + gradient
# network  = network - 0.05 * velocity      (the new velocity)
# step     = step + 1
# ```
#
# Write `train_step`, which returns the new state and the loss before the step. It is **jitted
# and donates the state**, so that the new state can be written over the old one. Below the
# function, add a line `train_step = jax.jit(train_step, ...)`.


# %% given="mean_loss"
def mean_loss(network, xs, ys):
    """The loss of a batch, for a network of two layers: xs (n, 4), ys (n,) -> ()."""
    first, last = network
    hidden = jnp.tanh(xs @ first["w"] + first["b"])
    return jnp.mean((hidden @ last["w"][:, 0] + last["b"] - ys) ** 2)


# %% solution="train_step"
def train_step(state, xs, ys):
    """state a dict, donated, xs (n, 4), ys (n,) -> (state, loss)."""
    ### BEGIN SOLUTION
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


train_step = jax.jit(train_step, donate_argnums=0)
### END SOLUTION


# %% check="train_step"
check(train_step)
### BEGIN HIDDEN TESTS


def momentum(state, xs, ys):
    """The step, neither jitted nor donating."""
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


@partial(jax.jit, donate_argnums=0)
def moves_by_the_old_velocity(state, xs, ys):
    new, loss = momentum(state, xs, ys)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], state["velocity"])
    return {**new, "network": network}, loss


@partial(jax.jit, donate_argnums=0)
def forgets_the_velocity(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    network = jax.tree.map(lambda p, g: p - 0.05 * g, state["network"], gradient)
    return {"network": network, "velocity": gradient, "step": state["step"] + 1}, loss


@partial(jax.jit, donate_argnums=0)
def keeps_the_loss(state, xs, ys):
    return momentum(state, xs, ys)[0]


exercise(
    train_step,
    inputs=lambda rng, n: (
        {"network": a_network(rng), "velocity": a_network(rng), "step": rng.integers(1, 100)},
        *some_data(rng, n),
    ),
    requires=[
        matches_reference(),
        grows_with_batch(share=0.5),
        donates_like_reference(),
    ],
    hints=[
        "`jax.value_and_grad(mean_loss)` gives the loss and a gradient that is a pytree like the "
        "network. `jax.tree.map` takes several pytrees.",
        "`velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state['velocity'], gradient)`, then "
        "the network in the same way, from the new velocity.",
        "Below the function, write `train_step = jax.jit(train_step, donate_argnums=0)`: argument "
        "0 is the state.",
    ],
    explanation="Every array of the new state has the shape and dtype of one in the old state, so "
    "each can be written over the old one: training needs memory for one state and not for two. "
    "The batch is not donated, and no result has its shape anyway.",
    another="@partial(jax.jit, donate_argnames='state')\n"
    "def train_step(state, xs, ys):\n"
    "    loss, gradient = jax.value_and_grad(lambda p: mean_loss(p, xs, ys))(state['network'])\n"
    "    old, form = jax.tree.flatten(state['network'])\n"
    "    speeds = [0.9 * v + g for v, g in zip(\n"
    "        jax.tree.leaves(state['velocity']), jax.tree.leaves(gradient))]\n"
    "    new = form.unflatten([p - 0.05 * v for p, v in zip(old, speeds)])\n"
    "    step = state['step'] + 1\n"
    "    return {'network': new, 'velocity': form.unflatten(speeds), 'step': step}, loss",
    wrong_answers=[
        wrong(
            jax.jit(momentum),
            "does not donate the state",
            rejected_by="donation",
            advice="The numbers are right, but the old state stays in memory beside the new one. "
            "Donate it with `donate_argnums=0`.",
        ),
        wrong(
            moves_by_the_old_velocity,
            "moves by the old velocity",
            rejected_by="values",
            advice="Compute the new velocity first, and use it for the network.",
        ),
        wrong(
            forgets_the_velocity,
            "leaves out the momentum",
            rejected_by="values",
            advice="The new velocity contains the old velocity, times 0.9.",
        ),
        wrong(
            keeps_the_loss,
            "returns the state alone",
            rejected_by="structure",
            advice="Return two things: the new state, and the loss before the step.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="train_by_scan" stars=2 importance=3 minutes=8 points=2
# ## 8 · Capstone: the training loop, compiled
#
# `plain_step` takes one step on one minibatch. Write `train_by_scan`, which takes a step on one
# minibatch after the other, and returns the trained network and the loss of every step. `xs` holds
# `n` minibatches of 6 examples. The whole training should be **one loop in one program**, and do no
# more work than its steps.


# %% given="plain_step"
def plain_step(network, xs, ys):
    """A step of gradient descent: xs (m, 4), ys (m,) -> (network, loss before the step)."""
    loss, gradient = jax.value_and_grad(mean_loss)(network, xs, ys)
    return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss


# %% solution="train_by_scan"
def train_by_scan(network, xs, ys):
    """xs (n, 6, 4), ys (n, 6) -> (network, losses (n,))."""

    ### BEGIN SOLUTION
    def step(network, batch):
        return plain_step(network, *batch)

    return lax.scan(step, network, (xs, ys))
    ### END SOLUTION


# %% check="train_by_scan"
check(train_by_scan)
### BEGIN HIDDEN TESTS


def trains_in_python(network, xs, ys):
    losses = []
    for x, y in zip(xs, ys, strict=True):
        network, loss = plain_step(network, x, y)
        losses.append(loss)
    return network, jnp.stack(losses)


def trains_on_all_each_time(network, xs, ys):
    def step(network, turn):
        networks, losses = jax.vmap(plain_step, in_axes=(None, 0, 0))(network, xs, ys)
        return jax.tree.map(lambda leaf: leaf[turn], (networks, losses))

    return lax.scan(step, network, jnp.arange(len(xs)))


def trains_in_parallel(network, xs, ys):
    networks, losses = jax.vmap(plain_step, in_axes=(None, 0, 0))(network, xs, ys)
    return jax.tree.map(lambda leaf: leaf.mean(axis=0), networks), losses


exercise(
    train_by_scan,
    inputs=lambda rng, n: (a_network(rng), *some_data(rng, n, 6)),
    # No number of minibatches but 1 is the size of another axis.
    sizes=(range(7, 13), 1, range(61, 101)),
    public_sizes=(5, 1, 18),
    requires=[
        matches_reference(),
        grows_with_batch("not at all"),
        uses("while", at_most=1, instead="Use one `jax.lax.scan`, which makes one loop."),
        work_within(1.25, share=0.5),
    ],
    hints=[
        "What is carried from step to step, and of what does each step get one slice?",
        "`lax.scan(step, network, (xs, ys))` gives `step` the network and one minibatch.",
        "`step(network, batch)` returns `plain_step(network, *batch)`: the new network is the "
        "carry, the loss is stacked.",
    ],
    explanation="`plain_step` returns (carry, output), as `scan` needs it, so there is hardly "
    "anything to write. The program holds the step once, for any number of steps, and Python does "
    "nothing until the training is over.",
    another="def train_by_scan(network, xs, ys):\n"
    "    def step(i, carry):\n"
    "        network, losses = carry\n"
    "        network, loss = plain_step(network, xs[i], ys[i])\n"
    "        return network, losses.at[i].set(loss)\n\n"
    "    return lax.fori_loop(0, len(xs), step, (network, jnp.zeros(len(xs))))",
    wrong_answers=[
        wrong(
            trains_in_python,
            "writes every step of the training into the program",
            rejected_by="batch loop",
            advice="The numbers are right, but a Python loop, or a scan with `unroll=True`, writes "
            "one copy of the step for each minibatch. A plain `lax.scan` holds one.",
        ),
        wrong(
            trains_in_parallel,
            "takes all steps from the same start",
            rejected_by="values",
            advice="With `vmap`, every minibatch begins with the first network. Each step has to "
            "begin with the network of the step before: carry it.",
        ),
        wrong(
            trains_on_all_each_time,
            "computes every minibatch in every step",
            rejected_by="work",
            earns=0.5,
            advice="The numbers are right, but each step computes all gradients and uses one. "
            "Pass `(xs, ys)` to `scan`, which slices them for you.",
        ),
        wrong(
            lambda network, xs, ys: (train_by_scan(network, xs, ys)[0],),
            "forgets the losses",
            rejected_by="structure",
            advice="Return the network and the losses, which are the two results of `scan`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="train_on_mesh" stars=3 importance=2 minutes=20 points=3
# ## 9 · Capstone: the same training on eight devices
#
# `mesh` has eight devices along `"x"`. All of them have the whole network. Each device holds an
# eighth of every minibatch, so `xs`, of shape `(5, n, 4)`, is cut along its **second** axis. Write
# `train_on_mesh`, which takes five steps, each with the gradient of the mean loss over the
# **whole** minibatch, and returns the trained network and the five losses. The numbers are those
# that one device would compute from all the data.
#
# Devices may send gradients and losses, added over the devices (no `all_gather`). They may not send
# data, which are too large. Use `jax.shard_map` and write the collective yourself: an answer that
# leaves it to the compiler does not pass. You can use `mean_loss` and `plain_step`. Think about
# what `grad` already adds.


# %% solution="train_on_mesh"
def train_on_mesh(mesh, network, xs, ys):
    """xs (5, n, 4), ys (5, n), both cut along axis 1 -> (network, losses (5,)), on all devices."""

    ### BEGIN SOLUTION
    def loss_of_all(network, x, y):
        return lax.pmean(mean_loss(network, x, y), "x")

    def step(network, batch):
        loss, gradient = jax.value_and_grad(loss_of_all)(network, *batch)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss

    def train(network, xs, ys):
        return lax.scan(step, network, (xs, ys))

    cut = P(None, "x")
    shared = jax.shard_map(train, mesh=mesh, in_specs=(P(), cut, cut), out_specs=P())
    return shared(network, xs, ys)
    ### END SOLUTION


# %% check="train_on_mesh"
check(train_on_mesh)
### BEGIN HIDDEN TESTS


def on_mesh(train, mesh, check_vma=True):
    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=check_vma)


def scanned(network, xs, ys):
    return lax.scan(lambda network, batch: plain_step(network, *batch), network, (xs, ys))


def averages_what_is_summed(mesh, network, xs, ys):
    def step(network, batch):
        both = jax.value_and_grad(mean_loss)(network, *batch)
        loss, gradient = lax.pmean(both, "x")
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss

    return on_mesh(lambda p, x, y: lax.scan(step, p, (x, y)), mesh)(network, xs, ys)


def trains_alone(mesh, network, xs, ys):
    def step(network, batch):
        loss_of_all = lambda *args: lax.pmean(mean_loss(*args), "x")
        loss, gradient = jax.value_and_grad(loss_of_all)(network, *batch)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss

    return on_mesh(lambda p, x, y: lax.scan(step, p, (x, y)), mesh, False)(network, xs, ys)


def averages_at_the_end(mesh, network, xs, ys):
    return on_mesh(lambda *args: lax.pmean(scanned(*args), "x"), mesh, False)(network, xs, ys)


def gathers_the_data(mesh, network, xs, ys):
    def train(network, xs, ys):
        whole = (lax.all_gather(part, "x", axis=1, tiled=True) for part in (xs, ys))
        return scanned(network, *whole)

    return on_mesh(train, mesh, False)(network, xs, ys)


exercise(
    train_on_mesh,
    inputs=lambda rng, n, mesh: (mesh, a_network(rng), *some_data(rng, 5, n)),
    meshes=("x=8",),
    in_specs=(None, P(), P(None, "x"), P(None, "x")),
    requires=[
        matches_reference(),
        sharded_like_reference(),
        communicates_like_reference(1.5, same_kinds=True),
        uses(
            "all_reduce",
            instead="Write the message yourself: `lax.pmean` of the loss, inside `jax.shard_map`.",
        ),
    ],
    hints=[
        "Inside `shard_map` a device sees the network and an eighth of each minibatch. All eighths "
        "have the same size, so the mean loss is the mean of the eight losses.",
        "Write the loss of the *whole* minibatch in the program of one device: "
        '`lax.pmean(mean_loss(network, x, y), "x")`. Differentiate that. The scan stays as it was.',
        "`in_specs=(P(), P(None, 'x'), P(None, 'x'))`, `out_specs=P()`. In the step: "
        "`jax.value_and_grad(loss_of_all)(network, *batch)`, then the update with 0.05, and no "
        "further `psum` or `pmean`.",
    ],
    explanation="The network is the same on every device, and the loss of each device depends on "
    "it. So the gradient has a part from every device, and `grad` inside `shard_map` **adds these "
    "parts by itself**: a `psum` that you did not write. A `pmean` after `grad` is too late and "
    "changes nothing. With a `pmean` in the loss, the sum is the mean. And there is a shorter "
    "way: if the data are cut over the mesh, `jit` adds the same messages to an unchanged "
    "`train_by_scan`. Use `shard_map` when you want to write them yourself.",
    another="def train_on_mesh(mesh, network, xs, ys):\n"
    "    def step(network, batch):\n"
    "        both = lax.pmean(jax.value_and_grad(mean_loss)(network, *batch), 'x')\n"
    "        loss, gradient = both\n"
    "        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss\n\n"
    "    def train(network, xs, ys):\n"
    "        return lax.scan(step, network, (xs, ys))\n\n"
    "    specs = (P(), P(None, 'x'), P(None, 'x'))\n"
    "    alone = jax.shard_map(\n"
    "        train, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False\n"
    "    )\n"
    "    return alone(network, xs, ys)  # with the check off, nothing is added up by itself",
    wrong_answers=[
        wrong(
            lambda mesh, network, xs, ys: scanned(network, xs, ys),
            "leaves the messages to the compiler",
            rejected_by="operation",
            advice="The numbers are right, but the compiler added the message that you should "
            "write. Take the step inside `jax.shard_map`, with a `lax.pmean` in the loss.",
        ),
        wrong(
            averages_what_is_summed,
            "steps along the sum of the eight gradients, and not along their mean",
            rejected_by="values",
            advice="All devices share the network, so `grad` already adds over them, and a `pmean` "
            "after it changes nothing. Take the mean of the *loss*, then differentiate. With "
            "`check_vma=False`, `grad` adds nothing: there, take the `pmean` of the gradients, not "
            "the `psum`.",
        ),
        wrong(
            trains_alone,
            "lets every device train on its own examples",
            rejected_by="values",
            advice="With `check_vma=False`, `grad` does not add over the devices, even if the loss "
            "has a `pmean`, so the eight networks differ. Leave the check on, or take the `pmean` "
            "of the gradients too.",
        ),
        wrong(
            averages_at_the_end,
            "lets every device train alone, and averages the networks at the end",
            rejected_by="values",
            advice="After the first step the eight networks differ. The gradients have to be "
            "combined in every step.",
        ),
        wrong(
            gathers_the_data,
            "sends the data to every device",
            rejected_by="communication",
            advice="The numbers are right, but every device does all the work. Send gradients, "
            "which do not grow with the data.",
        ),
        wrong(
            lambda mesh, network, xs, ys: on_mesh(scanned, mesh)(network, xs, ys),
            "leaves the losses different on every device",
            rejected_by="ValueError",
            advice="`out_specs=P()` promises that all devices hold the same values. The loss of an "
            "eighth differs from device to device: take its `pmean` before you differentiate.",
        ),
    ],
)
### END HIDDEN TESTS
