"""The kd-tree."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from .._device import CPU, report_fallback
from .._validation import check_array_fast, sk
from ..solvers.neighbors import METRICS, starts_of

__all__ = ["KDTree", "is_count", "split_rows"]

POWERS = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": math.inf}  # of the Minkowski metric


class KDTree:
    """A kd-tree, for fast searches among points of few features.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The points.

    leaf_size : int, default=40
        The most points in a leaf; a few dozen at least. It changes the speed, never the result.

    metric : str or DistanceMetric, default="minkowski"
        One of `valid_metrics`.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the points, for `kernel_density`.

    **kwargs : dict
        Parameters of the metric: `p` of the Minkowski metric.

    Attributes
    ----------
    data : ndarray of shape (n_samples, n_features)
        The points.

    valid_metrics : list of str
        The metrics that a kd-tree can search.

    Raises
    ------
    ValueError
        As `sklearn.neighbors.KDTree`.

    Notes
    -----
    Searches are exact, and equal distances go to the lowest index. `kernel_density` and
    `two_point_correlation` are scikit-learn's, which then builds its own tree.

    References
    ----------
    Friedman, Bentley, Finkel (1977). An algorithm for finding best matches in logarithmic expected time.
    ACM Transactions on Mathematical Software 3(3).

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.neighbors import KDTree
    >>> tree = KDTree(np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 4.0]]))
    >>> distances, indices = tree.query([[0.0, 0.1]], k=2)
    >>> indices
    array([[0, 1]])
    >>> tree.query_radius([[0.0, 0.0]], r=5.0, count_only=True)
    array([3])
    """

    valid_metrics = [
        "euclidean", "l2", "minkowski", "p", "manhattan", "cityblock", "l1", "chebyshev", "infinity",
    ]  # fmt: skip

    def __init__(
        self,
        X: Any,
        leaf_size: int = 40,
        metric: Any = "minkowski",
        sample_weight: Any = None,
        **kwargs: Any,
    ):
        self.data = check_array_fast(X)
        self._arguments = {"leaf_size": leaf_size, "metric": metric, "sample_weight": sample_weight, **kwargs}
        self._power = _power(metric, kwargs)
        self._tree = None
        if self._power is None or not isinstance(leaf_size, numbers.Integral) or leaf_size < 1:
            self._sklearn_tree()  # the only one that knows the metric, or an error
        else:
            self._tree = _kernels().build_kd_tree(self.data, int(leaf_size))

    def query(
        self,
        X: Any,
        k: int = 1,
        return_distance: bool = True,
        dualtree: bool = False,
        breadth_first: bool = False,
        sort_results: bool = True,
    ) -> Any:
        """Find the nearest points.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
            Queries.

        k : int, default=1
            Number of neighbours, at most n_samples.

        return_distance : bool, default=True
            Whether to return distances too.

        dualtree, breadth_first : bool, default=False
            Ways of walking through scikit-learn's tree; here they change nothing.

        sort_results : bool, default=True
            Whether neighbours must come in order; here they always do.

        Returns
        -------
        distances : ndarray of shape (n_queries, k), float64
            Distances, smallest first; only if `return_distance`.

        indices : ndarray of shape (n_queries, k), int64
            Points.

        Raises
        ------
        ValueError
            As `sklearn.neighbors.KDTree.query`.
        """
        X = check_array_fast(X)
        if self._tree is None or not self._fits(X) or not is_count(k) or k > len(self.data):
            return self._sklearn_tree().query(X, k, return_distance, dualtree, breadth_first, sort_results)
        distances, indices = self._nearest(X, int(k))
        return (distances, indices) if return_distance else indices

    def query_radius(
        self,
        X: Any,
        r: Any,
        return_distance: bool = False,
        count_only: bool = False,
        sort_results: bool = False,
    ) -> Any:
        """Find the points within a distance.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
            Queries.

        r : float or array-like of shape (n_queries,)
            The distance; points at just that distance belong to the result.

        return_distance : bool, default=False
            Whether to return distances too.

        count_only : bool, default=False
            Whether to return only the number of points.

        sort_results : bool, default=False
            Whether each query's points must come in order of distance. Needs `return_distance`.

        Returns
        -------
        count : ndarray of shape (n_queries,), int64
            If `count_only`.

        indices : ndarray of shape (n_queries,) of arrays
            Points, unless `count_only`.

        distances : ndarray of shape (n_queries,) of arrays
            Distances, if `return_distance`.

        Raises
        ------
        ValueError
            As `sklearn.neighbors.KDTree.query_radius`.
        """
        X = check_array_fast(X)
        contradictory = return_distance if count_only else sort_results and not return_distance
        if self._tree is None or not self._fits(X) or contradictory or np.shape(r) not in ((), (len(X),)):
            return self._sklearn_tree().query_radius(X, r, return_distance, count_only, sort_results)
        if count_only:
            return self._count(X.astype(np.float64, copy=False), self._limits(X, r))
        starts, distances, indices = self._within(X, r)
        if sort_results:
            CPU.kernels.neighbor_lists.sort_rows(starts, distances, indices)
        indices = split_rows(indices, starts)
        return (indices, split_rows(distances, starts)) if return_distance else indices

    def kernel_density(
        self,
        X: Any,
        h: float,
        kernel: str = "gaussian",
        atol: float = 0,
        rtol: float = 1e-8,
        breadth_first: bool = True,
        return_log: bool = False,
    ) -> np.ndarray:
        """Estimate the density of the points by kernels, with scikit-learn's tree.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
            Where to estimate.

        h : float
            The bandwidth of the kernel.

        kernel : str, default="gaussian"
            "gaussian", "tophat", "epanechnikov", "exponential", "linear" or "cosine".

        atol, rtol : float, default=0, 1e-8
            Absolute and relative tolerance.

        breadth_first : bool, default=True
            How to walk through the tree.

        return_log : bool, default=False
            Whether to return the logarithm.

        Returns
        -------
        density : ndarray of shape (n_queries,)
            The densities, or their logarithms.
        """
        return self._sklearn_tree("kernel densities").kernel_density(
            X, h, kernel, atol, rtol, breadth_first, return_log
        )

    def two_point_correlation(self, X: Any, r: Any, dualtree: bool = False) -> np.ndarray:
        """Count the pairs of queries and points within distances, with scikit-learn's tree.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
            Queries.

        r : array-like of shape (n_distances,)
            Distances.

        dualtree : bool, default=False
            Whether to walk through two trees at once.

        Returns
        -------
        counts : ndarray of shape (n_distances,)
            Numbers of pairs.
        """
        return self._sklearn_tree("two-point correlations").two_point_correlation(X, r, dualtree)

    def get_arrays(self) -> tuple:
        """Return the arrays that describe the tree.

        Returns
        -------
        data : ndarray of shape (n_samples, n_features)
            The points.

        index : ndarray of shape (n_samples,), int64
            The points, leaf by leaf.

        node_data : structured ndarray of shape (n_nodes,)
            Of each node `idx_start` and `idx_end`, its part of `index`; `is_leaf`; `radius`, half its box's
            diagonal.

        node_bounds : ndarray of shape (2, n_nodes, n_features)
            The lowest and highest values in each node.
        """
        if self._tree is None:
            return self._sklearn_tree().get_arrays()
        order, bounds = self._tree.order, self._tree.bounds
        points, n_leaves = self.data[order], len(bounds) - 1
        n_nodes = 2 * n_leaves - 1
        node_data = np.zeros(
            n_nodes, [("idx_start", "i8"), ("idx_end", "i8"), ("is_leaf", "i8"), ("radius", "f8")]
        )
        node_bounds = np.empty((2, n_nodes, self.data.shape[1]))
        level = n_leaves
        while level:
            nodes, edges = slice(level - 1, 2 * level - 1), bounds[:: n_leaves // level]
            node_data["idx_start"][nodes], node_data["idx_end"][nodes] = edges[:-1], edges[1:]
            node_data["is_leaf"][nodes] = level == n_leaves
            for side, extreme in enumerate((np.minimum, np.maximum)):
                node_bounds[side, nodes] = extreme.reduceat(points, edges[:-1])
            level //= 2
        half = np.ascontiguousarray(node_bounds[1] - node_bounds[0]) / 2
        node_data["radius"] = np.linalg.norm(half, ord=self._power, axis=1)
        return self.data, order, node_data, node_bounds

    def _fits(self, X):
        return X.ndim == 2 and X.shape[1] == self.data.shape[1]

    def _nearest(self, X, k, order=None):
        """Distances and indices of the nearest points of each row of X, visited in `order`."""
        X = X.astype(np.float64, copy=False)
        distances, indices = np.empty((len(X), k)), np.empty((len(X), k), np.int64)
        _kernels().query_kd_tree(self._tree, X, self._power, distances, indices, order)
        if indices.max() >= len(self.data):  # a distance overflowed
            return self._sklearn_tree().query(X, k)
        return self._finish(distances), indices

    def _nearest_of_all(self, k):
        """As `_nearest`, of the points themselves."""
        return self._nearest(self.data, k, self._tree.order)

    def _within(self, X, r):
        """Starts, distances and indices, row by row, of the points within r of each row of X."""
        X, limits = X.astype(np.float64, copy=False), self._limits(X, r)
        starts = starts_of(CPU, self._count(X, limits))
        distances, indices = np.empty(starts[-1]), np.empty(starts[-1], np.int64)
        _kernels().list_kd_tree(self._tree, X, self._power, limits, starts, distances, indices)
        return starts, self._finish(distances), indices

    def _count(self, X, limits):
        counts = np.empty(len(X), np.int64)
        _kernels().count_kd_tree(self._tree, X, self._power, limits, counts)
        return counts

    def _limits(self, X, r):
        """Reduced distances of the radii."""
        r = np.asarray(r, np.float64)
        if self._power == 2:
            r = r * r
        elif 1 < self._power < math.inf:
            r = r**self._power
        return np.broadcast_to(r, (len(X),)).copy()

    def _finish(self, distances):
        """Distances of reduced ones, in place."""
        if self._power == 2:
            np.sqrt(distances, out=distances)
        elif 1 < self._power < math.inf:
            distances **= 1 / self._power
        return distances

    def _sklearn_tree(self, what="kd-tree"):
        report_fallback(f"scikit-learn's {what}", "no kernel of fastml's serves this case")
        return sk("sklearn.neighbors.KDTree")(self.data, **self._arguments)


def _kernels():
    return CPU.kernels.kd_tree


def is_count(k: Any) -> bool:
    """Tell whether k is a number of neighbours."""
    return isinstance(k, numbers.Integral) and int(k) >= 1


def _power(metric, parameters):
    """The power of a metric of the Minkowski family, or None."""
    name = METRICS.get(metric) if isinstance(metric, str) and metric in KDTree.valid_metrics else None
    if name == "minkowski" and parameters.keys() <= {"p"}:
        p = parameters.get("p", 2)
        return float(p) if isinstance(p, numbers.Real) and p >= 1 else None
    return None if parameters else POWERS.get(name)


def split_rows(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Give rows of a flat array as an array of arrays.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        All rows in one.

    starts : ndarray of shape (n_rows + 1,), int64
        Where each row begins.

    Returns
    -------
    rows : ndarray of shape (n_rows,) of arrays
        Views of `values`.
    """
    bounds = starts.tolist()
    rows = np.empty(len(bounds) - 1, dtype=object)
    for i, (start, stop) in enumerate(zip(bounds, bounds[1:])):
        rows[i] = values[start:stop]
    return rows
