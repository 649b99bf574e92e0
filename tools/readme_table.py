"""The README's table of what there is, made from the package.

Run as ``python -m tools.readme_table`` to write it into the README; a test fails when it is out of date.
"""

import importlib
import inspect
from pathlib import Path

from fastml import _FAMILIES

from .public_api import names_of

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- made by: python -m tools.readme_table -->\n", "<!-- end of the table -->"


def table():
    """Return the table.

    Returns
    -------
    str
        Markdown.
    """
    lines = ["| module | on CPU and CUDA | on the CPU |", "|---|---|---|"]
    for family in sorted(_FAMILIES):
        module = importlib.import_module(f"fastml.{family}")
        names = names_of(module.__name__)
        both = [name for name in names if _takes_device(getattr(module, name))]
        rest = [name for name in names if name not in both]
        lines.append(f"| `fastml.{family}` | {_listed(both)} | {_listed(rest)} |")
    return "\n".join(lines) + "\n"


def _takes_device(thing):
    return "device" in inspect.signature(thing).parameters and not getattr(thing, "_cpu_only", False)


def _listed(names):
    return ", ".join(f"`{name}`" for name in names)


def updated(text):
    """Return the README's text with the table of today.

    Parameters
    ----------
    text : str
        The README.

    Returns
    -------
    str
        The README.
    """
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
