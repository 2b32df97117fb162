"""Pictures of pytrees show what JAX does with them."""

from collections import OrderedDict

import pytest

from course.pictures import trees


@pytest.mark.parametrize(
    ("tree", "keys"),
    [
        ({"b": 1, "a": 2, "c": None}, ["a", "b", "c"]),
        (OrderedDict(b=1, a=2, c=None), ["b", "a", "c"]),
    ],
)
def test_a_picture_shows_the_keys_in_the_order_in_which_jax_visits_them(tree, keys):
    across = {text.get_text(): text.get_position()[0] for text in trees.draw(tree).axes[0].texts}
    assert sorted(keys, key=across.get) == keys
