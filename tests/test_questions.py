"""Questions: judged like exercises, and the answer is not in what is released."""

import lzma

import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from masters import answered, catalogue, loaded
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions as Stock

from autograder.authoring.master import Master
from autograder.authoring.release_data import released_exercises
from autograder.classroom.grader import Grader
from autograder.classroom.release import ClearSolutions
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge.specification import mistake, question
from autograder.judge.verdict import Answer, Status
from autograder.student import check_file, learner, personal, released
from autograder.student.outline import Outline
from autograder.student.released import Prompt

TEXT = {"hints": ["a", "b", "c"], "explanation": "Because."}


def asked(answer, *wrong_ones, **options):
    mistakes = [mistake(one, f"says {one}", advice=f"not {one}") for one in wrong_ones]
    return question("my_answer", answer=answer, mistakes=mistakes, **TEXT, **options)


@pytest.fixture
def students(tmp_path):
    """A question as a student has it, and the file that it comes from."""

    def release(spec):
        prompts = {spec.name: Prompt("00_test", spec.name, "Title", 1, 1, 1, 0)}
        master = Master(tmp_path, "00_test", 0, 0, prompts, {spec.name: spec}, None)
        data = released.encode(released_exercises(master, {spec.name: ""}))
        path = tmp_path / "test.check"
        path.write_bytes(check_file.encode(Outline("test", "Test", ()), data))
        (one,) = released.read(check_file.read(path))
        return one

    return release


@pytest.mark.parametrize(
    ("answer", "right", "wrong"),
    [
        ("b", ["B", " b "], ["a", "bb", "", 3, None]),
        ("rows, columns", ["rows,columns", "Rows ,columns"], ["rows", "columns, rows"]),
        (3, [3.0, jnp.int32(3), np.array(3)], [4, "3", (3, 3), [3, 3]]),
        ((3, 4), [[3, 4], np.array([3, 4]), jnp.array([3.0, 4.0])], [(4, 3), (3, 4, 1), 34, ()]),
        (True, [True, np.bool_(True)], [False, "True"]),
        (1.6226, [1.6226422, 1.62257, jnp.float32(1.6226)], [1.61, 16.2, float("nan")]),
        (("a", 2), [("A", 2.0)], [("a", 3), (2, "a"), "a"]),
    ],
)
def test_an_answer_is_right_whatever_its_container_and_dtype(answer, right, wrong, students):
    one = students(asked(answer, "x"))
    for each in right:
        assert learner.examine(each, one).passed, each
    for each in wrong:
        verdict = learner.examine(each, one)
        assert (verdict.status, verdict.fraction) == (Status.WRONG, 0), each
    assert learner.examine(..., one).status is Status.MISSING


def test_a_mistake_is_told_by_its_title(students):
    one = students(asked("b", "a", "c"))
    verdict = learner.examine("c ", one)
    assert (verdict.reason, verdict.misconception) != ("answer", "says a")
    verdict = learner.examine("c", one)
    assert (verdict.reason, verdict.misconception) == ("answer", "says c")
    assert verdict.findings[0].advice == "not c"


def test_what_is_released_does_not_hold_the_answer(students, tmp_path):
    one = students(asked("platypus", "newt"))
    held = lzma.decompress(check_file.read(tmp_path / "test.check").packed)
    words = {word: np.array(list(map(ord, word)), np.uint32) for word in ("platypus", "newt")}
    assert words["newt"].tobytes() in held
    assert words["platypus"].tobytes() not in held
    assert b"platypus" not in held
    assert one.expected == {"answered": (Answer("", (), ()),)}


def test_a_question_is_graded_like_an_exercise():
    spec = asked((3, 4), (4, 3))

    def graded(source):
        notebook = nbformat.from_dict(new_notebook(cells=[new_code_cell(source)]))
        return Grader({spec.name: spec}, 1, jail).grade(notebook)[spec.name]

    with GradingJail(Limits(seconds=10)) as jail:
        assert graded("my_answer = (1 + 2, 4)").passed
        assert graded("my_answer = (4, 3)").misconception == "says (4, 3)"
        assert graded("my_answer = ...").status is Status.MISSING
        assert graded("pass").status is Status.MISSING
        assert not graded(
            "class All:\n    def __eq__(self, o): return True\nmy_answer = All()"
        ).passed


@pytest.mark.parametrize(
    ("source", "stub"),
    [
        ("### BEGIN SOLUTION\nit = 3\n### END SOLUTION", "it = ...  # your answer"),
        ("### BEGIN SOLUTION\nit = f(\n  3)\n### END SOLUTION", "it = ...  # your answer"),
        (
            "def it(x):\n    ### BEGIN SOLUTION\n    it = 3\n    ### END SOLUTION",
            "def it(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
        ),
    ],
)
def test_the_stub_of_a_value_is_an_assignment(source, stub, tmp_path):
    (tmp_path / "vmap.py").write_text('# %% solution="it"\n')
    tags = {"grade_id": "it", "solution": True, "grade": False, "locked": False}
    cell = new_code_cell(source, metadata={"nbgrader": {**tags, "schema_version": 3}})
    step = ClearSolutions()
    where = {"metadata": {"path": str(tmp_path)}, "nbgrader": {"notebook": "vmap"}}
    cleared, _ = step.preprocess_cell(cell, {"language": "python", **where}, 0)
    assert cleared.source == stub
    assert step.code_stub == Stock().code_stub


@pytest.mark.parametrize(
    ("assignment", "name"),
    [
        (one.assignment, name)
        for one in loaded()
        for name, spec in one.exercises.items()
        if spec.is_question
    ],
)
def test_the_answer_as_the_master_writes_it_is_right(assignment, name):
    (cell,) = (cell for cell in answered(assignment).cells if cell.id == name)
    one = catalogue()[name].of("ada")
    variables = {"numbers": personal.numbers}
    with personal.given({name: one.numbers}):
        exec(cell.source, variables)
    assert learner.examine(variables[name], one).passed
