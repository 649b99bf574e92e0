"""Docstrings that inherit: what one does not describe, those of a class's bases or of a like function do.

Estimators share most parameters and attributes with others of their kind. Each is described once, in the
docstring of the class that brings it; a subclass describes what it adds, or what means something else there.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

__all__ = ["describe_like", "inherit_docs"]

# Compiled when a docstring is read first.
_BODY = r"\n-+\n((?:.+\n|\n(?!.+\n-+\n))*)"  # of a section, to the heading of the next
_HEADING = r"(?m)^(?=\w.*\n-+\n)"
_BOTH = rf"{_HEADING}(?:Parameters{_BODY})?(?:\n?Attributes{_BODY})?"  # where the first section is
_ENTRY = r"(?m)^(\w[\w, ]*) : .*(?:\n+ +.*)*"


def inherit_docs(cls: type) -> type:
    """Complete a class's docstring, when it is first read, with what its bases' docstrings describe.

    Parameters stand in the order of ``__init__``, without those that it does not take; the class's own
    attributes come before inherited ones.

    Parameters
    ----------
    cls : type
        Its docstring has a section, say of examples.

    Returns
    -------
    cls : type
        The same class.
    """
    if cls.__doc__:  # there is none under python -OO
        cls.__doc__ = _Docstring(cls.__doc__)  # type: ignore[assignment]
    return cls


def describe_like(model: Callable) -> Callable[[Any], Any]:
    """Complete a function's docstring with what another's describes: parameters, results and errors.

    Parameters
    ----------
    model : callable
        A function that shares parameters.

    Returns
    -------
    decorator : callable
        For a function whose docstring has a section, say of examples.
    """

    def complete(function):
        if function.__doc__:
            function.__doc__ = _complete(function, _cleaned(function.__doc__, model.__doc__))
        return function

    return complete


class _Docstring:
    """Stands in a class's namespace until the docstring is read: an import does not pay for it."""

    def __init__(self, own):
        self.own = own

    def __get__(self, instance, owner):
        texts = _cleaned(self.own, *(base.__doc__ or "" for base in owner.__mro__[1:]))
        attributes = _section("Attributes", _merge("Attributes", texts).values())
        sections = _parameters(owner.__init__, texts) + "\n" + attributes
        owner.__doc__ = re.sub(_BOTH, lambda own: sections + "\n" * (not own[0]), texts[0], count=1)
        return owner.__doc__


def _complete(function, texts):
    """Return the first text with sections that it shares with the second."""
    sections = [_parameters(function, texts)]
    for name in ("Returns", "Raises"):
        found = filter(None, (re.search(rf"(?m)^{name}{_BODY}", text) for text in texts))
        sections += [section[0] for section in found][:1]
    rest = re.sub(rf"(?m)^(?:Parameters|Returns|Raises){_BODY}\n?", "", texts[0])
    return re.sub(_HEADING, lambda _: "\n".join([*sections, ""]), rest, count=1)


def _cleaned(*texts):
    return [inspect.cleandoc(text) + "\n" for text in texts]


def _parameters(function, texts):
    """Return the section of a function's parameters, in their order."""
    described = _merge("Parameters", texts)
    names = inspect.signature(function).parameters
    return _section("Parameters", [described[name] for name in names if name in described])


def _merge(section, texts):
    """Return name -> entry of a section of several docstrings; the first that describes a name counts."""
    entries: dict = {}
    for found in filter(None, (re.search(rf"(?m)^{section}{_BODY}", text) for text in texts)):
        for entry in re.finditer(_ENTRY, found[1]):
            entries.setdefault(entry[1], entry[0])
    return entries


def _section(name, entries):
    return f"{name}\n{'-' * len(name)}\n" + "\n\n".join(entries) + "\n"
