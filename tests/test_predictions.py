"""Predictions: what is handed out tells no answer before the reader has given one."""

import ast
import functools
import json
import re
import subprocess
import sys

import nbformat
import pytest
from masters import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.authoring import course, handout, kernel, learner_files, learner_folder, lessons
from autograder.problem import Problem
from autograder.student import (
    card,
    check_file,
    location,
    predictions,
    progress,
    silence,
    standing,
)
from autograder.student import lessons as student_lessons
from autograder.student.outline import Lesson, Module, Outline, Prediction, cell_hash

LESSON = """\
import jax.numpy as jnp

my_shape = ...

table = jnp.zeros((2, 3))

predicted(
    my_shape,
    table.shape,  # (2, 3)
    why="Two rows \\u2192 and three "
    "columns.",
)
"""


def lesson(*sources):
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def sealed(*sources):
    made, data = handout.handed_out(lesson(*sources), "05_newton")
    return [cell.source for cell in made.cells], data.predictions


def test_a_call_that_is_handed_out_has_neither_the_explanation_nor_a_comment():
    sources, found = sealed(*LESSON.split("\n\n"))
    assert sources[-1].strip() == 'predicted("my_shape", table.shape)'
    assert [one.why for one in found] == ["Two rows → and three columns."]


def test_an_outcome_that_is_written_out_is_kept_back_too():
    sources, found = sealed('my_factor = ...  # a number\npredicted(my_factor, 2, why="Newton.")')
    assert sources == ['my_factor = ...  # a number\npredicted("my_factor")']
    assert found == (Prediction("my_factor", "Newton.", "2"),)


def test_text_before_a_call_may_have_any_letters():
    sources, _ = sealed('my_x = ...\nπ = "ö"; predicted(my_x, len(π), why="é"); print("ü")')
    assert sources == ['my_x = ...\nπ = "ö"; predicted("my_x", len(π)); print("ü")']


def test_what_a_lesson_printed_is_not_handed_out():
    notebook = lesson("print(1)")
    notebook.cells[0].update(outputs=[new_output("stream", text="1\n")], execution_count=3)
    notebook.cells.append(new_markdown_cell("b"))
    made, _ = handout.handed_out(notebook, "05_newton")
    assert [cell.source for cell in made.cells] == ["print(1)", "b"]
    assert (made.cells[0].outputs, made.cells[0].execution_count) == ([], None)
    assert notebook.cells[0].outputs  # the lesson itself is as it was


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (["predicted(my_x, 2)"], "give it a variable that a cell above sets to dots"),
        (["my_x = 3", "predicted(my_x, 2)"], "give it a variable that a cell above sets to dots"),
        (["predicted('raises', f())"], "give it a variable that a cell above sets to dots"),
        (["my_x = ...", "predicted(my_x, 2, why=f'{my_x}')"], "write it as plain text"),
        (["my_x = ...", "predicted(my_x, 2, whi='a')"], "is called with a guess"),
        (["my_x = ...", "predicted(*my_x)"], "is called with a guess"),
        (["my_x = ...", "predicted(my_x)"], "is called with a guess"),
        (["my_x = ...", "%time predicted(my_x, 2)"], "has to be plain Python"),
        (["my_x = ...", "predicted(my_x, 2)", "predicted(my_x, 3)"], "two predictions called"),
        (["from autograder import predicted as guess"], "import predicted under its own name"),
    ],
)
def test_a_prediction_that_cannot_be_kept_back_is_one_sentence(sources, sentence):
    with pytest.raises(Problem, match=r"course/05_newton\.py") as caught:
        sealed(*sources)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def handed_out():
    """The files of the learner's folder of this course."""
    return learner_files.contents(course.read(ROOT))


def masters():
    return [path for path in lessons.masters(ROOT) if path.stem != "start"]


