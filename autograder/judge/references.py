"""What an exercise's reference and its listed wrong answers do on inputs drawn from a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from autograder.judge import program, tree
from autograder.judge.comparison import seen
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
"""A large sample: so many results of a reference, least and most, and so many entries in all."""


def expected_answers(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> Answers:
    """What the reference does on inputs drawn from the seed.

    Raises:
        Problem: the reference itself fails.
    """
    drawn = {draw: spec.draw(seed, draw) for draw in spec.draws(sizes, device, seed)}
    made = outcomes(spec.reference, spec.requires, drawn, device)
    for view, many in made.items():
        for one in many:
            if isinstance(one, Failure):
                raise Problem(f"The reference of {spec.name} fails ({view}): {one.message}")
    if any(isinstance(want, distributed_like_reference) for want in spec.requires):
        known: dict[str, Callable[..., Any]] = {}
        for n, (draw, arguments) in enumerate(drawn.items()):
            # What a program is made for depends on the shapes and on what is static.
            result = known.setdefault(str(arguments.skeleton), _jitted(spec, arguments.skeleton))
            made["value"][n] = _sampled(spec, seed, made["value"][n], draw, arguments, result)
    return made  # type: ignore[return-value]  # no failure is left in it


def facts_of_reference(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> Answers:
    """The facts of the reference's programs that an answer's are compared with before it is run."""
    views = {view for want in spec.requires if want.early and want.compares for view in want.views}
    made: dict[Case, Outcome] = {}
    for case in cases(list(views), spec.draws(sizes, device, seed)):
        lowered = program.lower(spec.reference, spec.draw(seed, case.draw), case, device.platform)
        made[case] = program.read(lowered, case, device)
    return program.by_view(made)  # type: ignore[return-value]  # no failure is left in it


def misconceptions(
    spec: Exercise, seed: int, sizes: Sequence[Size], device: Device = CPU
) -> tuple[Misconception, ...]:
    """What the listed wrong answers do on the same inputs, in the views that run."""
    drawn = {draw: spec.draw(seed, draw) for draw in spec.draws(sizes, device, seed)}
    expected = facts_of_reference(spec, seed, sizes, device)
    running = [
        want for want in spec.requires if all(VIEWS[view].has_results() for view in want.views)
    ]
    return tuple(
        Misconception(
            one.title,
            one.rejected_by,
            one.advice,
            _seen(outcomes(one.function, running, drawn, device, expected=expected)),
        )
        for one in spec.wrong_answers
    )


def _seen(made: Mapping[str, Sequence[Outcome]]) -> dict[str, list[Outcome]]:
    """Outcomes without what nobody compares; see `comparison.seen`."""
    return {
        view: [
            one if isinstance(one, Failure) else replace(one, leaves=tuple(map(seen, one.leaves)))
            for one in many
        ]
        for view, many in made.items()
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
    """The answer with what is known of its distribution in place of its numbers.

    That comes from results of the reference for the same arguments and other keys, so it does not
    depend on an answer that draws from the same key.
    """
    which = [seed, zlib.crc32(spec.name.encode()), draw.size, draw.again, 1]
    generator = np.random.default_rng(which)
    size = max(1, *(leaf.size for leaf in answer.leaves))
    drawn = []
    for _ in range(int(np.clip(ENTRIES // size, *RESULTS))):
        leaves = [
            generator.integers(0, 2**32, 2, dtype="uint32") if _is_key(leaf) else leaf
            for leaf in arguments.leaves
        ]
        drawn.append([np.asarray(leaf) for leaf in result(*leaves)])
    known = [distribution(many).packed() for many in zip(*drawn, strict=True)]
    facts = {**answer.facts, "distribution": known}
    if matches_reference() in spec.requires:
        return replace(answer, facts=facts)
    return replace(answer, leaves=tuple(map(np.zeros_like, answer.leaves)), facts=facts)


def _is_key(leaf: np.ndarray) -> bool:
    return leaf.dtype == np.uint32 and leaf.shape == (2,)
