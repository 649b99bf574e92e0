"""Classification by the nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier
from .._device import CPU, like_input
from .._docs import inherit_docs
from .._validation import check_fitted, check_X_y, fit_method, sk
from ._base import WEIGHTS, NeighborsBase, is_search
from ._search import KNeighbors
from ._weights import count_votes, even_starts, weights_of_lists

__all__ = ["KNeighborsClassifier", "NeighborsClassifier"]


class NeighborsClassifier(Classifier, NeighborsBase):
    """What the two classifiers share.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels; a list where there are several outputs.

    outputs_2d_ : bool
        Whether there are several outputs.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @fit_method
    def fit(self, X: Any, y: Any) -> Any:
        """Keep the points and their labels, and build a tree where that pays.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or (n_samples, n_samples) if \
                metric="precomputed", or a tree
            The points.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        self._fit_labels(X, y)
        return self

    def _fit_labels(self, X, y):
        if is_search(X):
            y = np.asarray(y)
        else:
            X, y = check_X_y(self, X, y, y_float=False, multi_output=True, **self._check_options())
        self._fit_search(X)
        if y.ndim == 2 and y.shape[1] == 1:
            y = sk("sklearn.utils.validation.column_or_1d")(y, warn=True)
        self.outputs_2d_ = y.ndim == 2
        columns = [np.unique(column, return_inverse=True) for column in (y.T if self.outputs_2d_ else [y])]
        classes, labels = zip(*columns)
        self.classes_ = list(classes) if self.outputs_2d_ else classes[0]
        self._y = np.stack(labels, axis=1) if self.outputs_2d_ else labels[0]

    def _outputs(self):
        """Each output's classes and labels of the fitted points."""
        if not self.outputs_2d_:
            return [(self.classes_, self._y)]
        return [(c, np.ascontiguousarray(self._y[:, o])) for o, c in enumerate(self.classes_)]

    def _join(self, predictions, X):
        if not self.outputs_2d_:
            return like_input(predictions[0], X)
        y = np.empty((len(predictions[0]), len(predictions)), dtype=self.classes_[0].dtype)
        for o, prediction in enumerate(predictions):
            y[:, o] = prediction
        return like_input(y, X)

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels. Of classes with equally many votes the first wins.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or (n_queries, n_samples_fit) if \
                metric="precomputed", or None
            Queries. None means the fitted points, each without itself.

        Returns
        -------
        y : ndarray of shape (n_queries,) or (n_queries, n_outputs)
            Labels.
        """
        return self._join(self._winners(X), X)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities: the shares of the votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or (n_queries, n_samples_fit) if \
                metric="precomputed", or None
            Queries. None means the fitted points, each without itself.

        Returns
        -------
        probabilities : ndarray of shape (n_queries, n_classes), or list of such, one for each output
            Classes in the order of `classes_`.
        """
        probabilities = [like_input(shares, X) for shares in self._shares(X)]
        return probabilities if self.outputs_2d_ else probabilities[0]


@inherit_docs
class KNeighborsClassifier(KNeighbors, NeighborsClassifier):
    """Classification by the vote of the nearest neighbours.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Weights of votes: equal, the inverses of the distances, or what the callable returns for an array of
        distances. None is "uniform".

    Raises
    ------
    ValueError
        If data or parameters are not as they should be.

    References
    ----------
    Cover, Hart (1967). Nearest neighbor pattern classification. IEEE Transactions on Information Theory
    13(1).

    Examples
    --------
    >>> from fastml.neighbors import KNeighborsClassifier
    >>> model = KNeighborsClassifier(n_neighbors=3).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[1.1]])
    array([0])
    >>> model.predict_proba([[0.9]])
    array([[0.66666667, 0.33333333]])
    """

    _constraints: dict = {**KNeighbors._constraints, **WEIGHTS}

    def __init__(
        self,
        n_neighbors: int | None = 5,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: Any = "minkowski",
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.device = device

    def _winners(self, X):
        """The predicted labels, for each output."""
        starts, indices, weights = self._weighted_neighbors(X)
        predictions = []
        for classes, labels in self._outputs():
            parts = count_votes(starts, indices, weights, labels, len(classes))
            predictions.append(classes.take(np.concatenate([votes.argmax(axis=1) for _, votes in parts])))
        return predictions

    def _shares(self, X):
        """Shares of the votes, for each output."""
        starts, indices, weights = self._weighted_neighbors(X)
        probabilities = []
        for classes, labels in self._outputs():
            parts = count_votes(starts, indices, weights, labels, len(classes))
            shares = np.concatenate([votes for _, votes in parts])
            shares /= shares.sum(axis=1)[:, None]
            probabilities.append(shares)
        return probabilities

    def _weighted_neighbors(self, X):
        """Where each query's neighbours start, who they are, their weights."""
        check_fitted(self, "_fit_method")
        distances, indices = (CPU.to_host(part) for part in self.kneighbors(X))
        weights = weights_of_lists(self.weights, distances)
        if weights is not None and not weights.any(axis=1).all():
            raise ValueError(
                "All neighbors of some sample is getting zero weights. Please modify 'weights' to avoid this"
                " case if you are using a user-defined function."
            )
        starts = even_starts(*indices.shape)
        return (
            starts,
            indices.ravel().astype(np.int64, copy=False),
            None if weights is None else weights.ravel(),
        )
