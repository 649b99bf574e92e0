"""What linear models fitted by coordinate descent share: their data, their fit, their predictions."""

from __future__ import annotations

import numbers
import sys
import warnings
from typing import Any

import numpy as np

from .._base import Estimator, MultiOutput
from .._device import CPU, choose, is_sparse, like_input, report_fallback
from .._validation import (
    DEVICE,
    Interval,
    Options,
    check_fitted,
    check_weight,
    check_X,
    check_X_y,
    random_state,
    sk,
)
from ..solvers.centred import CentredData
from ..solvers.coordinate_descent import Minimum, Penalty
from ..solvers.least_squares import GRAM_FEATURES
from ._linear_model import HasTwin

__all__ = [
    "COMMON_CONSTRAINTS",
    "CoordinateDescent",
    "canonical",
    "check_data",
    "laid_out",
    "resolve_gram",
    "warn_unless_met",
]

COMMON_CONSTRAINTS = {
    "fit_intercept": ["boolean"],
    "max_iter": [Interval(numbers.Integral, 1), None],
    "copy_X": ["boolean"],
    "tol": [Interval(numbers.Real, 0)],
    "random_state": ["random_state"],
    "selection": [Options("cyclic", "random")],
    "device": DEVICE,
}

FEW_FEATURES = 256  # whose products take no longer than choosing some of them
PASSES = 50  # over X in one fit, for estimating the work

NOT_CONVERGED = (
    "Objective did not converge. You might want to increase the number of iterations, check the scale of the "
    "features or consider increasing regularisation."
)
RIDGE_IS_BETTER = (
    "Linear regression models with a zero l1 penalization strength are more efficiently fitted using one of "
    "the solvers implemented in sklearn.linear_model.Ridge/RidgeCV instead."
)


class CoordinateDescent(HasTwin, MultiOutput, Estimator):
    """Linear models that coordinate descent has fitted.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether there is an intercept. Otherwise X and y should be centred.

    max_iter : int, default=1000
        The most sweeps over features, in each fit.

    copy_X : bool, default=True
        For compatibility: X is never modified, nor copied as a whole.

    tol : float, default=1e-4
        The duality gap that is good enough, relative to the sum of the squares of y.

    positive : bool, default=False
        Whether coefficients must not be negative.

    random_state : int, RandomState instance or None, default=None
        Of the features that are drawn if `selection` is "random".

    selection : {"cyclic", "random"}, default="cyclic"
        Whether sweeps take features in their order or draw them. Only sweeps in order are extrapolated.

    device : {"auto", "cpu", "cuda"}, default=None
        Where products are computed; None means what `fastml.set_config` says. Sweeps are made on the CPU.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients, in X's dtype.

    intercept_ : float or ndarray of shape (n_targets,)
        The intercepts.

    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The coefficients.
    """

    fit_intercept: bool
    max_iter: int | None
    tol: float
    random_state: Any
    selection: str
    device: str | None
    coef_: np.ndarray
    intercept_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def predict(self, X: Any) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The targets, in the kind of array that X is.
        """
        check_fitted(self, "coef_")
        given = X
        X = check_X(self, X, reset=False, order=None, accept_sparse=("csr", "csc", "coo"))
        if is_sparse(X):
            return np.asarray(X @ self.coef_.T) + self.intercept_
        device = choose(self.device, X, work=2.0 * X.size)
        if device is CPU:
            return X @ self.coef_.T + self.intercept_
        coef, intercept = device.asarray(self.coef_.T), device.asarray(np.asarray(self.intercept_))
        return like_input(device.asarray(X) @ coef + intercept, given)

    @property
    def sparse_coef_(self) -> Any:
        """The coefficients as a sparse matrix of shape (n_targets, n_features)."""
        check_fitted(self, "coef_")
        from scipy import sparse

        coef = np.atleast_2d(self.coef_)
        if "sparse_interface" in sk("sklearn.get_config")():
            return sk("sklearn.utils._sparse._align_api_if_sparse")(sparse.csr_array(coef))
        return sparse.csr_matrix(coef)

    def _sweeps(self):
        """Options of `minimise`."""
        rng = random_state(self.random_state) if self.selection == "random" else None
        return {"tol": self.tol, "max_iter": self.max_iter or sys.maxsize, "rng": rng}

    def _set_coef(self, coef, data, single):
        """Keep the coefficients, (n_tasks, n_features), in X's dtype, and the intercept to them."""
        dtype = data.X.dtype
        # From rounded coefficients, so that predictions have the mean that they should have.
        coef = coef.astype(dtype)
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = (data.y_mean - coef.astype(np.float64) @ data.x_mean).astype(dtype)
            self.intercept_ = self.intercept_[0] if single else self.intercept_
        self.coef_ = coef[0] if single or len(coef) == 1 else coef
        if not (np.isfinite(self.coef_).all() and np.isfinite(self.intercept_).all()):
            raise ValueError(
                "Coordinate descent iterations resulted in non-finite parameter values. The input data may "
                "contain large values and need to be preprocessed."
            )


