"""Docstrings that inherit: what a class's docstring does not describe, those of its bases do.

Estimators share most parameters and attributes with others of their kind. Each is described once, in the
docstring of the class that brings it; a subclass describes what it adds or means differently.
"""

import inspect
import re

__all__ = ["inherit_docs"]

_SECTION = r"(?m)^{}\n-+\n(?P<entries>(?:.+\n|\n(?!.+\n-+\n))*)"  # up to the next section's heading
_ENTRY = re.compile(r"^(\w[\w, ]*) : .*(?:\n+ +.*)*", re.MULTILINE)


def inherit_docs(cls: type) -> type:
    """Complete a class's docstring, when it is first read, with what its bases' docstrings describe.

    Parameters stand in the order of ``__init__``, without those that it does not take; of the attributes
    the class's own come first.

    Parameters
    ----------
    cls : type
        Its docstring has a section for parameters, and one for attributes, if it is to have such.

    Returns
    -------
    cls : type
        The same class.
    """
    if cls.__doc__:  # none under python -OO
        cls.__doc__ = _Docstring(cls.__doc__)  # type: ignore[assignment]
    return cls


class _Docstring:
    """The docstring in a class's namespace, until it is read: importing an estimator does not pay for it."""

    def __init__(self, own):
        self.own = own

    def __get__(self, instance, owner):
        text = inspect.cleandoc(self.own) + "\n"
        texts = [text, *(inspect.cleandoc(base.__doc__ or "") + "\n" for base in owner.__mro__[1:])]
        described = _merge("Parameters", texts)
        taken = [name for name in inspect.signature(owner.__init__).parameters if name in described]
        text = _replace("Parameters", text, [described[name] for name in taken])
        text = _replace("Attributes", text, _merge("Attributes", texts).values())
        owner.__doc__ = text
        return text


def _merge(section, texts):
    """Return name -> entry of a section of several docstrings; the first that describes a name counts."""
    entries: dict = {}
    for text in texts:
        found = re.search(_SECTION.format(section), text)
        for entry in _ENTRY.finditer(found["entries"] if found else ""):
            entries.setdefault(entry[1], entry[0])
    return entries


def _replace(section, text, entries):
    found = re.search(_SECTION.format(section), text)
    if not found:
        return text
    return text[: found.start("entries")] + "\n\n".join(entries) + "\n" + text[found.end("entries") :]
