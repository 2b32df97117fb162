"""The lessons, and the pictures that they draw."""
