"""What an exercise's reference and its listed wrong answers do on inputs drawn from a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from autograder.judge import meshes, program, tree
from autograder.judge.comparison import shortened
from autograder.judge.devices import CPU, Device
from autograder.judge.judge import Misconception
from autograder.judge.outcomes import outcomes
from autograder.judge.requirements.randomness import distributed_like_reference
from autograder.judge.requirements.samples import distribution
from autograder.judge.requirements.values import matches_reference
from autograder.judge.specification import Exercise, Size
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Answers, Failure, Outcome
from autograder.judge.views import VIEWS, Case, Draw, cases
from autograder.problem import Problem

RESULTS, ENTRIES = (16, 256), 2**20
"""The size of a large sample: the fewest and most results of a reference, and all entries."""


def expected_answers(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> Answers:
    """What the reference does on inputs drawn from the seed.

    Raises:
        Problem: the reference itself fails.
    """
    drawn = {draw: spec.draw(seed, draw) for draw in spec.draws(sizes, device, seed)}
    outcomes_by_view = outcomes(spec.reference, spec.requires, drawn, device)
    for view, outcomes_of_view in outcomes_by_view.items():
        for outcome in outcomes_of_view:
            if isinstance(outcome, Failure):
                raise Problem(f"The reference of {spec.name} fails ({view}): {outcome.message}")
    if any(isinstance(requirement, distributed_like_reference) for requirement in spec.requires):
        compiled: dict[str, Callable[..., Any]] = {}
        for n, (draw, arguments) in enumerate(drawn.items()):
            # The skeleton has the static values; `jit` tells shapes apart by itself.
            result = compiled.setdefault(str(arguments.skeleton), _jitted(spec, arguments.skeleton))
            outcomes_by_view["value"][n] = _sampled(
                spec, seed, outcomes_by_view["value"][n], draw, arguments, result
            )
    return outcomes_by_view  # type: ignore[return-value]  # no failure is left in it


def facts_of_reference(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> Answers:
    """The facts of the reference's programs that an answer is compared with before it is run."""
    views = {
        view
        for requirement in spec.requires
        if requirement.early and requirement.compares
        for view in requirement.views
    }
    answers: dict[Case, Outcome] = {}
    for case in cases(list(views), spec.draws(sizes, device, seed)):
        lowered = program.lower(spec.reference, spec.draw(seed, case.draw), case, device.platform)
        answers[case] = program.read(lowered, case, device)
    return program.by_view(answers)  # type: ignore[return-value]  # no failure is left in it


def misconceptions(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> tuple[Misconception, ...]:
    """What the listed wrong answers do on the same inputs, in the views that make programs of them.

    A report about a wrong answer is left out.
    """
    drawn = {draw: spec.draw(seed, draw) for draw in spec.draws(sizes, device, seed)}
    expected = facts_of_reference(spec, seed, sizes, device)
    running = [
        requirement
        for requirement in spec.requires
        if all(VIEWS[view].has_results() or view == "as written" for view in requirement.views)
    ]
    return tuple(
        Misconception(
            wrong_answer.title,
            wrong_answer.rejected_by,
            wrong_answer.advice,
            _shortened(outcomes(wrong_answer.function, running, drawn, device, expected=expected)),
        )
        for wrong_answer in spec.wrong_answers
    )


def _shortened(outcomes_by_view: Mapping[str, Sequence[Outcome]]) -> dict[str, list[Outcome]]:
    """Outcomes with their leaves shortened, see `comparison.shortened`."""
    return {
        view: [
            outcome
            if isinstance(outcome, Failure)
            else replace(outcome, leaves=tuple(map(shortened, outcome.leaves)))
            for outcome in outcomes_of_view
        ]
        for view, outcomes_of_view in outcomes_by_view.items()
    }


def _jitted(spec: Exercise, skeleton: Any) -> Callable[..., list[Any]]:
    """The reference, compiled, from leaves to leaves."""
    return jax.jit(
        lambda *leaves: jax.tree.leaves(spec.reference(*tree.unflatten(skeleton, leaves)))
    )


def _sampled(
    spec: Exercise,
    seed: int,
    answer: Any,
    draw: Draw,
    arguments: Arguments,
    result: Callable[..., list[Any]],
) -> Answer:
    """The reference's answer with the facts of its distribution instead of its numbers.

    They come from results for the same arguments and other keys. So they are independent of an
    answer that draws from the same key.
    """
    entropy = [seed, zlib.crc32(spec.name.encode()), draw.size, draw.again, 1]
    generator = np.random.default_rng(entropy)
    size = max(1, *(leaf.size for leaf in answer.leaves))
    places = meshes.placements(draw.mesh, arguments.specs) if draw.mesh else None
    samples = []
    for _ in range(int(np.clip(ENTRIES // size, *RESULTS))):
        leaves = [
            generator.integers(0, 2**32, 2, dtype="uint32") if _is_key(leaf) else leaf
            for leaf in arguments.leaves
        ]
        if places:
            leaves = jax.device_put(leaves, places)
        with meshes.context(draw.mesh):
            samples.append([np.asarray(leaf) for leaf in result(*leaves)])
    distributions = [
        distribution(leaf_samples).packed() for leaf_samples in zip(*samples, strict=True)
    ]
    facts = {**answer.facts, "distribution": distributions}
    if matches_reference() in spec.requires:
        return replace(answer, facts=facts)
    return replace(answer, leaves=tuple(map(np.zeros_like, answer.leaves)), facts=facts)


def _is_key(leaf: np.ndarray) -> bool:
    return leaf.dtype == np.uint32 and leaf.shape == (2,)
