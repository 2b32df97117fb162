"""Writes what was measured on a GPU into `course/measured/gpu.json`.

Run by benchmarks/on_gpu.sh: python benchmarks/on_gpu.py TESTS [DEVICE [SUBMISSIONS]]

TESTS is the JUnit file of `pytest -m gpu`. DEVICE is `cpu` to try the script without a GPU.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import jupytext
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

sys.path.insert(0, "tests")
import course_folder
from course_folder import ASSIGNMENT

from course.pictures import measured

TIMES = """import json
rows = {f"{name} {dtype}": row for (name, dtype), row in times.items()}
print(json.dumps({"sizes": list(sizes), "seconds": rows}))"""
ERRORS = """import json
print(json.dumps({name: cells[len(PLATFORMS)] for name, cells in rows.items()}))"""
KIND = """import json, os, jax
print(json.dumps([jax.devices()[0].device_kind, os.cpu_count()]))"""


def at_the_end_of(lesson, question):
    """Run a lesson with its own code, then this code; what that prints, as JSON."""
    notebook = jupytext.read(f"course/{lesson}.py")
    notebook.cells.append(new_code_cell(question))
    # Some cells of a lesson raise an exception on purpose.
    folder = {"metadata": {"path": "course"}}
    NotebookClient(notebook, timeout=600, allow_errors=True, resources=folder).execute()
    outputs = notebook.cells[-1].outputs
    assert [output.output_type for output in outputs] == ["stream"], outputs
    return json.loads(outputs[0].text)


def passed(tests):
    """By exercise, whether its reference passed on the GPU."""
    cases = ElementTree.parse(tests).iter("testcase")
    name = re.compile(r"test_every_exercise_on_a_gpu\[(.*)\]")
    return {
        found[1]: not (case.findall("failure") or case.findall("error"))
        for case in cases
        if (found := name.fullmatch(case.get("name"))) and not case.findall("skipped")
    }


def grade(device, count):
    """A class of right answers, judged on this device: its seconds, and how many got everything."""
    from class_throughput import autograde, submit  # slow: it loads the master

    with tempfile.TemporaryDirectory() as temporary:
        folder = course_folder.make(Path(temporary) / "course", seed=1, device=device)
        run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        submit(folder, "exercises", count, True)
        seconds, scores = autograde(folder)
    full = sum(score == max(scores.values()) for score in scores.values())
    return {"submissions": count, "seconds": seconds, "full": full}


def main() -> None:
    tests, *options = sys.argv[1:]
    device, count = [*options, *("gpu", "16")[len(options) :]]
    command = [sys.executable, "-c", KIND]
    kind, cores = json.loads(subprocess.check_output(command, text=True))
    found = {
        "gpu": kind,
        "machine": f"one {kind} and {cores} CPU cores ({os.uname().machine})",
        "versions": ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "numpy")),
        "times": at_the_end_of("03_jit_timing", TIMES),
        "errors": at_the_end_of("09_portability", ERRORS),
        "references": passed(tests),
        "class": grade(device, int(count)),
    }
    measured.GPU.parent.mkdir(exist_ok=True)
    measured.GPU.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{measured.GPU}: {found['machine']}, {found['versions']}; {found['class']}")


if __name__ == "__main__":
    main()
