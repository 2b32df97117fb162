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
# > pass keys through `jit`, `vmap` and `scan` so that a run can be repeated exactly.
# >
# > **Time** about 25 minutes. **Read before** `03_jit_timing`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing, and you will remember it better than a
# > right one. If you leave the dots, the answer stays folded.

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
# The same call gives two different results. So something changed in between, but not in the code
# that you see. It is a table inside the module `np.random`. All code in the process shares it, and
# every call changes it.

# %%
name, table, position, *_ = np.random.get_state()
print(name, "with", table.size, "integers, now at position", position)
np.random.normal()
print("one call later at position", np.random.get_state()[2])

# %% [markdown]
# Now let two workers draw one number each. In a program with threads or several machines you do not
# know which one draws first.


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
    why="A seed fixes the sequence of numbers, but not which worker gets which number. The worker "
    "that draws first gets the first number.",
)

# %% [markdown]
# One more call anywhere in the program changes all the numbers after it. NumPy's newer generators
# move the state into an object that you can see and pass around. That is better, but calls still
# change the state.

# %%
generator = np.random.default_rng(0)
print(generator.normal(), generator.normal())

# %% [markdown]
# In JAX, hidden state has a second problem. It appears when a function is jitted.


# %%
@jax.jit
def add_numpy_noise(x):
    return x + np.random.normal()


# %% [markdown]
# **Predict.** `add_numpy_noise(0.0)` is called three times. How many different numbers come back?

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
    why="You know this from lesson 3: Python runs a jitted function only once, while tracing it. "
    "So NumPy ran once, and its number is now a constant of the compiled program.",
)

# %% [markdown]
# ## A key is a value
#
# `jax.random` has no hidden state. Every draw gets a **key** as an argument, in the functional
# style of lesson 2. This example is from the slides:

# %%
key = random.PRNGKey(0)  # initial key
print(random.normal(key))

# %% [markdown]
# **Predict.** The next line of the slide calls `random.normal(key)` once more. Does it print the
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
# If you come from NumPy, this looks broken. But everything else in this lesson follows from it: a
# result depends on the key that you pass, and on nothing that happened before.
#
# What is in a key? With JAX's default generator it is two integers of 32 bits. `random.key` makes a
# *typed* key, an array of shape `()` whose dtype says that it is a key. (The slide's `PRNGKey`
# makes an array of the same two integers, which does not say so. We return to it below.)

# %%
key = random.key(0)
print("shape", key.shape, "dtype", key.dtype, "data", random.key_data(key))
print("the slide's number:", random.normal(key))

# %% [markdown]
# ## `split`: new keys from an old one
#
# One key gives one draw. For more draws you need more keys, and `split` makes them.

# %%
key = random.key(0)
key_params, key_data, key_dropout = random.split(key, 3)
key_w, key_b = random.split(key_params)

for label, one in {"data": key_data, "w": key_w, "b": key_b}.items():
    print(f"{label:5}", random.key_data(one), random.normal(one))

# %% [markdown]
# **Predict.** `key` has now been split. What is `random.normal(key)`: the slide's number (`"same"`)
# or `"another"`?

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
    why="A key is an array, and arrays do not change. split made three new keys and did not "
    "change the old one.",
)

# %% [markdown]
# JAX does not stop you from using the old key. You have to keep the rule yourself: **use a key
# once, either to draw or to split.** Here is the family of keys so far, drawn from their own data.


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
# In the picture: a square is a key. It shows the key's 64 bits row by row, and a bit that is 1 is
# filled. Under each key that we draw from is the number that `normal` gives. (`fold_in` comes later
# in this lesson.) The key of seed 0 is 64 zeros. The key of seed 1 has a single bit set.
#
# **Predict.** How many of the 64 bits of `w` differ between seed 0 and seed 1? Choose the nearest
# of `1`, `8` and `32`.

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
    why="split scrambles the bits: if one bit of the parent changes, about half of the bits of a "
    "child change, as if a coin decided about each. So neighbouring seeds give unrelated numbers.",
)

# %% [markdown]
# Here is the jitted function from the beginning again, this time with a key as an argument.

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
# Three keys, three numbers, one trace: the key is an argument of the compiled program, not a
# constant in it. Do not hide the key in a global variable. That works only until the function is
# jitted.

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
# The call left a stand-in from the trace in `hidden_key`, and the next use of it raises an error.
# Return what changes, as always in JAX, or split the key outside and pass the new keys in.
#
# ## One key, used twice
#
# This is the most common bug with keys. A layer adds noise and then drops entries at random. The
# two draws come from different distributions. Is one key enough for both?

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
    "numbers, and bernoulli keeps an entry where they are small. So only negative noise is kept.",
)

