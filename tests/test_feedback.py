"""What a student may read of a verdict: nothing that was made where the secret inputs are."""

import ast
import inspect
import re
from dataclasses import replace

import numpy as np
import pytest
from hostile_class import MASTER
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import master
from autograder.classroom import claims, feedback, runner
from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge import calling, tree, vetting
from autograder.judge.tracing_errors import failure_of
from autograder.judge.verdict import Answer, Failure, Finding, Status, Verdict
from autograder.student.card import of_grade

SECRET = "0.1257302210933933"
LINES = {"raise ValueError(str(xs))", "return x[3]"}
LADDER = {"ladder": master.load(MASTER).exercises["ladder"]}


def shown(failure, lines=LINES):
    """What becomes of a failure of the exercise `row_sums`."""
    return feedback.without_secrets("row_sums", {"value": [failure]}, {}, lines)["value"][0]


@pytest.mark.parametrize("status", claims.HONEST)
@pytest.mark.parametrize("error", ["ValueError", "Inputs", f"E{SECRET}", "process ended", ""])
def test_no_field_of_a_failure_holds_what_the_process_wrote(status, error):
    made = shown(Failure(status, f"It is {SECRET}.", error, f"Try {SECRET}.", f"x = {SECRET}"))
    assert made.status is status
    assert not re.search(r"\d", str(made))
    assert made.error in ("", "ValueError", "process ended", feedback.OTHER)


def test_an_exception_is_told_by_its_class_and_its_line():
    made = shown(Failure(Status.ERROR, SECRET, "ValueError", "", "raise ValueError(str(xs))"))
    assert made.message == "It raised ValueError. `check` shows what it says."
    assert made.line == "raise ValueError(str(xs))"
    traced = shown(Failure(Status.ERROR, SECRET, "TracerBoolConversionError"))
    assert traced.message.startswith("An `if`, `while`, `and` or `not` asked for the truth")


def test_a_line_that_does_not_stand_in_the_notebook_is_not_told():
    assert shown(Failure(Status.ERROR, "", "ValueError", "", "return x[4]")).line == ""


def test_a_process_that_ended_does_not_tell_its_exit_status():
    made = shown(Failure(Status.ERROR, "It ended (exit status 77).", "process ended"))
    assert made.message == "It ended the Python process it ran in."


def test_sentences_of_ours_stay_without_what_the_program_has_in_them():
    refused = Failure(Status.NOT_ALLOWED, f"The program calls {SECRET}, which JAX does not.")
    assert shown(refused).message == "The program calls …, which JAX does not."
    other = Failure(Status.NOT_ALLOWED, f"The program calls {SECRET}.")
    assert shown(other).message == "The program is not allowed."
    missing = Failure(Status.MISSING, "There is nothing called row_sums.")
    assert shown(missing).message == missing.message
    assert shown(failure_of(NotImplementedError())).message == "Nothing has been written here yet."


def test_every_refusal_of_a_program_is_among_the_sentences():
    """A sentence that is missing there would be told as `The program is not allowed.`"""
    said = [text for module in (vetting, tree, runner, calling) for text in sentences(module)]
    assert len(said) >= 20
    assert [text for text in said if feedback._sentence(text, "") != text] == []


