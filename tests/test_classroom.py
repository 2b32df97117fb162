"""A whole class, graded as an instructor grades one.

Every folder of `classroom/` is a student: what they handed in, and what should come of it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import course_folder
import load
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK, WRITTEN, Score
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from autograder.authoring import master
from autograder.classroom.grader import Grader
from autograder.classroom.grades import KEY, SaveVerdicts
from autograder.classroom.roles import GradingJail
from autograder.classroom.statistics import groups, report
from autograder.classroom.statistics.items import Kind
from autograder.jail.process import Ending, How, Limits
from autograder.jail.walls import Level
from autograder.judge.references import expected_answers
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Status
from autograder.markup import prose
from autograder.schema import to_text

SEED = 7310584912345678
EXPECTED = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(CLASSROOM.glob("*/expected.toml"))
}
QUICK = {
    "another_assignment", "check_deleted", "check_edited", "claims_to_have_passed", "empty_file",
    "exits_halfway", "function_missing", "kills_its_parent", "looks_up_the_released_answers",
    "magics_and_a_plot", "metadata_is_garbage", "no_cells", "not_json", "patches_the_autograder",
    "picture_in_the_written_answer", "points_edited", "raises", "right_as_the_reference",
    "right_with_broadcasting", "stub_untouched", "wrong_axis",
}  # fmt: skip
"""Who is graded where no slow test is run: every promise, but not every case of it."""
HIDDEN = ("BEGIN HIDDEN", "BEGIN SOLUTION", "exercise(", "wrong_answers", "rejected_by")
FORCED = ("check_deleted", "not_json", "raises", "right_as_the_reference")
"""Who is graded again with --force: enough to see every way, few enough to be quick."""
BUSY = (
    "endless_loop_in_an_answer", "endless_program_in_a_cell", "loops_over_the_batch", "memory_hog",
    "raises", "right_as_the_reference", "wrong_axis",
)  # fmt: skip
"""Who is graded on a busy machine: a kind each of what takes time, and some of what does not."""
each_student = pytest.mark.parametrize(
    "student",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name)
        for name in EXPECTED
    ],
)
BY_HAND = {"raises": ("check-pairwise", 1.5), "right_as_the_reference": (WRITTEN, 2.0)}


@dataclass(frozen=True)
class Grading:
    """What one run of autograde left behind.

    Attributes:
        code: its exit status.
        said: what it printed.
        scores: the gradebook.
        records: the lines of `verdicts.jsonl`.
        notebooks: the files in `autograded/`, by student.
    """

    code: int
    said: str
    scores: dict[str, dict[str, Score]]
    records: list[dict[str, Any]]
    notebooks: dict[str, bytes]

    def statuses(self, student: str) -> dict[str, str]:
        """The newest verdicts on this student's submission."""
        return course_folder.statuses(self.record(student))

    def record(self, student: str) -> dict[str, Any]:
        """The newest line about this student."""
        return next(one for one in reversed(self.records) if one["student"] == student)


@dataclass(frozen=True)
class Class:
    """A class from release to export, and what grading it again did.

    Attributes:
        folder: the course's.
        submitted: what each student handed in.
        graded: after the first run.
        feedback: the HTML that each student gets back; `feedback_run` is the command.
        exported: the rows of `grades.csv` by student.
        again: after a second run.
        forced: after a third, with --force, on `FORCED`.
    """

    folder: Path
    submitted: dict[str, bytes]
    graded: Grading
    feedback_run: subprocess.CompletedProcess[str]
    feedback: dict[str, str]
    exported: dict[str, dict[str, str]]
    again: Grading
    forced: Grading


