"""What grading one notebook costs, step by step, against executing it once in a kernel.

Run: uv run python benchmarks/grading_cost.py
"""

import time
from pathlib import Path

import jax
import nbformat
from jax import export
from nbclient import NotebookClient

from autograder.authoring import master
from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge import program
from autograder.judge.anatomy import dissect
from autograder.judge.specification import views_of
from autograder.judge.views import cases

NOTEBOOK = Path("solutions/05_vmap/vmap.ipynb")
ROUNDS = 5


class Stopwatch(dict):
    """The seconds that were spent, by name."""

    def time(self, name, call, *arguments):
        start = time.perf_counter()
        result = call(*arguments)
        if name == "run":
            jax.block_until_ready(result)
        self[name] = self.get(name, 0.0) + time.perf_counter() - start
        return result


def steps_of(spec, watch):
    """Take one answer through every step of worker and runner, in this process."""
    for case in cases(views_of(spec.requires), spec.draws(spec.sizes)):
        if case.call:
            continue  # a question's value has no program
        arguments = spec.draw(1, case.draw)
        leaves = arguments.leaves
        lowered = watch.time("export", program.lower, spec.reference, arguments, case)
        data = watch.time("serialise", lowered.serialize)
        exported = watch.time("deserialise", export.deserialize, data)
        watch.time("read facts", dissect, exported.mlir_module_serialized)
        lowered_again = watch.time("lower", jax.jit(exported.call).lower, *leaves)
        compiled = watch.time("compile", lowered_again.compile)
        watch.time("run", compiled, *leaves)


def main() -> None:
    loaded = master.load(NOTEBOOK.with_suffix(".py"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    watch = Stopwatch()
    for spec in loaded.exercises.values():
        steps_of(spec, watch)
    watch.clear()
    for _ in range(ROUNDS):
        jax.clear_caches()
        for spec in loaded.exercises.values():
            steps_of(spec, watch)
    print(f"{len(loaded.exercises)} exercises, seconds per notebook, in one process:")
    for name, seconds in watch.items():
        print(f"  {name:12} {seconds / ROUNDS:.2f}")

    with GradingJail(Limits()) as jail:
        Grader(loaded.exercises, 0, jail).grade(notebook)
        first, second = Stopwatch(), Stopwatch()
        for seed in range(1, ROUNDS + 1):
            grader = Grader(loaded.exercises, seed, jail)
            first.time("grade", grader.grade, notebook)
            second.time("grade", grader.grade, notebook)
    kernel = Stopwatch()
    for _ in range(2):
        client = NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=300)
        kernel.time("execute", client.execute)
    execute = kernel["execute"] / 2
    for name, seconds in (("first of a class", first), ("answer seen before", second)):
        each = seconds["grade"] / ROUNDS
        print(f"graded, {name}: {each:.2f} s, {execute / each:.1f} times as fast as nbclient")
    print(f"nbclient executes the notebook, with its own checks: {execute:.2f} s")


if __name__ == "__main__":
    main()
