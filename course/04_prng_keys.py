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
# # 4. Random numbers with a key
#
# > **After this lesson you can**
# > say why NumPy's hidden random state makes results depend on the order of calls, give every
# > draw a key of its own with `split` and `fold_in`, recognise a key that was used twice, and
# > carry keys through `jit`, `vmap` and `scan` so that a run can be repeated number for number.
# >
# > **Time** about 25 minutes. **Read before** `03_jit_timing`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import zlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import random

from autograder import predicted
from course import explore
from course.pictures import keys as pictures

# %% [markdown]
# ## The state you do not see
#
# This is the NumPy example from the slides.

# %%
np.random.seed(0)
print(np.random.normal())  # call 1
print(np.random.normal())  # call 2

# %% [markdown]
# The same call, twice, with two results. So something changed in between, and it is not in
# the code you see. It is a table inside the module `np.random`, shared by everything that
# runs in the process, and every call moves it on.

# %%
name, table, position, *_ = np.random.get_state()
print(name, "with", table.size, "integers, now at position", position)
np.random.normal()
print("one call later at position", np.random.get_state()[2])

# %% [markdown]
# Now let two workers draw one number each. In a program with threads or several machines,
# nobody decides who comes first.


# %%
def draw_in_order(workers):
    np.random.seed(0)
    return {worker: float(np.random.normal()) for worker in workers}


ann_first = draw_in_order(["ann", "bob"])
bob_first = draw_in_order(["bob", "ann"])

# %% [markdown]
# **Predict.** The seed is the same in both. Does `ann` get the same number in both? `True` or
# `False`.

# %%
# Your prediction: replace the dots with True or False
my_ann = ...

# %%
print("ann first:", ann_first)
print("bob first:", bob_first)
ann_is_the_same = ann_first["ann"] == bob_first["ann"]

# %%
predicted(
    my_ann,
    ann_is_the_same,
    why="A seed fixes the sequence of numbers, not who gets which. Whoever comes first takes "
    "the first one.",
)

# %% [markdown]
# One more call anywhere upstream, and every number after it is another one. NumPy's newer
# generators move the state into an object that you can see and pass around. That is better,
# and calls still change it.

# %%
generator = np.random.default_rng(0)
print(generator.normal(), generator.normal())

# %% [markdown]
# In JAX hidden state has a second problem. You met it in lesson 3: a jitted function runs in
# Python once, when it is traced.


# %%
@jax.jit
def add_numpy_noise(x):
    return x + np.random.normal()


# %% [markdown]
# **Predict.** `add_numpy_noise(0.0)` is called three times. How many different numbers come
# back?

# %%
# Your prediction: replace the dots with a number
my_noises = ...

# %%
noises = [float(add_numpy_noise(0.0)) for _ in range(3)]
print(noises)

# %%
predicted(
    my_noises,
    len(set(noises)),
    why="NumPy ran once, while tracing. The number it gave is now a constant of the compiled "
    "program.",
)

# %% [markdown]
# ## A key is a value
#
# JAX has no hidden state to change. You hand every draw a **key**, an argument like any other:
# the functional style of lesson 2. From the slides again:

# %%
key = random.PRNGKey(0)  # initial key
print(random.normal(key))

# %% [markdown]
# **Predict.** The next line of the slide is `random.normal(key)` once more. Does it print the
# `"same"` number or `"another"`?

# %%
# Your prediction: replace the dots with "same" or "another"
my_second_call = ...

# %%
print(random.normal(key))
second_call = "same" if random.normal(key) == random.normal(key) else "another"

# %%
predicted(
    my_second_call,
    second_call,
    why="normal is a function of its arguments, like sin. The same key gives the same number, "
    "and no call changes the key.",
)

# %% [markdown]
# To a NumPy eye this looks broken. It is the property from which everything else
# follows: a result depends on the key you passed and on nothing that happened before.
#
# What is in a key? Two integers of 32 bits. `random.key` makes one in today's style, an array
# of shape `()` whose dtype says that it is a key. (The slide's `PRNGKey` gives the same two
# integers without the label; we return to it.)