def calls(path):
    """The predictions of a master: the guess, the outcome's code and the explanation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predicted":
            (why,) = (ast.literal_eval(word.value) for word in node.keywords)
            yield node.args[0].id, ast.unparse(node.args[1]), why


@pytest.mark.parametrize("path", masters(), ids=[path.stem for path in masters()])
def test_no_lesson_that_is_handed_out_tells_an_answer(path, handed_out):
    text = handed_out[f"course/{path.stem}.ipynb"].decode()
    notebook = nbformat.reads(text, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    everything = "\n".join(cell.source for cell in notebook.cells)
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert "why=" not in everything
    found = list(calls(path))
    for name, outcome, why in found:
        assert why not in re.sub(r'"\s*\n\s*"', "", everything)
        (asked,) = [
            n for n, cell in enumerate(code) if re.search(rf"^{name} = \.\.\.", cell.source, re.M)
        ]
        (told,) = [n for n, cell in enumerate(code) if f'predicted("{name}"' in cell.source]
        assert asked < told
        # The only thing in the call besides the name is code that has to be run.
        assert outcome in ast.unparse(ast.parse(code[told].source)), outcome
        with pytest.raises(ValueError, match="malformed"):
            ast.literal_eval(outcome)
    kept = data(handed_out, path.stem).predictions
    assert all(one.cells for one in kept)
    assert [(one.name, one.why) for one in kept] == [
        (name, why)
        for name, _, why in sorted(
            found, key=lambda one: [other.name for other in kept].index(one[0])
        )
    ]


def data(files, name):
    _, lesson_part = check_file.unpack(
        name, "", Outline, files[f"course/{name}.check"].partition(b"\n")[2]
    )
    found, rest = check_file.unpack(name, "", Lesson, lesson_part)
    assert not rest
    return found


def test_all_predictions_of_the_course_are_counted(handed_out):
    names = [path.stem for path in masters()]
    counts = [len(data(handed_out, name).predictions) for name in names]
    assert sum(counts) == sum(len(list(calls(path))) for path in masters()) >= 99
    outline, _ = check_file.unpack(
        "", "", Outline, handed_out["exercises/05_vmap/vmap.check"].partition(b"\n")[2]
    )
    assert [module.predictions for module in outline.modules] == counts


ABOUT = Outline(
    "numerics",
    "Numerics",
    (Module("05_newton", "Newton", 20, "course/05_newton.ipynb", "exercises/a.ipynb", (), "", 2),),
)
KEPT = Lesson(
    "05_newton", (Prediction("my_shape", "Two rows."), Prediction("my_factor", "It doubles.", "2"))
)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A lesson with its data, and the path of the progress file."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "05_newton.check").write_bytes(check_file.encode_lesson(ABOUT, KEPT))
    other = Lesson("01_first", (Prediction("my_shape", "Of another lesson."),))
    (tmp_path / "course" / "01_first.check").write_bytes(check_file.encode_lesson(ABOUT, other))
    monkeypatch.chdir(tmp_path / "course")
    monkeypatch.delenv(location.VARIABLE, raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "course" / "05_newton.ipynb"))
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    return tmp_path / "course"


@pytest.fixture
def shown(monkeypatch):
    """The cards that were shown."""
    cards = []
    monkeypatch.setattr(card.Card, "show", lambda self: cards.append(self))
    return cards


def run(cell, **variables):
    """Run a cell of a notebook that has these variables."""
    names = {
        "predicted": predictions.predicted,
        "lesson_read": student_lessons.lesson_read,
        "resume": student_lessons.resume,
    }
    exec(cell, {**names, **variables})


def test_with_the_dots_left_the_answer_waits_in_a_fold(beside, shown):
    run('predicted("my_shape", (2, 3))', my_shape=...)
    (one,) = shown
    assert "open: no prediction yet; replace the dots of my_shape" in one.text
    assert "(2, 3)" not in one.text
    assert "Two rows" not in one.text
    before, fold = one.html.split("<details")
    assert "(2, 3)" not in before
    assert "<summary" in fold
    assert "It is (2, 3). Two rows." in fold
    assert not progress.read("numerics").predictions


@pytest.mark.parametrize(
    ("guess", "right"),
    [((2, 3), True), ([2, 3], True), ((3, 2), False), ([1, [2]], False), (len, False)],
)
def test_a_guess_is_recorded_and_answered_with_the_explanation(beside, shown, guess, right):
    run('predicted("my_shape", (2, 3))', my_shape=guess)
    assert ("as predicted" in shown[0].text) is right
    assert "Two rows." in shown[0].text
    assert progress.read("numerics").predictions == {"05_newton": {"my_shape": right}}


def test_only_the_first_guess_counts(beside, shown):
    for guess in ((3, 2), (2, 3)):
        run('predicted("my_shape", (2, 3))', my_shape=guess)
    assert "as predicted" in shown[1].text
    assert progress.read("numerics").predictions["05_newton"]["my_shape"] is False


def test_an_answer_that_the_lesson_does_not_compute_comes_from_its_data(beside, shown):
    run('predicted("my_factor")', my_factor=2)
    assert "✓ as predicted: 2" in shown[0].text


def test_a_question_whose_cell_was_not_run_is_open(beside, shown):
    run('predicted("my_shape", (2, 3))')
    assert "open" in shown[0].text


def test_a_copy_of_a_lesson_has_the_lessons_data(beside, shown, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(beside / "05_newton (new).ipynb"))
    run('predicted("my_shape", (2, 3))', my_shape=(2, 3))
    assert "Two rows." in shown[0].text


def test_without_the_lessons_data_a_guess_is_compared_all_the_same(beside, shown):
    (beside / "05_newton.check").unlink()
    (beside / "01_first.check").unlink()
    run('predicted("my_shape", (2, 3))', my_shape=(2, 3))
    assert "✓ as predicted: (2, 3)" in shown[0].text
    with pytest.raises(Problem, match="get the folder of the lesson again"):
        run('predicted("my_factor")', my_factor=2)


def test_damaged_data_are_one_sentence(beside):
    (beside / "05_newton.check").write_bytes(b"x")
    with pytest.raises(Problem, match="is damaged"):
        run('predicted("my_shape", (2, 3))', my_shape=(2, 3))


def test_a_guess_that_is_text_is_compared_as_text_in_a_master(beside, shown):
    run("predicted('raises', 'raises')")
    assert "as predicted" in shown[0].text
    assert not progress.read("numerics").predictions


def test_running_everything_does_not_mark_a_lesson_as_read(beside, shown):
    run('predicted("my_shape", (2, 3))\nlesson_read("05_newton")', my_shape=...)
    assert "not read yet" in shown[1].text
    assert "2 predictions are still open: `my_shape`, `my_factor`" in shown[1].text
    assert not progress.read("numerics").lessons


def test_a_lesson_is_read_when_no_prediction_is_open(beside, shown):
    run('predicted("my_shape", 1)\npredicted("my_factor")', my_shape=2, my_factor=3)
    run('lesson_read("05_newton")')
    assert list(progress.read("numerics").lessons) == ["05_newton"]


def test_a_lesson_is_read_when_the_reader_skips_on_purpose(beside, shown):
    run('lesson_read("05_newton", skip=True)')
    assert "✓ read" in shown[0].text
    assert list(progress.read("numerics").lessons) == ["05_newton"]


def test_the_start_page_counts_predictions(beside, shown):
    run('predicted("my_shape", (2, 3))', my_shape=(2, 3))
    run("resume()")
    for form in (shown[1].text, shown[1].html):
        assert "1 of 2" in form
        assert "Predictions: 1 of 2; 1 was right." in form


def test_a_course_without_predictions_has_no_column_for_them():
    (module,) = ABOUT.modules
    without = Module(module.name, module.title, 20, module.lesson, module.exercises, ())
    now = standing.standing(progress.Progress(), [without])
    assert [column.header for column in standing.table(now).columns].count("predicted") == 0


def test_progress_of_the_version_before_predictions_is_read(beside):
    old = {"exercises": {}, "lessons": {"05_newton": "now"}, "last": "05_newton"}
    progress.path("numerics").write_text(json.dumps(old))
    assert progress.read("numerics").lessons == {"05_newton": "now"}
    assert progress.predicted("numerics", "05_newton", "my_shape", True).last == "05_newton"


def test_no_prediction_is_compared_while_a_notebook_is_built(beside, shown):
    with silence.silence():
        run('predicted("my_shape", (2, 3))', my_shape=...)
    assert not shown


def test_the_cells_between_a_question_and_its_card_are_known():
    _, data = handout.handed_out(
        lesson(
            "before = 1", "my_x = ...", "x = 1\nx", "predicted(my_x, x)",
            "my_y = ...\nmy_z = ...", "y = 2", "predicted(my_y, y)", "z = 3", "predicted(my_z, z)",
            "a = 1", "my_q = ...\npredicted(my_q, a)",
        ),
        "05_newton",
    )  # fmt: skip
    cells = {one.name: one.cells for one in data.predictions}
    assert cells == {
        "my_x": (cell_hash("x = 1\nx"),),
        "my_y": (cell_hash("y = 2"),),
        "my_z": (cell_hash("z = 3"),),
        "my_q": (),
    }


COMPUTES = """\
from IPython.display import HTML, display
print("printed \x1b[31mred < \x1b[0m")
display(HTML("<b>bold</b>"))
"the answer"
"""
RUN = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shown = []
shell.display_pub.publish = lambda data, *_, **__: shown.append(data)
for cell in {cells!r}:
    shell.run_cell(cell)
print("SHOWN", shown)
"""


