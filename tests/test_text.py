"""Text of others, cleaned for terminals, logs and spreadsheets."""

import csv
import io
import logging
import subprocess
import sys

import pytest

from autograder import text

COMMANDS = [
    "\x1b]0;title\x07", "\x1b[2J", "\x9b2J", "a\rb", "a\x00b", "a\x7fb", "\u202egnp.exe",
    "\u2066a\u2069", "\u200b", "\ud83d", "\u2028", "\ufeff", "\U000e0041",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_a_terminal_obeys_is_left(command):
    for lines in (False, True):
        assert text.printable(command, lines).isprintable()


def test_what_can_be_seen_stays():
    assert text.printable("def f(x):\n\treturn x  # é 中 🙂", lines=True) == (
        "def f(x):\n    return x  # é 中 🙂"
    )
    assert text.printable("a\r\nb\r", lines=True) == "a\nb\N{REPLACEMENT CHARACTER}"
    assert text.printable("two\nlines") == "two\N{REPLACEMENT CHARACTER}lines"
    assert text.printable("a\xa0b") == "a b"


def test_a_log_is_cleaned_for_good():
    shown = io.StringIO()
    log = logging.getLogger("test_text")
    log.propagate = False
    log.addHandler(logging.StreamHandler(shown))
    for _ in range(2):
        text.clean_log(log)
    log.warning("%s: %d%%", "\x1b[2J", 5)
    assert shown.getvalue() == "\N{REPLACEMENT CHARACTER}[2J: 5%\n"


@pytest.mark.parametrize(
    "cell",
    ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-2+3", "  =1+1", "\t=1", "\r=1", "\n=1", "\xa0=1",
     "＝1+1"],
)  # fmt: skip
def test_no_spreadsheet_takes_a_cell_for_a_formula(cell):
    written = io.StringIO()
    csv.writer(written).writerow([text.csv_cell(cell)])
    (row,) = csv.reader(io.StringIO(written.getvalue()))
    assert not row[0].lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert row[0][0] not in "\t\r\n"


@pytest.mark.parametrize("cell", ["", "0", "-1.5", "12", "1e-3", "Łoś, Cai", "a=b", "x@y.org"])
def test_numbers_and_plain_words_stay_as_they_are(cell):
    assert text.csv_cell(cell) == cell


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437", "utf-8"])
def test_a_terminal_with_few_characters_gets_others_in_their_place(encoding):
    code = "from autograder import text; text.write_anything(); print('✓ passed 中')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONIOENCODING": encoding}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    shown = "✓ passed 中" if encoding == "utf-8" else "+ passed ?"
    assert done.stdout.decode(encoding).strip() == shown
