"""Explains an exception from a student's function, and says what to try."""

from __future__ import annotations

import linecache
import site
import sysconfig
import traceback
from pathlib import Path

from autograder.judge.verdict import Failure, Status
from autograder.problem import NOT_DEFINED

# The errors of https://docs.jax.dev/en/latest/errors.html, and `program.ProgramTooLongError`.
TRACER_ERRORS = {
    "TracerArrayConversionError": (
        "NumPy was given a traced array: while JAX traces a function its arrays have shapes, "
        "but no numbers yet.",
        "Inside the function use jnp in place of np, and no np.asarray or float().",
    ),
    "TracerBoolConversionError": (
        "An `if`, `while`, `and` or `not` asked for the truth of a traced array.",
        "Use jnp.where or jax.lax.cond, which take both branches into the program.",
    ),
    "ConcretizationTypeError": (
        "A Python number was needed where there is only a traced array.",
        "Take sizes from x.shape and keep values as arrays.",
    ),
    "TracerIntegerConversionError": (
        "A traced array was used as a Python integer, such as an index into a list.",
        "Index a jnp array with it, or use jax.lax.dynamic_slice.",
    ),
    "NonConcreteBooleanIndexError": (
        "A boolean mask was used as an index, so the shape would depend on the values.",
        "Use jnp.where(mask, x, other), which keeps the shape.",
    ),
    "UnexpectedTracerError": (
        "A traced array left the function that made it.",
        "Return values; do not store them in globals or lists outside.",
    ),
    "ProgramTooLongError": (
        "The program is so long that compiling it would take minutes.",
        "A Python loop is unrolled while tracing, one copy per turn. Let vmap, scan or fori_loop "
        "repeat it.",
    ),
}

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory")
"""XLA's words for it, since JAX 0.8 and before."""

_LIBRARIES = tuple(
    {str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"), *site.getsitepackages()}
)


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception in a student's code stands for.

    Returns:
        A `Failure` with the status `out of memory`, `missing` (the stub is still there) or
        `error`.
    """
    # IPython on Python 3.13 raises a private subclass for input that is not complete.
    name = type(error).__name__ if not isinstance(error, SyntaxError) else "SyntaxError"
    text = _first_line(error)
    if isinstance(error, MemoryError) or any(words in text for words in OUT_OF_MEMORY):
        return Failure(
            Status.OUT_OF_MEMORY,
            "The answer asked for more memory than it may use.",
            name,
            "Look for an array with one axis too many.",
        )
    if isinstance(error, NotImplementedError) and not text:
        return Failure(Status.MISSING, "Nothing has been written here yet.", name)
    usual = NOT_DEFINED if isinstance(error, NameError) else ""
    message, advice = TRACER_ERRORS.get(name, (f"It raised {name}: {text}", usual))
    return Failure(Status.ERROR, message, name, advice, _student_line(error))


def _first_line(error: BaseException) -> str:
    try:
        # `str(error)` has the name of a temporary file in it.
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        lines = words.strip().splitlines()
    except Exception:
        lines = []
    return lines[0][:300] if lines else ""


def _student_line(error: BaseException) -> str:
    """The last line of the traceback that is not from a library, Python or the autograder."""
    if isinstance(error, SyntaxError):
        return (error.text or "").strip()[:200]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_LIBRARIES) and "<frozen" not in frame.filename:
            line = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
            return line.strip()[:200]
    return ""
