"""What linear models share once they are fitted: products with the coefficients, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._base import Classifier, Regressor
from ._device import CPU, choose, is_sparse, like_input
from ._validation import check_fitted, check_X, sk

__all__ = ["LinearClassifier", "LinearPredictor", "LinearRegressor", "SparseCoefficients"]


class LinearPredictor:
    """Mixin of estimators with `coef_` and `intercept_`."""

    coef_: Any
    intercept_: Any

    def _ask(self, launcher, X, device=None):
        """What a launcher of `linear_scores` finds for the rows, on the CPU unless `device` says where.

        Rows that are not finite have margins that are not: only then X is read once more, to raise an error.
        """
        check_fitted(self, "coef_")
        data = check_X(self, X, reset=False, accept_sparse="csr", ensure_all_finite=False)
        coef = self.coef_.toarray() if is_sparse(self.coef_) else self.coef_
        where = CPU if device is None or is_sparse(data) else choose(*device, data)
        rows = where.kernels.linear_scores.csr_of(data) if is_sparse(data) else where.asarray(data)
        coef, intercept = where.asarray(coef.reshape(-1, coef.shape[-1])), where.asarray(self.intercept_)
        with np.errstate(over="ignore", invalid="ignore"):
            found, all_finite = getattr(where.kernels.linear_scores, launcher)(rows, coef, intercept)
        if not all_finite:
            check_X(self, X, reset=False, accept_sparse="csr")
        return found

    def _predict_linear(self, X):
        """The products of the rows with the coefficients, of shape (n_samples,) or (n_samples, n_outputs)."""
        products = self._ask("margins", X)
        return products.reshape(-1) if self.coef_.ndim == 1 else products


class LinearClassifier(Classifier, LinearPredictor):
    """Mixin of classifiers that compare linear functions.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Coefficients of the classes; of two classes those of the second.

    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        Their intercepts.

    classes_ : ndarray of shape (n_classes,)
        The labels.
    """

    classes_: Any

    def decision_function(self, X: Any) -> Any:
        """Compute how far the samples are on the side of each class, in units of the coefficients' norm.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes positive where the second is predicted.
        """
        return like_input(self._scores(X), X)

    def _scores(self, X):
        scores = self._predict_linear(X)
        return scores.ravel() if scores.ndim > 1 and scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> Any:
        """Predict the class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        best = self._ask("best_classes", X)
        labels = self.classes_.take(best)
        return labels if labels.dtype.kind in "USO" else like_input(labels, X)


class LinearRegressor(Regressor, LinearPredictor):
    """Mixin of regressors whose predictions are linear functions."""

    def predict(self, X: Any) -> Any:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The predictions.
        """
        return like_input(self._predict_linear(X), X)


class SparseCoefficients:
    """Mixin of models whose coefficients may be mostly zero."""

    coef_: Any

    def densify(self) -> Any:
        """Turn the coefficients into an ndarray.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        check_fitted(self, "coef_")
        if hasattr(self.coef_, "toarray"):
            self.coef_ = self.coef_.toarray()
        return self

    def sparsify(self) -> Any:
        """Turn the coefficients into a sparse matrix; fitting further wants them dense again.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        check_fitted(self, "coef_")
        empty = sk("sklearn.linear_model.SGDClassifier")()  # scikit-learn decides which kind of sparse matrix
        empty.coef_ = self.coef_
        self.coef_ = empty.sparsify().coef_
        return self
