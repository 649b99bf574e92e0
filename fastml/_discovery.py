"""Finding fastml's estimators."""

import importlib

from . import _FAMILIES
from ._base import Estimator

__all__ = ["all_estimators"]


def all_estimators() -> list[tuple[str, type]]:
    """Return the name and the class of every public estimator, in alphabetical order.

    They are what the families list in their ``__all__``. scikit-learn is not imported.

    Returns
    -------
    list of (str, type)
        Names and classes.

    Examples
    --------
    >>> from fastml._discovery import all_estimators
    >>> "KMeans" in dict(all_estimators())
    True
    """
    found = {}
    for family in _FAMILIES:
        module = importlib.import_module(f"fastml.{family}")
        # Not `module.__all__`: where that is lazy, it adds scikit-learn's names and loads them.
        for name in vars(module).get("__all__", ()):
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, Estimator):
                found[name] = value
    return sorted(found.items())
