"""The public names of fastml, read from the package."""

import importlib
import inspect

from fastml import _FAMILIES

MODULES = ("fastml", *(f"fastml.{family}" for family in sorted(_FAMILIES)))


def names_of(module_name):
    """Return the names that a module defines in fastml, not those that it hands on from scikit-learn.

    Parameters
    ----------
    module_name : str
        Such as ``"fastml.cluster"``.

    Returns
    -------
    list of str
        Sorted, classes and functions only.
    """
    module = importlib.import_module(module_name)
    found = ((name, getattr(module, name)) for name in module.__all__)
    return sorted(
        name for name, value in found if (getattr(value, "__module__", None) or "").startswith("fastml")
    )


def public_objects():
    """Return (full name, object) of every public class, function and method that fastml defines.

    Returns
    -------
    list of (str, object)
        Methods stand after their class, as ``fastml.cluster.KMeans.fit``.
    """
    found = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in names_of(module_name):
            value = getattr(module, name)
            found[f"{module_name}.{name}"] = value
            if inspect.isclass(value):
                found.update(
                    (f"{module_name}.{name}.{method}", function) for method, function in _methods(value)
                )
    return list(found.items())


def _methods(cls):
    """Yield the public methods that fastml defines, inherited ones too."""
    for base in cls.__mro__:
        if not base.__module__.startswith("fastml"):
            continue
        for name in vars(base):
            value = inspect.unwrap(value) if callable(value := getattr(cls, name, None)) else None
            if (
                not name.startswith("_")
                and inspect.isfunction(value)
                and value.__module__.startswith("fastml")
            ):
                yield name, value
