"""The collectives of a compiled program, which the compiler may have put in itself.

They are read from the text of the compiled HLO module, see https://openxla.org/xla/operation_semantics.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "collective-permute", "all-to-all")
COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) .*\{$")
OPERATION = re.compile(r"^\s+(?:ROOT )?%[\w.-]+ = (.*?) ([a-z][a-z-]*)\(")
CALLED = re.compile(
    r"(?:body|condition|to_apply|calls|true_computation|false_computation)=%?([\w.-]+)"
)
BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
TURNS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
ARRAY = re.compile(r"(pred|[a-z]+?(\d+)\w*)\[([\d,]*)\]")


@dataclass
class _Computation:
    sent: list[tuple[str, int]] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)


def collectives(hlo: str, devices: int) -> dict[str, tuple[int, int]]:
    """How often each kind of collective runs, and the bytes that one device sends.

    Collectives in a loop count once per turn, or once if the turns are unknown; both branches of
    a conditional count. With an input of s bytes and n devices in a group: `all-reduce` sends
    2(n-1)s/n, as a ring does it; `all-gather` (n-1)s; `reduce-scatter` and `all-to-all` (n-1)s/n;
    `collective-permute` s.

    Args:
        hlo: the text of a compiled module, `compiled.as_text()`.
        devices: how many devices it was compiled for.
    """
    computations: dict[str, _Computation] = {}
    entry = ""
    current = _Computation()
    for line in hlo.splitlines():
        if header := COMPUTATION.match(line):
            current = computations.setdefault(header[2], _Computation())
            entry = header[2] if header[1] else entry
        elif operation := OPERATION.match(line):
            kind = operation[2].removesuffix("-start")
            if kind in KINDS:
                current.sent.append((kind, _sent(kind, operation[1], line, devices)))
            turns = TURNS.search(line) if kind == "while" else None
            branches = [part for text in BRANCHES.findall(line) for part in text.split(",")]
            for called in [*CALLED.findall(line), *branches]:
                current.calls.append((called.strip(" %"), int(turns[1]) if turns else 1))
    counts, sent = _total(entry, computations)
    return {kind: (counts[kind], sent[kind]) for kind in sorted(counts)}


def _total(name: str, computations: dict[str, _Computation]) -> tuple[Counter[str], Counter[str]]:
    counts: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    computation = computations.get(name, _Computation())
    for kind, size in computation.sent:
        counts[kind] += 1
        sent[kind] += size
    for called, times in computation.calls:
        for total, inner in zip((counts, sent), _total(called, computations), strict=True):
            total.update({kind: count * times for kind, count in inner.items()})
    return counts, sent


def _sent(kind: str, result: str, line: str, devices: int) -> int:
    size = sum(
        (int(digits or 8) * math.prod(int(n) for n in shape.split(",") if n)) // 8
        for _, digits, shape in ARRAY.findall(result)
    )
    if kind == "collective-permute":
        pairs = re.findall(r"\{(\d+),(\d+)\}", line.split("source_target_pairs=")[1])
        return size if any(source != target for source, target in pairs) else 0
    n = _group(line, devices)
    if kind == "reduce-scatter":
        return (n - 1) * size
    return (n - 1) * size * (2 if kind == "all-reduce" else 1) // n


def _group(line: str, devices: int) -> int:
    """How many devices are in a group; groups are written in one of three ways."""
    if listed := re.search(r"replica_groups=\{\{([\d,]*)\}", line):
        return len(listed[1].split(","))
    if counted := re.search(r"replica_groups=\[\d+,(\d+)\]<=", line):
        return int(counted[1])
    if named := re.search(r"replica_groups=mesh\[([^\]]*)\] \{([^}]*)\}", line):
        sizes = dict(re.findall(r"'(\w+)'=(\d+)", named[1]))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'(\w+)'", named[2]))
    return devices
