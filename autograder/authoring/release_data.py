"""Makes what `check` reads: the file beside each notebook, and the one beside the lessons."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder.authoring import master
from autograder.authoring.course import Course
from autograder.authoring.master import Master
from autograder.judge.comparison import HALF, close, in_digits
from autograder.judge.references import expected_answers, misconceptions
from autograder.judge.requirements import COMPARED
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Answer, Failure, Outcome, Status
from autograder.judge.views import VIEWS
from autograder.student import check_file, released
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Module, Outline, Task
from autograder.student.released import DISTRIBUTION, Prompt, ReleasedDraw, ReleasedExercise

PUBLIC_SEED = 0


def write(loaded: Master, notebook: Path, outline: Outline, folders: Iterable[Path]) -> list[Path]:
    """Write an assignment's data beside its notebooks; the files written.

    Args:
        loaded: the master.
        notebook: what students get, from which the stubs are taken.
        outline: of the course.
        folders: where to write.
    """
    exercises = released_exercises(loaded, _stubs(notebook))
    data = check_file.encode(outline, released.encode(exercises))
    return [_write(folder / f"{loaded.path.stem}{SUFFIX}", data) for folder in folders]


def write_outline(outline: Outline, folder: Path) -> Path:
    """Write the outline alone beside the lessons, and its path."""
    return _write(folder / f"{outline.course}{SUFFIX}", check_file.encode(outline))


def update_outline(outline: Outline, paths: Iterable[Path]) -> list[Path]:
    """Put the outline into files that have another one; the files that were changed."""
    changed = []
    for path in paths:
        file = check_file.read(path)
        if file.outline != outline:
            changed.append(_write(path, check_file.encode(outline, file.packed, file.version)))
    return changed


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def outline(about: Course, masters: Iterable[Path]) -> Outline:
    """The outline of the course; of its masters only the text is read.

    Raises:
        Problem: a master cannot be read.
    """
    modules = []
    for path in masters:
        name = path.parent.name
        module = about.module(name)
        prompts = master.prompts(path)
        lesson = f"course/{name}.ipynb"
        modules.append(
            Module(
                name,
                module.title,
                module.minutes,
                lesson if (about.root / lesson).with_suffix(".py").is_file() else "",
                f"exercises/{name}/{path.stem}.ipynb",
                tuple(
                    Task(one.name, one.title, one.minutes)
                    for one in prompts
                    if not one.is_fast_track
                ),
                next((one.name for one in prompts if one.is_fast_track), ""),
            )
        )
    return Outline(about.id, about.title, tuple(modules))


def released_exercises(loaded: Master, stubs: Mapping[str, str]) -> list[ReleasedExercise]:
    """The public side of every exercise of an assignment, whose stubs are known by name."""
    return [
        _released(prompt, stubs[name], loaded.exercises[name])
        for name, prompt in loaded.facts.items()
    ]


def _released(prompt: Prompt, stub: str, spec: Exercise) -> ReleasedExercise:
    expected = expected_answers(spec, PUBLIC_SEED, spec.public_sizes)
    draws = []
    for number, draw in enumerate(spec.draws(spec.public_sizes, seed=PUBLIC_SEED)):
        drawn = spec.draw(PUBLIC_SEED, draw)
        known = expected["value"][number].facts.get(DISTRIBUTION, ()) if "value" in expected else ()
        draws.append(
            ReleasedDraw(draw, drawn.skeleton, _arrays(drawn.leaves), drawn.specs, _arrays(known))
        )
    return ReleasedExercise(
        prompt,
        stub,
        spec.requires,
        spec.hints,
        spec.explanation,
        spec.another,
        tuple(draws),
        {
            view: tuple(map(_compared, VIEWS[view].released(many)))
            for view, many in expected.items()
        },
        tuple(
            replace(
                one, outcomes={view: tuple(map(_seen, many)) for view, many in one.outcomes.items()}
            )
            for one in misconceptions(spec, PUBLIC_SEED, spec.public_sizes)
        ),
    )


def _arrays(leaves: Iterable[Any]) -> tuple[np.ndarray, ...]:
    return tuple(map(np.asarray, leaves))


def _seen(outcome: Outcome) -> Outcome:
    """What of a wrong answer's outcome is released: of a failure, not the line that did it."""
    if isinstance(outcome, Failure):
        return Failure(Status.ERROR, outcome.message, outcome.error)
    return _compared(outcome)


def _compared(answer: Answer) -> Answer:
    """An answer with the facts alone that some requirement compares."""
    names = sorted((COMPARED - {DISTRIBUTION}) & answer.facts.keys())
    facts = {name: answer.facts[name] for name in names}
    return replace(answer, leaves=_arrays(answer.leaves), facts=facts)


def _stubs(notebook: Path) -> dict[str, str]:
    """What the released notebook has in the place of each answer, by the exercise's name."""
    cells = nbformat.read(notebook, as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.metadata.get("nbgrader")}


def difference(kept: Path, fresh: Path) -> str:
    """What two files differ in, in a few words; numbers may do so in their last digits.

    Raises:
        Problem: one of them cannot be read.
    """
    old, new = check_file.read(kept), check_file.read(fresh)
    if old.outline != new.outline:
        return "another outline of the course"
    before, after = ({one.prompt.name: one for one in released.read(file)} for file in (old, new))
    if list(before) != list(after):
        return "other exercises"
    return next(
        (f"other data of {name}" for name in before if not same(before[name], after[name])), ""
    )


def same(old: Any, new: Any) -> bool:
    """Whether two pieces of released data are equal, up to the last digits of their numbers."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        return old.dtype == new.dtype and old.shape == new.shape and _same_numbers(old, new)
    if type(old) is not type(new):
        return False
    if dataclasses.is_dataclass(old):
        return same(vars(old), vars(new))
    if isinstance(old, Mapping):
        return list(old) == list(new) and same(list(old.values()), list(new.values()))
    if isinstance(old, (list, tuple)):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)


def _same_numbers(old: np.ndarray, new: np.ndarray) -> bool:
    if old.dtype.name not in HALF:
        return bool(close(in_digits(new), in_digits(old)).all())
    # How often a wrong answer in half precision is rounded differs from processor to processor,
    # and up to a half of what comes out with it.
    old, new = old.astype(np.float32), new.astype(np.float32)
    return bool(np.all(np.abs(new - old) <= 0.5 * np.abs(old).max(initial=0.0)))