def autograde(folder: Path, *arguments: str) -> Grading:
    """Run autograde and read what it left behind."""
    command = ("nbgrader", "autograde", ASSIGNMENT, *arguments)
    run = course_folder.run(folder, *command, seconds=3600)
    return Grading(
        run.returncode,
        run.stdout,
        course_folder.scores(folder),
        course_folder.records(folder),
        {path.parts[-3]: path.read_bytes() for path in folder.glob("autograded/*/*/*.ipynb")},
    )


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with the assignment released in it."""
    # By the clock nobody is ended: the machine may be busy, and nobody in this class waits.
    settings = {"seconds": 4.0, "clock_factor": 60.0, "seed": SEED}
    folder = course_folder.make(tmp_path_factory.mktemp("course"), **settings)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    return folder


@pytest.fixture(scope="module")
def classroom(
    request: pytest.FixtureRequest, release: Path, tmp_path_factory: pytest.TempPathFactory
) -> Class:
    """The class, graded: all of it where slow tests are run, or else `QUICK`."""
    is_whole = any(item.get_closest_marker("slow") for item in request.session.items)
    folder = tmp_path_factory.mktemp("class")
    shutil.copytree(release, folder, dirs_exist_ok=True)
    right = course_folder.right_answers(folder)
    submitted = {
        student: course_folder.submission(CLASSROOM / student, right)
        for student in EXPECTED
        if is_whole or student in QUICK
    }
    for student, content in submitted.items():
        course_folder.submit(folder, student, content)
    graded = autograde(folder)
    feedback_run = course_folder.nbgrader(folder, "generate_feedback", ASSIGNMENT)
    export = course_folder.nbgrader(folder, "export")
    assert export.returncode == 0, export.stdout
    with (folder / "grades.csv").open(encoding="utf-8") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    again = autograde(folder)
    for student, (name, points) in BY_HAND.items():
        course_folder.give_by_hand(folder, student, name, points)
    others = ",".join(sorted(submitted.keys() - set(FORCED)))
    return Class(
        folder,
        submitted,
        graded,
        feedback_run,
        {
            path.parts[-3]: path.read_text(encoding="utf-8")
            for path in folder.glob("feedback/*/*/*.html")
        },
        exported,
        again,
        autograde(folder, "--force", f"--CourseDirectory.student_id_exclude={others}"),
    )


@pytest.fixture(scope="module")
def exercises() -> dict[str, Exercise]:
    """The assignment's specifications."""
    path = course_folder.ROOT / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    return master.load(path).exercises


@pytest.fixture
def jail() -> Iterator[GradingJail]:
    """A jail with short limits."""
    with GradingJail(Limits(seconds=3.0, total_seconds=30.0)) as made:
        yield made


def test_every_case_says_what_it_is_about() -> None:
    """A folder without `expected.toml` would silently be no case at all."""
    folders = {path.name for path in CLASSROOM.iterdir() if path.is_dir()}
    assert {name for name in folders if not name.startswith((".", "__"))} == set(EXPECTED)
    assert {*FORCED, *BUSY, *QUICK} <= set(EXPECTED)
    assert set(FORCED) <= QUICK
    for name, expected in EXPECTED.items():
        assert expected["about"].endswith("."), name


@each_student
def test_verdicts(classroom: Class, student: str) -> None:
    """Each exercise gets its verdict, and one exercise's failure costs that exercise only."""
    expected = EXPECTED[student]
    verdicts = classroom.graded.record(student)["verdicts"]
    not_passed = {
        name: status
        for name, status in classroom.graded.statuses(student).items()
        if status != "passed"
    }
    assert not_passed == expected.get("verdicts", {})
    assert {
        name: verdict["misconception"]
        for name, verdict in verdicts.items()
        if verdict["misconception"]
    } == expected.get("misconceptions", {})
    for name, words in expected.get("says", {}).items():
        assert words in verdicts[name]["message"]


@each_student
def test_gradebook(classroom: Class, student: str) -> None:
    """The points of passed exercises, out of what was released; a text waits for a person."""
    expected = EXPECTED[student]
    scores = classroom.graded.scores[student]
    assert sum(score.auto or 0.0 for score in scores.values()) == expected["score"]
    assert sum(score.most for score in scores.values()) == 20
    to_grade = expected.get("written", True)
    assert scores[WRITTEN] == Score(None if to_grade else 0.0, None, 2.0, to_grade)
    unread = {
        f"check-{name}"
        for name, status in expected.get("verdicts", {}).items()
        if status == "unreadable"
    }
    waiting = {name for name, score in scores.items() if score.needs_manual_grade}
    assert waiting - {WRITTEN} == unread
    assert all(scores[name].auto is None for name in unread)


