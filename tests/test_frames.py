"""What arrives from a process that is not trusted is a message or an error, nothing else."""

import os
import random
import threading

import pytest

from autograder.jail.frames import (
    Begin,
    Connection,
    End,
    FromProcess,
    Inside,
    Late,
    Ours,
    Reader,
    Ready,
    Request,
)
from autograder.schema import LENGTHS, MalformedError, encode

MESSAGES = [Inside(), Begin("ü"), Ours(True), Ready(), End("f", b"\0result"), End("", b"")]


def received(data, largest=2**20, piece=7):
    reader = Reader(FromProcess, largest)
    return [
        message
        for start in range(0, len(data), piece)
        for message in reader.feed(data[start : start + piece])
    ]


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_messages_come_as_they_were_sent(piece):
    assert received(b"".join(encode(one, FromProcess) for one in MESSAGES), piece=piece) == MESSAGES


def test_half_a_message_is_no_message():
    assert received(encode(Begin("f"), FromProcess)[:-1]) == []


@pytest.mark.parametrize("size", [LENGTHS.pack(2**32 - 1, 2**32 - 1), LENGTHS.pack(2, 2**21)])
def test_a_message_that_is_too_large_is_refused_before_it_has_come(size):
    with pytest.raises(MalformedError, match="larger than allowed"):
        received(size)


@pytest.mark.parametrize("message", [Request(b""), Late(b"")])
def test_what_only_the_jail_may_say_is_refused(message):
    with pytest.raises(MalformedError):
        received(encode(message, Request | Late))


def test_damaged_messages_are_messages_or_refused():
    data = b"".join(encode(one, FromProcess) for one in MESSAGES)
    refused = 0
    for seed in range(2000):
        generator = random.Random(seed)
        changed = bytearray(data)
        for _ in range(generator.choice([1, 1, 4])):
            changed[generator.randrange(len(data))] = generator.randrange(256)
        try:
            assert all(type(one) in map(type, MESSAGES) for one in received(bytes(changed)))
        except MalformedError:
            refused += 1
    assert refused > 500


def test_a_role_is_asked_and_answers():
    """It waits for its request, and gets the second part when it asks for it."""
    asked, ask = os.pipe()
    answers, answer = os.pipe()
    connection = Connection(asked, answer)

    def role():
        body = connection.request.body
        connection.say(Begin("f"))
        connection.say(Ours(False))
        connection.say(End("f", body + connection.late()))
        os.close(answer)

    thread = threading.Thread(target=role)
    thread.start()
    for message in (Request(b"one ", ("e",), ("d", "e")), Late(b"two")):
        os.write(ask, encode(message, Request | Late))
    thread.join(60)
    with open(answers, "rb") as file:
        assert received(file.read()) == [Begin("f"), Ours(False), Ready(), End("f", b"one two")]
    assert (connection.request.failed, connection.request.done) == (("e",), ("d", "e"))
    os.close(asked)
    os.close(ask)
