"""Writes a card in two forms: HTML, and plain text with the same words.

This file does not import JAX at once, see `card`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined, plain, prose
from autograder.student import evidence
from autograder.student.evidence import Spread

# Colour-blind readers can tell the blue of Okabe and Ito from their vermilion, and every state also
# has a word. The vermilion is darker here, so that the white letters of the word are easy to read.
BLUE, ORANGE, GREY = "#0072B2", "#B34D00", "#6B6B6B"
CODE = "background:rgba(128,128,128,.12);color:inherit;padding:6px 10px"


@dataclass(frozen=True)
class Card:
    """One message in two forms.

    Attributes:
        text: plain text, lines of at most about 100 characters.
        html: a self-contained fragment; it inherits the page's colours, light or dark.
    """

    text: str
    html: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}

    def show(self) -> None:
        """Display the card in IPython; print its text anywhere else."""
        if "IPython" in sys.modules:
            from IPython import get_ipython
            from IPython.display import display

            if get_ipython() is not None:
                display(self._repr_mimebundle_(), raw=True)
                return
        print(self.text)


class Writer:
    """Writes the two forms of a card side by side."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._html: list[Markup] = []
        self.told = set[int]()  # the cases whose arguments are on the card

    def _add(self, text: str, template: str, **values: Any) -> None:
        self._text.append(text)
        self._html.append(html(template, **values))

    def headline(self, mark: str, state: str, words: str, colour: str) -> None:
        self._add(
            f"{mark} {state}: {words}",
            '<div style="font-weight:600;font-size:1.05em" role="heading" aria-level="4">'
            '<span style="background:{colour};color:white;border-radius:4px;padding:1px 8px;'
            'margin-right:4px">{mark} {state}</span> {words}</div>',
            mark=mark,
            state=state,
            words=words,
            colour=colour,
        )

    def paragraph(self, words: str) -> None:
        self._add(plain(words), '<p style="margin:6px 0">{words}</p>', words=prose(words))

    def labelled(self, label: str, words: str) -> None:
        self._add(
            f"{label}: {plain(words)}",
            '<div style="margin:3px 0;overflow-wrap:anywhere"><span style="opacity:.75;'
            "display:inline-block;"
            'min-width:7.5em">{label}</span> {words}</div>',
            label=label,
            words=prose(words),
        )

    def link(self, label: str, words: str, target: str) -> None:
        self._add(
            f"{label}: {words}, {target}",
            '<div style="margin:3px 0">{label}: <a href="{target}">{words}</a></div>',
            label=label,
            words=prose(words),
            target=target,
        )

    def code(self, code: str) -> None:
        self._text.append(_indented(code))
        self._html.append(_block(code))

    def fold(self, title: str, words: str = "", code: str = "") -> None:
        inner = [html("<p>{words}</p>", words=prose(words))] if words else []
        if code:
            inner.append(_block(code))
        self._text.append(f"{title}: {plain(words)}" if words else f"{title}:\n{_indented(code)}")
        self._html.append(folded(title, inner))

    def sealed(self, title: str, words: str) -> None:
        """A fold whose words are not in the plain text, where nothing can be folded."""
        self._html.append(folded(title, [html("<p>{words}</p>", words=prose(words))]))

    def arrays(self, shown: Sequence[tuple[str, np.ndarray, np.ndarray | None]]) -> None:
        """Arrays beside each other; entries that differ have a ≠ and a border.

        Args:
            shown: for each array a caption, its entries, and which of them differ.
        """
        if not shown:
            return
        text = "\n".join(f"{words}:\n{evidence.numbers(array)}" for words, array, _ in shown)
        self._add(
            text,
            '<div style="display:flex;flex-wrap:wrap;gap:8px 24px;margin:8px 0">{grids}</div>',
            grids=joined(itertools.starmap(_grid, shown)),
        )

    def spread(self, spread: Spread) -> None:
        """Mean, spread and range of a sample, and a drawing of both distributions."""
        names = ("Mean", "Spread (standard deviation)", "Smallest", "Largest")
        pairs = (spread.mean, spread.deviation, spread.low, spread.high)
        for name, (wanted, found) in zip(names, pairs, strict=True):
            about = "about " if name in names[2:] else ""
            self.labelled(name, f"expected {about}{wanted:.4g}, found {found:.4g}")
        expected, got = spread.bins
        words = (
            f"How often numbers from {min(spread.low):.4g} to {max(spread.high):.4g} occur. The "
            "line shows what is expected, and the bars show your numbers."
        )
        self._add(
            f"{words}\nexpected {_bars(expected)}\nyours    {_bars(got)}",
            '<div style="margin:6px 0">{words}<br>{drawing}</div>',
            words=words,
            drawing=_histogram(expected, got, words),
        )

    def finish(self, colour: str) -> Card:
        frame = html(
            '<div role="status" aria-live="polite" style="border:1px solid rgba(128,128,128,.4);'
            "border-left:6px solid {colour};border-radius:6px;padding:8px 14px;margin:4px 0;"
            'max-width:860px;color:inherit">'
            "{inside}</div>",
            colour=colour,
            inside=joined(self._html),
        )
        return Card("\n".join(self._text), str(frame))


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())


