"""From gradient boosting to scikit-learn's own, and back."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .._twins import FromSklearn
from .._validation import sk
from ..tree import DecisionTreeRegressor

__all__ = ["Twin"]


class Twin(FromSklearn):
    """Mixin: conversions to and from scikit-learn's class."""

    _classifies: bool
    init: Any
    device: Any

    def _twin_params(self):
        params = self.get_params(deep=False)
        del params["device"]
        return params

    @property
    def init_(self):
        """What boosting starts from; where nothing was given, scikit-learn's dummy, made when asked for."""
        if "_init" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'init_'")
        if self._init is not None:
            return self._init
        prior = self._prior
        if self._classifies:
            dummy = sk("sklearn.dummy.DummyClassifier")(strategy="prior")
            labels = np.arange(len(prior), dtype=float)
            return dummy.fit(np.zeros((len(prior), 1)), labels, sample_weight=prior)
        kind, params = self._kind(), {"strategy": "mean"}
        if kind != "squared_error":
            level = self._quantile() if kind == "quantile" else 0.5
            params = {"strategy": "quantile", "quantile": level}
        return sk("sklearn.dummy.DummyRegressor")(**params).fit(np.zeros((1, 1)), prior)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same trees.

        Returns
        -------
        estimator : sklearn.ensemble.BaseEnsemble
            It needs fastml no more, unless the estimator does that was given as `init`.
        """
        twin = sk(self._sklearn_name)(**copy.deepcopy(self._twin_params()))
        for name, value in vars(self).items():
            if name.endswith("_") and not name.startswith("_") and name != "estimators_":
                setattr(twin, name, copy.deepcopy(value))
        if "estimators_" in vars(self):
            trees = [est.to_sklearn() for est in self.estimators_.ravel()]
            twin.estimators_ = np.array(trees, object).reshape(self.estimators_.shape)
            twin.init_ = copy.deepcopy(self.init_)
            twin._rng = copy.deepcopy(self._rng)
            twin._loss = twin._get_loss(sample_weight=None)
        return twin

    def _take_from(self, twin):
        """Take over the fitted attributes of scikit-learn's estimator."""
        for name, value in vars(twin).items():
            if name.endswith("_") and not name.startswith("_") and name not in ("init_", "estimators_"):
                setattr(self, name, value)
        trees = [DecisionTreeRegressor.from_sklearn(est) for est in twin.estimators_.ravel()]
        self.estimators_ = np.array(trees, object).reshape(twin.estimators_.shape)
        self._rng = twin._rng
        self._init = twin.init_ if self.init is not None else None
        if self.init is None:
            dummy = twin.init_
            self._prior = dummy.class_prior_ if self._classifies else dummy.constant_.ravel()
        vars(self).pop("_packed", None)
