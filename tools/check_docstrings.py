"""Check the docstrings of all public names with numpydoc; which checks, pyproject.toml says.

Run as ``python -m tools.check_docstrings``; the exit status is 1 when something is wrong.
"""

import sys
import tomllib
from pathlib import Path

from numpydoc.validate import validate

from .public_api import public_objects

SETTINGS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"][
    "numpydoc_validation"
]


def problems(name):
    """Return what numpydoc finds wrong with one docstring.

    Parameters
    ----------
    name : str
        Full name of a class, function or method.

    Returns
    -------
    list of str
        Code and message of each finding.
    """
    skipped = set(SETTINGS["checks"]) - {"all"}
    if name.count(".") == 3:
        skipped |= {"EX01"}  # a class's example shows its methods
    found = validate(name)
    if "\nYields\n" in found["docstring"]:
        skipped |= {"RT01"}  # it returns a generator
    return [f"{name}: {code} {message}" for code, message in found["errors"] if code not in skipped]


def main():
    """Print all findings.

    Returns
    -------
    int
        1 when there are any.
    """
    found = [line for name, _ in public_objects() for line in problems(name)]
    print("\n".join(found) or "docstrings: all good")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
