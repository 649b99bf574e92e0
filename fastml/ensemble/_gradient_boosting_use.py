"""What is asked of the trees of gradient boosting."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._device import CPU, like_input
from .._tree_rounds import leaves_of, pack_values
from .._validation import check_fitted
from ..solvers import forest
from ..solvers import gradient_boosting as solver

__all__ = ["Prediction"]


class Prediction:
    """Mixin: predictions of a fitted estimator."""

    estimators_: Any
    learning_rate: float
    n_trees_per_iteration_: int
    n_features_in_: int
    init: Any
    _from_raw: Any  # makes labels or targets of raw predictions

    def _rows(self, X):
        check_fitted(self, "estimators_")
        return _trees.as_float32(self, X, False)

    def _packed_trees(self):
        """The trees of each class, packed; with leaves that are multiplied by the learning rate."""
        known = vars(self).get("_packed")
        if known is None or known[0] is not self.estimators_ or known[1] != self.learning_rate:
            known = self._packed = self.estimators_, self.learning_rate, self._pack()
        return known[2]

    def _pack(self):
        packed = []
        for k in range(self.estimators_.shape[1]):
            trees = [est.tree_ for est in self.estimators_[:, k]]
            packed.append(pack_values(trees, [self.learning_rate * tree.value[:, :, 0] for tree in trees]))
        return packed

    def _raw_start(self, rows):
        """The raw predictions that the trees' are added to."""
        if self._init is None:
            prior = solver.start_of(self._kind(), self._prior[None, :])
            return np.repeat(prior, rows.shape[0], axis=0)
        if isinstance(self._init, str):  # "zero"
            return np.zeros((rows.shape[0], self.n_trees_per_iteration_))
        if self._classifies:
            prior = self._init.predict_proba(rows).astype(np.float64)
        else:
            prior = self._init.predict(rows).astype(np.float64).reshape(rows.shape[0], -1)
        return solver.start_of(self._kind(), prior)

    def _raw_predict(self, rows):
        """Raw predictions, of shape (n_samples, n_trees)."""
        raw = self._raw_start(rows)
        for k, packed in enumerate(self._packed_trees()):
            column = np.ascontiguousarray(raw[:, k : k + 1])
            forest.add_predictions(CPU, packed, rows, column)
            raw[:, k : k + 1] = column
        return raw

    def _staged_raw_predict(self, X):
        rows = self._rows(X)
        raw = self._raw_start(rows)
        for stage in range(len(self.estimators_)):
            for k, (words, roots, values) in enumerate(self._packed_trees()):
                column = np.ascontiguousarray(raw[:, k : k + 1])
                forest.add_predictions(CPU, (words, roots[stage : stage + 1], values), rows, column)
                raw[:, k : k + 1] = column
            yield raw.copy()

    def predict(self, X: Any) -> Any:
        """Predict labels or targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels or targets.
        """
        return like_input(self._from_raw(self._raw_predict(self._rows(X))), X)

    def staged_predict(self, X: Any) -> Any:
        """Predict labels or targets after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            The labels or targets.
        """
        for raw in self._staged_raw_predict(X):
            yield like_input(self._from_raw(raw), X)

    def apply(self, X: Any) -> Any:
        """Return the leaf of each sample in each tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        leaves : ndarray of shape (n_samples, n_estimators, n_trees), for regression (n_samples, n_estimators)
            Numbers of nodes in the trees.
        """
        return like_input(self._leaves(self._rows(X)), X)

    def _leaves(self, rows):
        leaves = np.empty((rows.shape[0], *self.estimators_.shape))
        for k, packed in enumerate(self._packed_trees()):
            leaves[:, :, k] = leaves_of(packed, rows)
        return leaves

    @property
    def feature_importances_(self):
        """How much each feature lowered the impurity, in the mean of the trees; in sum 1."""
        check_fitted(self, "estimators_")
        trees = [est.tree_ for est in self.estimators_.ravel() if est.tree_.node_count > 1]
        if not trees:
            return np.zeros(self.n_features_in_)
        mean = np.mean([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)
        return mean / mean.sum()

    def _compute_partial_dependence_recursion(self, grid, target_features):
        """Partial dependence, as scikit-learn's `partial_dependence` asks for it."""
        if self.init is not None:
            warnings.warn(
                "Using recursion method with a non-constant init predictor will lead to incorrect partial "
                f"dependence values. Got init={self.init}.",
                UserWarning,
                stacklevel=2,
            )
        grid = np.ascontiguousarray(grid, np.float32)
        targets = np.ascontiguousarray(target_features, np.intp)
        sums = np.zeros((self.estimators_.shape[1], len(grid)))
        for stage in self.estimators_:
            for k, est in enumerate(stage):
                est.tree_.compute_partial_dependence(grid, targets, sums[k])
        return sums * self.learning_rate
