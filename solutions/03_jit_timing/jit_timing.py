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

# %% [markdown] assignment="03_jit_timing" points=20
# # Exercises: `jit` and timing
#
# The lesson is [course/03_jit_timing](../../course/03_jit_timing.ipynb). Here you repair code that
# `jit` refuses, avoid needless traces, and report a speed-up that you can defend.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
import gc
import time
from contextlib import ExitStack
from functools import partial, wraps

import jax
import jax.numpy as jnp
import numpy as np

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    is_jitted,
    is_pure,
    leaks_nothing,
    matches_reference,
    matches_when_called,
    mistake,
    question,
    runs_on_demand,
    static,
    traces_like_reference,
    uses,
    work_grows,
    work_within,
    wrong,
)

### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_jit_timing" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# `f = jax.jit(lambda x: x + 1)` is new. These six calls follow:
#
# `f(a)`, `f(2 * a)`, `f(b)`, `f(2.0)`, `f(3.0)`, `f(2)`
#
# `a` is a `float32` array of shape `(3,)`, and `b` is a `float32` array of shape `(4,)`. How many
# of the calls trace? Set `fast_track_jit_timing` to the number. If you are right without running
# the code, you will not learn much from the exercises with one star.

# %% solution="fast_track_jit_timing"
### BEGIN SOLUTION
fast_track_jit_timing = 4
### END SOLUTION

