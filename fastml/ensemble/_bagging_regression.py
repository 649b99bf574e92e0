"""Regression by bagging."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Regressor, stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._validation import sk
from ._base_bagging import BaseBagging

__all__ = ["BaggingRegressor"]


@inherit_docs
class BaggingRegressor(Regressor, BaseBagging):
    """Bagging for regression.

    Regressors are fitted to samples, and features, that are drawn for each; the mean of their predictions
    counts.

    Parameters
    ----------
    estimator : object, default=None
        What is fitted; None means `fastml.tree.DecisionTreeRegressor`.

    Attributes
    ----------
    oob_score_ : float
        The coefficient of determination for samples that were not drawn; if `oob_score`.

    oob_prediction_ : ndarray of shape (n_samples,)
        The predictions for samples by the estimators that have not seen them; if `oob_score`.

    See Also
    --------
    BaggingClassifier : Bagging for classification.
    RandomForestRegressor : Draws features for each split.

    References
    ----------
    Breiman, L. (1996). Bagging predictors. Machine Learning 24(2).

    Examples
    --------
    >>> from fastml.ensemble import BaggingRegressor
    >>> model = BaggingRegressor(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [5.0, 5.0, 5.0, 5.0])
    >>> model.predict([[0.0], [3.0]])
    array([5., 5.])
    """

    _classifies = False
    _sklearn_name = "sklearn.ensemble.BaggingRegressor"

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        max_samples: Any = None,
        max_features: Any = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: bool = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def _default_estimator(self):
        from ..tree import DecisionTreeRegressor

        return DecisionTreeRegressor()

    def _encode(self, y):
        return y

    def _score_out_of_bag(self, X, y):
        sums, n_trees = self._predict_out_of_bag(X)
        self.oob_prediction_ = sums[:, 0] / np.maximum(n_trees, 1)
        self.oob_score_ = sk("sklearn.metrics.r2_score")(y, self.oob_prediction_)

    def predict(self, X: Any, **params: Any) -> Any:
        """Predict targets: the means of the estimators'.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        **params : dict
            Parameters for the estimators' methods, with scikit-learn's metadata routing.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The targets.
        """
        if self._delegates(params):
            return self._delegate("predict", X, params)
        return like_input(self._mean_values(self._rows(X))[:, 0], X)


stand_for(BaggingRegressor, "sklearn.ensemble._bagging.BaggingRegressor")
