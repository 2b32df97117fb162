"""Questions with other numbers for every student: neighbours differ, and every step agrees."""

from __future__ import annotations

import itertools
import shutil
import unicodedata

import course_folder
import nbformat
import own_numbers
import pytest
from click.testing import CliRunner
from masters import ROOT
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader import utils
from own_numbers import ASSIGNMENT, NAME, NOTEBOOK, SAME

from autograder.authoring import course, faults, master, proof, release_data
from autograder.authoring.course import ClassEdition
from autograder.classroom.cache import Cache
from autograder.classroom.grader import Grader
from autograder.classroom.replay import replay
from autograder.classroom.roles import GradingJail
from autograder.cli import main
from autograder.jail.process import Limits
from autograder.judge.specification import mistake, question
from autograder.judge.variants import chosen, draw
from autograder.judge.verdict import Status
from autograder.problem import Problem
from autograder.student import check_file, learner, location, personal, progress, released

IDS = ("ada", "Ada", "grüße", "a b", "12345", "o'neil-smith.x")
SOLUTION = f'n, side = numbers("{NAME}")\n{NAME} = 4 * n * side**2'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A course with the example of the guide, built."""
    made = tmp_path_factory.mktemp("course")
    own_numbers.built(made)
    return made


@pytest.fixture(scope="module")
def spec(folder):
    return master.load(folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py").exercises[NAME]


@pytest.fixture(scope="module")
def jail():
    with GradingJail(Limits(seconds=10)) as made:
        yield made


@pytest.fixture
def notebook(folder, monkeypatch):
    """The variables of a notebook of a learner, on a computer that nobody knows."""
    for name in (personal.HUB, personal.EXCHANGE, "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(personal, "account", lambda: "laptop")
    monkeypatch.setenv(location.VARIABLE, str(folder / "solutions" / ASSIGNMENT))
    monkeypatch.setattr(personal, "TYPED", {})
    variables = {"__name__": "__main__"}
    exec("from autograder import check, hint, numbers", variables)
    return variables


@pytest.fixture
def in_class(notebook, folder, monkeypatch):
    """The same in a class, with the edition of the class."""
    monkeypatch.setenv(location.VARIABLE, str(folder / "exercises" / ASSIGNMENT))
    return notebook


def exercise_in(path):
    return released.read(check_file.read(path))[0]


def of_learners(folder):
    return exercise_in(folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.check")


def other_than(student, spec):
    """A student whose numbers, and whose answer, are others."""
    mine = spec.of(student)
    wrong = [one.function for one in mine.wrong_answers]
    return next(
        name
        for name in map(str, range(1000))
        if spec.of(name).reference not in (mine.reference, *wrong)
    )


def handed_in(*sources):
    head = "from autograder import check, numbers"
    return nbformat.from_dict(new_notebook(cells=[new_code_cell(one) for one in (head, *sources)]))


def test_the_variants_are_spread_over_a_class():
    class_ = [f"student{number}" for number in range(320)]
    counts = [sum(chosen(NAME, one, 32) == number for one in class_) for number in range(32)]
    assert min(counts) >= 1
    assert max(counts) <= 30
    # What somebody gets in one question says nothing about the next one.
    assert len({(chosen(NAME, one, 32) - chosen("other", one, 32)) % 32 for one in class_}) > 16


def test_what_was_released_with_another_numpy_is_graded_with_the_same_numbers():
    # NumPy may change what a generator draws. Then released numbers have to be kept another way.
    drawn = draw("q", lambda rng: {"n": rng.integers(99), "order": rng.permutation(4)}, 3)
    assert [(one["n"], *one["order"]) for one in drawn] == [
        (97, 3, 2, 1, 0),
        (66, 1, 2, 3, 0),
        (75, 0, 1, 2, 3),
    ]


def test_neighbours_have_different_numbers_and_different_answers(spec):
    answers = [spec.of(f"student{number}").reference for number in range(40)]
    pairs = list(itertools.combinations(answers, 2))
    assert sum(one == other for one, other in pairs) < 0.1 * len(pairs)


@pytest.mark.parametrize(
    ("folder_name", "typed"),
    [
        ("ada", " Ada "),
        ("Ada Lovelace", "ada lovelace"),
        ("grüße", unicodedata.normalize("NFD", "Grüße")),
        ("İnci", "i̇nci"),
        ("a\u00a0b", "a b"),
    ],
)
def test_a_name_may_be_typed_in_another_way_than_its_folder_is_written(folder_name, typed):
    assert all(chosen(f"q{n}", folder_name, 1000) == chosen(f"q{n}", typed, 1000) for n in range(9))


def test_a_name_that_utf_8_cannot_encode_has_numbers_too(spec):
    assert spec.of("a\udcff").numbers


@pytest.mark.parametrize("student", IDS)
def test_release_check_and_grade_agree(student, spec, folder, notebook, jail, capsys):
    for edition in ("solutions", "exercises"):
        one = exercise_in(folder / edition / ASSIGNMENT / f"{NOTEBOOK}.check")
        assert one.of(student).numbers == spec.of(student).numbers
    exec(SOLUTION.replace(f'"{NAME}"', f'"{NAME}", student={student!r}'), notebook)
    exec(f'check("{NAME}")', notebook)
    assert "✓ passed" in capsys.readouterr().out
    right = notebook[NAME]
    assert right == spec.of(student).reference
    grader = Grader({NAME: spec}, 1, jail)
    assert grader.grade(handed_in(f"{NAME} = {right}"), student)[NAME].passed
    assert grader.grade(handed_in(SOLUTION), student)[NAME].passed


def test_an_answer_for_another_student_says_so_and_earns_nothing(spec, folder, jail):
    other = spec.of(other_than("ada", spec)).reference
    graded = Grader({NAME: spec}, 1, jail).grade(handed_in(f"{NAME} = {other}"), "ada")[NAME]
    checked = learner.examine(other, of_learners(folder).of("ada"))
    for verdict in (graded, checked):
        assert (verdict.status, verdict.fraction) == (Status.WRONG, 0.0)
        (finding,) = verdict.findings
        numbers = ", ".join(f"{key} = {value}" for key, value in spec.of("ada").numbers.items())
        assert finding.message == (
            f"This answer is right for the numbers of another student. Yours are: {numbers}."
        )
        assert f'numbers("{NAME}", student="…")' in finding.advice


def test_a_listed_mistake_is_that_mistake_even_if_it_is_right_for_somebody_else():
    spec = question(
        "q",
        numbers=lambda rng: {"n": rng.integers(0, 4)},
        variants=4,
        answer=lambda n: n,
        mistakes=[mistake(lambda n: (n + 1) % 4, "counts from one", advice="Not from {n}.")],
    )
    for variant in spec.variants:
        (one,) = variant.requires
        wrong = variant.wrong_answers[0].function
        assert [other.requires[0].digest in one.others for other in spec.variants] == [
            other.reference != wrong for other in spec.variants
        ]
        assert variant.wrong_answers[0].advice == f"Not from {variant.numbers['n']}."


def test_hints_and_the_explanation_have_the_numbers_of_the_student(folder, spec):
    mine = of_learners(folder).of("ada")
    side = spec.of("ada").numbers["side"]
    assert mine.hints == spec.of("ada").hints
    assert f"One image has {side} × {side} numbers." in mine.hints
    texts = question(
        "q",
        numbers=lambda rng: {"n": rng.integers(9, 99)},
        answer=lambda n: n,
        explanation="{n} of {m} in {}",
    )
    assert texts.of("ada").explanation == f"{texts.of('ada').numbers['n']} of {{m}} in {{}}"
    assert texts.explanation == "{n} of {m} in {}"


def test_the_cache_does_not_mix_students(spec, jail):
    grader = Grader({NAME: spec}, 1, jail, cache=Cache())
    other = other_than("ada", spec)
    for cell in (SOLUTION, f"{NAME} = {spec.of('ada').reference}"):
        verdicts = {name: grader.grade(handed_in(cell), name)[NAME] for name in ("ada", other)}
        assert verdicts["ada"].passed
        assert verdicts[other].passed is (cell == SOLUTION)
        assert verdicts["ada"].program != verdicts[other].program
        again = grader.grade(handed_in(cell), "Ada ")[NAME]
        assert again == verdicts["ada"]


@pytest.mark.parametrize(
    "cell",
    [
        "def numbers(question, student=''):\n    return 20, 24\n",
        "import autograder\nautograder.numbers = numbers = lambda *_, **__: (20, 24)\n",
        "import autograder.student.personal as p\np._giver = lambda *_: dict(n=20, side=24)\n",
        "import autograder.judge.variants as v\nv.chosen = lambda *_: 0\n",
    ],
)
def test_a_notebook_that_redefines_numbers_changes_nothing_at_grading(cell, spec, jail):
    assert tuple(spec.of("ada").numbers.values()) != (20, 24)
    grader = Grader({NAME: spec}, 1, jail)
    verdict = grader.grade(handed_in(cell, f"{NAME} = 4 * 20 * 24**2"), "ada")[NAME]
    assert (verdict.status, verdict.fraction) == (Status.WRONG, 0.0)
    literal = f"{NAME} = {spec.of('ada').reference}"
    assert grader.grade(handed_in(cell, literal), "ada")[NAME].passed


def test_the_name_that_is_typed_changes_nothing_at_grading(spec, jail):
    other = other_than("ada", spec)
    typed = SOLUTION.replace(f'"{NAME}"', f'"{NAME}", student="{other}"')
    assert Grader({NAME: spec}, 1, jail).grade(handed_in(typed), "ada")[NAME].passed


def test_learners_on_their_own_type_nothing_and_are_told_whose_numbers_they_have(
    notebook, spec, capsys
):
    exec(f'{SOLUTION}\ncheck("{NAME}")\nhint("{NAME}")', notebook)
    output = capsys.readouterr().out
    n, side = spec.of("laptop").numbers.values()
    assert output.startswith(
        f"The numbers of laptop: n = {n}, side = {side}.\n"
        f'If you hand in under another name, add it: numbers("{NAME}", student="…").\n'
    )
    assert "✓ passed" in output
    assert notebook["numbers"](NAME).side == side


def test_in_a_class_a_guess_is_not_enough_and_one_sentence_says_so(in_class):
    in_class[NAME] = 3
    for cell in (f'numbers("{NAME}")', f'check("{NAME}")'):
        with pytest.raises(Problem) as caught:
            exec(cell, in_class)
        assert str(caught.value) == (
            f"{NAME} has other numbers for everybody in your class. Add the name under which you "
            f'hand in: numbers("{NAME}", student="…").'
        )
    exec(f'hint("{NAME}")', in_class)  # a hint may be for other numbers


@pytest.mark.parametrize(
    ("account", "variables", "student"),
    [
        ("grace", {personal.HUB: "Grace"}, "grace"),
        ("grace", {personal.HUB: "grace@uni.example"}, "grace"),
        ("jovyan", {personal.HUB: "grace"}, "grace"),
        ("grace", {personal.EXCHANGE: "/srv/exchange"}, "grace"),
    ],
)
def test_on_a_hub_and_with_an_exchange_nothing_is_typed_and_the_name_is_that_of_nbgrader(
    account, variables, student, in_class, spec, monkeypatch, capsys
):
    monkeypatch.setattr(personal, "account", lambda: account)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    exec(f'mine = numbers("{NAME}")', in_class)
    monkeypatch.setattr(utils, "get_osusername", lambda: account)
    assert utils.get_username().casefold() == student
    assert in_class["mine"]._asdict() == spec.of(student).numbers
    other = other_than(student, spec)
    capsys.readouterr()
    exec(f'numbers("{NAME}", student={student!r})', in_class)
    assert "Your account" not in capsys.readouterr().out
    exec(f'numbers("{NAME}", student={other!r})', in_class)
    assert capsys.readouterr().out.endswith("if you hand in from here, take student=… out.\n")


def test_a_name_that_was_typed_for_one_question_counts_for_the_others(in_class, spec, monkeypatch):
    monkeypatch.setitem(personal.TYPED, "another_question", "ada")
    exec(f'mine = numbers("{NAME}")', in_class)
    assert in_class["mine"]._asdict() == spec.of("ada").numbers
    exec(f'mine = numbers("{NAME}", student="grace")', in_class)
    assert in_class["mine"]._asdict() == spec.of("grace").numbers


def test_under_validate_the_numbers_of_a_typed_number_are_judged(in_class, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exec(SOLUTION.replace(f'"{NAME}"', f'"{NAME}", student=12345'), in_class)
    exec(f'check("{NAME}")', in_class)
    exec(SOLUTION.replace(f'"{NAME}"', f'"{NAME}", student="ada"'), in_class)
    exec(f'numbers("{NAME}", student=12345)', in_class)
    with pytest.raises(learner.NotPassed):
        exec(f'check("{NAME}")', in_class)


@pytest.mark.parametrize("question", ["bytes_of_bach", "memory", 3])
def test_a_name_that_is_no_such_question_is_one_sentence(question, notebook):
    with pytest.raises(Problem):
        notebook["numbers"](question)


def test_a_question_without_numbers_of_its_own_is_one_sentence(notebook, monkeypatch):
    monkeypatch.setenv(location.VARIABLE, str(ROOT / "solutions" / "05_vmap"))
    with pytest.raises(Problem, match="No question called fast_track_vmap has numbers of your own"):
        notebook["numbers"]("fast_track_vmap")


def test_a_class_without_digests_gets_only_the_numbers(folder, spec):
    edition = ClassEdition(check_questions=False)
    one = release_data.class_edition(of_learners(folder), edition)
    for variant, whole in zip(one.variants, spec.variants, strict=True):
        assert variant.numbers == whole.numbers
        (requirement,) = variant.requires
        assert (requirement.digest, requirement.others, variant.misconceptions) == ("", (), ())
    assert one.of("ada").is_noted
    assert learner.examine(3, one.of("ada")).passed


def test_a_file_without_variants_is_read_as_before(folder):
    old = exercise_in(ROOT / "tests" / "kept" / "vmap_of_0_1.check")
    assert old.of("ada") is old


def test_the_example_of_the_guide_holds_what_is_asked_of_it(folder):
    path = folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    assert faults.of_text(path, course.read(folder).exercises) == []
    claims = proof.claims(master.load(path), NAME)
    assert [str(claim) for claim in claims if not claim.holds] == []
    assert len(claims) == 32 * 5 + 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("bytes_of_batch = 4 * n", "bytes_of_batch = 3 * n"),
            "the answer “solution, for n = ",
        ),
        (
            ("lambda n, side: n * side**2", "lambda n, side: n * side**2 * (4 if n > 30 else 1)"),
            "should be answer, but is passed",
        ),
        (
            ("lambda n, side: 4 * n * side**2", "lambda n, side: 4 * (n > 25)"),
            "the answer “reference” should be the same for at most 25% of all pairs of students, "
            "but is the same for",
        ),
    ],
)
def test_prove_finds_what_is_wrong_for_some_students(change, words, tmp_path):
    path = own_numbers.write(tmp_path, change)
    claims = proof.claims(master.load(path), NAME)
    assert words in "\n".join(str(claim) for claim in claims if not claim.holds)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("rng.integers(20, 60)", "rng.integers(20, 22)"), "are only 12 different ones: draw them"),
        (("rng.integers(20, 60)", "1 / 0"), "cannot be drawn: ZeroDivisionError"),
        (("lambda n, side: 4 * n", "lambda n: 4 * n"), "cannot be computed for n = "),
        (
            ("    answer=lambda", "    variants=1,\n    answer=lambda"),
            "variants=1: write 2 or more",
        ),
        (('numbers("bytes_of_batch")', 'numbers("bytes")'), "has no question bytes with numbers="),
        (('"side":', '"of side":'), "Type names and field names must be valid identifiers"),
    ],
)
def test_a_mistake_of_the_author_is_one_sentence(change, words, tmp_path):
    with pytest.raises(Problem) as caught:
        master.load(own_numbers.write(tmp_path, change))
    assert words in str(caught.value)


def notebook_of(typed):
    """The solution of somebody who types this name; none if it is empty."""
    typed = f", student={typed!r}" if typed else ""
    return SOLUTION.replace(f'"{NAME}"', f'"{NAME}"{typed}')


def saved(folder, path, source):
    """The released notebook with this answer, in another folder, with the data beside it."""
    shutil.copytree(folder / "exercises" / ASSIGNMENT, path)
    file = path / f"{NOTEBOOK}.ipynb"
    content = nbformat.read(file, as_version=4)
    course_folder.cell_of(content, NAME).source = source
    course_folder.cell_of(content, SAME).source = f"{SAME} = {NAME} // (n * side**2)"
    nbformat.write(content, file)
    return file


@pytest.mark.parametrize(
    ("typed", "words", "status", "output"),
    [
        ("", (), 2, "Add the name under which it is handed in: --student NAME."),
        ("ada", (), 0, "2 of 2 passed."),
        ("ada", (SAME,), 0, f"✓ passed: {SAME}"),
        ("ada", ("--student", "grace"), 1, "right for the numbers of another"),
        ("", ("--student", "ada"), 0, "2 of 2 passed."),
    ],
)
def test_autograder_check_takes_the_name_in_the_notebook_or_that_of_the_option(
    typed, words, status, output, folder, spec, tmp_path, monkeypatch
):
    monkeypatch.delenv(personal.HUB, raising=False)
    monkeypatch.delenv(personal.EXCHANGE, raising=False)
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    monkeypatch.setenv("COLUMNS", "300")
    # The value is written out, as by somebody who computed it elsewhere.
    source = f"{notebook_of(typed)}\n{NAME} = {spec.of('ada').reference}"
    file = saved(folder, tmp_path / "work", source)
    result = CliRunner().invoke(main, ["check", str(file), *words])
    assert output in result.output
    assert result.exit_code == status


@pytest.mark.slow
def test_nbgrader_grades_validates_and_replays_with_the_same_numbers(folder, spec, tmp_path):
    made = shutil.copytree(folder, tmp_path / "course")
    shutil.rmtree(made / "exercises")
    run = course_folder.nbgrader(made, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    copier = other_than("a b", spec)  # hands in what "a b" does
    for student in ("ada", "Ada", "grüße", copier, "a b"):
        author = student.replace(copier, "a b")
        source = f"{notebook_of(author)}\n{NAME} = {spec.of(author).reference}"
        file = saved(made, made / "submitted" / student / ASSIGNMENT, source)
    variables = {progress.VARIABLE: str(tmp_path / "progress.json")}
    run = course_folder.run(made, "nbgrader", "validate", str(file), **variables)
    assert "Success" in run.stdout, run.stdout
    run = course_folder.nbgrader(made, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    records = course_folder.records(made)
    graded = {one["student"]: one["verdicts"][NAME] for one in records}
    assert {name for name, one in graded.items() if one["status"] != "passed"} == {copier}
    assert "right for the numbers of another student" in graded[copier]["message"]
    for student, name in (("grüße", NAME), (copier, NAME), ("a b", SAME)):
        again = replay(made, ASSIGNMENT, student, name)
        assert again.same
        assert again.verdict.passed is (student != copier)
    autograded = made / "autograded" / "grüße" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    assert "Every number needs 4 bytes" in autograded.read_text(encoding="utf-8")
