"""What `nbgrader_config.py` says, of this course and of a new one."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from masters import ROOT
from traitlets.config.loader import PyFileConfigLoader

from autograder.cli import main

COURSES = ("this", "new")


@pytest.fixture(params=COURSES)
def config(request, tmp_path, monkeypatch):
    """The file, in a folder that is not the working one."""
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if request.param == "new":
        assert CliRunner().invoke(main, ["new", "course", "numerics"]).exit_code == 0
    else:
        (folder / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    monkeypatch.chdir(tmp_path)
    return folder / "nbgrader_config.py"


def read(path: Path):
    return PyFileConfigLoader(path.name, str(path.parent)).load_config()


def test_the_course_is_where_its_configuration_is(config, monkeypatch):
    monkeypatch.delenv("NBGRADER_EXCHANGE", raising=False)
    found = read(config)
    assert found.CourseDirectory.root == str(config.parent)
    assert found.Exchange.root == str(config.parent / "exchange")
    assert (config.parent / "exchange").is_dir()


def test_a_server_names_the_exchange_of_a_class(config, monkeypatch, tmp_path):
    monkeypatch.setenv("NBGRADER_EXCHANGE", str(tmp_path / "shared"))
    assert read(config).Exchange.root == str(tmp_path / "shared")
    assert not (config.parent / "exchange").exists()
