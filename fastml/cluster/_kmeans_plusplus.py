"""Initial centers by k-means++, as a function."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .. import _validation
from .._device import choose, is_sparse, like_input, report_fallback
from .._validation import check_array_fast, check_weight, sk
from ..solvers import kmeans as solver

__all__ = ["kmeans_plusplus"]


def kmeans_plusplus(
    X: Any,
    n_clusters: int,
    *,
    sample_weight: Any = None,
    x_squared_norms: Any = None,
    random_state: Any = None,
    n_local_trials: int | None = None,
    device: str | None = None,
) -> tuple:
    """Choose rows as initial centers by greedy k-means++.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data to pick seeds from.

    n_clusters : int
        Number of seeds.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None means ones.

    x_squared_norms : array-like of shape (n_samples,), default=None
        For compatibility: checked and not needed, as distances are summed from differences.

    random_state : int, RandomState instance or None, default=None
        Where the random numbers come from.

    n_local_trials : int, default=None
        Candidates for each seed but the first, of which the one that leaves the smallest potential is taken.
        None means ``2 + log(n_clusters)``.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says.

    Returns
    -------
    centers : ndarray of shape (n_clusters, n_features)
        The chosen rows.

    indices : ndarray of shape (n_clusters,)
        Where they stand in X.

    Raises
    ------
    ValueError
        If there are fewer samples than clusters, or a parameter is not what it may be.

    References
    ----------
    Arthur, D., Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.cluster import kmeans_plusplus
    >>> X = np.array([[1, 2], [1, 4], [1, 0],
    ...               [10, 2], [10, 4], [10, 0]])
    >>> centers, indices = kmeans_plusplus(X, n_clusters=2, random_state=0)
    >>> centers
    array([[10,  2],
           [ 1,  0]])
    >>> indices
    array([3, 2])
    """
    options = {
        "sample_weight": sample_weight,
        "x_squared_norms": x_squared_norms,
        "random_state": random_state,
        "n_local_trials": n_local_trials,
    }
    if not (
        _is_count(n_clusters)
        and (n_local_trials is None or _is_count(n_local_trials))
        and (random_state is None or isinstance(random_state, (numbers.Integral, np.random.RandomState)))
    ):
        return sk("sklearn.cluster.kmeans_plusplus")(X, n_clusters, **options)  # which words the error
    data = check_array_fast(X, accept_sparse="csr")
    if is_sparse(data):
        report_fallback("scikit-learn's kmeans_plusplus", "the data is sparse")
        return sk("sklearn.cluster.kmeans_plusplus")(X, n_clusters, **options)
    weight = check_weight(sample_weight, data)
    if data.shape[0] < n_clusters:
        raise ValueError(f"n_samples={data.shape[0]} should be >= n_clusters={n_clusters}.")
    _check_norms(x_squared_norms, data)
    indices = _choose_rows(data, n_clusters, weight, random_state, n_local_trials, device)
    rows = X if hasattr(X, "dtype") and getattr(X, "ndim", 0) == 2 else data
    return like_input(rows[indices], X), like_input(indices, X)


def _choose_rows(X, n_clusters, weight, seed, n_trials, device):
    rng = _validation.random_state(seed)
    device = choose(device, X, work=2.0 * X.size * n_clusters * (2 + np.log(n_clusters)))
    offset = device.zeros(X.shape[1], X.dtype)
    weight = None if weight is None else device.asarray(weight)
    plan = device.kernels.kmeans.plan(device.asarray(X), weight, offset, keep=solver.fits_memory(X))
    return solver.choose_seeds(device, plan, n_clusters, rng, n_trials)


def _is_count(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1


def _check_norms(norms, X):
    if norms is None:
        return
    norms = sk("sklearn.utils.check_array")(norms, dtype=X.dtype, ensure_2d=False)
    if norms.shape[0] != X.shape[0]:
        raise ValueError(
            f"The length of x_squared_norms {norms.shape[0]} should "
            f"be equal to the length of n_samples {X.shape[0]}."
        )
