"""Methods that only some parameters of an estimator provide."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

__all__ = ["available_if"]


def available_if(check: Callable[[Any], bool]) -> Callable:
    """Make a method that is there only while a check of its estimator succeeds.

    It is scikit-learn's ``available_if``, without scikit-learn.

    Parameters
    ----------
    check : callable
        Takes the estimator; returns false or raises AttributeError where there is no such method.

    Returns
    -------
    callable
        The decorator of the method.

    Examples
    --------
    >>> from fastml._available import available_if
    >>> class Door:
    ...     locked = True
    ...
    ...     @available_if(lambda door: not door.locked)
    ...     def open(self):
    ...         return "open"
    >>> hasattr(Door(), "open")
    False
    """
    return functools.partial(_Available, check)


class _Available:
    def __init__(self, check, method):
        functools.update_wrapper(self, method)
        self.check, self.method = check, method

    def __get__(self, instance, owner=None):
        if instance is None:
            return self.method
        message = f"This {owner.__name__!r} has no attribute {self.method.__name__!r}"
        try:
            there = self.check(instance)
        except Exception as error:
            raise AttributeError(message) from error
        if not there:
            raise AttributeError(message)
        return types.MethodType(self.method, instance)
