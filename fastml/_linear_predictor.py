"""What linear models share once they are fitted: products with the coefficients, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._base import Classifier, Regressor
from ._device import CPU, like_input
from ._validation import check_fitted, check_X, sk

__all__ = ["LinearClassifier", "LinearPredictor", "LinearRegressor", "SparseCoefficients"]


class LinearPredictor:
    """Mixin of estimators with `coef_` and `intercept_`."""

    coef_: Any
    intercept_: Any

    def _predict_linear(self, X):
        """The products of the rows with the coefficients, of shape (n_samples,) or (n_samples, n_outputs)."""
        check_fitted(self, "coef_")
        X = check_X(self, X, reset=False, accept_sparse="csr")
        X = X if hasattr(X, "tocsr") else CPU.to_host(X)
        products = X @ (self.coef_ if self.coef_.ndim == 1 else self.coef_.T)
        if hasattr(products, "toarray"):  # of sparse data with sparse coefficients
            products = products.toarray()
        return np.asarray(products) + self.intercept_


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
        scores = self._scores(X)
        which = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        labels = self.classes_.take(which)
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
