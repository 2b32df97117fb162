"""Requirements on results: of the function, of its gradient, of a call in Python."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from typing import ClassVar

import numpy as np

from autograder.judge.comparison import compare
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.tracing_errors import advice_on
from autograder.judge.verdict import WORD, Answer, Answers, Evidence, Failure, Finding, Status


@dataclasses.dataclass(frozen=True)
class matches_reference(Requirement):
    """The result equals the reference's: structure first, then each leaf's shape, dtype, values.

    Reasons: `structure`, `shape`, `dtype`, `values`.
    """

    goal: ClassVar[str] = "the values"
    judges_results: ClassVar[bool] = True
    blind: ClassVar[str] = (
        "what happens at other sizes and values; a difference below the tolerance"
    )

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        pairs = zip(expected["value"], answers["value"], strict=True)
        for case, (reference, answer) in enumerate(pairs):
            if finding := compare(case, reference, answer):
                return finding
        return None


@dataclasses.dataclass(frozen=True)
class matches_when_called(Requirement):
    """Called as Python, the function returns, or raises, what the reference does.

    For functions without a program: NumPy code, timing helpers, generators of batches, checks of
    their input. Structure and shape have to agree, and the values within the tolerance of
    float32; Python floats and NumPy floats count as the same. Of an exception only the class
    counts, not the message.

    Reasons: `structure`, `shape`, `values`, and the class of an unexpected exception.
    """

    views: ClassVar[tuple[str, ...]] = ("called",)
    reason: ClassVar[str] = "values"
    goal: ClassVar[str] = "the values"
    judges_results: ClassVar[bool] = True
    blind: ClassVar[str] = "how the result was computed; the message of an exception"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        pairs = zip(expected["called"], answers["called"], strict=True)
        for case, (reference, answer) in enumerate(pairs):
            expected_structure, structure = reference.structure, answer.structure
            if structure.startswith("raises ") and structure != expected_structure:
                error = structure.removeprefix("raises ")
                message, line = (str(answer.facts.get(name, "")) for name in ("message", "line"))
                failed = Failure(
                    Status.ERROR, message, error, advice_on(error, message, line), line
                )
                return Finding(error, failed.told, failed.advice, Evidence(case))
            if expected_structure.startswith("raises ") and structure != expected_structure:
                error = expected_structure.removeprefix("raises ")
                message = f"It should have raised {error}, but did not."
                return Finding("structure", message, evidence=Evidence(case))
            if finding := compare(case, _single(reference), _single(answer)):
                return finding
        return None


def _single(answer: Answer) -> Answer:
    """The answer with every kind of float, of integer and of complex number as one dtype."""
    kinds = {"f": "float32", "V": "float32", "i": "int64", "u": "int64", "c": "complex64"}
    leaves = tuple(
        leaf.astype(kinds.get(leaf.dtype.kind, leaf.dtype), casting="unsafe")
        for leaf in answer.leaves
    )
    return dataclasses.replace(answer, leaves=leaves)


@dataclasses.dataclass(frozen=True)
class matches_gradient(Requirement):
    """The gradient of the function equals that of the reference. Reason: `gradient`.

    It compares the gradient of one weighted sum of the result's entries, and the result that the
    function returns while it is differentiated, see `views.gradient`.
    """

    views: ClassVar[tuple[str, ...]] = ("gradient",)
    reason: ClassVar[str] = "gradient"
    failed: ClassVar[str] = "The function cannot be differentiated."
    goal: ClassVar[str] = "the gradient"
    blind: ClassVar[str] = "a custom rule whose gradient is that of the plain function"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["gradient"], answers["gradient"], strict=True):
            finding = compare(0, reference, answer)
            if finding and finding.evidence and finding.evidence.path.startswith("[1]"):
                return Finding(
                    self.reason,
                    "While JAX differentiates it, the function returns other values.",
                    "The forward function of a custom rule returns a pair: first the result of the "
                    "function itself, then what the backward function needs.",
                    finding.evidence,
                )
            if finding:
                return Finding(
                    self.reason,
                    "The values may be right, but the gradient differs from that of the reference.",
                    "Look for stop_gradient, a cast to an integer, or your own derivative rule.",
                    finding.evidence,
                )
        return None


@dataclasses.dataclass(frozen=True)
class answers_question(Requirement):
    """The value is the answer to the question. Reason: `answer`.

    It knows only the answer's digest, so that released data do not reveal the answer.

    Args:
        digest: what `digest_of` makes of the answer. In a class edition it can be left out: then
            any value is accepted, and grading judges it.
        salt: the question's name.
        digits: how many digits after the point count.
        numbers: those that this student was given, in words; empty if everybody has the same.
        others: the digests of what is right for other students, and no listed mistake.
    """

    digest: str
    salt: str
    digits: int = 3
    numbers: str = ""
    others: tuple[str, ...] = ()
    views: ClassVar[tuple[str, ...]] = ("answered",)
    reason: ClassVar[str] = "answer"
    goal: ClassVar[str] = "the answer"
    judges_results: ClassVar[bool] = True
    blind: ClassVar[str] = "how the answer was found: by trying all answers, anybody finds it"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        found = digest_of(answers["answered"][0], self.salt, self.digits)
        if self.digest in ("", found):
            return None
        if found in self.others:
            return Finding(
                self.reason,
                "This answer is right for the numbers of another student. "
                f"Yours are: {self.numbers}.",
                f'Look at your own numbers. If `numbers("{self.salt}")` shows others, add the name '
                f'under which you hand in: `numbers("{self.salt}", student="…")`.',
            )
        yours = f" Your numbers are: {self.numbers}." if self.numbers else ""
        return Finding(
            self.reason,
            f"This is not the right answer.{yours}",
            "Read the question again, and try it out.",
        )


def digest_of(answer: Answer, salt: str, digits: int) -> str:
    """A digest that is the same for the same numbers and text, in any container and dtype.

    Numbers are rounded; case and spaces in text are ignored.
    """
    parts: list[str] = []
    for leaf in answer.leaves:
        if leaf.dtype == WORD and leaf.ndim == 1 and (leaf <= sys.maxunicode).all():
            letters = "".join(map(chr, leaf.tolist()))
            parts.append(repr("".join(letters.split()).casefold()))
        else:
            numbers = np.asarray(leaf, np.complex128).round(digits).ravel() + 0.0
            parts += map(str, numbers)
    text = f"{salt}|{'' if parts else answer.structure}|{parts}"
    return hashlib.sha256(text.encode()).hexdigest()
