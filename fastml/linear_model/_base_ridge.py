"""What the ridge regressions share: parameters, targets of classes, and which solver serves."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .._device import CPU, choose, is_cuda_array, is_sparse, like_input
from .._linear_predictor import LinearClassifier
from .._shared_work import SharesWork, borrow
from .._validation import DEVICE, Interval, Options, check_fitted, check_weight, check_X_y, fit_method, sk
from ..solvers import normal_equations as solver
from ._linear_model import LinearModel, columns_of, roots_of

__all__ = ["BaseRidge", "RidgeClassifierMixin"]

OURS = ("auto", "cholesky", "svd")


class BaseRidge(SharesWork, LinearModel):
    """Base of the ridge regressions with one penalty.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        The penalty, for all targets or for each, in squared units of the features.

    copy_X : bool, default=True
        Has no effect where fastml fits: X is not written to.

    max_iter : int, default=None
        Most iterations of scikit-learn's iterative solvers.

    tol : float, default=1e-4
        Tolerance of those solvers.

    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default="auto"
        "cholesky" solves the normal equations, or with fewer samples than features their dual; "svd" takes
        the singular values of the data. The others are scikit-learn's, and iterative. "auto" is "cholesky"
        for dense data.

    positive : bool, default=False
        Whether the coefficients are to be positive or zero; scikit-learn's "lbfgs" finds them.

    random_state : int, RandomState instance or None, default=None
        Of "sag" and "saga".

    Attributes
    ----------
    n_iter_ : None or ndarray of shape (n_targets,)
        Iterations of the iterative solvers.

    solver_ : str
        The solver that was used.
    """

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
    _check_data: Callable[..., tuple]  # X and y, validated; targets in numbers; weights or None

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets, or the labels: a column of them or an indicator matrix.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : estimator
            The fitted model.

        Raises
        ------
        ValueError
            If X, y, the weights or the parameters are not valid.
        """
        why = self._not_ours(X)
        if why != "":
            return self._fit_twin(why, X, y, sample_weight)
        rows, _, targets, weight = self._check_data(X, y, sample_weight)
        if not self._solve(rows, columns_of(targets), roots_of(weight, rows), flat=targets.ndim == 1):
            return self._fit_twin(None, X, y, sample_weight)
        return self

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
        arrays = (X, Y, roots) if device is CPU and not is_cuda_array(X) else None
        lend = None if self.solver == "svd" else self._lender(device, there, arrays)
        solution = solver.ridge(device, *there, alphas, self.fit_intercept, lend)
        self._set_solution(solution, X.dtype, flat=flat)
        if Y.shape[1] == 1:
            self.coef_ = self.coef_.reshape(-1)
        self.n_iter_ = None
        self.solver_ = "svd" if solution.by_singular_values else "cholesky"
        return True

    def _lender(self, device, data, arrays):
        """What lends the products that all penalties have in common."""

        def lend(single):
            make = functools.partial(solver.ridge_products, device, *data, self.fit_intercept, single)
            return borrow(self, ("ridge", self.fit_intercept, single), arrays, make)

        return lend

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd" and (
            self.solver != "cholesky" or not self.fit_intercept
        )
        return tags


class RidgeClassifierMixin(LinearClassifier):
    """Mixin of the classifiers that are ridge regressions on targets of -1 and 1.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply those of the samples; "balanced" makes all classes weigh the
        same.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        The coefficients, of X's dtype.

    intercept_ : float or ndarray of shape (n_targets,)
        The constant terms.

    classes_ : ndarray of shape (n_classes,)
        The labels.
    """

    class_weight: Any
    _label_binarizer: Any

    def _check_data(self, X, y, sample_weight):
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
        return X, y, Y, weight

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
