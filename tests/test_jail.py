"""A jail runs any role by its name, passes on bytes that it cannot read, and says how it ended."""

import os
import signal

import pytest

from autograder.classroom import endings
from autograder.jail.jail import Jail
from autograder.jail.process import Ending, How, Limits
from autograder.jail.walls import Level
from autograder.judge.verdict import Status

ROLE = """
import os, signal
from autograder.jail.frames import Begin, End, Inside

prepared = 0


def prepare():
    global prepared
    prepared += 1


def main(connection):
    request = connection.request
    for step in ("one", "two"):
        if step in request.done:
            continue
        connection.say(Begin(step))
        if step == "two":
            exec(request.body)
        connection.say(End(step, b"%d %d" % (prepared, len(request.done))))
"""


@pytest.fixture(scope="module")
def jail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("role")
    (folder / "role_of_a_test.py").write_text(ROLE)
    limits = Limits(output_mib=1, answer_mib=1)
    roles = {"any": "role_of_a_test:main"}
    found = {"PYTHONPATH": str(folder)}
    with Jail(roles, limits, Level.PROCESS, environment=found) as jail:
        yield jail


def done(jail, code):
    return jail.run("any", code.encode(), ["one", "two"])


def test_a_role_is_prepared_once_and_does_its_steps(jail):
    assert done(jail, "pass") == {"one": b"1 0", "two": b"1 0"}


@pytest.mark.parametrize(
    ("code", "how", "status"),
    [
        ("os._exit(3)", How.ENDED, Status.ERROR),
        ("os.kill(os.getpid(), signal.SIGSEGV)", How.ENDED, Status.ERROR),
        ("os.write(1, bytes(2**22))", How.OUTPUT, Status.TOO_MUCH_OUTPUT),
        (r"os.write(connection._answers, b'\xff' * 8)", How.UNREADABLE, Status.NOT_ALLOWED),
        ("connection.say(End(step, bytes(2**21)))", How.UNREADABLE, Status.NOT_ALLOWED),
    ],
)
def test_how_a_process_ended_is_said_of_the_step_that_it_was_at(jail, code, how, status):
    results = done(jail, code)
    assert results["one"] == b"1 0"
    ending = results["two"]
    assert isinstance(ending, Ending)
    assert ending.how is how
    assert endings.failure(ending).status is status


def test_a_signal_is_told_by_its_name():
    ending = Ending(How.ENDED, status=signal.SIGSEGV)
    assert os.WIFSIGNALED(ending.status or 0)
    assert "(signal SIGSEGV)" in endings.failure(ending).message


@pytest.mark.parametrize("how", How)
def test_every_ending_has_a_sentence(how):
    failure = endings.failure(Ending(how, limit=3, why="its lengths are wrong"))
    assert failure.message.endswith(".")
    assert "3" in failure.message or how in (How.TOTAL, How.UNREADABLE, How.ENDED)
