"""`verdicts.jsonl`: nothing is lost of it, whatever a run that was killed left behind."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import course_folder
import hostile_class
import pytest

from autograder.classroom import log
from autograder.classroom.cache import Cache
from autograder.classroom.log import Record
from autograder.classroom.replay import replay
from autograder.judge.verdict import Status
from autograder.problem import Problem
from autograder.schema import to_text

GRADED_BEFORE = Path(__file__).parent / "graded_by_0_1"
"""A log, and one of its notebooks as it was graded, from before the log had a schema."""

RECORD = Record(student="ada", assignment="05_vmap", notebook="vmap", seed=7, verdicts={})


@pytest.mark.parametrize(
    "piece",
    ['{"student": "bob", "assig', "\x00\x00", '{"student": "bob"}\n', "[1, 2]\n", "[" * 9_999, "3"],
)
def test_a_damaged_line_costs_that_line_alone(tmp_path, piece):
    log.append(tmp_path, RECORD)
    with (tmp_path / log.LOG).open("a") as file:
        file.write(piece)
    log.append(tmp_path, replace(RECORD, student="cai"))
    assert [one.student for one in log.newest(tmp_path, "05_vmap")] == ["ada", "cai"]
    assert piece.strip() in (tmp_path / log.LOG).read_text()


def test_the_newest_line_about_a_notebook_counts(tmp_path):
    for seed in (7, 8):
        log.append(tmp_path, replace(RECORD, seed=seed))
    log.append(tmp_path, replace(RECORD, assignment="06_pytrees", seed=9))
    assert [one.seed for one in log.newest(tmp_path, "05_vmap")] == [8]
    assert log.seed(tmp_path, "05_vmap") == 8
    assert log.seed(tmp_path, "07_grad") is None


def test_half_a_character_in_an_id_is_written_and_read(tmp_path):
    log.append(tmp_path, replace(RECORD, student="\udcffx"))
    assert [one.student for one in log.newest(tmp_path, "05_vmap")] == ["\udcffx"]


def test_a_log_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(Problem, match="Nothing has been graded here yet"):
        log.newest(tmp_path, "05_vmap")
    (tmp_path / log.LOG).mkdir()
    with pytest.raises(Problem, match="cannot be read: Is a directory"):
        list(log.records(tmp_path, "05_vmap"))


def test_the_seed_outlives_the_cache(tmp_path):
    """It is drawn once, and is that of the log where the cache was deleted."""

    def seed(folder):
        return Cache(tmp_path / folder).seed("05_vmap", lambda: log.seed(tmp_path, "05_vmap"))

    drawn = seed("first")
    assert seed("first") == drawn != seed("other")
    log.append(tmp_path, replace(RECORD, seed=drawn))
    assert seed("deleted and made anew") == drawn
    log.append(tmp_path, replace(RECORD, seed=7))
    # A class that was graded in part by the version before has its seed in the cache alone.
    assert seed("first") == drawn


@pytest.mark.parametrize("seed", [None, "7", True, 1.5])
def test_a_seed_that_is_no_number_is_no_seed(tmp_path, seed):
    (tmp_path / log.LOG).write_text(json.dumps(asdict(RECORD) | {"seed": seed}) + "\n")
    assert log.seed(tmp_path, "05_vmap") is None


def in_words_of_today(line):
    """A line of version 0.1 with the words that are used today."""
    record = json.loads(line)
    for verdict in record["verdicts"].values():
        verdict["misconception"] = verdict.pop("lookalike")
        for key in ("status", "reason"):
            verdict[key] = verdict[key].replace("broke the rules", "not allowed")
        verdict["parts"] = []
        verdict["meaning"] = ""
    return record


def test_a_log_of_the_version_before_is_read_whole():
    lines = (GRADED_BEFORE / log.LOG).read_text(encoding="utf-8").splitlines()
    read = log.newest(GRADED_BEFORE, "05_vmap")
    assert [json.loads(to_text(one)) for one in read] == list(map(in_words_of_today, lines))
    assert log.seed(GRADED_BEFORE, "05_vmap") == 8_245_119_063_771
    (wrong,) = [one.verdicts["row_sums"] for one in read if one.student == "claims_no_leaves"]
    assert (wrong.status, wrong.reason) == (Status.WRONG, "values")


def test_a_grade_of_the_version_before_can_be_replayed(tmp_path):
    folder = course_folder.make(tmp_path, hostile_class.FOLDER / "targets")
    shutil.copy(GRADED_BEFORE / log.LOG, folder)
    graded = folder / "autograded" / "huge_shape" / "05_vmap"
    graded.mkdir(parents=True)
    shutil.copy(GRADED_BEFORE / "vmap.ipynb", graded)
    again = replay(folder, "05_vmap", "huge_shape", "row_sums")
    assert again.same
    # By which students are grouped, some of whom may have been graded before.
    assert again.verdict.program == again.before.program or again.record.jax != again.jax