# %% check="fast_track_jit_timing"
check("fast_track_jit_timing")
### BEGIN HIDDEN TESTS
question(
    name="fast_track_jit_timing",
    answer=4,
    hints=[
        "JAX keeps a program for each key. What is in the key?",
        "Shapes and dtypes are in the key, numbers are not. Is that also true for Python numbers?",
        "A Python number is traced like a scalar array: its type counts, its value does not.",
    ],
    explanation="`f(a)` and `f(b)` have different shapes. `2.0` is a floating scalar, and `2` is "
    "an integer scalar. For `2 * a` and `3.0` there is a program already.",
    mistakes=[
        mistake(
            6,
            "lets every call trace",
            advice="The second call has the shape and dtype of the first, so it uses the same "
            "program.",
        ),
        mistake(
            5,
            "traces for each value of a Python number",
            advice="Only the value of a static argument counts. An ordinary Python float is a "
            "scalar like any other.",
        ),
        mistake(
            3,
            "takes `2.0` and `2` for the same key",
            advice="An `int` and a `float` have different dtypes.",
        ),
        mistake(
            2,
            "counts the shapes of the arrays only",
            advice="A Python number is an argument too, with a shape, `()`, and a dtype.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="static_names" stars=1 importance=3 minutes=1 points=1
# ## 1 · What must be static?
#
# We want to use `jax.jit` on `patch` below. Which of its arguments **must** be static? Set
# `static_names` to a tuple of their names, in the order of the arguments, such as `("image",
# "top")`.


# %% given="patch"
def patch(image, top, height, mode):
    """Rows of an image: image (h, w), top an int, height an int, mode "raw" or "unit"."""
    part = jax.lax.dynamic_slice_in_dim(image, top, height)
    if mode == "unit":
        part = part / jnp.max(part)
    return part


# %% solution="static_names"
### BEGIN SOLUTION
static_names = ("height", "mode")
### END SOLUTION

# %% check="static_names"
check("static_names")
### BEGIN HIDDEN TESTS
question(
    "static_names",
    answer=("height", "mode"),
    hints=[
        "Ask for each argument: does anything need its value while the function is traced?",
        "A shape needs values, and so does a Python `if`. A position in an array does not.",
        "`dynamic_slice_in_dim` takes its start as data, but its size becomes a shape.",
    ],
    explanation="`height` becomes the shape of the result, and `mode` is a string that decides a "
    "Python `if`. `top` only says where to read, so it can stay a tracer: one program works for "
    "every `top`.",
    mistakes=[
        mistake(
            ("top", "height", "mode"),
            "makes everything static that is not an array",
            advice="It would run, and trace once for every `top`. Only what is needed while "
            "tracing must be static.",
        ),
        mistake(
            ("mode",),
            "leaves the size of the slice to be traced",
            advice="The shape of the result depends on `height`, and a tracer has no number.",
        ),
        mistake(
            ("height",),
            "forgets that a string cannot be traced",
            advice="`mode` decides an `if`, and a string is not an array.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="crop" stars=2 importance=3 minutes=6 points=3
# ## 2 · One trace for all positions
#
# `crop` should return the `width` entries of `signal` that begin at `start`. It will be called with
# very many different `start`s and only one `width`, so it must be traced only **once** for all of
# them. Some of the `start`s are results of other programs, so they are arrays.
#
# The decorator is right as it is. But `signal[start : start + width]` raises an error under it. If
# you make `start` static too, the error is gone, but `crop` is traced for every `start`. Write the
# body.


# %% solution="crop"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    """signal (64,), start () int32, width a static int -> (width,), traced once for all starts."""
    ### BEGIN SOLUTION
    return jax.lax.dynamic_slice_in_dim(signal, start, width)
    ### END SOLUTION


# %% check="crop"
check(crop)


### BEGIN HIDDEN TESTS
def _width(n):
    """The second case is as wide as the first, so that both have one program."""
    return 1 if n == 1 else 8 if n < 20 else 11


def _start(rng, n):
    """Somewhere inside; at the very end in the last case."""
    return np.int32(64 - _width(n) - (0 if n >= 20 else rng.integers(1, 50)))


exercise(
    crop,
    inputs=lambda rng, n: (rng.normal(size=64), _start(rng, n), static(_width(n))),
    requires=[matches_reference(), is_jitted(), traces_like_reference()],
    hints=[
        "The size of the result is known while tracing. Its beginning is not, and need not be.",
        "Exercise 1 used a function whose start is data and whose size is static.",
        "`jax.lax.dynamic_slice_in_dim` takes the array, the start and the size.",
    ],
    explanation="A slice with a traced start is refused, because a slice of NumPy may have any "
    "length. `dynamic_slice` has a fixed length, so the start can be data, and one program works "
    "for all starts. The judge called your function with several starts and counted the traces.",
    another='@partial(jax.jit, static_argnames="width")\ndef crop(signal, start, width):\n'
    "    return signal[start + jnp.arange(width)]",
    wrong_answers=[
        wrong(
            jax.jit(lambda s, start, width: s[start : start + width], static_argnums=(1, 2)),
            "makes the start static",
            rejected_by="ValueError",
            advice="The value of a static `start` is part of the key: every new start is a new "
            "trace and a new program, and a start that is data is refused. Leave the decorator as "
            "it is, with `width` alone.",
        ),
        wrong(
            jax.jit(lambda s, start, width: s[start : start + width], static_argnums=2),
            "slices from one traced number to another",
            rejected_by="IndexError",
            advice="A slice may have any length, so it needs plain numbers. Here only the start is "
            "traced: look for a function with a start and a size.",
        ),
        wrong(
            jax.jit(lambda s, start, width: s[jnp.arange(start, start + width)], static_argnums=2),
            "needs `start` as a number while it is traced",
            rejected_by="ConcretizationTypeError",
            advice="`start` has no number while JAX traces: neither `int(start)` nor "
            "`jnp.arange(start, start + width)` can know its value. Look for a function that takes "
            "a start, which may be traced, and a size.",
        ),
        wrong(
            jax.jit(lambda s, start, width: jax.lax.dynamic_slice_in_dim(s, start, width)),
            "leaves `width` to be traced",
            rejected_by="TracerIntegerConversionError",
            advice="The decorator of the cell makes `width` static. Keep it: `width` is a shape.",
        ),
        wrong(
            lambda s, start, width: jax.lax.dynamic_slice_in_dim(s, start, width),
            "leaves the decorator out",
            rejected_by="not jitted",
            advice="The numbers are right, but without `jit` every call runs Python: keep the "
            "decorator of the cell.",
        ),
        wrong(
            jax.jit(lambda s, start, width: s[:width], static_argnums=2),
            "forgets the start",
            rejected_by="values",
            advice="You need the first entries only if `start` is 0.",
        ),
    ],
    # They only tell the cases apart.
    sizes=(range(5, 10), range(11, 20), 1, range(61, 101)),
    public_sizes=(4, 10, 1, 30),
)
### END HIDDEN TESTS

# %% [markdown] exercise="calm" stars=2 importance=3 minutes=6 points=2
# ## 3 · An `if` about values
#
# `median3` smooths a signal and is expensive. So `calm` should return the smoothed signal only if
# the magnitude of an entry of `signal` is larger than `limit`, and otherwise the signal as it is:
#
# ```python
# if jnp.max(jnp.abs(signal)) > limit:
#     return median3(signal)
# return signal
# ```
#
# Write `calm` so that it can be jitted, and so that `median3` does **not run** if it is not needed:
# the program must have a branch for each of the two cases.


# %% given="median3"
def median3(signal):
    """The median of each entry and its two neighbours: (n,) -> (n,)."""
    padded = jnp.pad(signal, 1, mode="edge")
    return jnp.median(jnp.stack([padded[:-2], signal, padded[2:]]), axis=0)


# %% solution="calm"
def calm(signal, limit):
    """signal (n,) float32, limit () float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    loud = jnp.max(jnp.abs(signal)) > limit
    return jax.lax.cond(loud, median3, lambda same: same, signal)
    ### END SOLUTION


# %% check="calm"
check(calm)


### BEGIN HIDDEN TESTS
def _calm_inputs(rng, n):
    """A signal that is loud below zero; one as loud as the limit; of one entry; loud above zero."""
    signal = rng.uniform(-0.9, 0.9, size=n)
    signal[rng.integers(n)] -= 5
    if n >= 20:
        signal = -signal
    at_limit = 10 <= n < 20
    return signal, np.max(np.abs(signal)) if at_limit else rng.uniform(1, 1.5)


exercise(
    calm,
    inputs=_calm_inputs,
    sizes=(range(5, 10), range(11, 20), 1, range(61, 101)),
    public_sizes=(4, 10, 1, 30),
    requires=[
        matches_reference(),
        uses(
            "case",
            instead="`jax.lax.cond` puts both branches into the program and runs only one of them.",
        ),
        runs_on_demand(
            "sort",  # the median's
            instead="What is computed outside of `jax.lax.cond`, or in a `cond` under `jax.vmap`, "
            "is computed on every run.",
        ),
    ],
    hints=[
        "The question is about values, so the program has to answer it, not Python.",
        "`jax.lax.cond` takes a boolean scalar, two functions, and the arguments for them.",
        "`jax.lax.cond(..., median3, ..., signal)`: the first argument is the question, and the "
        "third is a function that returns its argument.",
    ],
    explanation="`cond` passes its last arguments to one of two functions. Both are traced, but "
    "only one runs. `jnp.where` would have smoothed every signal and thrown most of the work away. "
    "Under `vmap`, every signal has a condition of its own, and then "
    "`cond` computes both branches, too.",
    another="def calm(signal, limit):\n"
    "    index = jnp.any(jnp.abs(signal) > limit).astype(jnp.int32)\n"
    "    return jax.lax.switch(index, [lambda s: s, median3], signal)",
    wrong_answers=[
        wrong(
            lambda signal, limit: median3(signal) if jnp.max(jnp.abs(signal)) > limit else signal,
            "asks Python to decide",
            rejected_by="TracerBoolConversionError",
            advice="While tracing, the comparison has no value. Pass it to `jax.lax.cond`, with "
            "one function for each outcome.",
        ),
        wrong(
            lambda signal, limit: jnp.where(
                jnp.max(jnp.abs(signal)) > limit, median3(signal), signal
            ),
            "computes both branches and picks one",
            rejected_by="operation",
            advice="`jnp.where` needs both arrays before it can choose, so `median3` runs every "
            "time. A `cond` under `jax.vmap` becomes such a choice too. Ask one question about the "
            "whole signal: with one boolean, `jax.lax.cond` runs one branch.",
        ),
        wrong(
            lambda signal, limit: jax.lax.cond(
                jnp.max(jnp.abs(signal)) > limit,
                lambda smooth, same: smooth,
                lambda smooth, same: same,
                median3(signal),
                signal,
            ),
            "smooths first and then chooses",
            rejected_by="branch",
            advice="`median3(signal)` among the arguments is computed before `cond` chooses. Pass "
            "only `signal`, and call `median3` in the branch.",
        ),
        wrong(
            lambda signal, limit: jax.lax.cond(
                jnp.max(jnp.abs(signal)) > limit, median3(signal), signal
            ),
            "hands over results in place of functions",
            rejected_by="TypeError",
            advice="`median3(signal)` is an array that is already computed. Give `cond` the "
            "functions without calling them, and `signal` after them.",
        ),
        wrong(
            lambda signal, limit: jax.lax.cond(
                jnp.max(jnp.abs(signal)) > limit, lambda same: same, median3, signal
            ),
            "has the branches exchanged",
            rejected_by="values",
            advice="The first function is for true, the second for false.",
        ),
        wrong(
            lambda signal, limit: jnp.where(jnp.abs(signal) > limit, median3(signal), signal),
            "decides for each entry by itself",
            rejected_by="values",
            advice="One loud entry is enough to smooth the whole signal: there is one answer for "
            "all entries.",
        ),
        wrong(
            lambda signal, limit: jax.lax.cond(
                jnp.max(signal) > limit, median3, lambda same: same, signal
            ),
            "overlooks what is loud below zero",
            rejected_by="values",
            advice="An entry of -5 is as loud as one of 5: compare the magnitudes.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="newton_roots" stars=2 importance=3 minutes=8 points=3
# ## 4 · A `while` about values
#
# Newton's method for square roots, in Python:
#
# ```python
# x = a
# while off(x, a):
#     x = better(x, a)
# ```
#
# `newton_roots` should do this under `jit`. It must begin with `a`, must not compute a root in any
# other way, and must stop as soon as `off` says that all roots are near enough.


# %% given="better"
def better(x, a):
    """One step of Newton's method for x * x == a: x (n,), a (n,) -> (n,)."""
    return 0.5 * (x + a / x)


def off(x, a):
    """Whether any root is still too far off: x (n,), a (n,) -> (), a boolean."""
    return jnp.any(jnp.abs(x * x - a) > 1e-5 * a)


# %% solution="newton_roots"
def newton_roots(a):
    """The square roots of positive numbers: a (n,) float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    return jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), a)
    ### END SOLUTION


# %% check="newton_roots"
check(newton_roots)


### BEGIN HIDDEN TESTS
def _by_python(a):
    x = a
    while off(x, a):
        x = better(x, a)
    return x


def _unrolled(a):
    x = a
    for _ in range(30):
        x = better(x, a)
    return x


def _squares(rng, n):
    """Numbers whose roots are nearly right a turn before the last, and 1; or one below 1, alone."""
    root = 1 + rng.uniform(2.5e-4, 4.5e-4, size=n)  # so many times too large
    for _ in range({1: 5}.get(n, 6 if n < 10 else 16)):
        root += np.sqrt(root**2 - 1)  # one turn before
    return root**-2 if n == 1 else np.append(root[1:] ** 2, 1.0)


OTHER_ROOTS = [
    uses(name, at_least=0, at_most=0, instead="Compute no root in another way: begin with `a`.")
    for name in ("sqrt", "rsqrt", "power", "log")
]


exercise(
    newton_roots,
    inputs=lambda rng, n: (_squares(rng, n),),
    requires=[
        work_within(4),
        uses("while", instead="`jax.lax.while_loop` keeps its loop in the program."),
        *OTHER_ROOTS,
        matches_reference(),
    ],
    hints=[
        "The number of turns depends on values, so the loop must be part of the program.",
        "`jax.lax.while_loop` takes a condition, a body, and the value to begin with. Both "
        "functions get the carried value.",
        "`a` does not change: write a `lambda x:` that calls `off(x, a)`, and another one that "
        "calls `better(x, a)`.",
    ],
    explanation="The condition and the body are each traced once and become one `while` in the "
    "program. The loop ends when the values say so. No Python loop can do that under `jit`, and a "
    "`fori_loop` of sixty turns does not do it either.",
    another="def newton_roots(a):\n"
    "    def one(v):\n"
    "        return jax.lax.while_loop(lambda x: off(x, v), partial(better, a=v), v)\n"
    "    return jax.vmap(one)(a)",
    wrong_answers=[
        wrong(
            lambda a: jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), jnp.sqrt(a)),
            "begins with the roots themselves",
            rejected_by="operation",
            advice="Then the loop has nothing to do. Begin Newton's method with `a`.",
        ),
        wrong(
            lambda a: jax.lax.fori_loop(0, 10, lambda i, x: better(x, a), a),
            "runs ten turns, whatever the numbers are",
            rejected_by="work",
            advice="Ten turns are too many for small numbers, and large ones need more: ask `off`.",
        ),
        wrong(
            _by_python,
            "lets Python ask whether to go on",
            rejected_by="TracerBoolConversionError",
            advice="`off` returns a tracer, which has no truth value yet. Give the question itself "
            "to `jax.lax.while_loop`, as a function.",
        ),
        wrong(
            lambda a: jax.lax.fori_loop(0, 60, lambda i, x: better(x, a), a),
            "runs a fixed number of turns, to be on the safe side",
            rejected_by="work",
            advice="Most of those turns change nothing. A `while_loop` can ask `off` and stop.",
        ),
        wrong(
            _unrolled,
            "writes many turns into the program",
            rejected_by="work",
            advice="A Python loop is unrolled: the program has its body once per turn, and the "
            "number of turns is fixed while tracing.",
        ),
        wrong(
            lambda a: jax.lax.while_loop(
                lambda x: jnp.all(jnp.abs(x * x - a) > 1e-5 * a), lambda x: better(x, a), a
            ),
            "stops when the first root is found",
            rejected_by="values",
            advice="The loop has to go on while *any* root is off. `off` already tells you that.",
        ),
        wrong(
            lambda a: jax.lax.while_loop(
                lambda x: ~off(x, a), lambda x: better(x, a), better(a, a)
            ),
            "takes one step at most",
            rejected_by="values",
            advice="`while_loop` runs the body as long as its condition is **true**: say when to "
            "go on, not when to stop. `off` of the newest `x` says it.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="account_history" stars=2 importance=3 minutes=8 points=2
# ## 5 · A loop that remembers
#
# `month` computes next month's balance from this month's. In Python, the history of an account is
#
# ```python
# history = []
# for deposit in deposits:
#     start = month(start, deposit)
#     history.append(start)
# ```
#
# Under `jit` this loop is unrolled: for ten years the program has `month` 120 times. Write
# `account_history`, whose program has the same length for any number of months.


# %% given="month"
def month(balance, deposit):
    """One month: interest, then the deposit, and never below zero: (), () -> ()."""
    return jnp.maximum(1.01 * balance + deposit, 0.0)


# %% solution="account_history"
def account_history(start, deposits):
    """The balance after each month: start () float32, deposits (n,) float32 -> (n,) float32."""

    ### BEGIN SOLUTION
    def turn(balance, deposit):
        later = month(balance, deposit)
        return later, later

    return jax.lax.scan(turn, start, deposits)[1]
    ### END SOLUTION


# %% check="account_history"
check(account_history)


### BEGIN HIDDEN TESTS
def _history(start, deposits):
    balances = []
    for paid in deposits:
        start = month(start, paid)
        balances.append(start)
    return jnp.stack(balances)


def _deposits(rng, n):
    """n deposits, of which the second, or the only one, takes out more than is in the account."""
    deposits = rng.normal(size=n)
    deposits[min(1, n - 1)] -= 12
    return deposits


exercise(
    account_history,
    inputs=lambda rng, n: (rng.uniform(1, 5), _deposits(rng, n)),
    public_sizes=(4, 1, 30),
    hints=[
        "Each month has two results: the value to carry on, and the entry of the history.",
        "`jax.lax.scan(body, start, deposits)`, where `body(balance, deposit)` returns a pair.",
        "The body returns the new balance twice. `scan` returns the last carry and the stack.",
    ],
    explanation="The body of a `scan` returns two things: the first is carried to the next turn, "
    "and the second is stacked. The body is traced once and compiled once, so the program has "
    "`month` only once.",
    another="def account_history(start, deposits):\n"
    "    def put(i, state):\n"
    "        balance, history = state\n"
    "        balance = month(balance, deposits[i])\n"
    "        return balance, history.at[i].set(balance)\n"
    "    begin = (start, jnp.zeros_like(deposits))\n"
    "    return jax.lax.fori_loop(0, len(deposits), put, begin)[1]",
    wrong_answers=[
        wrong(
            _history,
            "writes every month into the program",
            rejected_by="batch loop",
            advice="A Python loop writes the body once for each month, and so does a scan with "
            "`unroll=True`. A plain `jax.lax.scan` writes it once.",
        ),
        wrong(
            lambda start, deposits: jax.lax.scan(
                lambda b, d: (month(b, d), month(b, d)), start, deposits
            )[0],
            "returns the last balance only",
            rejected_by="shape",
            advice="`scan` returns two things: the last carry, and the stacked outputs.",
        ),
        wrong(
            lambda start, deposits: jax.lax.scan(lambda b, d: (month(b, d), b), start, deposits)[1],
            "puts the balance before each month into the history",
            rejected_by="values",
            advice="The second thing that the body returns is stacked: make it the new balance.",
        ),
        wrong(
            lambda start, deposits: jax.lax.scan(month, start, deposits)[1],
            "hands `month` to scan as it is",
            rejected_by="TypeError",
            advice="`month` returns one number. A body of `scan` returns a pair: what to carry, "
            "and what to stack.",
        ),
        wrong(
            lambda start, deposits: start + jnp.cumsum(deposits),
            "adds up the deposits",
            rejected_by="values",
            advice="That is an account without interest, and it may go below zero: use `month`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="fade_in" stars=1 importance=2 minutes=4 points=1
# ## 6 · The clock inside
#
# `fade_in_by_clock` makes an image brighter, beginning at the time `start`. After 8 milliseconds
# the image has its full brightness. Without `jit` this works. Under `jit` the clock is read only
# once, while tracing, and the brightness stays the same. Write `fade_in`, which does the same
# without a clock: the argument `now` is the time of the call.


# %% given="fade_in_by_clock"
begin = time.perf_counter()


def clock():
    """The milliseconds since this cell was run."""
    return 1e3 * (time.perf_counter() - begin)


def fade_in_by_clock(image, start):
    """image (n, 3), start () -> (n, 3)."""
    return image * jnp.clip((clock() - start) / 8, 0, 1)


# %% solution="fade_in"
def fade_in(image, start, now):
    """image (n, 3), start (), now (), all float32 -> (n, 3) float32."""
    ### BEGIN SOLUTION
    return image * jnp.clip((now - start) / 8, 0, 1)
    ### END SOLUTION


# %% check="fade_in"
check(fade_in)


### BEGIN HIDDEN TESTS
def _times(rng, n):
    """When it starts and when it is called: while it brightens; of one row before it; after it."""
    start = rng.uniform(5, 6)
    passed = (12, 20) if n >= 10 else (-4, -2) if n == 1 else (2, 7)
    return start, start + rng.uniform(*passed)


exercise(
    fade_in,
    equal_mutants={
        "(now - start) / 8, 0 → swapped (line 2)": "of 0 and a lower bound the larger is taken"
    },
    inputs=lambda rng, n: (rng.normal(size=(n, 3)), *_times(rng, n)),
    requires=[matches_reference(), is_pure()],
    hints=[
        "What does the program know about the time? Only what you pass to it.",
        "Take the line of `fade_in_by_clock`, and replace the call that reads the clock.",
        "Write `now` in place of `clock()`. The caller reads the clock.",
    ],
    explanation="A function for `jit` should depend only on its arguments. What varies from call "
    "to call, such as the time, a counter or a random key, must be an argument. The caller, which "
    "is not compiled, provides it. The judge traced your function twice and compared the programs.",
    another="def fade_in(image, start, now):\n"
    "    lit = jnp.minimum(now - start, 8.0) / 8.0\n"
    "    return jnp.where(lit > 0, lit, 0.0) * image",
    wrong_answers=[
        wrong(
            lambda image, start, now: image * jnp.clip((clock() - start) / 8, 0, 1),
            "still reads the clock inside",
            rejected_by="values",
            advice="The clock is read while tracing, and its number becomes a constant of the "
            "program. Use `now` as the time.",
        ),
        wrong(
            lambda image, start, now: image * np.clip(float(now - start) / 8, 0, 1),
            "turns the time into a Python number",
            rejected_by="ConcretizationTypeError",
            advice="While tracing there is no number to convert. Keep it an array and use `jnp`.",
        ),
        wrong(
            lambda image, start, now: image * jnp.clip((start - now) / 8, 0, 1),
            "counts the time backwards",
            rejected_by="values",
            advice="The time that has passed is `now - start`.",
        ),
        wrong(
            lambda image, start, now: image * jnp.clip(now / 8, 0, 1),
            "forgets when it began",
            rejected_by="values",
            advice="The image begins to get brighter at `start`, not at 0.",
        ),
        wrong(
            lambda image, start, now: image * (now - start) / 8,
            "leaves out the clipping",
            rejected_by="values",
            advice="Before `start` the image is dark, and after 8 milliseconds its brightness no "
            "longer changes.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="score_and_hidden" stars=2 importance=2 minutes=5 points=2
# ## 7 · A tracer must not leak
#
# `score` keeps its hidden layer in a list, so that you can look at it later. Without `jit` that
# works. Under `jit` the list contains tracers, and using one raises an `UnexpectedTracerError`.
# Write `score_and_hidden`, which returns the same score and the hidden layer as a tuple. Do not
# store the hidden layer anywhere else. Leave `sealed` above your function: it lets JAX look for
# leaked tracers, and raises an exception if there is one.


# %% given="score"
def sealed(function):
    """The same function, jitted; tracing it raises an exception if a tracer leaks."""

    @wraps(function)
    def traced(weights, xs):
        with jax.checking_leaks(), ExitStack() as after:
            gc.freeze()  # JAX looks at every Python object; now only at new ones
            after.callback(gc.unfreeze)
            return jax.jit(function)(weights, xs)

    return traced


kept = []


def score(weights, xs):
    """weights {"in": (3, 4), "out": (4,)}, xs (n, 3) -> (n,)."""
    hidden = jnp.tanh(xs @ weights["in"])
    kept.append(hidden)
    return hidden @ weights["out"]


# %% solution="score_and_hidden"
@sealed
def score_and_hidden(weights, xs):
    """weights {"in": (3, 4), "out": (4,)}, xs (n, 3) -> a tuple: scores (n,), hidden (n, 4)."""
    ### BEGIN SOLUTION
    hidden_layer = jnp.tanh(xs @ weights["in"])
    return hidden_layer @ weights["out"], hidden_layer
    ### END SOLUTION


# %% check="score_and_hidden"
check(score_and_hidden)


### BEGIN HIDDEN TESTS
@sealed
def _keeps_too(weights, xs):
    scores = score(weights, xs)
    return scores, kept[-1]


def _takes_numbers_out(weights, xs):
    hidden = np.asarray(xs @ weights["in"])
    return np.tanh(hidden) @ weights["out"], np.tanh(hidden)


exercise(
    score_and_hidden,
    inputs=lambda rng, n: (
        {"in": rng.normal(size=(3, 4)), "out": rng.normal(size=4)},
        rng.normal(size=(n, 3)),
    ),
    requires=[matches_reference(), leaks_nothing()],
    equal_mutants={
        "drop @sealed (line 2)": "the seal looks for tracers that got out, and none did",
    },
    hints=[
        "There is one right way to get a value out of a traced function.",
        "Return the hidden layer together with the score. You do not need the list.",
        "Compute `hidden` as in `score`, and return a tuple of two arrays.",
    ],
    explanation="Whatever is returned becomes a result of the program, and the caller gets "
    "numbers. Whatever is stored while tracing stays a tracer, and also keeps the whole trace in "
    "memory. `jax.checking_leaks()`, which `sealed` uses, finds such leaks in your own code too.",
    another="@sealed\ndef score_and_hidden(weights, xs):\n"
    "    def one(x):\n"
    '        layer = jnp.tanh(jnp.dot(x, weights["in"]))\n'
    '        return jnp.dot(layer, weights["out"]), layer\n'
    "    return jax.vmap(one)(xs)",
    wrong_answers=[
        wrong(
            _keeps_too,
            "returns both and goes on filling the list",
            rejected_by="Exception",
            advice="The values are right, but the list still holds a tracer. Do not call `score`, "
            "and append to nothing.",
        ),
        wrong(
            lambda weights, xs: jnp.tanh(xs @ weights["in"]) @ weights["out"],
            "returns the score only",
            rejected_by="structure",
            advice="The hidden layer is missing: return a tuple of two arrays.",
        ),
        wrong(
            lambda weights, xs: (
                jnp.tanh(xs @ weights["in"]),
                jnp.tanh(xs @ weights["in"]) @ weights["out"],
            ),
            "returns the hidden layer first",
            rejected_by="shape",
            advice="The score comes first, then the hidden layer.",
        ),
        wrong(
            _takes_numbers_out,
            "turns the hidden layer into NumPy to be rid of the tracer",
            rejected_by="TracerArrayConversionError",
            advice="A tracer has no numbers to convert. Return it, and the caller gets numbers.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="honest_speedup" stars=1 importance=3 minutes=4 points=2
# ## 8 · A speed-up that you can defend
#
# A program was timed many times before a change and many times after it. The first entry of each
# array is the first call, which traces and compiles. The others are ordinary calls. Some of them
# were slow because the machine was busy with something else. Write `honest_speedup`: the **median**
# of the ordinary calls before the change, divided by the median of the ordinary calls after it.
#
# This is ordinary Python, so use NumPy.


# %% solution="honest_speedup"
def honest_speedup(before, after):
    """How many times faster: before (k,), after (m,), NumPy arrays of seconds -> a float."""
    ### BEGIN SOLUTION
    return float(np.median(before[1:]) / np.median(after[1:]))
    ### END SOLUTION


# %% check="honest_speedup"
check(honest_speedup)


### BEGIN HIDDEN TESTS
def _timings(rng, n, typical):
    """A first call and n others, of which one is slower yet than the first."""
    seconds = typical * rng.uniform(0.9, 1.3, size=n + 1)
    seconds[0] += 50 * typical
    seconds[rng.integers(1, n + 1)] *= 90
    return seconds


exercise(
    honest_speedup,
    equal_mutants={
        "return float(np.median(before[1:]) / …ter[1:])) → stop_gradient of it (line 2)": "nobody "
        "differentiates it",
        "float(…) → its first argument (line 2)": "a NumPy float is as good as one of Python",
    },
    inputs=lambda rng, n: (_timings(rng, n, rng.uniform(4, 8)), _timings(rng, n + 3, 1.0)),
    requires=[matches_when_called()],
    hints=[
        "Which entries are not ordinary calls?",
        "`before[1:]` leaves out the first call. One slow entry hardly changes `np.median`.",
        "Divide the median of `before[1:]` by the median of `after[1:]`.",
    ],
    explanation="The first call measures the compiler. One slow run changes a mean a lot: "
    '"178 ms ± 132 ms" can be six runs of 124 ms and one of 501 ms. The median is the time of an '
    "ordinary call. But no formula can repair a comparison of two different dtypes.",
    another="def honest_speedup(before, after):\n"
    "    def middle(times):\n"
    "        warm = np.sort(times[1:])\n"
    "        half = len(warm) // 2\n"
    "        return (warm[half] + warm[-half - 1]) / 2\n"
    "    return middle(before) / middle(after)",
    wrong_answers=[
        wrong(
            lambda before, after: np.mean(before[1:]) / np.mean(after[1:]),
            "takes means",
            rejected_by="values",
            advice="One slow run changes a mean. Use the median of the ordinary calls.",
        ),
        wrong(
            lambda before, after: np.median(before) / np.median(after),
            "counts the first call in",
            rejected_by="values",
            advice="The first call traces and compiles. Leave it out before you take the median.",
        ),
        wrong(
            lambda before, after: np.median(after[1:]) / np.median(before[1:]),
            "divides the wrong way round",
            rejected_by="values",
            advice="Twice as fast means half the time: divide the time before by the time after.",
        ),
        wrong(
            lambda before, after: np.median(before[1:] / after[1:]),
            "pairs runs that have nothing to do with each other",
            rejected_by="ValueError",
            advice="The two arrays may have different lengths. Take each median first, then "
            "divide.",
        ),
        wrong(
            lambda before, after: np.mean(before) / np.mean(after),
            "takes means, the first calls included",
            rejected_by="values",
            advice="Two things are wrong: the first call compiles, and a slow run changes a mean. "
            "Leave out the first call, and take medians.",
        ),
        wrong(
            lambda before, after: before[0] / after[0],
            "compares the first calls",
            rejected_by="values",
            advice="The first entries measure the compiler. Use all the others.",
        ),
        wrong(
            lambda before, after: np.min(before[1:]) / np.min(after[1:]),
            "takes the fastest calls",
            rejected_by="values",
            advice="On a machine that others use too, the fastest call is also a fair measure. But "
            "this exercise asks for the median.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="recurrence" stars=3 importance=2 minutes=15 points=3
# ## 9 · A puzzle: a loop without a loop
#
# Each `h` is computed from the one before: `h[0] = b[0]`, and then `h[t] = a[t] * h[t - 1] + b[t]`.
# This looks like a loop that cannot be avoided. As a `scan` it takes `n` turns, one after another,
# even if many cores are free.
#
# Write `recurrence` **without a loop**: the program must have no `while` and at most 40 `multiply`,
# although `n` can be several hundred. Its work must stay far below `n * n`. Do not divide by
# products of `a`, because these become too small for `float32`. The lesson shows a scan that joins
# pairs. What would you have to join here?


# %% given="recurrence_by_scan"
def recurrence_by_scan(a, b):
    """What is asked for, by a loop: a (n,), b (n,) -> (n,)."""

    def step(h, row):
        h = row[0] * h + row[1]
        return h, h

    return jax.lax.scan(step, jnp.zeros(()), (a, b))[1]


# %% solution="recurrence"
def recurrence(a, b):
    """All h[t] = a[t] * h[t - 1] + b[t], from h[0] = b[0] on: a (n,), b (n,) -> (n,), float32."""

    ### BEGIN SOLUTION
    def after(first, second):
        return first[0] * second[0], second[0] * first[1] + second[1]

    return jax.lax.associative_scan(after, (a, b))[1]
    ### END SOLUTION


# %% check="recurrence"
check(recurrence)


### BEGIN HIDDEN TESTS
def _row_by_row(a, b):
    def turn(h, pair):
        h = pair[0] * h + pair[1]
        return h, h

    return jax.lax.scan(turn, 0 * b[0], (a, b))[1]


def _every_pair(a, b):
    t = jnp.arange(a.shape[0])
    later = t[None, :] > t[:, None]
    weights = jnp.cumprod(jnp.where(later, a, 1.0), axis=1)
    return b @ jnp.where(t[None, :] >= t[:, None], weights, 0.0)


def _exchanged(a, b):
    def compose(right, left):
        return left[0] * right[0], right[0] * left[1] + right[1]

    return jax.lax.associative_scan(compose, (a, b))[1]


def _sums_only(a, b):
    def compose(left, right):
        return left[0] * right[0], left[1] + right[1]

    return jax.lax.associative_scan(compose, (a, b))[1]


def _last_few(a, b, rows):
    """h without what lies further back than so many rows."""
    h = b
    for _ in range(rows):
        h = b + a * jnp.roll(h, 1).at[0].set(0)
    return h


exercise(
    recurrence,
    # An h that is never forgotten, after a start where it nearly is, with factors of both signs.
    inputs=lambda rng, n: (
        rng.choice([-1, 1], size=n)
        * np.where(np.arange(n) < n // 4, rng.uniform(0.01, 0.1, n), rng.uniform(0.98, 1.0, n)),
        rng.normal(size=n),
    ),
    sizes=(range(120, 141), 1, range(361, 400)),
    public_sizes=(64, 1, 160),
    requires=[
        matches_reference(),
        uses(
            "while",
            at_most=0,
            instead="Do not compute h step by step. Ask what two steps in a row do to any h.",
        ),
        uses(
            "multiply",
            at_least=0,
            at_most=40,
            instead="One multiplication per row is an unrolled loop. Join steps in pairs.",
        ),
        work_grows("n log n"),
        grows_with_batch("not at all"),
    ],
    hints=[
        "A step is a function: h becomes a * h + b. Which function are two steps in a row? It has "
        "the same form, so a pair (a, b) describes it too.",
        "Joining functions is associative: you can join neighbours in pairs, then pairs of pairs, "
        "all at once, in about 2 log2(n) rounds. `jax.lax.associative_scan` does these rounds for "
        "you, and returns the result for every beginning.",
        "First (a1, b1), then (a2, b2): h becomes a2 * (a1 * h + b1) + b2. Write this as a "
        "function of two pairs that returns a pair, and scan the pair `(a, b)` with it.",
    ],
    explanation="The values depend on each other, but the *steps* do not: two steps can be joined "
    "to one step of the same form before any `h` is known. So all steps can be joined in a tree "
    "with a number of rounds that grows like log2(n). State-space models are trained in this way, "
    "and adders in processors compute their carries in this way.",
    another="def recurrence(a, b):\n"
    "    shift = 1\n"
    "    while shift < a.shape[0]:  # Python's loop: log2(n) rounds, written out\n"
    "        earlier_a = jnp.concatenate([jnp.ones(shift), a[:-shift]])\n"
    "        earlier_b = jnp.concatenate([jnp.zeros(shift), b[:-shift]])\n"
    "        a, b = a * earlier_a, a * earlier_b + b\n"
    "        shift *= 2\n"
    "    return b",
    wrong_answers=[
        wrong(
            lambda a, b: _last_few(a, b, 38),
            "uses only the last rows before each one",
            rejected_by="values",
            advice="If `a` is near 1, nothing is forgotten: every row counts for all later rows.",
        ),
        wrong(
            _row_by_row,
            "goes through the rows one after another",
            rejected_by="operation",
            advice="That is the loop that you should avoid. What can you say about two steps in a "
            "row before `h` is known?",
        ),
        wrong(
            _every_pair,
            "weighs every earlier row for every later one",
            rejected_by="work",
            advice="A table of n times n products needs no loop, but far too much work. Join "
            "neighbouring steps, and use the joined steps again.",
        ),
        wrong(
            lambda a, b: jnp.cumprod(a) * jnp.cumsum(b / jnp.cumprod(a)),
            "divides by the running product",
            rejected_by="values",
            advice="The formula is right on paper. In float32 the product becomes zero and the "
            "quotient is lost. Join steps without dividing.",
        ),
        wrong(
            _exchanged,
            "joins the steps in the wrong order",
            rejected_by="values",
            advice="The first argument is the earlier step. Its b passes through the later step, "
            "so it is multiplied by the later a.",
        ),
        wrong(
            _sums_only,
            "lets the earlier b pass through unchanged",
            rejected_by="values",
            advice="Replace h by a1 * h + b1 in a2 * h + b2, and look at what happens to b1.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 10 · In your own words
#
# A colleague says: "`%timeit f(x)` takes 20 ms with NumPy, `%timeit jitted(x)` takes 0.1 ms. That
# is 200 times faster." Name two questions that you would ask before you believe this. For each, say
# what the number may be hiding. A person reads this.

# %% [markdown] written="two_questions" minutes=4 points=1
# ### BEGIN SOLUTION
# Two of: Did the measurement wait for the result? (Without `block_until_ready` it only measures how
# long it takes to start the work.) Are the dtype and the device the same? (NumPy's default is
# float64, JAX's is float32.) Was the first call left out, and how many calls pay for compiling? How
# large is the array? (NumPy is better at small ones.) Is it a mean or a median, and of how many
# runs?
#
# Rubric:
#
# - 0.5: a question, with what the number may be hiding
# - 0.5: a second question, with what the number may be hiding
# ### END SOLUTION
