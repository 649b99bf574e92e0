"""Classification by gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier, stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._parameters import HasMethods
from .._validation import Options
from ._base_gradient_boosting import BaseGradientBoosting

__all__ = ["GradientBoostingClassifier"]


@inherit_docs
class GradientBoostingClassifier(Classifier, BaseGradientBoosting):
    """Gradient boosting for classification.

    Each stage fits trees, one for each class where there are more than two, to the negative gradients of the
    loss, and gives their leaves a Newton step's values.

    Parameters
    ----------
    loss : {"log_loss", "exponential"}, default="log_loss"
        What is minimised; the exponential loss, AdaBoost's, is for two classes.

    init : estimator or "zero", default=None
        What boosting starts from. None means the shares of the classes.

    Attributes
    ----------
    estimators_ : ndarray of DecisionTreeRegressor of shape (n_estimators_, n_trees_per_iteration_)
        The trees.

    classes_ : ndarray of shape (n_classes,)
        The labels.

    n_classes_ : int
        The number of labels.

    See Also
    --------
    GradientBoostingRegressor : Gradient boosting for regression.
    HistGradientBoostingClassifier : Of bins; faster for many samples.

    References
    ----------
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.
    Friedman, J. (2002). Stochastic gradient boosting. Computational Statistics & Data Analysis 38(4).

    Examples
    --------
    >>> from fastml.ensemble import GradientBoostingClassifier
    >>> model = GradientBoostingClassifier(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 0])
    >>> model.predict([[0.2], [1.4]])
    array([0, 1])
    """

    _constraints: dict = {
        **BaseGradientBoosting._constraints,
        "loss": [Options("log_loss", "exponential")],
        "init": [Options("zero"), None, HasMethods("fit", "predict_proba")],
    }
    _classifies = True
    _sklearn_name = "sklearn.ensemble.GradientBoostingClassifier"
    classes_: Any
    n_classes_: int

    def __init__(
        self,
        *,
        loss: str = "log_loss",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        subsample: float = 1.0,
        criterion: str = "deprecated",
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3,
        min_impurity_decrease: float = 0.0,
        init: Any = None,
        random_state: Any = None,
        max_features: Any = None,
        verbose: int = 0,
        max_leaf_nodes: int | None = None,
        warm_start: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None,
        tol: float = 1e-4,
        ccp_alpha: float = 0.0,
        device: str | None = None,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.criterion = criterion
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha
        self.device = device

    def _encode(self, y, weight):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_classes_ = n = len(self.classes_)
        self.n_trees_per_iteration_ = 1 if n <= 2 else n
        present = n if weight is None else np.count_nonzero(np.bincount(codes, weight))
        if present < 2:
            raise ValueError(
                f"y contains {present} class after sample_weight trimmed classes with zero weights, while a "
                "minimum of 2 classes are required."
            )
        if self.loss == "exponential" and n > 2:
            raise ValueError(
                f"loss='{self.loss}' is only suitable for a binary classification problem, you have "
                f"n_classes={n}. Please use loss='log_loss' instead."
            )
        return codes.astype(np.float64)

    def _kind(self):
        if self.loss == "exponential":
            return self.loss
        return "binomial" if self.n_classes_ == 2 else "multinomial"

    def _quantile(self):
        return 0.0

    def _find_prior(self, y, weight):
        counts = np.bincount(y.astype(np.intp), weight, self.n_classes_)
        return counts / counts.sum()

    def decision_function(self, X: Any) -> Any:
        """Give the raw predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        score : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Logarithms of odds, up to a constant for several classes; half of them with the exponential loss.
        """
        raw = self._raw_predict(self._rows(X))
        return like_input(raw.ravel() if raw.shape[1] == 1 else raw, X)

    def staged_decision_function(self, X: Any) -> Any:
        """Give the raw predictions after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Yields
        ------
        score : ndarray of shape (n_samples, n_trees)
            Raw predictions.
        """
        for raw in self._staged_raw_predict(X):
            yield like_input(raw, X)

    def _from_raw(self, raw):
        if raw.shape[1] == 1:
            return self.classes_.take(raw[:, 0] >= 0)
        return self.classes_.take(raw.argmax(axis=1))

    def _probabilities(self, raw):
        if raw.shape[1] > 1:
            exponential = np.exp(raw - raw.max(axis=1, keepdims=True))
            return exponential / exponential.sum(axis=1, keepdims=True)
        raw = 2 * raw[:, 0] if self.loss == "exponential" else raw[:, 0]
        small = np.exp(-np.abs(raw))
        share = np.where(raw >= 0, 1.0, small) / (1.0 + small)
        return np.stack([1 - share, share], axis=1)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return like_input(self._probabilities(self._raw_predict(self._rows(X))), X)

    def staged_predict_proba(self, X: Any) -> Any:
        """Predict probabilities after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Yields
        ------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        for raw in self._staged_raw_predict(X):
            yield like_input(self._probabilities(raw), X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return np.log(self.predict_proba(X))


stand_for(GradientBoostingClassifier, "sklearn.ensemble._gb.GradientBoostingClassifier")