@each_student
def test_export(classroom: Class, student: str) -> None:
    """What is exported is what was graded."""
    row = classroom.exported[student]
    assert float(row["score"]) == EXPECTED[student]["score"]
    assert float(row["max_score"]) == 20


def test_export_has_everybody_once(classroom: Class) -> None:
    """No student is dropped, none is made up."""
    assert classroom.exported.keys() == classroom.submitted.keys()
    assert classroom.graded.scores.keys() == classroom.submitted.keys()
    assert [one["student"] for one in classroom.graded.records] == sorted(classroom.submitted)


def test_autograde_says_what_happened(classroom: Class) -> None:
    """A run that graded everybody succeeds, with a line for each student."""
    assert classroom.graded.code == 0
    lines = classroom.graded.said.splitlines()
    for student in classroom.submitted:
        statuses = classroom.graded.statuses(student).items()
        said = ", ".join(f"{name}: {status}" for name, status in statuses)
        place = f"{student} ({NOTEBOOK}.ipynb)"
        assert any(line.endswith(f" {place}: {said}") for line in lines), student
    unread = {
        line.split(" ERROR] ")[1].split(" (")[0]
        for line in lines
        if "A person has to grade" in line
    }
    assert unread == {"not_json", "empty_file", "no_cells", "another_assignment"}
    assert "Traceback" not in classroom.graded.said
    assert "Warning" not in classroom.graded.said


def test_submissions_are_not_touched(classroom: Class) -> None:
    """What was handed in can be looked at, or graded again, for ever."""
    for student, content in classroom.submitted.items():
        path = classroom.folder / "submitted" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        assert path.read_bytes() == content, student
        assert list(path.parent.iterdir()) == [path]


def test_everybody_gets_feedback(classroom: Class) -> None:
    """Whatever was handed in."""
    assert classroom.feedback_run.returncode == 0, classroom.feedback_run.stdout[-3000:]
    assert classroom.feedback.keys() == classroom.submitted.keys()
    for student, why in (("not_json", "is not a Jupyter notebook"), ("empty_file", "is empty")):
        assert f"{NOTEBOOK}.ipynb {why}. A person will look at it." in classroom.feedback[student]
    assert "forgets the bias" in classroom.feedback["check_deleted"]


def test_feedback_has_the_explanation_and_a_second_solution(
    classroom: Class, exercises: dict[str, Exercise]
) -> None:
    """What a class does not get with the assignment, whatever was handed in."""
    for student in ("right_as_the_reference", "stub_untouched"):
        for name in ("predict_batch", "fast_track_vmap"):
            explanation = str(prose(exercises[name].explanation))
            assert explanation in classroom.feedback[student], (student, name)
        page = BeautifulSoup(classroom.feedback[student], "html.parser")
        assert "return xs @ W.T + b" in page.get_text()


def test_feedback_shows_values_of_public_cases(classroom: Class) -> None:
    """Of a rejected answer, as `check` shows them; the page stays small."""
    if classroom.graded.record("wrong_axis")["level"] != "full":
        pytest.skip("needs the level full")
    page = BeautifulSoup(classroom.feedback["wrong_axis"], "html.parser")
    shown = [one for one in page.find_all("details") if "What check shows" in one.get_text()]
    assert shown
    assert all("Your values" in one.get_text() for one in shown)
    assert max(map(len, classroom.feedback.values())) < 400_000


def test_feedback_gives_nothing_away(classroom: Class, exercises: dict[str, Exercise]) -> None:
    """No seed, no hidden test, no expected value."""
    secret = {str(SEED), *HIDDEN, *_digits(exercises)}
    for student, html in classroom.feedback.items():
        assert not [text for text in secret if text in html], student


def _digits(exercises: dict[str, Exercise]) -> set[str]:
    """The first expected values on the secret inputs, as one may see them printed."""
    found = set()
    for spec in exercises.values():
        for answer in expected_answers(spec, SEED, spec.sizes).get("value", ()):
            for leaf in answer.leaves:
                for value in np.ravel(leaf)[:3]:
                    found |= {f"{abs(value):.4f}", f"{abs(value):.6g}"}
    # Zeros and ones stand everywhere.
    found = {text for text in found if len(text.strip("0.")) > 2}
    assert len(found) > 50
    return found