# %%
key = random.key(0)
print("shape", key.shape, "dtype", key.dtype, "data", random.key_data(key))
print("the slide's number:", random.normal(key))

# %% [markdown]
# ## `split`: new keys from an old one
#
# One key, one number. For more numbers you need more keys, and `split` makes them.

# %%
key = random.key(0)
key_params, key_data, key_dropout = random.split(key, 3)
key_w, key_b = random.split(key_params)

for label, one in {"data": key_data, "w": key_w, "b": key_b}.items():
    print(f"{label:5}", random.key_data(one), random.normal(one))

# %% [markdown]
# **Predict.** `key` has now been split. What is `random.normal(key)`: the slide's number
# (`"same"`) or `"another"`?

# %%
# Your prediction: replace the dots with "same" or "another"
my_after_split = ...

# %%
print(random.normal(key))
after_split = "same" if random.normal(key) == random.normal(random.key(0)) else "another"

# %%
predicted(
    my_after_split,
    after_split,
    why="A key is an array, and arrays do not change. split made three new keys and left the "
    "old one as it was.",
)

# %% [markdown]
# JAX will not stop you from using the old key, so the rule is yours to keep:
# **a key is used once, either to draw or to split.** Here is the family so far, drawn from the
# keys' own data.


# %%
def family(seed):
    root = random.key(seed)
    params, data, dropout = random.split(root, 3)
    w, b = random.split(params)
    tree = {f"key({seed})": root, "params": params, "data": data, "dropout": dropout}
    tree |= {"w": w, "b": b}
    made = {name: (f"key({seed})", "split") for name in ("params", "data", "dropout")}
    made |= {"w": ("params", "split"), "b": ("params", "split")}
    for step in range(3):
        tree[f"step {step}"] = random.fold_in(dropout, step)
        made[f"step {step}"] = ("dropout", f"fold_in {step}")
    leaves = set(tree) - {parent for parent, _ in made.values()}
    return tree, made, {name: random.normal(tree[name]) for name in leaves}


pictures.draw_tree(*family(0))

# %% [markdown]
# In the picture: a square is one key, its 64 bits row by row, a set bit filled. Under a key
# that is drawn from stands the number that `normal` gives. (`fold_in` comes below.) The key of
# seed 0 is 64 zeros. The key of seed 1 has a single bit set.
#
# **Predict.** How many of the 64 bits of `w` change between seed 0 and seed 1? Choose the
# nearest of `1`, `8` and `32`.

# %%
# Your prediction: replace the dots with 1, 8 or 32
my_bits = ...


# %%
def bits_that_differ(a, b):
    return int(jax.lax.population_count(random.key_data(a) ^ random.key_data(b)).sum())


in_roots = bits_that_differ(random.key(0), random.key(1))
in_w = bits_that_differ(family(0)[0]["w"], family(1)[0]["w"])
print("roots:", in_roots, "   w:", in_w)

# %%
predicted(
    my_bits,
    min((1, 8, 32), key=lambda choice: abs(choice - in_w)),
    why="split scrambles: one bit of the parent flips about half of the bits of a child, as if "
    "each were decided by a coin. So neighbouring seeds give unrelated numbers.",
)

# %% [markdown]
# Now the jitted function from the beginning again, this time with a key as its argument.

# %%
times_traced = 0


@jax.jit
def add_key_noise(key, x):
    global times_traced
    times_traced += 1
    return x + random.normal(key)


print([float(add_key_noise(one, 0.0)) for one in random.split(random.key(0), 3)])
print("traced", times_traced, "time")

# %% [markdown]
# Three keys, three numbers, one trace: the key is data of the compiled program, not a constant
# in it. Do not hide it in a global again. That works until the function is jitted.

