"""What the linear models share: targets in columns, weights, attributes, scikit-learn's twin."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .._base import Estimator
from .._device import report_fallback
from .._validation import check_weight, sk

__all__ = ["HasTwin", "LinearModel", "columns_of", "roots_of"]


class HasTwin:
    """Mixin of the estimators that scikit-learn has with the same parameters and attributes."""

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        twin = self._twin()
        for name, value in vars(self).items():
            if (name.endswith("_") and not name.startswith("_")) or name == "_label_binarizer":
                setattr(twin, name, copy.deepcopy(value))
        return twin

    def _twin(self):
        """scikit-learn's estimator with the same parameters, not fitted."""
        params = self.get_params(deep=False)
        del params["device"]
        return sk(f"sklearn.linear_model.{type(self).__name__}")(**params)


class LinearModel(HasTwin, Estimator):
    """Base of the estimators whose coefficients solve a system of equations.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether the model has a constant term, which is not penalised.

    device : {"auto", "cpu", "cuda"}, default=None
        Where products of the data are summed; None means the configuration's device.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients, of X's dtype.

    intercept_ : float or ndarray of shape (n_targets,)
        The constant terms.
    """

    coef_: Any
    intercept_: Any
    device: str | None

    def _set_solution(self, solution, dtype, *, flat):
        """Set the attributes from a `Solution`; if `flat`, of the only target, without an axis for it."""
        coef, intercept = solution.coef.T.astype(dtype), solution.intercept.astype(dtype)
        self.coef_ = coef[0] if flat else np.ascontiguousarray(coef)
        self.intercept_ = (intercept[0] if flat else intercept) if self.fit_intercept else 0.0

    def _fit_twin(self, why, X, y, *args, **kwargs):
        """Let scikit-learn fit and take over what it found; `why` is None for what it is to refuse."""
        if why is not None:
            report_fallback(f"scikit-learn's {type(self).__name__}", why)
        twin = self._twin()
        given = set(vars(twin))
        for name, value in vars(twin.fit(X, y, *args, **kwargs)).items():
            if name not in given:
                setattr(self, name, value)
        return self


def columns_of(y: np.ndarray) -> np.ndarray:
    """Return targets as the solvers take them.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Numbers.

    Returns
    -------
    Y : float64 ndarray of shape (n_samples, n_targets)
        C-contiguous.
    """
    return np.ascontiguousarray(y.reshape(len(y), -1), np.float64)


def roots_of(sample_weight: Any, X: Any, **kw: Any) -> np.ndarray | None:
    """Validate sample weights and take their square roots.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        The weights.
    X : array of shape (n_samples, n_features)
        The validated data.
    **kw : dict
        Options of `check_weight`.

    Returns
    -------
    roots : float64 ndarray of shape (n_samples,) or None
        None for no weights.
    """
    weight = check_weight(sample_weight, X, **kw)
    return None if weight is None else np.sqrt(weight.astype(np.float64))
