"""What the commands cost for which instructors and authors wait.

Run: uv run python benchmarks/commands.py [SUBMISSIONS [COMMAND …]]

A COMMAND is one of groups, report, replay, build, prove, new, help and slides; by default all.
Processor time is that of the command and of every process that it waited for. The class is that of
`large_class.py`; the course is a copy of this one.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

sys.path.insert(0, "tests")
import course_folder
from course_folder import ASSIGNMENT
from large_class import bases, rewritten

EXERCISE = "pairwise"
COURSE = ("course", "docs", "exercises", "slides", "solutions", "tests")


def measure(what, folder, *command):
    """Run a command, and print what it cost."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": course_folder.path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.returncode == 0, run.stdout
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what:44} {processor:6.1f} s of processor time, {wall:6.1f} s", flush=True)


def graded_class(folder, count):
    """A course folder with this many graded submissions."""
    course_folder.make(folder, seed=1)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    notebooks = list(bases(course_folder.right_answers(folder)))
    for number in range(count):
        notebook = rewritten(notebooks[number % len(notebooks)], number)
        course_folder.submit(folder, f"s{number:05}", nbformat.writes(notebook).encode())
    run = course_folder.run(folder, "nbgrader", "autograde", ASSIGNMENT, seconds=3600)
    assert run.returncode == 0, run.stdout
    return folder


def copied_course(folder):
    """A copy of this course, in which every file of the assignment is up to date."""
    for name in COURSE:
        shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
    shutil.copy("nbgrader_config.py", folder)
    run = course_folder.run(folder, "autograder", "build", ASSIGNMENT, seconds=3600)
    assert run.returncode == 0, run.stdout
    return folder


def main() -> None:
    count, *chosen = sys.argv[1:] or ["60"]

    def wanted(command):
        return not chosen or command in chosen

    with tempfile.TemporaryDirectory() as temporary:
        if any(map(wanted, ("groups", "report", "replay"))):
            graded = graded_class(Path(temporary) / "class", int(count))
            if wanted("groups"):
                measure(f"groups, {count} submissions", graded, "autograder", "groups", ASSIGNMENT)
                page = ("autograder", "groups", ASSIGNMENT, "--html=groups.html")
                measure("groups, as a page", graded, *page)
            if wanted("report"):
                measure(f"report, {count} submissions", graded, "autograder", "report", ASSIGNMENT)
            if wanted("replay"):
                again = ("replay", ASSIGNMENT, "s00000", EXERCISE)
                measure("replay, one exercise", graded, "autograder", *again)
        course = copied_course(Path(temporary) / "course") if wanted("build") else Path.cwd()
        if wanted("build"):
            build = ("autograder", "build", ASSIGNMENT)
            measure("build of one module, lesson unchanged", course, *build)
            with (course / "course" / f"{ASSIGNMENT}.py").open("a", encoding="utf-8") as lesson:
                lesson.write("\n# %%\nprint('one more cell')\n")
            measure("build of one module, lesson changed", course, *build)
        if wanted("prove"):
            prove = ("autograder", "prove", ASSIGNMENT, EXERCISE)
            measure("prove, one exercise", course, *prove)
        if wanted("new"):
            new = ("autograder", "new", "course", "numerics")
            (begun := Path(temporary) / "new").mkdir()
            measure("new course", begun, *new)
        if wanted("help"):
            measure("--help", course, "autograder", "--help")
        if wanted("slides"):
            measure("slides", course, "autograder", "slides")


if __name__ == "__main__":
    main()