# %%
hidden_key = random.key(0)


@jax.jit
def add_hidden_noise(x):
    global hidden_key
    hidden_key, one = random.split(hidden_key)
    return x + random.normal(one)


print("first call:", add_hidden_noise(0.0))
try:
    random.split(hidden_key)
except jax.errors.UnexpectedTracerError as error:
    print("then:", type(error).__name__, "-", str(error).split(".")[0])

# %% [markdown]
# The call left a stand-in from the trace in `hidden_key`, and the next use of it raises. Return
# what changes, as always in JAX, or split outside and pass the parts in.
#
# ## One key, used twice
#
# Here is the commonest bug with keys. A layer adds noise and then drops entries at random. The
# two draws come from different distributions, so one key will do?

# %%
key = random.key(3)
noise = random.normal(key, (1000,))
kept = random.bernoulli(key, 0.5, (1000,))
print("positive noise:", int((noise > 0).sum()), "  kept:", int(kept.sum()))

# %% [markdown]
# About half of the noise is positive, and about half of the entries are kept.
#
# **Predict.** Of the kept entries, how many have positive noise?

# %%
# Your prediction: replace the dots with a number
my_positive_kept = ...

# %%
positive_kept = int((noise[kept] > 0).sum())
print("positive and kept:", positive_kept)
print("mean of all noise:", noise.mean(), "  of the kept:", noise[kept].mean())

# %%
predicted(
    my_positive_kept,
    positive_kept,
    why="Both functions start from the same random bits. normal turns small ones into negative "
    "numbers; bernoulli keeps an entry where they are small. Only negative noise is kept.",
)

# %% [markdown]
# No error, no warning: only noise that pulls to one side. Let us look at it.

# %%
key_1, key_2 = random.split(random.key(3))
normal = random.normal(key_1, (400,))
again = random.normal(key_1, (400,))
exponential = random.exponential(key_1, (400,))
other = random.exponential(key_2, (400,))

panels = [
    ("one key, normal twice", ("normal", normal), ("normal again", again)),
    ("one key, two functions", ("normal", normal), ("exponential", exponential)),
    ("two keys", ("normal", normal), ("exponential", other)),
]
pictures.draw_pairs_of_draws(panels)

# %% [markdown]
# In the picture: independent draws make a cloud, as on the right. With one key the points lie
# on a curve: who knows one number knows the other. Another function is no protection.
#
# The second habit to lose is to split a key and then draw from the *parent*. It looks
# innocent. Compare the bits that are drawn with the data of the children.

# %%
key = random.key(5)
children = random.key_data(random.split(key, 4))
drawn = random.bits(key, (4,))
print("drawn from the parent:       ", drawn)
print("xor of the children's halves:", children[:, 0] ^ children[:, 1])

# %% [markdown]
# They are the same numbers. What you draw from the parent is made of its children. That is
# how this generator is built and not a promise of JAX, but it is reason enough for the rule.
#
# JAX can keep watch for you, while it traces a function. The slide's own example does not pass.


# %%
def the_slide(key):
    return random.normal(key), random.normal(key)


# %% tags=["raises-exception"]
with jax.debug_key_reuse(True):
    jax.jit(the_slide)(random.key(0))

# %% [markdown]
# (Without `jit`, older JAX such as 0.7 may look away where `normal` has run before.) The watch has
# blind spots too, so know what it sees.


# %%
def draw_and_split(key):
    return random.normal(key), random.split(key)


def fold_in_twice(key):
    return random.normal(random.fold_in(key, 1)), random.normal(random.fold_in(key, 1))


suspects = {
    "one key, drawn from twice": (the_slide, random.key(0)),
    "drawn from, then split": (draw_and_split, random.key(0)),
    "an untyped key, drawn from twice": (the_slide, random.PRNGKey(0)),
    "the same fold_in, twice": (fold_in_twice, random.key(0)),
}
for what, (function, key) in suspects.items():
    try:
        with jax.debug_key_reuse(True):
            jax.jit(function)(key)
        print(f"{what:35} not seen")
    except jax.errors.KeyReuseError:
        print(f"{what:35} KeyReuseError")

