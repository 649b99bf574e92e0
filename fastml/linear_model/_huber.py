"""Linear regression that is robust to outliers."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import Estimator, Regressor
from .._device import CPU, choose, is_sparse, like_input
from .._docs import inherit_docs
from .._validation import DEVICE, Interval, check_fitted, check_weight, check_X, check_X_y, fit_method, sk
from ..solvers import huber as solver
from ._rows import choose_device, make_objective

__all__ = ["HuberRegressor"]

FAILED = 2  # SciPy's status of a line search that found nothing


@inherit_docs
class HuberRegressor(Regressor, Estimator):
    """Linear regression with squared losses of small errors and absolute ones of outliers.

    Parameters
    ----------
    epsilon : float, default=1.35
        An error is an outlier from this many times `scale_` on; at least 1. The smaller, the more robust.

    max_iter : int, default=100
        Most iterations of L-BFGS-B.

    alpha : float, default=0.0001
        What the sum of the squared coefficients is multiplied by.

    warm_start : bool, default=False
        Whether `fit` begins from the model that is there.

    fit_intercept : bool, default=True
        Whether there is an intercept.

    tol : float, default=1e-05
        Stop when no derivative of the loss is larger than this.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Sparse data stays on the CPU.

    Attributes
    ----------
    coef_ : float64 ndarray of shape (n_features,)
        Coefficients of the features.

    intercept_ : float
        The intercept, zero where none is fitted.

    scale_ : float
        The scale of errors, in units of the target.

    n_iter_ : int
        Iterations made.

    outliers_ : bool ndarray of shape (n_samples,)
        Which samples are outliers.

    Notes
    -----
    Minimises, over coefficients and a scale ``s``, the weighted sum of ``s + h(error / s) * s`` and the
    penalty, where ``h(z)`` is ``z ** 2`` up to `epsilon` and ``2 * epsilon * abs(z) - epsilon ** 2`` beyond:
    scaling the target scales the model. A pass over the data computes errors, losses and the gradient of some
    rows while they are in the cache, in float64.

    References
    ----------
    Huber, P. J., Ronchetti, E. M. (2009). Robust statistics, second edition, section 7.7. Wiley.

    Owen, A. B. (2007). A robust hybrid of lasso and ridge regression. Contemporary Mathematics 443.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import HuberRegressor
    >>> X = np.arange(10.0).reshape(-1, 1)
    >>> y = 2 * X[:, 0] + 1
    >>> y[3] = 100
    >>> model = HuberRegressor().fit(X, y)
    >>> model.coef_.round(2), round(model.intercept_, 2)
    (array([2.]), 1.0)
    >>> np.flatnonzero(model.outliers_)
    array([3])
    """

    _constraints = {
        "epsilon": [Interval(numbers.Real, 1.0)],
        "max_iter": [Interval(numbers.Integral, 0)],
        "alpha": [Interval(numbers.Real, 0)],
        "warm_start": ["boolean"],
        "fit_intercept": ["boolean"],
        "tol": [Interval(numbers.Real, 0.0)],
        "device": DEVICE,
    }

    def __init__(
        self,
        *,
        epsilon: float = 1.35,
        max_iter: int = 100,
        alpha: float = 0.0001,
        warm_start: bool = False,
        fit_intercept: bool = True,
        tol: float = 1e-05,
        device: str | None = None,
    ):
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.device = device

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HuberRegressor:
        """Fit the coefficients and the scale.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : HuberRegressor
            The fitted estimator.
        """
        X, y = check_X_y(self, X, y, y_float=True, multi_output=False, accept_sparse="csr", dtype=np.float64)
        X = X.astype(np.float64, copy=False)  # what lives on a GPU was left as it is
        weight = check_weight(sample_weight, X)
        device = choose_device(self, X, 1)
        objective = make_objective(device, "huber", X, y, weight, fit_intercept=self.fit_intercept)
        found = solver.solve(
            objective, self._start(X.shape[1]), self.epsilon, self.alpha, tol=self.tol, max_iter=self.max_iter
        )
        self._check(found)
        self.coef_, self.n_iter_ = found.w[: X.shape[1]].copy(), int(found.n_iter)
        self.intercept_ = float(found.w[-2]) if self.fit_intercept else 0.0
        self.scale_ = float(found.w[-1])
        errors = abs(y - CPU.to_host(self._predict(X)))
        self.outliers_ = errors > self.scale_ * self.epsilon
        return self

    def _start(self, n_features):
        """Coefficients and the scale to begin with."""
        if self.warm_start and "coef_" in vars(self):
            intercept = [self.intercept_] if self.fit_intercept else []
            return np.concatenate([self.coef_, intercept, [self.scale_]])
        return np.append(np.zeros(n_features + self.fit_intercept), 1.0)

    def _check(self, found):
        """Warn, or raise, as scikit-learn does where the solver failed."""
        if found.failure is None:
            return
        if found.failure.status == FAILED:
            raise ValueError(
                f"HuberRegressor convergence failed: l-BFGS-b solver terminated with {found.failure.message}"
            )
        sk("sklearn.utils.optimize._check_optimize_result")("lbfgs", found.failure, self.max_iter)

    def predict(self, X: Any) -> Any:
        """Predict the target.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predictions.
        """
        check_fitted(self, "coef_")
        return like_input(self._predict(check_X(self, X, reset=False, accept_sparse="csr")), X)

    def _predict(self, X):
        if is_sparse(X):
            return np.asarray(X @ self.coef_) + self.intercept_
        device = choose(self.device, X)
        return device.asarray(X) @ device.asarray(self.coef_) + self.intercept_
