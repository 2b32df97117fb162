"""Grades an assignment again after its master has changed."""
