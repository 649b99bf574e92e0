"""What ensembles of estimators of one kind share."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .. import _tree_rounds
from .._base import Estimator
from .._twins import FromSklearn
from .._validation import sk

__all__ = ["EstimatorSequence"]

MAX_SEED = np.iinfo(np.int32).max


class EstimatorSequence(FromSklearn, Estimator):
    """Base class of ensembles that fit copies of one estimator; they are sequences of these.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    estimator_ : estimator
        What was copied.

    estimators_ : list of estimators
        The fitted estimators.
    """

    _cpu_only = True  # it has no CUDA kernels
    estimator: Any
    estimator_: Any
    estimators_: Any
    n_features_in_: int

    def __len__(self):
        return len(self.estimators_)

    def __getitem__(self, index):
        return self.estimators_[index]

    def __iter__(self):
        return iter(self.estimators_)

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_packed"}

    def _make_estimator(self, rng):
        """Copy the base estimator, without what it has learnt, and draw its random states."""
        made = sk("sklearn.base.clone")(self.estimator_)
        sk("sklearn.ensemble._base._set_random_states")(made, rng)
        return made

    def _cached(self, key, make):
        """Return what `make` makes of the fitted estimators; made anew when the key has changed."""
        known = vars(self).get("_packed")
        if known is None or known[0] != key:
            known = self._packed = key, make()
        return known[1]

    # ---- scikit-learn's twin ----
    def _twin_params(self):
        params = self.get_params(deep=False)
        del params["device"]
        return {name: _tree_rounds.to_sklearn(copy.deepcopy(value)) for name, value in params.items()}

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same estimators.

        Returns
        -------
        estimator : sklearn.ensemble.BaseEnsemble
            It needs fastml no more, unless estimators do that were given.
        """
        twin = sk(self._sklearn_name)(**self._twin_params())
        for name, value in vars(self).items():
            if name.endswith("_") and not name.startswith("_"):
                value = copy.deepcopy(value)
                if name == "estimators_":
                    value = [_tree_rounds.to_sklearn(est) for est in value]
                setattr(twin, name, _tree_rounds.to_sklearn(value))
        return twin

    def _take_from(self, twin):
        """Take over the attributes of scikit-learn's estimator."""
        for name, value in vars(twin).items():
            if name.endswith("_") or name.startswith("_"):
                setattr(self, name, value)
