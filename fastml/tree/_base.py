"""What the decision trees share."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .. import _trees
from .._base import Estimator, MultiOutput
from .._device import CPU, like_input, report_fallback
from .._tree_estimators import TreeParameters
from .._twins import FromSklearn
from .._validation import (
    DEVICE,
    Options,
    check_fitted,
    check_weight,
    check_X_y,
    fit_method,
    random_state,
    sk,
)
from ..solvers import tree as solver

__all__ = ["BaseTree"]


class BaseTree(TreeParameters, FromSklearn, MultiOutput, Estimator):
    """Base class of decision trees.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes (for several outputs a dict each), which multiply those of the samples;
        "balanced" makes all classes weigh the same. None means ones.

    Attributes
    ----------
    n_outputs_ : int
        The number of outputs.

    max_features_ : int
        The number of features that a split considers.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity; in sum 1.

    tree_ : Tree
        The nodes, with the attributes of scikit-learn's own trees.
    """

    _constraints: dict = {
        "splitter": [Options("best", "random")],
        **_trees.CONSTRAINTS,
        "device": DEVICE,
    }
    _classifies: bool
    _cpu_only = True  # it has no CUDA kernels
    _learnt = "tree_"
    n_features_in_: int
    n_outputs_: int
    tree_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self._takes_nan()
        return tags

    def _takes_nan(self):
        """Tell whether data may have missing values."""
        return True

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Any:
        """Grow the tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        check_input : bool, default=True
            Whether to validate X and y.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        X, y = self._check_data(X, y, check_input)
        if hasattr(X, "tocsr"):
            return self._fit_sparse(X, y, sample_weight)
        y = y if y.ndim == 2 else y[:, None]
        self.n_outputs_ = y.shape[1]
        y, n_classes, class_weight = self._encode(y)
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (len(y), 1)))
        if class_weight is not None:
            weight = class_weight if weight is None else weight * class_weight
        total = float(len(y) if weight is None else weight.sum())
        plan = _trees.make_plan(self, X.shape, n_classes, self._classifies, total, self.splitter == "random")
        self.max_features_ = plan.limits.max_features
        table = _trees.rank_table(self, X, random=plan.limits.random)
        seed = random_state(self.random_state).randint(0, _trees.MAX_SEED)
        tree = solver.grow(CPU, table, y, weight, plan, seed)
        self.tree_ = tree.pruned(self.ccp_alpha) if self.ccp_alpha > 0 else tree
        return self

    def _check_data(self, X, y, check_input):
        if not check_input:
            X, y = np.asarray(X), np.asarray(y)
            self.n_features_in_ = X.shape[1]
            return np.ascontiguousarray(X, np.float32), y
        if hasattr(y, "tocsr"):  # an error
            sk("sklearn.utils.check_array")(y, ensure_2d=False, dtype=None)
        wanted: Any = "allow-nan" if self._takes_nan() else True
        X, y = check_X_y(
            self, X, y, y_float=not self._classifies, multi_output=True, accept_sparse="csc",
            ensure_all_finite=wanted,
        )  # fmt: skip
        if self.criterion == "poisson":
            _trees.check_poisson(y, "positive")
        return X, y

    def _encode(self, y):
        """The targets as numbers, the classes of each output, and weights by class or None."""
        return np.ascontiguousarray(y, np.float64), [1] * y.shape[1], None

    def _fit_sparse(self, X, y, sample_weight):
        report_fallback(f"scikit-learn's {type(self).__name__}", "the data is sparse")
        twin = sk(self._sklearn_name)(**self._twin_params()).fit(X, y, sample_weight)
        self._take_from(twin)
        return self

    # ---- scikit-learn's twin ----
    def _twin_params(self):
        params = self.get_params(deep=False)
        del params["device"]
        return params

    def _take_from(self, twin):
        """Take over the fitted attributes of scikit-learn's estimator."""
        params = twin.get_params(deep=False)
        for name, value in vars(twin).items():
            if name not in params:
                setattr(self, name, value)
        theirs = twin.tree_
        self.tree_ = solver.Tree.from_state(theirs.n_features, theirs.n_classes, theirs.__getstate__())

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same tree.

        Returns
        -------
        estimator : sklearn.tree.BaseDecisionTree
            It needs fastml no more.
        """
        twin = sk(self._sklearn_name)(**copy.deepcopy(self._twin_params()))
        for name, value in vars(self).items():
            if name.endswith("_") and not name.startswith("_"):
                setattr(twin, name, copy.deepcopy(value))
        if "tree_" in vars(self):
            tree = self.tree_
            twin.tree_ = sk("sklearn.tree._tree.Tree")(tree.n_features, tree.n_classes, tree.n_outputs)
            twin.tree_.__setstate__(tree.to_state())
        return twin

    # ---- using the tree ----
    def _rows(self, X, check_input):
        """X as trees see it: float32, or a sparse matrix."""
        check_fitted(self, "tree_")
        if check_input or X.shape[1] != self.n_features_in_:
            return _trees.as_float32(self, X, self._takes_nan())
        return X if hasattr(X, "tocsr") else np.ascontiguousarray(X, np.float32)

    def apply(self, X: Any, check_input: bool = True) -> Any:
        """Return the leaf of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.
        check_input : bool, default=True
            Whether to validate X.

        Returns
        -------
        leaves : ndarray of shape (n_samples,)
            Numbers of nodes in `tree_`.
        """
        rows = self._rows(X, check_input)
        return like_input(self.tree_.apply(rows), X)

    def decision_path(self, X: Any, check_input: bool = True) -> Any:
        """Return the nodes that each sample passes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.
        check_input : bool, default=True
            Whether to validate X.

        Returns
        -------
        indicator : sparse CSR matrix of shape (n_samples, n_nodes)
            1 where the sample passes the node.
        """
        rows = self._rows(X, check_input)
        return self.tree_.decision_path(rows)

    def get_depth(self) -> int:
        """Return the depth of the tree: the most splits above a leaf.

        Returns
        -------
        depth : int
            The depth.
        """
        check_fitted(self, "tree_")
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        """Return the number of leaves.

        Returns
        -------
        n_leaves : int
            The number.
        """
        check_fitted(self, "tree_")
        return self.tree_.n_leaves

    @property
    def feature_importances_(self):
        """How much each feature lowered the impurity; in sum 1."""
        check_fitted(self, "tree_")
        return self.tree_.compute_feature_importances()

    def cost_complexity_pruning_path(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return the effective alphas of minimal cost-complexity pruning.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        path : sklearn.utils.Bunch
            With `ccp_alphas`, and `impurities`, the sums of the leaves' impurities from these alphas on.
        """
        params = {**self.get_params(deep=False), "ccp_alpha": 0.0}
        grown = type(self)(**params).fit(X, y, sample_weight=sample_weight)
        alphas, impurities = grown.tree_.pruning_path()
        return sk("sklearn.utils.Bunch")(ccp_alphas=alphas, impurities=impurities)
