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
# # 5. Write for one, run for many: `vmap`
#
# > **After this lesson you can**
# > turn a function of one example into a function of a batch without touching it,
# > say with `in_axes` and `out_axes` which axis is the batch, nest `vmap` for all pairs,
# > get one gradient per example, say what `vmap` does to branches and loops, limit its
# > memory, and tell when plain broadcasting is the better answer.
# >
# > **Time** about 35 minutes. **Read before** `04_prng_keys`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
from collections import Counter

import jax
import jax.numpy as jnp

from autograder import predicted
from course import explore
from course.pictures import axes

# %% [markdown]
# ## The loop you would write
#
# Here is the model from the slides, for **one** example: four numbers go in, three scores
# come out.


# %%
def predict(W, b, x):
    return jnp.dot(W, x) + b


W = jnp.ones((3, 4))
b = jnp.ones(3)
batch_x = jnp.ones((10, 4))  # ten examples, one per row

predict(W, b, batch_x[0])

# %% [markdown]
# Arrays of ones are good for showing shapes and bad for checking results: every row of the
# result is the same, so many mistakes look right. From here on the numbers are random, and the
# shapes stay the same.

# %%
key_w, key_b, key_x = jax.random.split(jax.random.key(0), 3)
W = jax.random.normal(key_w, (3, 4))
b = jax.random.normal(key_b, (3,))
batch_x = jax.random.normal(key_x, (10, 4))

looped = jnp.stack([predict(W, b, x) for x in batch_x])
looped.shape

# %% [markdown]
# The loop is right, so we compare everything else with it. We ask for the same shape and for
# close numbers, not for equal bits: a sum may be computed in another order, and some
# accelerators multiply with fewer digits.


# %%
def close(a, b):
    """Whether two arrays agree in shape and, up to rounding, in values."""
    return a.shape == b.shape and bool(jnp.allclose(a, b, rtol=0.02, atol=0.05))


# %% [markdown]
# A NumPy user may ask: why not give `predict` the whole batch at once?

# %% tags=["raises-exception"]
predict(W, b, batch_x)

# %% [markdown]
# That fails. `jnp.dot` pairs the last axis of `W`, of size 4, with the *first* axis of `batch_x`,
# which has size 10. The function was written for one example, and its `dot` means something
# else when an axis is added.
#
# Will there always be an error? Suppose the weights are square and the batch happens to hold
# four examples, so that every size is 4.

# %%
key_w_square, key_b_four = jax.random.split(jax.random.key(1))
W_square = jax.random.normal(key_w_square, (4, 4))
b_four = jax.random.normal(key_b_four, (4,))
four_x = batch_x[:4]

# %% [markdown]
# **Predict.** What does `predict(W_square, b_four, four_x)` do? Choose `"raises"`,
# `"right"` (the same numbers as the loop) or `"wrong"` (other numbers, no error).

# %%
# Your prediction: replace the dots with "raises", "right" or "wrong"
my_square = ...

# %%
four_looped = jnp.stack([predict(W_square, b_four, x) for x in four_x])
try:
    at_once = predict(W_square, b_four, four_x)
    square_outcome = "right" if close(at_once, four_looped) else "wrong"
    print("at once:", at_once.shape, " loop:", four_looped.shape)
except TypeError:
    square_outcome = "raises"

# %%
predicted(
    my_square,
    square_outcome,
    why="The shapes fit, so nothing complains: dot contracts over the examples instead of "
    "the features, and b is added along the wrong axis.",
)

# %% [markdown]
# So the error above was good luck: it told us about the mistake.
#
# ## The same function, for a batch
#
# `jax.vmap` takes a function and returns a new one. `in_axes` has one entry for each positional
# argument: the axis that counts the examples, or `None` for an argument that all examples share.

# %%
batch_predict = jax.vmap(predict, in_axes=(None, None, 0))
batch_result = batch_predict(W, b, batch_x)

print("shape:", batch_result.shape)
print("equals the loop:", close(batch_result, looped))

# %% [markdown]
# `predict` is unchanged, and the numbers are the same as from the loop.

# %%
axes.draw_vmap(
    (None, None, 0), (W, b, batch_x), batch_result, names=("W", "b", "batch_x"), call="predict"
)

