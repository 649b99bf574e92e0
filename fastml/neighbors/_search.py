"""Searches of fitted estimators: nearest neighbours, neighbours within a radius, their graphs."""

from __future__ import annotations

import numbers
import sys
from typing import Any

import numpy as np

from .._device import CPU, choose, is_sparse, like_input, report_fallback
from .._validation import Interval, check_fitted
from ..solvers import neighbors as solver
from ._base import NeighborsBase
from ._kd_tree import is_count, split_rows

__all__ = ["KNeighbors", "RadiusNeighbors"]


class KNeighbors(NeighborsBase):
    """Base class of the estimators that search for a number of neighbours.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours.
    """

    _constraints: dict = {
        **NeighborsBase._constraints,
        "n_neighbors": [Interval(numbers.Integral, 1), None],
    }
    n_neighbors: int | None

    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:
        """Find the nearest fitted points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or (n_queries, n_samples_fit) if \
                metric="precomputed", default=None
            Queries. None means the fitted points, each without itself.

        n_neighbors : int, default=None
            Number of neighbours; None means the estimator's.

        return_distance : bool, default=True
            Whether to return distances too.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors), float64
            Distances, smallest first; only if `return_distance`.

        indices : ndarray of shape (n_queries, n_neighbors), int64
            Fitted points. Of equally distant ones those of lower index come first.

        Raises
        ------
        ValueError
            If there are fewer fitted points than neighbours.

        Examples
        --------
        >>> from fastml.neighbors import NearestNeighbors
        >>> model = NearestNeighbors(n_neighbors=1).fit([[0.0], [1.0], [5.0]])
        >>> distances, indices = model.kneighbors([[4.5]])
        >>> float(distances[0, 0]), int(indices[0, 0])
        (0.5, 2)
        """
        check_fitted(self, "_fit_method")
        k: Any = self.n_neighbors if n_neighbors is None else n_neighbors
        queries = self._queries(X)
        refused = not is_count(k) or k + (X is None) > self.n_samples_fit_
        if refused or self._sklearn is not None or is_sparse(queries):
            if is_sparse(queries):
                report_fallback("scikit-learn's NearestNeighbors", "the queries are sparse")
            return self._as_sklearn().kneighbors(queries, k, return_distance)
        with self._threads():
            distances, indices = self._nearest(queries, int(k))
        distances, indices = like_input(distances, X), like_input(indices, X)
        return (distances, indices) if return_distance else indices

    def _nearest(self, X, k):
        if self._tree is not None and choose(self.device, X).name == "cpu":
            if X is not None:
                return self._tree._nearest(X, k)
            return solver.drop_self(CPU, *self._tree._nearest_of_all(k + 1))
        device, queries, candidates = self._place(X)
        found = solver.find_nearest(device, queries, candidates, k + (X is None), *self._metric())
        return solver.drop_self(device, *found) if X is None else found

    def kneighbors_graph(
        self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity"
    ) -> Any:
        """Make the graph from queries to their nearest fitted points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            As for `kneighbors`.

        n_neighbors : int, default=None
            Number of neighbours; None means the estimator's.

        mode : {"connectivity", "distance"}, default="connectivity"
            Whether the edges hold ones or distances.

        Returns
        -------
        graph : sparse matrix of shape (n_queries, n_samples_fit)
            In CSR format; a sparse array where scikit-learn is configured so.

        Raises
        ------
        ValueError
            If the mode is unknown.
        """
        check_fitted(self, "_fit_method")
        k: Any = self.n_neighbors if n_neighbors is None else n_neighbors
        check_mode(mode)
        if mode == "distance":
            distances, indices = self.kneighbors(X, k)
            values = CPU.to_host(distances).ravel()
        else:
            indices = self.kneighbors(X, k, return_distance=False)
            values = np.ones(indices.shape[0] * k)
        starts = np.arange(0, len(values) + 1, k)
        return graph_of(values, CPU.to_host(indices).ravel(), starts, self.n_samples_fit_)


