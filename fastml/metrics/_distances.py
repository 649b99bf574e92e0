"""Distances between all pairs of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose, like_input
from ._rows import INVALID, NAMES, by_sklearn, check_rows, narrowed, threads, transformed, why_not, widened

__all__ = ["cosine_distances", "euclidean_distances", "manhattan_distances", "pairwise_distances"]


def pairwise_distances(
    X: Any,
    Y: Any = None,
    metric: Any = "euclidean",
    *,
    n_jobs: int | None = None,
    ensure_all_finite: bool | str = True,
    device: str | None = None,
    **kwds: Any,
) -> Any:
    """Compute the distances between all rows of X and all rows of Y.

    Distances are accurate whatever the offset of the data, and the distance of a row to itself is exactly
    zero: they are computed from differences, not from products of rows. Where there are many features,
    Euclidean distances in float64 do come from products, but for those that cancel.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features) or (n_samples_X, n_samples_X)
        The rows; the distances themselves if ``metric="precomputed"``.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features), default=None
        Other rows; None means X.
    metric : str or callable, default="euclidean"
        Any metric of scikit-learn's function. Compiled are euclidean (l2), sqeuclidean, manhattan (l1,
        cityblock), chebyshev, minkowski, cosine, correlation, seuclidean, mahalanobis, canberra, braycurtis
        and hamming, for dense data; scikit-learn computes the others.
    n_jobs : int, default=None
        Number of threads, at most; -1 means all. None leaves it to the configuration.
    ensure_all_finite : bool or "allow-nan", default=True
        Whether to refuse infinities and NaN; other values than True lead to scikit-learn.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.
    **kwds : dict
        Options of the metric: ``p`` of minkowski, ``V`` of seuclidean, ``VI`` of mahalanobis, ``squared``
        of euclidean, and whatever else scikit-learn's function takes.

    Returns
    -------
    ndarray of shape (n_samples_X, n_samples_Y)
        The distances, in the units of the metric: float32 if X and Y are, else float64. A CuPy array or
        torch tensor where X is one.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    pairwise_distances_chunked : The same, a part at a time.
    pairwise_distances_argmin : The nearest row only.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import pairwise_distances
    >>> pairwise_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), metric="manhattan")
    array([[0., 7.],
           [7., 0.]])
    """
    if metric in ("euclidean", "l2") and kwds and kwds.keys() <= _EUCLIDEAN_OPTIONS:
        if why_not("euclidean", {}, X, Y, n_jobs=n_jobs) is None:
            with threads(n_jobs):
                return euclidean_distances(X, Y, device=device, **kwds)
    why = why_not(metric, kwds, X, Y, n_jobs=n_jobs, ensure_all_finite=ensure_all_finite)
    if why is None:
        with threads(n_jobs):
            distances = compute(X, Y, metric, kwds, device)
        if distances is not None:
            return distances
        why = f"the kernel of metric {metric!r} is not defined for all of the data"
    options = {"metric": metric, "n_jobs": n_jobs, "ensure_all_finite": ensure_all_finite, **kwds}
    return by_sklearn("sklearn.metrics.pairwise_distances", why, (X, Y), options)


_EUCLIDEAN_OPTIONS = {"squared", "X_norm_squared", "Y_norm_squared"}


def compute(X, Y, metric, options, device):
    """Distances in a metric that has a kernel, or None where it is not defined for all rows."""
    rows, others = check_rows(X, Y)
    work = rows.shape[0] * others.size
    chosen = choose(device, X, work=work)
    dtype = rows.dtype
    pair = transformed(chosen, metric, *widened(rows, others), options)
    if pair is None:
        return None
    out = chosen.empty((pair[0].shape[0], pair[1].shape[0]), pair[0].dtype)
    chosen.kernels.distance.pairwise(*pair, NAMES[metric], out, float(options.get("p", 2)))
    return like_input(narrowed(out, dtype), X)


def euclidean_distances(
    X: Any,
    Y: Any = None,
    *,
    Y_norm_squared: Any = None,
    squared: bool = False,
    X_norm_squared: Any = None,
    device: str | None = None,
) -> Any:
    """Compute the Euclidean distances between all rows of X and all rows of Y.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
        The rows.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features), default=None
        Other rows; None means X.
    Y_norm_squared : array-like of shape (n_samples_Y,), (n_samples_Y, 1) or (1, n_samples_Y), default=None
        Only its shape is looked at: norms of the rows as they are would cost accuracy.
    squared : bool, default=False
        Whether to return squared distances.
    X_norm_squared : array-like of shape (n_samples_X,), (n_samples_X, 1) or (1, n_samples_X), default=None
        As `Y_norm_squared`.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    ndarray of shape (n_samples_X, n_samples_Y)
        The distances: float32 if X and Y are, else float64.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import euclidean_distances
    >>> euclidean_distances(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[0., 5.],
           [5., 0.]])
    """
    metric = "sqeuclidean" if squared is True else "euclidean"
    why = why_not(metric, {}, X, Y)
    if not isinstance(squared, (bool, np.bool_)):
        why = INVALID
    norms = ((X_norm_squared, X), (Y_norm_squared, X if Y is None else Y))
    if not all(norm is None or _fits(norm, rows) for norm, rows in norms):
        why = INVALID
    if why is None:
        return compute(X, Y, metric, {}, device)
    options = {"Y_norm_squared": Y_norm_squared, "squared": squared, "X_norm_squared": X_norm_squared}
    return by_sklearn("sklearn.metrics.pairwise.euclidean_distances", why, (X, Y), options)


def _fits(norm, rows):
    """Tell whether norms have one of the shapes that scikit-learn takes."""
    n_samples = len(rows) if isinstance(rows, (list, tuple)) else rows.shape[0]
    return np.shape(norm) in ((n_samples,), (n_samples, 1), (1, n_samples))


def manhattan_distances(X: Any, Y: Any = None, *, device: str | None = None) -> Any:
    """Compute the sums of absolute differences between all rows of X and all rows of Y.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
        The rows.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features), default=None
        Other rows; None means X.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    ndarray of shape (n_samples_X, n_samples_Y)
        The distances: float32 if X and Y are, else float64.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    Examples
    --------
    >>> from fastml.metrics.pairwise import manhattan_distances
    >>> manhattan_distances([[1, 2], [3, 4]], [[0, 3]])
    array([[2.],
           [4.]])
    """
    return _one_metric("manhattan", X, Y, device)


def cosine_distances(X: Any, Y: Any = None, *, device: str | None = None) -> Any:
    """Compute 1 minus the cosine of the angle between all rows of X and all rows of Y.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
        The rows.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features), default=None
        Other rows; None means X.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    ndarray of shape (n_samples_X, n_samples_Y)
        The distances, from 0 to 2: float32 if X and Y are, else float64.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    Examples
    --------
    >>> from fastml.metrics.pairwise import cosine_distances
    >>> cosine_distances([[1, 0], [0, 2]], [[3, 0]])
    array([[0.],
           [1.]])
    """
    return _one_metric("cosine", X, Y, device)


def _one_metric(metric, X, Y, device):
    why = why_not(metric, {}, X, Y)
    if why is None:
        return compute(X, Y, metric, {}, device)
    return by_sklearn(f"sklearn.metrics.pairwise.{metric}_distances", why, (X, Y), {})
