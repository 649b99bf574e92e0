"""Distances a part at a time."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from typing import Any

from .. import _config
from .._validation import sk
from ._distances import compute, pairwise_distances
from ._rows import INVALID, by_sklearn, check_rows, threads, why_not

__all__ = ["pairwise_distances_chunked"]


def pairwise_distances_chunked(
    X: Any,
    Y: Any = None,
    *,
    reduce_func: Callable | None = None,
    metric: Any = "euclidean",
    n_jobs: int | None = None,
    working_memory: float | None = None,
    device: str | None = None,
    **kwds: Any,
) -> Iterator:
    """Generate the matrix of distances, some rows at a time.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples_X, n_features) or (n_samples_X, n_samples_X)
        The rows; the distances themselves if ``metric="precomputed"``.
    Y : {array-like, sparse matrix} of shape (n_samples_Y, n_features), default=None
        Other rows; None means X.
    reduce_func : callable, default=None
        Called as ``reduce_func(distances, start)`` with some rows of the matrix and the number of the
        first of them; what it returns is given instead. It returns None, or an array, list or sparse
        matrix with one entry for each of the rows, or a tuple of such.
    metric : str or callable, default="euclidean"
        As for `pairwise_distances`.
    n_jobs : int, default=None
        Number of threads, at most; -1 means all. None leaves it to the configuration.
    working_memory : float, default=None
        How many MiB the distances may take at a time; at least one row is given. None means the
        configuration's ``working_memory``.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.
    **kwds : dict
        Options of the metric, as for `pairwise_distances`.

    Returns
    -------
    iterator
        Of ndarrays of shape (n_rows, n_samples_Y), some rows' distances, or of what `reduce_func` returns.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    pairwise_distances : The whole matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import pairwise_distances_chunked
    >>> X = np.arange(4.0).reshape(-1, 1)
    >>> for distances in pairwise_distances_chunked(X, working_memory=1e-4):
    ...     print(distances.shape)
    (3, 4)
    (1, 4)
    """
    why = why_not(metric, kwds, X, Y, n_jobs=n_jobs)
    if not (reduce_func is None or callable(reduce_func)):
        why = INVALID
    if not (working_memory is None or (isinstance(working_memory, numbers.Real) and working_memory >= 0)):
        why = INVALID
    if why is None and metric in ("seuclidean", "mahalanobis"):
        why = f"metric {metric!r} looks at all of the data first"
    if why is not None:
        options = {
            "reduce_func": reduce_func,
            "metric": metric,
            "n_jobs": n_jobs,
            "working_memory": working_memory,
        }
        return by_sklearn("sklearn.metrics.pairwise_distances_chunked", why, (X, Y), {**options, **kwds})
    return _chunks(X, Y, reduce_func, metric, n_jobs, working_memory, device, kwds)


def _chunks(X, Y, reduce_func, metric, n_jobs, working_memory, device, kwds):
    rows, others = check_rows(X, Y)
    step = rows_within(working_memory, others.shape[0], rows.shape[0])
    for start in range(0, rows.shape[0], step):
        part = rows if step >= rows.shape[0] else rows[start : start + step]
        with threads(n_jobs):
            distances = compute(part, others, metric, kwds, device)
        if distances is None:
            distances = pairwise_distances(part, others, metric, n_jobs=n_jobs, **kwds)
        if reduce_func is not None:
            n_rows = distances.shape[0]
            distances = reduce_func(distances, start)
            sk("sklearn.metrics.pairwise._check_chunk_size")(distances, n_rows)
        yield distances


def rows_within(working_memory, n_columns, n_rows):
    """How many rows of a float64 matrix with `n_columns` columns fit into MiB of memory; at least one."""
    memory = _config.current()["working_memory"] if working_memory is None else working_memory
    fitting = int(memory * 2**20 // (8 * n_columns))
    if fitting < 1:  # scikit-learn has a warning for that
        return sk("sklearn.utils._chunking.get_chunk_n_rows")(8 * n_columns, working_memory=memory)
    return min(fitting, n_rows)
