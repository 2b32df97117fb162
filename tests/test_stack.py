"""The libraries of lesson 11: who installs them, and what a reader sees who did not."""

import importlib.util

import jupytext
import numpy as np
import pytest
from masters import ROOT
from test_environment import EXTRAS, PROJECT

from course.pictures import training

LESSON = jupytext.read(ROOT / "course" / "11_train_a_model.py")
FIRST = next(cell.source for cell in LESSON.cells if cell.cell_type == "code")


def names(pins):
    return {pin.partition(">")[0].partition("=")[0] for pin in pins}


def test_the_package_alone_installs_none_of_the_libraries_of_the_last_lesson():
    assert names(EXTRAS["stack"]) == {"flax", "optax", "orbax-checkpoint"}
    assert not names(EXTRAS["stack"]) & names([*PROJECT["project"]["dependencies"], *EXTRAS["lab"]])


def test_the_last_lesson_says_in_one_sentence_what_to_install(monkeypatch):
    found = {"flax": True, "optax": None, "orbax": None}
    monkeypatch.setattr(importlib.util, "find_spec", found.get)
    with pytest.raises(
        SystemExit, match=r"Run `%pip install optax orbax-checkpoint` in a new cell"
    ):
        exec(FIRST, {})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    exec(FIRST, {})


def test_pictures_of_training_say_in_words_what_they_show():
    xs = np.array([[-1.0, 0.0], [1.0, 0.0], [0.5, 1.0], [2.0, 2.0]])
    ys = np.array([0.0, 1.0, 1.0, 0.0])
    drawn = training.draw_training(
        xs, ys, {"ours": lambda points: points[:, 0]}, {"ours": [0.7, 0.5, 0.2]}, 2
    )
    assert "After 2 epochs" in drawn.get_label()
    assert "with ours 75% of the points are on the right side" in drawn.get_label()
    resumed = training.draw_losses({"whole": (0, [0.9, 0.5, 0.1]), "resumed": (1, [0.5, 0.1])})
    assert "resumed from epoch 1 on, with 0.500 at first and 0.100 at last" in resumed.get_label()
    assert "4 points" in training.draw_examples(xs, ys).get_label()