# %% [markdown]
# ## `key` or `PRNGKey`?
#
# The watch works on *typed* keys, those of `random.key`. That is one reason to prefer them. Here
# is another.
#
# **Predict.** A NumPy habit is to make new seeds by arithmetic. Which of these raise? Answer with
# the letters in order, such as `"AC"`.
#
# - A: `random.PRNGKey(0) + 1`
# - B: `random.key(0) + 1`
# - C: `random.normal(random.split(random.key(0), 3))`
# - D: `np.asarray(random.key(0))`

# %%
# Your prediction: replace the dots, e.g. "AC"
my_raising = ...

# %%
attempts = {
    "A": lambda: random.PRNGKey(0) + 1,
    "B": lambda: random.key(0) + 1,
    "C": lambda: random.normal(random.split(random.key(0), 3)),
    "D": lambda: np.asarray(random.key(0)),
}
raising = ""
for letter, attempt in attempts.items():
    try:
        print(letter, "gives", attempt())
    except (TypeError, ValueError) as error:
        print(letter, "raises:", str(error).splitlines()[0])
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="A typed key refuses arithmetic and NumPy, and a draw takes one key, not three. An "
    "untyped key is an array of two integers, so + 1 adds to both of them.",
)

# %% [markdown]
# A is the dangerous one: it gives something that works as a key and is not the key of seed 1.

# %%
print(random.PRNGKey(0) + 1, "is not", random.PRNGKey(1))

# %% [markdown]
# In new code write `random.key`. You will meet untyped keys in older code, in saved files, and
# in the exercises, which get plain arrays. Both kinds go into the same functions, and
# `random.key_data` and `random.wrap_key_data` lead from one to the other.

# %%
same = random.wrap_key_data(random.PRNGKey(7)) == random.key(7)
print("PRNGKey(7), labelled, is key(7):", bool(same))

# %% [markdown]
# ## `fold_in`: a key by number
#
# `split` hands out keys by position. Often you have a name instead: step 120, worker 3, example
# 70,541. `fold_in(key, number)` makes the key that belongs to that number. The two workers from
# the beginning no longer care who is first.

# %%
WORKERS = {"ann": 0, "bob": 1}


def draw_by_worker(workers, key):
    return {w: float(random.normal(random.fold_in(key, WORKERS[w]))) for w in workers}


ann_first = draw_by_worker(["ann", "bob"], random.key(0))
bob_first = draw_by_worker(["bob", "ann"], random.key(0))
print(ann_first)
print("same numbers in the other order:", ann_first == bob_first)

# %% [markdown]
# The number has to be an integer. For a word use a checksum such as `zlib.crc32`. (Python's
# `hash` of a string is another one in every process.)

# %%
random.key_data(random.fold_in(random.key(0), zlib.crc32(b"encoder")))

# %% [markdown]
# **Predict.** Is the key `fold_in(key, 2)` different from all of `split(key, 4)`? `True` or
# `False`.

# %%
# Your prediction: replace the dots with True or False
my_new_key = ...

# %%
key = random.key(6)
four = random.split(key, 4)
print("equals split(key, 4)[i]:", random.fold_in(key, 2) == four)
is_new = not bool((random.fold_in(key, 2) == four).any())

# %%
predicted(
    my_new_key,
    is_new,
    why="In this generator child i of a split is fold_in(key, i). Splitting a key and folding "
    "into the same key is using it twice.",
)

# %%
tree = {"key(6)": key} | {f"split [{i}]": one for i, one in enumerate(four)}
made = {f"split [{i}]": ("key(6)", "split") for i in range(4)}
tree["folded"] = random.fold_in(key, 2)
made["folded"] = ("key(6)", "fold_in 2")
pictures.draw_tree(tree, made)