def check_data(est: Any, X: Any, y: Any, sample_weight: Any, *, many: bool) -> tuple:
    """Validate what a linear model is fitted to.

    Parameters
    ----------
    est : CoordinateDescent
        The model.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The targets.
    sample_weight : array-like of shape (n_samples,), number or None
        The weights; a number counts as None.
    many : bool
        Whether many fits will be made of the same products.

    Returns
    -------
    device : Device
        Where to compute products.
    X : array or CSC matrix of shape (n_samples, n_features)
        There, float32 or float64.
    y : float64 array of shape (n_samples,) or (n_samples, n_targets)
        The targets.
    sample_weight : array of shape (n_samples,) or None
        The weights; they sum to n_samples.
    """
    X, y = check_X_y(est, X, y, y_float=True, order=None, accept_sparse="csc", accept_large_sparse=False)
    if is_sparse(y):
        sk("sklearn.utils.check_array")(y, ensure_2d=False)  # which refuses it
    if isinstance(sample_weight, numbers.Number):
        sample_weight = None
    weight = check_weight(sample_weight, X)
    if weight is not None:
        weight = weight.astype(np.float64) * (X.shape[0] / weight.sum(dtype=np.float64))
    device, X = _to_device(est, X, many)
    return device, X, y.astype(np.float64, copy=False), weight


def _to_device(est, X, many):
    """Where to compute, and X there, in a layout that kernels take."""
    n_samples, n_features = X.shape
    if is_sparse(X):
        if choose(est.device) is not CPU:
            report_fallback("the CPU", "sparse matrices live on the host")
        return CPU, canonical(X)
    device = choose(est.device, X, work=n_samples * n_features * (n_features if many else PASSES))
    if device is not CPU and n_features > GRAM_FEATURES:
        report_fallback("the CPU", f"a Gram matrix of more than {GRAM_FEATURES} features is not made")
        device = CPU
    if device is CPU:
        return CPU, laid_out(CPU.to_host(X))
    return device, device.asarray(X)


def canonical(X: Any) -> Any:
    """Return a sparse matrix without entries that stand for the same place.

    Parameters
    ----------
    X : sparse matrix
        It is left as it is.

    Returns
    -------
    X : sparse matrix
        The matrix itself, or a copy.
    """
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def laid_out(X: np.ndarray) -> np.ndarray:
    """Return an array in C or Fortran order.

    Parameters
    ----------
    X : ndarray
        Of any layout.

    Returns
    -------
    X : ndarray
        The array itself, or a copy.
    """
    return X if X.flags.c_contiguous or X.flags.f_contiguous else np.ascontiguousarray(X)


def resolve_gram(data: CentredData, precompute: Any, centre: bool) -> Any:
    """Say what a parameter ``precompute`` means for some data.

    Parameters
    ----------
    data : CentredData
        The data.
    precompute : bool, "auto" or array of shape (n_features, n_features)
        The parameter.
    centre : bool
        Whether the data is centred: a Gram matrix that was given is none of centred data.

    Returns
    -------
    gram : bool or array of shape (n_features, n_features)
        Whether to compute a Gram matrix, or the one that was given.
    """
    if is_sparse(data.X):
        return False
    if hasattr(precompute, "__array__"):
        if not centre or np.allclose(data.x_mean, 0):
            check = sk("sklearn.linear_model._base._check_precomputed_gram_matrix")
            X, zeros = CPU.to_host(data.X), np.zeros(data.X.shape[1])
            if data.roots is not None:
                X = X * data.roots[:, None]
            check(X, precompute, zeros, zeros + 1)
            return np.ascontiguousarray(precompute, np.float64)
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
        )
        precompute = "auto"
    n_samples, n_features = data.X.shape
    if not isinstance(precompute, str):
        few = n_features <= FEW_FEATURES and n_samples > n_features
        return bool(precompute) or few or data.device is not CPU
    return n_samples > n_features or data.device is not CPU


def warn_unless_met(minimum: Minimum, penalty: Penalty) -> None:
    """Warn, as scikit-learn does, if coordinate descent ended before the gap was small enough.

    Parameters
    ----------
    minimum : Minimum
        Where it ended.
    penalty : Penalty
        With which penalty.
    """
    if not minimum.gap <= minimum.limit:
        message = f"{NOT_CONVERGED} Duality gap: {minimum.gap:.6e}, tolerance: {minimum.limit:.3e}"
        if penalty.l1 < np.finfo(np.float64).eps:
            message += "\n" + RIDGE_IS_BETTER
        warnings.warn(message, sk("sklearn.exceptions.ConvergenceWarning"))
