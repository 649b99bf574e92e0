"""Settings of the HTML documentation: ``make docs``."""

from fastml import __version__

project = "fastml"
copyright = "The fastml developers"
release = version = __version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "alabaster"
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's Parameters say it
numpydoc_show_class_members = False
myst_heading_anchors = 2


def _escape_names(app, what, name, obj, options, lines):
    # In a type, a name with an underscore at its end would be a link.
    lines[:] = [line.replace("(n_features_in_,)", "(``n_features_in_``,)") for line in lines]


def setup(app):
    """Register what Sphinx calls back."""
    app.connect("autodoc-process-docstring", _escape_names, priority=400)
