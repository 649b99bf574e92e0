"""What the functions on pairs of rows share: validation, and metrics in terms of those with a kernel."""

from __future__ import annotations

import contextlib
import numbers

import numpy as np

from .. import _config
from .._device import is_cuda_array, report_fallback
from .._validation import check_array_fast, sk

# scikit-learn's names -> the kernels'
NAMES = {
    "euclidean": "euclidean",
    "l2": "euclidean",
    "sqeuclidean": "sqeuclidean",
    "manhattan": "manhattan",
    "cityblock": "manhattan",
    "l1": "manhattan",
    "chebyshev": "chebyshev",
    "cosine": "cosine",
    "minkowski": "minkowski",
    "canberra": "canberra",
    "braycurtis": "braycurtis",
    "hamming": "hamming",
    # of transformed rows:
    "correlation": "cosine",
    "seuclidean": "euclidean",
    "mahalanobis": "euclidean",
}
OPTIONS = {"minkowski": {"p"}, "seuclidean": {"V"}, "mahalanobis": {"VI"}}
# Of the other metrics, those that scikit-learn knows.
ELSEWHERE = {
    "precomputed", "nan_euclidean", "haversine", "dice", "jaccard", "matching", "rogerstanimoto",
    "russellrao", "sokalmichener", "sokalsneath", "yule",
}  # fmt: skip


# ---- what scikit-learn computes -------------------------------------------------------------
INVALID = "scikit-learn says what is wrong with the call"


def why_not(metric, options, X, Y=None, *, n_jobs=None, ensure_all_finite=True):
    """Say why there is no kernel for a call; None where there is one."""
    if not is_array_like(X) or not (Y is None or is_array_like(Y)):
        return INVALID
    if not isinstance(metric, str) or metric not in NAMES:
        known = callable(metric) or (isinstance(metric, str) and metric in ELSEWHERE)
        return f"there is no kernel for metric {metric!r}" if known else INVALID
    if not options.keys() <= OPTIONS.get(metric, set()):
        return f"the kernel of metric {metric!r} takes no {', '.join(sorted(options))}"
    if metric == "minkowski" and not is_power(options.get("p", 2)):
        return "the kernel takes a number from 1 on as p"
    if not (n_jobs is None or (isinstance(n_jobs, numbers.Integral) and n_jobs != 0)):
        return INVALID
    if ensure_all_finite is not True:
        return "the kernels take finite data only"
    if is_sparse(X) or is_sparse(Y):
        return "the kernels take dense data only"
    return None


def is_power(p):
    """Tell whether p is a number that Minkowski's metric is defined for."""
    return isinstance(p, numbers.Real) and not isinstance(p, bool) and p >= 1


def is_array_like(X):
    """Tell whether X is what scikit-learn calls array-like, or a sparse matrix."""
    return any(hasattr(X, name) for name in ("__array__", "shape", "__len__")) and not isinstance(X, str)


def is_sparse(X):
    """Tell whether X is a sparse matrix or array, without importing SciPy."""
    return type(X).__module__.startswith("scipy.sparse")


def by_sklearn(path, why, args, options):
    """Call scikit-learn's function; say so unless that is to raise its error."""
    if why is not INVALID:
        report_fallback(f"scikit-learn's {path.rpartition('.')[2]}", why)
    return sk(path)(*args, **options)


# ---- data -----------------------------------------------------------------------------------
def check_rows(X, Y=None):
    """Validate rows as scikit-learn's `check_pairwise_arrays` does.

    Returns
    -------
    X, Y : array of shape (n_samples, n_features)
        C-contiguous, float32 if both are, else float64. Y is X where it was None or X.
    """
    if is_cuda_array(X) or is_cuda_array(Y):
        return _check_cuda_rows(X, Y)
    same = Y is None or Y is X
    rows = plain_rows(X)
    others = rows if same else plain_rows(Y)
    if rows is None or others is None or rows.shape[1] != others.shape[1]:
        rows, others = sk("sklearn.metrics.pairwise.check_pairwise_arrays")(X, Y)
        rows = np.ascontiguousarray(rows)
        others = rows if same else np.ascontiguousarray(others)
    elif rows.dtype != others.dtype:
        rows, others = rows.astype(np.float64, copy=False), others.astype(np.float64, copy=False)
    return rows, others


