"""Requirements on what comes out: of the function, of its gradient, of a call in Python."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from typing import ClassVar

import numpy as np

from autograder.judge.comparison import compare
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import WORD, Answer, Answers, Finding


@dataclasses.dataclass(frozen=True)
class matches_reference(Requirement):
    """The result equals the reference's: structure first, then each leaf's shape, dtype, values.

    Reasons: `structure`, `shape`, `dtype`, `values`.
    """

    blind: ClassVar[str] = (
        "what happens at other sizes and values; a difference below the tolerance"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for case, (want, have) in enumerate(zip(expected["value"], got["value"], strict=True)):
            if finding := compare(case, want, have):
                return finding
        return None


@dataclasses.dataclass(frozen=True)
class matches_when_called(Requirement):
    """Called as Python, the function gives back, or raises, what the reference does.

    For functions without a program: NumPy code, timing helpers, generators of batches, checks of
    their input. Structure and shape have to agree, and the values within the tolerance of
    float32; that a number is a Python float or a NumPy one does not matter. Of an exception the
    class counts, not the words.

    Reasons: `structure`, `shape`, `values`, and the class of an exception that was not wanted.
    """

    views: ClassVar[tuple[str, ...]] = ("called",)
    reason: ClassVar[str] = "values"
    blind: ClassVar[str] = "how the result came about; the words of an exception"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for case, (want, have) in enumerate(zip(expected["called"], got["called"], strict=True)):
            wanted, had = want.structure, have.structure
            if had.startswith("raises ") and had != wanted:
                words = f"{have.facts['message']} The line: `{have.facts['line']}`"
                return Finding(had.removeprefix("raises "), words)
            if wanted.startswith("raises ") and had != wanted:
                error = wanted.removeprefix("raises ")
                return Finding("structure", f"It should have raised {error} and did not.")
            if finding := compare(case, _single(want), _single(have)):
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

    What is compared is the gradient of one weighted sum of the result's entries, and the result
    that the function gives while it is differentiated, see `views.gradient`.
    """

    views: ClassVar[tuple[str, ...]] = ("gradient",)
    reason: ClassVar[str] = "gradient"
    failed: ClassVar[str] = "The function cannot be differentiated."
    blind: ClassVar[str] = "a custom rule whose gradient is that of the plain function"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["gradient"], got["gradient"], strict=True):
            found = compare(0, want, have)
            if found and found.difference and found.difference.path.startswith("[1]"):
                return Finding(
                    self.reason,
                    "While it is differentiated, the function returns other values.",
                    "The forward function of a custom rule returns a pair: first the result of the "
                    "function itself, then what the backward function needs.",
                )
            if found:
                return Finding(
                    self.reason,
                    "The values may be right, but the gradient is not that of the reference.",
                    "Look for stop_gradient, a cast to an integer, or a rule of your own.",
                )
        return None


@dataclasses.dataclass(frozen=True)
class answers_question(Requirement):
    """The value is the answer to the question. Reason: `answer`.

    It knows the answer's digest only, so that what is released does not give the answer away.

    Args:
        digest: what `digest_of` makes of the answer.
        salt: the question's name.
        digits: how many digits after the point count.
    """

    digest: str
    salt: str
    digits: int = 3
    views: ClassVar[tuple[str, ...]] = ("answered",)
    reason: ClassVar[str] = "answer"
    blind: ClassVar[str] = "how the answer was found; whoever tries all answers finds the right one"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if digest_of(got["answered"][0], self.salt, self.digits) == self.digest:
            return None
        return Finding(
            self.reason, "That is not the answer.", "Read the question again, then try it out."
        )


def digest_of(answer: Answer, salt: str, digits: int) -> str:
    """The same for the same numbers and words, whatever the container and the dtype.

    Numbers are rounded, words are compared without case and without spaces.
    """
    said: list[str] = []
    for leaf in answer.leaves:
        if leaf.dtype == WORD and leaf.ndim == 1 and (leaf <= sys.maxunicode).all():
            words = "".join(map(chr, leaf.tolist()))
            said.append(repr("".join(words.split()).casefold()))
        else:
            numbers = np.asarray(leaf, np.complex128).round(digits).ravel() + 0.0
            said += map(str, numbers)
    whole = f"{salt}|{'' if said else answer.structure}|{said}"
    return hashlib.sha256(whole.encode()).hexdigest()
