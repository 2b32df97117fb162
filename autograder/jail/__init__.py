"""Processes for code that nobody trusts: walls, limits, and what they say."""
