"""Explorables: outputs of a lesson that a reader can step through, without a kernel."""

from course.explore.tapes import tape
from course.explore.timelines import timeline
from course.explore.tracing import trace

__all__ = ["tape", "timeline", "trace"]
