"""A page of HTML that needs no other file and no network, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from autograder.markup import html, joined
from autograder.problem import Problem

# What is drawn differs in lightness and in its pattern, so that it can be read in grey too.
LIGHT = """
--passed: #0b4f8a; --passed-ink: #fff; --partly: #b9d9f2; --partly-ink: #000;
--failed: #eda45f; --failed-ink: #000; --line: #767676;
"""
DARK = """
--passed: #8cc4f7; --passed-ink: #000; --partly: #27496a; --partly-ink: #fff;
--failed: #a4530f; --failed-ink: #fff; --line: #8c8c8c;
"""
STYLE = (
    f"""
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
@media print {{ :root {{ color-scheme: light; {LIGHT} }} }}
"""
    + """
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
p { max-width: 46rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem .3rem 0; text-align: left; }
th, td { vertical-align: top; font-weight: normal; }
thead th { font-weight: bold; vertical-align: bottom; }
.turned thead th:nth-child(n+3) { writing-mode: vertical-rl; rotate: 180deg; text-align: left; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { margin: 0; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
td pre { min-width: 18rem; }
td ul { margin: 0; padding: 0; list-style: none; }
figure { margin: 1rem 0; }
figcaption { margin-top: .5rem; }
.columns { display: flex; gap: .5rem; align-items: flex-end; text-align: center; }
.columns div { flex: 1; font-variant-numeric: tabular-nums; min-width: 0; font-size: .85rem; }
.columns i { display: block; background: var(--passed); border-bottom: 1px solid var(--line); }
.bars { display: grid; grid-template-columns: minmax(5rem, max-content) 1fr; gap: .3rem .8rem; }
.bars > span { overflow-wrap: anywhere; }
.bars > div { display: flex; min-width: 0; }
.kind { border: 1px solid var(--line); overflow: hidden; text-align: center; min-height: 1.6em; }
.kind + .kind { border-left-width: 0; }
.passed { background: var(--passed); color: var(--passed-ink); }
.partly { color: var(--partly-ink); background: repeating-linear-gradient(
  45deg, var(--partly) 0 6px, transparent 6px 7px), var(--partly); }
.partly { border-bottom-width: 4px; }
.failed { background: var(--failed); color: var(--failed-ink); }
.missing { border-style: dashed; }
.waiting { border-style: dotted;
  background: radial-gradient(var(--line) 1px, transparent 1.5px) 0 0 / 6px 6px; }
.waiting.kind { text-shadow: 0 0 3px Canvas, 0 0 3px Canvas, 0 0 3px Canvas; }
.legend { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; padding: 0; }
.legend li { list-style: none; }
.legend .kind { padding: 0 .6rem; border-left-width: 1px; }
.track { width: 100%; height: 2.6rem; display: block; border-bottom: 1px solid var(--line); }
.track .passed { fill: var(--passed); }
.track .failed { fill: var(--failed); stroke: var(--line); stroke-width: 1px;
  vector-effect: non-scaling-stroke; }
.ends { display: flex; justify-content: space-between; font-size: .85rem; }
.note { border-left: 4px solid var(--line); padding-left: .8rem; }
@media (max-width: 40rem) {
  .bars { grid-template-columns: 1fr; }
  .columns span { display: block; min-height: 3em; }
}
@media print {
  table { font-size: 8.5pt; }
  .columns span { min-height: 0; }
  .bars { grid-template-columns: minmax(5rem, max-content) 1fr; }
  body { margin: 0; max-width: none; font-size: 11pt; }
  h2 { break-after: avoid; }
  tr, figure, .bars > * { break-inside: avoid; }
  .wide { overflow: visible; }
}
"""
)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">\
<meta name="viewport" content="width=device-width, initial-scale=1">\
<title>{title}</title><style>{style}</style></head>\
<body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


def write(path: Path, title: str, parts: Sequence[str]) -> None:
    """Write a page.

    Args:
        path: of the file, which is replaced.
        title: as text.
        parts: the body, as HTML made by `markup.html`; text is escaped.

    Raises:
        Problem: the file cannot be written.
    """
    page = html(PAGE, title=title, style=Markup(STYLE), body=joined(parts, "\n"))
    try:
        # A student's id can hold half a character.
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}.") from None


def paragraph(text: str, kind: str = "") -> Markup:
    """A paragraph of this text, of a CSS class."""
    return html('<p class="{kind}">{text}</p>', kind=kind, text=text)


def breakable(name: str) -> Markup:
    """A long name of code that may be broken into lines after each underscore."""
    return joined(name.replace("_", "_\n").split("\n"), Markup("<wbr>"))


def table(
    label: str, head: Sequence[str], rows: Sequence[Sequence[str]], turned: bool = False
) -> Markup:
    """A table of text or HTML, as in `table("Points", ["name", "points"], [["ada", "3"]])`.

    Numbers are aligned on the right. On a narrow screen, the table can be moved with the keyboard.

    Args:
        label: what the table shows, for screen readers.
        head: the head of each column.
        rows: the cells of each row, of which the first is the row's head.
        turned: whether the heads from the third on are written upwards, if there are many.
    """
    numeric = [rows and all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    kinds = [Markup(' class="number"') if is_number else "" for is_number in numeric]
    heads = [
        html('<th scope="col"{kind}>{name}</th>', kind=kind, name=name)
        for kind, name in zip(kinds, head, strict=True)
    ]
    return html(
        '<div class="wide" role="region" tabindex="0" aria-label="{label}"><table{turned}>'
        "<thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table></div>",
        label=label,
        turned=Markup(' class="turned"') if turned else "",
        heads=joined(heads),
        rows=joined(html("<tr>{cells}</tr>\n", cells=_cells(row, kinds)) for row in rows),
    )


def _cells(row: Sequence[str], kinds: Sequence[str]) -> Markup:
    first, *rest = zip(row, kinds, strict=True)
    cells = [html('<th scope="row"{kind}>{content}</th>', content=first[0], kind=first[1])]
    for content, kind in rest:
        cells.append(html("<td{kind}>{content}</td>", content=content, kind=kind))
    return joined(cells)


def _is_number(content: str) -> bool:
    digits = content.rstrip("% ").lstrip("-−").replace(".", "", 1)
    return digits.isdigit() or content in ("", "–", "…")
