"""A picture with controls where a kernel runs, and as a still wherever the lesson is only read."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

STILL = "COURSE_STILL"
"""The environment variable that is set while a lesson is built, so that pages show a still."""


def play(
    draw: Callable[..., Any], start: Mapping[str, Any] | None = None, **choices: Sequence[Any]
) -> Any:
    """Show `draw`'s picture with one slider for each choice.

    Args:
        draw: makes and returns a matplotlib Figure from one value of every choice.
        start: the values that are shown first; for other choices it is the first value.
        choices: for each argument of `draw` the values that it may take, in order.

    Returns:
        The Figure for the values at the start where there are no controls (a built page, or no
        ipywidgets); None where controls are shown.
    """
    first = {name: values[0] for name, values in choices.items()} | dict(start or {})
    try:
        import ipywidgets
    except ImportError:
        ipywidgets = None
    if ipywidgets is None or STILL in os.environ:
        return draw(**first)

    def show(**chosen: Any) -> None:
        import matplotlib.pyplot as plt
        from IPython.display import display

        figure = draw(**chosen)
        display(figure)
        plt.close(figure)

    sliders = {
        name: ipywidgets.SelectionSlider(
            options=list(values),
            value=first[name],
            description=name,
            style={"description_width": "initial"},  # otherwise a long name is cut
        )
        for name, values in choices.items()
    }
    ipywidgets.interact(show, **sliders)
    return None
