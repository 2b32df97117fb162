"""Pictures have a description wherever a notebook is read, and are legible on any page."""

import io
from collections import OrderedDict

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from nbconvert import HTMLExporter

from autograder.authoring.build import build_lesson
from autograder.problem import Problem
from autograder.student import card
from course.pictures import arrays, keep_labels, play, trees

LESSON = """\
# %%
from course.pictures import arrays

picture = arrays.draw_wait(0.001, 0.01)

# %%
{last}
"""


@pytest.fixture
def formatter():
    made = DisplayFormatter()
    png = made.formatters["image/png"]
    png.for_type(Figure, lambda figure: print_figure(figure, base64=True))
    keep_labels(png)
    return made


def test_a_label_becomes_the_alt_text(formatter):
    data, metadata = formatter.format(arrays.draw_wait(0.001, 0.01))
    assert data["image/png"]
    assert metadata["image/png"]["alt"].startswith("Two bars over time.")


def test_a_picture_brings_its_own_ground(formatter):
    # Dark words on a transparent ground cannot be read in JupyterLab's dark theme.
    drawn = io.BytesIO()
    arrays.draw_wait(0.001, 0.01).savefig(drawn, format="png")
    drawn.seek(0)
    assert plt.imread(drawn)[..., 3].min() == 1


def test_a_slider_runs_in_order_starts_where_the_picture_does_and_shows_its_name(monkeypatch):
    ipywidgets = pytest.importorskip("ipywidgets")
    shown = {}
    monkeypatch.setattr(ipywidgets, "interact", lambda _, **sliders: shown.update(sliders))
    monkeypatch.delenv(play.STILL, raising=False)
    play.play(str, {"multiple_of_all_lengths": 8}, multiple_of_all_lengths=(1, 2, 8, 16))
    slider = shown["multiple_of_all_lengths"]
    assert (slider.options, slider.value) == ((1, 2, 8, 16), 8)
    assert slider.style.description_width == "initial"
    monkeypatch.setenv(play.STILL, "1")
    assert play.play(lambda size: size, {"size": 8}, size=(1, 8)) == 8
    assert play.play(lambda size: size, size=(1, 8)) == 1


@pytest.mark.parametrize(
    ("tree", "keys"),
    [
        ({"b": 1, "a": 2, "c": None}, ["a", "b", "c"]),
        (OrderedDict(b=1, a=2, c=None), ["b", "a", "c"]),
    ],
)
def test_a_picture_shows_the_keys_in_the_order_in_which_jax_visits_them(tree, keys):
    across = {text.get_text(): text.get_position()[0] for text in trees.draw(tree).axes[0].texts}
    assert sorted(keys, key=across.get) == keys


@pytest.mark.parametrize("colour", [card.BLUE, card.ORANGE, card.GREY])
def test_a_badge_is_legible_on_any_ground(colour):
    # WCAG 2: 4.5 for words, white on the badge; 3 for the stripe on JupyterLab's light and dark.
    assert contrast(colour, "#ffffff") >= 4.5
    assert contrast(colour, "#111111") >= 3


def contrast(one, other):
    def luminance(colour):
        parts = np.array(to_rgb(colour))
        return np.where(parts > 0.04045, ((parts + 0.055) / 1.055) ** 2.4, parts / 12.92) @ (
            0.2126, 0.7152, 0.0722,
        )  # fmt: skip

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.slow
def test_a_lesson_keeps_the_alt_text_on_its_page(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    path = tmp_path / "05_vmap.py"
    path.write_text(LESSON.format(last="picture"))
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(
        nbformat.read(build_lesson(path, tmp_path, tmp_path), as_version=4)
    )
    assert 'alt="Two bars over time. The call returned' in page
    path.write_text(LESSON.format(last='picture.set_label("")\npicture'))
    with pytest.raises(Problem, match=r"05_vmap\.py: a picture has no description"):
        build_lesson(path, tmp_path, tmp_path)
