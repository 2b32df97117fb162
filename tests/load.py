"""A machine that has something else to do."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Run processes that take what they can get, and end whatever happens to this one.

    Where the system can do that, they share one processor with this thread and all that it starts,
    so that the tests that run beside this one have the others.
    """
    # They look now and then whether this process is there still.
    loop = f"import os\nwhile os.getppid() == {os.getpid()}: sum(range(10**6))"
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if allowed:
        os.sched_setaffinity(0, {max(allowed)})
    processes = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(count)]
    try:
        yield
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)
        for one in processes:
            one.kill()
            one.wait()
