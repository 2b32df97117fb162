"""What each isolation level costs per submission, as ratios measured in one run.

Run: uv run python benchmarks/jail_cost.py
"""

import contextlib
import statistics
import time
from pathlib import Path

import nbformat

from autograder.authoring import master
from autograder.classroom.grader import Grader
from autograder.classroom.messages import Cell, WorkerRequest
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.schema import encode

NOTEBOOK = Path("solutions/05_vmap/vmap.ipynb")
ROUNDS = 9
NOTHING = encode(WorkerRequest((Cell("cell", ""),), (), ("cell",), "cpu"))


def seconds(call, *arguments):
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def main() -> None:
    loaded = master.load(NOTEBOOK.with_suffix(".py"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    empty, whole, starts = ({level: [] for level in Level} for _ in range(3))
    with contextlib.ExitStack() as closing:
        jails = {
            level: closing.enter_context(GradingJail(Limits(), strongest=level)) for level in Level
        }
        for level, jail in jails.items():
            starts[level].append(seconds(lambda jail=jail: jail.level))
        available = [level for level, jail in jails.items() if jail.level is level]
        graders = {level: Grader(loaded.exercises, 0, jails[level]) for level in available}
        for grader in graders.values():
            grader.grade(notebook)
        # Every round measures all levels, so that a busy machine slows down all of them.
        for _ in range(ROUNDS):
            for level in available:
                empty[level].append(seconds(jails[level].run, "worker", NOTHING, ["cell"]))
                whole[level].append(seconds(graders[level].grade, notebook))
    print(f"medians of {ROUNDS} rounds; in brackets, as a multiple of process")
    print(f"{'level':10}{'start':>10}{'empty cell':>20}{'whole notebook':>20}")
    for level in available:
        line = f"{level:10}{starts[level][0]:8.2f} s"
        for measured in (empty, whole):
            median = statistics.median(measured[level])
            ratio = median / statistics.median(measured[Level.PROCESS])
            line += f"{median:10.3f} s ({ratio:4.2f})"
        print(line)
    for level in set(Level) - set(available):
        print(f"{level} is not available here: {' '.join(jails[level].weaker_because)}")


if __name__ == "__main__":
    main()
