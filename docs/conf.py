"""Settings of the HTML documentation: ``make docs``."""

from fastml import __version__

project = "fastml"
copyright = "The fastml developers"
release = version = __version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
html_theme = "alabaster"
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's Parameters say it
numpydoc_show_class_members = False
myst_heading_anchors = 2
