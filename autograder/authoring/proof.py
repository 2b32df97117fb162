"""The proof that an exercise is good, judged as a grading would.

The stub fails, the reference and the second solution pass, each listed wrong answer is rejected for
its reason; and no small change to the reference passes, see `trials`, but those that do the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder.authoring import built, course, master
from autograder.authoring.faults import of_exercises, require
from autograder.authoring.master import Master
from autograder.authoring.rehearsal import Rehearsal, defined, stub
from autograder.authoring.trials import Fate, Tally, prove_mutants
from autograder.judge.verdict import Status
from autograder.problem import Problem


@dataclass(frozen=True)
class Claim:
    """Something that has to be true of an exercise, and whether it is.

    Attributes:
        exercise: its name.
        answer: which answer it is about.
        wanted: what should come of it.
        seen: what came of it.
        holds: whether that is what should.
    """

    exercise: str
    answer: str
    wanted: str
    seen: str
    holds: bool

    def __str__(self) -> str:
        words = f"should be {self.wanted}, and is {self.seen}"
        return f"{self.exercise}: the answer “{self.answer}” {words}."


def claims(loaded: Master, name: str) -> list[Claim]:
    """What is asked of one exercise of an assignment, but for its mutants."""
    spec = loaded.exercises[name]
    rehearsal = Rehearsal(spec)
    alike = rehearsal.misconceptions()

    def judged(answer: str, value: Callable[[], Any], wanted: str) -> tuple[Claim, str]:
        try:
            verdict = rehearsal.verdict(value(), alike)
            seen, title = verdict.reason, verdict.misconception
            if verdict.status is Status.MISSING:
                seen = str(verdict.status)
        except Problem:
            raise
        except Exception as error:
            seen, title = type(error).__name__, ""
        return Claim(name, answer, wanted, seen, seen == wanted), title

    made = [
        judged("stub", lambda: defined(spec, stub(loaded, name)), Status.MISSING)[0],
        judged("reference", lambda: spec.reference, Status.PASSED)[0],
    ]
    if spec.another:
        made.append(judged("another", lambda: defined(spec, spec.another), Status.PASSED)[0])
    for wrong in spec.wrong_answers:
        function = wrong.function
        one, title = judged(wrong.title, lambda f=function: f, wrong.rejected_by)  # type: ignore[misc]
        if one.holds and title != wrong.title:
            seen = f"{one.seen}, named as {title or 'nothing'}"
            one = replace(one, seen=seen, holds=False)
        made.append(one)
    return made


def report(
    root: Path,
    assignment: str | None,
    name: str | None,
    with_mutants: bool,
    processes: int,
    as_json: bool,
    console: Console,
) -> bool:
    """Print what is proved of the exercises of a course.

    Args:
        root: the course's folder.
        assignment: one of its assignments, or nothing for all.
        name: one of its exercises, or nothing for all.
        with_mutants: whether to judge the mutants as well.
        processes: how many mutants are judged at a time.
        as_json: whether to print the fate of each mutant as a JSON list, and nothing else.
        console: where to print.

    Returns:
        Whether all is as it should be.
    """
    demands = course.read(root).exercises
    faults: list[str] = []
    notes: list[str] = []
    fates: list[Fate] = []
    for path in course.masters(root, assignment):
        loaded = master.load(path)
        require(of_exercises(path, loaded.exercises.values(), demands))
        if name and name not in loaded.exercises:
            known = ", ".join(loaded.facts)
            raise Problem(f"{loaded.assignment} has no exercise {name}: it has {known}.")
        notes += filter(None, [built.out_of_date(loaded)])
        names = [name] if name else list(loaded.facts)
        made = {} if as_json else {one: claims(loaded, one) for one in names}
        tallies = prove_mutants(path, names, processes) if with_mutants else {}
        for one in tallies.values():
            fates += one.fates
            faults += one.faults
        faults += [str(one) for many in made.values() for one in many if not one.holds]
        if not as_json:
            console.print(_table(loaded.assignment, made, tallies))
    if as_json:
        print(json.dumps([asdict(one) for one in fates], indent=1, ensure_ascii=False))
    for sentence in faults if as_json else [*faults, *notes]:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    return not faults


def _table(
    assignment: str, made: Mapping[str, Sequence[Claim]], tallies: Mapping[str, Tally]
) -> Table:
    table = Table("exercise", "as it should be", title=assignment)
    for column in ("mutants", "caught", "equal", "survived") if tallies else ():
        table.add_column(column, justify="right")
    for name, claimed in made.items():
        row = [name, f"{sum(one.holds for one in claimed)} of {len(claimed)}"]
        if one := tallies.get(name):
            equal = one.count("equal", "listed")
            counts = (len(one.fates), one.count("caught"), equal, one.count("survived"))
            row += map(str, counts)
        table.add_row(*row)
    return table
