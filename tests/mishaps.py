"""What can go wrong for a student, and the sentence that the student then sees.

`test_mishaps.py` makes each of them happen; `autograder build` writes `docs/mishaps.md`.
"""

from typing import NamedTuple

FIRST = "import jax, jax.numpy as jnp; from autograder import check, hint, reset, simulate_devices"
LOOP = "def predict_batch(W, b, xs): return jax.vmap(predict, (None, None, 0))(W, b, xs)"
RIGHT = "def predict_batch(W, b, xs): return xs @ W.T + b"
RUN_ABOVE = (
    "Run the cell that defines it; after a restart of the kernel, run every cell above, with "
    "Run All Above Selected Cell in the menu Run."
)
NOT_ASKED = "Give it the function that the cell above asks for, with the name that it asks for."
OTHER_RELEASE = (
    "it is from another release than its data: get the folder of the assignment again and copy "
    "your answers into it."
)
DEVICES = (
    "choose cpu, gpu, tpu, or a mesh of up to 8 devices, simulated ones such as mesh:8 or "
    "mesh:4x2, or GPUs such as gpu:4 or gpu:2x2."
)
RESTART = (
    "This needs 8 devices, and JAX has already started with 1: restart the kernel and run the "
    "notebook from its first cell."
)


class InNotebook(NamedTuple):
    """Cells that run one after the other in a fresh kernel, and what the student then sees."""

    what: str
    cells: tuple[str, ...]
    seen: str


class InTerminal(NamedTuple):
    """A command that runs beside the files `vmap.ipynb` (as released) and `damaged.ipynb`."""

    what: str
    command: str
    seen: str


IN_NOTEBOOK = [
    InNotebook(
        "The kernel was restarted, and no cell has run since. Python itself says so; the top of "
        "every exercise notebook says what to run.",
        ("check(predict_batch)",),
        "name 'check' is not defined",
    ),
    InNotebook(
        "The kernel was restarted, and the cell with the answer was not run.",
        (FIRST, "check(predict_batch)"),
        f"predict_batch is not defined. {RUN_ABOVE}",
    ),
    InNotebook(
        "The same, where an exercise is checked by its name.",
        (FIRST, 'check("predict_batch")'),
        "There is nothing called predict_batch yet: run the cell that defines it.",
    ),
    InNotebook(
        "Cells were run out of order: the answer uses a function whose cell comes later.",
        (FIRST, LOOP, "check(predict_batch)"),
        f"It raised NameError: name 'predict' is not defined … What to try: {RUN_ABOVE}",
    ),
    InNotebook(
        "Nothing has been answered yet.",
        (FIRST, "def predict_batch(W, b, xs): raise NotImplementedError()", "check(predict_batch)"),
        "Nothing has been written here yet.",
    ),
    InNotebook(
        "A question has not been answered yet.",
        (FIRST, "fast_track_vmap = ...", 'check("fast_track_vmap")'),
        "There is no answer yet. What to try: Write your answer in place of the dots.",
    ),
    InNotebook(
        "JAX had computed something before the devices were simulated.",
        (FIRST, "jnp.zeros(3)", "simulate_devices()"),
        RESTART,
    ),
    InNotebook(
        "The cell that simulates devices was not run, and an exercise needs them.",
        (
            FIRST,
            "jnp.zeros(3)",
            "def shard_rows(mesh, A): return A",
            "check(shard_rows)",
        ),
        RESTART,
    ),
    InNotebook(
        "`check` was given the result of the function.",
        (FIRST, RIGHT, "check(predict_batch(jnp.ones((3, 4)), jnp.ones(3), jnp.ones((5, 4))))"),
        "check was given an array, float32[5, 3], and not a function: give it the function "
        "itself, without calling it, as in check(predict_batch).",
    ),
    InNotebook(
        "`check` was given a function that is not the answer to an exercise.",
        (FIRST, "check(jnp.sin)"),
        f"check does not know an exercise called sin. {NOT_ASKED}",
    ),
    InNotebook(
        "The function's name now holds something else.",
        (FIRST, "predict_batch = [1, 2]", "check(predict_batch)"),
        "predict_batch is not a function: run the cell that defines it again.",
    ),
    InNotebook(
        "The name is misspelt.",
        (FIRST, "def predict_bach(W, b, xs): return xs @ W.T + b", "check(predict_bach)"),
        "check does not know an exercise called predict_bach: did you mean predict_batch?",
    ),
    InNotebook(
        "The notebook is from an older release, and its exercise no longer exists.",
        (FIRST, "def add_all(xs): return xs.sum()", "check(add_all)"),
        f"check does not know an exercise called add_all. {NOT_ASKED} If the "
        f"notebook asks for that name, {OTHER_RELEASE}",
    ),
    InNotebook(
        "The answer calls NumPy on a traced array.",
        (
            FIRST,
            "import numpy as np",
            "def predict_batch(W, b, xs): return np.asarray(xs) @ W.T + b",
            "check(predict_batch)",
        ),
        "NumPy was given a traced array. While JAX traces a function, its arrays have shapes, but "
        "no numbers yet. … What to try: Write `jnp.asarray` in place of `np.asarray`.",
    ),
    InNotebook(
        "The machine does not have the device.",
        (FIRST, RIGHT, 'check(predict_batch, device="tpu")'),
        "There is no tpu here that JAX can use: choose cpu, or install JAX for it, see "
        "https://docs.jax.dev/en/latest/installation.html.",
    ),
    InNotebook(
        "There is no such device.",
        (FIRST, RIGHT, 'check(predict_batch, device="quantum")'),
        f'There is no device "quantum" to judge on: {DEVICES}',
    ),
    InNotebook(
        "JAX is too old.",
        ("from autograder.problem import require_jax", 'require_jax("0.6.2")'),
        "This course needs JAX 0.7.2 or newer, but 0.6.2 is installed: run "
        '`pip install -U "jax>=0.7.2"` and restart the kernel.',
    ),
    InNotebook(
        "JAX is newer than any that the course was tested with.",
        ("from autograder.problem import require_jax", 'require_jax("0.99.0")'),
        "This course is tested with JAX 0.7.2 to 0.12, but 0.99.0 is installed: if a card looks "
        'wrong, run `pip install "jax~=0.12.0"` and restart the kernel.',
    ),
    InNotebook(
        "The file with the progress is damaged.",
        (
            "from autograder.student.progress import path; path('numpy-to-jax').write_text('{')",
            FIRST,
            RIGHT,
            "check(predict_batch)",
        ),
        "Your progress could not be read: it is kept as … and a new one is begun. … ✓ passed",
    ),
]

