"""Results as plain containers in a program: what is compared, and what people read of it."""

import collections
import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from autograder.judge import program, tree
from autograder.judge.verdict import Refusal
from autograder.judge.views import Case, Draw


class Point(NamedTuple):
    x: int
    y: int


class Pair(NamedTuple):
    x: int
    y: int


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Layer:
    weights: jax.Array
    bias: jax.Array


def read_back(result):
    """What is read off a program that returns this, serialised and read again."""
    made = export.export(jax.jit(lambda: tree.plain(jax.tree.map(jnp.asarray, result))))()
    return tree.described(export.deserialize(made.serialize()).out_tree)


RESULTS = [
    1,
    [1],
    (1,),
    [[1]],
    [1, None],
    (1, 2),
    {},
    [],
    {"a": 1, "b": 2},
    {"b": 1, "c": 2},
    {1: 1, 2: 2},
    collections.OrderedDict(a=1, b=2),
    collections.OrderedDict(b=1, a=2),
    Point(1, 2),
    Pair(1, 2),
    Layer(1, 2),
    {"!": 1},
    {"!!": 1},
    {'!["Point", "", [".x", ".y"]]': (1, 2)},
]


def test_two_structures_are_never_taken_for_each_other():
    read = [read_back(result) for result in RESULTS]
    assert len(set(read)) == len(RESULTS)


@pytest.mark.parametrize("result", RESULTS[:10], ids=str)
def test_plain_containers_read_as_jax_prints_them(result):
    structure, paths = read_back(result)
    flat, definition = jax.tree_util.tree_flatten_with_path(result)
    assert structure == str(definition)
    assert paths == tuple(jax.tree_util.keystr(path) for path, _ in flat)


def test_classes_are_read_by_their_names_and_fields():
    structure, paths = read_back([Point(1, Layer(2, 3)), {1: 4}])
    assert structure == "PyTreeDef([Point(x: *, y: Layer(weights: *, bias: *)), dict[[1]]([1]: *)])"
    assert paths == ("[0].x", "[0].y.weights", "[0].y.bias", "[1][1]")


def test_the_same_result_is_the_same_structure_wherever_its_objects_lie():
    def partial():
        return jax.tree_util.Partial(lambda x: x, jnp.ones(2))

    assert read_back(partial()) == read_back(partial())


def test_a_structure_of_many_layers_is_compared_whole():
    layers = {f"layer_{n}": {"weights": 1, "bias": 2} for n in range(24)}
    other = layers | {"layer_23": {"weights": 1, "biases": 2}}
    assert read_back(layers) != read_back(other)
    assert len(read_back(layers)[0]) > 500


def test_a_result_that_is_too_large_is_refused_in_a_sentence():
    deep = 1
    for _ in range(tree.DEEPEST + 1):
        deep = [deep]
    with pytest.raises(Refusal, match="containers within containers"):
        tree.plain(deep)
    with pytest.raises(Refusal, match="more than 10,000 arrays"):
        tree.described(jax.tree.structure([1] * (tree.MOST_LEAVES + 1)))
    with pytest.raises(Refusal, match="too large"):
        tree.described(jax.tree.structure({"k" * tree.LONGEST: 1}))


def test_a_function_gets_a_typed_key_and_its_program_the_data():
    drawn = tree.Arguments(*tree.flatten((tree.typed_key(np.uint32([0, 7])), np.ones(3))))
    key, _ = drawn.values
    assert key == jax.random.key(7)
    assert repr(drawn.described[0]) == "jax.random.wrap_key_data(np.uint32([0, 7]))"
    for view in ("value", "as written"):
        exported = program.lower(jax.random.bernoulli, drawn, Case(view, Draw(3)))
        assert isinstance(exported, export.Exported)
        assert exported.in_avals[0].shape in ((2,), ()), view  # both are two words in the program
        assert "tensor<2xui32>" in exported.mlir_module()


def test_a_typed_key_in_a_result_is_compared_by_its_data():
    key = jax.random.key(7)
    (data, _) = tree.plain((key, 1.0))
    assert data.tolist() == [0, 7]
