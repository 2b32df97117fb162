"""Pictures have a description wherever a notebook is read, and are legible on any page."""

import base64
import html
import io
import re

import jax
import jax.numpy as jnp
import lab_server
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from nbconvert import HTMLExporter

from autograder.authoring.build import build_lesson
from autograder.problem import Problem
from autograder.student import card
from course.pictures import arrays, compiling, describe, platforms

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
    made.formatters["image/png"].for_type(Figure, lambda figure: print_figure(figure, base64=True))
    describe(made)
    return made


def image(data):
    """The alt text and the drawing of an output."""
    found = re.fullmatch(r'<img alt="([^"]*)"[^>]* src="data:image/svg\+xml;base64,([^"]*)">', data)
    return html.unescape(found[1]), base64.b64decode(found[2]).decode()


def test_a_label_becomes_the_alt_text_wherever_html_is_shown(formatter):
    figure = arrays.draw_wait(0.001, 0.01)
    figure.set_label('1 < 2, "quoted"')
    data, _ = formatter.format(figure)
    assert "image/png" not in data
    assert image(data["text/html"])[0] == '1 < 2, "quoted"'


def test_a_picture_brings_its_own_ground_and_follows_a_dark_page(formatter):
    # Dark words on a transparent ground cannot be read in JupyterLab's dark theme.
    _, drawing = image(formatter.format(arrays.draw_wait(0.001, 0.01))[0]["text/html"])
    assert "fill: #ffffff" in drawing
    assert "@media (prefers-color-scheme:dark)" in drawing


def test_a_picture_of_very_many_lines_is_sent_as_pixels(formatter):
    figure = plt.figure()
    figure.add_subplot().plot(np.random.default_rng(0).normal(size=(200, 200)))
    plt.close(figure)
    figure.set_label("noise")
    alt, drawing = image(formatter.format(figure)[0]["text/html"])
    assert alt == "noise"
    assert "data:image/png;base64," in drawing
    assert "@media (prefers-color-scheme:dark)" in drawing


def test_a_table_is_drawn_with_its_column_names_and_its_last_column(formatter):
    rows = {f"function {n}": [("4 ops", True), ("refused", False)] for n in range(12)}
    figure = platforms.draw_table(rows, ("cpu", "error here"))
    _, drawing = image(formatter.format(figure)[0]["text/html"])
    width, height = (
        float(re.search(rf'{side}="([\d.]+)pt"', drawing)[1]) for side in ("width", "height")
    )
    words = [text.get_window_extent() for text in figure.axes[0].texts]
    cells = [patch.get_window_extent() for patch in figure.axes[0].patches]
    whole = Bbox.union(words + cells)
    assert width >= 72 / figure.dpi * whole.width
    assert height >= 72 / figure.dpi * whole.height


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_suits_the_theme_of_its_page(formatter, scheme):
    data, _ = formatter.format(arrays.draw_wait(0.001, 0.01))
    with lab_server.browser() as (page, _):
        page.set_content(
            f'<html style="color-scheme:{scheme}"><body>{data["text/html"]}</body></html>'
        )
        assert page.get_by_role("img").get_attribute("alt").startswith("Two bars over time.")
        shot = io.BytesIO(page.get_by_role("img").screenshot())
        ground = np.median(plt.imread(shot)[..., :3])
    assert ground > 0.95 if scheme == "light" else ground < 0.2


def test_kernels_are_drawn_as_the_graph_that_they_are():
    traced = jax.jit(lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x)).trace(jnp.ones((1000, 1000)))
    kernels = compiling.read_kernels(traced.lower().compile().as_text())
    told = compiling.draw_kernels(traced.jaxpr, kernels).get_label()
    assert "tanh reads x; mul reads sin and tanh." in told
    assert told.endswith("Under jit, 1. cosine, sine, tanh, multiply reads x.")


def test_rounds_are_drawn_with_what_each_one_joins():
    told = compiling.draw_rounds(3, [[(0, 0, 1)], [(0, 1, 2)]]).get_label()
    assert told == "Which of 3 entries are joined. Round 1: 0 to 1. Round 2: 0 to 2."


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
