"""Regression by forests."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _trees, tree
from .._base import stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._tree_estimators import TreeRegressor
from .._validation import Options, sk
from ._forest import Forest

__all__ = ["ExtraTreesRegressor", "RandomForestRegressor"]


class ForestRegressor(TreeRegressor, Forest):
    """What the regressors share.

    Attributes
    ----------
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The out-of-bag predictions, if asked for.
    """

    _constraints: dict = {**Forest._constraints, **TreeRegressor._constraints}

    def _encode(self, y, sample_weight):
        return np.ascontiguousarray(y, np.float64), [1] * y.shape[1], None

    def _set_out_of_bag(self, means, y):
        means = means[:, :, 0]
        self.oob_prediction_ = means[:, 0] if y.shape[1] == 1 else means
        score = self.oob_score if callable(self.oob_score) else sk("sklearn.metrics.r2_score")
        self.oob_score_ = score(y, self.oob_prediction_)

    def predict(self, X: Any) -> Any:
        """Predict targets: the means of the trees' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        """
        means = self._mean_values(self._rows(X))
        return like_input(means[:, 0] if self.n_outputs_ == 1 else means, X)

    def _compute_partial_dependence_recursion(self, grid, target_features):
        """Partial dependence, as scikit-learn's `partial_dependence` asks for it."""
        out = np.zeros(len(grid))
        for grown in self._forest.trees:
            grown.compute_partial_dependence(
                np.asarray(grid, np.float32), np.asarray(target_features, np.intp), out
            )
        return out / len(self._forest)


@inherit_docs
class RandomForestRegressor(ForestRegressor):
    """A random forest for regression.

    Parameters
    ----------
    max_features : int, float, {"sqrt", "log2"} or None, default=1.0
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    bootstrap : bool, default=True
        Whether each tree gets samples that are drawn with replacement, or all.

    Attributes
    ----------
    estimators_ : list of DecisionTreeRegressor
        The trees, made into estimators when they are asked for.

    estimator_ : DecisionTreeRegressor
        An unfitted one.

    See Also
    --------
    ExtraTreesRegressor : Draws thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to the better side. Predictions of the
    trees are added up one tree after the other; no array of n_samples x n_estimators is made.

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning 45(1).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.ensemble import RandomForestRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RandomForestRegressor(n_estimators=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.8
    True
    """

    _constraints = {**ForestRegressor._constraints, "splitter": [Options("exact", "hist")]}
    _sklearn_name = "sklearn.ensemble.RandomForestRegressor"

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: Any = None,
        monotonic_cst: Any = None,
        splitter: str = "exact",
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.criterion = _trees.present_criterion(criterion)
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.splitter = splitter
        self.device = device

    def _tree_class(self):
        return tree.DecisionTreeRegressor


@inherit_docs
class ExtraTreesRegressor(ForestRegressor):
    """A forest of randomized trees for regression: thresholds are drawn.

    For each of the features that a split considers one threshold is drawn, between the smallest and the
    largest value in the node; the best of these splits is taken.

    Parameters
    ----------
    max_features : int, float, {"sqrt", "log2"} or None, default=1.0
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    bootstrap : bool, default=False
        Whether each tree gets samples that are drawn with replacement, or all.

    Attributes
    ----------
    estimators_ : list of ExtraTreeRegressor
        The trees, made into estimators when they are asked for.

    estimator_ : ExtraTreeRegressor
        An unfitted one.

    See Also
    --------
    RandomForestRegressor : Tries all thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to a random side. Predictions of the
    trees are added up one tree after the other; no array of n_samples x n_estimators is made.

    References
    ----------
    Geurts, P., Ernst, D., Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63(1).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.ensemble import ExtraTreesRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ExtraTreesRegressor(n_estimators=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.8
    True
    """

    _random = True
    _sklearn_name = "sklearn.ensemble.ExtraTreesRegressor"

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = False,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: Any = None,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.criterion = _trees.present_criterion(criterion)
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.device = device

    def _tree_class(self):
        return tree.ExtraTreeRegressor


for _cls in (ExtraTreesRegressor, RandomForestRegressor):
    stand_for(_cls, _cls._sklearn_name.replace(".ensemble.", ".ensemble._forest."))
