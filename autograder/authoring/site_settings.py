"""Sphinx's settings for the website of a course.

A course without `site/conf.py` gets these. One that has it begins with
`from autograder.authoring.site_settings import *` and changes what it likes; Sphinx's manual lists
all settings. Title, repository and address are set by `autograder site`.
"""

from pathlib import Path

extensions = ["autograder.authoring.site_extension"]
exclude_patterns = ["_templates"]

html_theme = "sphinx_book_theme"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "footer_content_items": [],
    # The search field of the sidebar is enough.
    "navbar_persistent": [],
}
html_context = {"default_mode": "auto"}
html_favicon = str(Path(__file__).parent / "templates" / "site" / "static" / "favicon.svg")
html_use_index = False
html_domain_indices = False
html_show_sphinx = False
html_show_copyright = False
# The sources have the answers that the pages fold.
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"

nb_execution_mode = "off"
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
# Pygments refuses some tracebacks that hold other code.
nb_render_error_lexer = "text"
# No widget asks a network for its scripts.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath"]

# Options such as --force keep their dashes.
smartquotes = False
# Docstrings write `code` as Markdown does.
default_role = "code"
add_module_names = False
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