# %% [markdown]
# In the picture: `W` and `b` are hatched, because every call gets all of them. `batch_x` is
# cut along axis 0, its starred axis, into ten rows numbered 0 to 9. The result has ten rows
# too, and row 3 of the result was computed from row 3 of `batch_x`.
#
# It looks like a loop. Is it one? Let us count how often Python runs the function, and look at
# the shapes that the function sees.

# %%
seen = []


def watched(W, b, x):
    seen.append((W.shape, x.shape))
    return predict(W, b, x)


# %% [markdown]
# **Predict.** How many times does Python run the body of `watched` when `vmap` gives it a
# batch of ten?

# %%
# Your prediction: replace the dots with a number
my_calls = ...

# %%
jax.vmap(watched, in_axes=(None, None, 0))(W, b, batch_x)
seen

# %%
predicted(
    my_calls,
    len(seen),
    why="vmap does not repeat your function. It traces it once, with a stand-in that has "
    "the shape of one example, and replaces each primitive by its batched version.",
)

# %% [markdown]
# Inside the function, the shape of `x` is `(4,)`. The batch axis is hidden from your code,
# so you can keep thinking about one example. This is also why a `print` inside a mapped
# function appears once and not ten times. The numbered calls in the picture help you to read
# the result. They are not how it is computed.
#
# ## What `in_axes` says
#
# An integer is an axis, and negative ones count from the end, as everywhere in NumPy. Suppose
# a file gives you the examples as columns.

# %%
columns_x = batch_x.T
print("columns_x:", columns_x.shape)

by_1 = jax.vmap(predict, in_axes=(None, None, 1))(W, b, columns_x)
by_minus_1 = jax.vmap(predict, in_axes=(None, None, -1))(W, b, columns_x)
print("axis 1 and axis -1 agree:", close(by_1, by_minus_1))
print("and equal the loop:      ", close(by_1, looped))

# %% [markdown]
# The input did not have to be transposed. In the result the batch is axis 0, unless `out_axes`
# says otherwise.
#
# **Predict.** Which shape comes back with `out_axes=1`?

# %%
# Your prediction: replace the dots, e.g. (2, 5)
my_columns_shape = ...

# %%
columns_predict = jax.vmap(predict, in_axes=(None, None, 1), out_axes=1)
columns_result = columns_predict(W, b, columns_x)
columns_result.shape

# %%
predicted(
    my_columns_shape,
    columns_result.shape,
    why="One call returns (3,). The batch axis, of size 10, is inserted at position 1.",
)

# %%
axes.draw_vmap(
    (None, None, 1),
    (W, b, columns_x),
    columns_result,
    out_axes=1,
    names=("W", "b", "columns_x"),
    call="predict",
)

# %% [markdown]
# In the picture: the slices are now columns. Columns 0 to 9 of `columns_x` go in, columns 0
# to 9 of the result come out, and `W` and `b` are still shared.
#
# The mapped argument does not have to be the data. Take **one** example, and map over the rows
# of `W` and the entries of `b` together: `in_axes=(0, 0, None)`.
#
# **Predict.** Each call now gets one row of four weights, one bias and the same four inputs.
# What is the shape of the result of all calls?

# %%
# Your prediction: replace the dots, e.g. (2, 5)
my_rows_shape = ...

# %%
by_rows = jax.vmap(predict, in_axes=(0, 0, None))(W, b, batch_x[0])
plain = predict(W, b, batch_x[0])
print("vmap over the rows of W:", by_rows.shape)
print("equals predict itself:  ", close(by_rows, plain))

# %%
predicted(
    my_rows_shape,
    by_rows.shape,
    why="Each call is one output neuron and returns a scalar; three calls make (3,). A matrix "
    "times a vector is a vmap of dot products.",
)

# %% [markdown]
# ## When `in_axes` is wrong
#
# A single number instead of a tuple means this axis for *every* argument.

# %% tags=["raises-exception"]
jax.vmap(predict, in_axes=0)(W, b, batch_x)

# %% [markdown]
# `vmap` itself complains: axis 0 of `W` and `b` has size 3, and axis 0 of `x` has size 10, so it
# cannot tell how many calls you want. Read the sizes in the message and ask yourself which one is
# the size of your batch. Here it is 10, so the entry of the two arguments of size 3 should be `None`.
#
# The other kind of error comes from inside.

