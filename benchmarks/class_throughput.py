"""The time to grade a class of right answers, against stock nbgrader, otter-grader and a minimum.

Run: uv run python benchmarks/class_throughput.py [SUBMISSIONS [OTTER]]

Stock nbgrader gets the same answers in the notebook that an instructor would write for it. Its
hidden tests assert the reference's results on the inputs of our grading. "distinct": no two
submissions share a program. "shared": each picks one of the two listed solutions to each exercise.
The minimum is to compile and run the distinct programs once, in one warm process: with XLA's
defaults, and with the runner's options.

OTTER is the `bin` of another environment, made with `pip install otter-grader ipykernel jax`. Its
`otter run` gets the distinct submissions with the same asserts.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import jupytext
import nbformat
import numpy as np

sys.path.insert(0, "tests")
import course_folder
from course_folder import ASSIGNMENT, NOTEBOOK, cell_of

from autograder.authoring import master
from autograder.judge import program, tree
from autograder.judge.references import expected_answers
from autograder.judge.specification import views_of
from autograder.judge.views import cases

SEED = 1
MASTER = master.load(Path(f"solutions/{ASSIGNMENT}/{NOTEBOOK}.py"))
FUNCTIONS = {name: spec for name, spec in MASTER.exercises.items() if not spec.is_question}
STOCK = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\n'
DISTINCT = """

plain_{name} = {name}


def {name}(*arguments):
    tiny = 1e-30 * {number}
    return jax.tree.map(
        lambda leaf: leaf + leaf * jnp.asarray(tiny, leaf.dtype), plain_{name}(*arguments)
    )
"""


def source_of(value):
    """A pytree of arrays as Python source."""
    if isinstance(value, dict):
        items = (f"{key!r}: {source_of(child)}" for key, child in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, tuple | list):
        children = "".join(f"{source_of(child)}, " for child in value)
        return f"({children})" if isinstance(value, tuple) else f"[{children}]"
    array = np.asarray(value)
    return f"np.array({array.tolist()}, np.{array.dtype.name})"


def asserts(spec):
    """The hidden tests of an exercise for stock nbgrader."""
    lines = ["### BEGIN HIDDEN TESTS", "import numpy as np"]
    draws = spec.draws(spec.sizes, seed=SEED)
    for draw, answer in zip(draws, expected_answers(spec, SEED, spec.sizes)["value"], strict=True):
        inputs = spec.draw(SEED, draw)
        arguments = source_of(tree.unflatten(inputs.skeleton, inputs.leaves))
        leaves = source_of(list(answer.leaves))
        lines.append(f"leaves = jax.tree.leaves({spec.name}(*{arguments}))")
        lines.append(f"for leaf, expected in zip(leaves, {leaves}, strict=True):")
        lines.append("    assert leaf.shape == expected.shape")
        lines.append("    np.testing.assert_allclose(leaf, expected, rtol=1e-4, atol=1e-5)")
    return "\n".join([*lines, "### END HIDDEN TESTS"])


def stock_course(folder):
    """The assignment as an instructor writes it for stock nbgrader."""
    notebook = nbformat.read(f"solutions/{ASSIGNMENT}/{NOTEBOOK}.ipynb", 4)
    for cell in notebook.cells:
        if not cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = cell.source.partition("### BEGIN HIDDEN TESTS")[0]
    for name, spec in MASTER.exercises.items():
        test = cell_of(notebook, f"check-{name}")
        test.source = f"assert {name} == {spec.reference!r}" if spec.is_question else asserts(spec)
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    nbformat.write(notebook, source / f"{NOTEBOOK}.ipynb")
    (folder / "nbgrader_config.py").write_text(STOCK)


def answers(number, distinct):
    """The source of each solution cell of one student."""
    cells = jupytext.read(MASTER.path).cells
    sources = {
        cell.metadata["solution"]: cell.source for cell in cells if "solution" in cell.metadata
    }
    for position, (name, spec) in enumerate(FUNCTIONS.items()):
        lines = sources[name].splitlines()
        sources[name] = "\n".join(line for line in lines if not line.strip().startswith("### "))
        if number >> position & 1:
            sources[name] = spec.another
        if distinct:
            sources[name] += DISTINCT.format(name=name, number=number + 1)
        sources[name] = f"# by student {number}\n{sources[name]}"
    return sources


def submit(folder, release, count, distinct):
    """Hand in `count` submissions made of the released notebook."""
    text = json.dumps(nbformat.read(folder / release / ASSIGNMENT / f"{NOTEBOOK}.ipynb", 4))
    for number in range(count):
        notebook = nbformat.from_dict(json.loads(text))
        for name, source in answers(number, distinct).items():
            cell_of(notebook, name).source = "\n".join(
                line for line in source.splitlines() if not line.strip().startswith("### ")
            )
        course_folder.submit(folder, f"student{number:05}", nbformat.writes(notebook).encode())


def autograde(folder):
    """Seconds of the command, from a cold start, and the scores."""
    begun = time.perf_counter()
    # The time limit of course_folder.run is too short for a class.
    run = subprocess.run(
        ["nbgrader", "autograde", ASSIGNMENT],
        cwd=folder,
        env={**os.environ, "PATH": course_folder.path()},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - begun
    assert run.returncode == 0, run.stderr[-3000:]
    scores = course_folder.scores(folder)
    return seconds, {
        student: sum(score.auto or 0 for score in by_cell.values())
        for student, by_cell in scores.items()
    }


def otter(folder, commands, course, count):
    """Seconds that `otter run` takes for the distinct submissions, and the points it gives them."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name, spec in FUNCTIONS.items():
        lines = [line for line in asserts(spec).splitlines() if not line.startswith("### ")]
        prompts = ["... " if line.startswith(" ") else ">>> " for line in lines]
        case = {"code": "\n".join(map("".join, zip(prompts, lines, strict=True))), "hidden": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": name, "points": 1, "suites": [suite]}
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}

    def run(*command):
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

    run("otter", "generate", "--no-environment", "-t", "tests", "-o", "autograder.zip")
    seconds, points = 0.0, set()
    for number in range(count):
        submitted = course / "submitted" / f"student{number:05}" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        notebook = nbformat.read(submitted, 4)
        notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("check-")]
        for cell in notebook.cells:
            cell.source = cell.source.replace("from autograder import check", "")
        nbformat.write(notebook, folder / "submission.ipynb")
        begun = time.perf_counter()
        run("otter", "run", "-a", "autograder.zip", "-o", ".", "submission.ipynb")
        seconds += time.perf_counter() - begun
        results = json.loads((folder / "results.json").read_text())["tests"]
        points.add(sum(result.get("score", 0) for result in results))
    return seconds, points


