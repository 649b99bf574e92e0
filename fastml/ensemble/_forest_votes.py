"""What the forests for classification share."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._base import Classifier
from .._device import like_input
from .._validation import Options, fit_method, sk
from ._forest import Forest

__all__ = ["ForestClassifier"]


class ForestClassifier(Classifier, Forest):
    """What the classifiers share."""

    _constraints: dict = {
        **Forest._constraints,
        "criterion": [Options(*_trees.CLASSIFICATION)],
        "class_weight": [Options("balanced_subsample", "balanced"), dict, list, None],
    }
    _classifies = True
    classes_: Any
    n_classes_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Grow the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights: of the draws of samples or, without `bootstrap`, of the samples. None means ones.

        Returns
        -------
        self : ForestClassifier
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight)

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
        if self.n_outputs_ == 1:
            return like_input(self.classes_.take(shares.argmax(axis=1)), X)
        shares = shares.reshape(len(shares), self.n_outputs_, -1)
        y = np.empty(shares.shape[:2], self.classes_[0].dtype)
        for k, labels in enumerate(self.classes_):
            y[:, k] = labels.take(shares[:, k].argmax(axis=1))
        return like_input(y, X)

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
