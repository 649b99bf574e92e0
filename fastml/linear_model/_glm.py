"""Generalised linear regression with a logarithmic link: of counts, and of positive quantities."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import Estimator, Regressor
from .._device import CPU, choose, like_input
from .._docs import inherit_docs
from .._linear_predictor import LinearPredictor
from .._validation import (
    DEVICE,
    Interval,
    Options,
    check_weight,
    check_X_y,
    fit_method,
    sk,
)
from ..solvers.logistic import solve
from ._linear_model import HasTwin
from ._logistic_options import warn_unless_converged
from ._rows import choose_device, make_objective

__all__ = ["GammaRegressor", "PoissonRegressor"]


class LogLinkRegressor(HasTwin, Regressor, LinearPredictor, Estimator):
    """Base class of regressions whose predictions are exponentials of linear functions.

    Parameters
    ----------
    alpha : float, default=1.0
        Half the sum of the squared coefficients is multiplied by this. The intercept is not penalised.

    fit_intercept : bool, default=True
        Whether there is an intercept.

    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        L-BFGS, or Newton steps with the Hessian: for few features and many samples.

    max_iter : int, default=100
        Most iterations.

    tol : float, default=1e-4
        Stop when no derivative of the objective is larger than this.

    warm_start : bool, default=False
        Whether `fit` begins from the model that is there.

    verbose : int, default=0
        Whether to print the progress of "newton-cholesky".

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Sparse data stays on the CPU.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients of the features, of X's dtype.

    intercept_ : float
        The intercept, zero where none is fitted.

    n_iter_ : int
        Iterations made.
    """

    _constraints: dict = {
        "alpha": [Interval(numbers.Real, 0.0)],
        "fit_intercept": ["boolean"],
        "solver": [Options("lbfgs", "newton-cholesky")],
        "max_iter": [Interval(numbers.Integral, 1)],
        "tol": [Interval(numbers.Real, 0.0, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "device": DEVICE,
    }
    _loss: str  # as `Objective` names it
    _power: int  # of the mean, to which the variance is proportional
    coef_: np.ndarray
    intercept_: Any

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.device = device

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.positive_only = True
        return tags

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : estimator
            The fitted model.

        Raises
        ------
        ValueError
            If a target is none that the distribution has.
        """
        X, y = check_X_y(self, X, y, y_float=True, multi_output=False, accept_sparse="csr")
        y = y.astype(X.dtype, copy=False)
        self._check_range(y)
        weight = check_weight(sample_weight, X)
        device = choose_device(self, X, 1)
        objective = make_objective(device, self._loss, X, y, weight, fit_intercept=self.fit_intercept)
        objective.penalise(self.alpha)
        start = self._start(X.shape[1], np.average(y, weights=weight))
        say = print if self.verbose and self.solver != "lbfgs" else None
        found = solve(objective, start, self.solver, tol=self.tol, max_iter=self.max_iter, say=say)
        warn_unless_converged(self, found)
        coef = found.w.astype(X.dtype)
        self.coef_ = coef[: X.shape[1]].copy()
        self.intercept_ = coef[-1] if self.fit_intercept else 0.0
        self.n_iter_ = int(found.n_iter)
        return self

    def _check_range(self, y):
        low = y < 0 if self._power == 1 else y <= 0
        if low.any():
            raise ValueError(
                "Some value(s) of y are out of the valid range of the loss"
                f" 'Half{self._loss.capitalize()}Loss'."
            )

    def _start(self, n_features, mean):
        """Coefficients to begin with: those that are there, or what predicts the mean."""
        if self.warm_start and "coef_" in vars(self):
            w = np.append(self.coef_, [self.intercept_] if self.fit_intercept else [])
            return w.astype(np.float64)
        w = np.zeros(n_features + self.fit_intercept)
        if self.fit_intercept:
            w[-1] = np.log(mean)
        return w

    def predict(self, X: Any) -> Any:
        """Predict the target.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predicted means.
        """
        margins = self._ask("margins", X, (self.device,))
        means = choose(self.device, margins).xp.exp(margins)
        return like_input(means.reshape(-1), X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the share of the deviance that the model explains.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; None means ones.

        Returns
        -------
        score : float
            1 for the best model, 0 for one that predicts the targets' mean.
        """
        means = CPU.to_host(self.predict(X))
        y = sk("sklearn.utils.check_array")(CPU.to_host(y), dtype=means.dtype, ensure_2d=False)
        self._check_range(y)
        return sk("sklearn.metrics.d2_tweedie_score")(
            y, means, sample_weight=sample_weight, power=self._power
        )

    def _twin(self):
        twin = super()._twin()
        twin._base_loss = twin._get_loss()
        return twin


@inherit_docs
class PoissonRegressor(LogLinkRegressor):
    """Regression of counts: the target has a Poisson distribution whose mean is the exponential of a line.

    Notes
    -----
    Minimises half the weighted mean of the targets' Poisson deviances and the penalty. A pass over the data
    computes margins, losses and the gradient of some rows while they are in the cache.

    References
    ----------
    McCullagh, P., Nelder, J. A. (1989). Generalized linear models, second edition. Chapman and Hall.

    Examples
    --------
    >>> from fastml.linear_model import PoissonRegressor
    >>> X = [[1, 2], [2, 3], [3, 4], [4, 3]]
    >>> y = [12, 17, 22, 21]
    >>> model = PoissonRegressor().fit(X, y)
    >>> model.coef_.round(3)
    array([0.121, 0.158])
    >>> model.predict([[1, 1], [3, 4]]).round(2)
    array([10.68, 21.88])
    """

    _loss, _power = "poisson", 1


@inherit_docs
class GammaRegressor(LogLinkRegressor):
    """Regression of positive targets, such as amounts and durations, that have a Gamma distribution.

    Its mean is the exponential of a linear function of the features.

    Notes
    -----
    Minimises half the weighted mean of the targets' Gamma deviances and the penalty.

    References
    ----------
    McCullagh, P., Nelder, J. A. (1989). Generalized linear models, second edition. Chapman and Hall.

    Examples
    --------
    >>> from fastml.linear_model import GammaRegressor
    >>> X = [[1, 2], [2, 3], [3, 4], [4, 3]]
    >>> y = [19, 26, 33, 30]
    >>> model = GammaRegressor().fit(X, y)
    >>> model.coef_.round(3)
    array([0.073, 0.067])
    >>> model.predict([[1, 0], [2, 8]]).round(2)
    array([19.48, 35.8 ])
    """

    _loss, _power = "gamma", 2
