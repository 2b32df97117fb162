"""Explains an exception from a student's function, and says what to try."""

from __future__ import annotations

import linecache
import re
import site
import sysconfig
import traceback
from pathlib import Path

from autograder.judge.verdict import Failure, Status
from autograder.problem import NOT_DEFINED

# The errors of https://docs.jax.dev/en/latest/errors.html, and `program.ProgramTooLongError`.
TRACER_ERRORS = {
    "TracerArrayConversionError": (
        "NumPy was given a traced array. While JAX traces a function, its arrays have shapes, "
        "but no numbers yet.",
        "Inside the function, use jnp in place of np, and do not call np.asarray or float().",
    ),
    "TracerBoolConversionError": (
        "An `if`, `while`, `and` or `not` asked for the truth of a traced array.",
        "Use jnp.where or jax.lax.cond, which put both branches into the program.",
    ),
    "ConcretizationTypeError": (
        "A Python number was needed where there is only a traced array.",
        "Read sizes from x.shape, and leave values in arrays.",
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
        "Return the values; do not store them in a global or in a list outside the function.",
    ),
    "ProgramTooLongError": (
        "The program is so long that compiling it would take minutes.",
        "Tracing unrolls a Python loop: the program gets one copy of its body per turn. Use vmap, "
        "scan or fori_loop instead.",
    ),
}

WRITTEN = {
    "jnp": "`import jax.numpy as jnp` above",
    "jax": "`import jax` above",
    "lax": "`jax.lax`",
    "nn": "`jax.nn`",
    "random": "`jax.random`",
    "tree_map": "`jax.tree.map`",
    "math": "`import math` above",
    "functools": "`import functools` above",
    "itertools": "`import itertools` above",
    "partial": "`from functools import partial` above",
    "P": "`from jax.sharding import PartitionSpec as P` above",
    "PartitionSpec": "`jax.sharding.PartitionSpec`",
    "NamedSharding": "`jax.sharding.NamedSharding`",
    "Mesh": "`jax.sharding.Mesh`",
    **{name: f"`jax.{name}`" for name in ("grad", "jit", "shard_map", "value_and_grad", "vmap")},
    **{
        name: f"`jax.lax.{name}`"
        for name in ("all_gather", "cond", "fori_loop", "pmean", "ppermute", "psum", "scan")
    },
}
"""What to write for a name that a cell uses without importing it."""
KNOWN = (
    (
        r"positional argument|unexpected keyword argument",
        "Compare the arguments of the call with the function's parameters, and their order too.",
    ),
    (
        r"inconsistent sizes for array axes to be mapped|in_axes|axis out of bounds",
        "Write down the shape of each argument. `in_axes` names the axis of each argument that "
        "`vmap` maps over. All these axes must have the same length; an argument with None goes "
        "whole to every call.",
    ),
    (
        r"carry",
        "The carry that the body returns must have the same structure, shapes and dtypes as the "
        "carry that you begin with. In `scan`, the body returns a pair whose first part is the "
        "carry.",
    ),
    (
        r"unbound axis name",
        "A collective such as `psum` needs the name of a mesh axis, and works only inside "
        "`jax.shard_map`, or inside `jax.vmap` with `axis_name`.",
    ),
    (
        r"varying manual axes|out_specs|replicat",
        "If `out_specs` does not name a mesh axis, the result must be the same on all devices "
        "along that axis. Add or average it with a collective such as `psum`, or name the axis in "
        "`out_specs`.",
    ),
    (
        r"evenly divi|divisible",
        "If a spec splits an axis of an array over a mesh axis, its length must be divisible by "
        "the number of devices on that mesh axis. Compare the specs with the shapes of the "
        "arguments.",
    ),
    (
        r"scalar-output",
        "`jax.grad` needs a function that returns a single number: take a sum or a mean.",
    ),
    (
        r"pytree|[Tt]ree|Dict key mismatch|Expected (?:dict|list|tuple|None)|arity",
        "Two trees, or a tree and a prefix of it such as `in_axes`, do not have the same "
        "containers. Print `jax.tree.structure` of both; None counts as a container without "
        "leaves.",
    ),
    (
        r"Incompatible shapes|contracting dimensions|equal shapes|cannot reshape"
        r"|broadcast|same shape|same number of (?:elements|dimensions)",
        "Write down the shape of each operand in this line, and what each axis counts.",
    ),
    (
        r"immutable|item assignment",
        "A JAX array cannot be changed: `x.at[i].set(y)` returns a changed copy.",
    ),
)
"""Patterns in the messages of exceptions, and what to try."""

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory")
"""XLA's words for it: the first since JAX 0.8, the second in older versions."""

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
    raised = f"It raised {name}: {text}" if text else f"It raised {name}."
    raised += "" if raised.endswith((".", "!", "?", ":")) else "."
    message = TRACER_ERRORS[name][0] if name in TRACER_ERRORS else raised
    line = _student_line(error)
    return Failure(Status.ERROR, message, name, advice_on(name, message, line), line)


def advice_on(error: str, message: str, line: str) -> str:
    """What to try after an exception; empty if it is not of a known kind.

    Args:
        error: the name of the exception's class.
        message: the exception's message.
        line: the student's line that raised it; empty if it is not known.

    >>> advice_on("NameError", "name 'lax' is not defined", "lax.scan(f, 0, xs)")
    'Write `jax.lax`.'
    """
    numpys = re.search(r"\b(?:np|numpy)((?:\.\w+)+)", line)
    instead = f"Write `jnp{numpys[1]}` in place of `{numpys[0]}`" if numpys else ""
    if error == "NameError":
        undefined = re.search(r"'(\w+)'", message)
        name = undefined[1] if undefined else ""
        if name in ("np", "numpy"):
            return f"{instead or 'Use `jnp` in place of NumPy'}: JAX cannot trace through NumPy."
        return f"Write {WRITTEN[name]}." if name in WRITTEN else NOT_DEFINED
    if error in TRACER_ERRORS:
        usual = TRACER_ERRORS[error][1]
        is_numpys = error == "TracerArrayConversionError" and instead
        return f"{instead}. {usual}" if is_numpys else usual
    return next((advice for words, advice in KNOWN if re.search(words, message)), "")


def _first_line(error: BaseException) -> str:
    """The first line of an exception's message, and the next two lines if it ends with a colon."""
    try:
        # `str(error)` has the name of a temporary file in it.
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        lines = words.strip().splitlines()
    except Exception:
        lines = []
    if lines and lines[0].endswith(":"):
        lines[0] += f" {' '.join(line.strip() for line in lines[1:3])}"
    return lines[0].strip()[:300] if lines else ""


def _student_line(error: BaseException) -> str:
    """The last line of the traceback that is not from a library, Python or the autograder."""
    if isinstance(error, SyntaxError):
        return (error.text or "").strip()[:200]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_LIBRARIES) and "<frozen" not in frame.filename:
            line = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
            return line.strip()[:200]
    return ""