# %% [markdown]
# There is no error and no warning, only noise that is always negative. The next picture shows what
# one key does.

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
# In the picture: independent draws make a cloud, as on the right. With one key the points are on a
# curve, so each number tells you the other one. A different function does not help.
#
# A second mistake is to split a key and then to draw from the *parent*. It looks harmless. Compare
# the bits that are drawn with the data of the children.

# %%
key = random.key(5)
children = random.key_data(random.split(key, 4))
drawn = random.bits(key, (4,))
print("drawn from the parent:       ", drawn)
print("xor of the children's halves:", children[:, 0] ^ children[:, 1])

# %% [markdown]
# They are the same numbers. So what you draw from the parent can be computed from its children. JAX
# does not promise this: it is how this generator works. But it is a good reason for the rule.
#
# JAX can check the rule for you while it traces a function. The slide's own example breaks it.


# %%
def the_slide(key):
    return random.normal(key), random.normal(key)


# %% tags=["raises-exception"]
with jax.debug_key_reuse(True):
    jax.jit(the_slide)(random.key(0))

# %% [markdown]
# (Without `jit`, an older JAX such as 0.7 may miss this, if `normal` has run before.) The check
# does not find every mistake. Here is what it finds.


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
        print(f"{what:35} not found")
    except jax.errors.KeyReuseError:
        print(f"{what:35} KeyReuseError")

# %% [markdown]
# ## `key` or `PRNGKey`?
#
# The check only works with *typed* keys, the keys of `random.key`. That is one reason to prefer
# them. Here is another.
#
# **Predict.** In NumPy it is common to make new seeds by arithmetic. Which of these raise? Answer
# with the letters in order, such as `"AC"`.
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
    "untyped key is an array of two integers, so + 1 adds 1 to both of them.",
)

# %% [markdown]
# A is dangerous: its result works as a key, but it is not the key of seed 1.

# %%
print(random.PRNGKey(0) + 1, "is not", random.PRNGKey(1))

# %% [markdown]
# In new code write `random.key`. The exercises use typed keys too. You will find untyped keys in
# older code and in saved files. The functions of `jax.random` accept both kinds, and
# `random.key_data` and `random.wrap_key_data` convert one into the other.

# %%
same = random.wrap_key_data(random.PRNGKey(7)) == random.key(7)
print("PRNGKey(7), as a typed key, is key(7):", bool(same))

# %% [markdown]
# ## `fold_in`: a key by number
#
# `split` gives out keys by position. Often you have a number instead: step 120, worker 3, example
# 70,541. `fold_in(key, number)` makes the key that belongs to that number. For the two workers from
# the beginning it then makes no difference which one is first.

# %%
WORKERS = {"ann": 0, "bob": 1}


def draw_by_worker(workers, key):
    return {w: float(random.normal(random.fold_in(key, WORKERS[w]))) for w in workers}


ann_first = draw_by_worker(["ann", "bob"], random.key(0))
bob_first = draw_by_worker(["bob", "ann"], random.key(0))
print(ann_first)
print("same numbers in the other order:", ann_first == bob_first)

# %% [markdown]
# The number must be an integer. For a word, use a checksum such as `zlib.crc32`. (Python's `hash`
# of a string is different in every process.)

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
    why="In this generator, child i of a split is fold_in(key, i). If you split a key and also "
    "fold numbers into it, you use it twice.",
)

# %%
tree = {"key(6)": key} | {f"split [{i}]": one for i, one in enumerate(four)}
made = {f"split [{i}]": ("key(6)", "split") for i in range(4)}
tree["folded"] = random.fold_in(key, 2)
made["folded"] = ("key(6)", "fold_in 2")
pictures.draw_tree(tree, made)

# %% [markdown]
# In the picture: the key in the double frame has the same bits as an earlier one. So choose one use
# for each key: split it, fold numbers into it, or draw from it.
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
# Many programs keep one key and split it again and again, which makes a chain. `split` can also
# give all the keys at once.


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
# (`make_jaxpr` shows the program that JAX will run.) Each link of the chain has to wait for the
# link before it. In the wide split no key has to wait for another.
#
# A chain also breaks easily. Five layers take their keys from it one after another. Then somebody
# adds a new layer, `norm`, between the second and the third.

