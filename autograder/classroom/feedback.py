"""What a student may read of a verdict on secret inputs.

A student's process knows the inputs of the functions that are called in it, and the runner knows
all inputs. So no text and no number from such a process is shown. Of an exception the student sees
the class, if it is Python's, NumPy's or JAX's, and the line, if it is a line of the notebook.
Everything else is written in sentences of this package. `check` has public inputs and shows all.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from autograder.classroom.endings import ENDED
from autograder.judge.calling import UNANSWERED
from autograder.judge.tracing_errors import TRACER_ERRORS
from autograder.judge.verdict import Answers, Failure, Finding, Outcome, Status, Verdict
from autograder.problem import NOT_DEFINED

OTHER = "other exception"
"""Shown in place of the name of any other class of exception."""
KNOWN = {
    name
    for module in (builtins, jax.errors, np.exceptions, np.linalg)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, BaseException)
} | {*TRACER_ERRORS, "ShardingTypeError", "UsageError", "XlaRuntimeError"}
"""The classes of exceptions whose names are shown."""
LIMITED = (Status.TIMEOUT, Status.TOO_MUCH_OUTPUT, Status.GRADER_FAULT)
"""No process can report these about itself, and their messages hold only the grader's numbers."""
RAISES = "raises "
"""The structure of a call that raised begins with this, see `calling.call`."""
SENTENCES = (
    "Nothing has been written here yet.",
    UNANSWERED.message,
    "The function … of the program calls itself.",
    "The program calls … for a side effect.",
    "The program calls … with other shapes than JAX.",
    "The program calls …, which JAX does not.",
    "The program calls …, which is not in it.",
    "The program cannot be read: it is damaged, or of another version of JAX.",
    "The program carries more than … MiB of constants.",
    "The program contains …, which no answer needs.",
    "The program handles a …, which is not an array.",
    "The program has an array of unknown shape.",
    "The program has more than … calls within calls.",
    "The program has more than … loops within loops.",
    "The program has more than … operations: is a Python loop unrolled that could be a scan or a "
    "vmap?",
    "The program has side effects, such as a callback to Python.",
    "The program is for the wrong number of devices: …, not ….",
    "The program is nested too deeply.",
    "The program is not built as JAX builds one.",
    "The program has to be for …, and for nothing else.",
    "The program makes an array of … elements: is one axis too many, or too long?",
    "The program takes other inputs than it was asked to.",
    "The program was exported with safety checks switched off.",
    "The program's functions call each other far too often.",
    "The result has more than … arrays.",
    "The result has more than … containers within containers.",
    "The result is too large to be compared.",
    "What it sent cannot be read.",
)
"""The other messages that may be shown; `…` replaces what a program has in that place."""
ADVICE = {
    "Keep the name that the notebook gives it.",
    "Look for an array with one axis too many.",
    UNANSWERED.advice,
}


def without_secrets(
    exercise: str, outcomes: Mapping[str, Sequence[Outcome]], expected: Answers, lines: Set[str]
) -> dict[str, list[Outcome]]:
    """The same outcomes without any text from a process that knows the secret inputs.

    Args:
        exercise: its name.
        outcomes: those of an answer, by view.
        expected: those of the reference; the exceptions that it raises may be named too.
        lines: of the notebook.
    """
    raised_by_reference = {
        answer.structure.removeprefix(RAISES)
        for answers in expected.values()
        for answer in answers
        if answer.structure.startswith(RAISES)
    }

    def shown(outcome: Outcome) -> Outcome:
        if isinstance(outcome, Failure):
            return _failure(outcome, exercise, lines)
        if not outcome.structure.startswith(RAISES):
            return outcome
        error = outcome.structure.removeprefix(RAISES)
        error = error if error in KNOWN | raised_by_reference else OTHER
        line = str(outcome.facts.get("line", ""))
        facts: dict[str, Any] = {
            **outcome.facts,
            "message": _raised(error),
            "line": line if line in lines else "",
        }
        return replace(outcome, structure=RAISES + error, facts=facts)

    return {view: list(map(shown, by_case)) for view, by_case in outcomes.items()}


def in_words_of(verdict: Verdict, shown: Verdict, public: str) -> Verdict:
    """A verdict with the findings of another one, in which only public numbers are left.

    Args:
        verdict: on the real outcomes.
        shown: on the same outcomes without secrets.
        public: the text whose numbers may be shown: the requirements and the reference's paths.
    """
    numbers = set(re.findall(r"\d+", public))

    def without_numbers(finding: Finding) -> Finding:
        if verdict.status in LIMITED:
            return replace(finding, evidence=None)
        message, line, code = finding.message.partition(" The line: ")
        message = re.sub(
            r"\b\d+\b", lambda match: match[0] if match[0] in numbers else "…", message
        )
        return replace(finding, message=message + line + code, evidence=None)

    findings = list(map(without_numbers, shown.findings))
    if verdict.misconception and findings:
        findings[0] = replace(findings[0], advice=verdict.findings[0].advice)
    return replace(verdict, findings=tuple(findings))


def _failure(failure: Failure, exercise: str, lines: Set[str]) -> Failure:
    if failure.status in LIMITED:
        return failure
    match failure.status:
        case Status.OUT_OF_MEMORY:
            error = failure.error if failure.error in KNOWN else ""
            message = "The answer asked for more memory than it may use."
            advice = "Look for an array with one axis too many."
        case Status.ERROR if failure.error == ENDED:
            error, message = ENDED, "It ended the Python process it ran in."
            advice = "Remove calls such as exit() or os._exit()."
        case Status.ERROR:
            error = failure.error if failure.error in KNOWN else OTHER
            usual = NOT_DEFINED if error == "NameError" else ""
            message, advice = TRACER_ERRORS.get(error, (_raised(error), usual))
        case _:
            error = failure.error if failure.error in KNOWN else ""
            message = _sentence(failure.message, exercise)
            advice = failure.advice if failure.advice in ADVICE else ""
    line = failure.line if failure.line in lines else ""
    return Failure(failure.status, message, error, advice, line, failure.facts)


def _raised(error: str) -> str:
    message = f"It raised {error}." if error != OTHER else "It raised an exception of another kind."
    return f"{message} `check` shows what it says."


def _sentence(message: str, exercise: str) -> str:
    missing = f"There is nothing called {exercise}."
    if message == missing:
        return missing
    for sentence in SENTENCES:
        if re.fullmatch(re.escape(sentence).replace("…", ".*"), message):
            return sentence
    return "The program is not allowed."
