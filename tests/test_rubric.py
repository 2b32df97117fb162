"""Rubrics of written answers: how they are read, and what is said of one that cannot be used."""

import re

import pytest
from masters import ROOT
from test_problems import edited

from autograder.authoring import faults, master, rubric
from autograder.authoring.course import Demands
from autograder.authoring.rubric import Line
from autograder.authoring.tags import is_master
from autograder.problem import Problem

SOURCE = """\
In your own words:

### BEGIN SOLUTION
Use `vmap`:

- 2: a list that is no rubric

Rubric:

- 0.5: names the type error
- 1: says why, in
  one sentence
- 0: "faster" is no reason
### END SOLUTION"""
HALF = "# - 1: a computation for broadcasting"


def test_a_rubric_is_read_from_the_end_of_the_model_answer():
    read = rubric.read(SOURCE)
    assert read.answer == "Use `vmap`:\n\n- 2: a list that is no rubric"
    assert read.lines == (
        Line(0.5, "names the type error"),
        Line(1, "says why, in one sentence"),
        Line(0, '"faster" is no reason'),
    )
    assert str(read.lines[0]) == "- 0.5: names the type error"


def test_a_written_answer_needs_no_rubric():
    assert rubric.read("### BEGIN SOLUTION\nAny.\n### END SOLUTION").lines == ()
    assert rubric.read("Why?") == rubric.Rubric("Why?")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((HALF, "# - 0.5: a computation"), "adds up to 1.5 points, its cell says 2."),
        ((HALF, "# - a point: a computation"), "has the line '- a point: a computation"),
        ((HALF, "# Be kind.\n#\n# - 1: a computation"), "has the line 'Be kind.'"),
        (("# - 0: a computation without a reason earns nothing\n", "# - 0: `vmap` is not faster "
          "because it is `vmap`\n"), "2 times: say how they differ."),
        (("# Rubric:\n", "# ### END SOLUTION\n# Rubric:\n# ### BEGIN SOLUTION\n"), "not hidden"),
    ],
)  # fmt: skip
def test_a_rubric_that_cannot_be_used_is_one_sentence(tmp_path, change, sentence):
    path = edited(tmp_path, change)
    (found,) = faults.of_text(path, Demands())
    assert "the rubric of when_to_vmap" in found
    assert sentence in found
    with pytest.raises(Problem, match=re.escape(found)):
        master.load(path)


def test_every_written_answer_of_the_course_has_a_rubric():
    for path in filter(is_master, ROOT.glob("solutions/*/*.py")):
        cells, tags = faults.read(path)
        for cell, tag in zip(cells, tags, strict=True):
            assert "written" not in tag or rubric.read(cell.source).lines, path
