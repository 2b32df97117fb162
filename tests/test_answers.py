"""Every answer of the corpus gets its verdict: from the grader on two seeds, and from `check`.

`pytest -m slow tests/test_answers.py -k pairwise` judges the answers to one exercise.
"""

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from corpus import corpus, notebooks, read
from masters import loaded

from autograder.classroom.grader import Grader
from autograder.jail.jail import Jail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.problem import Problem
from autograder.student import public, terminal

SEEDS = (20_261_130, 7)
ANSWERS = {
    f"{one.assignment}-{one.exercise}-{one.about.replace(' ', '_')}": one for one in corpus()
}
each = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@pytest.fixture(scope="session")
def verdicts(request):
    """The verdicts on an answer: of the gradings, and of `check`.

    A notebook holds answers to many exercises, so those that are tested are judged together.
    """
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    tested = {call.params.get("answer") for call in calls}

    @functools.cache
    def judged(assignment):
        chosen = [one for one in corpus() if one.assignment == assignment and one in tested]
        return _judged(assignment, chosen)

    return lambda answer: judged(answer.assignment)[answer]


def _judged(assignment, answers):
    (home,) = [one for one in loaded() if one.assignment == assignment]
    released = {name: public.catalogue()[name] for name in home.facts}
    with Jail(Limits()) as walled, Jail(Limits(), strongest=Level.PROCESS) as open_to_all:
        graders = [Grader(home.exercises, seed, walled) for seed in SEEDS]
        graders.append(terminal.grader(released, open_to_all))

        def judge(grader, filled):
            notebook, shown = filled
            asked = {one.exercise: grader.exercises[one.exercise] for one in shown}
            # All notebooks share what was made of the references.
            made = replace(grader, exercises=asked).grade(notebook)
            return {one: made[one.exercise] for one in shown}

        with ThreadPoolExecutor(2) as threads:
            each_of = itertools.product(graders, notebooks(assignment, answers))
            made = list(threads.map(lambda one: judge(*one), each_of))
    found = {one: [] for one in answers}
    for one, verdict in itertools.chain.from_iterable(many.items() for many in made):
        found[one].append(verdict)
    return {one: (many[:-1], many[-1]) for one, many in found.items()}


@pytest.mark.slow
@each
def test_an_answer_gets_its_verdict(answer, verdicts):
    graded, checked = verdicts(answer)
    if answer.is_right:
        assert [one.reason for one in (*graded, checked)] == ["passed"] * 3
        assert {one.fraction for one in (*graded, checked)} == {1}
    else:
        assert [one.reason for one in graded] == [answer.reason] * 2
        assert not checked.passed
    if answer.misconception:
        assert checked.lookalike == answer.misconception


@each
def test_an_answer_is_to_an_exercise_of_its_assignment(answer):
    (home,) = [one for one in loaded() if one.assignment == answer.assignment]
    assert answer.exercise in home.exercises
    titles = [wrong.title for wrong in home.exercises[answer.exercise].wrong_answers]
    assert answer.misconception in ("", *titles)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("x = 1", "it has nothing"),
        ('# %% right="f"\nf = 1', "it has right"),
        ('# %% wrong="f" about="a"\nf = 1', "without a reason"),
        ('# %% right="f" reason="values" about="a"\nf = 1', "it has right, reason, about"),
        ('# %% right="f" about="a"\ng = 1', "does not define f"),
        ('# %% right="f" about="a"\nf = (', "is not Python"),
        (2 * '# %% right="f" about="a"\nf = 1\n', "has two answers to f"),
    ],
)  # fmt: skip
def test_a_cell_in_another_form_is_refused_with_a_sentence(tmp_path, cell, words):
    path = tmp_path / "05_vmap.py"
    path.write_text(cell)
    with pytest.raises(Problem, match=words) as refusal:
        read(path)
    assert "05_vmap.py" in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_answers_of_one_notebook_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "05_vmap.py"
    path.write_text(
        '# %% right="pairwise" about="redefines norm"\nnorm = 1\npairwise = norm\n'
        '# %% right="column_norms" about="uses norm"\ncolumn_norms = norm\n'
        '# %% right="ensemble" about="stands alone"\nensemble = 1\n'
        '# %% right="ensemble" about="stands alone too"\nensemble = 2\n'
    )
    shown = [[one.about for one in many] for _, many in notebooks("05_vmap", read(path))]
    assert shown == [["redefines norm", "stands alone"], ["uses norm", "stands alone too"]]
