"""Draws graphs from top to bottom, in layers: each node is below the nodes that it depends on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDE, HIGH = 112, 62
"""The size of a node in pixels."""
NARROW, GAP, DROP = 26, 16, 46


@dataclass(frozen=True)
class Layout:
    """Where things are drawn, in pixels.

    Attributes:
        width: of the picture.
        height: of the picture.
        nodes: the middle of each node.
        edges: for each edge, in the order given, the points that it passes, in its direction.
    """

    width: int
    height: int
    nodes: Mapping[int, tuple[int, int]]
    edges: Sequence[Sequence[tuple[int, int]]]


@dataclass
class _Layers:
    """Nodes in layers; an edge that crosses a layer has its own place in that layer."""

    rows: list[list[int]] = field(default_factory=list)
    above: dict[int, list[int]] = field(default_factory=dict)
    below: dict[int, list[int]] = field(default_factory=dict)

    def put(self, item: int, row: int) -> None:
        while len(self.rows) <= row:
            self.rows.append([])
        self.rows[row].append(item)
        self.above[item], self.below[item] = [], []

    def join(self, upper: int, lower: int) -> None:
        self.above[lower].append(upper)
        self.below[upper].append(lower)

    def untangle(self) -> None:
        """Order each layer by the places of its neighbours, a few times down and up."""
        for turn in range(6):
            is_down = turn % 2 == 0
            rows = self.rows[1:] if is_down else self.rows[-2::-1]
            near = self.above if is_down else self.below
            for row in rows:
                places = {one: at / len(r) for r in self.rows for at, one in enumerate(r, 1)}
                means = {one: _mean(near[one], places, places[one]) for one in row}
                row.sort(key=means.__getitem__)


def layout(count: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Place nodes 0 … count-1; each edge leads from a node to one with a larger number."""
    depth = [0] * count
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        depth[end] = max(depth[end], depth[start] + 1)
    layers = _Layers()
    for node in range(count):
        layers.put(node, depth[node])
    passed: list[list[int]] = []
    crossing = count
    for start, end in edges:
        way = [start]
        for row in range(depth[start] + 1, depth[end]):
            layers.put(crossing, row)
            way.append(crossing)
            crossing += 1
        way.append(end)
        for upper, lower in itertools.pairwise(way):
            layers.join(upper, lower)
        passed.append(way)
    layers.untangle()

    def size(item: int) -> int:
        return WIDE if item < count else NARROW

    widths = [sum(map(size, row)) + GAP * (len(row) - 1) for row in layers.rows]
    width = max(widths) + 2 * GAP
    places = {}
    for number, row in enumerate(layers.rows):
        left = (width - widths[number]) // 2
        for item in row:
            places[item] = (left + size(item) // 2, 8 + HIGH // 2 + number * (HIGH + DROP))
            left += size(item) + GAP
    height = 16 + len(layers.rows) * (HIGH + DROP) - DROP
    points = [_points(way, places, passed) for way in passed]
    return Layout(width, height, {node: places[node] for node in range(count)}, points)


def _points(
    way: Sequence[int], places: Mapping[int, tuple[int, int]], ways: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """The points of an edge; edges that enter or leave the same node are drawn apart."""
    into = sorted((one for one in ways if one[-1] == way[-1]), key=lambda one: places[one[-2]])
    out = sorted((one for one in ways if one[0] == way[0]), key=lambda one: places[one[1]])
    end = next(at for at, one in enumerate(into) if one is way)
    start = next(at for at, one in enumerate(out) if one is way)
    (x0, y0), (x1, y1) = places[way[0]], places[way[-1]]
    first = (x0 + _share(start, len(out)), y0 + HIGH // 2)
    last = (x1 + _share(end, len(into)), y1 - HIGH // 2)
    crossed = [
        (x, y + shift) for x, y in map(places.get, way[1:-1]) for shift in (-HIGH // 2, HIGH // 2)
    ]
    return [first, *crossed, last]


def _share(place: int, count: int) -> int:
    return round(WIDE * 0.7 * ((place + 0.5) / count - 0.5))


def _mean(near: Sequence[int], places: Mapping[int, float], own: float) -> float:
    return sum(places[one] for one in near) / len(near) if near else own
