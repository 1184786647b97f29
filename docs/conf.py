"""Settings of Sphinx for the site; `make site` gathers the pages (tools/sitemaking) and builds with these."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # docstrings are read by importing the package
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import braintut  # noqa: E402

project = "braintut"
author = "the braintut authors"
copyright = "the braintut authors; code MIT, prose and figures CC BY 4.0"
version = release = braintut.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sitemaking.extension",
]
html_math_renderer = "mathml"

# The committed outputs are shown; nothing is run.
nb_execution_mode = "off"
nb_render_text_lexer = "none"
nb_merge_streams = True
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings, with shapes and units
default_role = "name_or_code"

html_theme = "pydata_sphinx_theme"
html_title = "braintut"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/icon.svg"
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "logo": {"text": "braintut"},
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": [],
}
html_sidebars = {"index": [], "start": []}
html_context = {"default_mode": "auto"}
