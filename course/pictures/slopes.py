"""Pictures of derivatives: tangents, descent, rows and columns of a Jacobian, steps, memory."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import INK

PALE = "#9a9a9a"
BLUE = "#0072b2"  # Okabe-Ito blue and vermilion, which everybody can tell apart
RED = "#b34d00"
COLUMN = "#9fd3f2"
ROW = "#f7cf80"


def draw_slope(function, at, span):
    """Draw a function with its tangent at one point, and its gradient below it.

    Args:
        function: from a scalar to a scalar, as `jax.grad` takes it.
        at: where the tangent touches.
        span: the two ends of the horizontal axis.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    xs = jnp.linspace(*span, 400)
    ys, slopes = jax.vmap(jax.value_and_grad(function))(xs)
    y, slope = (float(part) for part in jax.value_and_grad(function)(float(at)))
    fig, (top, bottom) = _axes(2, 1, figsize=(7.5, 4.8), sharex=True)
    top.plot(xs, ys, color=BLUE, lw=2)
    reach = (span[1] - span[0]) / 6
    ends = np.array([at - reach, at + reach])
    top.plot(ends, y + slope * (ends - at), color=RED, lw=2, ls="--")
    top.plot(at, y, "o", color=RED, ms=7)
    top.set_title(f"f(x), and its tangent at x = {at:g} (dashed)", fontsize=10)
    bottom.plot(xs, slopes, color=BLUE, lw=2)
    bottom.axhline(0, color=PALE, lw=0.8)
    bottom.vlines(at, min(slope, 0), max(slope, 0), color=RED, lw=2, ls="--")
    bottom.plot(at, slope, "o", color=RED, ms=7)
    bottom.set_title(f"jax.grad(f)(x): the slope of the tangent, {slope:.2f} here", fontsize=10)
    bottom.set_xlabel("x")
    return _finish(
        fig,
        f"Above, a curve with a dashed tangent at x = {at:g}. Below, the gradient of the same "
        f"curve, a dot marking its value {slope:.2f} at that x.",
    )


def draw_descent(function, path, span, rate):
    """Draw the level lines of a function of two numbers, its gradient field, and a path.

    Args:
        function: from an array of shape (2,) to a scalar.
        path: (steps + 1, 2) array: the points of the descent, the start first.
        span: (left, right, bottom, top) of the picture.
        rate: the step size, for the title.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    left, right, bottom, top = span
    height = 0.7 + 6.7 * (top - bottom) / (right - left)
    fig, ax = _axes(1, 1, figsize=(7.5, height))

    def over(across, up):
        x, y = np.meshgrid(np.linspace(left, right, across), np.linspace(bottom, top, up))
        return x, y, jnp.stack([x, y], axis=-1).astype(jnp.float32)

    x, y, points = over(120, 80)
    ax.contour(x, y, jax.vmap(jax.vmap(function))(points), 12, colors=PALE, linewidths=0.8)
    x, y, points = over(15, 9)
    downhill = -np.asarray(jax.vmap(jax.vmap(jax.grad(function)))(points))
    ax.quiver(x, y, downhill[..., 0], downhill[..., 1], color=BLUE, width=0.003, alpha=0.75)
    path = np.asarray(path)
    ax.plot(path[:, 0], path[:, 1], "-o", color=RED, lw=1.6, ms=4)
    ax.text(path[0, 0], path[0, 1], " start", color=RED, weight="bold", va="bottom")
    ax.plot(path[-1, 0], path[-1, 1], "s", color=RED, ms=8)
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="p[0]", ylabel="p[1]", aspect="equal")
    first, last = float(function(path[0])), float(function(path[-1]))
    ax.set_title(
        f"step size {rate:g}: from {first:.2f} to {last:.3g} in {len(path) - 1} steps "
        "(square: the end)",
        fontsize=10,
    )
    return _finish(
        fig,
        f"Level lines and arrows that point downhill. With step size {rate:g} the path goes from "
        f"a value of {first:.2f} to {last:.3g} in {len(path) - 1} steps.",
    )


def draw_jacobian(jacobian, column, row):
    """Draw a Jacobian as a table, with the column a jvp gives and the row a vjp gives.

    Args:
        jacobian: (outputs, inputs) array.
        column: the input that the jvp pushes forward.
        row: the output that the vjp pulls back.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    jacobian = np.asarray(jacobian)
    outputs, inputs = jacobian.shape
    fig = plt.figure(figsize=(7.5, 7.5 * (outputs + 2.2) / (inputs + 4.4)), facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1), xlim=(-1.8, inputs + 2.6), ylim=(-1.2, outputs + 1))
    ax.axis("off")
    for (i, j), value in np.ndenumerate(jacobian):
        y = outputs - 1 - i
        colour = COLUMN if j == column else ROW if i == row else "white"
        ax.add_patch(Rectangle((j, y), 1, 1, fc=colour, ec=INK, lw=0.7))
        canvas.text(ax, j + 0.5, y + 0.5, f"{value:.2f}")
    for corner, width, height in (
        ((column, 0), 1, outputs),
        ((0, outputs - 1 - row), inputs, 1),
    ):
        ax.add_patch(Rectangle(corner, width, height, fill=False, ec=INK, lw=2.6))
    for j in range(inputs):
        canvas.text(ax, j + 0.5, outputs + 0.3, f"input {j}")
    for i in range(outputs):
        canvas.text(ax, -0.7, outputs - 0.5 - i, f"output {i}")
    canvas.arrow(ax, (column + 0.5, -0.65), (column + 0.5, -0.05))
    canvas.text(
        ax, column + 0.5, -0.9, f"jvp: push input {column} forward, get a column", weight="bold"
    )
    canvas.arrow(ax, (inputs + 0.65, outputs - 0.5 - row), (inputs + 0.05, outputs - 0.5 - row))
    words = f"vjp: pull output {row}\nback, get a row"
    canvas.text(ax, inputs + 1.65, outputs - 0.5 - row, words, weight="bold")
    return _finish(
        fig,
        f"A table of {outputs} outputs by {inputs} inputs. A jvp gives column {column}, a vjp "
        f"gives row {row}; each is framed.",
    )


