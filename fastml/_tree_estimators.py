"""What the estimators that are trees share with those that are forests of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._base import Classifier, Regressor
from ._trees import CLASSIFICATION, REGRESSION
from ._validation import Options

__all__ = ["TreeClassifier", "TreeParameters", "TreeRegressor"]


class TreeParameters:
    """Mixin that describes how trees grow; `_trees.CONSTRAINTS` says what the parameters may be.

    Parameters
    ----------
    max_depth : int, default=None
        Most splits above a leaf. None means no bound.

    min_samples_split : int or float, default=2
        Fewest samples in a node that is split; a float is a fraction of all samples.

    min_samples_leaf : int or float, default=1
        Fewest samples in a leaf; a float is a fraction of all samples.

    min_weight_fraction_leaf : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of the tree's samples.

    max_leaf_nodes : int, default=None
        Most leaves of a tree; the splits that lower the impurity most come first. None means no bound.

    min_impurity_decrease : float, default=0.0
        Least by which a split must lower the impurity, weighed by the node's share of the samples.

    ccp_alpha : float, default=0.0
        The price of a leaf in minimal cost-complexity pruning.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity, in the mean of the trees; in sum 1.
    """


class TreeClassifier(Classifier):
    """Mixin for a tree, or a forest, that classifies.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity that splits lower: Gini's, or the entropy under either name.

    monotonic_cst : array-like of int of shape (n_features,), default=None
        1 where the probability of the second class must not fall with the feature, -1 where it must not rise,
        0 where it may.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        The labels; a list where there are several outputs.
    """

    _constraints: dict = {"criterion": [Options(*CLASSIFICATION)]}
    _classifies = True
    classes_: Any
    n_classes_: Any
    n_outputs_: int
    predict_proba: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _largest(self, shares):
        """The labels of the largest shares, of equal ones the first."""
        if self.n_outputs_ == 1:
            return self.classes_.take(shares.argmax(axis=1))
        y = np.empty(shares.shape[:2], self.classes_[0].dtype)
        for k, labels in enumerate(self.classes_):
            y[:, k] = labels.take(shares[:, k].argmax(axis=1))
        return y

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such, one for each output
            Classes in the order of `classes_`.
        """
        shares = self.predict_proba(X)
        return np.log(shares) if self.n_outputs_ == 1 else [np.log(share) for share in shares]


class TreeRegressor(Regressor):
    """Mixin for a tree, or a forest, that predicts numbers.

    Parameters
    ----------
    criterion : {"squared_error", "absolute_error", "poisson"}, default="squared_error"
        The impurity that splits lower: the mean squared error of the mean, the mean absolute error of the
        median, or half the mean Poisson deviance of the mean.

    monotonic_cst : array-like of int of shape (n_features,), default=None
        1 where the target must not fall with the feature, -1 where it must not rise, 0 where it may.
    """

    _constraints: dict = {"criterion": [Options(*REGRESSION)]}
    _classifies = False
