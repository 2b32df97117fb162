"""The file beside a notebook: read whatever version made it, or one sentence says what to do."""

import dataclasses
import lzma
import random
import shutil
from pathlib import Path

import jax.numpy as jnp
import pytest
from masters import catalogue, outline

from autograder.problem import Problem
from autograder.student import check_file, learner, lookup, released
from autograder.student.outline import Outline

KEPT = Path(__file__).parent / "kept" / "vmap_of_0_1.check"
"""Made by version 0.1.0 of the package; it is never made anew."""

OWN = check_file.installed()


def predict_batch(W, b, xs):
    return xs @ W.T + b


def test_what_version_0_1_made_is_read(tmp_path, monkeypatch, capsys):
    shutil.copy(KEPT, tmp_path)
    monkeypatch.chdir(tmp_path)
    file = check_file.read(KEPT)
    assert file.version == "0.1.0"
    assert file.outline.course == "numpy-to-jax"
    assert [task.name for task in file.outline.modules[0].tasks] == ["predict_batch"]
    (one,) = released.read(file)
    assert learner.examine(predict_batch, one).passed
    verdict = learner.examine(lambda W, b, xs: jnp.swapaxes(xs @ W.T + b, 0, 1), one)
    assert verdict.misconception == "puts the batch on the last axis"
    learner.check(predict_batch)
    assert "✓ passed: predict_batch" in capsys.readouterr().out


def test_what_is_written_is_read_again():
    for one in catalogue().values():
        data = released.encode([one])
        again = released.read(check_file.CheckFile(Path("x"), "", outline(), data))
        assert released.encode(again) == data
        assert again[0].prompt == one.prompt
        assert again[0].requires == one.requires
        assert list(again[0].arguments) == list(one.arguments)


def test_equal_content_makes_equal_bytes():
    one = catalogue()["pairwise"]
    first, again = (check_file.encode(outline(), released.encode([one])) for _ in range(2))
    assert first == again


def test_the_line_of_a_wrong_answer_is_not_released():
    for one in catalogue().values():
        for wrong in one.misconceptions:
            for outcomes in wrong.outcomes.values():
                assert not any(getattr(outcome, "line", "") for outcome in outcomes)


def read_of(path, content):
    path.write_bytes(content)
    (one,) = released.read(check_file.read(path))
    return one


DAMAGED = "is damaged, or is not a file for `check`: get it again from where you got the notebook."


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"just text", b"PK\x03\x04", b"\xfd7zXZ\x00",
        b"autograder check data 1, made by 0.1.0",
        b"autograder check data 1, made by 0.1.0\n",
        f"autograder check data 1, made by {OWN}\n".encode() + lzma.compress(b""),
        b"autograder check data 1, made by 0.1.0\r\n" + KEPT.read_bytes().partition(b"\n")[2],
        KEPT.read_bytes()[:-1],
        KEPT.read_bytes() + b"\n",
        KEPT.read_bytes().decode("latin-1").encode("utf-8"),
        KEPT.read_bytes() + KEPT.read_bytes(),
    ],
)  # fmt: skip
def test_a_file_that_is_damaged_or_foreign_is_one_sentence(tmp_path, content):
    with pytest.raises(Problem) as caught:
        read_of(tmp_path / "vmap.check", content)
    assert str(caught.value) == f"{tmp_path / 'vmap.check'} {DAMAGED}"


def test_damage_anywhere_is_a_sentence_or_does_no_harm(tmp_path):
    whole = KEPT.read_bytes()
    generator = random.Random(14)
    start = whole.index(b"\n") + 1
    for n in range(300):
        content = bytearray(whole)
        where = generator.randrange(start, len(whole))
        content[where] ^= 1 << generator.randrange(8)
        with pytest.raises(Problem, match="is damaged"):
            # A path of its own, since two files of one size may be written within one moment.
            read_of(tmp_path / f"{n}.check", bytes(content))


def test_a_file_that_needs_much_memory_is_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(check_file, "LARGEST", 10_000_000)
    bomb = lzma.compress(b"\0" * 20_000_000, preset=1)
    with pytest.raises(Problem, match="is damaged"):
        read_of(tmp_path / "vmap.check", b"autograder check data 1, made by 1\n" + 2 * bomb)


def test_another_format_says_to_update_the_package(tmp_path):
    content = KEPT.read_bytes().replace(b"data 1, made by 0.1.0", b"data 2, made by 0.9.1", 1)
    with pytest.raises(Problem) as caught:
        read_of(tmp_path / "vmap.check", content)
    assert str(caught.value) == (
        f"{tmp_path / 'vmap.check'} is for version 0.9.1 of the package numpy-to-jax, and this is "
        f"{check_file.installed()}: update the package (`pip install -U numpy-to-jax`) and restart "
        "the kernel."
    )


def test_a_requirement_that_is_not_known_says_to_update_the_package(tmp_path):
    data = lzma.decompress(released.encode([catalogue()["predict_batch"]]))
    renamed = lzma.compress(data.replace(b'"matches_reference"', b'"matches_from_2030"'))
    assert len(lzma.decompress(renamed)) == len(data)
    with pytest.raises(Problem, match=r"is for version 9\.0 of the package .* update the package"):
        read_of(tmp_path / "vmap.check", check_file.encode(outline(), renamed, "9.0"))


@pytest.mark.parametrize("course", ["", "..", "../x", "a/b", ".hidden", "a\n", "x" * 101])
def test_a_course_whose_name_is_no_folder_is_refused(tmp_path, course):
    with pytest.raises(Problem, match="is damaged"):
        read_of(tmp_path / "x.check", check_file.encode(Outline(course, "", ()), b""))


def test_an_exercise_that_the_data_lack_is_of_another_release(tmp_path, monkeypatch):
    shutil.copy(KEPT, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem) as caught:
        lookup.find("column_norms", {})
    assert str(caught.value).endswith(
        "If the notebook asks for that name, it is from another release than its data: get the "
        "folder of the assignment again and copy your answers into it."
    )


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "vmap.check").mkdir()
    with pytest.raises(Problem, match=r"vmap\.check cannot be read: Is a directory\."):
        check_file.read(tmp_path / "vmap.check")


def test_what_was_put_anew_is_read_anew(tmp_path):
    path = tmp_path / "vmap.check"
    shutil.copy(KEPT, path)
    title = check_file.read(path).outline.title
    changed = dataclasses.replace(outline(), title=f"{title}, second edition")
    path.write_bytes(check_file.encode(changed))
    assert check_file.read(path).outline == changed