# %% tags=["raises-exception"]
jax.vmap(predict, in_axes=(None, None, 1))(W, b, batch_x)

# %% [markdown]
# `vmap` itself found no mistake, since only one argument is mapped. But it cut `batch_x` into four
# columns of ten numbers, and `predict` could not use those. If a shape in the message has the size
# of your batch, as `(10,)` here, you mapped the wrong axis.
#
# A third mistake concerns keyword arguments. `in_axes` says nothing about them: `vmap` slices
# every keyword argument along axis 0.

# %% tags=["raises-exception"]
jax.vmap(lambda x, scale: scale * x)(batch_x, scale=2.0)

# %% [markdown]
# Pass a shared argument by position, or fix it beforehand with `functools.partial`.
#
# **Predict.** Which of these raise? Answer with the letters in order, such as `"AC"`.
#
# - A: `jax.vmap(predict, in_axes=(None, None, -2))(W, b, batch_x)`
# - B: `jax.vmap(predict, in_axes=(0, None, 0))(W, b, batch_x)`
# - C: `jax.vmap(predict, in_axes=(0, None, 0))(W, b, batch_x[:3])`
# - D: `jax.vmap(predict, in_axes=(None, None))(W, b, batch_x)`

# %%
# Your prediction: replace the dots, e.g. "AC"
my_raising = ...

# %%
calls = {
    "A": ((None, None, -2), batch_x),
    "B": ((0, None, 0), batch_x),
    "C": ((0, None, 0), batch_x[:3]),
    "D": ((None, None), batch_x),
}
raising = ""
for letter, (in_axes, x) in calls.items():
    try:
        print(letter, "returns", jax.vmap(predict, in_axes=in_axes)(W, b, x).shape)
    except ValueError as error:
        print(letter, "raises:", str(error).splitlines()[0])
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="A: -2 is axis 0 of a matrix. B: sizes 3 and 10 disagree. C: 3 and 3 agree. D: three "
    "arguments need three entries.",
)

# %% [markdown]
# C deserves a second look. It runs, but it pairs row 0 of `W` with example 0, row 1 with
# example 1, and row 2 with example 2. Arguments that are mapped together advance together.

# %%
in_step = jnp.stack([predict(w, b, x) for w, x in zip(W, batch_x[:3], strict=True)])
case_c = jax.vmap(predict, in_axes=(0, None, 0))(W, b, batch_x[:3])
print("vmap over two arguments is a zip:", close(case_c, in_step))

# %% [markdown]
# To combine every row with every example you need *two* `vmap`s. They come below.
#
# Now choose the axes yourself. There are only three examples, so many choices run. Guess what a
# choice will do before you make it. Then press **Next →** to go from call to call.

# %%
explore.axes(predict, W, b, batch_x[:3])

# %% [markdown]
# A choice that runs may still be wrong: compare the arrays that one call gets with the arrays
# that `predict` was written for. `explore.axes(f, *args)` works for your own functions, too, with
# small arrays.
#
# ## Pytrees as arguments
#
# Parameters are rarely passed as separate arrays. Put them in a dict: an entry of `in_axes`
# stands for a whole argument, so one `None` covers everything in `params`.


# %%
def score(params, x):
    return predict(params["W"], params["b"], x)


params = {"W": W, "b": b}
from_dict = jax.vmap(score, in_axes=(None, 0))(params, batch_x)
print(from_dict.shape, close(from_dict, looped))

# %% [markdown]
# It also works the other way round: map over the parameters, and share the example. Our
# ensemble has five sets of parameters, stacked leaf by leaf. A `vmap` over five keys makes it.
# In `in_axes`, a `0` for the dict means axis 0 of *every leaf* in it.


# %%
def new_params(key):
    key_w, key_b = jax.random.split(key)
    return {"W": jax.random.normal(key_w, (3, 4)), "b": jax.random.normal(key_b, (3,))}


ensemble = jax.vmap(new_params)(jax.random.split(jax.random.key(2), 5))
print("shapes:", jax.tree.map(jnp.shape, ensemble))

opinions = jax.vmap(score, in_axes=(0, None))(ensemble, batch_x[0])
print("opinions:", opinions.shape)

# %%
axes.draw_vmap((0, None), (ensemble, batch_x[0]), opinions, names=("params", "x"), call="score")

