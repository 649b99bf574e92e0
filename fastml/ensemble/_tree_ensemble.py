"""What ensembles share that are grown as plain trees: they become estimators when they are asked for."""

from __future__ import annotations

import contextlib
import copy
import warnings
from typing import Any

import numpy as np

from .. import _config
from .._base import Estimator
from .._device import CPU, choose
from .._twins import FromSklearn
from .._validation import check_fitted, sk
from ..solvers import forest as solver
from ..solvers.tree import Tree, pack

__all__ = ["TreeEnsemble", "count_missing_trees", "threads_of"]

A_TREE = 60.0  # operations in the time that a row takes in a tree


def count_missing_trees(est: Any, n_now: int) -> int:
    """Count the trees that a warm start has to grow; warn where there are none.

    Parameters
    ----------
    est : estimator
        Its parameter `n_estimators` says how many there shall be.
    n_now : int
        How many there are.

    Returns
    -------
    n_more : int
        How many are missing.

    Raises
    ------
    ValueError
        If there are more already.
    """
    n_more = est.n_estimators - n_now
    if n_more < 0:
        raise ValueError(
            f"n_estimators={est.n_estimators} must be larger or equal to len(estimators_)={n_now} when "
            "warm_start==True"
        )
    if n_more == 0:
        warnings.warn(
            "Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=6
        )
    return n_more


def threads_of(est: Any) -> Any:
    """Make a context that obeys `n_jobs`; None and -1 leave the threads to the configuration.

    Parameters
    ----------
    est : estimator
        Its parameter `n_jobs` is obeyed.

    Returns
    -------
    context : context manager
        Within it that many threads are used.
    """
    if est.n_jobs is None or est.n_jobs < 1:
        return contextlib.nullcontext()
    return _config.config_context(n_threads=int(est.n_jobs))


class TreeEnsemble(FromSklearn, Estimator):
    """Base class of ensembles of trees that stay plain trees; they are sequences of estimators.

    A subclass grows them into `_forest`, and says in `_as_estimator` which estimator a tree is.
    """

    _cpu_only = True  # it has no CUDA kernels
    _forest: Any
    _as_estimator: Any  # called with a tree and its seed
    _give_to: Any  # called with scikit-learn's estimator, for what only the subclass knows of
    device: str | None
    n_jobs: int | None

    @property
    def estimators_(self):
        """The trees as estimators, made when they are first asked for."""
        check_fitted(self, "_forest")
        pairs = zip(self._forest.trees, self._forest.seeds.tolist())
        return self._forest.derived("estimators", lambda: [self._as_estimator(*pair) for pair in pairs])

    def __len__(self):
        return len(self.estimators_)

    def __getitem__(self, index):
        return self.estimators_[index]

    def __iter__(self):
        return iter(self.estimators_)

    def _pack(self):
        return pack(CPU, self._forest.trees)

    def _packed_trees(self):
        return self._forest.derived("packed", self._pack)

    def _sum_values(self, X):
        """The sums of the trees' values, of shape (n_samples, n_values), on the host."""
        device = choose(self.device, X, work=A_TREE * X.shape[0] * len(self._forest))
        packed = self._packed_trees()
        if device is not CPU:
            packed = self._forest.derived(device.name, lambda: tuple(map(device.asarray, packed)))
        sums = device.zeros((X.shape[0], packed[2].shape[1]), np.float64)
        with threads_of(self):
            solver.add_predictions(device, packed, X, sums)
        return device.to_host(sums)

    # ---- scikit-learn's twin ----
    def _twin_params(self):
        ours = ("device", "splitter")
        return {name: value for name, value in self.get_params(deep=False).items() if name not in ours}

    def _take_from(self, twin):
        """Take over the fitted attributes of scikit-learn's estimator."""
        ours = {*twin.get_params(deep=False), "estimator", "estimator_params"}
        for name, value in vars(twin).items():
            if not (name in ours or name.startswith("_") or hasattr(type(self), name)):
                setattr(self, name, value)
        states = [(tree.tree_, tree.tree_.__getstate__()) for tree in twin.estimators_]
        trees = [Tree.from_state(tree.n_features, tree.n_classes, state) for tree, state in states]
        self._forest = solver.Trees(trees, np.array([tree.random_state for tree in twin.estimators_]))

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same trees.

        Returns
        -------
        estimator : sklearn.ensemble.BaseEnsemble
            It needs fastml no more.
        """
        twin = sk(self._sklearn_name)(**copy.deepcopy(self._twin_params()))
        for name, value in vars(self).items():
            if name.endswith("_") and not name.startswith("_"):
                setattr(twin, name, copy.deepcopy(value))
        if "_forest" in vars(self):
            twin.estimators_ = [tree.to_sklearn() for tree in self.estimators_]
            self._give_to(twin)
        return twin