def in_ipython(folder, *cells):
    """What IPython prints for these cells, and what it displays."""
    script = RUN.format(cells=["from autograder import predicted", *cells])
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True
    )
    printed, _, shown = done.stdout.partition("SHOWN ")
    assert "Traceback" not in printed + done.stderr, done.stdout + done.stderr
    return printed, ast.literal_eval(shown)


def test_what_tells_the_answer_is_folded_as_long_as_the_dots_stand(beside):
    kept = Lesson("05_newton", (Prediction("my_x", "Why.", "", (cell_hash(COMPUTES),)),))
    (beside / "05_newton.check").write_bytes(check_file.encode_lesson(ABOUT, kept))
    printed, (folded, after) = in_ipython(
        beside, "my_x = ...", COMPUTES, "print('as always')", "predicted('my_x', 1)"
    )
    assert printed.strip() == "as always"
    before, fold = folded["text/html"].split("</summary>")
    assert before.startswith("<details")
    for words in ("printed red &lt; ", "<b>bold</b>", "the answer"):
        assert words in fold
        assert words not in folded["text/plain"]
    assert "open" in after["text/plain"]
    printed, shown = in_ipython(beside, "my_x = 3", COMPUTES)
    assert "printed" in printed
    assert "the answer" in printed
    assert "<b>bold</b>" in shown[0]["text/html"]