# %% [markdown]
# In the picture: `params['W']` is a stack of five sheets and `params['b']` has five rows. Sheet
# i and row i go to call i together. The single `x` is shared.
#
# To treat leaves differently, give a dict of the same form. Here all calls share one `W`, and
# each call has a `b` of its own.

# %%
mixed = {"W": W, "b": ensemble["b"]}
jax.vmap(score, in_axes=({"W": None, "b": 0}, None))(mixed, batch_x[0]).shape

# %% [markdown]
# `in_axes` does not have to name every leaf. It is a **prefix** of the arguments: where it stops,
# its entry holds for the whole subtree below. For a shared body with five heads, two entries
# are enough.


# %%
def body_and_head(net, x):
    return score(net["head"], jnp.tanh(score(net["body"], x)))


body = {"W": jnp.eye(4), "b": jnp.zeros(4)}
net = {"body": body, "head": ensemble}
jax.vmap(body_and_head, in_axes=({"body": None, "head": 0}, None))(net, batch_x[0]).shape

# %% [markdown]
# A prefix may stop early, but it must not leave out a key.

# %% tags=["raises-exception"]
jax.vmap(body_and_head, in_axes=({"head": 0}, 0))(net, batch_x[:5])

# %% [markdown]
# JAX does not guess that a missing `"body"` means `None`. Write it, and it works.
#
# ## Nesting: all pairs
#
# The result of `vmap` is a function, so it can be mapped again. Each `vmap` adds one axis.
#
# **Predict.** There are five members of the ensemble, ten examples and three scores. The inner
# `vmap` maps over the examples, the outer one over the members. What is the shape of the result?

# %%
every_member_every_example = jax.vmap(jax.vmap(score, in_axes=(None, 0)), in_axes=(0, None))

# %%
# Your prediction: replace the dots, e.g. (2, 5, 7)
my_nested_shape = ...

# %%
all_opinions = every_member_every_example(ensemble, batch_x)
all_opinions.shape

# %%
predicted(
    my_nested_shape,
    all_opinions.shape,
    why="One call gives (3,). The inner vmap puts the 10 examples in front, the outer one puts "
    "the 5 members in front of that.",
)

# %% [markdown]
# A classic use is a table of distances. Write the distance between two points, and let `vmap`
# make the table.


# %%
def distance(p, q):
    return jnp.sqrt(((p - q) ** 2).sum())


homes = jnp.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [3.0, 4.0]])
shops = jnp.array([[0.0, 1.0], [1.0, 1.0], [3.0, 3.0], [6.0, 0.0], [2.0, 5.0], [5.0, 5.0]])

one_home_to_all_shops = jax.vmap(distance, in_axes=(None, 0))
table = jax.vmap(one_home_to_all_shops, in_axes=(0, None))(homes, shops)

# %%
axes.draw_pairs(homes, shops, table, names=("home", "shop"))

# %% [markdown]
# In the picture: cell (i, j) holds the distance from home i to shop j. The inner `vmap` fills
# a row, such as the framed one of home 1. The outer `vmap` stacks the rows.
#
# **Predict.** Now swap the two: the inner `vmap` has `in_axes=(0, None)`, the outer one
# `(None, 0)`. The arguments are still `(homes, shops)`. Which shape comes back?

# %%
# Your prediction: replace the dots, e.g. (2, 5)
my_swapped_shape = ...

# %%
swapped = jax.vmap(jax.vmap(distance, in_axes=(0, None)), in_axes=(None, 0))(homes, shops)
print("shape:", swapped.shape)
print("it is the transpose:", close(swapped, table.T))

# %%
predicted(
    my_swapped_shape,
    swapped.shape,
    why="The outer vmap makes axis 0 of the result, and now it maps over the 6 shops.",
)

# %% [markdown]
# ## What changed: the jaxpr before and after
#
# A jaxpr is the list of primitives that JAX will run. Here is `predict` on one example.

# %%
print(jax.make_jaxpr(predict)(W, b, batch_x[0]))

# %% [markdown]
# And here is the mapped one.

# %%
print(jax.make_jaxpr(batch_predict)(W, b, batch_x))

