"""What was measured on a GPU, for readers who have none; without measurements, nothing is shown.

`benchmarks/on_gpu.sh` writes the numbers into `course/measured/gpu.json`.
"""

import json
from pathlib import Path

GPU = Path(__file__).parent.parent / "measured" / "gpu.json"


def on_gpu():
    """The measurements, and the machine they belong to; empty if there are none."""
    return json.loads(GPU.read_text(encoding="utf-8")) if GPU.is_file() else {}


def print_times(*sizes):
    """Print the table of lesson 3 as it was measured on a GPU.

    Args:
        sizes: those to show; all that were measured by default.
    """
    if not (found := on_gpu()):
        return
    times = found["times"]
    places = [times["sizes"].index(n) for n in sizes or times["sizes"]]
    print(f"microseconds of a call on {found['machine']}, {found['versions']}")
    print(f"{'':16}" + "".join(f"{f'{n}×{n}':>12}" for n in sizes or times["sizes"]))
    for name, row in times["seconds"].items():
        print(f"{name:16}" + "".join(f"{1e6 * row[place]:12.1f}" for place in places))
    largest = {name: row[-1] for name, row in times["seconds"].items()}
    talk = largest["NumPy float64"] / largest["jit float32"]
    same = largest["NumPy float32"] / largest["jit float32"]
    print(f"NumPy / jit there: the talk's way {talk:.1f}, both float32 {same:.1f}")


def with_gpu(rows, columns):
    """The table of lesson 9, with a column for a GPU if there are measurements.

    Args:
        rows: by the name of a row, a tuple of (text, good) for each column.
        columns: the names of the columns.

    Returns:
        The rows and the columns.
    """
    if not (found := on_gpu()):
        return rows, columns
    unknown = ("not measured", True)
    wider = {
        name: [*cells, tuple(found["errors"].get(name, unknown))] for name, cells in rows.items()
    }
    return wider, (*columns, f"error on {found['gpu']}")