IN_TERMINAL = [
    InTerminal(
        "There is no such file.",
        "autograder check nothing.ipynb",
        "nothing.ipynb cannot be read: No such file or directory.",
    ),
    InTerminal(
        "The file is damaged.",
        "autograder check damaged.ipynb",
        "damaged.ipynb is not a notebook, or it is damaged: open it in JupyterLab and save it, or "
        "go back to the last version that opens.",
    ),
    InTerminal(
        "The notebook has no such exercise.",
        "autograder check vmap.ipynb pairs",
        "vmap.ipynb has no exercise called pairs: it has fast_track_vmap, predict_batch, …",
    ),
    InTerminal(
        "There is no such device.",
        "autograder check vmap.ipynb --device quantum",
        f'There is no device "quantum" to judge on: {DEVICES}',
    ),
    InTerminal(
        "The notebook has no exercises, or those of another release.",
        "autograder check empty.ipynb",
        "empty.ipynb has no exercise that is in the data beside it: give a notebook with "
        f"exercises. If it is one, {OTHER_RELEASE}",
    ),
    InTerminal(
        "The exercise has its stub already.",
        "autograder reset vmap.ipynb pairwise",
        "pairwise in vmap.ipynb is as it was released: there is nothing to bring back.",
    ),
    InTerminal(
        "There is no exercise with this name.",
        "autograder hint pairwse",
        "hint does not know an exercise called pairwse: did you mean pairwise?",
    ),
]

HEAD = """\
# What you see when something goes wrong

Made by `autograder build` from `tests/mishaps.py`; a test makes each of these happen. You see a
sentence that says what to do. In the first table, *first* is the first cell of the notebook, which
imports `check` and the rest.
"""


def document() -> str:
    """The text of `docs/mishaps.md`."""
    return "\n".join(
        [
            HEAD,
            "## In a notebook",
            "",
            "| what happened | the cells, in order | what you see |",
            "| --- | --- | --- |",
            *(_row(mishap.what, mishap.cells, mishap.seen) for mishap in IN_NOTEBOOK),
            "",
            "## In a terminal",
            "",
            "| what happened | the command | what you see |",
            "| --- | --- | --- |",
            *(_row(mishap.what, [mishap.command], mishap.seen) for mishap in IN_TERMINAL),
            "",
        ]
    )


def _row(what, code, seen):
    cells = "<br>".join("*first*" if line == FIRST else f"`{line}`" for line in code)
    return f"| {what} | {cells} | {seen} |"