# %% [markdown]
# There is no loop. There is still exactly one `dot_general`, with a bigger shape: it made
# `f32[3]` before and makes `f32[3,10]` now. Its `dimension_numbers` went from
# `([1], [0])` to `([1], [1])`: the features were axis 0 of `x` and are axis 1 of the batch.
# A `transpose` brings the batch to the front, as `out_axes=0` asks. And `W` still enters as
# `f32[3,4]`: an argument with `None` is not copied ten times. `b` only gains an axis of size
# 1, so that one `add` can broadcast it.
#
# Compare this with the loop, and with the line that a NumPy expert would write by hand.


# %%
def primitives(function, *args):
    """Count the primitives of a function's jaxpr by name."""
    return Counter(eqn.primitive.name for eqn in jax.make_jaxpr(function)(*args).eqns)


def loop_predict(W, b, xs):
    return jnp.stack([predict(W, b, x) for x in xs])


def by_hand(W, b, xs):
    return xs @ W.T + b


args = (W, b, batch_x)
in_loop = primitives(loop_predict, *args)
print("loop   :", in_loop["dot_general"], "dot_generals among", in_loop.total(), "primitives")
print("vmap   :", dict(primitives(batch_predict, *args)))
print("by hand:", dict(primitives(by_hand, *args)))

# %% [markdown]
# The loop wrote its body into the program ten times. `vmap` arrived at the same primitives as
# the expert, one of each, and nobody had to think about where the `.T` goes.
#
# **Predict.** Give `batch_predict` a batch of 1,000. How many primitives will its jaxpr have?

# %%
# Your prediction: replace the dots with a number
my_primitives = ...

# %%
thousand_x = jnp.zeros((1000, 4))
thousand_count = primitives(batch_predict, W, b, thousand_x).total()
print("vmap, 1,000 examples:", thousand_count)
print("loop,    20 examples:", primitives(loop_predict, W, b, thousand_x[:20]).total())

# %%
predicted(
    my_primitives,
    thousand_count,
    why="The size of the batch changes the shapes, not the length of the program. The program "
    "of the loop grows with every example.",
)

# %% [markdown]
# ## A branch for each example
#
# A Python `if` on a traced value raises an error, under `vmap` as under `jit` (lesson 3). `jax.lax.cond`
# takes its place: it runs one of two functions. Here `costly` stands for a branch that you want to
# run as rarely as possible. It writes down every number that it is really computed for:
# `jax.debug.callback` calls Python while the program runs.

# %%
seen_numbers = []


def write_down(x):
    jax.debug.callback(lambda number: seen_numbers.append(float(number)), x)


def numbers_seen(function, *args):
    """Call a function, and return the numbers that were written down during the call."""
    seen_numbers.clear()
    function(*args)
    jax.effects_barrier()  # wait until all callbacks have run
    return sorted(seen_numbers)


def costly(x):
    write_down(x)
    return -x


def repaired(x):
    return jax.lax.cond(x < 0, costly, lambda x: x, x)


# %%
print("costly ran for", numbers_seen(repaired, 3.0))
print("costly ran for", numbers_seen(repaired, -2.0))

# %% [markdown]
# For one number, `cond` runs only the branch that it needs.
#
# **Predict.** Now a batch of four numbers, of which one is negative. For how many of them does
# `costly` run?

# %%
numbers = jnp.array([1.0, -2.0, 3.0, 4.0])

# %%
# Your prediction: replace the dots with a number
my_branches = ...

# %%
under_vmap = numbers_seen(jax.vmap(repaired), numbers)
print("result:        ", jax.vmap(repaired)(numbers))
print("costly ran for:", under_vmap)

# %%
predicted(
    my_branches,
    len(under_vmap),
    why="The batch needs both branches, and one program serves the whole batch. So vmap computes "
    "both branches for every example and then selects.",
)

# %% [markdown]
# The jaxpr says the same. There is no `cond` in it: `sin` and `cos` are both computed, and the last
# `select_n` picks one of the two for each example.

# %%
print(jax.make_jaxpr(jax.vmap(lambda x: jax.lax.cond(x < 0, jnp.sin, jnp.cos, x)))(numbers))

# %% [markdown]
# (`stop_gradient` and the other two `select_n` matter for gradients. The branch that was not selected
# could make a NaN, and they keep it away. Lesson 7 shows where such a NaN comes from.)
#
# So under `vmap`, `cond` saves no work. It still does in two cases: if all examples share the
# condition, and if the examples run one after another, which is what `jax.lax.map` does.


