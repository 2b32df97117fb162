"""The hostile class: what each attack comes to, and what is still true when all are graded.

Every folder of `hostile/` is an attack. Without a jail nothing of it is run.
"""

from __future__ import annotations

import ctypes
import os
import re

import course_folder
import hostile_class
import psutil
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK
from hostile_class import (
    ATTACKS,
    BARE,
    DOCUMENT,
    FOLDER,
    HONEST,
    LIMITS,
    POINTS,
    SECRETS,
    STOCK,
    Graded,
)

from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level

pytestmark = pytest.mark.slow
ADOPT_ORPHANS = 36


@pytest.fixture(scope="module")
def level() -> Level:
    """The level that this machine has."""
    with GradingJail(Limits()) as jail:
        if jail.level is Level.PROCESS:
            pytest.skip(f"hostile code is not run without walls: {jail.weaker_because}")
        return jail.level


@pytest.fixture(scope="module")
def before() -> set[int]:
    """The processes that this one has; from now on, those that lose their parent are its own."""
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    return {one.pid for one in psutil.Process().children(recursive=True)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, level: Level, before: set[int]) -> Graded:
    """The whole class, graded behind the walls that there are."""
    folder = tmp_path_factory.mktemp("hostile")
    return hostile_class.grade(folder, ATTACKS, **LIMITS, require=str(level))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Those that harm nothing, graded without walls."""
    if os.geteuid() != 0:
        pytest.skip("what gets in without walls depends on who grades; the table is root's")
    folder = tmp_path_factory.mktemp("bare")
    return hostile_class.grade(folder, BARE, **LIMITS, strongest="process")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Those that harm nothing, graded by stock nbgrader."""
    return hostile_class.grade_by_stock(tmp_path_factory.mktemp("stock"), STOCK)


def test_every_attack_says_what_it_is() -> None:
    """A folder without `expected.toml` would silently be no attack at all."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"targets"}
    assert {name for name in folders if not name.startswith((".", "__"))} == set(ATTACKS)
    assert len(ATTACKS) >= 80
    for name, attack in ATTACKS.items():
        assert attack.about.endswith("."), name
        assert attack.kind in hostile_class.KINDS, name
        assert attack.verdicts.keys() <= POINTS.keys(), name
        assert attack.verdicts, f"{name} is graded like an honest answer, so it shows nothing"


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(graded: Graded, level: Level, name: str) -> None:
    """It gets its verdict, and nothing else: no point, no secret, no way out."""
    attack, record = ATTACKS[name], graded.records[name]
    changed = attack.partial if level is Level.PARTIAL else {}
    assert record["level"] == level
    if "sees" not in changed:
        statuses = course_folder.statuses(record)
        assert {name for name, status in statuses.items() if status != "passed"} == set(
            attack.verdicts
        )
        for exercise, expected in attack.verdicts.items():
            assert statuses[exercise] in expected.split(" or "), record["verdicts"][exercise]
        for exercise, words in attack.says.items():
            assert words in record["verdicts"][exercise]["message"]
    assert graded.came_to(name) == changed.get("sees", "stopped")
    assert sum(graded.points[name].values()) == attack.score


@pytest.mark.parametrize("name", HONEST)
def test_neighbours_are_not_harmed(graded: Graded, name: str) -> None:
    """Whoever is graded before, among and after them has every point."""
    assert graded.points[name] == POINTS


def test_everybody_is_graded_once(graded: Graded) -> None:
    """No attack drops a student or makes one up."""
    expected = sorted([*ATTACKS, *HONEST])
    assert sorted(graded.points) == expected
    assert [one["student"] for one in course_folder.records(graded.folder)] == expected
    assert "Traceback" not in graded.said


def test_files_are_as_they_were(graded: Graded) -> None:
    """Nothing was planted, and what was handed in, the masters and the settings stay."""
    assert graded.planted == set()
    source = graded.folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    assert source.read_bytes() == hostile_class.MASTER.read_bytes()
    again = course_folder.right_answers(graded.folder)
    for name in [*ATTACKS, *HONEST]:
        path = graded.folder / "submitted" / name / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        content = course_folder.submission(FOLDER / name, again).decode()
        content = content.replace("@COURSE@", str(graded.folder))
        content = content.replace("@CANARY@", str(graded.folder.parent / "planted"))
        assert path.read_text(encoding="utf-8") == content, name
        assert list(path.parent.iterdir()) == [path]


def test_no_process_is_left(graded: Graded, before: set[int]) -> None:
    """Whatever they started has ended; an orphan would have become this process's own."""
    left = [
        one
        for one in psutil.Process().children(recursive=True)
        if one.pid not in before and one.status() != psutil.STATUS_ZOMBIE
    ]
    assert left == []


def test_no_secret_gets_out(graded: Graded) -> None:
    """Neither what they looked for nor the seed is in what the instructor or a student reads."""
    run = course_folder.run(
        graded.folder, "nbgrader", "generate_feedback", ASSIGNMENT, seconds=1800
    )
    assert run.returncode == 0, run.stdout[-2000:]
    secrets = (*SECRETS, str(hostile_class.SEED))
    pages = {path.parts[-3]: path for path in graded.folder.glob("feedback/*/*/*.html")}
    assert sorted(pages) == sorted([*ATTACKS, *HONEST])
    for name, path in pages.items():
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in text], name
        assert "<script>alert(" not in text, name
    for name, record in graded.records.items():
        assert not [secret for secret in SECRETS if secret in str(record)], name


def test_no_terminal_is_commanded(graded: Graded) -> None:
    """What a submission says of itself cannot move a cursor where an instructor reads it."""
    log = (graded.folder / "verdicts.jsonl").read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x9b]|\\u00(0|1|7f|9b)", log)
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", graded.said)


@pytest.mark.parametrize("name", BARE)
def test_attack_gets_in_where_no_wall_is(bare: Graded, name: str) -> None:
    """So that what stops it is the wall, and not a mistake in the attack."""
    assert bare.came_to(name) == ATTACKS[name].bare


def test_table_is_what_is_seen(graded: Graded, bare: Graded, stock: Graded, level: Level) -> None:
    """docs/attacks.md has drifted where this fails: `uv run python tests/hostile_class.py`."""
    if level is not Level.FULL:
        pytest.skip("the table is that of the level full")
    written = DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert [line for line in written if line.startswith("| `")] == [
        hostile_class.row(name, graded, bare, stock)
        for kind in hostile_class.KINDS
        for name, attack in ATTACKS.items()
        if attack.kind == kind
    ]
