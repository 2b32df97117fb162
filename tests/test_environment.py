"""The environment: conda's files say the same as pyproject.toml, and all of it is compiled."""

import importlib.util
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
EVERYTHING = [*EXTRAS.values(), *PROJECT["dependency-groups"].values()]


@pytest.mark.parametrize(
    ("file", "name", "groups"),
    [
        ("environment.yml", "numpy-to-jax", [EXTRAS["lab"], EXTRAS["stack"]]),
        ("environment-dev.yml", "numpy-to-jax-dev", EVERYTHING),
    ],
)
def test_a_conda_environment_has_the_pins_of_the_project(file, name, groups):
    wanted = [
        pin
        for group in (PROJECT["project"]["dependencies"], *groups)
        for pin in group
        if not pin.startswith("numpy-to-jax[")  # the other groups, which are there already
    ]
    environment = yaml.safe_load((ROOT / file).read_text())
    python, pip, packages = environment["dependencies"]
    assert environment["name"] == name
    assert python == "python" + PROJECT["project"]["requires-python"]
    assert pip == "pip"
    assert packages["pip"] == [*wanted, "--editable ."]


def test_all_of_the_projects_extras_are_in_the_environment_of_developers():
    (own,) = (pin for pin in PROJECT["dependency-groups"]["dev"] if pin.startswith("numpy-to-jax["))
    asked = set(own.partition("[")[2].rstrip("]").split(","))
    reached = {pin.partition("[")[2].rstrip("]") for name in asked for pin in EXTRAS[name]}
    assert EXTRAS.keys() <= asked | reached


def test_learners_install_no_tool_of_instructors_or_developers():
    names = {pin.partition("=")[0] for pin in EXTRAS["lab"]}
    assert not names & {
        "nbgrader",
        "distributed",
        "psycopg[binary]",
        "pytest",
        "playwright",
        "ruff",
    }


def test_what_is_installed_was_compiled_so_that_no_process_has_to():
    """A process in a jail cannot write bytecode; pip compiles by default, uv when it is told to."""
    found = importlib.util.find_spec("jax")
    assert Path(importlib.util.cache_from_source(found.origin)).exists(), "run `uv sync`"
