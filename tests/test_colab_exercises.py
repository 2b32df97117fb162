"""Every exercise passes on Colab: the references go through `check` there, on its JAX."""

import colab_runtime
import pytest
from masters import ROOT, answered

pytestmark = pytest.mark.slow
EXERCISES = sorted(path.parent.name for path in (ROOT / "exercises").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    colab_runtime.python()
    return colab_runtime.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.parametrize("assignment", EXERCISES)
def test_the_references_pass_alone(assignment, wheel, tmp_path):
    data = (ROOT / "exercises" / assignment).glob("*.check")
    ran = colab_runtime.run(answered(assignment), wheel, tmp_path, data)
    said = {
        cell.id.removeprefix("check-"): "\n".join(
            output["data"]["text/plain"]
            for output in cell.outputs
            if output.output_type == "display_data"
        )
        for cell in ran.cells
        if cell.id.startswith("check-")
    }
    assert said
    assert {name: text.partition("\n")[0] for name, text in said.items()} == {
        name: f"✓ passed: {name}" for name in said
    }
