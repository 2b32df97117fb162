"""What `deploy/` says fits to the rest, and the installer says in one sentence what it lacks."""

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from masters import ROOT

from autograder.classroom import lab

HUB = ROOT / "deploy" / "jupyterhub"


def test_the_same_panels_are_off_for_students_as_for_learners():
    off = json.loads((HUB / "student" / "page_config.json").read_text())["disabledExtensions"]
    assert off == [f"@jupyter/nbgrader:{panel}" for panel in lab.INSTRUCTORS]


@pytest.mark.parametrize("who", ["student", "instructor"])
def test_nobody_is_shown_news(who):
    assert json.loads((HUB / who / "overrides.json").read_text()) == lab.SETTINGS["overrides.json"]


def test_the_page_names_files_that_exist():
    page = (HUB / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (HUB / target).exists(), target
    for name in re.findall(r"\bdeploy/[\w./-]*\w", page):
        assert (ROOT / name).exists(), name


def test_the_container_has_the_hubs_own_pins():
    file = (ROOT / "deploy" / "Dockerfile").read_text()
    assert "-r deploy/jupyterhub/requirements.txt" in file
    assert "==" not in file
    pins = (HUB / "requirements.txt").read_text()
    assert re.search(r"^jupyterhub==", pins, re.M)
    assert re.search(r"^uv==", pins, re.M)


def installed(*arguments, python=sys.executable):
    """The one sentence of an installation that fails."""
    ran = subprocess.run(
        ["sh", HUB / "install.sh", *arguments],
        env={**os.environ, "PYTHON": str(python)}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 1
    return ran.stderr


def test_a_wheel_that_is_missing_is_one_sentence(tmp_path):
    assert installed() == "Name the wheel: install.sh WHEEL [ENVIRONMENT].\n"
    assert installed(tmp_path / "no.whl").startswith(f"There is no wheel {tmp_path}/no.whl: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="without root, it says so first")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("teacher", "no-such-account"), "There is no account no-such-account: make it"),
        (("course =", "curse ="), "class.toml does not say `course`: compare it"),
        (('"', ""), "class.toml does not say `course`: compare it"),
    ],
)
def test_a_class_that_cannot_be_is_one_sentence(tmp_path, change, said):
    wheel, settings = tmp_path / "a.whl", tmp_path / "etc" / "jupyter" / "class.toml"
    wheel.touch()
    settings.parent.mkdir(parents=True)
    settings.write_text((HUB / "class.toml").read_text().replace(*change))
    words = installed(wheel, tmp_path)
    assert said in words
    assert words.count("\n") == 1
    assert not (tmp_path / "bin").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="without root, it says so first")
def test_a_python_for_root_only_is_one_sentence(tmp_path):
    python = tmp_path / "private" / "python"
    python.parent.mkdir(mode=0o700)
    python.symlink_to(sys.executable)
    (tmp_path / "a.whl").touch()
    settings = tmp_path / "etc" / "jupyter" / "class.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text((HUB / "class.toml").read_text().replace("teacher", "nobody"))
    assert "nobody cannot run" in installed(tmp_path / "a.whl", tmp_path, python=python)


def test_the_shipped_class_says_all_that_is_asked():
    about = tomllib.loads((HUB / "class.toml").read_text())
    assert set(about) == {"course", "instructor", "students", "shared"}
