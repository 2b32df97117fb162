"""The kernel in which a master is run."""

import os
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import kernel
from autograder.problem import Problem


def run(tmp_path, *cells):
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    kernel.execute(notebook, Path("course/10_new.py"), tmp_path, {"SAID": "yes"})
    return [cell.outputs[0].text for cell in notebook.cells]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no socket files")
def test_takes_no_port_that_another_process_could_have(tmp_path):
    (transport,) = run(
        tmp_path,
        "import ipykernel, json; from pathlib import Path\n"
        "print(json.loads(Path(ipykernel.get_connection_file()).read_text())['transport'])",
    )
    assert transport == "ipc\n"


def test_works_in_the_folder_and_with_the_variables_named(tmp_path):
    (said,) = run(tmp_path, "import os; print(os.getcwd(), os.environ['SAID'])")
    assert said == f"{tmp_path.resolve()} yes\n"


def test_a_master_that_raises_is_named(tmp_path):
    with pytest.raises(Problem, match=r"10_new\.py does not run: (?s:.*)ZeroDivisionError"):
        run(tmp_path, "print(1 / 0)")
