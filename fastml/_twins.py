"""What estimators share that can be made from scikit-learn's of the same name."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["FromSklearn"]


class FromSklearn:
    """Mixin: an estimator is made from scikit-learn's, what that has learnt by `_take_from`."""

    _learnt = "estimators_"  # the attribute that says that an estimator is fitted
    _sklearn_name: str  # of scikit-learn's class
    _take_from: Any  # called with scikit-learn's fitted estimator, whose attributes may be kept

    @classmethod
    def from_sklearn(cls, estimator: Any, device: str | None = None) -> Any:
        """Return an estimator like scikit-learn's, with its parameters and what it has learnt.

        Parameters
        ----------
        estimator : sklearn.base.BaseEstimator
            Of the class of the same name.
        device : {"auto", "cpu", "cuda"}, default=None
            Where to compute; None means what `fastml.set_config` says.

        Returns
        -------
        estimator : estimator
            It shares nothing with the other one; base estimators, if any, stay scikit-learn's.
        """
        estimator = copy.deepcopy(estimator)
        made = cls(**{**estimator.get_params(deep=False), "device": device})
        if hasattr(estimator, cls._learnt):
            made._take_from(estimator)
        return made
