"""The pictures of lesson 10 say what happened: in a profile, in a computation, in memory."""

import gzip
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.pictures import debugging

STAGES = ("Python", "trace", "compile", "run")


def written(folder, *spans):
    """A folder with a profile of these spans: name, begin and length in microseconds, arguments."""
    events = [
        {"ph": "X", "name": name, "ts": begin, "dur": length, "args": arguments}
        for name, begin, length, arguments in spans
    ]
    events.append({"ph": "M", "name": "process_name", "args": {"name": "/host:CPU"}})
    inside = folder / "plugins" / "profile" / "now"
    inside.mkdir(parents=True)
    with gzip.open(inside / "vm.trace.json.gz", "wt", encoding="utf-8") as file:
        json.dump({"traceEvents": events}, file)
    return folder


def test_a_profile_has_a_lane_for_python_for_dispatch_and_for_the_device(tmp_path):
    folder = written(
        tmp_path,
        ("load", 1000, 3000, {}),
        ("PjitFunction(train_step)", 4000, 500, {}),
        ("tanh.1", 4200, 1000, {"hlo_op": "tanh.1"}),
        ("$threading.py:1 wait", 0, 9000, {}),
    )
    assert debugging.read_profile(folder, ("load",)) == [
        debugging.Event("load", "Python", 0.0, 3.0),
        debugging.Event("train_step", "dispatch", 3.0, 3.5),
        debugging.Event("tanh.1", "device", 3.2, 4.2),
    ]


def test_what_jax_records_is_read(tmp_path):
    with jax.profiler.trace(str(tmp_path)), jax.profiler.TraceAnnotation("step"):
        jax.jit(lambda x: jnp.sin(x @ x))(jnp.ones((64, 64))).block_until_ready()
    lanes = {event.lane for event in debugging.read_profile(tmp_path, ("step",))}
    assert lanes == {"Python", "dispatch", "device"}


@pytest.mark.parametrize(
    ("spans", "milliseconds"),
    [
        ([(0, 2), (1, 3)], 3),
        ([(0, 9), (1, 2), (4, 5)], 9),
        ([(0, 1), (3, 4)], 2),
        ([], 0),
    ],
)
def test_time_in_which_two_operations_run_counts_once(spans, milliseconds):
    events = [debugging.Event("", "device", begin, end) for begin, end in spans]
    assert debugging.busy(events) == milliseconds


def test_the_picture_of_a_profile_says_how_busy_each_lane_was():
    events = [debugging.Event("load", "Python", 0, 6), debugging.Event("dot", "device", 6, 8)]
    label = debugging.draw_profile(events).get_label()
    assert "Python: busy for 6.0 of 8.0 milliseconds." in label
    assert "device: busy for 2.0 of 8.0 milliseconds." in label


def test_the_picture_of_a_computation_counts_infinities_and_nans():
    matrix = np.array([[1.0, np.inf], [np.nan, np.nan]])
    label = debugging.draw_spread([("x", matrix)]).get_label()
    assert label.endswith("x: 2 × 2 entries, 1 infinite, 2 NaN.")


def test_the_picture_of_memory_says_the_bytes():
    label = debugging.draw_memory({"at once": 8_200_000, "in turns": 60_000}).get_label()
    assert label.endswith("at once: 8.20 MB. in turns: 0.06 MB.")


def test_the_picture_of_the_tools_names_every_stage():
    label = debugging.draw_tools().get_label()
    assert "jax.eval_shape: trace, shows shapes" in label
    assert "jax.profiler.trace: Python to run, shows what ran when" in label
    for stage in STAGES:
        assert stage in label