def test_hidden_tests_stay_in_the_master(classroom: Class) -> None:
    """Neither the gradebook nor a graded notebook, which student code may reach, holds one."""
    source = classroom.folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    files = [
        classroom.folder / "gradebook.db",
        *classroom.folder.glob("exercises/*/*"),
        *classroom.folder.glob("autograded/*/*/*"),
    ]
    assert len(files) == 3 + len(classroom.submitted)  # the release is a notebook and its data
    for text in HIDDEN:
        assert text.encode() in source.read_bytes()
        assert not [path for path in files if text.encode() in path.read_bytes()], text


def test_pictures_in_a_written_answer_are_kept(classroom: Class) -> None:
    """The person who grades a text sees what the student pasted into it."""
    student = "picture_in_the_written_answer"
    cell = course_folder.cell_of(
        nbformat.reads(classroom.graded.notebooks[student].decode(), 4), WRITTEN
    )
    handed_in = course_folder.cell_of(
        nbformat.reads(classroom.submitted[student].decode(), 4), WRITTEN
    )
    assert cell.attachments == handed_in.attachments
    assert cell.attachments["dot.png"]["image/png"] in classroom.feedback[student]


def test_grading_again_changes_nothing(classroom: Class) -> None:
    """Without --force, a second run leaves everybody as they were."""
    assert "Skipping existing assignment" in classroom.again.said
    assert replace(classroom.again, said=classroom.graded.said) == classroom.graded


