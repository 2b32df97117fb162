"""What a large class costs: time, memory, and nbgrader's own share of it.

Run: uv run python benchmarks/large_class.py [SUBMISSIONS …]

Every submission is a copy of a fixture of tests/classroom/ that ends by itself, with a comment and
a variable name of its own. So no two notebooks have the same text, but the number of programs does
not grow. A second run, which finds every verdict in the cache, measures nbgrader's share.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

sys.path.insert(0, "tests")
import course_folder
from course_folder import ASSIGNMENT, CLASSROOM

ENDLESS = ("endless", "kills", "exits", "memory", "gigabyte")
"""Names of fixtures that run until a limit; they would take nearly all of the time."""


def bases(right):
    """The notebooks that submissions are made of."""
    for case in sorted(CLASSROOM.glob("*/")):
        if (case / "answers.py").exists() and not any(word in case.name for word in ENDLESS):
            yield nbformat.reads(course_folder.submission(case, right).decode(), 4)


def rewritten(base, number):
    """The same answers, with another comment and other names."""
    notebook = nbformat.from_dict(json.loads(json.dumps(base)))
    for cell in notebook.cells:
        if cell.cell_type == "code" and "def " in cell.source:
            renamed = re.sub(r"\brow\b", f"row_{number}", cell.source)
            cell.source = f"# number {number}\n{renamed}"
    return notebook


def autograde(folder, *options):
    """Seconds, and the highest memory in MiB of nbgrader's largest process."""
    begun = time.perf_counter()
    script = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"
    watched = (
        "import resource, subprocess, sys; "
        "status = subprocess.call([sys.executable, '-c', sys.argv[1], *sys.argv[2:]]); "
        "print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = subprocess.run(
        [sys.executable, "-c", watched, script, "autograde", ASSIGNMENT, *options],
        cwd=folder,
        env={**os.environ, "PATH": course_folder.path()},
        capture_output=True,
        text=True,
    )
    status, kilobytes = map(int, run.stdout.split()[-2:])
    assert status == 0, run.stderr[-3000:]
    return time.perf_counter() - begun, kilobytes / 1024


def main() -> None:
    counts = list(map(int, sys.argv[1:])) or [100, 1000]
    with tempfile.TemporaryDirectory() as temporary:
        release = course_folder.make(Path(temporary) / "release", seed=1)
        run = course_folder.nbgrader(release, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        notebooks = list(bases(course_folder.right_answers(release)))
        for count in counts:
            folder = shutil.copytree(release, Path(temporary) / str(count))
            for number in range(count):
                notebook = rewritten(notebooks[number % len(notebooks)], number)
                course_folder.submit(folder, f"s{number:05}", nbformat.writes(notebook).encode())
            first, memory = autograde(folder)
            programs = {
                verdict["program"]
                for record in course_folder.records(folder)
                for verdict in record["verdicts"].values()
            }
            print(
                f"{count:6} submissions, {len(programs)} distinct programs: {first:.0f} s, "
                f"{1000 * first / count:.0f} ms each; memory {memory:.0f} MiB",
                flush=True,
            )
            again, _ = autograde(folder, "--force")
            print(f"       nbgrader's own work {again:.0f} s, {again / first:.0%}", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
