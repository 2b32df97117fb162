"""A course with a question that asks every student for something else: the guide's example.

Another question, which asks everybody for the same, uses the answer to the first one.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from masters import ROOT

from autograder.authoring import build, master
from autograder.judge.specification import Exercise

ASSIGNMENT, NOTEBOOK = "01_memory", "memory"
NAME, SAME = "bytes_of_batch", "bytes_of_number"
HEAD = """\
# %% [markdown] assignment="01_memory" points=2
# # Memory

# %%
from autograder import check, numbers

### BEGIN HIDDEN TESTS
from autograder import mistake, question

### END HIDDEN TESTS

"""
TAIL = """

# %% [markdown] exercise="bytes_of_number" stars=1 importance=2 minutes=3 points=1
# ## 2 · A number in memory
#
# How many bytes does a float32 number need?

# %% solution="bytes_of_number"
### BEGIN SOLUTION
bytes_of_number = bytes_of_batch // (n * side**2)
### END SOLUTION

# %% check="bytes_of_number"
check("bytes_of_number")
### BEGIN HIDDEN TESTS
question(
    "bytes_of_number",
    answer=4,
    hints=["What does the 32 count?", "It counts bits.", "A byte has 8 bits."],
    explanation="32 bits are 4 bytes.",
    mistakes=[
        mistake(32, "counts bits", advice="A byte has 8 bits."),
        mistake(8, "thinks of float64", advice="A float32 has 32 bits."),
    ],
)
### END HIDDEN TESTS
"""


def example() -> str:
    """The three cells in the guide for authors."""
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    (cells,) = re.findall(rf'```python\n(# %% \[markdown\] exercise="{NAME}".*?)```', page, re.S)
    return str(cells)


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a course with the example, changed in these places; the path of its master."""
    path = folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    path.parent.mkdir(parents=True)
    text = HEAD + example() + TAIL
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    (folder / "course").mkdir()
    (folder / "course" / "course.toml").write_text(
        f'id = "memory"\ntitle = "M"\n[[modules]]\nname = "{ASSIGNMENT}"\ntitle = "Memory"\n',
        encoding="utf-8",
    )
    return path


def built(folder: Path, *changes: tuple[str, str]) -> Exercise:
    """Write a course with the example, and build it; the question."""
    path = write(folder, *changes)
    build.build_assignment(path, folder, folder)
    return master.load(path).exercises[NAME]