def plain_rows(X):
    """Finite rows as a C-contiguous float array, or None for what scikit-learn is to look at."""
    if isinstance(X, (list, tuple)):
        try:
            X = np.array(X)
        except ValueError:
            return None
    if type(X) is not np.ndarray or X.ndim != 2 or not X.size or X.dtype.kind not in "fiub":
        return None
    if X.dtype.kind == "f" and not (np.isfinite(X.min()) and np.isfinite(X.max())):
        return None
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    return np.require(X, dtype, ["C", "A"]) if X.dtype.itemsize <= 8 else None


def widened(rows, others):
    """The rows as float64 where float32 does not hold the squares of their differences."""
    if rows.dtype == np.float32 and not (_squares_well(rows) and (others is rows or _squares_well(others))):
        wide = rows.astype(np.float64)
        return wide, wide if others is rows else others.astype(np.float64)
    return rows, others


def narrowed(distances, dtype):
    """Distances in the dtype of the data."""
    with np.errstate(over="ignore"):
        return distances.astype(dtype, copy=False)


def _squares_well(rows):
    largest = max(-float(rows.min()), float(rows.max()))
    return largest == 0 or 2.0**-40 < largest < 2.0**60


def _check_cuda_rows(X, Y):
    rows = check_array_fast(X)
    others = rows if Y is None or Y is X else check_array_fast(Y)
    if rows.shape[1] != others.shape[1]:
        raise ValueError(
            "Incompatible dimension for X and Y matrices: "
            f"X.shape[1] == {rows.shape[1]} while Y.shape[1] == {others.shape[1]}"
        )
    if rows.dtype != others.dtype:
        rows, others = rows.astype(np.float64), others.astype(np.float64)
    return rows, others


def threads(n_jobs):
    """The context in which a call uses `n_jobs` threads, counted as joblib counts them."""
    if n_jobs is None or n_jobs == -1:
        return contextlib.nullcontext()
    if n_jobs < 0:
        from .._threads import effective_threads

        n_jobs = max(1, effective_threads() + 1 + n_jobs)
    return _config.config_context(n_threads=int(n_jobs))


# ---- metrics in terms of others -------------------------------------------------------------
def transformed(device, metric, X, Y, options):
    """The rows on the device; for correlation, seuclidean and mahalanobis, rows that are so far apart.

    Returns
    -------
    rows : (X, Y) or None
        None where the metric is not defined for all rows, or scikit-learn would refuse.
    """
    rows = device.asarray(X)
    X, Y = rows, rows if Y is X else device.asarray(Y)
    if metric not in ("correlation", "seuclidean", "mahalanobis"):
        return X, Y
    xp = device.xp
    if metric == "correlation":
        return _like(X, Y, lambda A: A - A.mean(axis=1, keepdims=True), needs_rows=True)
    option = options.get("V" if metric == "seuclidean" else "VI")
    if option is None and Y is not X:
        return None
    if metric == "seuclidean":
        variances = X.var(axis=0, ddof=1, dtype=np.float64) if option is None else xp.asarray(option)
        if variances.shape != X.shape[1:] or not bool((variances > 0).all()):
            return None
        return _like(X, Y, lambda A: A / xp.sqrt(variances))
    return _whitened(xp, X, Y, option)


def _like(X, Y, change, needs_rows=False):
    rows = change(X)
    if needs_rows and not bool((rows != 0).any(axis=1).all()):
        return None  # rows without variance, whose correlation is undefined
    others = rows if Y is X else change(Y)
    if needs_rows and not bool((others != 0).any(axis=1).all()):
        return None
    rows, others = rows.astype(X.dtype, copy=False), others.astype(X.dtype, copy=False)
    return rows, rows if Y is X else others


def _whitened(xp, X, Y, inverse):
    center = X.mean(axis=0, dtype=np.float64)  # without it, products of far-off data cancel
    try:
        if inverse is None:
            inverse = xp.linalg.inv(xp.atleast_2d(xp.cov(X.T)))
        inverse = xp.asarray(inverse, dtype=np.float64)
        factor = xp.linalg.cholesky((inverse + inverse.T) / 2)
    except (np.linalg.LinAlgError, ValueError):
        return None
    if factor.shape != (X.shape[1], X.shape[1]) or not bool(xp.isfinite(factor).all()):
        return None
    return _like(X, Y, lambda A: (A - center) @ factor)
