"""An answer as a StableHLO program: from leaves to leaves, exported, read and run.

Exporting needs only the abstract inputs; running needs no Python code of the student's.
See https://docs.jax.dev/en/latest/export/export.html.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jax
import numpy as np
from jax import export
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxlib.mlir.passmanager import PassManager

from autograder.judge import collectives, devices, meshes, vetting
from autograder.judge.anatomy import dissect
from autograder.judge.devices import CPU, Device
from autograder.judge.meaning import meaning
from autograder.judge.module import parse
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Failure, Outcome, Refusal, Status
from autograder.judge.vetting import MOST_OPERATIONS
from autograder.judge.views import Case, Draw
from autograder.problem import Problem, version

ONCE: dict[str, Any] = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Options for a CPU program that runs once, on small inputs: without them LLVM's optimisations take
most of the time. The passes that decide on fusion and memory stay the same."""
ONCE_UP_TO = 4000
"""The longest program, calls written out, that is compiled with `ONCE`: the emitters of JAX 0.10
follow a chain of operations on the stack, and 10,000 crash the process."""
MOST_TEMPORARIES = 2**28
"""The most bytes that the programs of a group may need together, besides arguments and results."""
if version(jax.__version__) < (0, 11):
    ONCE["xla_cpu_use_fusion_emitters"] = False  # later versions have one way to emit code


class ProgramTooLongError(Exception):
    """A program of more than `MOST_OPERATIONS`, calls written out: it may compile for minutes.

    The references of the course have 750 at most.
    """


@contextmanager
def quiet_debugging() -> Iterator[None]:
    """Make `jax.debug.print` and `jax.debug.callback` do nothing.

    A callback cannot be exported, and an answer that prints is still right.
    """

    def nothing(*args: Any, **kwargs: Any) -> None:
        return None

    with mock.patch.multiple(jax.debug, print=nothing, callback=nothing):
        yield


# `jax.enable_x64` on newer versions.
_x64: Any = getattr(jax if hasattr(jax, "enable_x64") else jax.experimental, "enable_x64")  # noqa: B009


@contextmanager
def _setting(draw: Draw, function: Any = None) -> Iterator[None]:
    """Trace and run with the draw's dtype and mesh."""
    with contextlib.ExitStack() as stack:
        if draw.dtype == "float64":
            stack.enter_context(_x64(True))
        if draw.mesh:
            # Under jit, device_put does not fix where its result lies, and set_mesh raises; run
            # eagerly they work.
            put = _constrained(jax.device_put, meshes.is_explicit(draw.mesh))
            names = getattr(inspect.unwrap(function), "__globals__", {})
            for original, replacement in ((jax.device_put, put), (jax.set_mesh, _set_mesh)):
                imported = [name for name, value in names.items() if value is original]
                stack.callback(names.update, dict.fromkeys(imported, original))
                names.update(dict.fromkeys(imported, replacement))
            stack.enter_context(mock.patch.multiple(jax, device_put=put, set_mesh=_set_mesh))
        yield


def _set_mesh(mesh: Mesh) -> contextlib.AbstractContextManager[Any]:
    return jax.sharding.use_abstract_mesh(mesh.abstract_mesh)


def _constrained(device_put: Callable[..., Any], is_explicit: bool) -> Callable[..., Any]:
    def put(x: Any, device: Any = None, **options: Any) -> Any:
        if is_explicit and isinstance(device, (NamedSharding, PartitionSpec)):
            return jax.sharding.reshard(x, device)
        if isinstance(device, NamedSharding):
            return jax.lax.with_sharding_constraint(x, device)
        return device_put(x, device, **options)

    return put


def lower(
    function: Callable[..., Any], arguments: Arguments, case: Case, platform: str = "cpu"
) -> export.Exported:
    """Export a view of `function` for arguments of these shapes and dtypes.

    The program takes the leaves of the arguments. Its result is the function's, as `tree.plain`
    writes it; in the view `as written`, only the leaves.

    Args:
        function: the answer; it is traced, not run.
        arguments: the leaves are arrays or `jax.ShapeDtypeStruct`s; only shape and dtype are used.
        case: the view and the draw.
        platform: the platform to lower for, unless the case has its own.

    Raises:
        Refusal: the result is too large.
        Exception: whatever the function raises while it is traced.
    """
    mesh = case.draw.mesh
    shardings = meshes.placements(mesh, arguments.specs) if mesh else [None] * len(arguments.leaves)
    abstract = tuple(
        jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype, sharding=place)
        for leaf, place in zip(arguments.leaves, shardings, strict=True)
    )
    # Without `keep_unused`, an argument that the answer ignores is dropped, and its mesh with it.
    shaped = dataclasses.replace(arguments, leaves=abstract)
    jitted, abstract_arguments = case.export.jitted(function, shaped, keep_unused=bool(mesh))
    with quiet_debugging(), meshes.context(mesh), _setting(case.draw, function):
        exported = export.export(jitted, platforms=case.platforms(platform))(*abstract_arguments)
    return case.export.plain(exported)


