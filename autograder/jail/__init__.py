"""Processes for untrusted code: their walls, their limits, and the messages that they exchange."""
