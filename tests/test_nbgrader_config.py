"""What `nbgrader_config.py` says, of this course and of a new one."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from masters import ROOT
from nbgrader.plugins import BasePlugin, FileNameCollectorPlugin
from traitlets.config.loader import PyFileConfigLoader
from traitlets.utils.importstring import import_item

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


def test_every_line_that_is_offered_works(config):
    """A line that begins with `# c.` may be used by taking away the sign."""
    text = config.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("# c.")]
    assert len(lines) == 4
    for line in lines:
        option, path = re.fullmatch(r'# c\.(\w+\.\w+) = "(.+)"', line).groups()
        kind, method = {
            "ZipCollectApp.collector_plugin": (FileNameCollectorPlugin, "collect"),
            "AssignLatePenalties.plugin_class": (BasePlugin, "late_submission_penalty"),
        }[option]
        plugin = import_item(path)
        assert issubclass(plugin, kind)
        assert callable(getattr(plugin, method))
