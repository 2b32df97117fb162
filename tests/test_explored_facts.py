"""What the explorables of memory, keys, axes, trees and meshes say is what NumPy and JAX do."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from jax.random import uniform
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from course import explore
from course.explore import batch_axes, blocks, key_tree, leaves, memories

# -------------------------------------------------------------------------------- memory

PROGRAM = """
a = np.arange(6.0)
part = a[1:4]
picked = a[np.array([1, 2])]
part[0] = 100.0
x = jnp.arange(6.0)
y = x[1:4]
x.at[0].set(9.0)
z = give(x)
x + 1
"""


@pytest.fixture
def lines():
    give = jax.jit(lambda v: v.at[0].set(7.0), donate_argnums=0)
    return memories.run(PROGRAM, {"give": give})


def homes(line, lines):
    """The names by the block that holds them."""
    return {
        place.name: block.name
        for block in memories.blocks_of(lines)
        for place in line.places
        if block.holds(place)
    }


def test_names_are_in_one_block_where_numpy_says_that_they_share_memory(lines):
    values = {}
    exec(PROGRAM.partition("x = ")[0], {"np": np}, values)
    home = homes(lines[3], lines)
    for one, other in itertools.combinations(("a", "part", "picked"), 2):
        assert (home[one] == home[other]) == np.shares_memory(values[one], values[other])


def test_jax_arrays_have_blocks_of_their_own_until_one_is_donated(lines):
    before, after = homes(lines[6], lines), homes(lines[7], lines)
    assert len({before["x"], before["y"], before[memories.UNNAMED], before["a"]}) == 4
    assert after["z"] == before["x"]
    assert "x" not in after


def test_the_words_tell_writes_losses_donations_and_errors():
    give = jax.jit(lambda v: v.at[0].set(7.0), donate_argnums=0)
    told = repr(explore.memory(PROGRAM, give=give))
    assert "part[0] = 100.0: Cell 1 of block A changed, as seen by a and part." in told
    assert "The new array has its own memory, block E. No name refers to it, so it is lost." in told
    assert "z is in block C, which belonged to x. x is deleted." in told
    assert "x + 1: This line raises RuntimeError: Array has been deleted" in told


def test_a_numpy_view_of_a_jax_array_shares_its_block():
    told = repr(explore.memory("q = np.asarray(z)\nq[0] = 1", z=jnp.arange(3.0)))
    assert "q shares block A with z." in told
    assert "raises ValueError: assignment destination is read-only." in told


def test_a_program_that_is_not_python_is_told_in_a_sentence():
    assert "Line 2 is not Python: invalid syntax." in repr(explore.memory("a = 1\nb = = 2"))


# ---------------------------------------------------------------------------------- keys


def layer(key):
    params, data, dropout = random.split(key, 3)
    weights = random.normal(params, (2,)) + uniform(params)
    masks = [random.bernoulli(random.fold_in(dropout, step)) for step in range(2)]
    return weights, random.normal(data), masks, random.normal(random.fold_in(dropout, 1))


def test_the_tree_has_the_keys_that_the_function_made():
    record = key_tree.record_of(layer, random.key(0))
    split = random.key_data(random.split(random.key(0), 3))
    by_name = {key.name: key.bits for key in record.keys if key.name}
    for name, data in zip(("params", "data", "dropout"), split, strict=True):
        assert by_name[name] == tuple(map(int, data))


def test_a_key_that_is_used_twice_is_marked_in_both_places():
    shown = explore.keys(layer, random.key(0))
    told, page = repr(shown), shown._repr_html_()
    assert "! used 2 times: normal(params, (2,))" in told
    assert "! used 2 times: uniform(params)" in told
    assert "⚠ This key was used before, in step 2, normal(params, (2,)). Use each key" in told
    # That one, and the key of the number that is folded in twice.
    assert page.count("⚠ used 2 times") == 4


def test_folding_different_numbers_into_a_key_is_one_use_of_it():
    def steps(key):
        return [random.normal(random.fold_in(key, step)) for step in range(3)]

    assert not key_tree.record_of(steps, random.key(0)).again()


def test_splitting_a_key_and_folding_into_it_shows_the_same_key_in_two_places():
    def both(key):
        random.split(key, 4)
        return random.fold_in(key, 2)

    told = repr(explore.keys(both, random.key(0)))
    assert "fold_in(key, 2) is the same key as split(key, 4)[2]." in told
    assert "! used 2 times: split(key, 4)" in told


def test_the_function_runs_with_values_and_afterwards_jax_is_as_before():
    normal = jax.random.normal
    drawn = []
    told = repr(explore.keys(jax.jit(lambda key: drawn.append(random.normal(key))), random.key(0)))
    assert f"draws {float(drawn[0]):.4f}." in told
    assert jax.random.normal is normal
    assert uniform.__module__ == jax.random.uniform.__module__


COUNT = 0


def test_what_the_function_does_to_globals_is_kept_and_functions_within_others_are_followed():
    def counting(scale, key):
        global COUNT
        COUNT += 1
        return scale * uniform(key)

    record = key_tree.record_of(jax.jit(functools.partial(counting, 2.0)), random.key(0))
    assert COUNT == 1
    assert [use.call for use in record.uses] == ["uniform(key)"]


def test_an_untyped_key_has_the_tree_of_a_typed_one():
    typed, raw = (key_tree.record_of(layer, key) for key in (random.key(1), jax.random.PRNGKey(1)))
    assert [key.bits for key in typed.keys] == [key.bits for key in raw.keys]


def test_what_a_function_of_keys_cannot_do_is_told_in_a_sentence():
    def fails(key):
        jax.vmap(random.normal)(random.split(key, 3))
        raise ZeroDivisionError("no")

    told = repr(explore.keys(fails, random.key(0)))
    assert "The function raised ZeroDivisionError: no." in told
    assert "1 call is not shown: under vmap or grad, a call does not have one key." in told


# ---------------------------------------------------------------------------------- axes


def predict(W, b, x):
    return W @ x + b


W, B, X = jnp.arange(12.0).reshape(3, 4), jnp.arange(3.0), jnp.arange(20.0).reshape(5, 4)


def called(function, args, outcome, number):
    """What call `number` returns, if it gets the slices that are drawn for it."""
    parts = [
        arg if table.axis is None else jnp.take(arg, number, table.axis)
        for arg, table in zip(args, outcome.inputs, strict=True)
    ]
    return function(*parts)


@pytest.mark.parametrize(
    ("function", "args", "in_axes", "out_axes"),
    [
        (predict, (W, B, X), (None, None, 0), 0),
        (predict, (W, B, X), (None, None, 0), 1),
        (predict, (W, B, X.T), (None, None, 1), -1),
        (predict, (W, B, X[0]), (0, 0, None), 0),
        (jnp.outer, (B, B), 0, 2),
    ],
)
def test_each_call_gets_the_slices_and_fills_the_place_that_are_drawn(
    function, args, in_axes, out_axes
):
    outcome = batch_axes.mapped(function, args, in_axes, out_axes)
    result = jax.vmap(function, in_axes, out_axes)(*args)
    (table,) = outcome.outputs
    for number in range(outcome.calls):
        drawn = np.asarray(result)[table.calls == number]
        np.testing.assert_allclose(drawn, np.ravel(called(function, args, outcome, number)))


def test_leaves_of_a_pytree_are_followed_each_by_its_own_axis():
    params = {"W": W, "b": jnp.zeros((2, 3))}

    def score(params, x):
        return params["W"] @ x + params["b"]

    in_axes = ({"W": None, "b": 0}, None)
    outcome = batch_axes.mapped(score, (params, X[0]), in_axes, 0)
    assert [(table.name, table.axis) for table in outcome.inputs] == [
        ("params['W']", None), ("params['b']", 0), ("x", None),
    ]  # fmt: skip


def test_a_result_that_is_the_same_in_every_call_and_a_batch_of_one_are_drawn_as_they_are():
    same = batch_axes.mapped(lambda x: (x.sum(), 7.0), (X,), 0, (0, None))
    assert [table.axis for table in same.outputs] == [0, None]
    assert same.outputs[1].calls == -1
    single = batch_axes.mapped(predict, (W, B, X[:1]), (None, None, 0), 0)
    assert [table.axis for table in single.inputs] == [None, None, 0]


def test_every_combination_is_offered_and_begins_with_one_that_runs():
    shown = explore.axes(predict, W, B, X)
    assert list(shown.choices) == ["in_axes of W", "in_axes of b", "in_axes of x", "out_axes"]
    assert len(shown.scenes) == 3 * 2 * 3 * 2
    first = next(iter(shown.scenes.values()))
    assert len(first.steps) == 1 + 5


def test_what_vmap_refuses_is_told_in_the_words_of_jax():
    with pytest.raises(ValueError, match="inconsistent") as raised:
        jax.vmap(predict, (0, None, 0))(W, B, X)
    outcome = batch_axes.mapped(predict, (W, B, X), (0, None, 0), 0)
    assert str(raised.value).splitlines()[0] in outcome.error
    assert "axis 0 of argument W" in outcome.error


def test_what_a_mapped_function_prints_is_not_repeated_for_each_choice(capsys):
    explore.axes(lambda x: print(x), X[:2, :2])
    assert capsys.readouterr().out == ""


def test_too_many_combinations_and_too_large_arrays_are_told_in_a_sentence():
    many = explore.axes(lambda *args: args, *[X] * 6)
    assert "There are 1458 combinations, but at most 48 can be shown." in repr(many)
    assert "Use smaller arrays, or offer fewer axes." in repr(
        explore.axes(jnp.dot, jnp.ones((40, 40)), jnp.ones((40, 40)), in_axes=[(0, None)])
    )


# ---------------------------------------------------------------------------------- tree

PARAMS = {"layer1": {"w": [1, 1], "b": 2}, "layer2": {"w": 3, "b": 4}}
GRADS = {"layer1": {"w": [10, 20], "b": 30}, "layer2": {"w": 40, "b": 50}}


def step(p, g):
    return p - 0.1 * g


def test_leaves_are_visited_in_the_order_of_jax_with_what_the_function_gets_and_returns():
    visits, result, failed = leaves.visited(step, (PARAMS, GRADS), None)
    assert not failed
    assert [visit.given for visit in visits] == list(
        zip(jax.tree.leaves(PARAMS), jax.tree.leaves(GRADS), strict=True)
    )
    assert result == jax.tree.map(step, PARAMS, GRADS)
    assert [visit.result for visit in visits] == jax.tree.leaves(result)
    told = repr(explore.tree(PARAMS, GRADS, map=step, names=("params", "grads")))
    assert (
        "Leaf 1, at ['layer1']['w'][0], is visited. The function gets 1 from params and 10 from "
        "grads. It returns 0.0." in told
    )


def test_none_and_empty_containers_are_drawn_and_have_no_leaf():
    told = repr(explore.tree({"w": 3, "b": None, "e": ()}))
    assert "tree 1 has 1 leaf." in told
    assert "['b']: None: no leaf" in told
    assert "['e']: tuple, 0 entries" in told


def test_trees_that_do_not_fit_are_drawn_with_the_sentence_of_jax():
    told = repr(explore.tree(PARAMS, {"layer1": GRADS["layer1"]}, map=step))
    assert "tree 1 has 5 leaves." in told
    assert "⚠ JAX raises an error. ValueError:" in told
    assert "layer2" in told.rpartition("⚠")[2]


def test_an_error_of_the_mapped_function_is_told_with_the_path_of_the_leaf():
    told = repr(explore.tree({"a": 1, "b": "x"}, map=lambda leaf: leaf - 1))
    assert "⚠ At ['b'] the function raises TypeError:" in told


def test_containers_can_be_folded_without_a_script():
    page = explore.tree(PARAMS)._repr_html_()
    assert page.count("<details open><summary>") == 4


# ---------------------------------------------------------------------------------- mesh

SPECS = [P("x", None), P("x", "y"), P("y", "x"), P(None, "y"), P(("x", "y"), None), P()]
ARRAY = jnp.arange(32.0).reshape(8, 4)


def grid(kind=AxisType.Auto):
    return jax.make_mesh((4, 2), ("x", "y"), axis_types=(kind,) * 2, devices=jax.devices()[:8])


@pytest.mark.parametrize("spec", SPECS, ids=blocks.typed)
def test_each_device_holds_the_block_that_the_array_itself_has_there(spec):
    layout = blocks.cut(ARRAY, grid(), spec)
    array = jax.device_put(ARRAY, NamedSharding(grid(), spec))
    for block, shard in zip(layout.blocks, array.addressable_shards, strict=True):
        assert block.device == shard.device.id
        np.testing.assert_array_equal(block.values, shard.data)
        np.testing.assert_array_equal(np.asarray(ARRAY)[block.part], np.ravel(shard.data))


def test_collectives_move_the_blocks_as_numpy_would_and_say_where_each_came_from():
    rows = np.arange(1.0, 5.0)[:, None] * 10 + np.arange(4.0)
    line = Mesh(np.array(jax.devices()[:4]), ("x",))
    wanted = [(name, "x") for name in blocks.COLLECTIVES]
    moves = blocks.moved(jnp.asarray(rows), line, P("x", None), wanted)
    after = {name: np.stack([b.values for b in move.blocks]) for (name, _), move in moves.items()}
    source = {name: np.stack([b.sources for b in move.blocks]) for (name, _), move in moves.items()}
    np.testing.assert_array_equal(after["psum"][:, 0], np.tile(rows.sum(0), (4, 1)))
    np.testing.assert_array_equal(after["psum_scatter"].ravel(), rows.sum(0))
    np.testing.assert_array_equal(after["all_gather"], np.tile(rows, (4, 1, 1)))
    np.testing.assert_array_equal(after["all_to_all"][..., 0], rows.T)
    np.testing.assert_array_equal(after["ppermute"][:, 0], np.roll(rows, 1, 0))
    assert (source["psum"] == 0b1111).all()
    np.testing.assert_array_equal(source["all_to_all"][2].ravel(), [1, 2, 4, 8])
    np.testing.assert_array_equal(source["ppermute"][:, 0, 0], [8, 1, 2, 4])


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_gathering_a_scattered_sum_costs_as_many_bytes_as_the_sum(devices):
    # psum_scatter leaves blocks of one part in `devices`, which all_gather then collects.
    scattered = blocks.COSTS["psum_scatter"](devices)[0]
    gathered = blocks.COSTS["all_gather"](devices)[0] / devices
    assert scattered + gathered == blocks.COSTS["psum"](devices)[0]


def test_bytes_are_given_with_their_formula_and_called_a_model():
    told = repr(explore.mesh(ARRAY, grid(), [P("x", "y")], ["psum", "all_gather"], over=["x"]))
    assert "It sends 2 × 3/4 × 16 = 24 bytes, if the devices pass parts on in a ring." in told
    assert "It sends 3 × 16 = 48 bytes, if the devices pass blocks on in a ring." in told
    assert told.count("(This is a model, not a measurement.)") == 2


def test_explicit_axes_give_the_same_output():
    pages = [
        explore.mesh(ARRAY, grid(kind), [P("x", "y")], over=["y"])._repr_html_()
        for kind in (AxisType.Auto, AxisType.Explicit)
    ]
    assert pages[0] == pages[1]


def test_what_cannot_be_cut_or_moved_is_told_in_the_words_of_jax():
    told = repr(explore.mesh(jnp.ones((6, 2)), grid(), [P("x", None), P("z")], ["psum"]))
    assert told.count("⚠ JAX raises an error.") == 4
    assert "divisible" in told or "divide" in told
    assert "This error occurs" not in told
    split = repr(explore.mesh(jnp.ones((4, 3)), grid(), [P("x")], ["psum_scatter"], over=["x"]))
    assert "⚠ JAX raises an error. ValueError: tiled reduce_scatter" in split


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"collectives": ["pmax"]}, "pmax is not one of psum"),
        ({"over": ["z"]}, "The mesh has no axis z."),
        ({}, "Offer fewer specs or collectives, or use a smaller array."),
    ],
)
def test_what_cannot_be_drawn_of_a_mesh_is_told_in_a_sentence(options, sentence):
    assert sentence in repr(explore.mesh(ARRAY, grid(), SPECS[:3], **options))
