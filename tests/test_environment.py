"""The environment: environment.yml says the same as pyproject.toml, and all of it is compiled."""

import importlib.util
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_conda_environment_has_the_same_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = [
        *project["project"]["dependencies"],
        *(pin for extra in project["project"]["optional-dependencies"].values() for pin in extra),
        *project["dependency-groups"]["dev"],
    ]
    pins.remove("numpy-to-jax[classroom,cluster,postgresql,site]")
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert python == "python" + project["project"]["requires-python"]
    assert pip == "pip"
    assert packages["pip"] == [*pins, "--editable ."]


def test_what_is_installed_was_compiled_so_that_no_process_has_to():
    """A process in a jail cannot write bytecode; pip compiles by default, uv when it is told to."""
    found = importlib.util.find_spec("jax")
    assert Path(importlib.util.cache_from_source(found.origin)).exists(), "run `uv sync`"
