"""Regression by a decision tree."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _trees
from .._base import stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._tree_estimators import TreeRegressor
from ._base import BaseTree

__all__ = ["DecisionTreeRegressor", "ExtraTreeRegressor"]


@inherit_docs
class DecisionTreeRegressor(TreeRegressor, BaseTree):
    """A decision tree for regression.

    Parameters
    ----------
    splitter : {"best", "random"}, default="best"
        Whether to try all thresholds of a feature, or one that is drawn between its smallest and largest
        value.

    max_features : int, float or {"sqrt", "log2"}, default=None
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    random_state : int, RandomState instance or None, default=None
        Of the order in which features are tried, and of random thresholds. An int gives the tree that
        scikit-learn grows from it, where sums of targets are exact.

    See Also
    --------
    ExtraTreeRegressor : Draws thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to the better side. Of equally good
    splits the one tried first is taken: features in the order in which they are drawn, thresholds from low to
    high, missing values right before left.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and regression trees.

    Examples
    --------
    >>> from fastml.tree import DecisionTreeRegressor
    >>> model = DecisionTreeRegressor(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[1.2], [1.8]])
    array([0., 1.])
    >>> float(model.tree_.threshold[0])
    1.5
    """

    _constraints: dict = {**TreeRegressor._constraints, **BaseTree._constraints}
    _sklearn_name = "sklearn.tree.DecisionTreeRegressor"

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        self.criterion = _trees.present_criterion(criterion)
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.device = device

    def predict(self, X: Any, check_input: bool = True) -> Any:
        """Predict targets: the value of the leaf.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.
        check_input : bool, default=True
            Whether to validate X.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        """
        rows = self._rows(X, check_input)
        values = self.tree_.predict(rows)
        return like_input(values[:, 0] if self.n_outputs_ == 1 else values[:, :, 0], X)

    def _compute_partial_dependence_recursion(self, grid, target_features):
        """Partial dependence, as scikit-learn's `partial_dependence` asks for it."""
        out = np.zeros(len(grid))
        self.tree_.compute_partial_dependence(
            np.asarray(grid, np.float32), np.asarray(target_features, np.intp), out
        )
        return out


@inherit_docs
class ExtraTreeRegressor(DecisionTreeRegressor):
    """A decision tree for regression that draws its thresholds.

    For each of the features that a split considers one threshold is drawn, between the smallest and the
    largest value in the node; the best of these splits is taken. Such trees are for ensembles.

    Parameters
    ----------
    splitter : {"random", "best"}, default="random"
        Whether to draw a threshold for each feature, or to try all.

    max_features : int, float, {"sqrt", "log2"} or None, default=1.0
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    random_state : int, RandomState instance or None, default=None
        Of the features and thresholds. An int gives the tree that scikit-learn grows from it, where sums of
        targets are exact.

    See Also
    --------
    DecisionTreeRegressor : Tries all thresholds.

    References
    ----------
    Geurts, P., Ernst, D., Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63(1).

    Examples
    --------
    >>> from fastml.tree import ExtraTreeRegressor
    >>> model = ExtraTreeRegressor(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.0], [3.0]])
    array([0., 1.])
    """

    _sklearn_name = "sklearn.tree.ExtraTreeRegressor"

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: str = "random",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        super().__init__(
            criterion=criterion,
            splitter=splitter,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            random_state=random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            ccp_alpha=ccp_alpha,
            monotonic_cst=monotonic_cst,
            device=device,
        )

    def _takes_nan(self):
        return self.splitter == "random"


for _cls in (DecisionTreeRegressor, ExtraTreeRegressor):
    stand_for(_cls, _cls._sklearn_name.replace(".tree.", ".tree._classes."))
