"""What all explorables share: steps that work without a kernel, and say everything in words too.

Python computes the facts of every step when the cell runs. The output is one piece of HTML: a list
of folds, which a script replaces by buttons and a slider. Where scripts do not run, the folds stay.
Where HTML is not shown, there is plain text.

An explorable is built like this. A notebook shows it if it is the last line of a cell:

    Explorable(
        "Halving 8",
        Scene([Step("`x` is 8."), Step("`x` is 4.", body=html("<p>{n}</p>", n=4), text="4")]),
    )

`at` writes attributes that say in which steps an element of a scene's figure matters:

    html("<p {at}>a line</p>", at=at(now=[2, 5]))       # highlighted in steps 2 and 5
    html("<p {at}>a value</p>", at=at(shown="3-"))      # invisible before step 3
    html("<b {at}>block</b>", at=at(same="block 1"))    # moves from step to step

Steps count from 1. An element with `same` glides from the place where the element with the same
word was in the step before; use it in the bodies of steps. The style sheet has classes for code
(`x-code`, with one `<div>` for each line), panels side by side (`x-columns` around `x-panel`), and
tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.markup import html, joined, prose

LARGEST = 80_000
"""The most bytes that the HTML of an explorable should have."""
KEY = "@key@"
"""What stands in the place of the output's own key until its content is known."""
STYLE_FILE, SCRIPT_FILE = (Path(__file__).with_suffix(end) for end in (".css", ".js"))
# Every output has both, so what only their authors need is left out: comments and spaces.
STYLE = " ".join(re.sub(r"/\*.*?\*/", "", STYLE_FILE.read_text(encoding="utf-8")).split())
SCRIPT = re.sub(r"\n\s*(//.*)?", "\n", SCRIPT_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        words: what happens, in a sentence or two; `code` stands in backticks. It is read aloud.
        body: HTML that is shown with this step only.
        text: the body as plain text; empty if the words say all.
    """

    words: str
    body: str = ""
    text: str = ""


@dataclass(frozen=True)
class Scene:
    """Steps, and a figure that is shown with all of them.

    Attributes:
        steps: at least one.
        figure: HTML; its elements may depend on the step, see `at`.
        text: the figure as plain text; empty if the steps say all.
    """

    steps: Sequence[Step]
    figure: str = ""
    text: str = ""


@dataclass(frozen=True)
class Explorable:
    """An output that a reader can step through.

    Attributes:
        title: what it shows.
        scenes: the scene, or, where the reader can choose, a scene for every combination.
        choices: for each choice its name and its values, in the order of the keys of `scenes`.
            The first values are shown first.
        about: a sentence or two under the title.
    """

    title: str
    scenes: Scene | Mapping[tuple[str, ...], Scene]
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    about: str = ""

    def __post_init__(self) -> None:
        if missing := set(product(*self.choices.values())) - set(self._scenes):
            raise ValueError(f"There is no scene for {sorted(missing)}.")

    @property
    def _scenes(self) -> Mapping[tuple[str, ...], Scene]:
        return {(): self.scenes} if isinstance(self.scenes, Scene) else self.scenes

    def __repr__(self) -> str:
        blocks = [[plain(self.title), plain(self.about)]]
        for chosen, scene in self._scenes.items():
            block = [_named(self.choices, chosen), scene.text]
            for number, step in enumerate(scene.steps, 1):
                block += [f"{number}. {plain(step.words)}", _below(step.text)]
            blocks.append(block)
        return "\n\n".join("\n".join(line for line in block if line) for block in blocks)

    def _repr_html_(self) -> str:
        scenes = joined(
            _scene_html(scene, _named(self.choices, chosen))
            for chosen, scene in self._scenes.items()
        )
        picks = joined(
            html(
                '<label hidden class="x-choice">{name} <select>{options}</select></label>',
                name=name,
                options=joined(html("<option>{value}</option>", value=value) for value in values),
            )
            for name, values in self.choices.items()
        )
        page = html(
            '<div class="x-stage" data-k="{key}" role="group" aria-label="{label}">'
            "<style>{style}</style>"
            '<p class="x-title"><b>{title}</b></p>{about}{picks}{scenes}'
            "<script>{script}</script></div>",
            key=KEY,
            label=plain(self.title),
            style=Markup(STYLE),
            title=prose(self.title),
            about=html('<p class="x-about">{words}</p>', words=prose(self.about))
            if self.about
            else "",
            picks=picks,
            scenes=scenes,
            script=Markup(SCRIPT),
        )
        # The content names itself, so that two outputs do not disturb each other on one page.
        return str(page).replace(KEY, hashlib.sha256(page.encode()).hexdigest()[:10])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def at(now: str | Iterable[int] = "", shown: str | Iterable[int] = "", same: str = "") -> Markup:
    """Attributes of an element that depends on the step.

    Args:
        now: the steps in which it is highlighted, as numbers, or as text such as "2 5-7 9-".
        shown: the steps in which it is visible; all of them by default.
        same: the element of the step before that it continues.
    """
    named = {"now": _steps(now), "shown": _steps(shown), "same": same}
    written = (
        html('data-{name}="{value}"', name=name, value=value)
        for name, value in named.items()
        if value
    )
    return joined(written, " ")


def if_it_fits(shown: Explorable, advice: str) -> Explorable:
    """The explorable; if it is too large for a notebook, only its title and the advice."""
    size = len(shown._repr_html_().encode())
    if size <= LARGEST:
        return shown
    words = f"This output would take {size} bytes, but at most {LARGEST} are allowed. {advice}"
    return Explorable(shown.title, Scene([Step(words)]))


def plain(words: str) -> str:
    """Words without the backticks around code."""
    return words.replace("`", "")


def listed(parts: Sequence[str]) -> str:
    """Words in a row: `a`, `a and b`, `a, b and c`; empty if there are none."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def code(lines: Iterable[str]) -> Markup:
    """Lines of code, which keep their spaces and are wrapped where they are too long."""
    return html(
        '<div class="x-code">{lines}</div>',
        lines=joined(html("<div>{line}</div>", line=indented(line)) for line in lines),
    )


def indented(line: str) -> str:
    """A line of code whose indentation is seen even where style sheets are removed."""
    rest = line.lstrip(" ")
    return "\N{NO-BREAK SPACE}" * (len(line) - len(rest)) + rest or " "


def _steps(given: str | Iterable[int]) -> str:
    return given if isinstance(given, str) else " ".join(map(str, given))


def _named(choices: Mapping[str, Sequence[str]], chosen: Sequence[str]) -> str:
    pairs = zip(choices, chosen, strict=True)
    return ", ".join(f"{name}: {value}" for name, value in pairs)


def _scene_html(scene: Scene, name: str) -> Markup:
    steps = joined(
        html(
            '<details class="x-step"><summary>{number}. <span>{words}</span></summary>{body}'
            "</details>",
            number=number,
            words=prose(step.words),
            body=step.body,
        )
        for number, step in enumerate(scene.steps, 1)
    )
    inside = html('<div class="x-figure">{figure}</div>{steps}', figure=scene.figure, steps=steps)
    if not name:
        return html('<div class="x-scene">{inside}</div>', inside=inside)
    return html(
        '<details class="x-scene"><summary>{name}</summary>{inside}</details>',
        name=name,
        inside=inside,
    )


def _below(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