class RadiusNeighbors(NeighborsBase):
    """Base class of the estimators that search within a radius.

    Parameters
    ----------
    radius : float, default=1.0
        Points at just that distance are neighbours too.
    """

    _constraints: dict = {
        **NeighborsBase._constraints,
        "radius": [Interval(numbers.Real, 0, closed="both"), None],
    }
    radius: float | None

    def radius_neighbors(
        self,
        X: Any = None,
        radius: float | None = None,
        return_distance: bool = True,
        sort_results: bool = False,
    ) -> Any:
        """Find the fitted points within a radius.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or (n_queries, n_samples_fit) if \
                metric="precomputed", default=None
            Queries. None means the fitted points, each without itself.

        radius : float, default=None
            Points at just that distance belong to the result. None means the estimator's.

        return_distance : bool, default=True
            Whether to return distances too.

        sort_results : bool, default=False
            Whether each query's points must come in order of distance. Needs `return_distance`.

        Returns
        -------
        distances : ndarray of shape (n_queries,) of arrays
            Distances; only if `return_distance`.

        indices : ndarray of shape (n_queries,) of arrays
            Fitted points.

        Raises
        ------
        ValueError
            If results are to be sorted without distances.

        Examples
        --------
        >>> from fastml.neighbors import NearestNeighbors
        >>> model = NearestNeighbors(radius=1.0).fit([[0.0], [1.0], [5.0]])
        >>> model.radius_neighbors([[0.5]], return_distance=False)[0]
        array([0, 1])
        """
        check_fitted(self, "_fit_method")
        if sort_results and not return_distance:
            raise ValueError("return_distance must be True if sort_results is True.")
        queries = self._queries(X)
        radius = self.radius if radius is None else radius
        if self._sklearn is not None or is_sparse(queries):
            report_fallback("scikit-learn's NearestNeighbors", "the queries are sparse, or the data was")
            return self._as_sklearn().radius_neighbors(queries, radius, return_distance, sort_results)
        starts, distances, indices = self._rows_within(queries, radius, sort_results)
        indices = split_rows(indices, starts)
        return (split_rows(distances, starts), indices) if return_distance else indices

    def _rows_within(self, X, radius, sort_results=False):
        """Find neighbours of validated queries, all rows in one: where they start, distances, indices."""
        with self._threads():
            if self._tree is not None and choose(self.device, X).name == "cpu":
                device, found = CPU, self._tree._within(self._fit_X if X is None else X, radius)
            else:
                device, queries, candidates = self._place(X)
                found = solver.find_within(device, queries, candidates, radius, *self._metric())
            if X is None:
                found = solver.drop_self_within(device, *found)
            if sort_results:
                device.kernels.neighbor_lists.sort_rows(*found)
        return tuple(device.to_host(part) for part in found)

    def _neighbor_rows(self, X, radius=None, sort_results=False):
        """Find neighbours within a radius, or the estimator's: where they start, distances, indices."""
        if self._sklearn is None and not is_sparse(X):
            return self._rows_within(
                self._queries(X), self.radius if radius is None else radius, sort_results
            )
        distances, indices = self.radius_neighbors(X, radius, sort_results=sort_results)
        starts = np.concatenate([[0], np.cumsum([len(row) for row in indices])])
        indices = np.concatenate([np.empty(0, np.int64), *indices]).astype(np.int64, copy=False)
        return starts, np.concatenate([[], *distances]), indices

    def radius_neighbors_graph(
        self,
        X: Any = None,
        radius: float | None = None,
        mode: str = "connectivity",
        sort_results: bool = False,
    ) -> Any:
        """Make the graph from queries to the fitted points within a radius.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            As for `radius_neighbors`.

        radius : float, default=None
            As for `radius_neighbors`.

        mode : {"connectivity", "distance"}, default="connectivity"
            Whether the edges hold ones or distances.

        sort_results : bool, default=False
            Whether each row's edges must come in order of distance; for ``mode="distance"``.

        Returns
        -------
        graph : sparse matrix of shape (n_queries, n_samples_fit)
            In CSR format; a sparse array where scikit-learn is configured so.

        Raises
        ------
        ValueError
            If the mode is unknown.
        """
        check_fitted(self, "_fit_method")
        check_mode(mode)
        sort_results = sort_results and mode == "distance"
        starts, values, indices = self._neighbor_rows(X, radius, sort_results)
        if mode == "connectivity":
            values.fill(1)
        return graph_of(values, indices, starts, self.n_samples_fit_)


# ---- graphs -------------------------------------------------------------------------------------
def check_mode(mode: str) -> None:
    """Raise ValueError unless the mode of a graph is known."""
    if mode not in ("connectivity", "distance"):
        raise ValueError(
            f'Unsupported mode, must be one of "connectivity", or "distance" but got "{mode}" instead'
        )


def graph_of(values: np.ndarray, indices: np.ndarray, starts: np.ndarray, n_samples: int) -> Any:
    """Make a CSR matrix, or array where scikit-learn is configured so, of shape (n_queries, n_samples)."""
    from scipy import sparse

    config = sys.modules.get("sklearn._config")
    interface = config.get_config().get("sparse_interface", "spmatrix") if config else "spmatrix"
    make = sparse.csr_array if interface == "sparray" else sparse.csr_matrix
    return make((values, indices, starts), shape=(len(starts) - 1, n_samples))
