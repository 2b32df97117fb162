"""How long a student waits: for the first `check` in a kernel, for `autograder check` of each
assignment, for later checks, and for the start page of `autograder lab`.

Run: uv run python benchmarks/check_latency.py [first] [terminal] [warm] [lab]

Each number stands beside what it can be compared with: JAX's own start, nbgrader's Validate of the
same notebook, and plain `jupyter lab`. Without bytecode (`PYTHONDONTWRITEBYTECODE`) all that
imports takes longer. `lab` needs Chromium.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import lab_server  # noqa: E402
from masters import answered, catalogue, exercises  # noqa: E402

from autograder.student import progress  # noqa: E402

ASSIGNMENT = "05_vmap"
JAX_ALONE = "import jax\nimport jax.numpy as jnp\njax.jit(jnp.dot)(jnp.ones((3, 4)), jnp.ones(4))"
ROUNDS = 5


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_kernel(folder: Path, sources: list[str]) -> float:
    """How long the first cells of a fresh kernel take."""
    manager, client = start_new_kernel(cwd=str(folder), stderr=subprocess.DEVNULL)

    def run() -> None:
        for source in sources:
            reply = client.execute_interactive(source, output_hook=lambda message: None)
            assert reply["content"]["status"] == "ok", reply["content"]

    try:
        return seconds(run)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def first(folder: Path) -> None:
    """The first check in a kernel, imports included, at the first exercise that asks for code."""
    cells = [cell for cell in answered(ASSIGNMENT).cells if cell.cell_type == "code"]
    checks = [n for n, cell in enumerate(cells) if cell.source.startswith("check(") and n > 2]
    sources = [cell.source for cell in cells[: checks[0] + 1]]
    exercise = folder / "exercises" / ASSIGNMENT
    ours = statistics.median(in_kernel(exercise, sources) for _ in range(3))
    jax_alone = statistics.median(in_kernel(exercise, [JAX_ALONE]) for _ in range(3))
    print(f"first check in a kernel: {ours:.2f} s; JAX alone {jax_alone:.2f} s, "
          f"{ours / jax_alone:.1f} times that")  # fmt: skip


def terminal(folder: Path) -> None:
    """`autograder check` of every assignment, all answers right."""
    for assignment in sorted(path.name for path in (folder / "exercises").iterdir()):
        (path,) = (folder / "exercises" / assignment).glob("*.ipynb")
        nbformat.write(answered(assignment), path)
        ours = seconds(lambda path=path: run("autograder", "check", path, folder=folder))
        validate = seconds(lambda path=path: run("nbgrader", "validate", path, folder=folder))
        print(f"autograder check {assignment:16} {ours:5.1f} s; Validate {validate:5.1f} s, "
              f"{validate / ours:.1f} times that")  # fmt: skip


def run(*words: str | Path, folder: Path) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def warm(folder: Path) -> None:
    """Checks of every exercise in a process that has done some already."""
    from autograder.judge import meshes
    from autograder.student import learner

    meshes.simulate_devices()
    waits = []
    for spec in exercises():
        released = catalogue()[spec.name]
        times = []
        for _ in range(1 + ROUNDS):
            start = time.perf_counter()
            assert learner.examine(spec.reference, released).passed
            times.append(time.perf_counter() - start)
        print(f"{spec.name:24} first {times[0]:.2f} s   then {statistics.median(times[1:]):.2f} s")
        waits += times[1:]
    waits.sort()
    print(f"all, warm: median {statistics.median(waits):.2f} s, "
          f"95th percentile {waits[int(0.95 * len(waits))]:.2f} s")  # fmt: skip


def lab(folder: Path) -> None:
    """From the command to a drawn start page, in a browser that is open already."""
    waits = {}
    pages = {"autograder": "start.ipynb", "jupyter": "course/start.ipynb"}
    for command in (("autograder", "lab"), ("jupyter", "lab")):
        # The second time, since the first one writes settings into a new account.
        for _ in range(2):
            with lab_server.browser() as (page, _asked):
                start = time.perf_counter()
                with lab_server.served(folder, command) as address:
                    page.goto(f"{address}/lab/tree/{pages[command[0]]}?token=test")
                    page.wait_for_selector(".jp-Notebook .jp-Cell")
                    waits[command[0]] = time.perf_counter() - start
                    page.get_by_text("| Idle").wait_for()  # a kernel that starts cannot be ended
    print(f"autograder lab: {waits['autograder']:.1f} s; jupyter lab {waits['jupyter']:.1f} s, "
          f"{waits['jupyter'] / waits['autograder']:.1f} times that")  # fmt: skip


PARTS = {"first": first, "terminal": terminal, "warm": warm, "lab": lab}


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = lab_server.course(Path(temporary))
        os.environ[progress.VARIABLE] = str(folder / "progress.json")
        for name in sys.argv[1:] or PARTS:
            PARTS[name](folder)


if __name__ == "__main__":
    main()
