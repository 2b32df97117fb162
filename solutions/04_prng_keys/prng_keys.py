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

# %% [markdown] assignment="04_prng_keys" points=20
# # Exercises: random numbers with a key
#
# The lesson is [course/04_prng_keys](../../course/04_prng_keys.ipynb).
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.
#
# Every `key` here is a typed key of shape `()`, as `jax.random.key(…)` makes it. To try your
# answer, call it with `jax.random.key(0)`.
#
# If an exercise asks for random numbers and does not say which ones, any independent draws from the
# right distribution pass.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    distributed_like_reference,
    exercise,
    grows_with_batch,
    independent_streams,
    is_pure,
    matches_reference,
    mistake,
    question,
    static,
    typed_key,
    uses_keys_once,
    wrong,
)

ONE_PERCENT = "a spread that is 1 % too wide shows in 200,000 numbers, and fewer are drawn"
SYMMETRIC = "the noise has the same distribution with the other sign"


def a_key(rng, n=None):
    """A random key.

    With a batch size, two keys of that size differ in one of their two numbers only: in the second
    up to a size of 20, then in the first. So an answer that uses only one of them is found out.
    """
    key = rng.integers(0, 2**32, 2, dtype="uint32")
    if n is not None:
        key[int(n > 20)] = 2_654_435_761 * (n + 1) % 2**32
    return typed_key(key)


def repeated(rng, length):
    """Some normal numbers, repeated: a long array that takes little space in a file."""
    return np.resize(rng.normal(size=100), length)


# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_prng_keys" stars=2 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question for those who have used JAX before. `key` is a new key. Which line gives two arrays
# that are independent of each other? Answer `"a"`, `"b"`, `"c"` or `"d"`. If you also know why the
# other three lines do not, skip the lesson and go on with exercise 3.
#
# ```python
# a = normal(key, (9,)), uniform(key, (9,))
# b = normal(split(key)[0], (9,)), normal(fold_in(key, 0), (9,))
# c = normal(fold_in(key, 0), (9,)), normal(fold_in(key, 1), (9,))
# d = normal(key, (9,)), normal(split(key)[1], (9,))
# ```

# %% solution="fast_track_prng_keys"
### BEGIN SOLUTION
fast_track_prng_keys = "c"
### END SOLUTION

