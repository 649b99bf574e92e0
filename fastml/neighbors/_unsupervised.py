"""Searches without a target."""

from __future__ import annotations

from typing import Any

from .._docs import inherit_docs
from .._validation import check_X, fit_method
from ._base import is_search
from ._search import KNeighbors, RadiusNeighbors

__all__ = ["NearestNeighbors"]


@inherit_docs
class NearestNeighbors(KNeighbors, RadiusNeighbors):
    """Searches for nearest neighbours.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours for `kneighbors`.

    radius : float, default=1.0
        Radius for `radius_neighbors`.

    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
        How to search. All ways are exact and find the same. "auto" builds a kd-tree for few features and many
        points. "ball_tree" is served by brute force for the metrics that have kernels, by scikit-learn's tree
        for the others.

    metric : str, callable or DistanceMetric, default="minkowski"
        The distance. euclidean, sqeuclidean, manhattan, chebyshev, minkowski, cosine, canberra, braycurtis,
        hamming and their synonyms have kernels; scikit-learn serves the others, "precomputed" and callables.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to search; None means what `fastml.set_config` says. Trees are searched on the CPU; on a GPU
        the search is by brute force.

    Raises
    ------
    ValueError
        If data or parameters are not as they should be.

    References
    ----------
    Fix, Hodges (1951). Discriminatory analysis: nonparametric discrimination.

    Examples
    --------
    >>> from fastml.neighbors import NearestNeighbors
    >>> samples = [[0.0, 0.0, 2.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    >>> model = NearestNeighbors(n_neighbors=2).fit(samples)
    >>> model.kneighbors([[0.0, 0.0, 1.3]], return_distance=False)
    array([[2, 0]])
    """

    _constraints: dict = {**KNeighbors._constraints, **RadiusNeighbors._constraints}

    def __init__(
        self,
        *,
        n_neighbors: int | None = 5,
        radius: float | None = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: Any = "minkowski",
        p: float | None = 2,
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> NearestNeighbors:
        """Keep the points, and build a tree where that pays.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or (n_samples, n_samples) if \
                metric="precomputed", or a tree
            The points.

        y : Ignored
            For compatibility.

        Returns
        -------
        self : NearestNeighbors
            The fitted estimator.
        """
        if not is_search(X):
            X = check_X(self, X, reset=True, **self._check_options())
        self._fit_search(X)
        return self
