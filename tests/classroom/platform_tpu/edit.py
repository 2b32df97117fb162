"""What a student who works on Colab writes at the top."""

from nbformat.v4 import new_code_cell

TOP = """import os
os.environ["JAX_PLATFORMS"] = "tpu"
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
import jax
jax.config.update("jax_platforms", "tpu")
print(jax.numpy.ones(3).sum())
"""


def edit(notebook):
    """Put it there."""
    notebook.cells.insert(0, new_code_cell(TOP, id="top"))
