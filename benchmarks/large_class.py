"""What a large class costs: time, memory, and nbgrader's own share of it.

Run: uv run python benchmarks/large_class.py [SUBMISSIONS …]

Every submission is one of the fixtures of tests/classroom/ that end by themselves, with a comment
of its own and its own names for variables, so that no two notebooks have the same text while the
programs are as many as the fixtures have. nbgrader's share is measured with a second run, which
finds every verdict in the cache.
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
"""What the fixtures have in their names that cost a limit, and would be all that is measured."""


def bases(right):
    """The notebooks that submissions are made of."""
    for case in sorted(CLASSROOM.glob("*/")):
        if (case / "answers.py").exists() and not any(word in case.name for word in ENDLESS):
            yield nbformat.reads(course_folder.submission(case, right).decode(), 4)


def mutated(base, number):
    """The same answers by another hand."""
    made = nbformat.from_dict(json.loads(json.dumps(base)))
    for cell in made.cells:
        if cell.cell_type == "code" and "def " in cell.source:
            renamed = re.sub(r"\brow\b", f"row_{number}", cell.source)
            cell.source = f"# number {number}\n{renamed}"
    return made


def autograde(folder, *options):
    """Seconds, and the memory in MiB of the largest of nbgrader's processes, at its largest."""
    begun = time.perf_counter()
    script = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"
    watched = (
        "import resource, subprocess, sys; "
        "done = subprocess.call([sys.executable, '-c', sys.argv[1], *sys.argv[2:]]); "
        "print(done, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watched, script, "autograde", ASSIGNMENT, *options],
        cwd=folder,
        env={**os.environ, "PATH": course_folder.path()},
        capture_output=True,
        text=True,
    )
    code, kilobytes = map(int, done.stdout.split()[-2:])
    assert code == 0, done.stderr[-3000:]
    return time.perf_counter() - begun, kilobytes / 1024


def main() -> None:
    counts = [int(one) for one in sys.argv[1:]] or [100, 1000]
    with tempfile.TemporaryDirectory() as temporary:
        release = course_folder.make(Path(temporary) / "release", seed=1)
        run = course_folder.nbgrader(release, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        made = list(bases(course_folder.right_answers(release)))
        for count in counts:
            folder = shutil.copytree(release, Path(temporary) / str(count))
            for number in range(count):
                notebook = mutated(made[number % len(made)], number)
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
