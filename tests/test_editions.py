"""What a class gets, and what learners on their own get: what each edition holds and tells."""

import io
import lzma
import shutil
import sys

import course_folder
import pytest
import released_text
from course_folder import ASSIGNMENT, NOTEBOOK
from masters import ROOT, catalogue, loaded, outline
from rich.console import Console

from autograder.authoring import course, release_data
from autograder.authoring.course import ClassEdition
from autograder.classroom import notebook_check
from autograder.judge.verdict import Status, Verdict
from autograder.problem import Problem
from autograder.student import card, check_file, learner, location, progress, released

CLASS = sorted(ROOT.glob("exercises/*/*.check"))
LEARNERS = sorted(ROOT.glob("solutions/*/*.check"))
NO_DIGESTS = ClassEdition(check_questions=False)
QUESTION = "static_names"
RIGHT = ("height", "mode")
ENDS = ("mutability", "vmap", "pytrees", "grad", "portability")
"""The notebooks whose texts all end when they are run; others have loops that need not."""
each = pytest.mark.parametrize("path", LEARNERS, ids=lambda path: path.stem)


def specs():
    return {name: spec for master in loaded() for name, spec in master.exercises.items()}


def of_class(path, edition):
    """The exercises of the class edition of this file."""
    exercises = released.read(check_file.read(path))
    return [release_data.class_edition(one, edition) for one in exercises]


def held(exercises):
    """All that a file with these exercises holds, as it is before it is compressed."""
    return lzma.decompress(released.encode(exercises)).decode("latin-1")


@each
def test_learners_on_their_own_have_everything_under_a_seal(path):
    exercises = released.read(check_file.read(path))
    text = held(exercises)
    for one in exercises:
        spec = specs()[one.prompt.name]
        assert (one.opened.explanation, one.opened.another) == (spec.explanation, spec.another)
        for told in (spec.explanation, spec.another):
            assert not told or told not in text


@each
@pytest.mark.parametrize("edition", [ClassEdition(), NO_DIGESTS], ids=["usual", "no digests"])
def test_a_class_gets_no_second_solution_even_where_the_seal_is_opened(path, edition):
    exercises = of_class(path, edition)
    assert all(not one.opened.another for one in exercises)
    for one in exercises:
        if one.is_question and one.prompt.points:
            assert not one.opened.explanation
        else:
            assert one.opened.explanation == specs()[one.prompt.name].explanation


@each
def test_a_class_gets_no_digest_of_graded_questions_where_the_course_says_so(path):
    exercises = of_class(path, NO_DIGESTS)
    noted = {one.prompt.name for one in exercises if one.is_noted}
    graded = {one.prompt.name for one in exercises if one.is_question and one.prompt.points}
    assert noted == graded
    for one in exercises:
        if one.is_noted:
            spec = specs()[one.prompt.name]
            for variant in spec.variants or (spec,):
                (requirement,) = variant.requires
                assert requirement.digest not in held(exercises)
            assert one.of("ada").misconceptions == ()
    assert not any(one.is_noted for one in of_class(path, ClassEdition()))


@pytest.mark.parametrize("path", LEARNERS, ids=lambda path: path.stem)
def test_what_is_committed_for_a_class_is_its_edition(path):
    kept = ROOT / "exercises" / path.parent.name / path.name
    assert kept.read_bytes() == release_data.for_class(path, course.read(ROOT))


def test_data_of_version_0_1_which_have_no_seal_are_opened_as_they_are():
    (one,) = released.read(check_file.read(ROOT / "tests" / "kept" / "vmap_of_0_1.check"))
    assert one.opened.another
    assert one.opened is one
    assert release_data.class_edition(one, ClassEdition()).opened.another == ""


def noted():
    return release_data.class_edition(catalogue()[QUESTION], NO_DIGESTS)


@pytest.mark.parametrize("answer", [RIGHT, ("top",), 3])
def test_an_answer_that_cannot_be_judged_yet_is_noted_whether_it_is_right_or_not(answer):
    verdict = learner.examine(answer, noted())
    text = card.of_check(verdict, noted()).text
    assert text == f"… noted: {QUESTION}\n{card.NOTED}"


