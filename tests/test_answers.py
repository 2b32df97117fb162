"""Every answer of the corpus gets its verdict: from the grader, and from `check`.

`pytest -m slow tests/test_answers.py -k pairwise` judges the answers to one exercise.
"""

import functools

import corpus
import jax
import pytest
import verdicts as table
from masters import loaded

from autograder.problem import Problem

SEEDS = (20_261_130,)
ASSIGNMENTS = [one.assignment for one in loaded()]
ANSWERS = {
    f"{one.assignment}-{one.exercise}-{one.about.replace(' ', '_')}": one
    for one in corpus.everything()
}
each = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@pytest.fixture(scope="session")
def verdicts(request):
    """The verdicts on an answer: of the gradings, and of `check`.

    A notebook holds answers to many exercises, so those that are tested are judged together.
    """
    calls = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    tested = {one for call in calls if isinstance(one := call.get("answer"), corpus.Answer)}
    whole = {call["corpus_of"] for call in calls if "corpus_of" in call}

    @functools.cache
    def judged(assignment):
        answers = corpus.of(assignment)
        chosen = [one for one in answers if one in tested or assignment in whole]
        return corpus.judged(assignment, chosen, SEEDS)

    return lambda answer: judged(answer.assignment)[answer]


@pytest.mark.slow
@each
def test_an_answer_gets_its_verdict(answer, verdicts):
    graded, checked = verdicts(answer)
    if answer.is_right:
        assert {one.reason for one in (*graded, checked)} == {"passed"}
        assert {one.fraction for one in (*graded, checked)} == {1}
    else:
        assert {one.reason for one in graded} == {answer.reason}
        assert {one.fraction for one in graded} == {answer.earns}
        assert not checked.passed
        assert not answer.earns or checked.fraction == answer.earns


@pytest.mark.slow
@pytest.mark.skipif(jax.__version__ != table.made_with(), reason="of another JAX")
@pytest.mark.parametrize("corpus_of", ASSIGNMENTS)
def test_the_table_says_what_the_answers_came_to(corpus_of, verdicts):
    checked = {one: verdicts(one)[1] for one in corpus.of(corpus_of)}
    written = table.written(corpus_of)
    assert table.of_answers(checked)[:2] == [written["right answers"], written["wrong answers"]]


@pytest.mark.slow
@pytest.mark.parametrize("corpus_of", ASSIGNMENTS)
def test_no_card_names_a_wrong_cause_or_says_nothing_that_helps(corpus_of, verdicts):
    checked = {one: verdicts(one)[1] for one in corpus.of(corpus_of)}
    *_, wrongly, _, unhelpful = table.of_answers(checked)
    assert (wrongly, unhelpful) == (0, 0)


@pytest.mark.parametrize("home", loaded(), ids=lambda home: home.assignment)
def test_every_answer_is_to_an_exercise_of_its_assignment(home):
    assert corpus.of(home.assignment)
    for answer in corpus.of(home.assignment):
        assert answer.exercise in home.exercises
        titles = [wrong.title for wrong in home.exercises[answer.exercise].wrong_answers]
        assert answer.misconception in ("", "none", *titles), answer.about


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("x = 1", "it has nothing"),
        ('# %% right="f"\nf = 1', "it has right"),
        ('# %% wrong="f" about="a"\nf = 1', "without a reason"),
        ('# %% wrong="f" reason="values" about="a" earns=1\nf = 1', "has earns=1;"),
        ('# %% wrong="f" reason="values" about="a" earns="0.5"\nf = 1', "has earns='0.5';"),
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
        corpus.read(path)
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
    shown = [
        [one.about for one in many] for _, many in corpus.notebooks("05_vmap", corpus.read(path))
    ]
    assert shown == [["redefines norm", "stands alone"], ["uses norm", "stands alone too"]]