def anonymous(exported: export.Exported) -> export.Exported:
    """The same program without lines, files and names, which depend on who wrote it.

    The functions inside are numbered, except for threefry's, which `keys` finds by name.
    """
    module = parse(exported.mlir_module_serialized)
    with module.context:
        PassManager.parse("builtin.module(strip-debuginfo)").run(module.operation)
        module.operation.attributes["sym_name"] = ir.StringAttr.get("program")
        for number, function in enumerate(module.body.operations):
            if function.operation.name != "func.func":
                continue
            name = ir.StringAttr(function.attributes["sym_name"]).value
            if name != "main" and "threefry2x32" not in name:
                ir.SymbolTable.replace_all_symbol_uses(name, str(number), module.operation)
                ir.SymbolTable.set_symbol_name(function, str(number))
        # `jax.export` uses this requirement too.
        requirement = stablehlo.StablehloCompatibilityRequirement.WEEK_4
        version = stablehlo.get_version_from_compatibility_requirement(requirement)
        serialized = stablehlo.serialize_portable_artifact(module, version, True)
    return dataclasses.replace(exported, mlir_module_serialized=serialized, fun_name="program")


def read(exported: export.Exported, case: Case, device: Device = CPU, ties: bool = False) -> Answer:
    """Vet a program and read its facts; nothing of it is compiled.

    Args:
        exported: the program; it need not be trusted.
        case: the view and the draw that it was made for.
        device: where programs are run.
        ties: whether another view of the function has to be the same program.

    Returns:
        An answer without leaves. Its facts are those of `anatomy.Anatomy`, and
        size, again: those of the draw.
        platforms: the platforms of the program.
        digest: a hash of the program's bytes; if it is not `anonymous`, lines of code and names
            change it.
        meaning: see `meaning.meaning`; only with `ties`.

    Raises:
        Refusal: the program must not be run.
        Exception: it cannot be read.
    """
    mesh = case.draw.mesh
    count = meshes.size_of(meshes.shape(mesh)) if mesh else 1
    vetting.vet_exported(exported, count, case.platforms(device.platform))
    vetting.vet(exported.mlir_module_serialized)
    structure, paths = case.export.described(exported)
    facts = {
        **facts_of(case),
        "platforms": list(exported.platforms),
        "digest": hashlib.sha256(exported.mlir_module_serialized).hexdigest(),
        **dataclasses.asdict(dissect(exported.mlir_module_serialized)),
    }
    if ties:
        facts["meaning"] = meaning(exported)
    return Answer(structure, paths, (), facts, ran=not case.has_results())


def facts_of(case: Case) -> dict[str, Any]:
    """The facts of a case itself, which do not depend on its program."""
    return {"size": case.draw.size, "again": case.draw.again}


@dataclass(frozen=True)
class Unrun:
    """A program that was read and not rejected.

    Attributes:
        case: the view and the draw that it was made for.
        exported: the program.
        answer: what `read` returned for it.
        arguments: what it is run on.
    """

    case: Case
    exported: export.Exported
    answer: Answer
    arguments: Arguments

    @property
    def length(self) -> int:
        """How many operations it has, calls written out."""
        return int(self.answer.facts["written_out"])


def groups(unrun: Sequence[Unrun], apart: bool, device: Device = CPU) -> list[list[Unrun]]:
    """Group programs that are compiled as one: compiling costs as much as ten short programs.

    Long programs, and those on a mesh or on another device than a CPU, are alone in their group.

    Args:
        unrun: the programs.
        apart: whether each one is compiled alone, because its memory is measured.
        device: where they are run.
    """
    found: list[list[Unrun]] = []
    open_groups: dict[str, list[Unrun]] = {}
    for one in unrun:
        draw = one.case.draw
        group = open_groups.get(draw.dtype, [])
        is_short = sum(other.length for other in [*group, one]) <= ONCE_UP_TO
        if group and is_short and not (apart or draw.mesh or device.backend != "cpu"):
            group.append(one)
            continue
        found.append([one])
        if not draw.mesh:
            open_groups[draw.dtype] = found[-1]
    return found


