"""Start the course, or any other command in its environment, on a machine with Python and git.

    python3 start.py                     sets everything up and starts the course
    python3 start.py pytest              sets everything up and runs the tests
    python3 start.py COMMAND [ARGUMENT …]

It is `uv run COMMAND`, with the uv that is installed or, where there is none, with one of its own
in the folder `.uv`. A system's Python may refuse to install packages for everybody (PEP 668); a
folder of one's own is what that leaves. Any Python from 3.8 on can run this file: uv finds or
fetches one that is new enough for the course.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OWN = ROOT / ".uv"
NO_INSTALLER = """\
This Python has neither pip nor ensurepip, so uv cannot be installed. On Debian and Ubuntu run
`sudo apt install python3-venv`; elsewhere install uv (https://docs.astral.sh/uv/). Then run this
again."""
NOT_INSTALLED = """\
uv could not be installed; what pip says is above. Is the network there? Run this again, or install
uv yourself (https://docs.astral.sh/uv/)."""


def find_uv():
    """The path of a uv that works, or None."""
    for place in (os.environ.get("PATH", ""), str(OWN / "bin"), str(OWN / "Scripts")):
        uv = shutil.which("uv", path=place)
        # pyenv has a command for what is installed in any of its Pythons, not in this one alone.
        if uv and subprocess.run([uv, "--version"], capture_output=True).returncode == 0:
            return uv
    return None


def install_uv():
    """Put uv into the folder `.uv`; whether that went well."""
    print("Installing uv into", OWN, file=sys.stderr)
    options = ["install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", *options, "--target", str(OWN), "uv"]
    elif importlib.util.find_spec("ensurepip"):
        venv.create(OWN, with_pip=True, clear=True)
        scripts = OWN / ("Scripts" if os.name == "nt" else "bin")
        command = [str(scripts / "python"), "-m", "pip", *options, "uv"]
    else:
        sys.exit(NO_INSTALLER)
    return subprocess.call(command) == 0


def main():
    uv = find_uv()
    if uv is None:
        if not install_uv():
            sys.exit(NOT_INSTALLED)
        uv = find_uv()
    # pre-commit's hooks call uv too.
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), str(Path(uv).parent)])
    # A company's or a school's own certificates are in the system's store only.
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")
    command = [uv, "run", "--project", str(ROOT), *(sys.argv[1:] or ["autograder", "lab"])]
    if os.name == "posix":
        os.execv(uv, command)  # so that Ctrl-C is JupyterLab's
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main()
