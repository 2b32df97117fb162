"""How good the verdicts are, in numbers: the mutants of the references, and the corpus of answers.

Run: uv run python tests/verdicts.py, which judges them all and writes docs/verdicts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import corpus
import jax
from masters import ROOT, loaded

from autograder.authoring import trials
from autograder.authoring.trials import Tally
from autograder.judge.verdict import Verdict

DOCUMENT = ROOT / "docs" / "verdicts.md"
SEED = 20_261_130
HEAD = f"""\
# How good the verdicts are

Made by `uv run python tests/verdicts.py` with JAX {jax.__version__}; the slow tests compare it with
what they see.

A *mutant* is a reference with one small change, such as `<` in place of `<=`, see
`autograder/authoring/mutants.py`. It is judged as an answer in a grading, and should be rejected.
Some are the same program as the reference, and some do the same by another program: the master
lists these, each with its reason (`equal_mutants`). One that survives is a fault of the exercise.

The *answers* are those of `tests/answers/`, in many styles, none of them listed in a master. Right
ones pass, and wrong ones are rejected for the reason that is expected, in a grading and by
`check`. The other columns are about the cards of wrong answers: how many name a misconception; how
many of these were read and fit, and how many should name another one, or none; how many show the
arguments, and the values that differ; and how many say neither a cause, nor values, nor what to
try.

| module | exercises | mutants | caught | same program | listed as equal | survived \
| right answers | wrong answers | named | fitting | named wrongly | with arguments | unhelpful |
|{" --- |" + 13 * " --: |"}
"""


def of_mutants(tallies: Iterable[Tally]) -> list[int]:
    """The numbers of a module that its mutants give."""
    fates = [one.fate for tally in tallies for one in tally.fates]
    counts = [fates.count(fate) for fate in ("caught", "equal", "listed", "survived")]
    return [len(fates), *counts]


def of_answers(checked: Mapping[corpus.Answer, Verdict]) -> list[int]:
    """The numbers of a module that its corpus gives, from the verdicts of `check`."""
    wrong = {one: verdict for one, verdict in checked.items() if not one.is_right}
    named = [
        (one, verdict.misconception) for one, verdict in wrong.items() if verdict.misconception
    ]
    told = [(one.misconception, title) for one, title in named if one.misconception]
    fitting = sum(expected == title for expected, title in told)
    shown = [any(finding.evidence for finding in verdict.findings) for verdict in wrong.values()]
    unhelpful = [is_unhelpful(verdict) for verdict in wrong.values()]
    return [
        len(checked) - len(wrong),
        len(wrong),
        len(named),
        fitting,
        len(told) - fitting,
        sum(shown),
        sum(unhelpful),
    ]


def is_unhelpful(verdict: Verdict) -> bool:
    """Whether a card says neither a cause, nor arguments and values, nor what to try."""
    says = [finding.evidence is not None or finding.advice for finding in verdict.findings]
    return not (verdict.passed or verdict.misconception or any(says))


def written(assignment: str) -> dict[str, int]:
    """The numbers of a module that the document has, by the heads of their columns."""
    lines = re.findall(r"^\|(.*)\|$", _text(), re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    numbers = next((row[1:] for row in cells if row[0] == assignment), [])
    return dict(zip(cells[0][1:], map(int, numbers), strict=False)) if cells else {}


def made_with() -> str:
    """The version of JAX with which the document was made."""
    found = re.search(r"with JAX ([\w.]+);", _text())
    return found[1] if found else ""


def _text() -> str:
    return DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""


def document() -> str:
    """The text of docs/verdicts.md: judges everything."""
    rows = []
    for home in loaded():
        tallies = trials.prove_mutants(home.path, list(home.prompts), processes=2)
        verdicts = corpus.judged(home.assignment, corpus.of(home.assignment), [SEED])
        checked = {one: verdict for one, (_, verdict) in verdicts.items()}
        rows.append([len(home.prompts), *of_mutants(tallies.values()), *of_answers(checked)])
        print(home.assignment, *rows[-1])
    names = [*(home.assignment for home in loaded()), "all"]
    rows.append([sum(column) for column in zip(*rows, strict=True)])
    lines = [
        f"| {' | '.join([name, *map(str, row)])} |" for name, row in zip(names, rows, strict=True)
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
