"""How well samples lie in their clusters."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._device import CPU, choose, is_cuda_array, like_input
from .._validation import random_state as generator
from .._validation import sk
from ..solvers.silhouette import silhouettes
from ._labels import encode, plain_labels
from ._rows import (
    INVALID,
    NAMES,
    by_sklearn,
    check_rows,
    is_array_like,
    plain_rows,
    transformed,
    why_not,
    widened,
)

__all__ = ["silhouette_samples", "silhouette_score"]

FUSED = {"euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine"}
POWERS = {1.0: "manhattan", 2.0: "euclidean", float("inf"): "chebyshev"}


def silhouette_samples(
    X: Any, labels: Any, *, metric: Any = "euclidean", device: str | None = None, **kwds: Any
) -> Any:
    """Compute the silhouette of each sample.

    With the mean distance a to the other samples of its own cluster and the mean distance b to those of
    the nearest other cluster, the silhouette of a sample is ``(b - a) / max(a, b)``: near 1 in a cluster
    that is dense and far from others, near 0 between two, negative in the wrong one. A sample that is alone
    in its cluster has 0. The matrix of distances is never stored.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
        The samples; their distances if ``metric="precomputed"``.
    labels : array-like of shape (n_samples,)
        The cluster of each sample, of 2 to n_samples - 1 clusters.
    metric : str or callable, default="euclidean"
        As for `pairwise_distances`. Compiled are euclidean, sqeuclidean, manhattan, chebyshev, cosine and
        what comes down to them: minkowski with p of 1, 2 or infinity, correlation, seuclidean, mahalanobis.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.
    **kwds : dict
        Options of the metric.

    Returns
    -------
    ndarray of shape (n_samples,)
        Silhouettes, from -1 to 1: float32 if X is, else float64. Sums of distances are float64 anyhow.

    Raises
    ------
    ValueError
        As scikit-learn's function: for one cluster, or as many as samples, among others.

    See Also
    --------
    silhouette_score : The mean silhouette.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
       analysis", Journal of Computational and Applied Mathematics 20, 53-65, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import silhouette_samples
    >>> silhouette_samples(np.array([[0.0], [1.0], [9.0], [10.0]]), [0, 0, 1, 1]).round(2)
    array([0.89, 0.88, 0.88, 0.89])
    """
    values = _silhouettes(X, labels, metric, device, kwds)
    if isinstance(values, str):
        options = {"metric": metric, **kwds}
        return by_sklearn("sklearn.metrics.silhouette_samples", values, (X, labels), options)
    single = getattr(X, "dtype", None) == np.float32
    return like_input(values.astype(np.float32) if single else values, X)


def silhouette_score(
    X: Any,
    labels: Any,
    *,
    metric: Any = "euclidean",
    sample_size: int | None = None,
    random_state: Any = None,
    device: str | None = None,
    **kwds: Any,
) -> float:
    """Compute the mean silhouette of all samples.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
        The samples; their distances if ``metric="precomputed"``.
    labels : array-like of shape (n_samples,)
        The cluster of each sample, of 2 to n_samples - 1 clusters.
    metric : str or callable, default="euclidean"
        As for `silhouette_samples`.
    sample_size : int, default=None
        Number of samples to draw and look at; None means all.
    random_state : int, RandomState or None, default=None
        Which samples are drawn.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.
    **kwds : dict
        Options of the metric.

    Returns
    -------
    float
        The mean silhouette, from -1 to 1.

    Raises
    ------
    ValueError
        As scikit-learn's function: for one cluster, or as many as samples, among others.

    See Also
    --------
    silhouette_samples : The silhouette of each sample.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
       analysis", Journal of Computational and Applied Mathematics 20, 53-65, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.metrics import silhouette_score
    >>> round(silhouette_score(np.array([[0.0], [1.0], [9.0], [10.0]]), [0, 0, 1, 1]), 2)
    0.89
    """
    rows, clusters = X, labels
    values: Any = None if _is_sample_size(sample_size) and _is_seed(random_state) else INVALID
    if values is None and sample_size is not None:
        values = why_not(metric, kwds, X)
        if values is None:
            rows, clusters = _check(X, labels)
            drawn = generator(random_state).permutation(rows.shape[0])[:sample_size]
            rows, clusters = rows[drawn], clusters[drawn]
    if values is None:
        values = _silhouettes(rows, clusters, metric, device, kwds)
    if isinstance(values, str):
        options = {"metric": metric, "sample_size": sample_size, "random_state": random_state, **kwds}
        return by_sklearn("sklearn.metrics.silhouette_score", values, (X, labels), options)
    return float(values.mean())


def _is_sample_size(size):
    return size is None or (isinstance(size, numbers.Integral) and not isinstance(size, bool) and size >= 1)


def _is_seed(state):
    plain = isinstance(state, numbers.Integral) and not isinstance(state, bool) and state >= 0
    return plain or state is None or isinstance(state, np.random.RandomState)


def _check(X, labels):
    """Validated rows, and labels on the host, one for each row."""
    plain = plain_labels(labels)
    rows = plain_rows(X)
    if is_cuda_array(X):
        rows, _ = check_rows(X)
        if plain is None or plain.shape != rows.shape[:1]:
            _, labels = sk("sklearn.utils.check_X_y")(np.zeros((rows.shape[0], 1)), labels)
    elif rows is None or plain is None or plain.shape != rows.shape[:1]:
        X, labels = sk("sklearn.utils.check_X_y")(X, labels)
        rows, _ = check_rows(X)
    else:
        labels = plain
    return rows, CPU.to_host(labels)


def _silhouettes(X, labels, metric, device, kwds):
    """Float64 silhouettes on the host, or a str: why scikit-learn is to compute them."""
    why = why_not(metric, kwds, X) if is_array_like(labels) else INVALID
    if why is not None:
        return why
    name = POWERS.get(kwds.get("p", 2)) if metric == "minkowski" else NAMES[metric]
    if name not in FUSED:
        return f"there is no silhouette kernel for metric {metric!r}"
    rows, labels = _check(X, labels)
    if labels.dtype.kind not in "iubfU":
        return f"there is no kernel for labels of dtype {labels.dtype}"
    clusters, n_clusters = encode(labels)
    if not 1 < n_clusters < rows.shape[0]:
        return INVALID
    chosen = choose(device, X, work=rows.shape[0] * rows.size)
    pair = transformed(chosen, metric, *widened(rows, rows), kwds)
    if pair is None:
        return f"the kernel of metric {metric!r} is not defined for all of the data"
    return silhouettes(chosen, pair[0], clusters, n_clusters, name)
