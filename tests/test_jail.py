"""A jail runs any role by its name, passes on bytes that it cannot read, and says how it ended."""

import os
import signal

import pytest

from autograder.classroom import endings
from autograder.jail.jail import Jail
from autograder.jail.process import Ending, How, Limits
from autograder.jail.walls import Level
from autograder.judge.verdict import Status
from autograder.problem import Problem

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


WAITING_ROLE = """
import atexit, pathlib, time

folder = pathlib.Path({folder!r})


def prepare():
    atexit.register((folder / "taken apart").touch)
    while not (folder / "go on").exists():
        time.sleep(0.01)


def main(connection):
    from autograder.jail.frames import Begin, End

    connection.say(Begin("one"))
    connection.say(End("one", b"done"))
"""


def test_a_jail_that_was_begun_starts_beside_its_owner_and_ends_at_once(tmp_path):
    """Its roles are imported meanwhile; at its end, Python does not take them apart."""
    (tmp_path / "waiting_role_of_a_test.py").write_text(WAITING_ROLE.format(folder=str(tmp_path)))
    roles = {"any": "waiting_role_of_a_test:main"}
    found = {"PYTHONPATH": str(tmp_path)}
    with Jail(roles, Limits(), Level.PROCESS, environment=found) as jail:
        jail.begin()
        begun = jail.first_process
        jail.begin()
        (tmp_path / "go on").touch()  # it would wait for ever if `begin` waited for it
        assert jail.level is Level.PROCESS
        assert jail.run("any", b"", ["one"]) == {"one": b"done"}
        assert jail.first_process == begun
    assert not (tmp_path / "taken apart").exists()


def test_a_jail_that_was_begun_and_cannot_start_says_why():
    with Jail({"any": "no_such_module:main"}, Limits(), Level.PROCESS) as jail:
        jail.begin()
        with pytest.raises(Problem, match="No module named 'no_such_module'"):
            jail.level  # noqa: B018  (it waits for the start)


def test_a_jail_that_was_only_begun_can_be_closed(tmp_path):
    (tmp_path / "waiting_role_of_a_test.py").write_text(WAITING_ROLE.format(folder=str(tmp_path)))
    roles = {"any": "waiting_role_of_a_test:main"}
    with Jail(roles, Limits(), Level.PROCESS, environment={"PYTHONPATH": str(tmp_path)}) as jail:
        jail.begin()
    assert jail.first_process is None
