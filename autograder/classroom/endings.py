"""What a student reads when the process that ran the answer did not finish."""

from __future__ import annotations

import os
import signal

from autograder.jail.process import Ending, How
from autograder.judge.verdict import Failure, Status

ENDED = "process ended"
"""The `error` of a failure whose process ended by itself."""


def failure(ending: Ending) -> Failure:
    """The failure of an answer whose process ended in this way."""
    limit = f"{ending.limit:g}"
    wait = "Look for something that it waits for, such as a sleep, an input or a lock."
    match ending.how:
        case How.USED_UP:
            message = f"It was still running after {limit} seconds of processor time."
            advice = "Look for a loop whose condition never becomes false."
            return Failure(Status.TIMEOUT, message, advice=advice)
        case How.OURS:
            message = f"Preparing it took more than {limit} seconds."
            return Failure(Status.TIMEOUT, message, advice="Make it smaller.")
        case How.SLOW:
            return Failure(Status.TIMEOUT, f"It had not ended after {limit} seconds.", advice=wait)
        case How.WAITED:
            message = f"It had not ended after {limit} seconds, and was waiting for most of them."
            return Failure(Status.TIMEOUT, message, advice=wait)
        case How.TOTAL:
            return Failure(Status.TIMEOUT, "The notebook as a whole took too long.")
        case How.OUTPUT:
            advice = "Remove the print, or print a summary."
            message = f"It printed more than {limit} MiB."
            return Failure(Status.TOO_MUCH_OUTPUT, message, advice=advice)
        case How.UNREADABLE:
            message = f"What it sent cannot be read: {ending.why}."
            return Failure(Status.NOT_ALLOWED, message)
    message = f"It ended the Python process it ran in ({_how_it_ended(ending.status)})."
    return Failure(Status.ERROR, message, ENDED, "Remove calls such as exit() or os._exit().")


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return "without a trace"
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"
