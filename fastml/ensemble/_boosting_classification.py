"""Histogram gradient boosting for classification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._base import Classifier
from .._device import CPU
from .._docs import inherit_docs
from .._validation import Options, sk
from ._base_boosting import BaseHistGradientBoosting

__all__ = ["HistGradientBoostingClassifier"]


@inherit_docs
class HistGradientBoostingClassifier(Classifier, BaseHistGradientBoosting):
    """Gradient boosting of classification trees over features in bins.

    Missing values (NaN) need no treatment: at each split they go where they do best.

    Parameters
    ----------
    loss : {"log_loss"}, default="log_loss"
        What is minimised. Two classes take one tree a round, more classes one tree each.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives all of them the same weight in sum. They multiply the weights
        of the samples.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    n_trees_per_iteration_ : int
        Trees of a round: 1 for two classes, else one for each class.

    See Also
    --------
    HistGradientBoostingRegressor : The same for numbers.

    Notes
    -----
    Trees are grown best split first over features in bins, as in LightGBM, O(n_samples n_features) for each
    level of a tree. Features, bins and sums are those of scikit-learn's estimator; so are the trees, up to
    rounding and to splits that are equally good.

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.

    Ke et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.ensemble import HistGradientBoostingClassifier
    >>> X = np.linspace(0, 1, 200).reshape(-1, 1)
    >>> model = HistGradientBoostingClassifier().fit(X, X.ravel() > 0.3)
    >>> model.predict([[0.2], [0.4]])
    array([False,  True])
    """

    _constraints = {
        **BaseHistGradientBoosting._constraints,
        "loss": [Options("log_loss")],
        "class_weight": [dict, Options("balanced"), None],
    }
    _predicts_numbers = False

    def __init__(
        self,
        loss: str = "log_loss",
        *,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = "auto",
        scoring: Any = "loss",
        validation_fraction: Any = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        verbose: int = 0,
        random_state: Any = None,
        class_weight: Any = None,
        device: str | None = None,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.class_weight = class_weight
        self.device = device

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._like(_probabilities(self._raw_predict(X)), X)

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """Predict probabilities of the classes after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Yields
        ------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        for raw in self._staged_raw_predict(X):
            yield self._like(_probabilities(raw), X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the raw predictions.

        They are log-odds of the second of two classes, or up to a constant the logarithms of the classes'
        probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_trees_per_iteration_)
            Raw predictions.
        """
        return self._like(_decisions(self._raw_predict(X)), X)

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """Compute the raw predictions after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Yields
        ------
        decision : ndarray of shape (n_samples,) or (n_samples, n_trees_per_iteration_)
            Raw predictions.
        """
        for raw in self._staged_raw_predict(X):
            yield self._like(_decisions(raw), X)

    def _loss_name(self):
        return "binomial" if self.n_trees_per_iteration_ == 1 else "multinomial"

    def _from_raw(self, raw):
        return self.classes_[(raw[0] > 0).astype(int) if len(raw) == 1 else raw.argmax(axis=0)]

    def _encode_target(self, y):
        self.classes_, labels = np.unique(y, return_inverse=True)
        self.n_trees_per_iteration_ = 1 if len(self.classes_) <= 2 else len(self.classes_)
        return labels.astype(np.float64)

    def _encode_more_target(self, y):
        labels = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        if not (self.classes_[labels] == y).all():
            unseen = sorted(set(np.asarray(y).tolist()) - set(self.classes_.tolist()))
            raise ValueError(f"y contains previously unseen labels: {unseen}")
        return labels.astype(np.float64)

    def _decode_target(self, y):
        return self.classes_[y.astype(int)]

    def _expand_weights(self, sample_weight, y):
        if self.class_weight is None:
            return sample_weight
        expanded = sk("sklearn.utils.compute_sample_weight")(self.class_weight, self._decode_target(y))
        return expanded if sample_weight is None else sample_weight * expanded


def _probabilities(raw):
    return CPU.kernels.losses.probabilities(raw)


def _decisions(raw):
    return raw[0] if len(raw) == 1 else np.ascontiguousarray(raw.T)
