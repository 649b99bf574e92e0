"""Graphs of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import is_sparse
from .._validation import sk
from ._search import KNeighbors, RadiusNeighbors, check_mode
from ._unsupervised import NearestNeighbors

__all__ = ["kneighbors_graph", "radius_neighbors_graph"]


def kneighbors_graph(
    X: Any,
    n_neighbors: int,
    *,
    mode: str = "connectivity",
    metric: Any = "minkowski",
    p: float | None = 2,
    metric_params: dict | None = None,
    include_self: bool | str = False,
    n_jobs: int | None = None,
    device: str | None = None,
) -> Any:
    """Make the graph of the points and their nearest neighbours.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator
        The points.

    n_neighbors : int
        Number of neighbours.

    mode : {"connectivity", "distance"}, default="connectivity"
        Whether the edges hold ones or distances.

    metric : str or callable, default="minkowski"
        The distance; see `NearestNeighbors`.

    p : float, default=2
        Power of the Minkowski metric.

    metric_params : dict, default=None
        Further parameters of the metric.

    include_self : bool or "auto", default=False
        Whether each point is its own nearest neighbour; "auto" means in mode "connectivity" only.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to search; None means what `fastml.set_config` says.

    Returns
    -------
    graph : sparse matrix of shape (n_samples, n_samples)
        In CSR format; a sparse array where scikit-learn is configured so.

    Raises
    ------
    ValueError
        If a parameter is not one of those above.

    Examples
    --------
    >>> from fastml.neighbors import kneighbors_graph
    >>> kneighbors_graph([[0.0], [3.0], [1.0]], 2, include_self=True).toarray()
    array([[1., 0., 1.],
           [0., 1., 1.],
           [1., 0., 1.]])
    """
    check_mode(mode)
    parameters = {"metric": metric, "p": p, "metric_params": metric_params}
    if isinstance(X, KNeighbors):
        _compare(X, parameters)
    else:
        X = NearestNeighbors(n_neighbors=n_neighbors, n_jobs=n_jobs, device=device, **parameters).fit(X)
    return X.kneighbors_graph(_queries(X, include_self, mode), n_neighbors, mode)


def radius_neighbors_graph(
    X: Any,
    radius: float,
    *,
    mode: str = "connectivity",
    metric: Any = "minkowski",
    p: float | None = 2,
    metric_params: dict | None = None,
    include_self: bool | str = False,
    n_jobs: int | None = None,
    device: str | None = None,
) -> Any:
    """Make the graph of the points and their neighbours within a radius.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator
        The points.

    radius : float
        Points at just that distance are neighbours too.

    mode : {"connectivity", "distance"}, default="connectivity"
        Whether the edges hold ones or distances.

    metric : str or callable, default="minkowski"
        The distance; see `NearestNeighbors`.

    p : float, default=2
        Power of the Minkowski metric.

    metric_params : dict, default=None
        Further parameters of the metric.

    include_self : bool or "auto", default=False
        Whether each point is its own neighbour; "auto" means in mode "connectivity" only.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to search; None means what `fastml.set_config` says.

    Returns
    -------
    graph : sparse matrix of shape (n_samples, n_samples)
        In CSR format; a sparse array where scikit-learn is configured so.

    Raises
    ------
    ValueError
        If a parameter is not one of those above.

    Examples
    --------
    >>> from fastml.neighbors import radius_neighbors_graph
    >>> radius_neighbors_graph([[0.0], [3.0], [1.0]], 1.5, include_self=True).toarray()
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 0., 1.]])
    """
    check_mode(mode)
    parameters = {"metric": metric, "p": p, "metric_params": metric_params}
    if isinstance(X, RadiusNeighbors):
        _compare(X, parameters)
    else:
        X = NearestNeighbors(radius=radius, n_jobs=n_jobs, device=device, **parameters).fit(X)
    return X.radius_neighbors_graph(_queries(X, include_self, mode), radius, mode)


def _compare(estimator, parameters):
    """Raise ValueError if a fitted estimator contradicts the call's parameters."""
    for name, value in parameters.items():
        own = getattr(estimator, name)
        if own != value:
            raise ValueError(f"Got {value} for {name}, while the estimator has {own} for the same parameter.")


def _queries(estimator, include_self, mode):
    """The points as queries of their own, or None, which leaves each point out of its neighbours."""
    if isinstance(include_self, str):
        if include_self != "auto":
            error = sk("sklearn.utils._param_validation.InvalidParameterError")
            raise error(
                f"The 'include_self' parameter must be a bool or 'auto'. Got {include_self!r} instead."
            )
        include_self = mode == "connectivity"
    if not include_self:
        return None
    return estimator._fit_X if is_sparse(estimator._fit_X) else np.asarray(estimator._fit_X)