# %% check="fast_track_prng_keys"
check("fast_track_prng_keys")
### BEGIN HIDDEN TESTS
question(
    name="fast_track_prng_keys",
    answer="c",
    hints=[
        "A key is used once: to draw, or to split, or to fold numbers into it.",
        "Three of the lines use `key` itself in two ways.",
        "Folding different numbers into one key is one way of using it.",
    ],
    explanation="If you fold 0 and 1 into a key, you get two different keys. In `a` both arrays "
    "come from the same bits, in `b` the two keys are equal, and `d` draws from a key that it also "
    "splits.",
    mistakes=[
        mistake(
            "a",
            "takes another function for another key",
            advice="`normal` and `uniform` start from the same bits, so each number of one array "
            "follows from the number at the same place in the other.",
        ),
        mistake(
            "b",
            "takes `split` and `fold_in` for two separate families",
            advice="Child 0 of a split is the key with 0 folded in. Print both with "
            "`jax.random.key_data`.",
        ),
        mistake(
            "d",
            "draws from a key that is also split",
            advice="The bits that you draw from the parent are computed from the keys of its "
            "children. After a split, do not use the parent again.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="two_noises" stars=1 importance=3 minutes=1 points=1
# ## 1 · Two draws from one key
#
# Write `two_noises`, which returns a tuple of two arrays of standard normal numbers. Both have the
# shape of `signal`, and they are independent of each other.


# %% solution="two_noises"
def two_noises(key, signal):
    """key (), signal (n,) -> a tuple of two arrays (n,) float32."""
    ### BEGIN SOLUTION
    key_one, key_two = jax.random.split(key)
    return jax.random.normal(key_one, signal.shape), jax.random.normal(key_two, signal.shape)
    ### END SOLUTION


# %% check="two_noises"
check(two_noises)
### BEGIN HIDDEN TESTS
exercise(
    two_noises,
    # Every size but 1 is drawn with two keys, here and in the next exercises. 20,000 numbers tell a
    # distribution that is cut at three standard deviations.
    inputs=lambda rng, n: (a_key(rng, n), repeated(rng, 1 if n == 1 else 800 * n)),
    sizes=(20, 20, 1, 41, 41),
    public_sizes=(10, 10, 1, 27, 27),
    requires=[
        distributed_like_reference(),
        uses_keys_once(),
        independent_streams(),
        is_pure(),
    ],
    equal_mutants={
        "jax.random.normal(key_one, signal.shape), jax.random.normal(key_two, signal.shape) → "
        "swapped (line 3)": "either key may draw the first",
        "normal(…) → 1.01 times it (line 3)": ONE_PERCENT,
        "normal(…) → 1.01 times it (line 3, place 2)": ONE_PERCENT,
    },
    hints=[
        "One key, one draw. How many keys do you need?",
        "`jax.random.split(key)` gives two keys.",
        "Draw once with each of the two, `jax.random.normal(one_key, signal.shape)`, and do not "
        "draw with `key` itself.",
    ],
    explanation="The split uses up the key that you were given. Each of the two new keys is used "
    "for one draw.",
    another="def two_noises(key, signal):\n"
    "    both = jax.random.normal(key, (2, *signal.shape))\n"
    "    return both[0], both[1]",
    wrong_answers=[
        wrong(
            lambda key, signal: (jax.random.normal(key, signal.shape),) * 2,
            "draws once and gives it twice",
            rejected_by="correlated",
            advice="The two noises must be independent of each other: two keys, two draws.",
        ),
        wrong(
            lambda key, signal: (
                jax.random.normal(key, signal.shape),
                jax.random.normal(key, signal.shape),
            ),
            "draws twice from the same key",
            rejected_by="key reuse",
            advice="The same key gives the same numbers, so your two arrays are equal. Split "
            "the key first.",
        ),
        wrong(
            lambda key, signal: (
                jax.random.normal(key, signal.shape),
                jax.random.normal(jax.random.split(key)[1], signal.shape),
            ),
            "draws from the key that it also splits",
            rejected_by="key reuse",
            advice="After a split, do not use the parent again. Use both children.",
        ),
        wrong(
            lambda key, signal: (
                jax.random.normal(key, signal.shape),
                jax.random.normal(key + 1, signal.shape),
            ),
            "makes a second key by adding 1",
            rejected_by="TypeError",
            advice="A key is not a number, and JAX refuses to calculate with it. "
            "`jax.random.split` makes new keys.",
        ),
        wrong(
            lambda key, signal: tuple(
                jax.random.uniform(one, signal.shape) for one in jax.random.split(key)
            ),
            "draws from the uniform distribution",
            rejected_by="distribution",
            advice="Standard normal numbers come from `jax.random.normal`.",
        ),
        wrong(
            lambda key, signal: tuple(
                jax.random.normal(one, signal.shape) for one in jax.random.split(jax.random.key(0))
            ),
            "makes a key of its own and ignores the one it is given",
            rejected_by="correlated",
            advice="With a fixed seed inside, every call returns the same numbers. Split the key "
            "that the caller gives.",
        ),
        wrong(
            lambda key, signal: tuple(
                jnp.asarray(np.random.default_rng(seed).normal(size=signal.shape))
                for seed in range(2)
            ),
            "draws with NumPy",
            rejected_by="correlated",
            advice="NumPy draws while the function is traced, and its numbers become constants of "
            "the program. Draw with `jax.random`, from the key that the caller gives.",
        ),
        wrong(
            lambda key, signal: tuple(
                signal + jax.random.normal(one, signal.shape) for one in jax.random.split(key)
            ),
            "adds the noise to the signal",
            rejected_by="distribution",
            advice="Return only the noise. `signal` is there for its shape.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="fresh_params" stars=1 importance=3 minutes=4 points=2
# ## 2 · A key for every leaf
#
# Write `fresh_params`, which makes the first parameters of a small model. It returns a dictionary
# of three arrays. `"query"` and `"value"` have the shape `(width, 2000)` and are normal with
# standard deviation 0.1. `"bias"` has the shape `(2000,)` and is uniform between -1 and 1. All
# numbers are independent. `width` is a Python integer.


# %% solution="fresh_params"
def fresh_params(key, width):
    """key () -> {"query": (width, 2000), "value": (width, 2000), "bias": (2000,)}."""
    ### BEGIN SOLUTION
    key_query, key_value, key_bias = jax.random.split(key, 3)
    return {
        "query": 0.1 * jax.random.normal(key_query, (width, 2000)),
        "value": 0.1 * jax.random.normal(key_value, (width, 2000)),
        "bias": jax.random.uniform(key_bias, (2000,), minval=-1.0, maxval=1.0),
    }
    ### END SOLUTION


# %% check="fresh_params"
check(fresh_params)
### BEGIN HIDDEN TESTS
exercise(
    fresh_params,
    inputs=lambda rng, n: (a_key(rng, n), static(n)),
    sizes=(20, 20, 1, 41, 41),
    public_sizes=(10, 10, 1, 21, 21),
    requires=[
        distributed_like_reference(),
        uses_keys_once(),
        independent_streams(),
        is_pure(),
    ],
    equal_mutants={
        "0.1 * jax.random.normal(key_qu…h, 2000)), 0.1 * jax.random.normal(key_va…h, 2000)) → "
        "swapped (line 3)": "either key may draw either matrix",
        "0.1 → 0.101 (line 3)": ONE_PERCENT,
        "0.1 → 0.101 (line 3, place 2)": ONE_PERCENT,
        "normal(…) → 1.01 times it (line 3)": ONE_PERCENT,
        "normal(…) → 1.01 times it (line 3, place 2)": ONE_PERCENT,
    },
    hints=[
        "How many draws are there? Make all the keys first.",
        "`jax.random.split(key, 3)` can be unpacked into three names.",
        "`0.1 * jax.random.normal(key_query, (width, 2000))`, and for the uniform array `minval=` "
        "and `maxval=`.",
    ],
    explanation="One wide split gives every leaf its key. With the same key, `query` and `value` "
    "would start as the same matrix.",
    another="def fresh_params(key, width):\n"
    "    shapes = {'bias': (2000,), 'query': (width, 2000), 'value': (width, 2000)}\n"
    "    keys = {name: jax.random.fold_in(key, i) for i, name in enumerate(shapes)}\n"
    "    return {\n"
    "        name: 0.1 * jax.random.normal(keys[name], shape)\n"
    "        if name != 'bias'\n"
    "        else 2 * jax.random.uniform(keys[name], shape) - 1\n"
    "        for name, shape in shapes.items()\n"
    "    }",
    wrong_answers=[
        wrong(
            lambda key, width: {
                "query": 0.1 * jax.random.normal(key, (width, 2000)),
                "value": 0.1 * jax.random.normal(key, (width, 2000)),
                "bias": jax.random.uniform(key, (2000,), minval=-1.0, maxval=1.0),
            },
            "uses one key for all the leaves",
            rejected_by="key reuse",
            advice="`query` and `value` are the same matrix now. Split the key into three.",
        ),
        wrong(
            lambda key, width: {
                "query": jax.random.normal(jax.random.fold_in(key, 0), (width, 2000)),
                "value": jax.random.normal(jax.random.fold_in(key, 1), (width, 2000)),
                "bias": jax.random.uniform(
                    jax.random.fold_in(key, 2), (2000,), minval=-1.0, maxval=1.0
                ),
            },
            "leaves out the standard deviation of 0.1",
            rejected_by="distribution",
            advice="`normal` has standard deviation 1. Multiply by 0.1.",
        ),
        wrong(
            lambda key, width: {
                "query": 0.1 * jax.random.normal(jax.random.fold_in(key, 0), (width, 2000)),
                "value": 0.1 * jax.random.normal(jax.random.fold_in(key, 1), (width, 2000)),
                "bias": jax.random.uniform(jax.random.fold_in(key, 2), (2000,)),
            },
            "draws the bias between 0 and 1",
            rejected_by="distribution",
            advice="`uniform` goes from 0 to 1 unless `minval` and `maxval` say otherwise.",
        ),
        wrong(
            lambda key, width: dict(
                zip(
                    ("query", "value", "bias"),
                    (
                        0.1 * jax.random.normal(jax.random.fold_in(key, 0), (2000, width)),
                        0.1 * jax.random.normal(jax.random.fold_in(key, 1), (2000, width)),
                        jax.random.uniform(
                            jax.random.fold_in(key, 2), (2000,), minval=-1.0, maxval=1.0
                        ),
                    ),
                    strict=True,
                )
            ),
            "has rows and columns swapped",
            rejected_by="shape",
            advice="Both matrices have `width` rows and 2000 columns.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="numbered_noise" stars=2 importance=3 minutes=6 points=3
# ## 3 · Noise that belongs to an example
#
# Every example of a data set has a number. Its noise should depend only on that number: it is the
# same in a small batch and in a large batch, in any order and on any machine. So the noise of
# example `i` is `jax.random.normal(jax.random.fold_in(key, i), (3,))`. Write `numbered_noise`,
# which returns the noise for a batch of numbers.


# %% solution="numbered_noise"
def numbered_noise(key, ids):
    """key (), ids (n,) int32 -> (n, 3) float32, one row for each number in ids."""

    ### BEGIN SOLUTION
    def one_noise(i):
        return jax.random.normal(jax.random.fold_in(key, i), (3,))

    return jax.vmap(one_noise)(ids)
    ### END SOLUTION


# %% check="numbered_noise"
check(numbered_noise)
### BEGIN HIDDEN TESTS


def some_numbers(rng, n):
    """Any numbers; among several are the largest one, 0, and one that comes twice."""
    ids = rng.integers(2**31, size=n)
    ids[1:4] = [2**31 - 1, 0, ids[0]][: len(ids[1:4])]
    return ids


exercise(
    numbered_noise,
    inputs=lambda rng, n: (a_key(rng), some_numbers(rng, n)),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Write a function of one number first. Which number goes into `fold_in`?",
        "`jax.vmap` applies that function to every entry of `ids`. The key may come from outside.",
        "In that function, use `fold_in` with the number, then draw three normal numbers from the "
        "new key.",
    ],
    explanation="A row depends only on the key and on the number of its example. You can shuffle "
    "the batch, cut it, or resume after a crash: example 17 always gets the same noise.",
    another="def numbered_noise(key, ids):\n"
    "    keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, ids)\n"
    "    return jax.vmap(lambda one: jax.random.normal(one, (3,)))(keys)",
    wrong_answers=[
        wrong(
            lambda key, ids: jax.vmap(lambda one: jax.random.normal(one, (3,)))(
                jax.random.split(key, ids.shape[0])
            ),
            "gives keys by the place in the batch",
            rejected_by="values",
            advice="`split` gives keys by position: in another order the examples get other noise. "
            "Fold the entry of `ids` into the key.",
        ),
        wrong(
            lambda key, ids: jax.vmap(lambda i: jax.random.normal(key, (3,)))(ids),
            "gives every example the same noise",
            rejected_by="values",
            advice="Every row uses the same key. Fold the number into it first.",
        ),
        wrong(
            lambda key, ids: jnp.stack(
                [jax.random.normal(jax.random.fold_in(key, i), (3,)) for i in ids]
            ),
            "loops over the numbers in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The body of the loop is right. `jax.vmap` runs it for the whole batch.",
        ),
        wrong(
            lambda key, ids: jax.random.normal(
                jax.random.fold_in(key, ids.sum()), (ids.shape[0], 3)
            ),
            "folds in one number for the whole batch",
            rejected_by="values",
            advice="That noise depends on the other examples of the batch. Every row needs a key "
            "of its own.",
        ),
        wrong(
            lambda key, ids: jax.random.normal(jax.random.fold_in(key, ids), (3,)),
            "gives `fold_in` all the numbers at once",
            rejected_by="TypeError",
            advice="`fold_in` takes one number. Write a function for one example, and let "
            "`jax.vmap` give it the numbers.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="shuffle_pairs" stars=1 importance=3 minutes=4 points=2
# ## 4 · A shuffle that keeps pairs together
#
# Row `i` of `x` belongs to entry `i` of `y`. Write `shuffle_pairs`, which puts both into the order
# that `jax.random.permutation(key, n)` gives, so that they still belong together. The first number
# of that order says which pair comes first in the results.


# %% solution="shuffle_pairs"
def shuffle_pairs(key, x, y):
    """key (), x (n, 4), y (n,) -> the shuffled x (n, 4) and y (n,)."""
    ### BEGIN SOLUTION
    order = jax.random.permutation(key, y.shape[0])
    return x[order], y[order]
    ### END SOLUTION


# %% check="shuffle_pairs"
check(shuffle_pairs)
### BEGIN HIDDEN TESTS
exercise(
    shuffle_pairs,
    inputs=lambda rng, n: (a_key(rng), rng.normal(size=(n, 4)), rng.normal(size=n)),
    # A loop is told from growth like the logarithm of permutation's own rounds only far out.
    public_sizes=(4, 1, 110),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Draw the order once and use it twice.",
        "`jax.random.permutation(key, n)` gives the numbers 0 to n - 1 in a random order, an array "
        "you can index with.",
        "`x[order]` takes whole rows; `y[order]` takes the entries beside them.",
    ],
    explanation="Only the order is random, and it is drawn once. You can also permute `x` and `y` "
    "separately with the same key: here you want the same draw twice.",
    another="def shuffle_pairs(key, x, y):\n"
    "    return jax.random.permutation(key, x), jax.random.permutation(key, y)",
    wrong_answers=[
        wrong(
            lambda key, x, y: tuple(
                jax.random.permutation(one, a)
                for one, a in zip(jax.random.split(key), (x, y), strict=True)
            ),
            "shuffles x and y independently",
            rejected_by="values",
            advice="With two keys there are two orders, and the pairs no longer belong together. "
            "Use one order for both.",
        ),
        wrong(
            lambda key, x, y: (jax.random.permutation(key, x), y),
            "shuffles x and leaves y as it was",
            rejected_by="values",
            advice="`y` must have the same order: index it with `order`, too.",
        ),
        wrong(
            lambda key, x, y: (
                jax.random.permutation(key, x, independent=True),
                jax.random.permutation(key, y),
            ),
            "shuffles every column of x on its own",
            rejected_by="values",
            advice="`independent=True` mixes the rows with each other. Move whole rows.",
        ),
        wrong(
            lambda key, x, y: (
                x[jnp.argsort(jax.random.permutation(key, y.shape[0]))],
                y[jnp.argsort(jax.random.permutation(key, y.shape[0]))],
            ),
            "applies the order backwards",
            rejected_by="values",
            advice="`argsort` of an order undoes it. Index with the order itself.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="noisy_dropout" stars=2 importance=3 minutes=8 points=3
# ## 5 · Noise, then dropout
#
# Write `noisy_dropout`. It adds standard normal noise to every entry of `x`. Then it keeps every
# entry with probability 0.5 and doubles the entries that it keeps. The others become zero. Noise
# and dropout are independent of each other, and different entries are independent too.


# %% solution="noisy_dropout"
def noisy_dropout(key, x):
    """key (), x (n,) -> (n,) float32."""
    ### BEGIN SOLUTION
    key_noise, key_keep = jax.random.split(key)
    noisy = x + jax.random.normal(key_noise, x.shape)
    return jnp.where(jax.random.bernoulli(key_keep, 0.5, x.shape), 2 * noisy, 0)
    ### END SOLUTION


# %% check="noisy_dropout"
check(noisy_dropout)
### BEGIN HIDDEN TESTS
exercise(
    noisy_dropout,
    # 160,000 entries tell a probability of 0.51.
    inputs=lambda rng, n: (a_key(rng, n), 2 + 0.1 * repeated(rng, 1 if n == 1 else 6000 * n)),
    sizes=(10, 10, 1, 27, 27),
    public_sizes=(8, 8, 1, 29, 29),
    requires=[
        distributed_like_reference(),
        uses_keys_once(),
        grows_with_batch(share=0.5),
        independent_streams(),
        is_pure(),
    ],
    equal_mutants={
        "+ → - (line 3)": SYMMETRIC,
        "2 * noisy, 0 → swapped (line 4)": "one half is kept, whichever half it is",
        "normal(…) → 1.01 times it (line 3)": ONE_PERCENT,
        "0.5 → 0.505 (line 4)": "a rate of 0.505 shows in 600,000 entries, and fewer are drawn",
    },
    hints=[
        "Two random decisions are made for every entry. How many keys is that?",
        "`jax.random.bernoulli(key_keep, 0.5, x.shape)` says which entries are kept.",
        "`jnp.where(kept, 2 * (x + noise), 0)`, with `kept` and `noise` from two keys of a split.",
    ],
    explanation="With one key, the noise and the decision to keep an entry come from the same "
    "bits, and only negative noise is kept. Doubling leaves the mean unchanged: half as many "
    "entries, twice as large.",
    another="def noisy_dropout(key, x):\n"
    "    key_noise, key_keep = jax.random.split(key)\n"
    "    kept = jax.random.uniform(key_keep, x.shape) > 0.5\n"
    "    return 2 * kept * (x + jax.random.normal(key_noise, x.shape))",
    wrong_answers=[
        wrong(
            lambda key, x: (
                lambda one, two: jnp.where(
                    jax.random.bernoulli(two, 0.5, x.shape),
                    2 * x + jax.random.normal(one, x.shape),
                    0,
                )
            )(*jax.random.split(key)),
            "doubles before the noise is added",
            rejected_by="distribution",
            advice="A kept entry is doubled together with its noise: add first, then double.",
        ),
        wrong(
            lambda key, x: jnp.where(
                jax.random.bernoulli(key, 0.5, x.shape),
                2 * (x + jax.random.normal(key, x.shape)),
                0,
            ),
            "uses one key for the noise and for what is kept",
            rejected_by="distribution",
            advice="Look at the sign of the noise that you keep. Both draws start from the same "
            "bits: give each draw a key of its own.",
        ),
        wrong(
            lambda key, x: (
                lambda one, two: jnp.where(
                    jax.random.bernoulli(two, 0.5, x.shape), x + jax.random.normal(one, x.shape), 0
                )
            )(*jax.random.split(key)),
            "does not double what is kept",
            rejected_by="distribution",
            advice="Half of the entries are gone, so the mean is half as large. Doubling the "
            "others restores it.",
        ),
        wrong(
            lambda key, x: (
                lambda one, two: (
                    jnp.where(jax.random.bernoulli(two, 0.5, x.shape), 2 * x, 0)
                    + jax.random.normal(one, x.shape)
                )
            )(*jax.random.split(key)),
            "adds the noise after dropping",
            rejected_by="distribution",
            advice="Dropped entries must be zero. Add the noise first.",
        ),
        wrong(
            lambda key, x: jnp.where(
                jax.random.bernoulli(jax.random.split(key)[1], 0.5, x.shape),
                2 * (x + jax.random.normal(key, x.shape)),
                0,
            ),
            "draws the noise from the key that it also splits",
            rejected_by="key reuse",
            advice="After a split, do not use the parent again: use both children.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="bootstrap_means" stars=2 importance=2 minutes=8 points=3
# ## 6 · The bootstrap
#
# How certain is a mean? The bootstrap draws a new sample from the old one: as many values, picked
# at random **with replacement**. It computes the mean of the new sample, and repeats this 1000
# times. Write `bootstrap_means`, which returns the 1000 means. The 1000 samples are independent of
# each other. Do not use a Python loop: it would put 1000 samples into the program, and compiling
# that takes minutes.


# %% solution="bootstrap_means"
def bootstrap_means(key, data):
    """key (), data (n,) -> (1000,) float32."""

    ### BEGIN SOLUTION
    def one_mean(one_key):
        return jnp.mean(jax.random.choice(one_key, data, data.shape))

    return jax.vmap(one_mean)(jax.random.split(key, 1000))
    ### END SOLUTION


# %% check="bootstrap_means"
check(bootstrap_means)
### BEGIN HIDDEN TESTS
exercise(
    bootstrap_means,
    # The data are in order, so a fixed seed picks the same places of both that are as long. With
    # two or three of them the means have few values, which tell how many were picked.
    inputs=lambda rng, n: (a_key(rng, n), np.sort(rng.lognormal(size=n))),
    sizes=(20, 20, 1, 3, 57, 57),
    public_sizes=(10, 10, 1, 2, 31, 31),
    requires=[
        distributed_like_reference(),
        uses_keys_once(),
        grows_with_batch("not at all"),
        independent_streams(),
        is_pure(),
    ],
    hints=[
        "Write it for one sample first: a function of one key.",
        "`jax.random.choice(one_key, data, data.shape)` picks with replacement.",
        "Split the key into 1000 at once, and let `vmap` call `one_mean` with each of them.",
    ],
    explanation="Write one sample as a function of its key, then map it over 1000 keys from one "
    "wide split. The spread of the means says how certain the mean of the data is.",
    another="def bootstrap_means(key, data):\n"
    "    n = data.shape[0]\n"
    "    picked = jax.random.randint(key, (1000, n), 0, n)\n"
    "    return data[picked].mean(axis=1)",
    wrong_answers=[
        wrong(
            lambda key, data: jnp.stack(
                [
                    jnp.mean(jax.random.choice(one, data, data.shape))
                    for one in jax.random.split(key, 1000)
                ]
            ),
            "loops over the samples in Python",
            rejected_by="batch loop",
            advice="The program has the body of the loop 1000 times. Write one sample as a "
            "function of its key, and map it over 1000 keys with `vmap`.",
        ),
        wrong(
            lambda key, data: jax.vmap(
                lambda one: jnp.mean(jax.random.choice(one, data, data.shape, replace=False))
            )(jax.random.split(key, 1000)),
            "picks without replacement",
            rejected_by="distribution",
            advice="Without replacement every sample is the data in another order, and all means "
            "are equal.",
        ),
        wrong(
            lambda key, data: jax.vmap(
                lambda _: jnp.mean(jax.random.choice(key, data, data.shape))
            )(jnp.arange(1000)),
            "uses one key for all 1000 samples",
            rejected_by="distribution",
            advice="All your means are the same. The mapped function needs a key as its argument.",
        ),
        wrong(
            lambda key, data: jax.vmap(lambda one: jnp.mean(jax.random.choice(one, data, (1,))))(
                jax.random.split(key, 1000)
            ),
            "picks one value per sample",
            rejected_by="distribution",
            advice="A new sample is as large as the old one: `data.shape`.",
        ),
        wrong(
            lambda key, data: jnp.mean(jax.random.choice(key, data, (1000, *data.shape))),
            "takes one mean over all the samples",
            rejected_by="shape",
            advice="You need one mean per sample: 1000 numbers.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="cooling_walk" stars=3 importance=3 minutes=10 points=3
# ## 7 · Noise in every step
#
# Forty thousand particles move at once. In each step every position is halved, and then standard
# normal noise is added. The noise is new in every step and for every particle. Write
# `cooling_walk`, which returns the positions after `steps` steps. Use `jax.lax.scan` or
# `jax.lax.fori_loop` for the steps, because a Python loop would be unrolled. `steps` is a Python
# integer.


# %% solution="cooling_walk"
def cooling_walk(key, starts, steps):
    """key (), starts (40000,), steps an int -> (40000,) float32."""

    ### BEGIN SOLUTION
    def step(positions, one_key):
        return 0.5 * positions + jax.random.normal(one_key, positions.shape), None

    return jax.lax.scan(step, starts, jax.random.split(key, steps))[0]
    ### END SOLUTION


# %% check="cooling_walk"
check(cooling_walk)
### BEGIN HIDDEN TESTS


def _unrolled(key, starts, steps):
    for one in jax.random.split(key, steps):
        starts = 0.5 * starts + jax.random.normal(one, starts.shape)
    return starts


exercise(
    cooling_walk,
    # So many that a wrong order of halving and noise is seen in the distribution, and so far out
    # that the start is still seen after all the halvings. The numbers of steps are even, since a
    # scan that is unrolled in part has a remainder for others.
    inputs=lambda rng, n: (
        a_key(rng, n),
        2.0**n * (5 + 0.1 * repeated(rng, 40_000)),
        static(n),
    ),
    sizes=(8, 8, 1, 32, 32),
    public_sizes=(4, 4, 1, 24, 24),
    requires=[
        distributed_like_reference(),
        uses_keys_once(),
        grows_with_batch(share=0.5),
        independent_streams(),
        is_pure(),
    ],
    equal_mutants={
        "+ → - (line 4)": SYMMETRIC,
        "normal(…) → 1.01 times it (line 4)": ONE_PERCENT,
    },
    hints=[
        "What does one step need? The positions and a key.",
        "Either carry the key through the loop and split it in every step, or split it into "
        "`steps` keys before the loop and scan over them.",
        "`jax.lax.scan(step, starts, jax.random.split(key, steps))`, where `step(positions, "
        "one_key)` returns the new positions and `None`.",
    ],
    explanation="If you split once before the loop, the tree of keys is wide: step 7 does not wait "
    "for the key of step 6. You can also carry the key, if each step carries on the new key from "
    "its split.",
    another="def cooling_walk(key, starts, steps):\n"
    "    def step(_, state):\n"
    "        positions, key = state\n"
    "        key, now = jax.random.split(key)\n"
    "        return 0.5 * positions + jax.random.normal(now, positions.shape), key\n"
    "\n"
    "    return jax.lax.fori_loop(0, steps, step, (starts, key))[0]",
    wrong_answers=[
        wrong(
            lambda key, starts, steps: (
                0.5**steps * starts
                + jnp.sqrt((1 - 0.25**steps) / 0.75)
                * jax.random.normal(jax.random.key(0), starts.shape)
            ),
            "makes a key of its own and ignores the one it is given",
            rejected_by="correlated",
            advice="Every call would give the same numbers. All randomness must come from `key`.",
        ),
        wrong(
            lambda key, starts, steps: jax.lax.scan(
                lambda x, _: (0.5 * x + jax.random.normal(key, x.shape), None),
                starts,
                length=steps,
            )[0],
            "uses the same key in every step",
            rejected_by="distribution",
            advice="A particle gets the same noise in every step. Give every step a key of its "
            "own.",
        ),
        wrong(
            lambda key, starts, steps: jax.lax.scan(
                lambda x, one: (0.5 * x + jax.random.normal(one), None),
                starts,
                jax.random.split(key, steps),
            )[0],
            "gives all the particles the same noise",
            rejected_by="distribution",
            advice="`jax.random.normal(one_key)` is a single number. Ask for one number per "
            "particle, with `positions.shape`.",
        ),
        wrong(
            _unrolled,
            "loops over the steps in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The body is right. With `jax.lax.scan` the loop is one operation, whatever "
            "`steps` is.",
        ),
        wrong(
            lambda key, starts, steps: jax.lax.scan(
                lambda x, one: (x + jax.random.normal(one, x.shape), None),
                starts,
                jax.random.split(key, steps),
            )[0],
            "forgets to halve the positions",
            rejected_by="distribution",
            advice="Halve the old positions before the noise is added.",
        ),
        wrong(
            lambda key, starts, steps: jax.lax.scan(
                lambda x, one: (0.5 * (x + jax.random.normal(one, x.shape)), None),
                starts,
                jax.random.split(key, steps),
            )[0],
            "halves the noise as well",
            rejected_by="distribution",
            advice="Halve only the old positions, and add the noise after that.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="luckiest_seed" stars=3 importance=2 minutes=12 points=3
# ## 8 · A puzzle: the luckiest seed
#
# `trial` tests a drug that does **nothing** on 20 people and returns a score. A score above 1.73
# would be published. By chance this happens in one trial out of twenty.
#
# A patient researcher tries many seeds. Write `luckiest_seed`, which runs the trial with the key of
# every seed in `seeds`. It returns the seed with the highest score, and that score. Then try
# `luckiest_seed(jnp.arange(10_000))`, and tell a friend about the result.


# %% given="trial"
def trial(key):
    """One trial: key -> its score ()."""
    effects = jax.random.normal(key, (20,))
    return jnp.mean(effects) / (jnp.std(effects, ddof=1) / jnp.sqrt(20.0))


# %% solution="luckiest_seed"
def luckiest_seed(seeds):
    """seeds (n,) int32 -> the best of the seeds () int32, and its score () float32."""
    ### BEGIN SOLUTION
    scores = jax.vmap(lambda seed: trial(jax.random.key(seed)))(seeds)
    best = jnp.argmax(scores)
    return seeds[best], scores[best]
    ### END SOLUTION


# %% check="luckiest_seed"
check(luckiest_seed)
### BEGIN HIDDEN TESTS


def losers(rng, n):
    """n seeds whose score is below zero, so that a score cannot be guessed."""
    seeds = rng.permutation(100_000)[: 4 * n + 40].astype("int32")
    scores = jax.vmap(lambda seed: trial(jax.random.key(seed)))(seeds)
    return seeds[np.asarray(scores) < 0][:n]


def _best(seeds, scores):
    return seeds[jnp.argmax(scores)], jnp.max(scores)


exercise(
    luckiest_seed,
    inputs=lambda rng, n: (losers(rng, n),),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Write it for one seed first: from the seed to its key, from the key to the score.",
        "`jax.random.key(seed)` can be mapped like any function. `jnp.argmax` gives the position "
        "of the best score, and a position is not a seed.",
        "`jax.vmap(lambda seed: trial(jax.random.key(seed)))(seeds)` gives all the scores. Index "
        "both `seeds` and the scores with the `argmax` of the scores.",
    ],
    explanation="The drug does nothing, but among enough seeds there is always a sensational "
    "score. A seed is for repeating a result, not for choosing one: fix the seed before you look "
    "at the result, and show the results of several seeds.",
    another="def luckiest_seed(seeds):\n"
    "    scores = jax.lax.map(lambda seed: trial(jax.random.key(seed)), seeds)\n"
    "    ranked = jnp.argsort(-scores)\n"
    "    return seeds[ranked[0]], jnp.max(scores)",
    wrong_answers=[
        wrong(
            lambda seeds: _best(
                jnp.arange(seeds.shape[0]),
                jax.vmap(lambda seed: trial(jax.random.key(seed)))(seeds),
            ),
            "returns the place of the seed",
            rejected_by="values",
            advice="`argmax` gives the position of the best score. The seed is the entry of "
            "`seeds` at that position.",
        ),
        wrong(
            lambda seeds: _best(
                seeds, jax.vmap(trial)(jax.random.split(jax.random.key(0), seeds.shape[0]))
            ),
            "splits one key and never uses the seeds",
            rejected_by="values",
            advice="Every seed has a key of its own, `jax.random.key(seed)`. Map over the seeds.",
        ),
        wrong(
            lambda seeds: _best(
                seeds,
                jax.vmap(lambda seed: trial(jax.random.fold_in(jax.random.key(0), seed)))(seeds),
            ),
            "folds the seeds into one key",
            rejected_by="values",
            advice="`fold_in(key(0), seed)` and `key(seed)` are different keys. The exercise needs "
            "`key(seed)`.",
        ),
        wrong(
            lambda seeds: _best(seeds, jnp.stack([trial(jax.random.key(seed)) for seed in seeds])),
            "loops over the seeds in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="`jax.vmap` runs all the trials at once, so ten thousand seeds take little "
            "time.",
        ),
    ],
)
### END HIDDEN TESTS
