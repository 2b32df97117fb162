"""Judges answers to an exercise as in a grading, for authors: without jail or notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from autograder.authoring.master import Master
from autograder.judge import outcomes, program, references, specification
from autograder.judge.judge import Misconception, judge
from autograder.judge.module import parse
from autograder.judge.specification import Exercise
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Verdict
from autograder.judge.views import Case, cases

SEED = 20_261_123


class Rehearsal:
    """An exercise with the inputs and the expected answers of one grading.

    >>> Rehearsal(spec).verdict(lambda x: x**2).passed  # doctest: +SKIP
    True

    Args:
        spec: the exercise.
        seed: the seed from which the inputs are drawn.
    """

    def __init__(self, spec: Exercise, seed: int = SEED) -> None:
        self.spec, self.seed = spec, seed
        draws = spec.draws(spec.sizes, seed=seed)
        self.drawn = {draw: spec.draw(seed, draw) for draw in draws}
        self.expected = references.expected_answers(spec, seed, spec.sizes)

    def misconceptions(self) -> tuple[Misconception, ...]:
        """The outcomes of the listed wrong answers on the same inputs."""
        return references.misconceptions(self.spec, self.seed, self.spec.sizes)

    def verdict(self, answer: Any, misconceptions: Sequence[Misconception] = ()) -> Verdict:
        """The verdict on an answer."""
        requires, expected = self.spec.requires, self.expected
        answers = outcomes.outcomes(answer, requires, self.drawn, expected=expected)
        return judge(self.spec.name, requires, expected, answers, misconceptions)

    def rejection(self, answer: Any) -> str:
        """Why an answer does not pass; empty if it passes.

        The first requirement on the first draw rejects most wrong answers, so it is tried first.
        """
        first = self.spec.requires[:1]
        (draw, arguments), *_ = self.drawn.items()
        expected = {view: self.expected[view][:1] for view in first[0].views}
        answers = outcomes.outcomes(answer, first, {draw: arguments})
        verdict = judge(self.spec.name, first, expected, answers)
        if verdict.passed:
            verdict = self.verdict(answer)
        return "" if verdict.passed else verdict.reason

    def have_same_programs(self, answer: Any, other: Any) -> bool:
        """Whether two answers have the same programs on the inputs of a grading and of `check`."""
        views = specification.views_of(self.spec.requires)
        if "called" in views:
            return False
        public = self.spec.draws(self.spec.public_sizes)
        drawn = {draw: self.spec.draw(self.seed, draw) for draw in public} | self.drawn
        return all(
            _program(answer, drawn[case.draw], case) == _program(other, drawn[case.draw], case)
            for draws in (list(self.drawn), public)
            for case in cases(views, draws)
            if not case.call
        )


def _program(answer: Any, arguments: Arguments, case: Case) -> str:
    """The program of a view as text, simplified so that more equal programs have equal texts."""
    from jaxlib.mlir.passmanager import PassManager

    lowered = program.lower(answer, arguments, case)
    module = parse(lowered.mlir_module_serialized)
    passes = "strip-debuginfo,inline,canonicalize,cse,symbol-dce"
    with module.context:
        PassManager.parse(f"builtin.module({passes})").run(module.operation)
        text = re.sub(r"module @\w+", "module", str(module))
    return f"{lowered.out_tree} {text}"


def defined(spec: Exercise, code: str) -> Any:
    """Run code with the names of the reference, and return what it calls like the exercise."""
    function = spec.answer or getattr(spec.reference, "__wrapped__", spec.reference)
    names = dict(getattr(function, "__globals__", {}))
    names.pop(spec.name, None)
    exec(code, names)
    return names[spec.name]


def solution(loaded: Master, name: str) -> str:
    """The code of the solution cell of an exercise."""
    return next(str(cell.source) for cell in loaded.notebook.cells if cell.id == name)


def stub(loaded: Master, name: str) -> str:
    """The solution cell as nbgrader releases it."""
    region = r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$"
    is_question = loaded.exercises[name].is_question
    placeholder = rf"\1{name} = ..." if is_question else r"\1raise NotImplementedError()"
    return re.sub(region, placeholder, solution(loaded, name), flags=re.DOTALL | re.MULTILINE)
