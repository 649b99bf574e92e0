"""Linear regression with L1 and L2 penalties."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._base import Regressor, stand_for
from .._device import CPU, is_cuda_array
from .._docs import inherit_docs
from .._shared_work import SharesWork, borrow
from .._validation import Interval, fit_method
from ..solvers.centred import CentredData
from ..solvers.coordinate_descent import Penalty, minimise
from ._coordinate_descent import (
    COMMON_CONSTRAINTS,
    CoordinateDescent,
    check_data,
    resolve_gram,
    warn_unless_met,
)
from ._path import enet_path

__all__ = ["ElasticNet"]


@inherit_docs
class ElasticNet(SharesWork, Regressor, CoordinateDescent):
    """Linear regression with a mixture of L1 and L2 penalties.

    It minimises ``|y - X w|^2 / (2 n_samples) + alpha l1_ratio |w|_1 + 0.5 alpha (1 - l1_ratio) |w|_2^2``.

    Parameters
    ----------
    alpha : float, default=1.0
        How much coefficients cost.

    l1_ratio : float, default=0.5
        The share of the L1 penalty, from 0 to 1. It is what makes coefficients exactly zero.

    precompute : bool or array-like of shape (n_features, n_features), default=False
        Whether to compute the products of all features first, the Gram matrix; or these products. Without
        it only features that matter are multiplied, if there are many: that is faster for a single fit.

    warm_start : bool, default=False
        Whether fitting again begins with the present coefficients.

    Attributes
    ----------
    dual_gap_ : float or ndarray of shape (n_targets,)
        By how much, at most, the objective is above its minimum.

    n_iter_ : int or list of int
        The number of sweeps, for each target.

    See Also
    --------
    Lasso : The L1 penalty alone.
    ElasticNetCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    MultiTaskElasticNet : Several targets with the same features.

    Notes
    -----
    Coordinate descent over the features that are not at zero or should not be, extrapolated where it is
    slow; see `fastml.solvers.coordinate_descent`. Several targets are fitted one after the other.
    Everything is computed in float64, whatever X's dtype is.

    In a parameter search within one process, a Gram matrix is computed once for each fold, not for each alpha
    again: see `fastml.set_config` for the memory that it and copies of the folds take. With
    ``precompute=True`` many features have one, too.

    References
    ----------
    Zou, H., Hastie, T. (2005). Regularization and variable selection via the elastic net. Journal of the
    Royal Statistical Society B 67(2).

    Friedman, J., Hastie, T., Tibshirani, R. (2010). Regularization paths for generalized linear models via
    coordinate descent. Journal of Statistical Software 33(1).

    Examples
    --------
    >>> from fastml.linear_model import ElasticNet
    >>> model = ElasticNet(alpha=0.1).fit([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [0.0, 1.0, 2.0])
    >>> model.coef_.round(3)
    array([0.446, 0.446])
    >>> model.predict([[1.0, 1.0]]).round(3)
    array([1.])
    """

    _constraints = {
        "alpha": [Interval(numbers.Real, 0)],
        "l1_ratio": [Interval(numbers.Real, 0, 1, closed="both")],
        "precompute": ["boolean", "array-like"],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        **COMMON_CONSTRAINTS,
    }
    __metadata_request__fit = {"check_input": "$UNUSED$"}
    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Any:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the samples, which are scaled to sum to their number; None means ones.
        check_input : bool, default=True
            For compatibility: the data is checked in any case.

        Returns
        -------
        self : ElasticNet
            The fitted model.
        """
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. You are advised to use the "
                "LinearRegression estimator",
                stacklevel=3,
            )
        device, X, y, weight = check_data(self, X, y, sample_weight, many=False)
        data = CentredData(device, X, y, weight, centre=self.fit_intercept)
        gram = resolve_gram(data, self.precompute, self.fit_intercept)
        if gram is True:
            arrays = (X, y, weight) if device is CPU and not is_cuda_array(X) else None
            with borrow(self, ("gram", self.fit_intercept), arrays, data.gram) as data.multiplied:
                coef, minima = self._fit_targets(data, gram)
        else:
            coef, minima = self._fit_targets(data, gram)
        self._set_coef(coef, data, single=y.ndim == 1)
        gaps = np.array([minimum.gap for minimum in minima], self.coef_.dtype) / X.shape[0]
        several = len(minima) > 1
        self.dual_gap_ = gaps if several else gaps[0]
        self.n_iter_ = [minimum.n_iter for minimum in minima] if several else minima[0].n_iter
        return self

    def _fit_targets(self, data, gram):
        """Fit each target by itself; return coefficients and how the fits ended."""
        n_targets = len(data.Y)
        coef = self._first_coef(n_targets, data.X.shape[1])
        penalty = self._penalty(data)
        minima = []
        for k in range(n_targets):
            problem = (data if n_targets == 1 else data.of_target(k)).problem(gram)
            problem.start(coef[k : k + 1])
            minima.append(minimise(problem, coef[k : k + 1], penalty, **self._sweeps()))
            warn_unless_met(minima[-1], penalty)
        return coef, minima

    def _first_coef(self, n_targets, n_features):
        coef = np.zeros((n_targets, n_features))
        if self.warm_start and hasattr(self, "coef_"):
            coef[:] = self.coef_
        return coef

    def _penalty(self, data):
        scale = self.alpha * data.total
        return Penalty(scale * self.l1_ratio, scale * (1.0 - self.l1_ratio), getattr(self, "positive", False))


stand_for(ElasticNet, "sklearn.linear_model._coordinate_descent.ElasticNet")
