"""A picture with controls where a kernel runs, and as a still wherever the lesson is only read."""

import os
from collections.abc import Callable, Sequence
from typing import Any

STILL = "COURSE_STILL"
"""The environment variable that is set while a lesson is built, so that pages show a still."""


def play(draw: Callable[..., Any], **choices: Sequence[Any]) -> Any:
    """Show `draw`'s picture with one slider for each choice, beginning with its first value.

    Args:
        draw: makes and returns a matplotlib Figure from one value of every choice.
        choices: for each argument of `draw` the values that it may take.

    Returns:
        The Figure for the first values where there are no controls (a built page, or no
        ipywidgets); None where controls are shown.
    """
    try:
        import ipywidgets
    except ImportError:
        ipywidgets = None
    if ipywidgets is None or STILL in os.environ:
        return draw(**{name: values[0] for name, values in choices.items()})

    def show(**chosen: Any) -> None:
        import matplotlib.pyplot as plt
        from IPython.display import display

        figure = draw(**chosen)
        display(figure)
        plt.close(figure)

    sliders = {
        name: ipywidgets.SelectionSlider(options=list(values), value=values[0], description=name)
        for name, values in choices.items()
    }
    ipywidgets.interact(show, **sliders)
    return None
