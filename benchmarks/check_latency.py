"""How long a student waits for `check`, against nbgrader's Validate of the same notebook.

Run: uv run python benchmarks/check_latency.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from autograder.judge import meshes
from autograder.student import learner

NOTEBOOK = Path("solutions/05_vmap/vmap.ipynb")


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    sys.path.insert(0, "tests")
    from masters import catalogue, exercises

    meshes.simulate_devices()
    waits = {}
    for spec in exercises():
        released = catalogue()[spec.name]

        def check(spec=spec, released=released):
            assert learner.examine(spec.reference, released).passed

        waits[spec.name] = [seconds(check) for _ in range(6)]
    validate = seconds(
        lambda: subprocess.run(["nbgrader", "validate", NOTEBOOK], check=True, capture_output=True)
    )
    warm = sorted(wait for rounds in waits.values() for wait in rounds[1:])
    median, slowest = statistics.median(warm), warm[int(0.95 * len(warm))]
    for name, (first, *others) in waits.items():
        print(f"{name:24} first {first:.2f} s   warm median {statistics.median(others):.2f} s")
    print(f"all, warm: median {median:.2f} s, 95th percentile {slowest:.2f} s")
    print(f"nbgrader validate: {validate:.1f} s, {validate / median:.0f} times one check")


if __name__ == "__main__":
    main()