def sentences(module):
    """The literal sentences about programs in a module, `…` in place of what is filled in."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        parts = getattr(node, "values", [node] if isinstance(node, ast.Constant) else [])
        if isinstance(node, ast.JoinedStr | ast.Constant):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts
            )
            is_sentence = re.match(r"(The program|The function …|The result)\b.*[.?]$", text)
            if is_sentence and "for the student" not in text:
                yield text


@pytest.mark.parametrize("error", ["Inputs", "zero_point_one"])
def test_a_call_that_raises_is_told_by_a_class_that_is_known(error):
    facts = {"message": SECRET, "line": f"x = {SECRET}"}
    raised = Answer(f"raises {error}", (), (), facts)
    ((made,),) = feedback.without_secrets("f", {"called": [raised]}, {}, LINES).values()
    assert made.structure == f"raises {feedback.OTHER}"
    assert SECRET not in str(made.facts)
    expected = {"called": [Answer("raises Inputs", (), ())]}
    ((made,),) = feedback.without_secrets("f", {"called": [raised]}, expected, LINES).values()
    assert made.structure == f"raises {error if error == 'Inputs' else feedback.OTHER}"


def test_what_is_known_of_a_program_that_is_too_long_stays():
    long = "The program has more than 5,000 operations: is a Python loop unrolled that could be a "
    failure = Failure(Status.NOT_ALLOWED, f"{long}scan or a vmap?", facts={"growth": 3})
    assert shown(failure) == replace(failure, message=failure.message.replace("5,000", "…"))


def test_a_number_is_told_only_if_it_is_ours():
    told = Finding("traces", "It is traced 1257 times; 2 was to be had. The line: `x[3] = 41`")
    verdict = Verdict("f", Status.WRONG, (Finding("traces", "raw", "advice of the listed"),), "is")
    made = feedback.in_words_of(verdict, Verdict("f", Status.WRONG, (told,)), "at_most=2")
    assert made.findings[0].message == (
        "It is traced … times; 2 was to be had. The line: `x[3] = 41`"
    )
    assert made.findings[0].advice == "advice of the listed"


def test_what_a_limit_was_is_told():
    told = Finding("timeout", "It was still running after 20 seconds.")
    verdict = Verdict("f", Status.TIMEOUT, (told,))
    assert feedback.in_words_of(verdict, verdict, "").findings == (told,)


HIDING = {
    "in the text": "raise ValueError(str(xs))",
    "in the class": "raise type('E' + str(xs[0]), (Exception,), {})()",
    "in letters": "raise type(str(xs[0]).translate(LETTERS), (Exception,), {})('x')",
    "in a known class": "raise type('ValueError', (Exception,), {})(str(xs))",
    "in the keys of the result": "return {str(x): x for x in xs}",
    "in the exit status": "import os; os._exit(int(abs(xs[0]) * 200))",
    "in a line that is made": "exec(compile(f'{list(xs)}[9999]', 'x', 'exec'))",
}


@pytest.fixture(scope="module")
def jail():
    with GradingJail(Limits(seconds=10)) as jail:
        yield jail


@pytest.mark.parametrize("how", HIDING)
def test_secret_inputs_do_not_reach_the_student(how, jail):
    letters = "LETTERS = str.maketrans('0123456789.-', 'abcdefghijkl')"
    answer = f"def ladder(xs):\n    {HIDING[how]}"
    notebook = new_notebook(cells=[new_code_cell(letters), new_code_cell(answer)])
    spec = LADDER["ladder"]
    verdict = Grader(LADDER, 1, jail).grade(notebook)["ladder"]
    assert not verdict.passed
    assert verdict.status is not Status.GRADER_FAULT
    secrets = [spec.draw(1, draw).leaves[0] for draw in spec.draws(spec.sizes)]
    told = f"{verdict} {of_grade(verdict, 0, 1).text}".replace(HIDING[how], "")
    told = told.replace(verdict.program, "")
    digits = {f"{abs(x):.17g}"[2:6] for many in secrets for x in np.ravel(many)[:3]}
    shown_as_letters = {one.translate(str.maketrans("0123456789", "abcdefghij")) for one in digits}
    assert [one for one in digits | shown_as_letters if one in told] == []


def test_check_shows_what_an_exception_says():
    failure = failure_of(ValueError("cannot reshape"))
    assert "cannot reshape" in failure.message


def test_the_card_of_an_exercise_without_points_names_none():
    passed = Verdict("f", Status.PASSED, fraction=1.0)
    assert of_grade(passed, 0, 0).text == "✓ passed: f"
    assert of_grade(passed, 2, 2).text == "✓ passed: f, 2 of 2 points"
