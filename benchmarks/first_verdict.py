"""How long an instructor waits for the first verdict, and for a class whose verdicts are known.

Run: uv run python benchmarks/first_verdict.py

A class of 16 right submissions, each with one of the two listed solutions to each exercise.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from class_throughput import ASSIGNMENT, course_folder, submit

COUNT = 16


def autograde(folder, *options):
    """Seconds until the first verdicts are logged, and until the command has ended."""
    begun = time.perf_counter()
    command = ["nbgrader", "autograde", ASSIGNMENT, *options]
    environment = {**os.environ, "PATH": course_folder.path()}
    first = None
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as run:
        for line in run.stderr:
            if first is None and " passed" in line:
                first = time.perf_counter() - begun
    assert run.returncode == 0
    return first, time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = course_folder.make(Path(temporary) / "course")
        run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        submit(folder, "exercises", COUNT, False)
        first, _ = autograde(folder, "--student=student00000")
        print(f"the first submission's verdicts after {first:.1f} s")
        autograde(folder)
        first, seconds = autograde(folder, "--force")
        print(f"{COUNT} again, all known: {seconds:.1f} s, the first after {first:.1f} s")


if __name__ == "__main__":
    main()