# %%
def repaired_if(wanted, x):
    return jax.lax.cond(wanted, costly, lambda x: x, x)


shared_condition = jax.vmap(repaired_if, in_axes=(None, 0))
print("condition shared: ", numbers_seen(shared_condition, False, numbers))
print("one after another:", numbers_seen(lambda xs: jax.lax.map(repaired, xs), numbers))

# %% [markdown]
# ## A loop for each example
#
# A `while_loop` runs until its condition is false. How often must a number be halved until it is 1
# or less? Once for 2, twice for 4, and 10 times for 1024. Each halving is one turn of the loop.


# %%
def halvings(x):
    def halve(state):
        x, turns = state
        write_down(x)
        return x / 2, turns + 1

    return jax.lax.while_loop(lambda state: state[0] > 1, halve, (x, 0))[1]


starts = jnp.array([2.0, 4.0, 1024.0])
print("turns, one by one:", [int(halvings(x)) for x in starts])

# %% [markdown]
# **Predict.** How often is the body of the loop computed for `jax.vmap(halvings)(starts)`, counted
# over all three numbers? The numbers alone need 1 + 2 + 10 = 13.

# %%
# Your prediction: replace the dots with a number
my_turns = ...

# %%
bodies = len(numbers_seen(jax.vmap(halvings), starts))
print("turns under vmap:", jax.vmap(halvings)(starts))
print("bodies computed: ", bodies)

# %%
predicted(
    my_turns,
    bodies,
    why="There is one loop for the whole batch. It runs until the last example is done: 10 turns, "
    "each for all 3 numbers. For a number that is done, the new state is computed and thrown away.",
)

# %% [markdown]
# The results are right, since finished examples keep their old state. But the slowest example
# sets the time for all. If a few examples need far more turns than the others, sort them into
# batches of similar length, or use `jax.lax.map`.
#
# ## When a batch needs too much memory
#
# `vmap` computes every step for the whole batch, so every intermediate array has the batch axis too.
# Here each point needs its distances to all 1,024 points, only to return one of them.

# %%
cloud = jax.random.normal(jax.random.key(4), (1024, 3))


def tenth_nearest(point):
    """The distance from a point to the tenth nearest point of the cloud."""
    return jnp.sort(jnp.linalg.norm(cloud - point, axis=1))[10]


def temporaries(function, *args):
    """Bytes that the compiled program needs besides its arguments and results."""
    return jax.jit(function).lower(*args).compile().memory_analysis().temp_size_in_bytes


all_at_once = jax.vmap(tenth_nearest)
print(f"vmap: about {temporaries(all_at_once, cloud):,} bytes")

# %% [markdown]
# `jax.lax.map(f, xs)` is a loop: it calls `f` for one example after another. With `batch_size=32`
# each turn of the loop calls `vmap` of `f`, for 32 examples at a time.
#
# **Predict.** How much memory does `jax.lax.map` with `batch_size=32` need, compared with `vmap`
# over all 1,024 examples: about `"the same"`, `"1/32"` or `"1/1024"`?

# %%
# Your prediction: replace the dots with one of the three
my_memory = ...


# %%
def one_by_one(points):
    return jax.lax.map(tenth_nearest, points)


def in_batches(points):
    return jax.lax.map(tenth_nearest, points, batch_size=32)


whole = temporaries(all_at_once, cloud)
for function in (one_by_one, in_batches):
    part = temporaries(function, cloud)
    agree = close(function(cloud), all_at_once(cloud))
    print(f"{function.__name__}: 1/{whole / part:,.0f} of the memory; same result: {agree}")
choices = {"the same": 1, "1/32": 32, "1/1024": 1024}
share = min(choices, key=lambda name: abs(jnp.log(choices[name] * part / whole)))

# %%
predicted(
    my_memory,
    share,
    why="The intermediate arrays of 32 examples are in memory at a time, and 32 is 1/32 of 1,024. "
    "The loop takes 32 turns. Without batch_size only one example is in memory at a time.",
)

