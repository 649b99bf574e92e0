"""Parameters of estimators: what each may be, and the decorator of methods that fit.

Plain values are accepted in microseconds and without scikit-learn. Whatever is not plainly right goes
to scikit-learn's own validation, which decides and words the error.
"""

from __future__ import annotations

import functools
import numbers
import sys
from typing import Any

import numpy as np

from ._lazy import sk

__all__ = [
    "DEVICE",
    "HasMethods",
    "Interval",
    "Options",
    "SklearnConstraints",
    "callback_context",
    "fit_method",
    "validate_params",
]

_INFINITIES = (float("inf"), -float("inf"))


class Interval:
    """Constraint: a number of a kind in an interval.

    Parameters
    ----------
    kind : {numbers.Integral, numbers.Real, float}
        The kind of number; `float` means a real number that is no integer type.
    low, high : number or None, default=None
        The ends; None means that there is none on that side.
    closed : {"left", "right", "both", "neither"}, default="left"
        The ends that belong to the interval.

    Examples
    --------
    >>> import numbers
    >>> from fastml._validation import Interval
    >>> Interval(numbers.Integral, 1).accepts(0)
    False
    """

    def __init__(self, kind, low=None, high=None, closed="left"):
        self.kind, self.low, self.high, self.closed = kind, low, high, closed

    def accepts(self, value) -> bool:
        """Tell whether `value` is plainly in the interval; what is not plain is left to scikit-learn."""
        if not isinstance(value, self.kind) or isinstance(value, (bool, np.bool_)) or value in _INFINITIES:
            return False
        low, high, closed = self.low, self.high, self.closed
        above = low is None or (value >= low if closed in ("left", "both") else value > low)
        below = high is None or (value <= high if closed in ("right", "both") else value < high)
        return bool(above and below and value == value)

    def to_sklearn(self):
        """Return scikit-learn's constraint that says the same."""
        cls = sk("sklearn.utils._param_validation.Interval")
        kind = sk("sklearn.utils._param_validation.RealNotInt") if self.kind is float else self.kind
        return cls(kind, self.low, self.high, closed=self.closed)


class Options:
    """Constraint: one of some strings.

    Parameters
    ----------
    *options : str
        The strings.

    Examples
    --------
    >>> from fastml._validation import Options
    >>> Options("uniform", "distance").accepts("uniform")
    True
    """

    def __init__(self, *options):
        self.options = frozenset(options)

    def accepts(self, value) -> bool:
        """Tell whether `value` is one of the strings."""
        return isinstance(value, str) and value in self.options

    def to_sklearn(self):
        """Return scikit-learn's constraint that says the same."""
        return sk("sklearn.utils._param_validation.StrOptions")(set(self.options))


class HasMethods:
    """Constraint: an object with some methods.

    Parameters
    ----------
    *methods : str
        Their names.

    Examples
    --------
    >>> from fastml._parameters import HasMethods
    >>> HasMethods("append").accepts([])
    True
    """

    def __init__(self, *methods):
        self.methods = methods

    def accepts(self, value) -> bool:
        """Tell whether `value` has the methods."""
        return all(callable(getattr(value, method, None)) for method in self.methods)

    def to_sklearn(self):
        """Return scikit-learn's constraint that says the same."""
        return sk("sklearn.utils._param_validation.HasMethods")(list(self.methods))


DEVICE = [Options("auto", "cpu", "cuda"), None]  # what every estimator's `device` may be


def _accepts(constraint, value):
    """Tell whether `value` plainly satisfies a constraint. False also means: let scikit-learn decide."""
    if isinstance(constraint, (Interval, Options, HasMethods)):
        return constraint.accepts(value)
    if constraint is None:
        return value is None
    if isinstance(constraint, type):
        return isinstance(value, constraint)
    if constraint is callable:
        return callable(value)
    if constraint == "boolean":
        return isinstance(value, bool)
    if constraint == "verbose":
        return isinstance(value, numbers.Integral) and value >= 0
    if constraint == "array-like":
        return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if constraint == "random_state":
        if isinstance(value, numbers.Integral):
            return not isinstance(value, bool) and 0 <= value < 2**32
        return value is None or isinstance(value, np.random.RandomState)
    return False


class SklearnConstraints:
    """The descriptor behind ``_parameter_constraints``: a class's ``_constraints`` in scikit-learn's
    terms."""

    def __get__(self, instance, owner):
        return {
            name: [c.to_sklearn() if hasattr(c, "to_sklearn") else c for c in constraints]
            for name, constraints in owner._constraints.items()
        }


def validate_params(est: Any) -> None:
    """Raise scikit-learn's InvalidParameterError if a parameter is not what ``_constraints`` says.

    Parameters
    ----------
    est : estimator
        Its parameters are checked.
    """
    for name, constraints in est._constraints.items():
        value = getattr(est, name)
        if not any(_accepts(constraint, value) for constraint in constraints):
            # scikit-learn's setting can only have been changed where scikit-learn was imported.
            config = sys.modules.get("sklearn._config")
            if config is None or not config.get_config()["skip_parameter_validation"]:
                sk("sklearn.utils._param_validation.validate_parameter_constraints")(
                    est._parameter_constraints, est.get_params(deep=False), caller_name=type(est).__name__
                )
            return


# ---- fitting -------------------------------------------------------------------------------------
def fit_method(method):
    """Decorate a method that fits.

    Parameters are validated first. If the method fails or is interrupted, the estimator's attributes
    are what they were before the call. Where somebody listens, the method runs within scikit-learn's
    callback management; a method that reports no progress itself (`callback_context`) is reported as
    one task.

    Decorate the public methods, and let those that share code share an undecorated one: ``fit`` and
    ``partial_fit`` do not call each other.

    Parameters
    ----------
    method : callable
        ``fit``, ``partial_fit`` or the like.

    Returns
    -------
    callable
        The decorated method.
    """

    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        validate_params(self)
        before = dict(self.__dict__)
        try:
            if _has_listeners(self):
                return _fit_with_callbacks(method, self, args, kwargs)
            return method(self, *args, **kwargs)
        except BaseException:
            for name in self.__dict__.keys() - before.keys():
                del self.__dict__[name]
            self.__dict__.update(before)
            raise

    return wrapper


def _has_listeners(est):
    # What scikit-learn sets on an estimator for callbacks, and on one in a meta-estimator that has them
    return "_skl_callbacks" in est.__dict__ or "_parent_callback_ctx" in est.__dict__


def _fit_with_callbacks(method, est, args, kwargs):
    def run(est):
        result = method(est, *args, **kwargs)
        if "_callback_fit_ctx" not in est.__dict__:
            context = est._init_callback_context()
            context.call_on_fit_task_begin(estimator=est)
            context.call_on_fit_task_end(estimator=est, reconstruction_attributes={})
        return result

    return sk("sklearn.callback.with_callbacks")(run)(est)


def callback_context(est: Any, **kw: Any) -> Any:
    """Return the estimator's root callback context, or None where nobody listens.

    Parameters
    ----------
    est : estimator
        The estimator that is being fitted, in a method decorated with `fit_method`.
    **kw : dict
        Arguments of scikit-learn's ``_init_callback_context``, such as ``max_subtasks``.

    Returns
    -------
    sklearn.callback.CallbackContext or None
        What ``call_on_fit_task_begin`` and ``call_on_fit_task_end`` are called on, and ``subcontext``.
    """
    return est._init_callback_context(**kw) if _has_listeners(est) else None
