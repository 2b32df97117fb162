"""Explorables: outputs of a lesson that a reader can step through, without a kernel."""
