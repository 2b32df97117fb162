"""The specification of one exercise, written once, in the hidden region of its test cell."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.judge import meshes, tree
from autograder.judge.calling import call
from autograder.judge.devices import CPU, Device
from autograder.judge.meshes import Spec
from autograder.judge.requirements.programs import grows_with_batch
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.requirements.values import answers_question, digest_of, matches_reference
from autograder.judge.tree import Arguments
from autograder.judge.tree import static as static
from autograder.judge.tree import typed_key as typed_key
from autograder.judge.variants import Numbers, chosen, draw, filled, in_words
from autograder.judge.verdict import Failure
from autograder.judge.views import Draw
from autograder.problem import Problem
from autograder.schema import DTYPES

Size = int | range
"""A batch size, or a range from which the seed draws one."""

SIZES: tuple[tuple[Size, ...], tuple[Size, ...]] = (4, 1, 30), (range(5, 10), 1, range(61, 101))
SIZES_ON_MESH: tuple[tuple[Size, ...], tuple[Size, ...]] = (
    (16, 8, 48),
    (range(24, 41, 8), 8, range(64, 105, 8)),
)
"""The batch sizes of the public cases and of the grading, unless an exercise has its own."""


@dataclass(frozen=True)
class WrongAnswer:
    """A misconception: code that students write, and what to tell them about it.

    Attributes:
        function: the code; for a question the value.
        title: the misconception in a few words; it completes "This looks like an answer that …".
        rejected_by: the reason of the finding that must reject it, or an exception's class name.
        advice: what to try.
        earns: the share of the points that it gets, see `Requirement.share`.
    """

    function: Any
    title: str
    rejected_by: str
    advice: str
    earns: float = 0.0


@dataclass(frozen=True)
class Exercise:
    """An exercise without its prompt and its points.

    Attributes:
        name: the name of the function, or of the variable, that the student writes.
        reference: the function that the solution cell defines; for a question the answer.
        inputs: draws the tuple of arguments from a `numpy.random.Generator` and a batch size. For
            an exercise with meshes it also gets a mesh, which may be one of the arguments.
        requires: the requirements, the most important first.
        hints: from a nudge to nearly the answer; usually three.
        explanation: Markdown, shown after passing.
        another: a second solution, as source.
        wrong_answers: mistakes that people really make; usually three or more.
        sizes: the batch sizes of the grading. The first is the usual one, at which every dtype and
            every mesh is judged; the last is the largest, and growth is judged between the two.
            A size that is listed twice is drawn twice, with different values. From a range the
            seed draws one size; if the first size is even, an odd one, and the other way round.
        public_sizes: the batch sizes of the student's `check`. The first and the last of `sizes`
            must not be among them.
        dtypes: the dtypes of the floating inputs. The first is used at every size, the others
            only at the first size.
        meshes: such as `x=4,y=2`. The first is used at every size, the others only at the first
            size. The axes of `x=4,y=2 explicit` are `Explicit`, and the answer is traced with that
            mesh set as by `jax.set_mesh`, so it need not be among the arguments.
        in_specs: how each argument is sharded over the mesh; replicated without a spec.
        source: all the code that the specification depends on, if a master was loaded.
        equal_mutants: changes of the reference that make no difference, with the reason. The keys
            are the descriptions of `autograder prove --mutants`; `1.0 → anything (line 4)` stands
            for all changes at one place.
        numbers: for a question, those that some students get; empty if everybody gets the same.
        variants: for a question with numbers, the question with each set of numbers. The question
            itself has the first set, and texts that are not filled in.
        answer: for a question with numbers, the function that computes the answer from them.
    """

    name: str
    reference: Any
    inputs: Callable[..., tuple[Any, ...]]
    requires: tuple[Requirement, ...]
    hints: tuple[str, ...]
    explanation: str
    another: str
    wrong_answers: tuple[WrongAnswer, ...]
    sizes: tuple[Size, ...]
    public_sizes: tuple[Size, ...]
    dtypes: tuple[str, ...] = ("float32",)
    meshes: tuple[str, ...] = ()
    in_specs: tuple[Any, ...] = ()
    source: str = ""
    equal_mutants: Mapping[str, str] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=dict)
    variants: tuple[Exercise, ...] = ()
    answer: Callable[..., Any] | None = None

    def of(self, student: str) -> Exercise:
        """The exercise as this student gets it."""
        if not self.variants:
            return self
        mine = self.variants[chosen(self.name, student, len(self.variants))]
        return replace(mine, source=self.source)

    @property
    def is_question(self) -> bool:
        """Whether the answer is a value and not a function."""
        return hides_answer(self.requires)

    def draws(self, sizes: Sequence[Size], device: Device = CPU, seed: int = 0) -> list[Draw]:
        """The draws that an answer is judged on: the usual size first, the largest last.

        Args:
            sizes: `self.sizes` or `self.public_sizes`.
            device: if it is a mesh, only the exercise's meshes of the same shape are used. Without
                meshes, arguments are cut along the first axis, if the device's mesh divides it.
            seed: draws the sizes that are ranges.
        """
        fitting = [m for m in self.meshes if tuple(meshes.shape(m).values()) == device.mesh]
        chosen_meshes = [device.mesh_for(mesh) for mesh in fitting or self.meshes or ("",)]
        drawn = self._drawn(sizes, seed)
        first, *larger = [
            Draw(size, chosen_meshes[0], self.dtypes[0], drawn[:number].count(size))
            for number, size in enumerate(drawn)
        ]
        variants = [replace(first, mesh=mesh) for mesh in chosen_meshes[1:]]
        variants += [replace(first, dtype=dtype) for dtype in self.dtypes[1:]]
        return [first, *variants, *larger]

    def _drawn(self, sizes: Sequence[Size], seed: int) -> list[int]:
        generator = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        chosen: list[int] = []
        for size in sizes:
            if isinstance(size, range):
                other_parity = [number for number in size if chosen and (number - chosen[0]) % 2]
                size = int(generator.choice(other_parity or size))
            chosen.append(size)
        return chosen

    def draw(self, seed: int, draw: Draw) -> Arguments:
        """The arguments of one draw: equal for the same seed, exercise, size and repetition.

        Returns:
            NumPy leaves; the floating ones have the draw's dtype, int64 becomes int32.
        """
        entropy = [seed, zlib.crc32(self.name.encode()), draw.size, draw.again]
        generator = np.random.default_rng(entropy)
        mesh = (tree.OnMesh(draw.mesh),) if self.meshes else ()
        arguments = self.inputs(generator, draw.size, *mesh)
        skeleton, leaves = tree.flatten(arguments)
        converted = [_as_jax_would(leaf, draw.dtype) for leaf in leaves]
        return Arguments(skeleton, tuple(converted), self._specs(arguments, converted, draw.mesh))

    def _specs(
        self, arguments: Sequence[Any], leaves: Sequence[np.ndarray], mesh: str
    ) -> tuple[Spec, ...]:
        if not self.meshes:
            return spread(leaves, mesh)
        specs = [*self.in_specs, *[None] * len(arguments)]
        return tuple(
            tuple(list(axis) if isinstance(axis, tuple) else axis for axis in spec or ())
            for argument, spec in zip(arguments, specs, strict=False)
            for _ in tree.flatten(argument)[1]
        )


def spread(leaves: Sequence[np.ndarray], mesh: str) -> tuple[Spec, ...]:
    """The specs of leaves on a mesh that the exercise has no specs for.

    A leaf is cut along its first axis if the mesh divides it, else replicated.

    Args:
        leaves: arrays.
        mesh: the mesh as text; empty for no mesh.
    """
    if not mesh:
        return ()
    sizes = meshes.shape(mesh)
    divides = [leaf.ndim and leaf.shape[0] % meshes.size_of(sizes) == 0 for leaf in leaves]
    return tuple((list(sizes),) if is_divided else () for is_divided in divides)


def _as_jax_would(leaf: Any, dtype: str) -> np.ndarray:
    array = np.asarray(leaf)
    if array.dtype.kind == "f":
        return array.astype(DTYPES[dtype])
    narrow = {"int64": "int32", "uint64": "uint32", "complex128": "complex64"}
    return array.astype(narrow.get(array.dtype.name, array.dtype))


def views_of(requires: Sequence[Requirement]) -> list[str]:
    """The names of the views that these requirements look at."""
    return [view for requirement in requires for view in requirement.views]


def measures_memory(requires: Sequence[Requirement]) -> bool:
    """Whether the memory of each compiled program matters."""
    return any("temporaries" in requirement.compares for requirement in requires)


def hides_answer(requires: Sequence[Requirement]) -> bool:
    """Whether the answer is a value that must not be released."""
    return "answered" in views_of(requires)


def wrong(
    function: Callable[..., Any],
    title: str,
    *,
    rejected_by: str,
    advice: str,
    earns: float = 0.0,
) -> WrongAnswer:
    """List a wrong answer; see `WrongAnswer` for the arguments."""
    return WrongAnswer(function, title, rejected_by, advice, earns)


_collected: list[Exercise] | None = None


@contextlib.contextmanager
def collecting() -> Iterator[list[Exercise]]:
    """Collect every exercise and question that is specified inside, as when a master is loaded."""
    global _collected
    before, _collected = _collected, []
    try:
        yield _collected
    finally:
        _collected = before


def exercise(
    reference: Callable[..., Any],
    *,
    inputs: Callable[..., tuple[Any, ...]],
    requires: Sequence[Requirement] = (matches_reference(), grows_with_batch("not at all")),
    hints: Sequence[str] = (),
    explanation: str = "",
    another: str = "",
    wrong_answers: Sequence[WrongAnswer] = (),
    sizes: Sequence[Size] = (),
    public_sizes: Sequence[Size] = (),
    dtypes: Sequence[str] = ("float32",),
    meshes: Sequence[str] = (),
    in_specs: Sequence[Any] = (),
    equal_mutants: Mapping[str, str] | None = None,
) -> Exercise:
    """Specify one exercise; see `Exercise` for the arguments.

    For example::

        exercise(
            total,
            inputs=lambda rng, n: (rng.normal(size=(n, 3)),),
            hints=("Which axis counts the examples?",),
            wrong_answers=(
                wrong(
                    lambda x: x.sum(0),
                    "sums over the examples",
                    rejected_by="shape",
                    advice="Sum over axis 1.",
                ),
            ),
        )
    """
    usual = SIZES_ON_MESH if meshes else SIZES
    return collect(
        Exercise(
            reference.__name__,
            reference,
            inputs,
            tuple(requires),
            tuple(hints),
            explanation,
            another,
            tuple(wrong_answers),
            tuple(sizes) or usual[1],
            tuple(public_sizes) or usual[0],
            tuple(dtypes),
            tuple(meshes),
            tuple(in_specs),
            equal_mutants=dict(equal_mutants or {}),
        )
    )


def mistake(value: Any, title: str, *, advice: str) -> WrongAnswer:
    """List a wrong answer to a question.

    Args:
        value: the answer. For a question with numbers, also a function that computes it from them.
        title: the misconception; it completes "This looks like an answer that …".
        advice: what to try.
    """
    return WrongAnswer(value, title, answers_question.reason, advice)


def question(
    name: str,
    *,
    answer: Any,
    hints: Sequence[str] = (),
    explanation: str = "",
    mistakes: Sequence[WrongAnswer] = (),
    digits: int = 3,
    numbers: Callable[[np.random.Generator], Numbers] | None = None,
    variants: int = 32,
) -> Exercise:
    """Specify one question; the released data hold only digests of its answers.

    Args:
        name: the variable that the student assigns the answer to.
        answer: a string, a number, a boolean, or containers and arrays of them. With `numbers`, a
            function that computes it from them.
        hints: from a nudge to nearly the answer; usually three. With `numbers`, `{n}` stands for
            the number called n, here, in the explanation and in the advice of a mistake.
        explanation: Markdown, shown after passing.
        mistakes: usually two or more.
        digits: how many digits after the point count.
        numbers: draws numbers by name. Every student gets one of the variants, see `variants`, by
            calling `numbers(name)` in the notebook.
        variants: how many different sets of numbers are drawn.

    For example::

        question(
            "bytes_of_batch",
            numbers=lambda rng: {"n": rng.integers(10, 100)},
            answer=lambda n: 4 * n,
            mistakes=(mistake(lambda n: n, "counts numbers", advice="{n} numbers of 4 bytes."),),
        )
    """

    def asked(given: Numbers) -> Exercise:
        right, *wrong_ones = (
            _computed(value, given, name) for value in (answer, *(one.function for one in mistakes))
        )
        requirement = answers_question(_digest(right, name, digits), name, digits, in_words(given))
        return Exercise(
            name,
            right,
            lambda rng, n: (),
            (requirement,),
            tuple(filled(hint, given) for hint in hints),
            filled(explanation, given),
            "",
            tuple(
                replace(one, function=value, advice=filled(one.advice, given))
                for one, value in zip(mistakes, wrong_ones, strict=True)
            ),
            sizes=(8, 24),
            public_sizes=(4, 10),
            numbers=given,
            answer=answer if given else None,
        )

    if numbers is None:
        return collect(asked({}))
    if variants < 2:
        raise Problem(f"{name} has variants={variants}: write 2 or more, or leave out numbers=….")
    every = _with_others([asked(given) for given in draw(name, numbers, variants)], digits)
    first = replace(every[0], hints=tuple(hints), explanation=explanation)
    return collect(replace(first, variants=tuple(every)))


def _with_others(every: Sequence[Exercise], digits: int) -> list[Exercise]:
    """The variants of a question; each one knows what is right for other students.

    An answer that is a listed mistake for a student is that mistake, even if somebody else's
    numbers make it right.
    """
    requirements = [one.requires[0] for one in every]
    right = dict.fromkeys(one.digest for one in requirements if isinstance(one, answers_question))
    made = []
    for one, requirement in zip(every, requirements, strict=True):
        mistakes = {_digest(wrong.function, one.name, digits) for wrong in one.wrong_answers}
        others = tuple(digest for digest in right if digest not in mistakes)
        made.append(replace(one, requires=(replace(requirement, others=others),)))  # type: ignore[call-arg]
    return made


def _computed(value: Any, given: Numbers, name: str) -> Any:
    """An answer; if the question has numbers and it is a function of them, its result."""
    if not (given and callable(value)):
        return value
    try:
        return value(**given)
    except Exception as error:
        raise Problem(
            f"An answer of {name} cannot be computed for {in_words(given)}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _digest(answer: Any, name: str, digits: int) -> str:
    outcome = call(lambda: answer, ())
    if isinstance(outcome, Failure):
        raise Problem(f"The answer of {name} cannot be read: {outcome.message}")
    return digest_of(outcome, name, digits)


def collect(specification: Exercise) -> Exercise:
    """Add a specification to the list of `collecting`, if a master is being loaded."""
    if _collected is not None:
        _collected.append(specification)
    return specification
