"""A class of attackers: graded here, without walls, and by stock nbgrader.

Run: uv run python tests/hostile_class.py, which writes docs/attacks.md.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import course_folder
import nbformat
import psutil
from course_folder import ASSIGNMENT, NOTEBOOK, ROOT

from autograder.authoring import master

FOLDER = Path(__file__).parent / "hostile"
MASTER = FOLDER / "targets" / ASSIGNMENT / f"{NOTEBOOK}.py"
DOCUMENT = ROOT / "docs" / "attacks.md"
HONEST = ("a_neighbour", "honest", "z_neighbour")
POINTS = {"square": 2.0, "ladder": 4.0, "row_sums": 4.0}
TOKEN = "the-token-in-the-environment"
SECRETS = (TOKEN, "the-secret-of-the-master", "a-private-file")
GOT_IN = r"^It raised RuntimeError\. .* The line: `raise RuntimeError\(f?.got in"
SEED = 8_245_119_063_771
KINDS = {
    "score": "Scores forged",
    "secret": "Secrets sought",
    "resource": "Resources used up",
    "escape": "Ways out of the process",
    "crash": "Crashes",
}
HIDDEN_TESTS = {
    "square": "xs = np.arange(5.0)\nassert np.allclose(square(xs), xs**2)",
    "ladder": "xs = np.arange(5.0)\nassert np.allclose(ladder(xs), np.cumsum(xs))",
    "row_sums": "xs = np.arange(15.0).reshape(5, 3)\nexpected = xs.sum(axis=1)\n"
    "assert np.allclose(row_sums(xs), expected)",
}
"""What an instructor with stock nbgrader would write for the same exercises."""
STOCK_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\n'


@dataclass(frozen=True)
class Attack:
    """One attack, as its folder's `expected.toml` describes it.

    Attributes:
        kind: a key of `KINDS`.
        about: what it does, in a sentence.
        verdicts: the status of each exercise that is not passed.
        says: words of the verdicts' messages.
        bare: what it comes to without walls; empty where it is not run so, because it would harm
            the machine or stops by itself.
        stock: whether it is harmless enough for stock nbgrader.
        partial: what is different at the level `partial`.
    """

    kind: str
    about: str
    verdicts: dict[str, str]
    says: dict[str, str] = field(default_factory=dict)
    bare: str = ""
    stock: bool = False
    partial: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The points of what is passed."""
        return sum(most for name, most in POINTS.items() if name not in self.verdicts)


ATTACKS = {
    path.parent.name: Attack(**tomllib.loads(path.read_text(encoding="utf-8")))
    for path in sorted(FOLDER.glob("*/expected.toml"))
}
BARE = [name for name, attack in ATTACKS.items() if attack.bare]
STOCK = [name for name, attack in ATTACKS.items() if attack.stock]


@dataclass(frozen=True)
class Graded:
    """A graded class.

    Attributes:
        folder: the course's.
        said: what autograde printed.
        planted: the names of the files that attacks left outside, in a folder of ours.
        points: of each student, by exercise.
        records: of each student, the line of `verdicts.jsonl`; none of stock nbgrader.
    """

    folder: Path
    said: str
    planted: set[str]
    points: dict[str, dict[str, float]]
    records: dict[str, dict[str, Any]]

    def came_to(self, name: str) -> str:
        """What an attack came to: `full marks`, `got in` or `stopped`."""
        forged = [one for one in ATTACKS[name].verdicts if self.points.get(name, {}).get(one)]
        if forged:
            return "full marks"
        return "got in" if name in self.planted or self._says_so(name) else "stopped"

    def _says_so(self, name: str) -> bool:
        if name in self.records:
            # The words of an exception are not told, but its line is, and says it as well.
            messages = [one["message"] for one in self.records[name]["verdicts"].values()]
            return any(re.search(GOT_IN, message) for message in messages)
        else:
            path = self.folder / "autograded" / name / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
            if not path.exists():
                return False
            outputs = [cell.get("outputs", []) for cell in nbformat.read(path, 4).cells]
            messages = [one.get("evalue", "") for many in outputs for one in many]
        return any(message.startswith("got in") for message in messages)


def grade(folder: Path, names: Collection[str], **settings: Any) -> Graded:
    """Grade these attackers, with honest students among them, as an instructor does."""
    loaded = master.load(MASTER)
    return _grade(folder, names, loaded.notebook, seed=SEED, **settings)


def grade_by_stock(folder: Path, names: Collection[str]) -> Graded:
    """The same with stock nbgrader, whose tests are in the notebook and hidden from students."""
    notebook = master.load(MASTER).notebook
    for cell in notebook.cells:
        name = cell.id.removeprefix("check-")
        if name != cell.id:
            tests = HIDDEN_TESTS[name]
            cell.source = f"### BEGIN HIDDEN TESTS\n{tests}\n### END HIDDEN TESTS"
        elif "from autograder import check" in cell.source:
            cell.source = "import jax\nimport jax.numpy as jnp\nimport numpy as np"
    return _grade(folder, names, notebook)


