"""The numbers of a question that asks every student for something else, and who gets which.

A question has a fixed list of variants. The student's id and the question's name choose one, so
`check`, *Validate*, grading and replay agree, on every computer.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.problem import Problem

Numbers = Mapping[str, Any]
"""The numbers of one variant by name; texts, booleans and lists are allowed too."""

TRIES = 50
"""How often numbers are drawn for each variant that is wanted."""


def draw(
    question: str, numbers: Callable[[np.random.Generator], Numbers], count: int
) -> list[Numbers]:
    """Different numbers for `count` variants, the same in every process.

    Raises:
        Problem: `numbers` fails, or does not return enough different numbers.
    """
    drawn: dict[str, Numbers] = {}
    for attempt in range(TRIES * count):
        generator = np.random.default_rng([zlib.crc32(question.encode()), attempt])
        try:
            # The same values as in released data, which are JSON.
            text = json.dumps(numbers(generator), default=lambda array: array.tolist())
        except Exception as error:
            raise Problem(
                f"The numbers of {question} cannot be drawn: {type(error).__name__}: {error}"
            ) from error
        drawn.setdefault(text, json.loads(text))
        if len(drawn) == count:
            return list(drawn.values())
    raise Problem(
        f"The numbers of {question} are only {len(drawn)} different ones: draw them from wider "
        f"ranges, or write variants={len(drawn)}."
    )


def chosen(question: str, student: str, count: int) -> int:
    """Which of `count` variants a student gets.

    Letter case, spaces and the encoding of accents make no difference: a name that somebody types
    may differ in these from the name of the folder that a submission is collected in.

    >>> chosen("block", "Ada Lovelace", 32) == chosen("block", "ada  lovelace", 32)
    True
    """
    folded = unicodedata.normalize("NFKC", student.casefold())
    text = f"{question}|{''.join(folded.split())}"
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count


def filled(text: str, numbers: Numbers) -> str:
    """A text with the numbers in place of their names in braces; other braces stay.

    >>> filled("{n} of {n + 1} in {}", {"n": 3})
    '3 of {n + 1} in {}'
    """
    if not numbers:
        return text
    names = "|".join(map(re.escape, numbers))
    return re.sub(rf"\{{({names})\}}", lambda match: str(numbers[match[1]]), text)


def in_words(numbers: Numbers) -> str:
    """The numbers with their names.

    >>> in_words({"rows": 24, "axis": "x"})
    "rows = 24, axis = 'x'"
    """
    return ", ".join(f"{name} = {value!r}" for name, value in numbers.items())
