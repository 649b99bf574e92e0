"""Passive-aggressive learning under the names that scikit-learn has deprecated."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Callable
from typing import Any

from .._docs import inherit_docs
from .._validation import Interval, Options, fit_method
from ._sgd_classification import BaseSGDClassifier
from ._sgd_regression import BaseSGDRegressor

__all__ = ["PassiveAggressiveClassifier", "PassiveAggressiveRegressor"]

_CONSTRAINTS: dict = {
    "average": [Interval(numbers.Integral, 0, closed="neither"), "boolean"],
    "C": [Interval(numbers.Real, 0, closed="right")],
}


class PassiveAggressive:
    """Mixin: steps that make the loss of a sample zero, unless C forbids steps of that length."""

    C: float
    loss: str
    _margin_loss: str
    _instead: str
    _fit: Callable[..., Any]

    def __new__(cls, *args, **kwargs):
        """Warn as scikit-learn does."""
        warnings.warn(
            f"Class {cls.__name__} is deprecated; this is deprecated in version 1.8 and will be removed in "
            f"1.10. Use `{cls._instead}` instead.",
            FutureWarning,
            stacklevel=2,
        )
        return super().__new__(cls)

    @property
    def _loss(self):
        return self._margin_loss

    @property
    def eta0(self):
        return self.C

    @property
    def learning_rate(self):
        return "pa1" if self.loss == self._margin_loss else "pa2"

    @fit_method
    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None) -> Any:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels or targets.
        coef_init : ndarray, default=None
            Where the coefficients begin, as for `SGDClassifier` or `SGDRegressor`.
        intercept_init : ndarray, default=None
            Where the intercepts begin, likewise.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, coef_init, intercept_init, None)


@inherit_docs
class PassiveAggressiveClassifier(PassiveAggressive, BaseSGDClassifier):
    """Passive-aggressive classification; `SGDClassifier` with the learning rate "pa1" or "pa2" is the same.

    Parameters
    ----------
    C : float, default=1.0
        The longest step of "hinge"; a smaller one also shortens the steps of "squared_hinge".

    loss : {"hinge", "squared_hinge"}, default="hinge"
        "hinge" is PA-I of the reference, "squared_hinge" PA-II.

    See Also
    --------
    SGDClassifier : Other losses and learning rates.

    References
    ----------
    Crammer, K., Dekel, O., Keshet, J., Shalev-Shwartz, S., Singer, Y. (2006). Online passive-aggressive
    algorithms. Journal of Machine Learning Research 7.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from fastml.linear_model import PassiveAggressiveClassifier
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> with warnings.catch_warnings(action="ignore"):
    ...     model = PassiveAggressiveClassifier(random_state=0).fit(X, np.array([1, 1, 2, 2]))
    >>> model.predict([[-0.8, -1.0]])
    array([1])
    """

    _constraints = {
        **BaseSGDClassifier._constraints,
        **_CONSTRAINTS,
        "loss": [Options("hinge", "squared_hinge")],
    }
    _instead = "SGDClassifier(loss='hinge', penalty=None, learning_rate='pa1', eta0=1.0)"

    def __init__(
        self,
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        shuffle: bool = True,
        verbose: int = 0,
        loss: str = "hinge",
        n_jobs: int | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        class_weight: Any = None,
        average: bool | int = False,
        device: str | None = None,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.verbose = verbose
        self.loss = loss
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.average = average
        self.device = device

    @fit_method
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Any:
        """Go through some samples once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; to be given in the first call.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        self._check_first_call()
        return self._continue(X, y, classes, None)


@inherit_docs
class PassiveAggressiveRegressor(PassiveAggressive, BaseSGDRegressor):
    """Passive-aggressive regression; `SGDRegressor` with the learning rate "pa1" or "pa2" is the same.

    Parameters
    ----------
    C : float, default=1.0
        The longest step of "epsilon_insensitive"; a smaller one also shortens the steps of
        "squared_epsilon_insensitive".

    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}, default="epsilon_insensitive"
        "epsilon_insensitive" is PA-I of the reference, "squared_epsilon_insensitive" PA-II.

    epsilon : float, default=0.1
        Errors up to here are none.

    See Also
    --------
    SGDRegressor : Other losses and learning rates.
    PassiveAggressiveClassifier : The same for classification; the reference stands there.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from fastml.linear_model import PassiveAggressiveRegressor
    >>> X = np.array([[-1.0], [0.0], [1.0]])
    >>> with warnings.catch_warnings(action="ignore"):
    ...     model = PassiveAggressiveRegressor(epsilon=0.0, random_state=0).fit(X, 2 * X[:, 0])
    >>> model.coef_.round(2)
    array([2.])
    """

    _constraints = {
        **BaseSGDRegressor._constraints,
        **_CONSTRAINTS,
        "loss": [Options("epsilon_insensitive", "squared_epsilon_insensitive")],
        "epsilon": [Interval(numbers.Real, 0)],
    }
    _instead = "SGDRegressor(loss='epsilon_insensitive', penalty=None, learning_rate='pa1', eta0 = 1.0)"

    def __init__(
        self,
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        shuffle: bool = True,
        verbose: int = 0,
        loss: str = "epsilon_insensitive",
        epsilon: float = 0.1,
        random_state: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        device: str | None = None,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.verbose = verbose
        self.loss = loss
        self.epsilon = epsilon
        self.random_state = random_state
        self.warm_start = warm_start
        self.average = average
        self.device = device

    @fit_method
    def partial_fit(self, X: Any, y: Any) -> Any:
        """Go through some samples once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their targets.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._continue(X, y, None)