# %% [markdown]
# A small `batch_size` saves memory, and a large one keeps the machine busy. Choose the largest one
# that fits into the memory. `jax.lax.map` has no `in_axes`: it slices axis 0 of one pytree. If all
# examples share an array, use it inside the function, like `cloud` here.
#
# ## One gradient per example
#
# `jax.grad` comes in lesson 7. All you need here: `jax.grad(loss)` is a function that takes the
# same arguments as `loss` and returns the derivative with respect to the first one, as a pytree
# of the same form. It is a function, so it can be mapped.


# %%
def loss(params, x, y):
    return ((score(params, x) - y) ** 2).sum()


batch_y = jax.random.normal(jax.random.key(3), (10, 3))
one_gradient = jax.grad(loss)(params, batch_x[0], batch_y[0])
print("one example:", jax.tree.map(jnp.shape, one_gradient))

per_example_gradients = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))

# %% [markdown]
# **Predict.** What is the shape of the entry `"W"` in
# `per_example_gradients(params, batch_x, batch_y)`?

# %%
# Your prediction: replace the dots, e.g. (2, 5, 7)
my_gradient_shape = ...

# %%
gradients = per_example_gradients(params, batch_x, batch_y)
jax.tree.map(jnp.shape, gradients)

# %%
predicted(
    my_gradient_shape,
    gradients["W"].shape,
    why="A gradient has the shape of the array that it belongs to, (3, 4), and there is one for "
    "each example. All calls share params, but each call has a gradient of its own.",
)

# %% [markdown]
# Training code usually takes the gradient of the *mean* loss, and then only the average of the
# ten gradients is left. Differentiation is linear, so the mean of the gradients and the gradient
# of the mean must agree.


# %%
def mean_loss(params, xs, ys):
    return jax.vmap(loss, in_axes=(None, 0, 0))(params, xs, ys).mean()


gradient_of_mean = jax.grad(mean_loss)(params, batch_x, batch_y)
mean_of_gradients = jax.tree.map(lambda g: g.mean(axis=0), gradients)

agree = jax.tree.map(close, mean_of_gradients, gradient_of_mean)
print("mean of the gradients == gradient of the mean:", agree)

# %%
axes.draw_gradients(gradients["W"], gradient_of_mean["W"])

# %% [markdown]
# In the picture: ten sheets of three by four squares, one gradient for each example, and on the
# right the gradient of the mean loss. A filled square is a positive entry, an open one a negative
# entry, and a larger square is a larger entry. Where the examples disagree about the sign, the
# mean is small.
#
# With one gradient per example you can ask a question that the mean cannot answer: which example
# pulls hardest?


# %%
def size(gradient):
    return jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(gradient)))


sizes = jax.vmap(size)(gradients)
print("example", int(sizes.argmax()), "pulls hardest")
print("its gradient has size", round(float(sizes.max()), 2))
print("the mean gradient has size", round(float(size(gradient_of_mean)), 2))
print(int((sizes > size(gradient_of_mean)).sum()), "of 10 gradients are larger than the mean")

# %% [markdown]
# `size` was written for one gradient, which is a dict, and we mapped it over the stacked dict.
# These numbers help you to find wrong labels in the data, or to limit how much one example may
# change the model.
#
# ## When broadcasting is the better answer
#
# `vmap` is not always needed. An elementwise function already takes any shape.


# %%
def squash(x):
    return 2 * jnp.tanh(x) + 1


plain_text = str(jax.make_jaxpr(squash)(batch_x))
mapped_text = str(jax.make_jaxpr(jax.vmap(squash))(batch_x))
print(plain_text)
print("the same program, letter for letter:", plain_text == mapped_text)

# %% [markdown]
# `vmap` added nothing, so leave it out. The next case is less clear: bring each column to mean
# 0 and standard deviation 1. The first version handles one column and is mapped. The second is
# what a NumPy user would write.


# %%
def standardize_column(column):
    centred = column - column.mean()
    return centred / jnp.sqrt((centred**2).mean())


def standardize(table):
    centred = table - table.mean(axis=0)
    return centred / jnp.sqrt((centred**2).mean(axis=0))


mapped_standardize = jax.vmap(standardize_column, in_axes=1, out_axes=1)

# %% [markdown]
# **Predict.** Both jaxprs have the same primitives, and the same number of each, except for one
# primitive that only the mapped one has. Which one? Think of `in_axes=1, out_axes=1`.

