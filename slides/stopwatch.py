"""Times the same function in NumPy and in JAX, dtype by dtype, and draws the times as bars."""

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from course.pictures import canvas, measured
from course.pictures.canvas import FONT, INK

try:
    enable_x64 = jax.enable_x64
except AttributeError:  # up to JAX 0.7
    from jax.experimental import enable_x64

RUNS = 7
BUSY = 1.5  # the median run over the fastest; on a quiet machine it is about 1.1
WAYS = {  # by the name of a bar, its colour and hatch
    "NumPy": ("#9fd3f2", ""),
    "JAX, eager": ("#f7cf80", "//"),
    "JAX, jit": ("#8fd6bf", "xx"),
}
DTYPES = ("float64", "float32")


class Run(NamedTuple):
    """What was measured of one call.

    Attributes:
        fastest: the fastest of `RUNS` calls, in seconds.
        median: the median of these calls, in seconds.
    """

    fastest: float
    median: float


def times(function, shape=(1000, 1000)):
    """Time a function with NumPy, with eager JAX and with `jit`, in both dtypes.

    Every function is called once before it is timed, and each call is waited for.

    Args:
        function: takes the library, `numpy` or `jax.numpy`, and an array of `shape`.
        shape: the shape of the array of ones.

    Returns:
        By (dtype, way), a `Run`; the ways are the keys of `WAYS`.
    """
    found = {}
    with enable_x64(True):
        for dtype in DTYPES:
            x_np = np.ones(shape, dtype)
            x_jnp = jnp.asarray(x_np)
            jitted = jax.jit(lambda x: function(jnp, x))
            calls = (
                lambda x=x_np: function(np, x),
                lambda x=x_jnp: function(jnp, x),
                lambda x=x_jnp, jitted=jitted: jitted(x),
            )
            for way, call in zip(WAYS, calls, strict=True):
                found[dtype, way] = _timed(call)
    return found


def draw(panels, shape=(1000, 1000)):
    """Draw the times of several functions, one panel for each.

    Args:
        panels: by the title of a panel, what `times` returned.
        shape: the shape of the array, which the title names.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, plots = plt.subplots(
        1, len(panels), figsize=(canvas.WIDTH * 1.5, 5.6), layout="constrained"
    )
    words = []
    for ax, (title, found) in zip(np.atleast_1d(plots), panels.items(), strict=True):
        rows = [(dtype, way) for dtype in DTYPES for way in WAYS]
        for y, (dtype, way) in enumerate(rows):
            colour, hatch = WAYS[way]
            milliseconds = 1e3 * found[dtype, way].fastest
            place = y + 0.7 * (y // len(WAYS))
            ax.barh(place, milliseconds, 0.9, color=colour, hatch=hatch, ec=INK, lw=0.7)
            ax.text(
                milliseconds, place, f" {milliseconds:.3g} ms", va="center", color=INK
            )
            words.append(f"{title}, {dtype}, {way}: {milliseconds:.3g} ms")
        places = [y + 0.7 * (y // len(WAYS)) for y in range(len(rows))]
        ax.set_yticks(places, [f"{way}  {dtype}" for dtype, way in rows])
        ax.set(xticks=[], title=title)
        ax.set_xlim(0, 1.32e3 * max(run.fastest for run in found.values()))
        ax.invert_yaxis()
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(length=0, colors=INK)
    for text in fig.findobj(plt.Text):
        text.set_fontsize(FONT)
    side = "×".join(map(str, shape))
    under = f"{device()}, arrays of {side}, the fastest of {RUNS} runs"
    if busy(panels.values()):
        under += "\n! The machine was busy: do not quote these numbers."
    words.append(under)
    if lines := on_gpu():
        under = f"{under}\n{lines}"
        words.append(lines)
    fig.supxlabel(under, fontsize=FONT, color=INK)
    fig.set_label(". ".join(words) + ".")
    plt.close(fig)  # the notebook shows the returned Figure, once
    return fig


def busy(tables):
    """Whether some call was so uneven that the machine must have been doing something else.

    Args:
        tables: what `times` returned, for each function.
    """
    return any(
        run.median > BUSY * run.fastest for found in tables for run in found.values()
    )


def device():
    """What the times were measured on, such as `CPU: AMD EPYC 7B13, 2 cores`."""
    name = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    if told.is_file():
        lines = told.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [
            line.partition(": ")[2] for line in lines if line.startswith("model name")
        ]
        name = models[0] if models else name
    return f"CPU: {name}, {os.cpu_count()} cores"


def on_gpu():
    """The same function on a GPU, if `benchmarks/on_gpu.sh` has measured one; or an empty text."""
    found = measured.on_gpu()
    if not found:
        return ""
    seconds = found["times"]["seconds"]
    ways = ", ".join(f"{name} {1e3 * row[-1]:.3g} ms" for name, row in seconds.items())
    return f"On {found['machine']}: {ways}"


def _timed(call):
    jax.block_until_ready(call())
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - begin)
    return Run(min(taken), median(taken))