# %% [markdown]
# In the picture: the key in the double frame has the bits of an earlier one. So choose one way for
# each key: split it, fold numbers into it, or draw from it.
#
# Here is a function with two mistakes. Find them. Then press **Next →** to follow its calls: the
# tree grows with each of them, and a key that is used twice is marked in both places.


# %%
def noisy_layer(key):
    key_weights, key_noise = random.split(key)
    weights = random.normal(key_weights, (3,))
    bias = random.uniform(key_weights)
    noise = [random.normal(random.fold_in(key_noise, step)) for step in range(3)]
    key_dropout, key_output = random.split(key_noise)
    kept = random.bernoulli(key_dropout)
    return weights, bias, noise, kept, random.normal(key_output)


explore.keys(noisy_layer, random.key(6))

# %% [markdown]
# `explore.keys(f, *args)` follows the keys of your functions, too.
#
# ## Wide, not deep
#
# Many programs keep one key and split off what they need, again and again: a chain. `split`
# can also give all the keys at once.


# %%
def chain(key, n):
    keys = []
    for _ in range(n):
        key, one = random.split(key)
        keys.append(one)
    return jnp.stack(keys)


def wide(key, n):
    return random.split(key, n)


for make in (chain, wide):
    splits = str(jax.make_jaxpr(make, static_argnums=1)(random.key(0), 100)).count("random_split[")
    print(f"{make.__name__:5} for 100 keys: splits in the program: {splits}")

# %% [markdown]
# (`make_jaxpr` shows the program that JAX will run.) Each link of the chain waits for the one
# before. In the wide split no key waits for another.
#
# A chain is also fragile. Five layers take their keys from it in turn. Then somebody puts a new
# layer, `norm`, between the second and the third.

# %%
before = ["embed", "attend", "mix", "expand", "head"]
after = ["embed", "attend", "norm", "mix", "expand", "head"]


def by_chain(names):
    return dict(zip(names, chain(random.key(0), len(names)), strict=True))


def by_name(names):
    return {name: random.fold_in(random.key(0), zlib.crc32(name.encode())) for name in names}


# %% [markdown]
# **Predict.** How many of the five old layers now start from other random numbers, with keys
# from the chain?

# %%
# Your prediction: replace the dots with a number
my_changed = ...

# %%
changed = {}
for make in (by_chain, by_name):
    old, new = make(before), make(after)
    changed[make.__name__] = sum(not bool(old[name] == new[name]) for name in before)
changed

# %%
predicted(
    my_changed,
    changed["by_chain"],
    why="Every layer after the new one takes the next link. With keys by name, none changes.",
)

# %% [markdown]
# ## Keys under `vmap` and `scan`
#
# `jax.vmap(f)` applies `f` to every row of its argument; the next lesson is about it. An array
# of keys has rows too. Five keys, three numbers from each:

# %%
five = random.split(random.key(0), 5)
jax.vmap(lambda one: random.normal(one, (3,)))(five)

# %% [markdown]
# Now a function that uses a key from outside, for a batch of five zeros.

# %%
key = random.key(0)


def add_noise(x):
    return x + random.normal(key)


# %% [markdown]
# **Predict.** How many different numbers are in `jax.vmap(add_noise)(jnp.zeros(5))`?

# %%
# Your prediction: replace the dots with a number
my_mapped = ...

# %%
mapped = jax.vmap(add_noise)(jnp.zeros(5))
mapped

# %%
predicted(
    my_mapped,
    len(np.unique(mapped)),
    why="Every row used the one key. Rows that shall differ need a key each, as an argument "
    "that is mapped: vmap(f)(split(key, 5), x).",
)

# %% [markdown]
# `jax.lax.scan(step, start, xs)` is a loop in one compiled operation. `step` gets what is
# carried along and the next row of `xs`, and returns the new carry and one output. Here are three
# random walks of 60 steps. The first carries its key and splits it in every step. The second
# splits before the loop and walks along the keys: wide, not deep. The third forgets.


