"""Explorables: outputs of a lesson that a reader can step through, without a kernel."""

from course.explore.batch_axes import axes
from course.explore.blocks import mesh
from course.explore.key_tree import keys
from course.explore.leaves import tree
from course.explore.memories import memory
from course.explore.tapes import tape
from course.explore.timelines import timeline
from course.explore.tracing import trace

__all__ = ["axes", "keys", "memory", "mesh", "tape", "timeline", "trace", "tree"]
