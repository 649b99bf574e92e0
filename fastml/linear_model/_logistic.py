"""Logistic regression."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._docs import inherit_docs
from .._validation import (
    DEVICE,
    Interval,
    Options,
    callback_context,
    check_weight,
    check_X_y,
    fit_method,
    sk,
)
from ..solvers.logistic import SOLVERS, solve_path
from ._logistic_model import LogisticModel, encode, logistic_objective, weigh_classes
from ._logistic_options import (
    FitTasks,
    check_solver,
    check_two_classes,
    resolve_penalty,
    warn_unless_converged,
)
from ._rows import choose_device

__all__ = ["LogisticRegression"]


@inherit_docs
class LogisticRegression(LogisticModel):
    """Logistic regression, for two classes or more.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None, default="deprecated"
        Deprecated, as in scikit-learn: `l1_ratio` and `C` say the same.

    C : float, default=1.0
        Inverse of the penalty's strength; infinity means no penalty.

    l1_ratio : float, default=0.0
        Share of the L1 penalty, from 0 (L2) to 1 (L1).

    max_iter : int, default=100
        Most iterations. With an L1 penalty an iteration of "saga" is one pass over the data, one of
        "liblinear" ten.

    warm_start : bool, default=False
        Whether `fit` begins from the coefficients that are there.

    n_jobs : int, default=None
        Deprecated, and without effect.

    Attributes
    ----------
    n_iter_ : int32 ndarray of shape (1,)
        Iterations made.

    See Also
    --------
    LogisticRegressionCV : Finds the penalty by cross-validation.

    Notes
    -----
    With ``r`` for `l1_ratio` and ``w`` for all coefficients, minimises ``C`` times the weighted sum of the
    samples' log-losses plus ``r * sum(abs(w)) + (1 - r) / 2 * sum(w ** 2)``. A pass over the data computes
    margins, losses and the gradient of some rows while they are in the cache. Margins are computed in X's
    dtype, sums over many rows in float64.

    References
    ----------
    Hastie, T., Tibshirani, R., Friedman, J. (2009). The elements of statistical learning, second edition,
    section 4.4. Springer.

    Examples
    --------
    >>> from fastml.linear_model import LogisticRegression
    >>> X = [[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 0.0]]
    >>> model = LogisticRegression().fit(X, ["a", "a", "b", "b"])
    >>> model.predict([[0.5, 1.0], [2.5, 0.0]])
    array(['a', 'b'], dtype='<U1')
    >>> model.predict_proba([[1.5, 0.5]]).round(3)
    array([[0.5, 0.5]])
    """

    _constraints = {
        "penalty": [Options("l1", "l2", "elasticnet", "deprecated"), None],
        "C": [Interval(numbers.Real, 0, closed="right")],
        "l1_ratio": [Interval(numbers.Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(numbers.Real, 0)],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(numbers.Real, 0, closed="neither")],
        "class_weight": [dict, Options("balanced"), None],
        "random_state": ["random_state"],
        "solver": [Options(*SOLVERS)],
        "max_iter": [Interval(numbers.Integral, 0)],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, numbers.Integral],
        "device": DEVICE,
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.device = device

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : LogisticRegression
            The fitted estimator.
        """
        C, l1_ratio = resolve_penalty(self)
        X, y = check_X_y(
            self, X, y, y_float=False, accept_sparse="csr", accept_large_sparse=self.solver in SOLVERS[2:4]
        )
        self.classes_, codes = encode(y)
        n_classes = len(self.classes_)
        check_solver(self.solver, X, n_classes)
        check_two_classes(self.classes_)
        weight = check_weight(sample_weight, X)
        weight = weigh_classes(self.class_weight, self.classes_, codes, weight, X.dtype)
        n_outputs = n_classes if n_classes > 2 else 1
        device = choose_device(self, X, n_outputs)
        objective = logistic_objective(device, X, codes, weight, n_classes, self.fit_intercept)
        start = np.zeros(objective.n_coefficients)
        if self.warm_start and "coef_" in vars(self):
            start = self._start(objective)
        context = callback_context(self, max_subtasks=max(self.max_iter, 1) + 1)
        tasks = context and FitTasks(self, context, X, y, sample_weight, start)
        (found,) = solve_path(
            objective, start, [C], l1_ratio, self.solver, callback=tasks, **self._solver_options()
        )
        warn_unless_converged(self, found)
        dtype = np.float64 if self.solver == "liblinear" else X.dtype
        self._set_coefficients(found.w, X.shape[1], n_outputs, dtype)
        self.n_iter_ = np.array([found.n_iter], np.int32)
        if tasks:
            tasks.end()
        return self

    def _solver_options(self):
        """Options of `solve_path` that are parameters of the estimator."""
        penalised = self.solver == "liblinear" and self.fit_intercept
        return {
            "intercept_scaling": self.intercept_scaling if penalised else None,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "say": print if self.verbose else None,
        }

    def set_callbacks(self, *callbacks: Any) -> LogisticRegression:
        """Set callbacks, which hear of each iteration of "lbfgs".

        Parameters
        ----------
        *callbacks : callback instances
            Of scikit-learn 1.9 and later.

        Returns
        -------
        self : LogisticRegression
            The estimator.
        """
        sk("sklearn.base.BaseEstimator")  # from here on this class derives from it
        if self.solver != "lbfgs":
            warnings.warn(
                f"Callbacks are only supported in {type(self).__name__} for solver='lbfgs'. This estimator "
                f"has solver='{self.solver}', callbacks will be ignored during the solving of the regression."
            )
        return super().set_callbacks(*callbacks)
