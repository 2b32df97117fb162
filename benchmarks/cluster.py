"""What each worker of a Dask cluster adds on one machine, and what its scheduler costs.

Run: uv run --extra cluster python benchmarks/cluster.py [SUBMISSIONS [WORKERS …]]

A class without two equal programs, as in `class_throughput.py`, is graded without a cluster, and
then on clusters of 1, 2 and 4 local workers with one thread each. The times are of the whole
command, from a cold start; scheduler and workers have been started before. Processor time shows
what is spent on waiting machines too: that of the command, of the workers with their jails, and of
the scheduler.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from distributed import Client

sys.path.insert(0, "tests")
sys.path.insert(0, "benchmarks")
import course_folder
from class_throughput import submit
from course_folder import ASSIGNMENT


def processor_time(root):
    """Seconds of processor time that this process has used, and all below it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(root)
        family = [top, *top.children(recursive=True)]
        return sum(map(own_time, family))
    return 0.0


def own_time(process):
    """That of one process, with its children that have ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(process.cpu_times()[:4])
    return 0.0


class Cluster:
    """A scheduler and workers on this machine, each in a process; a context manager."""

    def __init__(self, folder, workers):
        self.folder, self.count = folder, workers
        self.processes = []

    def start(self, program, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        run = subprocess.Popen([*command, "--no-dashboard"], cwd=self.folder, **quiet)
        self.processes.append(run)

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(port))
        options = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny")
        for _ in range(self.count):
            self.start("worker", self.address, *options)
        with Client(self.address, timeout=120) as client:
            client.wait_for_workers(self.count, timeout=120)
        self.before = list(map(processor_time, self.pids))
        return self

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def used(self):
        """Processor time since the start: of the scheduler, and of all workers."""
        pairs = zip(map(processor_time, self.pids), self.before, strict=True)
        scheduler, *workers = [after - before for after, before in pairs]
        return scheduler, sum(workers)

    def __exit__(self, *error):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()


def autograde(folder, *options):
    """Seconds of the command, and its own processor time, with its jail's if it has one."""
    begun = time.perf_counter()
    # `wait4` does not count the jail: what a killed child has used is nobody's.
    run = subprocess.Popen(
        ["nbgrader", "autograde", ASSIGNMENT, *options],
        cwd=folder,
        env={**os.environ, "PATH": course_folder.path()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    used = 0.0
    while run.poll() is None:
        used = max(used, processor_time(run.pid))
        try:
            _, said = run.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
    assert run.returncode == 0, said[-3000:]
    return time.perf_counter() - begun, used


def main() -> None:
    count, *workers = [*map(int, sys.argv[1:])] or [60]
    with tempfile.TemporaryDirectory() as temporary:
        release = course_folder.make(Path(temporary) / "release", seed=1)
        run = course_folder.nbgrader(release, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        submit(release, "exercises", count, True)

        def graded(name, *options):
            folder = shutil.copytree(release, Path(temporary) / name)
            seconds, used = autograde(folder, *options)
            return seconds, used, course_folder.scores(folder)

        alone, used, scores = graded("alone")
        print(f"{count} submissions without a cluster: {alone:.1f} s, {used:.0f} s of processor")
        for number in workers or [1, 2, 4]:
            with Cluster(temporary, number) as cluster:
                option = f"--GradingRun.cluster={cluster.address}"
                seconds, used, found = graded(str(number), option)
                scheduler, below = cluster.used()
            assert found == scores
            print(
                f"{number} worker{'s' * (number > 1)}: {seconds:.1f} s, "
                f"{alone / seconds:.2f} times as fast; processor: command {used:.0f} s, "
                f"workers {below:.0f} s, scheduler {1000 * scheduler / count:.0f} ms a submission",
                flush=True,
            )
        print("every run gave the same scores")


if __name__ == "__main__":
    main()
