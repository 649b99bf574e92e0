"""Validation of data, fast for the plain case.

Each function finds in microseconds that nothing unusual is going on: a float array, integer labels
(`_plain`). Whatever else comes in goes to scikit-learn's own function, which then also words the error. So no
message is copied from scikit-learn, none can drift, and scikit-learn is not imported for plain data.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from ._lazy import sk
from ._parameters import DEVICE, Interval, Options, callback_context, fit_method
from ._plain import FLOATS, finite, lay_out, plain_array, plain_target

__all__ = [
    "DEVICE",
    "FLOATS",
    "Interval",
    "Options",
    "callback_context",
    "check_X",
    "check_X_y",
    "check_array_fast",
    "check_fitted",
    "check_weight",
    "fit_method",
    "random_state",
    "sk",
]


# ---- data ------------------------------------------------------------------------------
def check_array_fast(X: Any, **kw: Any) -> Any:
    """Validate an array for a function; for a method see `check_X`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The data, on the host or on a GPU.
    **kw : dict
        Options of `sklearn.utils.check_array`. By default `dtype` is float64 or float32 and `order` is "C".

    Returns
    -------
    X : ndarray, sparse matrix or CuPy array of shape (n_samples, n_features)
        The data itself where it needs no conversion.

    Raises
    ------
    ValueError
        As `sklearn.utils.check_array`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._validation import check_array_fast
    >>> check_array_fast(np.array([[1, 2]]))
    array([[1., 2.]])
    """
    out = plain_array(X, **kw)
    if out is not None:
        return out
    if _is_cuda(X):
        return _check_cuda(None, X, reset=True, **kw)
    if _is_torch(X):
        return check_array_fast(_to_host(X), **kw)
    out = sk("sklearn.utils.check_array")(X, **{"dtype": FLOATS, "order": "C", **kw})
    return _ndarray(out)


def check_X(est: Any, X: Any, *, reset: bool, **kw: Any) -> Any:
    """Validate the data of a method, and set or compare the estimator's number and names of features.

    Parameters
    ----------
    est : estimator
        The estimator that the data is for.
    X : array-like of shape (n_samples, n_features)
        The data, on the host or on a GPU.
    reset : bool
        True in ``fit``, False in the methods that follow it.
    **kw : dict
        Options of `sklearn.utils.check_array`. By default `dtype` is float64 or float32 and `order` is "C".

    Returns
    -------
    X : ndarray, sparse matrix or CuPy array of shape (n_samples, n_features)
        The data itself where it needs no conversion.

    Raises
    ------
    ValueError
        As `sklearn.utils.validation.validate_data`.
    """
    if est is None:  # `_device.check_cuda_array` validates for functions too
        return check_array_fast(X, **kw)
    if type(X) is np.ndarray and _keeps_features(est, X, reset):
        out = plain_array(X, **kw)
        if out is not None:
            if reset:
                est.n_features_in_ = X.shape[1]
            return out
    elif _is_cuda(X):
        return _check_cuda(est, X, reset=reset, **kw)
    elif _is_torch(X):
        return check_X(est, _to_host(X), reset=reset, **kw)
    out = _validate_data(est, X, reset=reset, **kw)
    return _ndarray(out)


def check_X_y(
    est: Any,
    X: Any,
    y: Any,
    *,
    y_float: bool,
    multi_output: bool | None = None,
    reset: bool = True,
    **kw: Any,
) -> tuple:
    """Validate the data and the target of a method, and set or compare the number and names of features.

    Parameters
    ----------
    est : estimator
        The estimator that the data is for.
    X : array-like of shape (n_samples, n_features)
        The data, on the host or on a GPU.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target.
    y_float : bool
        True for a regression target, False for class labels.
    multi_output : bool, default=None
        Whether there may be several outputs. None means: in a regression target only.
    reset : bool, default=True
        True in ``fit`` and the first ``partial_fit``.
    **kw : dict
        Options of `sklearn.utils.check_array` for X, as in `check_X`.

    Returns
    -------
    X : ndarray, sparse matrix or CuPy array of shape (n_samples, n_features)
        The data itself where it needs no conversion.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The target, on the host, of the dtype that it had.

    Raises
    ------
    ValueError
        As `sklearn.utils.validation.validate_data` and
        `sklearn.utils.multiclass.check_classification_targets`.
    """
    multi_output = y_float if multi_output is None else multi_output
    y = _to_host(y)
    if _is_cuda(X):
        X = _check_cuda(est, X, reset=reset, **kw)
        return X, _check_target(est, X, y, y_float, multi_output)
    X = _to_host(X)
    if type(X) is np.ndarray and X.ndim == 2 and plain_target(y, len(X), y_float, multi_output):
        if _keeps_features(est, X, reset):
            out = plain_array(X, **kw)
            if out is not None:
                if reset:
                    est.n_features_in_ = X.shape[1]
                return out, lay_out(y, "C")
    X, y = _validate_data(est, X, y, reset=reset, y_numeric=y_float, multi_output=multi_output, **kw)
    if not y_float:
        sk("sklearn.utils.multiclass.check_classification_targets")(y)
    return _ndarray(X), _ndarray(y)


def _keeps_features(est, X, reset):
    """Tell whether the number of features fits, and names of features play no part."""
    if "feature_names_in_" in est.__dict__:
        return False
    # No number at all: a transformer that needs no fit.
    return reset or getattr(est, "n_features_in_", X.shape[-1]) == X.shape[-1]


def _validate_data(est, *data, **kw):
    return sk("sklearn.utils.validation.validate_data")(est, *data, **{"dtype": FLOATS, "order": "C", **kw})


def _ndarray(X):
    """Return what scikit-learn validated as an ndarray of its own class; sparse data as it is."""
    return lay_out(np.asarray(X), None) if hasattr(X, "__array__") else X


def _check_target(est, X, y, y_float, multi_output):
    """Validate a target by itself, as `validate_data` does it together with the data."""
    if not plain_target(y, len(X), y_float, multi_output):
        y = sk("sklearn.utils.validation._check_y")(
            y, multi_output=multi_output, y_numeric=y_float, estimator=est
        )
        sk("sklearn.utils.check_consistent_length")(X, y)
        if not y_float:
            sk("sklearn.utils.multiclass.check_classification_targets")(y)
    return y


# ---- data of other libraries, on a GPU or not -----------------------------------------------------
def _is_cuda(X):
    if type(X) is np.ndarray or X is None:
        return False
    from ._device import is_cuda_array

    return is_cuda_array(X)


def _is_torch(X):
    return type(X).__module__.partition(".")[0] == "torch" and hasattr(X, "detach")


def _to_host(X):
    """Return an ndarray of what lives on a GPU and of tensors; anything else as it is."""
    if type(X) is np.ndarray:
        return X
    if _is_torch(X):  # scikit-learn would make float64 of any dtype
        return X.detach().cpu().numpy()
    if _is_cuda(X):
        from ._device import CPU

        return CPU.to_host(X)
    return X


def _check_cuda(est, X, **kw):
    from ._device import check_cuda_array, report_fallback, why_no_cuda

    if why_no_cuda():
        report_fallback("computing on the CPU data that lives on a GPU", why_no_cuda())
        return check_X(est, _to_host(X), **kw)
    return check_cuda_array(est, X, **kw)


# ---- the rest ------------------------------------------------------------------------------------
def check_weight(sample_weight: Any, X: Any, *, non_negative: bool = False) -> np.ndarray | None:
    """Validate sample weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        The weights, on the host or on a GPU.
    X : array of shape (n_samples, n_features)
        The validated data.
    non_negative : bool, default=False
        Whether negative weights are an error.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,) or None
        On the host, C-contiguous, of X's dtype. None stays None.

    Raises
    ------
    ValueError
        As scikit-learn: for a wrong shape, for values that are not finite, if all weights are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._validation import check_weight
    >>> check_weight(np.array([1, 2]), np.zeros((2, 3), dtype=np.float32))
    array([1., 2.], dtype=float32)
    """
    if sample_weight is None:
        return None
    w = _to_host(sample_weight)
    if (
        type(w) is np.ndarray
        and w.shape == (X.shape[0],)
        and (w.dtype.kind in "iu" or w.dtype == X.dtype or (w.dtype in FLOATS and X.dtype == np.float64))
        and finite(w)
        and w.any()
        and not (non_negative and w.min() < 0)
    ):
        return lay_out(w.astype(X.dtype, copy=False), "C")
    like_X = np.broadcast_to(np.zeros(1, X.dtype), (X.shape[0], 1))  # X may be on a GPU
    w = sk("sklearn.utils.validation._check_sample_weight")(
        w, like_X, dtype=X.dtype, ensure_non_negative=non_negative
    )
    if not w.any():  # an error of scikit-learn's own only from 1.9 on
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return w


def check_fitted(est: Any, attribute: str) -> None:
    """Raise scikit-learn's NotFittedError unless the estimator has a fitted attribute.

    Parameters
    ----------
    est : estimator
        The estimator.
    attribute : str
        The name of an attribute that fitting sets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator has no such attribute.
    """
    if attribute not in est.__dict__:
        sk("sklearn.utils.validation.check_is_fitted")(est, attribute)


def random_state(seed: Any) -> np.random.RandomState:
    """Return the random number generator that a ``random_state`` parameter stands for.

    Parameters
    ----------
    seed : None, int or RandomState
        None is NumPy's global generator.

    Returns
    -------
    numpy.random.RandomState
        The generator.

    Raises
    ------
    ValueError
        As `sklearn.utils.check_random_state`.

    Examples
    --------
    >>> from fastml._validation import random_state
    >>> int(random_state(0).randint(100))
    44
    """
    if seed is None:
        return np.random.mtrand._rand
    if isinstance(seed, numbers.Integral):
        return np.random.RandomState(int(seed))
    if isinstance(seed, np.random.RandomState):
        return seed
    return sk("sklearn.utils.check_random_state")(seed)
