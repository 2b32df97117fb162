"""The corpus of answers in `tests/answers`: right and wrong ones, and what is said of each.

A file holds the answers to one assignment as jupytext text, a cell each:

    # %% wrong="pairwise" reason="shape" about="compares row with row"
    def pairwise(xs, ys):
        return jnp.linalg.norm(xs - ys, axis=-1)

`right` passes. `wrong` is rejected, in a grading with this `reason` first, and earns nothing or the
share of the points that `earns` says. `misconception` says which listed wrong answer its card
should name, by the title, or `none`.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import jupytext
from masters import answered, catalogue, loaded
from nbformat import NotebookNode

from autograder.classroom import notebook_check
from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.verdict import Verdict
from autograder.problem import Problem

FOLDER = Path(__file__).parent / "answers"
TAGS = {
    "right": {"right", "about"},
    "wrong": {"wrong", "reason", "about", "misconception", "earns"},
}


@dataclass(frozen=True)
class Answer:
    """One answer of the corpus.

    Attributes:
        assignment: such as `05_vmap`.
        exercise: the exercise's name.
        about: what is special about it, in a few words.
        code: the cell.
        reason: why it is rejected in a grading; empty for a right answer.
        misconception: what its card should name, where that is said.
        earns: the share of the points that it gets in a grading.
    """

    assignment: str
    exercise: str
    about: str
    code: str
    reason: str = ""
    misconception: str = ""
    earns: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether it passes."""
        return not self.reason

    @property
    def binds(self) -> set[str]:
        """The names that the cell gives to the notebook, besides the exercise's own."""
        symbols = symtable.symtable(self.code, self.exercise, "exec").get_symbols()
        names = {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}
        return names - {self.exercise}

    @property
    def words(self) -> set[str]:
        """The words of its code."""
        return set(re.findall(r"\w+", self.code))


def read(path: Path) -> list[Answer]:
    """The answers of one file.

    Raises:
        Problem: a cell does not have the form that is described above.
    """
    if not path.read_text(encoding="utf-8").strip():
        return []
    answers = []
    for number, cell in enumerate(jupytext.read(path, fmt="py:percent").cells, 1):
        if cell.cell_type == "code":
            answers.append(_answer(path, number, cell))
    known = set[tuple[str, str]]()
    for one in answers:
        if (one.exercise, one.about) in known:
            raise Problem(f"{path.name} has two answers to {one.exercise} about “{one.about}”.")
        known.add((one.exercise, one.about))
    return answers


def _answer(path: Path, number: int, cell: NotebookNode) -> Answer:
    tags = {tag: value for tag, value in cell.metadata.items() if tag != "lines_to_next_cell"}
    where = f"Cell {number} of {path.name}"
    kind = "right" if "right" in tags else "wrong"
    if not {kind, "about"} <= tags.keys() <= TAGS[kind]:
        raise Problem(
            f'{where} needs right="EXERCISE" about="…", or wrong="EXERCISE" reason="…" about="…"; '
            f"it has {', '.join(tags) or 'nothing'}."
        )
    if kind == "wrong" and not tags.get("reason"):
        raise Problem(f"{where} is a wrong answer without a reason.")
    exercise, earns = tags.pop(kind), tags.pop("earns", 0.0 if kind == "wrong" else 1.0)
    if kind == "wrong" and not (isinstance(earns, int | float) and 0 <= earns < 1):
        raise Problem(
            f"{where} has earns={earns!r}; a wrong answer earns 0 or more, and less than 1."
        )
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        raise Problem(f"{where} is not Python: {error.msg}.") from None
    if not re.search(rf"\b{exercise}\b", cell.source):
        raise Problem(f"{where} does not define {exercise}.")
    said = {tag: str(value) for tag, value in tags.items()}
    return Answer(path.stem, exercise, said.pop("about"), cell.source, **said, earns=earns)


@functools.cache
def of(assignment: str) -> tuple[Answer, ...]:
    """The answers to one assignment."""
    return tuple(read(FOLDER / f"{assignment}.py"))


def everything() -> list[Answer]:
    """All the answers there are."""
    return [answer for path in sorted(FOLDER.glob("*.py")) for answer in of(path.stem)]


def notebooks(
    assignment: str, answers: Sequence[Answer]
) -> Iterator[tuple[NotebookNode, list[Answer]]]:
    """The released notebook, filled in as few times as show all these answers to an assignment.

    An exercise that none of the answers is to, and one that an answer to another exercise uses, has
    its reference; and no answer redefines what another one in its notebook uses.
    """
    (home,) = [one for one in loaded() if one.assignment == assignment]

    def needs(one: Answer) -> set[str]:
        source = home.exercises[one.exercise].source
        used = one.words | set(re.findall(r"\w+", source))
        return used & home.exercises.keys() - {one.exercise}

    def fit(one: Answer, other: Answer) -> bool:
        return (
            one.exercise != other.exercise
            and other.exercise not in needs(one)
            and not one.binds & other.words
        )

    left = list(answers)
    while left:
        shown: list[Answer] = []
        for one in left:
            if all(fit(one, other) and fit(other, one) for other in shown):
                shown.append(one)
        left = [one for one in left if one not in shown]
        codes = {one.exercise: one.code for one in shown}
        filled = answered(assignment)
        for cell in filled.cells:
            cell.source = codes.get(cell.id, cell.source)
        yield filled, shown


def judged(
    assignment: str, answers: Sequence[Answer], seeds: Sequence[int]
) -> dict[Answer, tuple[list[Verdict], Verdict]]:
    """The verdicts on answers to an assignment: of a grading with each seed, and of `check`."""
    (home,) = [one for one in loaded() if one.assignment == assignment]
    released = {name: catalogue()[name] for name in home.prompts}
    with (
        GradingJail(Limits()) as walled,
        GradingJail(Limits(), strongest=Level.PROCESS) as students_own,
    ):
        graders: list[Grader] = [Grader(home.exercises, seed, walled) for seed in seeds]
        graders.append(notebook_check.grader(released, students_own))

        def judge(grader: Grader, notebook: NotebookNode, shown: list[Answer]) -> dict:
            asked = {one.exercise: grader.exercises[one.exercise] for one in shown}
            # A copy shares with its original what was made of the references.
            verdicts = replace(grader, exercises=asked).grade(notebook)
            return {one: verdicts[one.exercise] for one in shown}

        filled = list(notebooks(assignment, answers))
        with ThreadPoolExecutor(2) as threads:
            made = [[threads.submit(judge, grader, *one) for one in filled] for grader in graders]
            *graded, checked = [
                {one: verdict for part in many for one, verdict in part.result().items()}
                for many in made
            ]
    return {one: ([many[one] for many in graded], checked[one]) for one in answers}