# %%
# Your prediction: replace the dots with a primitive's name, e.g. "sqrt"
my_extra = ...

# %%
mapped_count = primitives(mapped_standardize, batch_x)
plain_count = primitives(standardize, batch_x)
extra = mapped_count - plain_count

print("same values:", close(mapped_standardize(batch_x), standardize(batch_x)))
print("only in the mapped one:", dict(extra))
print("only in the plain one: ", dict(plain_count - mapped_count))

# %%
predicted(
    my_extra,
    next(iter(extra)),
    why="To work on columns, vmap moves their axis to the front and then back again. The "
    "arithmetic is the same.",
)

# %% [markdown]
# So the two programs differ only in moving an axis. The plain version is easier to read: it needs
# nothing but an `axis=` argument. Use it.
#
# ## When it is not
#
# Broadcasting needs every step to accept an extra axis. Many functions do not.
# `jnp.convolve`, like NumPy's, smooths one signal.

# %% tags=["raises-exception"]
jnp.convolve(batch_x, jnp.ones(3))

# %%
jax.vmap(jnp.convolve, in_axes=(0, None))(batch_x, jnp.ones(3)).shape

# %% [markdown]
# Other functions can be broadcast, but then they are hard to read. Here are the weighted distances
# of all pairs, with a matrix `M` of weights, in both styles.

# %%
M = jnp.array([[2.0, 0.5], [0.5, 1.0]])


def weighted(p, q):
    return (p - q) @ M @ (p - q)


mapped_pairs = jax.vmap(jax.vmap(weighted, in_axes=(None, 0)), in_axes=(0, None))(homes, shops)

difference = homes[:, None, :] - shops[None, :, :]
broadcast_pairs = jnp.einsum("ijk,kl,ijl->ij", difference, M, difference)

print("agree:", close(mapped_pairs, broadcast_pairs))

# %% [markdown]
# NumPy users know a third way: `np.vectorize` with a signature. `jnp.vectorize` does the same by means of
# `vmap`. The signature names the axes that the function itself handles, and all axes in front of
# them are broadcast as in NumPy.

# %%
predict_any = jnp.vectorize(predict, signature="(k,n),(k),(n)->(k)")

# %% [markdown]
# **Predict.** `ensemble["W"][:, None]` has the shape (5, 1, 3, 4), `b` has (3,) and `batch_x` has
# (10, 4). What is the shape of `predict_any(ensemble["W"][:, None], b, batch_x)`?

# %%
# Your prediction: replace the dots, e.g. (2, 5, 7)
my_vectorized_shape = ...

# %%
broadcast_result = predict_any(ensemble["W"][:, None], b, batch_x)
by_vmap = jax.vmap(jax.vmap(predict, in_axes=(None, None, 0)), in_axes=(0, None, None))
print("shape:", broadcast_result.shape)
print("equals two vmaps:", close(broadcast_result, by_vmap(ensemble["W"], b, batch_x)))

# %%
predicted(
    my_vectorized_shape,
    broadcast_result.shape,
    why="The function handles (3, 4), (3,) and (4,). In front of them remain (5, 1), () and (10,), "
    "which broadcast to (5, 10). Each call returns (3,).",
)

# %% [markdown]
# `jnp.vectorize` is convenient if callers bring any number of batch axes. `vmap` says in the code
# which axis is the batch. It does not broadcast: mapped axes of sizes 1 and 10 raise an error.
#
# A good rule: where an `axis=` argument or one inserted axis is enough, use broadcasting. For anything
# more, write the function for one example and `vmap` it: a second inserted axis, an `einsum` that is
# hard to read, a function that is not yours, a pytree, or a gradient.
#
# > **In three lines**
# > 1. `vmap` traces your one-example function once and batches its primitives. There is no loop
# >    over the batch, and so both branches of a `cond` run.
# > 2. `in_axes`: an axis to slice, `None` to share, a prefix for a pytree; `out_axes`: where
# >    the batch comes back.
# > 3. Nest it for all pairs, put it around `grad` for one gradient per example, and use
# >    `jax.lax.map` with a `batch_size` where memory is short.
# >
# > **Now you**: [`exercises/05_vmap/vmap.ipynb`](../exercises/05_vmap/vmap.ipynb).
# > **Next**: `06_pytrees`, the containers that you have just mapped over.
