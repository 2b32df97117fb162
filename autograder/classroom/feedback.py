"""What a student may read of a verdict on secret inputs.

A student's process knows the inputs of the functions that are called in it, and the runner knows
them all. So no text and no number that came out of such a process is shown: an exception is told by
its class, if it is Python's, NumPy's or JAX's, and by its line, if that stands in the notebook; the
rest is told in sentences of ours. `check`, whose inputs are public, shows everything.
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
"""The reason, and the name, of an exception of any other class."""
KNOWN = {
    name
    for module in (builtins, jax.errors, np.exceptions, np.linalg)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, BaseException)
} | {*TRACER_ERRORS, "ShardingTypeError", "UsageError", "XlaRuntimeError"}
"""The classes of exceptions that are named."""
LIMITED = (Status.TIMEOUT, Status.TOO_MUCH_OUTPUT, Status.GRADER_FAULT)
"""What no process can claim of itself, and what is said of it has numbers of ours alone."""
RAISES = "raises "
"""How the structure of a call begins that raised, see `calling.call`."""
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
"""What else may be said, where `…` stands for what a program has in that place, and stays out."""
ADVICE = {
    "Keep the name that the notebook gives it.",
    "Look for an array with one axis too many.",
    UNANSWERED.advice,
}


def without_secrets(
    exercise: str, got: Mapping[str, Sequence[Outcome]], expected: Answers, lines: Set[str]
) -> dict[str, list[Outcome]]:
    """The same outcomes, whose texts hold nothing that was made where the secret inputs are.

    Args:
        exercise: its name.
        got: what came of an answer.
        expected: what came of the reference; the exceptions that it raises are named too.
        lines: of the notebook.
    """
    wanted = {
        one.structure.removeprefix(RAISES)
        for many in expected.values()
        for one in many
        if one.structure.startswith(RAISES)
    }

    def shown(one: Outcome) -> Outcome:
        if isinstance(one, Failure):
            return _failure(one, exercise, lines)
        if not one.structure.startswith(RAISES):
            return one
        error = one.structure.removeprefix(RAISES)
        error = error if error in KNOWN | wanted else OTHER
        line = str(one.facts.get("line", ""))
        facts: dict[str, Any] = {
            **one.facts,
            "message": _raised(error),
            "line": line if line in lines else "",
        }
        return replace(one, structure=RAISES + error, facts=facts)

    return {view: [shown(one) for one in many] for view, many in got.items()}


def in_words_of(verdict: Verdict, shown: Verdict, known: str) -> Verdict:
    """A verdict with the findings of another one, in which the numbers are known ones.

    Args:
        verdict: on what really came of the answer.
        shown: on the same without secrets.
        known: the text whose numbers may be told: of the requirements and the reference's paths.
    """
    numbers = set(re.findall(r"\d+", known))

    def told(finding: Finding) -> Finding:
        if verdict.status in LIMITED:
            return finding
        message, line, code = finding.message.partition(" The line: ")
        message = re.sub(r"\b\d+\b", lambda one: one[0] if one[0] in numbers else "…", message)
        return replace(finding, message=message + line + code, difference=None)

    findings = list(map(told, shown.findings))
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
    named = f"It raised {error}." if error != OTHER else "It raised an exception of another kind."
    return f"{named} `check` shows what it says."


def _sentence(message: str, exercise: str) -> str:
    missing = f"There is nothing called {exercise}."
    if message == missing:
        return missing
    for sentence in SENTENCES:
        if re.fullmatch(re.escape(sentence).replace("…", ".*"), message):
            return sentence
    return "The program is not allowed."