# %%
def carried(start, _):
    position, key = start
    key, one = random.split(key)
    position = position + random.normal(one)
    return (position, key), position


def handed(position, one):
    position = position + random.normal(one)
    return position, position


def forgetful(start, _):
    position, key = start
    position = position + random.normal(key)
    return (position, key), position


# %% [markdown]
# **Predict.** Which path does `forgetful` take: `"flat"` (it stays), `"straight"` (a slope) or
# `"random"`?

# %%
# Your prediction: replace the dots with "flat", "straight" or "random"
my_path = ...

# %%
key_carried, key_handed, key_forgetful = random.split(random.key(9), 3)
_, path_carried = jax.lax.scan(carried, (0.0, key_carried), length=60)
_, path_handed = jax.lax.scan(handed, 0.0, random.split(key_handed, 60))
_, path_forgetful = jax.lax.scan(forgetful, (0.0, key_forgetful), length=60)

sizes = jnp.diff(path_forgetful)
if bool(jnp.allclose(sizes, sizes[0], atol=1e-3)):
    path = "flat" if bool(jnp.allclose(sizes, 0)) else "straight"
else:
    path = "random"

# %%
predicted(
    my_path,
    path,
    why="The key goes round unchanged, so every step draws the same number and the walk takes "
    "the same step for ever.",
)

# %%
pictures.draw_walks({"carried": path_carried, "handed": path_handed, "forgetful": path_forgetful})

# %% [markdown]
# In the picture: two walks wander, and the third is a ruler's line. Real programs show it less
# clearly: a simulation that converges too well, or data augmented in one way only.
#
# ## Repeating on purpose
#
# The same key for the same number is a tool, too. Shuffle examples and labels.

# %%
x = jnp.arange(6.0)
y = 10 * x
key = random.key(1)
shuffled_x, shuffled_y = random.permutation(key, x), random.permutation(key, y)

# %% [markdown]
# **Predict.** One key went into two shuffles. Is every label still beside its example? `True` or
# `False`.

# %%
# Your prediction: replace the dots with True or False
my_together = ...

# %%
print(shuffled_x)
print(shuffled_y)
together = bool((shuffled_y == 10 * shuffled_x).all())

# %%
predicted(
    my_together,
    together,
    why="The same key and the same length give the same order. Here that is what we want.",
)

# %% [markdown]
# A clearer way to write it is to draw the order once: `order = random.permutation(key, 6)`, then
# `x[order]` and `y[order]`. It tells the reader that the coupling is meant.
#
# And a run that broke off can go on as if nothing had happened. Dropout sets entries to zero at
# random. With a key by step, step 4 of the resumed run drops what step 4 would have dropped.


# %%
def dropout(key, x, keep=0.5):
    return jnp.where(random.bernoulli(key, keep, x.shape), x / keep, 0.0)


def run(steps):
    key = random.key(42)
    return {step: dropout(random.fold_in(key, step), jnp.ones(8)) for step in steps}


whole, resumed = run(range(6)), run(range(4, 6))
print("step 4:", whole[4])
print("step 5:", whole[5])
print("resumed alike:", all(bool((whole[s] == resumed[s]).all()) for s in resumed))

# %% [markdown]
# To save the random state of a run, you save a seed and a step number.
#
# > **In three lines**
# > 1. A draw is a function of its key: the same key, the same number. Nothing is hidden.
# > 2. Use a key once: to draw, to `split` (wide, not deep) or to `fold_in` numbers.
# > 3. Under `vmap` and `scan`, hand every row and every step a key of its own.
# >
# > **Now you**:
# > [`exercises/04_prng_keys/prng_keys.ipynb`](../exercises/04_prng_keys/prng_keys.ipynb).
# > **Next**: `05_vmap`, which turns a function of one example into one of many.