def run(
    group: Sequence[Unrun],
    device: Device = CPU,
    ours: Callable[[bool], None] = lambda ours: None,
) -> dict[Case, Answer]:
    """Compile a group of programs as one, and run it.

    Args:
        group: the programs, see `groups`.
        device: where they are run.
        ours: called with False when the student's time begins, as the programs run, and with True
            when the grader's own time begins, before and after.

    Returns:
        The answers with their leaves, and with more facts:
        temporaries: bytes that the compiled program needs besides arguments and results; only if
            it is alone in its group.
        placement: for each result, which part each device of the mesh holds, see `meshes.blocks`;
            only on a mesh.
        collectives: see `collectives.collectives`; only on a mesh.

    Raises:
        ProgramTooLongError: one is too long to be compiled.
        Exception: whatever XLA raises.
    """
    length = sum(unrun.length for unrun in group)
    if length > MOST_OPERATIONS:
        raise ProgramTooLongError(f"{length} operations")
    draw = group[0].case.draw
    backend = meshes.backend(draw.mesh) if draw.mesh else device.backend
    options = ONCE if backend == "cpu" and length <= ONCE_UP_TO else None
    ours(True)
    with _setting(draw):
        compiled, inputs = _compiled(group, device, options)
        memory = compiled.memory_analysis()
        if len(group) > 1 and memory and memory.temp_size_in_bytes > MOST_TEMPORARIES:
            raise MemoryError  # one after the other may fit
        ours(False)
        results = jax.block_until_ready(compiled(*inputs))
        ours(True)
    facts: dict[str, Any] = {}
    if len(group) == 1:
        facts["temporaries"] = memory.temp_size_in_bytes if memory is not None else 0
    if draw.mesh:
        count = meshes.size_of(meshes.shape(draw.mesh))
        facts["placement"] = [meshes.blocks(leaf) for leaf in jax.tree.leaves(results)]
        facts["collectives"] = collectives.collectives(compiled.as_text(), count)
    return {
        unrun.case: dataclasses.replace(
            unrun.answer,
            leaves=tuple(map(np.asarray, jax.tree.leaves(result))),
            facts={**unrun.answer.facts, **facts},
            ran=True,
        )
        for unrun, result in zip(group, results, strict=True)
    }


def failure(error: Exception, case: Case) -> Failure:
    """Why a program could not be made, read or run."""
    if not isinstance(error, Refusal):
        return failure_of(error)
    if error.operations:
        facts = {"operations": error.operations, **facts_of(case)}
        return dataclasses.replace(failure_of(ProgramTooLongError()), facts=facts)
    return Failure(Status.NOT_ALLOWED, str(error))


@contextmanager
def recording_failure(case: Case, outcomes: dict[Case, Outcome]) -> Iterator[None]:
    """Turn an exception inside into a failure of the case; a problem of this machine is raised."""
    try:
        yield
    except Problem:
        raise
    except Exception as error:
        outcomes[case] = failure(error, case)


def by_view(outcomes_of_cases: Mapping[Case, Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each view, in the order of its cases."""
    outcomes: dict[str, list[Outcome]] = {}
    for case, outcome in outcomes_of_cases.items():
        outcomes.setdefault(case.view, []).append(outcome)
    return outcomes


def _compiled(
    group: Sequence[Unrun], device: Device, options: dict[str, Any] | None
) -> tuple[Any, Sequence[Any]]:
    """The programs of a group as one executable, and the leaves of each one's arguments."""
    mesh = group[0].case.draw.mesh
    inputs: Sequence[Any] = [unrun.arguments.leaves for unrun in group]
    shardings: dict[str, Any] = {}
    if mesh:
        places = [
            meshes.placements(mesh, unrun.arguments.specs, meshes.backend(mesh)) for unrun in group
        ]
        shardings["in_shardings"] = tuple(map(tuple, places))
    else:
        inputs = jax.device_put(inputs, devices.here(device))

    def call_each(*inputs: Any) -> list[Any]:
        return [unrun.exported.call(*leaves) for unrun, leaves in zip(group, inputs, strict=True)]

    return jax.jit(call_each, **shardings).lower(*inputs).compile(options), inputs