@pytest.mark.slow
def test_a_busy_machine_changes_no_verdict(
    release: Path, classroom: Class, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Four processes that only compute share a core with a class that has endless loops in it."""
    folder = tmp_path_factory.mktemp("busy")
    shutil.copytree(release, folder, dirs_exist_ok=True)
    for student in BUSY:
        course_folder.submit(folder, student, classroom.submitted[student])
    with load.busy(4):
        graded = autograde(folder)
    assert graded.code == 0, graded.said
    for student in BUSY:
        before = classroom.graded.record(student)["verdicts"]
        assert graded.record(student)["verdicts"] == before, student
        assert graded.scores[student] == classroom.graded.scores[student], student


def test_grading_again_with_force_gives_the_same(classroom: Class) -> None:
    """The same seed and the same submissions make the same verdicts."""
    assert classroom.forced.code == 0
    fresh = classroom.forced.records[len(classroom.graded.records) :]
    assert [one["student"] for one in fresh] == sorted(FORCED)
    for record in fresh:
        before = classroom.graded.record(record["student"])
        assert {**record, "time": ""} == {**before, "time": ""}
    auto = {student: _auto(scores) for student, scores in classroom.forced.scores.items()}
    assert auto == {student: _auto(scores) for student, scores in classroom.graded.scores.items()}


def _auto(scores: dict[str, Score]) -> dict[str, float | None]:
    return {name: score.auto for name, score in scores.items()}


@pytest.mark.parametrize("student", BY_HAND)
def test_points_given_by_hand_stay(classroom: Class, student: str) -> None:
    """Grading again does not take away what a person gave, and asks the person to look again."""
    name, points = BY_HAND[student]
    assert classroom.graded.scores[student][name].manual is None
    assert classroom.forced.scores[student][name].manual == points
    assert classroom.forced.scores[student][name].needs_manual_grade


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["device", "absent", "master", "level"])
def test_a_run_that_cannot_begin_is_one_sentence(
    classroom: Class, tmp_path: Path, trouble: str
) -> None:
    """And it leaves everything as it was, with --force too."""
    folder = shutil.copytree(classroom.folder, tmp_path / "course")
    before = course_folder.scores(folder)
    if trouble == "master":
        (folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py").unlink()
    device = {"device": "quantum", "absent": "tpu"}.get(trouble)
    options = [f"--GradingRun.device={device}"] if device else []
    if trouble == "level":
        options = ["--GradingRun.strongest=process", "--GradingRun.require=full"]
    run = course_folder.nbgrader(folder, "autograde", ASSIGNMENT, "--force", *options)
    assert run.returncode != 0
    sentence = {
        "device": 'There is no device "quantum" to judge on: choose cpu, gpu, tpu, or a mesh of up '
        "to 8 devices, simulated ones such as mesh:8 or mesh:4x2, or GPUs such as gpu:4 or "
        "gpu:2x2.",
        "absent": "There is no tpu here that JAX can use: choose cpu, or install JAX for it, see "
        "https://docs.jax.dev/en/latest/installation.html.",
        "master": "put it back, because it has the tests.",
        "level": "Isolation level full is required, and this is process. ",
    }[trouble]
    assert [line for line in run.stdout.splitlines() if line.endswith(sentence)]
    assert "Traceback" not in run.stdout
    assert course_folder.scores(folder) == before
    kept = {path.parts[-3]: path.read_bytes() for path in folder.glob("autograded/*/*/*.ipynb")}
    assert kept == classroom.forced.notebooks


@pytest.mark.slow
def test_a_grade_can_be_replayed(classroom: Class) -> None:
    """The command finds the seed in the log and comes to the same verdict."""
    for student, exercise in (("loops_over_the_batch", "pairwise"), ("raises", "attention")):
        run = course_folder.run(
            classroom.folder, "autograder", "replay", ASSIGNMENT, student, exercise
        )
        assert run.returncode == 0, run.stdout
        before = classroom.graded.record(student)["verdicts"][exercise]
        assert run.stdout.count(f"{before['status']} ({before['reason']})") == 2
        assert f"seed {SEED}" in run.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((ASSIGNMENT, "nobody", "pairwise"), "has no verdict on nobody"),
        (("99_nothing", "raises", "pairwise"), "has no verdict in 99_nothing"),
        (
            (ASSIGNMENT, "raises", "nothing"),
            "has no exercise nothing: it has fast_track_vmap, predict_batch",
        ),
        ((ASSIGNMENT, "not_json", "pairwise"), "The notebook of not_json was not judged"),
    ],
)
def test_what_was_not_graded_cannot_be_replayed(
    classroom: Class, words: tuple[str, ...], sentence: str
) -> None:
    """One sentence, and a status that is not zero."""
    run = course_folder.run(classroom.folder, "autograder", "replay", *words)
    assert run.returncode == 2
    assert sentence in run.stdout
    assert "Traceback" not in run.stdout


def test_grader_fault(
    classroom: Class, exercises: dict[str, Exercise], jail: GradingJail, tmp_path: Path
) -> None:
    """Where the reference itself fails, nobody gets a zero: a person is asked to grade."""

    def column_norms(A: Any) -> Any:
        raise ValueError("the author's own mistake")

    broken = replace(exercises["column_norms"], reference=column_norms)
    student = "right_as_the_reference"
    notebook = nbformat.reads(classroom.graded.notebooks[student].decode(), 4)
    verdicts = Grader({**exercises, "column_norms": broken}, SEED, jail).grade(notebook)
    statuses = {name: verdict.status for name, verdict in verdicts.items()}
    assert statuses.pop("column_norms") is Status.GRADER_FAULT
    assert set(statuses.values()) == {Status.PASSED}

    shutil.copy(classroom.folder / "gradebook.db", tmp_path)
    names = {"notebook": NOTEBOOK, "assignment": ASSIGNMENT, "student": student}
    where = {**names, "db_url": f"sqlite:///{tmp_path}/gradebook.db"}
    SaveVerdicts().preprocess(notebook, {"nbgrader": where, KEY: verdicts})
    scores = course_folder.scores(tmp_path)[student]
    assert scores["check-column_norms"] == Score(None, None, 2.0, True)
    assert scores["check-pairwise"] == Score(3.0, None, 3.0, False)


def test_a_failure_is_not_handed_on(exercises: dict[str, Exercise]) -> None:
    """A program that had no time left because of those beside it is run for the next student."""

    class NoTimeLeft(GradingJail):
        """Has no time to run a program, the first time that it is asked to."""

        left = 1

        def run(
            self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
        ) -> dict[str, bytes | Ending]:
            if role == "runner" and self.left:
                self.left -= 1
                return dict.fromkeys(steps, Ending(How.TOTAL))
            return super().run(role, request, steps, late)

    answer = "import jax.numpy as jnp\ndef column_norms(A):\n    return jnp.sqrt((A**2).sum(0))"
    notebook = new_notebook(cells=[new_code_cell(answer)])
    with NoTimeLeft(Limits(seconds=10.0)) as jail:
        grader = Grader({"column_norms": exercises["column_norms"]}, SEED, jail)
        assert grader.grade(notebook)["column_norms"].status is Status.TIMEOUT
        assert grader.grade(notebook)["column_norms"].status is Status.PASSED


def test_nothing_outlives_its_time(exercises: dict[str, Exercise], tmp_path: Path) -> None:
    """A process that kills the one that would end it, and never stops, is ended all the same."""
    wrote = tmp_path / "process"
    endless = (
        "import os, pathlib, signal\n"
        f"pathlib.Path({str(wrote)!r}).write_text(str(os.getpid()))\n"
        "os.kill(os.getppid(), signal.SIGKILL)\n"
        "while True: pass"
    )
    notebook = new_notebook(cells=[new_code_cell(endless)])
    with GradingJail(Limits(seconds=3.0), strongest=Level.PROCESS) as jail:
        grader = Grader({"column_norms": exercises["column_norms"]}, SEED, jail)
        assert grader.grade(notebook)["column_norms"].status is Status.MISSING
    process = int(wrote.read_text())
    try:
        assert not _runs(process)
    finally:
        if _runs(process):
            os.kill(process, 9)


def _runs(process: int) -> bool:
    """Whether it is there and not merely waiting to be reaped."""
    run = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return run.stdout.strip() not in ("", "Z", "Zs", "ZN", "ZNs")


@pytest.mark.slow
def test_a_stopped_zygote_does_not_stop_the_grading(exercises: dict[str, Exercise]) -> None:
    """A notebook can stop the process that the grader waits for; the class has to go on."""
    stops = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)"
    notebook = new_notebook(cells=[new_code_cell(stops)])
    with GradingJail(Limits(seconds=4.0, total_seconds=20.0), strongest=Level.PROCESS) as jail:
        grader = Grader({"column_norms": exercises["column_norms"]}, SEED, jail)
        grading = threading.Thread(target=grader.grade, args=[notebook], daemon=True)
        grading.start()
        grading.join(150)  # it answers nothing twice, see jail.ANSWER_SECONDS
        hangs = grading.is_alive()
        if hangs:
            # Let go of the thread: without its zygote it gets an answer.
            assert jail.first_process is not None
            os.kill(jail.first_process, 9)
            grading.join()
        assert not hangs


def test_a_class_falls_into_groups(classroom: Class) -> None:
    """Everybody is in one group of each exercise, with those whose answers do the same."""
    found = groups.groups(classroom.folder, ASSIGNMENT)
    for exercise, many in found.items():
        assert len({one.name for one in many}) == len(many)
        assert sorted(student for one in many for student in one.students) == sorted(
            classroom.submitted
        )
        for one in many:
            said = [
                classroom.graded.record(student)["verdicts"][exercise] for student in one.students
            ]
            # The message on a file that cannot be read says which file it is.
            same = [{**verdict, "message": one.verdict.message} for verdict in said]
            if one.name == "missing":  # one group, whatever the cause
                assert {verdict["status"] for verdict in said} == {"missing"}
                continue
            assert all(verdict == json.loads(to_text(one.verdict)) for verdict in same)
            assert one.name == "unreadable" or same == said
    largest = found["predict_batch"][0]
    assert {"right_as_the_reference", "magics_and_a_plot"} <= set(largest.students)
    assert "right_with_broadcasting" not in largest.students
    assert "jax.vmap(predict" in largest.sample
    run = course_folder.run(classroom.folder, "autograder", "groups", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    assert largest.name in run.stdout


@pytest.mark.slow
def test_a_comment_goes_to_a_whole_group(classroom: Class, tmp_path: Path) -> None:
    """Once, whatever else is written there, and nbgrader's feedback shows it."""
    folder = shutil.copytree(classroom.folder, tmp_path / "course")
    group = groups.groups(folder, ASSIGNMENT)["predict_batch"][0]
    first, other = group.students[0], "right_with_broadcasting"
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        found = gradebook.find_comment("predict_batch", NOTEBOOK, ASSIGNMENT, first)
        found.manual_comment = "Well named."
        gradebook.db.commit()
    command = ("autograder", "groups", ASSIGNMENT, "--comment", "predict_batch")
    for _ in range(2):
        run = course_folder.run(folder, *command, group.name, "Have a look at §4 & <vmap>.")
        assert run.returncode == 0, run.stdout
        assert f"Written to {len(group.students)} students" in run.stdout
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        said = {
            student: gradebook.find_comment(
                "predict_batch", NOTEBOOK, ASSIGNMENT, student
            ).manual_comment
            for student in EXPECTED
        }
    assert said.pop(first) == "Well named.\n\nHave a look at §4 & <vmap>."
    has = {student for student, comment in said.items() if comment == "Have a look at §4 & <vmap>."}
    assert has == set(group.students) - {first}
    assert said[other] is None
    shown = course_folder.nbgrader(
        folder, "generate_feedback", ASSIGNMENT, "--force", f"--student={group.students[1]}"
    )
    assert shown.returncode == 0, shown.stdout
    page = folder / "feedback" / group.students[1] / ASSIGNMENT / f"{NOTEBOOK}.html"
    assert "Have a look at §4" in page.read_text(encoding="utf-8")
    for words, sentence in (
        (("nothing", "0"), "05_vmap has no exercise nothing: it has fast_track_vmap,"),
        (("predict_batch", "zz"), "predict_batch has 0 groups whose name begins with zz: choose"),
    ):
        run = course_folder.run(folder, *command[:-1], *words, "text")
        assert run.returncode == 2
        assert sentence in run.stdout.replace("\n", " ")


@pytest.mark.slow
def test_the_report_tells_the_class_and_nobody_in_it(classroom: Class, tmp_path: Path) -> None:
    """Its numbers are the gradebook's and the log's; it loads nothing from elsewhere."""
    made = report.report(classroom.folder, ASSIGNMENT)
    scores = course_folder.scores(classroom.folder)
    assert made.scores == {
        name: sum((one.auto if one.manual is None else one.manual) or 0.0 for one in many.values())
        for name, many in scores.items()
    }
    assert made.most == 20
    waiting = [any(one.needs_manual_grade for one in many.values()) for many in scores.values()]
    assert made.waiting == sum(waiting)
    counts = {item.name: item.counts for item in made.items if item.name != "when_to_vmap"}
    by_hand = {name.removeprefix("check-"): 1 for name, _ in BY_HAND.values()}
    for exercise, kinds in counts.items():
        assert kinds.total() == len(EXPECTED)
        judged = [one.get("verdicts", {}).get(exercise, "passed") for one in EXPECTED.values()]
        told = judged.count("passed"), judged.count("missing")
        given = by_hand.get(exercise, 0)
        assert abs(kinds[Kind.PASSED] - told[0]) <= given
        assert abs(kinds[Kind.MISSING] - told[1]) <= given
    alike = [
        one for expected in EXPECTED.values() for one in expected.get("misconceptions", {}).items()
    ]
    assert made.misconceptions == Counter(alike)
    page = tmp_path / "report.html"
    for names, options in ((set(), []), (set(EXPECTED), ["--names"])):
        run = course_folder.run(
            classroom.folder, "autograder", "report", ASSIGNMENT, f"--html={page}", *options
        )
        assert run.returncode == 0, run.stdout
        html = page.read_text(encoding="utf-8")
        assert {student for student in EXPECTED if f">{student}<" in html} == names
        assert html.count("<figure") == 2  # nobody handed in attempts
        assert not re.search(r"""(src|href)=["'](?!#)""", html)
        assert "an answer that forgets the bias" in html


@pytest.mark.slow
def test_nothing_to_show(tmp_path: Path) -> None:
    """A class that was not graded is one sentence."""
    folder = course_folder.make(tmp_path)
    for command in ("groups", "report"):
        run = course_folder.run(folder, "autograder", command, ASSIGNMENT)
        assert run.returncode == 2
        assert "Nothing has been graded here yet" in run.stdout
