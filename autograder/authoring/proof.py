"""Proves that an exercise is good, by judging its own answers as in a grading.

The stub fails, the reference and the second solution pass, and each listed wrong answer is rejected
for its reason. A small change to the reference passes only if it does the same, see `trials`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder.authoring import built, course, master
from autograder.authoring.faults import of_exercises, require
from autograder.authoring.master import Master
from autograder.authoring.rehearsal import Rehearsal, defined, solution, stub
from autograder.authoring.trials import Fate, Tally, prove_mutants
from autograder.judge.requirements.values import answers_question
from autograder.judge.specification import Exercise
from autograder.judge.variants import in_words
from autograder.judge.verdict import Status
from autograder.problem import Problem
from autograder.student import personal


@dataclass(frozen=True)
class Claim:
    """Something that must be true of an exercise, and whether it is.

    Attributes:
        exercise: the name of the exercise.
        answer: which answer the claim is about.
        expected: the expected reason or status, and the points if there are any.
        seen: the same of its verdict.
        holds: whether the claim is true.
    """

    exercise: str
    answer: str
    expected: str
    seen: str
    holds: bool

    def __str__(self) -> str:
        words = f"should be {self.expected}, but is {self.seen}"
        return f"{self.exercise}: the answer “{self.answer}” {words}."


MOST_ALIKE = 0.25
"""The largest share of the pairs of students that may have the same answer to a question with
numbers."""


def claims(loaded: Master, name: str) -> list[Claim]:
    """The claims about one exercise of an assignment, without those about its mutants."""
    spec = loaded.exercises[name]
    if not spec.variants:
        return _claims(loaded, spec)
    proved = []
    for variant in spec.variants:
        with personal.given({name: variant.numbers}):
            proved += [
                replace(claim, answer=f"{claim.answer}, for {in_words(variant.numbers)}")
                for claim in _claims(loaded, variant)
            ]
    return [*proved, _differ(spec)]


def _differ(spec: Exercise) -> Claim:
    """The claim that neighbours have different answers."""
    counts = Counter(
        requirement.digest
        for variant in spec.variants
        for requirement in variant.requires
        if isinstance(requirement, answers_question)
    )
    pairs = math.comb(len(spec.variants), 2)
    share = sum(math.comb(count, 2) for count in counts.values()) / pairs
    holds = share <= MOST_ALIKE
    expected = f"the same for at most {MOST_ALIKE:.0%} of all pairs of students"
    return Claim(spec.name, "reference", expected, f"the same for {share:.0%}", holds)


def _claims(loaded: Master, spec: Exercise) -> list[Claim]:
    name = spec.name
    rehearsal = Rehearsal(spec)
    misconceptions = rehearsal.misconceptions()

    def judge(
        answer: str, make: Callable[[], Any], reason: str, earns: float = 0.0
    ) -> tuple[Claim, str]:
        expected = _with_points(reason, earns)
        try:
            verdict = rehearsal.verdict(make(), misconceptions)
            seen, title = verdict.reason, verdict.misconception
            if verdict.status is Status.MISSING:
                seen = str(verdict.status)
            seen = _with_points(seen, verdict.fraction)
        except Problem:
            raise
        except Exception as error:
            seen, title = type(error).__name__, ""
        return Claim(name, answer, expected, seen, seen == expected), title

    proved = [
        judge("stub", lambda: defined(spec, stub(loaded, name)), Status.MISSING)[0],
        judge("reference", lambda: spec.reference, Status.PASSED, 1.0)[0],
    ]
    if spec.numbers:
        written = solution(loaded, name)
        proved.append(judge("solution", lambda: defined(spec, written), Status.PASSED)[0])
    if spec.another:
        proved.append(judge("another", lambda: defined(spec, spec.another), Status.PASSED, 1.0)[0])
    for wrong in spec.wrong_answers:
        function = wrong.function
        made = judge(wrong.title, lambda f=function: f, wrong.rejected_by, wrong.earns)  # type: ignore[misc]
        claim, title = made
        if claim.holds and title != wrong.title:
            seen = f"{claim.seen}, named as {title or 'nothing'}"
            claim = replace(claim, seen=seen, holds=False)
        proved.append(claim)
    return proved


def _with_points(reason: str, share: float) -> str:
    return f"{reason} and earn {share:.0%}" if 0 < share < 1 else reason


def report(
    root: Path,
    assignment: str | None,
    name: str | None,
    with_mutants: bool,
    processes: int,
    as_json: bool,
    console: Console,
) -> bool:
    """Prove the exercises of a course and print the results.

    Args:
        root: the course's folder.
        assignment: one of its assignments; None for all.
        name: one of its exercises; None for all.
        with_mutants: whether to judge the mutants too.
        processes: how many mutants are judged at the same time.
        as_json: whether to print the fate of each mutant as a JSON list, and nothing else.
        console: where to print.

    Returns:
        Whether everything holds.
    """
    demands = course.read(root).exercises
    faults: list[str] = []
    notes: list[str] = []
    fates: list[Fate] = []
    for path in course.masters(root, assignment):
        loaded = master.load(path)
        require(of_exercises(path, loaded.exercises.values(), demands))
        if name and name not in loaded.exercises:
            known = ", ".join(loaded.prompts)
            raise Problem(f"{loaded.assignment} has no exercise {name}: it has {known}.")
        notes += filter(None, [built.out_of_date(loaded)])
        names = [name] if name else list(loaded.prompts)
        proved = {} if as_json else {exercise: claims(loaded, exercise) for exercise in names}
        tallies = prove_mutants(path, names, processes) if with_mutants else {}
        for tally in tallies.values():
            fates += tally.fates
            faults += tally.faults
        faults += [str(claim) for about in proved.values() for claim in about if not claim.holds]
        if not as_json:
            console.print(_table(loaded.assignment, proved, tallies))
    if as_json:
        print(json.dumps([asdict(fate) for fate in fates], indent=1, ensure_ascii=False))
    for sentence in faults if as_json else [*faults, *notes]:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    return not faults


def _table(
    assignment: str, proved: Mapping[str, Sequence[Claim]], tallies: Mapping[str, Tally]
) -> Table:
    table = Table("exercise", "as expected", title=assignment)
    for column in ("mutants", "caught", "equal", "survived") if tallies else ():
        table.add_column(column, justify="right")
    for name, about in proved.items():
        row = [name, f"{sum(claim.holds for claim in about)} of {len(about)}"]
        if tally := tallies.get(name):
            equal = tally.count("equal", "listed")
            counts = (len(tally.fates), tally.count("caught"), equal, tally.count("survived"))
            row += map(str, counts)
        table.add_row(*row)
    return table
