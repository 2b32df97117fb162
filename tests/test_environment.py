"""environment.yml says the same as pyproject.toml."""

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
    pins.remove("numpy-to-jax[classroom,cluster,postgresql]")
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert python == "python" + project["project"]["requires-python"]
    assert pip == "pip"
    assert packages["pip"] == [*pins, "--editable ."]
