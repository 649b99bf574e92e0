"""The nearest of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose, like_input
from ._rows import INVALID, NAMES, by_sklearn, check_rows, narrowed, transformed, why_not, widened

__all__ = ["pairwise_distances_argmin", "pairwise_distances_argmin_min"]

ALIASES = {"infinity": "chebyshev", "p": "minkowski"}  # names that scikit-learn has here only


def pairwise_distances_argmin_min(
    X: Any,
    Y: Any,
    *,
    axis: int = 1,
    metric: Any = "euclidean",
    metric_kwargs: dict | None = None,
    device: str | None = None,
) -> tuple:
    """Find the nearest row of Y for each row of X, and its distance.

    The distances are never stored all at once.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
        The rows.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features)
        The rows to choose from.
    axis : {0, 1}, default=1
        0 exchanges X and Y.
    metric : str or callable, default="euclidean"
        As for `pairwise_distances`.
    metric_kwargs : dict, default=None
        Options of the metric.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    argmin : ndarray of shape (n_samples_X,), int64
        The row of Y; of equally near ones the first.
    distances : ndarray of shape (n_samples_X,)
        Its distance: float32 if X and Y are, else float64.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    pairwise_distances : All distances.
    pairwise_distances_argmin : The rows without their distances.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import pairwise_distances_argmin_min
    >>> X, Y = np.array([[0.0], [2.0]]), np.array([[5.0], [1.5], [0.5]])
    >>> pairwise_distances_argmin_min(X, Y)
    (array([2, 1]), array([0.5, 0.5]))
    """
    found = _find(X, Y, axis, metric, metric_kwargs, device)
    if isinstance(found, tuple):
        return found
    options = {"axis": axis, "metric": metric, "metric_kwargs": metric_kwargs}
    return by_sklearn("sklearn.metrics.pairwise_distances_argmin_min", found, (X, Y), options)


def pairwise_distances_argmin(
    X: Any,
    Y: Any,
    *,
    axis: int = 1,
    metric: Any = "euclidean",
    metric_kwargs: dict | None = None,
    device: str | None = None,
) -> Any:
    """Find the nearest row of Y for each row of X.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
        The rows.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features)
        The rows to choose from.
    axis : {0, 1}, default=1
        0 exchanges X and Y.
    metric : str or callable, default="euclidean"
        As for `pairwise_distances`.
    metric_kwargs : dict, default=None
        Options of the metric.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    ndarray of shape (n_samples_X,), int64
        The row of Y; of equally near ones the first.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    pairwise_distances_argmin_min : The rows and their distances.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import pairwise_distances_argmin
    >>> pairwise_distances_argmin(np.array([[0.0], [2.0]]), np.array([[5.0], [1.5], [0.5]]))
    array([2, 1])
    """
    found = _find(X, Y, axis, metric, metric_kwargs, device)
    if isinstance(found, tuple):
        return found[0]
    options = {"axis": axis, "metric": metric, "metric_kwargs": metric_kwargs}
    return by_sklearn("sklearn.metrics.pairwise_distances_argmin", found, (X, Y), options)


def _find(X, Y, axis, metric, metric_kwargs, device):
    """Rows and distances, or a str: why scikit-learn is to look for them."""
    options = dict(metric_kwargs) if isinstance(metric_kwargs, dict) else {}
    if isinstance(metric, str):
        metric = ALIASES.get(metric, metric)
        if NAMES.get(metric) == "euclidean" and options.get("squared") is True:
            metric, options = "sqeuclidean", {}
    why = why_not(metric, options, X, Y)
    if not (metric_kwargs is None or isinstance(metric_kwargs, dict)) or axis not in (0, 1) or Y is None:
        why = INVALID
    if why is not None:
        return why
    rows, others = check_rows(X, Y)
    if axis == 0:
        rows, others = others, rows
    chosen = choose(device, X, work=rows.shape[0] * others.size)
    dtype = rows.dtype
    pair = transformed(chosen, metric, *widened(rows, others), options)
    if pair is None:
        return f"the kernel of metric {metric!r} is not defined for all of the data"
    index = chosen.empty((rows.shape[0],), np.int64)
    distance = chosen.empty((rows.shape[0],), pair[0].dtype)
    power = float(options.get("p", 2))
    chosen.kernels.distance.nearest(*pair, NAMES[metric], index, distance, power)
    return like_input(index, X), like_input(narrowed(distance, dtype), X)
