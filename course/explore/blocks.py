"""Which device holds which block of an array, and what collectives do to the blocks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore.stage import Explorable, Scene, Step, at, if_it_fits
from course.pictures.shards import COSTS

COLLECTIVES = ("psum", "psum_scatter", "all_gather", "all_to_all", "ppermute")
DRAWN = 16  # entries of a block that are written out
MAPPED = 256  # entries of an array whose parts are drawn as maps


@dataclass(frozen=True)
class Block:
    """The block of an array that one device holds.

    Attributes:
        device: the number of the device.
        place: its coordinates in the mesh, such as `"x 0, y 1"`.
        values: the numbers that it holds.
        index: which part of the whole array this is; empty after a collective.
        sources: an array of the shape of `values`: the numbers of the devices that each entry came
            from, as bits.
        part: an array of the shape of the whole array: whether each entry is in this block.
    """

    device: int
    place: str
    values: np.ndarray
    index: str
    sources: np.ndarray
    part: np.ndarray | None = None


@dataclass(frozen=True)
class Layout:
    """An array as it is cut by a spec.

    Attributes:
        spec: the spec, as it is typed.
        blocks: one for each device, in the order of the mesh.
        error: JAX's message if the array cannot be cut this way.
    """

    spec: str
    blocks: tuple[Block, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Move:
    """The result of a collective on a layout.

    Attributes:
        name: one of `COLLECTIVES`.
        call: the call inside `shard_map`.
        blocks: one for each device.
        group: how many devices exchange blocks with each other.
        sent: the bytes that each device sends, by a formula.
        formula: the same as a formula of the bytes of its block.
        error: JAX's message if the call raises an error.
    """

    name: str
    call: str
    blocks: tuple[Block, ...] = ()
    group: int = 0
    sent: Fraction = Fraction(0)
    formula: str = ""
    error: str = ""


def mesh(
    array: jax.Array,
    mesh: Mesh,
    specs: Sequence[P],
    collectives: Sequence[str] = COLLECTIVES,
    over: Sequence[str] | None = None,
) -> Explorable:
    """Cut an array by the spec that the reader chooses, and apply the collective that they choose.

    Everything runs on the devices of the mesh. Only the numbers of bytes come from a formula.

    >>> line = jax.make_mesh((1,), ("x",))
    >>> mesh(jnp.arange(4.0), line, [P("x"), P()])  # doctest: +SKIP

    Args:
        array: an array of one or two axes.
        mesh: the devices.
        specs: the specs to offer.
        collectives: some of `COLLECTIVES`; none to show only the blocks.
        over: the axes of the mesh to offer for a collective; all by default.
    """
    title = "Blocks on a mesh"
    unknown = [name for name in collectives if name not in COLLECTIVES]
    missing = [axis for axis in over or () if axis not in mesh.axis_names]
    refused = (
        "Use a smaller mesh: at most 16 devices can be drawn." if mesh.devices.size > 16
        else f"`{unknown[0]}` is not one of {', '.join(COLLECTIVES)}." if unknown
        else f"The mesh has no axis `{missing[0]}`." if missing
        else ""
    )  # fmt: skip
    if refused:
        return Explorable(title, Scene([Step(refused)]))
    array = jnp.asarray(array)
    # Under explicit axes the same programs would need annotations.
    mesh = Mesh(mesh.devices, mesh.axis_names)
    axes = list(over) if over is not None else list(mesh.axis_names)
    named = {
        f"{name} over {axis}" if len(axes) > 1 else name: (name, axis)
        for axis in axes
        for name in collectives
    }
    scenes = {}
    for spec in specs:
        layout = cut(array, mesh, spec)
        if not named:
            scenes[(layout.spec,)] = _scene(mesh, layout, None)
            continue
        moves = {} if layout.error else moved(array, mesh, spec, named.values())
        for label, move in named.items():
            scenes[layout.spec, label] = _scene(mesh, layout, moves.get(move))
    choices = {"spec": [typed(spec) for spec in specs]}
    if named:
        choices["collective"] = list(named)
    about = f"An array of shape {array.shape} on {_devices(mesh)}. Choose how it is cut" + (
        ", and what the devices exchange." if named else "."
    )
    return if_it_fits(
        Explorable(title, scenes, choices, about),
        "Offer fewer specs or collectives, or use a smaller array.",
    )


def typed(spec: P) -> str:
    """A spec as it is typed in a program."""
    return f"P({', '.join(_typed_entry(entry) for entry in spec)})"


def _typed_entry(entry: Any) -> str:
    if isinstance(entry, tuple):
        return f"({', '.join(map(_typed_entry, entry))})"
    return "None" if entry is None else f'"{entry}"'


def cut(array: jax.Array, mesh: Mesh, spec: P) -> Layout:
    """Put an array on the mesh, and read from its shards which device holds which part."""
    try:
        put = jax.device_put(array, NamedSharding(mesh, spec))
    except Exception as error:
        return Layout(typed(spec), error=_in_one_line(error))
    shards = {shard.device.id: shard for shard in put.addressable_shards}
    blocks = []
    for number, (place, device) in enumerate(_placed(mesh)):
        shard = shards[device.id]
        values = np.asarray(shard.data)
        index = ", ".join(
            _slice(part, size) for part, size in zip(shard.index, array.shape, strict=True)
        )
        sources = np.full(values.shape, 1 << number)
        part = np.zeros(array.shape, bool)
        part[shard.index] = True
        blocks.append(Block(device.id, place, values, f"[{index}]", sources, part))
    return Layout(typed(spec), tuple(blocks))


def moved(
    array: jax.Array, mesh: Mesh, spec: P, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Move]:
    """Run collectives, each over an axis of the mesh, on the blocks of an array.

    Returns:
        for each collective and axis, its result. All of them run in one program, which is compiled
        once.
    """
    calls = {(name, axis): _call(name, axis, array, mesh, spec) for name, axis in wanted}
    errors = {}

    @jax.jit
    @partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=spec,
        out_specs=P(tuple(mesh.axis_names)),
        check_vma=False,
    )
    def run(block: jax.Array) -> dict[tuple[str, str], tuple[jax.Array, jax.Array]]:
        number = jnp.int32(0)
        for name in mesh.axis_names:
            number = number * mesh.shape[name] + jax.lax.axis_index(name)
        # A bit for each device: a sum has the bits of all that it was made of.
        mask = jnp.zeros(block.shape, jnp.int32) + (jnp.int32(1) << number)
        results = {}
        for key, (call, _) in calls.items():
            try:
                results[key] = call(block)[None], call(mask)[None]
            except Exception as error:
                errors[key] = _in_one_line(error)
        return results

    results = jax.device_get(run(jax.device_put(array, NamedSharding(mesh, spec))))
    shape = NamedSharding(mesh, spec).shard_shape(array.shape)
    size = math.prod(shape) * array.dtype.itemsize
    moves = {key: Move(key[0], calls[key][1], error=error) for key, error in errors.items()}
    for (name, axis), (values, sources) in results.items():
        blocks = tuple(
            Block(device.id, place, values[n], "", sources[n])
            for n, (place, device) in enumerate(_placed(mesh))
        )
        share, formula = COSTS[name](mesh.shape[axis])
        written = calls[name, axis][1]
        moves[name, axis] = Move(name, written, blocks, mesh.shape[axis], share * size, formula)
    return moves


WHAT = {
    "psum": "the blocks are added, and each device gets the whole sum",
    "psum_scatter": "the blocks are added, and each device gets one slice of the sum",
    "all_gather": "each device gets the blocks of all devices",
    "all_to_all": "each device cuts its block into slices, and sends one slice to each device",
    "ppermute": "each device sends its block to the next one",
}
ROUTES = {
    "psum": "if the devices pass parts on in a ring",
    "psum_scatter": "if the devices pass parts on in a ring",
    "all_gather": "if the devices pass blocks on in a ring",
    "all_to_all": "if each slice goes straight to its device",
    "ppermute": "if the block goes straight to its device",
}
"""How the bytes that `COSTS` counts travel."""


def _call(name: str, axis: str, array: jax.Array, mesh: Mesh, spec: P) -> tuple[Any, str]:
    """The collective as a function of a block, and as it is typed.

    Blocks are gathered along the axis that the mesh axis cuts, and split along another one if
    they can be.
    """
    n = mesh.shape[axis]
    entries = [entry if isinstance(entry, tuple) else (entry,) for entry in spec]
    along = next((k for k, entry in enumerate(entries) if axis in entry), 0)
    shape = NamedSharding(mesh, spec).shard_shape(array.shape)
    others = [k for k in range(array.ndim) if k != along and shape[k] % n == 0]
    split = others[0] if others else along
    lax = jax.lax
    if name == "psum":
        return lambda x: lax.psum(x, axis), f'psum(block, "{axis}")'
    if name == "psum_scatter":
        return (
            lambda x: lax.psum_scatter(x, axis, scatter_dimension=split, tiled=True),
            f'psum_scatter(block, "{axis}", scatter_dimension={split}, tiled=True)',
        )
    if name == "all_gather":
        return (
            lambda x: lax.all_gather(x, axis, axis=along, tiled=True),
            f'all_gather(block, "{axis}", axis={along}, tiled=True)',
        )
    if name == "all_to_all":
        return (
            lambda x: lax.all_to_all(x, axis, split, along, tiled=True),
            f'all_to_all(block, "{axis}", split_axis={split}, concat_axis={along}, tiled=True)',
        )
    pairs = [(k, (k + 1) % n) for k in range(n)]
    return lambda x: lax.ppermute(x, axis, pairs), f'ppermute(block, "{axis}", {pairs})'


def _in_one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    text = lines[0].split(" This error occurs at")[0]  # this file
    return f"{type(error).__name__}: {text}"


def _placed(mesh: Mesh) -> list[tuple[str, Any]]:
    """Where each device is in the mesh, and the device."""
    return [
        (", ".join(f"{name} {k}" for name, k in zip(mesh.axis_names, place, strict=True)), device)
        for place, device in np.ndenumerate(mesh.devices)
    ]


def _devices(mesh: Mesh) -> str:
    sizes = ", ".join(f"{size} along {name}" for name, size in mesh.shape.items())
    return f"{mesh.devices.size} devices: {sizes}"


def _slice(part: slice, size: int) -> str:
    start, stop, _ = part.indices(size)
    return ":" if (start, stop) == (0, size) else f"{start}:{stop}"


def _scene(mesh: Mesh, layout: Layout, move: Move | None) -> Scene:
    if layout.error:
        return Scene([Step(f"⚠ JAX raises an error. {layout.error}")])
    held: dict[str, list[int]] = {}
    for block in layout.blocks:
        held.setdefault(block.index, []).append(block.device)
    values = layout.blocks[0].values
    copies = len(layout.blocks) // len(held)
    holders = f"on {copies} devices" if copies > 1 else "on 1 device"
    words = (
        f"`{layout.spec}` cuts the array into {len(held)} blocks of shape {values.shape}, "
        f"{values.nbytes} bytes each. Each block is {holders}."
        if len(held) > 1
        else f"`{layout.spec}` does not cut the array. Each device has all of it, {values.nbytes} "
        "bytes."
    )
    steps = [Step(words, _drawn(mesh, layout.blocks), _written(layout.blocks))]
    if move is not None and move.error:
        steps.append(Step(f"`{move.call}`: ⚠ JAX raises an error. {move.error}"))
    elif move is not None:
        steps.append(Step(_moved(move, values), _drawn(mesh, move.blocks), _written(move.blocks)))
    return Scene(steps)


def _moved(move: Move, before: np.ndarray) -> str:
    """What the collective did, and what it costs."""
    shape = move.blocks[0].values.shape
    return (
        f"`{move.call}`: in each group of {move.group} devices, {WHAT[move.name]}. Afterwards a "
        f"device holds shape {shape}. It sends {move.formula} × {before.nbytes} = "
        f"{float(move.sent):g} bytes, {ROUTES[move.name]}. (This is a model, not a measurement.)"
    )


def _drawn(mesh: Mesh, blocks: tuple[Block, ...]) -> Markup:
    """The devices as they stand in the mesh, the last axis from left to right."""
    wide = mesh.devices.shape[-1]
    rows = [blocks[start : start + wide] for start in range(0, len(blocks), wide)]
    body = joined(html("<tr>{cells}</tr>", cells=joined(map(_device, row))) for row in rows)
    return html(
        '<div class="x-panel x-wide" role="group" aria-label="devices">'
        '<table class="x-cells x-mesh">{body}</table></div>',
        body=body,
    )


def _device(block: Block) -> Markup:
    pieces, side = _pieces(block)
    return html(
        '<td><div class="x-small">device {device}: {place}{index}</div>'
        "<div{side}>{pieces}</div></td>",
        device=block.device,
        place=block.place,
        index=html(" <b>{index}</b>", index=block.index) if block.index else "",
        side=Markup(' class="x-side"') if side else "",
        pieces=joined(pieces),
    )


def _pieces(block: Block) -> tuple[list[Markup], bool]:
    """What a device holds, cut where the origin changes; and whether the cuts are upright."""
    if block.part is not None and block.values.size > DRAWN and block.part.size <= MAPPED:
        return [_map(block.part, block.device)], False
    values, sources = _rows(block.values), _rows(block.sources)
    upright = bool((sources == sources[:1]).all()) and not bool((sources == sources[:, :1]).all())
    if upright:
        values, sources = values.T, sources.T
    starts = [k for k in range(len(sources)) if k == 0 or (sources[k] != sources[k - 1]).any()]
    ends = [*starts[1:], len(sources)]
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        part = values[start:end].T if upright else values[start:end]
        mask = int(sources[start, 0])
        pieces.append(_piece(_numbers(part), mask, "" if block.index else _origin(mask)))
    return pieces, upright


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1] if array.ndim else 1)


def _from(mask: int) -> list[int]:
    """The devices whose bits are set."""
    return [device for device in range(mask.bit_length()) if mask >> device & 1]


def _origin(mask: int) -> str:
    devices = _from(mask)
    if not devices:
        return "nothing was sent"
    which = ", ".join(map(str, devices))
    return f"from {which}" if len(devices) == 1 else f"sum of {which}"


def _piece(lines: list[str], mask: int, origin: str) -> Markup:
    """Numbers that came from the same devices; those of one device glide from where they were."""
    devices = _from(mask)
    return html(
        '<div class="x-slab"{at}>{lines}{origin}</div>',
        at=Markup(" ") + at(same=str(devices[0])) if len(devices) == 1 else "",
        lines=joined(lines, Markup("<br>")),
        origin=html(" <i>{origin}</i>", origin=origin) if origin else "",
    )


def _numbers(values: np.ndarray) -> list[str]:
    if values.size > DRAWN:
        return [f"shape {values.shape}"]
    texts = [[f"{value:g}" for value in row] for row in values.tolist()]
    width = max(len(text) for row in texts for text in row)
    return [" ".join(text.rjust(width) for text in row) for row in texts]


def _map(part: np.ndarray, device: int) -> Markup:
    """The whole array, with the entries of a part filled; its index says the same in words."""
    lines = ["".join("■" if held else "·" for held in row) for row in _rows(part)]
    return html(
        '<div class="x-slab x-map" aria-hidden="true" {at}>{lines}</div>',
        at=at(same=str(device)),
        lines=joined(lines, Markup("<br>")),
    )


def _written(blocks: tuple[Block, ...]) -> str:
    lines = []
    for block in blocks:
        small = block.values.size <= DRAWN
        held = str(block.values.tolist()) if small else f"shape {block.values.shape}"
        lines.append(f"device {block.device} ({block.place}) {block.index}: {held}")
    return "\n".join(lines)
