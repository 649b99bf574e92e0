"""What the forests for classification share."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._device import like_input
from .._tree_estimators import TreeClassifier
from .._validation import Options, sk
from ._forest import Forest

__all__ = ["ForestClassifier"]


class ForestClassifier(TreeClassifier, Forest):
    """What the classifiers share.

    Parameters
    ----------
    class_weight : dict, list of dict, {"balanced", "balanced_subsample"} or None, default=None
        Weights of the classes (for several outputs a dict each), which multiply those of the samples;
        "balanced" makes all classes weigh the same, "balanced_subsample" among the samples drawn for each
        tree.

    Attributes
    ----------
    n_classes_ : int, or list of int
        The number of labels.

    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or (n_samples, n_classes, n_outputs)
        The out-of-bag probabilities, if asked for.
    """

    _constraints: dict = {
        **Forest._constraints,
        **TreeClassifier._constraints,
        "class_weight": [Options("balanced_subsample", "balanced"), dict, list, None],
    }

    def _encode(self, y, sample_weight):
        codes, classes = _trees.encode_classes(y)
        n_classes = [len(labels) for labels in classes]
        single = len(n_classes) == 1
        self.classes_ = classes[0] if single else classes
        self.n_classes_ = n_classes[0] if single else n_classes
        return codes, n_classes, self._weigh_classes(y, codes, classes, sample_weight)

    def _weigh_classes(self, y, codes, classes, sample_weight):
        """Weights of the samples by their classes, or None."""
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, (dict, list)):
            return sk("sklearn.utils.compute_sample_weight")(self.class_weight, y)
        if self.warm_start:
            self._warn_of_presets()
        if self.class_weight == "balanced_subsample" and self.bootstrap:
            return None  # weights depend on the samples that are drawn
        if sample_weight is None:
            return _trees.balanced_weight(codes, [len(labels) for labels in classes])
        weights = []
        for k, labels in enumerate(classes):
            balanced = sk("sklearn.utils.compute_class_weight")(
                "balanced", classes=labels, y=y[:, k], sample_weight=sample_weight
            )
            weights.append(dict(zip(labels, balanced)))
        return sk("sklearn.utils.compute_sample_weight")(weights[0] if len(weights) == 1 else weights, y)

    def _warn_of_presets(self):
        warnings.warn(
            'class_weight presets "balanced" or "balanced_subsample" are not recommended for warm_start if '
            'the fitted data differs from the full dataset. In order to use "balanced" weights, use '
            'compute_class_weight ("balanced", classes, y). In place of y you can use a large enough sample '
            "of the full training set target to properly estimate the class frequency distributions. Pass "
            "the resulting weights as the class_weight parameter."
        )

    def _set_out_of_bag(self, means, y):
        n_outputs = y.shape[1]
        if n_outputs > 1 and max(self.n_classes_) > 2:
            raise ValueError(
                "The type of target cannot be used to compute OOB estimates. Got multiclass-multioutput "
                "while only the following are supported: continuous, continuous-multioutput, binary, "
                "multiclass, multilabel-indicator."
            )
        shares = np.moveaxis(means, 1, 2)
        self.oob_decision_function_ = shares[:, :, 0] if n_outputs == 1 else shares
        found = self.oob_decision_function_.argmax(axis=1)
        if callable(self.oob_score):
            self.oob_score_ = self.oob_score(y, found)
        else:
            self.oob_score_ = float((found.reshape(len(y), -1) == y).all(axis=1).mean())

    def predict(self, X: Any) -> Any:
        """Predict labels: the class of the largest mean share in the trees' leaves, of equal ones the first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The labels.
        """
        shares = self._mean_values(self._rows(X))
        if self.n_outputs_ > 1:
            shares = shares.reshape(len(shares), self.n_outputs_, -1)
        return like_input(self._largest(shares), X)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities: the mean shares of the classes in the trees' leaves.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such, one for each output
            Classes in the order of `classes_`.
        """
        shares = self._mean_values(self._rows(X))
        if self.n_outputs_ == 1:
            return like_input(shares, X)
        shares = shares.reshape(len(shares), self.n_outputs_, -1)
        return [like_input(shares[:, k, :n].copy(), X) for k, n in enumerate(self.n_classes_)]