# %%
before = ["embed", "attend", "mix", "expand", "head"]
after = ["embed", "attend", "norm", "mix", "expand", "head"]


def by_chain(names):
    return dict(zip(names, chain(random.key(0), len(names)), strict=True))


def by_name(names):
    return {name: random.fold_in(random.key(0), zlib.crc32(name.encode())) for name in names}


# %% [markdown]
# **Predict.** With keys from the chain, how many of the five old layers now start from different
# random numbers?

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
    why="Every layer after the new one takes the next link. If the keys belong to the names, no "
    "old layer changes.",
)

# %% [markdown]
# ## Keys under `vmap` and `scan`
#
# `jax.vmap(f)` applies `f` to every row of its argument. The next lesson is about it. An array of
# keys has rows too. Here are five keys, and three numbers from each:

# %%
five = random.split(random.key(0), 5)
jax.vmap(lambda one: random.normal(one, (3,)))(five)

# %% [markdown]
# The next function uses a key from outside. We apply it to a batch of five zeros.

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
    why="All rows used the same key. If the rows should differ, each one needs its own key as an "
    "argument: vmap(f)(split(key, 5), x).",
)

# %% [markdown]
# `jax.lax.scan(step, start, xs)` is the loop from lesson 3. `step` gets the carried value and the
# next row of `xs`, and returns the new carried value and one output. Here are three random
# walks of 60 steps. The first carries its key and splits it in every step. The second splits the
# key before the loop and takes one key per step: wide, not deep. The third forgets to split.


# %%
def carried(carry, _):
    position, key = carry
    key, one = random.split(key)
    position = position + random.normal(one)
    return (position, key), position


def handed(position, one):
    position = position + random.normal(one)
    return position, position


def forgetful(carry, _):
    position, key = carry
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
    why="The key never changes, so every step draws the same number, and the walk always takes "
    "the same step.",
)

# %%
pictures.draw_walks({"carried": path_carried, "handed": path_handed, "forgetful": path_forgetful})

# %% [markdown]
# In the picture: two walks wander, and the third is a straight line. In real programs the mistake
# is harder to see: a simulation converges too well, or all the data is augmented in the same way.
#
# ## Repeating on purpose
#
# Examples and their labels are in two arrays. We shuffle both.

# %%
x = jnp.arange(6.0)
y = 10 * x
key = random.key(1)
shuffled_x, shuffled_y = random.permutation(key, x), random.permutation(key, y)

# %% [markdown]
# **Predict.** Both shuffles used the same key. Is every label still beside its example? `True` or
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
    why="The same key and the same length give the same order. Sometimes you want the same random "
    "numbers again, and this is such a case.",
)

# %% [markdown]
# It is clearer to draw the order once: `order = random.permutation(key, 6)`, then `x[order]` and
# `y[order]`. Then the reader sees that both have the same order on purpose.
#
# Also, a run that was interrupted can continue as if nothing had happened. Dropout sets entries to
# zero at random. If each step has its own key, step 4 of the resumed run drops exactly what step 4
# of the whole run drops.


# %%
def dropout(key, x, keep=0.5):
    return jnp.where(random.bernoulli(key, keep, x.shape), x / keep, 0.0)


def run(steps):
    key = random.key(42)
    return {step: dropout(random.fold_in(key, step), jnp.ones(8)) for step in steps}


whole, resumed = run(range(6)), run(range(4, 6))
print("step 4:", whole[4])
print("step 5:", whole[5])
print("equal after resuming:", all(bool((whole[s] == resumed[s]).all()) for s in resumed))

# %% [markdown]
# To save the random state of a run, it is enough to save a seed and a step number.
#
# > **In three lines**
# > 1. A draw is a function of its key: the same key gives the same number. Nothing is hidden.
# > 2. Give each key one use: draw from it, `split` it (wide, not deep) or `fold_in` numbers.
# > 3. Under `vmap` and `scan`, give every row and every step a key of its own.
# >
# > **Now you**:
# > [`exercises/04_prng_keys/prng_keys.ipynb`](../exercises/04_prng_keys/prng_keys.ipynb).
# > **Next**: `05_vmap`, which turns a function of one example into one of many.
