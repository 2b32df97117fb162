"""Following keys never goes wrong in a program of the course, where `anatomy` would hide it."""

import contextlib
import io

import corpus
import pytest
from masters import ROOT, loaded

from autograder.authoring import rehearsal
from autograder.authoring.build import masters
from autograder.judge import module, program
from autograder.judge.keys import KeyUse
from autograder.judge.views import Case

ASSIGNMENTS = [path.parent.name for path in masters(ROOT)]


def answers(home):
    """Every reference, second solution, wrong answer and answer of the corpus, as functions."""
    for spec in home.exercises.values():
        if not spec.is_question:
            yield spec, "reference", lambda spec=spec: spec.reference
            yield spec, "another", lambda spec=spec: rehearsal.defined(spec, spec.another)
            for wrong in spec.wrong_answers:
                yield spec, wrong.title, lambda wrong=wrong: wrong.function
    for one in corpus.of(home.assignment):
        spec = home.exercises[one.exercise]
        if not spec.is_question:
            yield spec, one.about, lambda spec=spec, one=one: rehearsal.defined(spec, one.code)


def programs(spec, about, answer):
    """What can be exported of an answer; of a reference with the largest size too."""
    first, *_, last = spec.draws(spec.sizes, seed=rehearsal.SEED)
    for draw in (first, last) if about == "reference" else (first,):
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            case = Case("value", draw)
            yield program.lower(answer(), spec.draw(rehearsal.SEED, draw), case)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_following_the_keys_of_an_answer_never_fails(assignment):
    (home,) = [one for one in loaded() if one.assignment == assignment]
    followed, failed = 0, []
    for spec, about, answer in answers(home):
        for lowered in programs(spec, about, answer):
            try:
                KeyUse(module.read(lowered.mlir_module_serialized))
            except Exception as error:
                failed.append(f"{spec.name}, {about}: {type(error).__name__}: {error}")
            followed += 1
    assert followed > len(home.exercises)
    assert failed == []