def test_a_lesson_imports_what_lies_in_its_courses_folder(beside):
    """As in VS Code, where nobody sets PYTHONPATH."""
    (beside.parent / "plots_of_newton.py").write_text("words = 'imported'")
    printed, _ = in_ipython(beside, "import plots_of_newton", "print(plots_of_newton.words)")
    assert printed.strip() == "imported"


def test_damaged_data_fold_nothing_and_break_nothing(beside):
    (beside / "05_newton.check").write_bytes(b"x")
    printed, _ = in_ipython(beside, "my_x = ...", "print('as always')")
    assert printed.strip() == "as always"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The learner's folder of this course."""
    folder = tmp_path_factory.mktemp("learner") / "work"
    learner_folder.update(course.read(ROOT), folder)
    return folder


def executed(work, name, edit=lambda source: source):
    """A lesson that is handed out, run as a learner runs it."""
    file = work / "course" / f"{name}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        cell.source = edit(cell.source) if cell.cell_type == "code" else cell.source
    variables = {
        "PYTHONPATH": str(work),
        "JPY_SESSION_NAME": str(file),
        progress.VARIABLE: str(work / "progress.json"),
    }
    kernel.execute(notebook, file, file.parent, variables)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {cell_hash(cell.source): cell for cell in code}, code


def shown_by(cell):
    """The HTML of a cell's outputs, or their text."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [
        output.get("text") or shown.get("text/html") or shown.get("text/plain") or str(output)
        for output, shown in zip(cell.outputs, data, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.stem for path in masters()])
def test_a_lesson_run_with_the_dots_left_folds_every_answer(work, handed_out, name):
    cells, code = executed(work, name)
    for prediction in data(handed_out, name).predictions:
        (told,) = [cell for cell in code if f'predicted("{prediction.name}"' in cell.source]
        (one,) = shown_by(told)
        before, fold = one.split("<details")
        assert "open" in before
        assert re.sub(r"\W", "", prediction.why) in re.sub(r"<[^>]*>|&\w+;|&#\d+;|\W", "", fold)
        for telling in prediction.cells:
            assert all(text.startswith("<details") for text in shown_by(cells[telling]))
    assert "not read yet" in shown_by(code[-1])[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.stem for path in masters()])
def test_a_lesson_run_with_wrong_guesses_explains_every_answer(work, handed_out, name):
    wrong = functools.partial(re.sub, r"(?m)^(my_\w+) = \.\.\.", r'\1 = "a wrong guess"')
    cells, code = executed(work, name, wrong)
    for prediction in data(handed_out, name).predictions:
        (told,) = [cell for cell in code if f'predicted("{prediction.name}"' in cell.source]
        (one,) = shown_by(told)
        assert "surprise" in one
        assert "you predicted &#39;a wrong guess&#39;; it is" in one
        for telling in prediction.cells:
            assert not any(text.startswith("<details") for text in shown_by(cells[telling]))
    assert "✓ read" in shown_by(code[-1])[0]
