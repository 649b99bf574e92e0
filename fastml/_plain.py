"""Telling in microseconds that an input is plainly valid, and bringing it into the form that kernels take.

A negative answer never means that the input is wrong, only that somebody has to look closer.
"""

from __future__ import annotations

import numpy as np

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))

_NO_MATTER = {"accept_sparse", "accept_large_sparse"}  # options that do not concern an ndarray


def plain_array(
    X,
    *,
    dtype=FLOATS,
    order="C",
    copy=False,
    ensure_all_finite=True,
    ensure_min_samples=1,
    ensure_min_features=1,
    **kw,
):
    """Return X as `check_array` would, or None if it is not plainly valid."""
    if not (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.shape[0] >= max(ensure_min_samples, 1)
        and X.shape[1] >= max(ensure_min_features, 1)
        and kw.keys() <= _NO_MATTER
    ):
        return None
    out = _cast(X, dtype)
    if out is None or (ensure_all_finite and not finite(out, ensure_all_finite == "allow-nan")):
        return None
    out = lay_out(out, order)
    return out.copy(order="K") if copy and np.may_share_memory(out, X) else out


def _cast(X, dtype):
    dtypes = dtype if isinstance(dtype, (tuple, list)) else (dtype,)
    if dtype is None or dtype == "numeric":
        return X if X.dtype.kind in "fiub" else None
    if X.dtype in dtypes:
        return X
    target = np.dtype(dtypes[0])
    # A float is only widened here: a narrowed one can overflow, which is for scikit-learn to report.
    if target in FLOATS and (X.dtype.kind in "iub" or np.can_cast(X.dtype, target)):
        return X.astype(target)
    return None


def finite(X, allow_nan=False):
    """Tell whether all values are finite, in one pass without a temporary. False also means: look closer."""
    if X.dtype.kind != "f":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduce(X, axis=None)
    return bool(np.isfinite(total)) or (allow_nan and not np.isinf(X).any())


def lay_out(X, order):
    """Return an array of the wanted order, aligned as compiled code needs it; X itself where it is so."""
    if order == "C":
        X = np.ascontiguousarray(X)
    elif order == "F":
        X = np.asfortranarray(X)
    return aligned(X)


def aligned(X):
    """Return an array at an address that compiled code can read; X itself where it is so, or no array."""
    return X.copy(order="K") if type(X) is np.ndarray and not X.flags.aligned else X


def plain_target(y, n_samples, y_float, multi_output):
    """Tell whether y plainly is a target for `n_samples` samples."""
    if not (
        type(y) is np.ndarray
        and y.ndim in ((1, 2) if multi_output else (1,))
        and len(y) == n_samples
        and y.size
    ):
        return False
    if y_float:
        return y.dtype.kind in "iub" or (y.dtype in FLOATS and finite(y))
    # scikit-learn has a warning for labels that are nearly all different.
    return y.ndim == 1 and y.dtype.kind in "iubU" and _few_classes(y)


def _few_classes(y):
    if y.dtype.kind != "U" and 2 * (int(y.max()) - int(y.min()) + 1) <= len(y):
        return True
    return 2 * len(np.unique(y)) <= len(y)
