"""nbgrader's configuration: the folders of the course, and the autograder."""

import os
from pathlib import Path

from autograder.plug import plug_in

c = get_config()  # noqa: F821  (nbgrader defines it)

# nbgrader may be started in another folder, for example by JupyterHub.
folder = Path(__file__).resolve().parent
c.CourseDirectory.root = str(folder)
c.CourseDirectory.course_id = "numpy-to-jax"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Assignments and submissions are copied through this folder. On a machine that a class shares,
# the variable NBGRADER_EXCHANGE names a folder that every account may write to.
if exchange := os.environ.get("NBGRADER_EXCHANGE"):
    c.Exchange.root = exchange
else:
    c.Exchange.root = str(folder / "exchange")
    (folder / "exchange").mkdir(exist_ok=True)
# Fetched assignments are as deep as `exercises/`, so that their links to the lessons work.
c.Exchange.path_includes_course = True

plug_in(c)

# Who teaches with Canvas or Moodle takes away the # of one line here, see "Files from a learning
# management system" in the guide for instructors.
# c.ZipCollectApp.collector_plugin = "autograder.collect.Canvas"
# c.ZipCollectApp.collector_plugin = "autograder.collect.Moodle"

# Late work costs nothing, unless one of these lines is used.
# c.AssignLatePenalties.plugin_class = "autograder.late.PerDay"
# c.AssignLatePenalties.plugin_class = "autograder.late.GracePeriod"