def draw_steps(steps, errors, exact):
    """Draw the error of finite differences against their step, on two logarithmic axes.

    Args:
        steps: (n,) array of step sizes.
        errors: the (n,) array of errors for each kind of difference, by its name.
        exact: the error of `jax.grad` on the same function, drawn as a line.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _axes(1, 1, figsize=(7.5, 3.8))
    best = []
    styles = (("o", "-", BLUE), ("s", "--", RED))
    for (name, error), (marker, line, colour) in zip(errors.items(), styles, strict=True):
        error = np.asarray(error)
        ax.loglog(steps, error, marker=marker, ls=line, color=colour, ms=5, label=name)
        best.append(f"{name} is best at a step of {steps[int(error.argmin())]:.0e}")
    ax.axhline(exact, color=INK, lw=1.6, ls=":", label="jax.grad, which has no step")
    ax.set(xlabel="step", ylabel="largest error")
    ax.text(0.02, 0.5, "rounding\nwins", transform=ax.transAxes, va="center")
    ax.text(0.98, 0.5, "curvature\nwins", transform=ax.transAxes, ha="right", va="center")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=9)
    return _finish(
        fig,
        "The error of finite differences falls and then rises again as the step shrinks: "
        + "; ".join(best)
        + f". The error of jax.grad is {exact:.0e}.",
    )


def draw_kept(depths, memory):
    """Draw the memory that a gradient needs against the number of layers.

    Args:
        depths: the numbers of layers.
        memory: the bytes for each number of layers, by the name of what is checkpointed.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _axes(1, 1, figsize=(7.5, 3.8))
    styles = (("o", "-", RED), ("s", "--", BLUE), ("^", ":", INK))
    parts = []
    for (name, sizes), (marker, line, colour) in zip(memory.items(), styles, strict=True):
        megabytes = np.array(sizes) / 1e6
        ax.loglog(depths, megabytes, marker=marker, ls=line, color=colour, ms=6, label=name)
        last = f"{megabytes[-1]:.1f} MB"
        ax.annotate(last, (depths[-1], megabytes[-1]), (6, 0), textcoords="offset points")
        parts.append(f"{name}: {megabytes[0]:.1f} to {last}")
    ax.set(xlabel="layers", ylabel="memory in MB", xticks=depths, xlim=(None, 1.5 * depths[-1]))
    ax.set_xticklabels([str(depth) for depth in depths])
    ax.minorticks_off()
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=9)
    return _finish(
        fig,
        f"The memory of a gradient for {depths[0]} to {depths[-1]} layers. {'; '.join(parts)}.",
    )


def _axes(rows, columns, **how):
    """A white figure with ink that does not depend on the page's theme."""
    fig, axes = plt.subplots(rows, columns, facecolor="white", dpi=100, **how)
    for ax in np.ravel(axes):
        ax.set_facecolor("white")
        ax.tick_params(colors=INK, labelsize=9)
        ax.xaxis.label.set_color(INK)
        ax.yaxis.label.set_color(INK)
        ax.title.set_color(INK)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return fig, axes


def _finish(fig, words):
    """Give the figure its description; the notebook shows the returned Figure, once."""
    if fig.axes[0].axison:
        fig.tight_layout()
    fig.set_label(words)
    plt.close(fig)
    return fig
