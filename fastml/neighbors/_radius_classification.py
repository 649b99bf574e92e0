"""Classification by the neighbours within a radius."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._docs import inherit_docs
from .._validation import check_fitted
from ._base import WEIGHTS
from ._classification import NeighborsClassifier
from ._search import RadiusNeighbors
from ._weights import count_votes, weights_of_rows

__all__ = ["RadiusNeighborsClassifier"]


@inherit_docs
class RadiusNeighborsClassifier(RadiusNeighbors, NeighborsClassifier):
    """Classification by the vote of the neighbours within a radius.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Weights of votes: equal, the inverses of the distances, or what the callable returns for an array of
        arrays of distances. None is "uniform".

    outlier_label : int, str, list of such, "most_frequent" or None, default=None
        Label of queries without a neighbour; a list has one for each output. None makes them an error.
        It has probability 1 for them; where it is no class, all classes have 0, with a warning.

    Attributes
    ----------
    outlier_label_ : list or None
        Label of queries without a neighbour, for each output.

    Raises
    ------
    ValueError
        If data or parameters are not as they should be.

    TypeError
        If an outlier label is not of the kind of the labels.

    Examples
    --------
    >>> from fastml.neighbors import RadiusNeighborsClassifier
    >>> model = RadiusNeighborsClassifier(radius=1.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[1.5]])
    array([0])
    >>> model.predict_proba([[1.0]])
    array([[0.66666667, 0.33333333]])
    """

    _constraints: dict = {
        **RadiusNeighbors._constraints,
        **WEIGHTS,
        "outlier_label": [numbers.Integral, str, "array-like", None],
    }

    def __init__(
        self,
        radius: float | None = 1.0,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: Any = "minkowski",
        outlier_label: Any = None,
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.radius = radius
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.outlier_label = outlier_label
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.device = device

    def _fit_labels(self, X, y):
        super()._fit_labels(X, y)
        self.outlier_label_ = self._label_outliers()

    def _label_outliers(self):
        """Return the outliers' label of each output."""
        outputs, given = self._outputs(), self.outlier_label
        if given is None:
            return None
        if isinstance(given, str) and given == "most_frequent":
            return [classes[np.bincount(labels).argmax()] for classes, labels in outputs]
        if _is_scalar(given):
            given = [given] * len(outputs)
        elif len(given) != len(outputs):
            raise ValueError(
                f"The length of outlier_label: {given} is inconsistent with the output length: {len(outputs)}"
            )
        for (classes, _), label in zip(outputs, given):
            if not _is_scalar(label):
                raise TypeError(
                    f"The outlier_label of classes {classes} is supposed to be a scalar, got {label}."
                )
            if np.append(classes, label).dtype != classes.dtype:
                raise TypeError(
                    f"The dtype of outlier_label {label} is inconsistent with classes {classes} in y."
                )
        return given

    def _winners(self, X):
        """The predicted labels, for each output."""
        predictions = []
        for o, ((classes, _), shares) in enumerate(zip(self._outputs_if_fitted(), self._shares(X))):
            labels = classes.take(shares.argmax(axis=1))
            voted = shares.any(axis=1)
            if not voted.all():
                labels[~voted] = self.outlier_label_[o]
            predictions.append(labels)
        return predictions

    def _outputs_if_fitted(self):
        check_fitted(self, "_fit_method")
        return self._outputs()

    def _shares(self, X):
        """Shares of the votes, for each output."""
        outputs = self._outputs_if_fitted()
        starts, distances, indices = self._neighbor_rows(X)
        outliers = np.flatnonzero(starts[:-1] == starts[1:])
        if self.outlier_label_ is None and len(outliers):
            raise ValueError(
                f"No neighbors found for test samples {outliers!r}, you can try using larger radius, giving a"
                " label for outliers, or considering removing them from your dataset."
            )
        weights = weights_of_rows(self.weights, distances, starts)
        shares = []
        for o, (classes, labels) in enumerate(outputs):
            parts = [votes for _, votes in count_votes(starts, indices, weights, labels, len(classes))]
            votes = np.concatenate(parts)
            if len(outliers):
                self._vote_for_outliers(votes, outliers, classes, self.outlier_label_[o])
            total = votes.sum(axis=1)[:, None]
            total[total == 0] = 1
            shares.append(votes / total)
        return shares

    @staticmethod
    def _vote_for_outliers(votes, outliers, classes, label):
        found = np.flatnonzero(classes == label)
        if len(found) == 1:
            votes[outliers, found[0]] = 1
        else:
            warnings.warn(
                f"Outlier label {label} is not in training classes. All class probabilities of outliers will"
                " be assigned with 0."
            )


def _is_scalar(label):
    return isinstance(label, str) or not (hasattr(label, "__len__") or np.ndim(label))
