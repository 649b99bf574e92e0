"""Docstrings that inherit: what a class's docstring does not describe, those of its bases do.

Estimators share most parameters and attributes with others of their kind. Each is described once, in the
docstring of the class that brings it; a subclass describes what it adds, or what means something else there.
"""

import inspect
import re

__all__ = ["inherit_docs"]

# Compiled when a docstring is read first.
_SECTION = r"{0}\n-+\n((?:.+\n|\n(?!.+\n-+\n))*)"  # to the heading of the next
_PARAMETERS, _ATTRIBUTES = (r"(?m)^" + _SECTION.format(name) for name in ("Parameters", "Attributes"))
_FIRST = rf"(?m)^(?=\w.*\n-+\n)(?:{_SECTION.format('Parameters')})?(?:\n?{_SECTION.format('Attributes')})?"
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


class _Docstring:
    """Stands in a class's namespace until the docstring is read: an import does not pay for it."""

    def __init__(self, own):
        self.own = own

    def __get__(self, instance, owner):
        texts = [self.own, *(base.__doc__ or "" for base in owner.__mro__[1:])]
        texts = [inspect.cleandoc(text) + "\n" for text in texts]
        described, attributes = _merge(_PARAMETERS, texts), _merge(_ATTRIBUTES, texts)
        parameters = [
            described[name] for name in inspect.signature(owner.__init__).parameters if name in described
        ]
        sections = _section("Parameters", parameters) + "\n" + _section("Attributes", attributes.values())
        owner.__doc__ = re.sub(_FIRST, lambda own: sections + "\n" * (not own[0]), texts[0], count=1)
        return owner.__doc__


def _merge(section, texts):
    """Return name -> entry of a section of several docstrings; the first that describes a name counts."""
    entries: dict = {}
    for found in filter(None, (re.search(section, text) for text in texts)):
        for entry in re.finditer(_ENTRY, found[1]):
            entries.setdefault(entry[1], entry[0])
    return entries


def _section(name, entries):
    return f"{name}\n{'-' * len(name)}\n" + "\n\n".join(entries) + "\n"
