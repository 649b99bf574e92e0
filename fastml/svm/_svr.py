"""Regression by support vector machines: with a tube of width epsilon, or a share nu of support vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._base import Regressor
from .._device import like_input
from .._docs import inherit_docs
from .._validation import fit_method, sk
from ..solvers import svm as solver
from ._base import CONSTRAINTS, BaseSVM

__all__ = ["SVR", "NuSVR"]


class BaseSVR(Regressor, BaseSVM):
    """Base class of regression by support vector machines.

    Parameters
    ----------
    C : float, default=1.0
        Bound on a dual coefficient for a sample of weight 1: the smaller, the smoother the function.
    """

    C: float
    _dual: Callable[[], solver.Dual]  # the kind of machine

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseSVR:
        """Train the machine.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            The samples, or for kernel="precomputed" their kernel matrix.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples without a positive one are left out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, y = self._check_data(X, y, y_float=True)
        y = y if isinstance(y, np.ndarray) and y.ndim == 1 else sk("sklearn.utils.column_or_1d")(y, warn=True)
        self._fit_one(X, self._dual(), y.astype(np.float64), sample_weight, self.C)
        return self

    def predict(self, X: Any) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The values.
        """
        return like_input(self._raw_decision(self._check_asked(X))[:, 0], X)


@inherit_docs
class SVR(BaseSVR):
    """Epsilon-support vector regression.

    Parameters
    ----------
    epsilon : float, default=0.1
        Residuals up to this size cost nothing, in units of y.

    See Also
    --------
    NuSVR : Takes a share of support vectors in the place of epsilon.
    SVC : Classification.

    Notes
    -----
    Trained as `SVC` is, after the same references.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import SVR
    >>> X = np.linspace(0, 3, 20)[:, None]
    >>> model = SVR(C=10.0, epsilon=0.01).fit(X, np.sin(X[:, 0]))
    >>> model.predict([[1.0], [2.0]]).round(1)
    array([0.8, 0.9])
    """

    _constraints = {**BaseSVR._constraints, "C": CONSTRAINTS["C"], "epsilon": CONSTRAINTS["epsilon"]}

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        shrinking: bool = True,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
        device: str | None = None,
    ):
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.device = device

    def _dual(self):
        return solver.epsilon_svr(self.epsilon)


@inherit_docs
class NuSVR(BaseSVR):
    """Nu-support vector regression.

    Parameters
    ----------
    nu : float, default=0.5
        Lower bound on the share of support vectors, and upper bound on that of the samples outside the tube;
        in (0, 1].

    See Also
    --------
    SVR : Takes the width of the tube in the place of nu.
    NuSVC : Classification.

    Notes
    -----
    Trained as `SVC` is, after the same references.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import NuSVR
    >>> X = np.linspace(0, 3, 20)[:, None]
    >>> model = NuSVR(C=10.0).fit(X, np.sin(X[:, 0]))
    >>> model.predict([[1.0], [2.0]]).round(1)
    array([0.8, 0.9])
    """

    _constraints = {**BaseSVR._constraints, "nu": CONSTRAINTS["nu"], "C": CONSTRAINTS["C"]}

    def __init__(
        self,
        *,
        nu: float = 0.5,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        tol: float = 1e-3,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
        device: str | None = None,
    ):
        self.nu = nu
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.tol = tol
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.device = device

    def _dual(self):
        return solver.nu_svr(self.nu)