def test_a_question_that_is_not_answered_is_not_noted():
    verdict = learner.examine(..., noted())
    assert verdict.status is Status.MISSING
    assert "noted" not in card.of_check(verdict, noted()).text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An assignment of a class without digests, and progress of its own."""
    for path in (ROOT / "exercises" / "03_jit_timing").iterdir():
        shutil.copy(path, tmp_path)
    (data,) = tmp_path.glob("*.check")
    exercises = of_class(ROOT / "solutions" / "03_jit_timing" / data.name, NO_DIGESTS)
    data.write_bytes(check_file.encode(outline(), released.encode(exercises)))
    monkeypatch.setenv(location.VARIABLE, str(tmp_path))
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    return tmp_path


def test_check_and_validate_accept_an_answer_that_is_noted(folder, monkeypatch, capsys):
    variables = {"__name__": "__main__", QUESTION: ("top",)}
    exec(f"from autograder import check\ncheck('{QUESTION}')", variables)
    assert f"… noted: {QUESTION}" in capsys.readouterr().out
    assert progress.read(outline().course).of(QUESTION).passed  # the next step is another one
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exec(f"check('{QUESTION}')", variables)
    variables[QUESTION] = ...
    with pytest.raises(learner.NotPassed):
        exec(f"check('{QUESTION}')", variables)


def test_the_table_of_the_command_says_what_is_noted():
    exercises = {QUESTION: noted(), "newton_roots": catalogue()["newton_roots"]}
    verdicts = {name: Verdict(name, Status.PASSED) for name in exercises}
    waiting = [
        name for name in verdicts if notebook_check._is_noted(verdicts[name], exercises[name])
    ]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(notebook_check._table(verdicts, waiting))
    text = console.export_text()
    assert waiting == [QUESTION]
    assert text.count("… noted") == text.count("✓ passed") == 1


def test_a_class_is_told_that_more_comes_with_the_feedback():
    one = release_data.class_edition(catalogue()["predict_batch"], ClassEdition())
    passed = learner.examine(lambda W, b, xs: xs @ W.T + b, one)
    text = card.of_check(passed, one).text
    assert specs()["predict_batch"].explanation in text
    assert text.endswith("The feedback on your work will say more about this exercise.")
    assert card.ANOTHER not in text


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("check_questions = 1", "check_questions in [class_edition] is 1; it has to be true or f"),
        ("digests = true", "digests in [class_edition] is not known; use one of check_questions"),
    ],
)
def test_a_mistake_in_the_table_of_the_class_edition_is_one_sentence(tmp_path, line, mistake):
    (tmp_path / "course").mkdir()
    text = f'id = "x"\ntitle = "X"\n[class_edition]\n{line}\n'
    (tmp_path / course.FILE).write_text(text)
    with pytest.raises(Problem) as caught:
        course.read(tmp_path)
    assert mistake in str(caught.value)
    (tmp_path / course.FILE).write_text(text.replace(line, "check_questions = false"))
    assert course.read(tmp_path).class_edition == NO_DIGESTS


@pytest.mark.slow
def test_nbgrader_releases_the_class_edition(tmp_path):
    folder = course_folder.make(tmp_path)
    with (folder / "course" / "course.toml").open("a", encoding="utf-8") as file:
        file.write("[class_edition]\ncheck_questions = false\n")
    shutil.copytree(folder / "solutions" / "03_jit_timing", folder / "solutions" / "hw")
    data = folder / "solutions" / "hw" / "jit_timing.check"
    shutil.copy(data, data.with_stem("extra"))
    run = course_folder.nbgrader(folder, "generate_assignment", "hw")
    assert run.returncode == 0, run.stdout
    made = folder / "exercises" / "hw" / "jit_timing.check"
    assert made.read_bytes() == release_data.for_class(data, course.read(folder))
    assert (made.parent / "extra.check").exists()  # not ours, so it is copied like any file


@pytest.mark.slow
def test_data_that_nbgrader_cannot_release_are_one_sentence(tmp_path):
    folder = course_folder.make(tmp_path)
    (folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.check").write_bytes(b"damaged")
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode != 0
    assert "Traceback" not in run.stdout
    assert "is damaged, or is not a file for `check`" in run.stdout
    assert not list(folder.glob("exercises/*/*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in CLASS if path.stem in ENDS], ids=lambda path: path.stem
)
def test_no_text_that_a_class_gets_is_an_answer_that_earns_a_point(path):
    notebook = path.with_suffix(".ipynb")
    variables = released_text.Notebook(notebook)
    texts = sorted(released_text.texts(notebook))
    found = []
    for one in (whole.of("") for whole in released.read(check_file.read(path))):
        if one.prompt.points:
            answers = variables.answers(texts, one)
            found += [
                (one.prompt.name, code)
                for code, answer in answers
                if released_text.earns(answer, one)
            ]
    assert found == []


RELEASE = f"""
from pathlib import Path
from nbgrader.apps import NbGraderAPI
from autograder.authoring import configuration

api = NbGraderAPI(config=configuration.read(Path(".")))
print(api.generate_assignment("{ASSIGNMENT}")["success"])
print(api.release_assignment("{ASSIGNMENT}")["success"])
"""


def test_the_formgrader_releases_the_data_that_it_has_just_generated(tmp_path):
    """Its two buttons share nbgrader's settings in one process."""
    course_folder.make(tmp_path)
    run = course_folder.run(tmp_path, sys.executable, "-c", RELEASE)
    assert run.stdout.count("True") == 2, run.stdout
    (outbound,) = tmp_path.glob(f"exchange/*/outbound/{ASSIGNMENT}")
    data = (tmp_path / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.check").read_bytes()
    assert (outbound / f"{NOTEBOOK}.check").read_bytes() == data
    assert data != (tmp_path / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.check").read_bytes()
