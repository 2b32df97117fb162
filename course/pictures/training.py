"""Pictures of a training run: what the network decides, epoch by epoch, and its loss."""

import matplotlib.pyplot as plt
import numpy as np

from course.pictures.canvas import INK

BLUE = "#0072b2"  # Okabe-Ito blue and vermilion, which everybody can tell apart
RED = "#b34d00"
GROUNDS = ["#cfe6f5", "#fbe3c4"]
LINES = ("-", "--", ":", "-.")
REACH = 2.4


def draw_examples(xs, ys):
    """Draw the examples, a dot or a triangle for each.

    Args:
        xs: (n, 2) array of points.
        ys: (n,) array of 0 and 1.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(1, (4.2, 4.2))
    _scatter(ax, xs, ys)
    return _finish(
        fig,
        f"{len(xs)} points in the plane. Those of class 0, dots, and those of class 1, triangles, "
        "lie on two spirals that wind around each other.",
    )


def draw_training(xs, ys, scores, losses, epochs):
    """Draw what several networks decide after some epochs, and the losses of the whole run.

    Args:
        xs: (n, 2) array of points.
        ys: (n,) array of 0 and 1.
        scores: by the name of a network, a function from points (k, 2) to scores (k,).
        losses: by the same names, the loss of every epoch.
        epochs: after how many epochs the scores are those of the networks.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, axes = _figure(len(scores) + 1, (8.4, 3.1))
    shares = []
    for ax, (name, score) in zip(axes, scores.items(), strict=False):
        _ground(ax, score)
        _scatter(ax, xs, ys)
        right = float(np.mean((np.asarray(score(xs)) > 0) == (np.asarray(ys) > 0)))
        ax.set_title(f"{name}, {epochs} epochs: {right:.0%} right", fontsize=10, color=INK)
        shares.append(f"with {name} {right:.0%} of the points are on the right side")
    _curves(axes[-1], {name: (0, loss) for name, loss in losses.items()})
    axes[-1].axvline(epochs, color=INK, lw=1)
    return _finish(
        fig,
        f"After {epochs} epochs, the plane in two colours as each network divides it: "
        + ", ".join(shares)
        + ". Beside it, the loss of each network falls with the epochs.",
    )


def draw_losses(curves):
    """Draw losses against epochs.

    Args:
        curves: by name, the number of epochs before the first loss, and the losses.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(1, (7.5, 3.2))
    _curves(ax, curves)
    words = [
        f"{name} from epoch {first} on, with {losses[0]:.3f} at first and {losses[-1]:.3f} at last"
        for name, (first, losses) in curves.items()
    ]
    return _finish(fig, f"The loss of each epoch: {'; '.join(words)}.")


def _figure(columns, size):
    fig, axes = plt.subplots(1, columns, figsize=size, facecolor="white", dpi=100)
    for ax in np.ravel(axes):
        ax.set_facecolor("white")
        ax.tick_params(colors=INK, labelsize=9)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return fig, axes


def _scatter(ax, xs, ys):
    xs, first = np.asarray(xs), np.asarray(ys) == 0
    for chosen, marker, colour in ((first, "o", BLUE), (~first, "^", RED)):
        ax.scatter(*xs[chosen].T, s=9, marker=marker, color=colour, linewidths=0)
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)


def _ground(ax, score):
    side = np.linspace(-REACH, REACH, 90, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    heights = np.asarray(score(np.stack([x.ravel(), y.ravel()], axis=1))).reshape(x.shape)
    ax.contourf(x, y, heights, [-np.inf, 0, np.inf], colors=GROUNDS)
    ax.contour(x, y, heights, [0.0], colors=INK, linewidths=0.9)


def _curves(ax, curves):
    for (name, (first, losses)), line, colour in zip(
        curves.items(), LINES, (BLUE, RED, INK, "#007a5a"), strict=False
    ):
        epochs = np.arange(first + 1, first + 1 + len(losses))
        ax.semilogy(epochs, np.asarray(losses), ls=line, lw=2, color=colour, label=name)
    ax.set_xlabel("epoch", color=INK)
    low, high = ax.get_ylim()
    marks = [mark for mark in (0.02, 0.05, 0.1, 0.2, 0.5, 1) if low <= mark <= high]
    ax.set_yticks(marks, [f"{mark:g}" for mark in marks])
    ax.minorticks_off()
    ax.set_title("mean loss of an epoch (log scale)", fontsize=10, color=INK)
    ax.legend(facecolor="white", edgecolor="none", framealpha=1, fontsize=9)


def _finish(fig, words):
    """Give the figure its description; the notebook shows the returned Figure, once."""
    fig.tight_layout()
    fig.set_label(words)
    plt.close(fig)
    return fig
