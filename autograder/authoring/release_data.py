"""Writes the files that `check` reads: one beside each notebook, and one beside the lessons.

There are two editions. The one beside a master is for learners on their own: it has all, with what
is told after passing under a seal. The one that nbgrader releases is for a class: second solutions
are left out, and so are the explanations of questions that have points, which tell the answer.
Feedback has them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder.authoring import master
from autograder.authoring.course import ClassEdition, Course
from autograder.authoring.master import Master
from autograder.judge import likeness
from autograder.judge.comparison import HALF, close, in_digits
from autograder.judge.judge import Misconception
from autograder.judge.references import expected_answers, misconceptions
from autograder.judge.requirements import COMPARED, Requirement
from autograder.judge.requirements.values import answers_question
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Answer, Failure, Outcome, Status
from autograder.judge.views import VIEWS
from autograder.student import check_file, released
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Module, Outline, Task
from autograder.student.released import (
    DISTRIBUTION,
    Prompt,
    ReleasedDraw,
    ReleasedExercise,
    Variant,
)

PUBLIC_SEED = 0


def write(
    loaded: Master, source: Path, notebook: Path, outline: Outline, edition: ClassEdition
) -> list[Path]:
    """Write an assignment's data beside its notebooks; the files written.

    Args:
        loaded: the master.
        source: the notebook beside it.
        notebook: the released notebook, which has the stubs.
        outline: the outline of the course.
        edition: what a class gets.
    """
    exercises = released_exercises(loaded, _stubs(notebook))
    packed = released.encode(exercises)
    for_class = released.encode(class_edition(one, edition) for one in exercises)
    return [
        _write(path.with_suffix(SUFFIX), check_file.encode(outline, data))
        for path, data in ((source, packed), (notebook, for_class))
    ]


def for_class(path: Path, about: Course) -> bytes:
    """The content of the class edition of a file that is beside a master of this course.

    Raises:
        Problem: the file cannot be read.
    """
    file = check_file.read(path)
    exercises = (class_edition(one, about.class_edition) for one in released.read(file))
    outline = about.dated(file.outline)
    return check_file.encode(outline, released.encode(exercises), file.version)


def class_edition(exercise: ReleasedExercise, edition: ClassEdition) -> ReleasedExercise:
    """What a class gets of an exercise.

    The mistakes of a question that `check` does not judge are left out too: they would leave only
    few answers to try.
    """
    whole = exercise.opened
    is_graded_question = whole.is_question and not whole.prompt.is_fast_track
    explanation = "" if is_graded_question else whole.explanation
    made = replace(
        exercise,
        explanation="",
        another="",
        sealed=released.seal(explanation, ""),
        for_class=bool(whole.another)
        or explanation != whole.explanation
        or bool(is_graded_question and whole.variants),
    )
    if not is_graded_question or edition.check_questions:
        return made
    variants = tuple(
        replace(one, requires=_without_digests(one.requires), misconceptions=())
        for one in made.variants
    )
    requires = _without_digests(made.requires)
    return replace(made, requires=requires, misconceptions=(), variants=variants)


def _without_digests(requires: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    return tuple(
        replace(one, digest="", others=()) if isinstance(one, answers_question) else one
        for one in requires
    )


def write_outline(outline: Outline, folder: Path) -> Path:
    """Write only the outline, beside the lessons; the path of the file."""
    return _write(folder / f"{outline.course}{SUFFIX}", check_file.encode(outline))


def update_outline(outline: Outline, paths: Iterable[Path]) -> list[Path]:
    """Put the outline into the files that have another one; the files that were changed."""
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
    """The outline of the course, read from the texts of its masters.

    Raises:
        Problem: a master cannot be read.
    """
    modules = []
    for path in masters:
        name = path.parent.name
        module = about.module(name)
        prompts = master.read_prompts(path)
        lesson = f"course/{name}.ipynb"
        modules.append(
            Module(
                name,
                module.title,
                module.minutes,
                lesson if (about.root / lesson).with_suffix(".py").is_file() else "",
                f"exercises/{name}/{path.stem}.ipynb",
                tuple(
                    Task(prompt.name, prompt.title, prompt.minutes)
                    for prompt in prompts
                    if not prompt.is_fast_track
                ),
                next((prompt.name for prompt in prompts if prompt.is_fast_track), ""),
            )
        )
    return about.dated(Outline(about.id, about.title, tuple(modules)))


def released_exercises(loaded: Master, stubs: Mapping[str, str]) -> list[ReleasedExercise]:
    """The public part of every exercise of an assignment; `stubs` are by name."""
    return [
        _released_exercise(prompt, stubs[name], loaded.exercises[name])
        for name, prompt in loaded.prompts.items()
    ]


def _released_exercise(prompt: Prompt, stub: str, spec: Exercise) -> ReleasedExercise:
    expected = expected_answers(spec, PUBLIC_SEED, spec.public_sizes)
    draws = []
    for number, draw in enumerate(spec.draws(spec.public_sizes, seed=PUBLIC_SEED)):
        arguments = spec.draw(PUBLIC_SEED, draw)
        facts = expected["value"][number].facts if "value" in expected else {}
        distribution = _arrays(facts.get(DISTRIBUTION, ()))
        leaves = _arrays(arguments.leaves)
        draws.append(ReleasedDraw(draw, arguments.skeleton, leaves, arguments.specs, distribution))
    return ReleasedExercise(
        prompt,
        stub,
        spec.requires,
        spec.hints,
        "",
        "",
        tuple(draws),
        {
            view: tuple(map(_released_answer, VIEWS[view].released(answers)))
            for view, answers in expected.items()
        },
        _released_misconceptions(spec),
        sealed=released.seal(spec.explanation, spec.another),
        variants=tuple(
            Variant(dict(one.numbers), one.requires, _released_misconceptions(one))
            for one in spec.variants
        ),
    )


def _released_misconceptions(spec: Exercise) -> tuple[Misconception, ...]:
    return tuple(
        replace(
            misconception,
            outcomes={
                view: tuple(_released_outcome(outcome, spec) for outcome in outcomes)
                for view, outcomes in misconception.outcomes.items()
            },
        )
        for misconception in misconceptions(spec, PUBLIC_SEED, spec.public_sizes)
    )


def _arrays(leaves: Iterable[Any]) -> tuple[np.ndarray, ...]:
    return tuple(map(np.asarray, leaves))


def _released_outcome(outcome: Outcome, spec: Exercise) -> Outcome:
    """The outcome of a wrong answer as it is released: a failure without its line.

    It keeps the facts of its program that tell it from other wrong answers, see `likeness`.
    """
    told = {name: outcome.facts[name] for name in ("operations", "size") if name in outcome.facts}
    if isinstance(outcome, Failure):
        return Failure(Status.ERROR, outcome.message, outcome.error, facts=told)
    made = _released_answer(outcome)
    if "by_name" in outcome.facts:
        told["by_name"] = likeness.telling(outcome.facts, spec.requires)
    return replace(made, facts={**told, **made.facts})


def _released_answer(answer: Answer) -> Answer:
    """An answer with only those facts that a requirement compares."""
    names = sorted((COMPARED - {DISTRIBUTION}) & answer.facts.keys())
    facts = {name: answer.facts[name] for name in names}
    return replace(answer, leaves=_arrays(answer.leaves), facts=facts)


def _stubs(notebook: Path) -> dict[str, str]:
    """The stubs in the released notebook, by the name of the exercise."""
    cells = nbformat.read(notebook, as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.metadata.get("nbgrader")}


def difference(kept: Path, fresh: Path) -> str:
    """What is different in two files, in a few words; the last digits of numbers are ignored.

    Raises:
        Problem: one of the files cannot be read.
    """
    old, new = check_file.read(kept), check_file.read(fresh)
    if old.outline != new.outline:
        return "another outline of the course"
    before, after = (
        {exercise.prompt.name: exercise for exercise in released.read(file)} for file in (old, new)
    )
    if list(before) != list(after):
        return "other exercises"
    return next(
        (f"other data of {name}" for name in before if not same_data(before[name], after[name])), ""
    )


def same_data(old: Any, new: Any) -> bool:
    """Whether two pieces of released data are equal, up to the last digits of their numbers."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        return old.dtype == new.dtype and old.shape == new.shape and _close(old, new)
    if type(old) is not type(new):
        return False
    if dataclasses.is_dataclass(old):
        return same_data(vars(old), vars(new))
    if isinstance(old, Mapping):
        return list(old) == list(new) and same_data(list(old.values()), list(new.values()))
    if isinstance(old, (list, tuple)):
        return len(old) == len(new) and all(map(same_data, old, new))
    return bool(old == new)


def _close(old: np.ndarray, new: np.ndarray) -> bool:
    if old.dtype.name not in HALF:
        return bool(close(in_digits(new), in_digits(old)).all())
    # In half precision, processors round at different places. So the result of a wrong answer can
    # differ by up to half of its largest entry.
    old, new = old.astype(np.float32), new.astype(np.float32)
    return bool(np.all(np.abs(new - old) <= 0.5 * np.abs(old).max(initial=0.0)))
