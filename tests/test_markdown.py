"""What nbgrader's pages show of a text that a student wrote."""

import pytest
from jinja2 import Environment

from autograder.classroom.markdown import markdown2html


def shown(source, **cell):
    environment = Environment()
    environment.filters["markdown2html"] = markdown2html
    return environment.from_string("{{ source | markdown2html }}").render(source=source, cell=cell)


def test_a_formula_is_mathml():
    page = shown(r"The radius is the limit of $\|A^k\|^{1/k}$.")
    assert "<msup><mi>A</mi><mi>k</mi></msup>" in page
    assert "$" not in page
    assert 'display="block"' in shown("$$a < b$$")
    assert "<mtable" in shown(r"\begin{align*}a&=b\end{align*}")


def test_what_is_no_formula_is_shown_as_typed():
    assert r"<code>\frac{</code>" in shown(r"It costs $\frac{$ today.")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)>",
        '<div onclick="alert(1)">\n\nb\n</div>',
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        r"\begin{align}\text{<img src=x onerror=alert(1)>}\end{align}",
        "[x](javascript:alert(1))",
        "[x](vbscript:alert(1))",
        "![x](javascript:alert(1))",
        '![a" onerror="alert(1)](b.png)',
        '[a](b "c\\" onclick=\\"alert(1)")',
        "# <script>alert(1)</script>",
        "```mermaid\n</pre><script>alert(1)</script>\n```",
    ],
)
def test_nothing_that_a_student_wrote_runs(hostile):
    from bs4 import BeautifulSoup

    for tag in BeautifulSoup(shown(hostile), "html.parser").find_all(True):
        assert tag.name not in ("script", "iframe", "object", "embed", "style")
        for name, value in tag.attrs.items():
            assert not name.startswith("on")
            assert "script:" not in str(value)


def test_an_attached_picture_cannot_leave_its_attribute():
    page = shown("![x](attachment:a.png)", attachments={"a.png": {"image/png": 'x" onerror="y'}})
    assert ' onerror="' not in page


def test_a_picture_from_elsewhere_is_a_link_and_a_missing_one_is_a_sentence():
    for address in ("https://example.org/a.png", "//example.org/a.png"):
        page = shown(f"![<b>plot</b>]({address})")
        assert "<img" not in page
        assert f'href="{address}"' in page
        assert "<b>" not in page
    assert "is missing" in shown("![plot](attachment:none.png)")
    assert '<img src="near.png"' in shown("![plot](near.png)")
