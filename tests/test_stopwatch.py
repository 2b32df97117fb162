"""The bar chart of the talk names what was measured, on what, and warns when it is worth little."""

import numpy as np
import pytest

from course.pictures import measured
from slides import qr, stopwatch


def fake(seconds, median=None):
    run = stopwatch.Run(seconds, median or seconds)
    return {(dtype, way): run for dtype in stopwatch.DTYPES for way in stopwatch.WAYS}


def test_every_way_is_timed_with_the_dtype_that_its_bar_names():
    seen = []

    def double(xp, x):
        seen.append((xp.__name__, str(x.dtype)))
        return x + x

    found = stopwatch.times(double, shape=(4,))
    assert set(found) == {(dtype, way) for dtype in stopwatch.DTYPES for way in stopwatch.WAYS}
    assert all(0 < run.fastest <= run.median for run in found.values())
    assert set(seen) == {
        (library, dtype) for library in ("numpy", "jax.numpy") for dtype in stopwatch.DTYPES
    }
    # NumPy and eager JAX run the function at each call, `jit` runs it once.
    assert len(seen) == len(stopwatch.DTYPES) * (2 * (1 + stopwatch.RUNS) + 1)


def test_the_chart_says_dtype_device_and_number_in_words_and_in_letters():
    figure = stopwatch.draw({"double": fake(0.0123)}, shape=(4,))
    drawn = " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
    for words in (figure.get_label(), drawn):
        assert "double" in words
        assert "float32" in words
        assert "12.3 ms" in words
        assert stopwatch.device() in words
        assert "busy" not in words


def test_uneven_runs_are_warned_about():
    assert not stopwatch.busy([fake(1.0, 1.4)])
    assert stopwatch.busy([fake(1.0), fake(1.0, 1.6)])
    assert "The machine was busy" in stopwatch.draw({"double": fake(1.0, 1.6)}).get_label()


def test_a_gpu_is_shown_when_one_was_measured(monkeypatch):
    assert "GPU of a test" not in stopwatch.draw({"double": fake(1.0)}).get_label()
    times = {"sizes": [10, 1000], "seconds": {"jit float32": [1e-6, 2.5e-5]}}
    monkeypatch.setattr(measured, "on_gpu", lambda: {"machine": "GPU of a test", "times": times})
    words = stopwatch.draw({"double": fake(1.0)}).get_label()
    assert "On GPU of a test: jit float32 0.025 ms" in words


@pytest.mark.parametrize("known", [True, False])
def test_the_address_is_shown_with_its_qr_code_where_one_is_known(known, monkeypatch):
    shown = []
    web = "https://example.org/owner/course"
    monkeypatch.setattr(qr.address, "find", lambda root: web if known else "")
    monkeypatch.setattr(qr, "display", lambda data, **options: shown.append((data, options)))
    qr.show()
    if not known:
        assert shown == []
        return
    (link, _), (code, options) = shown
    assert web in link.data
    assert code["image/svg+xml"].startswith("<svg xmlns=")
    assert web in options["metadata"]["image/svg+xml"]["alt"]


def test_the_arrays_timed_are_ones_of_the_shape_that_the_title_names():
    shapes = set()
    stopwatch.times(lambda xp, x: shapes.add(np.shape(x)) or x, shape=(3, 2))
    assert shapes == {(3, 2)}