def _grade(
    folder: Path, names: Collection[str], notebook: nbformat.NotebookNode, **settings: Any
) -> Graded:
    planted = folder / "planted"
    planted.mkdir(parents=True)
    (planted / "private").write_text("a-private-file", encoding="utf-8")
    course = course_of(folder, notebook, **settings)
    right = course_folder.right_answers(course)
    for name in [*names, *HONEST]:
        case = FOLDER / name
        content = course_folder.submission(case, right).decode()
        for place, path in (("@COURSE@", course), ("@CANARY@", planted)):
            content = content.replace(place, str(path))
        course_folder.submit(course, name, content.encode())
    command = ("nbgrader", "autograde", ASSIGNMENT)
    run = course_folder.run(course, *command, seconds=3600, COURSE_TOKEN=TOKEN)
    _wait_for_what_is_left(planted)
    scores = course_folder.scores(course)
    log = course / "verdicts.jsonl"
    return Graded(
        course,
        run.stdout,
        {path.name for path in planted.iterdir()} - {"private"},
        {
            student: {
                name.removeprefix("check-"): (score.auto or 0.0) + (score.manual or 0.0)
                for name, score in cells.items()
            }
            for student, cells in scores.items()
        },
        {one["student"]: one for one in course_folder.records(course)} if log.exists() else {},
    )


def _wait_for_what_is_left(planted: Path) -> None:
    """Wait until no process that an attack left behind is still about to write to this folder.

    What such a process comes to must not depend on how soon the class is graded.
    """
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(planted) in argument for argument in process.info["cmdline"] or ())
    ]
    _, alive = psutil.wait_procs(left, timeout=60)
    assert not alive, alive


def course_of(folder: Path, notebook: nbformat.NotebookNode, **settings: Any) -> Path:
    """A course with the targets released; without settings it is one of stock nbgrader."""
    masters = folder / "masters" / ASSIGNMENT
    masters.mkdir(parents=True)
    (masters / f"{NOTEBOOK}.py").write_bytes(MASTER.read_bytes())
    nbformat.write(notebook, masters / f"{NOTEBOOK}.ipynb")
    course = course_folder.make(folder / "course", masters.parent, **settings)
    if not settings:
        (course / "nbgrader_config.py").write_text(STOCK_CONFIG, encoding="utf-8")
        (course / "solutions").rename(course / "source")
        (course / "release").mkdir()
        (course / "exercises").symlink_to("release")
        (course / "solutions").symlink_to("source")
    run = course_folder.nbgrader(course, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    return course


def table(full: Graded, bare: Graded, stock: Graded) -> str:
    """docs/attacks.md, of what was seen."""
    forged = sum(stock.came_to(name) == "full marks" for name in STOCK)
    got_in = sum(stock.came_to(name) == "got in" for name in STOCK)
    lines = [
        "# Attacks",
        "",
        "Made by `uv run python tests/hostile_class.py` from `tests/hostile/`, one folder an",
        "attack; every entry was seen, none is written. *Verdict* is what the attacked exercise",
        "gets at the isolation level `full`, at which no attack forged a point, read a secret or",
        "harmed a neighbour. *Without walls* is the level `process`, and *stock nbgrader* is",
        "`nbgrader autograde` 0.9.6 with the same exercises as hidden asserts. A dash says that",
        "the attack was not run there, because it would harm the machine or is made for this",
        "autograder; `got in` says that it read, wrote or did what it was after.",
        "",
        f"{len(ATTACKS)} attacks. Of {len(BARE)} that were run without walls, "
        f"{sum(bare.came_to(name) != 'stopped' for name in BARE)} did what they were after; of",
        f"{len(STOCK)} that were run on stock nbgrader {forged} got full marks for a wrong answer "
        f"and {got_in} got in.",
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", *_header()]
        for name, attack in ATTACKS.items():
            if attack.kind == kind:
                lines.append(row(name, full, bare, stock))
    return "\n".join(lines) + "\n"


def _header() -> Sequence[str]:
    return (
        "| attack | what it does | verdict | without walls | stock nbgrader |",
        "| --- | --- | --- | --- | --- |",
    )


def row(name: str, full: Graded, bare: Graded, stock: Graded) -> str:
    """One attack in the table."""
    statuses = course_folder.statuses(full.records[name])
    verdicts = sorted({status for status in statuses.values() if status != "passed"})
    came = full.came_to(name)
    cells = (
        f"`{name}`",
        ATTACKS[name].about,
        ", ".join(verdicts) + (f", **{came}**" if came != "stopped" else ""),
        bare.came_to(name) if name in BARE else "–",
        stock.came_to(name) if name in STOCK else "–",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run everything and write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        full = grade(folder / "full", ATTACKS, **LIMITS, require="full")
        bare = grade(folder / "bare", BARE, **LIMITS, strongest="process")
        stock = grade_by_stock(folder / "stock", STOCK)
        DOCUMENT.write_text(table(full, bare, stock), encoding="utf-8")


LIMITS = {
    "seconds": 4.0,
    "total_seconds": 60.0,
    "memory_mib": 2048,
    "clock_factor": 10.0,
}

if __name__ == "__main__":
    main()