def programs(count):
    """Every distinct program, lowered, and its arguments."""
    for number in range(count):
        names = {"jax": jax, "jnp": jax.numpy}
        exec(_given_cells(), names)
        for source in answers(number, True).values():
            exec(source, names)
        for name, spec in FUNCTIONS.items():
            for case in cases(views_of(spec.requires), spec.draws(spec.sizes, seed=SEED)):
                if case.has_results() and not case.call:
                    inputs = spec.draw(SEED, case.draw)
                    yield program.lower(names[name], inputs, case), inputs.leaves


def minimum(lowered, options):
    """Seconds to compile and run each of them once, in this process."""
    begun = time.perf_counter()
    for exported, leaves in lowered:
        compiled = jax.jit(exported.call).lower(*leaves).compile(options)
        jax.block_until_ready(compiled(*leaves))
    return time.perf_counter() - begun


def _given_cells():
    cells = jupytext.read(MASTER.path).cells
    return "\n\n".join(cell.source for cell in cells if "given" in cell.metadata)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seconds, scores = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        for kind in ("stock", "distinct", "shared"):
            folder = Path(temporary) / kind
            folder.mkdir()
            if kind == "stock":
                stock_course(folder)
            else:
                course_folder.make(folder)
            run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
            assert run.returncode == 0, run.stdout
            submit(folder, "release" if kind == "stock" else "exercises", count, kind != "shared")
            seconds[kind], scores[kind] = autograde(folder)
            hour = 3600 * count / seconds[kind]
            ratio = seconds["stock"] / seconds[kind]
            result = f"{seconds[kind]:6.1f} s, {hour:7.0f} per hour, {ratio:.1f} times stock"
            print(f"{kind:9} {count} submissions: {result}", flush=True)
        if len(sys.argv) > 2:
            took, points = otter(
                Path(temporary) / "otter", sys.argv[2], folder.parent / "distinct", count
            )
            ratio = took / seconds["distinct"]
            print(f"otter run {count} submissions: {took:.1f} s, ours is {ratio:.1f} times as fast")
            print(f"  every one has {points} of {len(FUNCTIONS)} tests")
    same = scores["stock"] == scores["distinct"] == scores["shared"]
    print(f"the same scores: {same} ({set(scores['stock'].values())})")
    lowered = list(programs(count))
    jax.block_until_ready(jax.jit(lambda x: x + 1)(1.0))
    for how, options in (("XLA's defaults", None), ("the runner's options", program.ONCE)):
        bare = minimum(lowered, options)
        ratio = seconds["distinct"] / bare
        print(f"minimum: {len(lowered)} programs compiled and run with {how}: {bare:.1f} s")
        print(f"  distinct takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
