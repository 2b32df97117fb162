"""nbgrader's configuration for everybody on the server; the course's own is read after it."""

import os
import tomllib
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader defines it)

about = tomllib.loads(Path(__file__).with_name("class.toml").read_text(encoding="utf-8"))
exchange = f"{about['shared']}/exchange"
course = Path.home() / about["course"]

c.CourseDirectory.course_id = about["course"]
c.Exchange.root = exchange
os.environ["NBGRADER_EXCHANGE"] = exchange  # for the course's own configuration
if (course / "nbgrader_config.py").is_file():  # only the instructor has it
    c.CourseDirectory.root = str(course)
else:
    # As in the learner's folder, so that the links between lessons and exercises work.
    c.Exchange.assignment_dir = str(Path.home() / "exercises")

# As in jupyterhub_config.py, for the kernel in which Validate runs a notebook.
c.KernelManager.transport = "ipc"
os.environ.setdefault("JUPYTER_RUNTIME_DIR", str(Path.home() / ".jupyter-run"))