def _block(code: str) -> Markup:
    return html('<pre style="{style}">{code}</pre>', style=CODE, code=code)


def folded(title: str, inner: Sequence[Markup]) -> Markup:
    """A title that can be clicked, and what it hides."""
    return html(
        # nbgrader's pages would take away the mark of what can be unfolded.
        '<details style="margin:3px 0"><summary style="cursor:pointer;display:list-item">'
        "{title}</summary>"
        "{inner}</details>",
        title=title,
        inner=joined(inner),
    )


def _bars(shares: np.ndarray) -> str:
    """A row of bars made of letters."""
    levels = np.ceil(8 * shares / max(shares.max(), 1e-12) - 0.02).astype(int).clip(0, 8)
    return "".join(" ▁▂▃▄▅▆▇█"[level] for level in levels)


def _histogram(expected: np.ndarray, got: np.ndarray, words: str) -> Markup:
    """Bars for what was found and a line for what was expected, in the colour of the letters."""
    width, height, top = 15, 80, max(expected.max(), got.max(), 1e-12)
    bars = joined(
        html(
            '<rect x="{x}" y="{y:.1f}" width="{w}" height="{h:.1f}"/>',
            x=n * width + 1,
            y=height - share / top * height,
            w=width - 2,
            h=share / top * height,
        )
        for n, share in enumerate(got)
    )
    steps = " ".join(
        f"{x * width},{height - share / top * height:.1f}"
        for n, share in enumerate(expected)
        for x in (n, n + 1)
    )
    return html(
        '<svg role="img" aria-label="{words}" viewBox="-2 -2 {w} {h}" width="{w}" height="{h}" '
        'style="max-width:100%"><g fill="currentColor" opacity=".35">{bars}</g><polyline '
        'points="{steps}" fill="none" stroke="currentColor" stroke-width="2"/></svg>',
        words=words,
        w=width * len(got) + 4,
        h=height + 4,
        bars=bars,
        steps=steps,
    )


def _grid(caption: str, array: np.ndarray, differs: np.ndarray | None) -> Markup:
    """An array as an HTML table, with its last axis as columns."""
    if not array.size:
        return html("<div>{caption} {kind}</div>", caption=caption, kind=evidence.described(array))
    columns = array.shape[-1] if array.ndim else 1
    marks = np.zeros(array.shape, bool) if differs is None else differs
    rows = [
        html("<tr>{cells}</tr>", cells=joined(map(_cell, row, row_marks)))
        for row, row_marks in zip(
            array.reshape(-1, columns), marks.reshape(-1, columns), strict=True
        )
    ]
    return html(
        '<div style="overflow-x:auto;min-width:0"><div style="opacity:.75;margin-bottom:2px">'
        "{caption} {kind}</div>"
        '<table style="border-collapse:collapse;font-family:monospace;'
        'font-size:.85em;margin:0" aria-label="{caption}">{rows}</table></div>',
        caption=caption,
        kind=evidence.described(array),
        rows=joined(rows),
    )


def _cell(value: Any, differs: bool) -> Markup:
    return html(
        '<td style="border:{border};padding:1px 6px;text-align:right;background:none">'
        "{mark}{text}</td>",
        border=f"2px solid {ORANGE}" if differs else "1px solid rgba(128,128,128,.35)",
        mark="≠ " if differs else "",
        text=evidence.number(value, 4),
    )
