"""What the ridge regressions share: parameters, targets of classes, and which solver serves."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._device import choose, like_input
from .._linear_predictor import LinearClassifier
from .._validation import DEVICE, Interval, Options, check_fitted, check_weight, check_X_y, sk
from ..solvers import normal_equations as solver
from ._linear_model import LinearModel, columns_of, is_sparse

__all__ = ["BaseRidge", "RidgeClassifierMixin"]

OURS = ("auto", "cholesky", "svd")


class BaseRidge(LinearModel):
    """Base of the ridge regressions with one penalty."""

    _constraints: dict = {
        "alpha": [Interval(numbers.Real, 0), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(numbers.Integral, 1), None],
        "tol": [Interval(numbers.Real, 0)],
        "solver": [Options("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "device": DEVICE,
    }
    alpha: Any
    fit_intercept: bool
    solver: str
    positive: bool

    def _not_ours(self, X):
        """Why scikit-learn is to fit, None for what it refuses; an empty str if it is not."""
        if self.positive:
            return "the coefficients are to be positive" if self.solver in ("auto", "lbfgs") else None
        if is_sparse(X):
            return "the data is sparse"
        if self.solver not in OURS:
            return None if self.solver == "lbfgs" else f"solver {self.solver!r} is scikit-learn's"
        return ""

    def _solve(self, X, Y, roots, *, flat):
        """Fit validated data and set the attributes; False if there is a wrong number of penalties."""
        alphas = np.ravel(np.asarray(self.alpha, np.float64))
        if len(alphas) not in (1, Y.shape[1]):
            return False
        device = choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] ** 2)
        there = [None if a is None else device.asarray(a) for a in (X, Y, roots)]
        alphas = np.broadcast_to(alphas, Y.shape[1:])
        solution = solver.ridge(device, *there, alphas, self.fit_intercept, self.solver == "svd")
        self._set_solution(solution, X.dtype, flat=flat)
        if Y.shape[1] == 1:
            self.coef_ = self.coef_.reshape(-1)
        self.n_iter_ = None
        self.solver_ = "svd" if solution.by_singular_values else "cholesky"
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd" and (
            self.solver != "cholesky" or not self.fit_intercept
        )
        return tags


class RidgeClassifierMixin(LinearClassifier):
    """Mixin of the classifiers that are ridge regressions on targets of -1 and 1."""

    class_weight: Any
    _label_binarizer: Any

    def _check_classes(self, X, y, sample_weight):
        """Validated X and y, targets of -1 and 1, and weights or None; sets `classes_`."""
        X, y = check_X_y(self, X, y, y_float=False, multi_output=True)
        weight = check_weight(sample_weight, X)
        if y.ndim > 1:
            self._label_binarizer = sk("sklearn.preprocessing.LabelBinarizer")(pos_label=1, neg_label=-1)
            Y = self._label_binarizer.fit_transform(y)
            self.classes_ = self._label_binarizer.classes_
            if not self._is_multilabel():
                y = sk("sklearn.utils.column_or_1d")(y, warn=True)
        else:
            self._label_binarizer = None
            self.classes_, codes = np.unique(y, return_inverse=True)
            positive = np.arange(len(self.classes_)) if len(self.classes_) > 2 else np.ones(1)
            Y = np.where(codes[:, None] == positive, 1.0, -1.0)
        if self.class_weight:
            expanded = sk("sklearn.utils.compute_sample_weight")(self.class_weight, y).astype(X.dtype)
            weight = expanded if weight is None else weight * expanded
        return X, y, columns_of(Y), weight

    def _is_multilabel(self):
        return self._label_binarizer is not None and self._label_binarizer.y_type_.startswith("multilabel")

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        twin = super().to_sklearn()
        if "classes_" in vars(self) and self._label_binarizer is None:
            binarizer = sk("sklearn.preprocessing.LabelBinarizer")(pos_label=1, neg_label=-1)
            twin._label_binarizer = binarizer.fit(self.classes_)
        return twin

    def predict(self, X: Any) -> Any:
        """Predict the class, or the labels, of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The labels; for several labels a sample, an indicator matrix.
        """
        check_fitted(self, "coef_")
        if not self._is_multilabel():
            return super().predict(X)
        signs = np.where(self._scores(X) > 0, 1.0, -1.0)
        return like_input(self._label_binarizer.inverse_transform(signs), X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
