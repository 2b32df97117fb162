"""The bar of a check: seen while it lasts, and nothing of it in the file."""

import nbclient
import pytest
from masters import ROOT
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import kernel

pytestmark = pytest.mark.slow
CELLS = [
    "import jax, jax.numpy as jnp; from autograder import check, simulate_devices",
    "from jax.sharding import NamedSharding, PartitionSpec as P; simulate_devices()",
    "def shard_rows(mesh, A):\n    return jax.device_put(A, NamedSharding(mesh, P('x', None)))",
    "check(shard_rows)",
    "check(jnp.sin)",
]


@pytest.fixture
def sockets():
    with kernel.socket_files() as config:
        yield config


@pytest.mark.parametrize("validating", [False, True])
def test_only_the_card_is_stored(validating, monkeypatch, sockets):
    if validating:
        monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    seen = []
    client = nbclient.NotebookClient(
        notebook,
        config=sockets,
        allow_errors=True,
        resources={"metadata": {"path": ROOT / "exercises" / "08_shard_map"}},
    )
    whole = client.process_message

    def watch(msg, cell, index):
        if msg["msg_type"] in ("display_data", "update_display_data"):
            seen.append(msg["content"]["data"]["text/plain"].splitlines()[0])
        return whole(msg, cell, index)

    client.process_message = watch
    client.execute()
    bars = [line for line in seen if line.startswith("Checking")]
    # Four programs, each read and then run.
    counted = [f"Checking shard_rows: {done} of 8" for done in range(8)]
    assert bars == ([] if validating else counted)
    (card,) = notebook.cells[3].outputs
    assert card.data["text/plain"].startswith("✓ passed: shard_rows")
    (error,) = notebook.cells[4].outputs
    assert "does not know an exercise called sin" in error.evalue
