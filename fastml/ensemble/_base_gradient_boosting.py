"""What gradient boosting's classifier and regressor share: fitting."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._base import Estimator
from .._device import CPU, report_fallback
from .._threads import for_each_block
from .._tree_estimators import TreeParameters
from .._tree_rounds import TreeRounds, copy_tree
from .._validation import (
    DEVICE,
    Interval,
    Options,
    check_weight,
    check_X_y,
    fit_method,
    random_state,
    sk,
)
from ..solvers import gradient_boosting as solver
from ..tree import DecisionTreeRegressor
from ._gradient_boosting_progress import Progress
from ._gradient_boosting_twin import Twin
from ._gradient_boosting_use import Prediction

__all__ = ["BaseGradientBoosting"]

TREE_PARAMETERS = (
    "max_depth", "min_samples_split", "min_samples_leaf", "min_weight_fraction_leaf", "min_impurity_decrease",
    "max_features", "max_leaf_nodes", "ccp_alpha",
)  # fmt: skip
LEARNT = (
    "estimators_", "train_score_", "oob_improvement_", "oob_scores_", "oob_score_", "_init", "_prior", "_rng",
    "_packed",
)  # fmt: skip


class BaseGradientBoosting(Prediction, Twin, TreeParameters, Estimator):
    """Base class of gradient boosting.

    Parameters
    ----------
    learning_rate : float, default=0.1
        By which the values of all leaves are multiplied.

    n_estimators : int, default=100
        How many stages there are.

    subsample : float, default=1.0
        The share of the samples that is drawn for each stage; if it is less than 1, the others are scored.

    criterion : str, default="deprecated"
        Of no effect: the trees lower the squared error.

    max_depth : int, default=3
        Most splits above a leaf. None means no bound.

    random_state : int, RandomState instance or None, default=None
        Of the order in which features are tried, of the drawn and of the held out samples.

    max_features : int, float or {"sqrt", "log2"}, default=None
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    verbose : int, default=0
        1 prints the progress once in a while, more after each stage.

    warm_start : bool, default=False
        Whether fitting again adds stages to those that are there.

    validation_fraction : float, default=0.1
        The share of the samples that is held out if `n_iter_no_change` is given.

    n_iter_no_change : int, default=None
        After how many stages that do not lower the loss of held out samples boosting stops. None: never.

    tol : float, default=1e-4
        By how much the loss must fall to count as lower.

    Attributes
    ----------
    n_estimators_ : int
        The number of stages.

    n_trees_per_iteration_ : int
        The number of trees of a stage.

    init_ : estimator or "zero"
        What boosting started from.

    train_score_ : ndarray of shape (n_estimators_,)
        The loss of the samples that each stage was fitted to.

    oob_improvement_, oob_scores_ : ndarray of shape (n_estimators_,)
        By how much each stage lowered the loss of the samples that were not drawn for it, and this loss; if
        `subsample` is less than 1.

    oob_score_ : float
        The last of `oob_scores_`.

    max_features_ : int
        The number of features that a split considers.
    """

    _constraints: dict = {
        **{name: terms for name, terms in _trees.CONSTRAINTS.items() if name != "monotonic_cst"},
        "learning_rate": [Interval(numbers.Real, 0.0)],
        "n_estimators": [Interval(numbers.Integral, 1)],
        "criterion": [Options("squared_error", "deprecated", "friedman_mse")],
        "subsample": [Interval(numbers.Real, 0.0, 1.0, closed="right")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "validation_fraction": [Interval(numbers.Real, 0.0, 1.0, closed="neither")],
        "n_iter_no_change": [Interval(numbers.Integral, 1), None],
        "tol": [Interval(numbers.Real, 0.0)],
        "device": DEVICE,
    }
    _cpu_only = True  # it has no CUDA kernels
    n_features_in_: int
    n_trees_per_iteration_: int
    n_estimators_: int
    max_features_: int
    train_score_: Any
    oob_improvement_: Any
    oob_scores_: Any
    oob_score_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_packed"}

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, monitor: Any = None) -> Any:
        """Fit the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; it is compared as float32.
        y : array-like of shape (n_samples,)
            The labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        monitor : callable, default=None
            Called after each stage with its number, this estimator and the variables of the loop; returns
            whether to end the fitting.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, monitor)

    def _fit(self, X, y, sample_weight, monitor):
        if hasattr(X, "tocsr"):
            return self._fit_sparse(X, y, sample_weight, monitor)
        if not self.warm_start:
            self._clear()
        if self.criterion != "deprecated":
            warnings.warn(
                "The parameter `criterion` is deprecated and will be removed in 1.11. It has no effect. "
                "Leave it to its default value to avoid this warning.",
                FutureWarning,
                stacklevel=4,
            )
        X, y = check_X_y(self, X, y, y_float=not self._classifies, multi_output=True)
        X = CPU.to_host(X)
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (len(y), 1)))
        if y.ndim == 2:
            y = sk("sklearn.utils.column_or_1d")(y, warn=True)
        y = self._encode(y, weight)
        weighs = weight is not None
        weight = weight if weighs else np.ones(len(y))
        self.max_features_ = _trees.count_features(self.max_features, X.shape[1])
        X, y, weight, held_out = self._split(X, y, weight)
        rounds = TreeRounds(DecisionTreeRegressor(**self._tree_params()), X, y)
        first = 0
        if self._is_fitted():
            first = self._grow_arrays()
            raw = self._raw_predict(rounds.rows)
        else:
            self._make_arrays()
            raw = self._fit_init(rounds.rows, y, weight if weighs else None)
            self._rng = random_state(self.random_state)
        self._boost(rounds, y, weight, raw, first, held_out, monitor)
        return self

    def _tree_params(self):
        return {name: getattr(self, name) for name in TREE_PARAMETERS}

    def _clear(self):
        for name in LEARNT:
            vars(self).pop(name, None)

    def _is_fitted(self):
        return len(vars(self).get("estimators_", ())) > 0

    def _split(self, X, y, weight):
        """Hold out samples for stopping early: X, y and the weights of the rest, and of the held out ones."""
        if self.n_iter_no_change is None:
            return X, y, weight, None
        X, X_out, y, y_out, weight, weight_out = sk("sklearn.model_selection.train_test_split")(
            X, y, weight, random_state=self.random_state, test_size=self.validation_fraction,
            stratify=y if self._classifies else None,
        )  # fmt: skip
        if self._classifies and self.n_classes_ != len(np.unique(y)):
            raise ValueError(
                "The training data after the early stopping split is missing some classes. Try using another "
                "random seed."
            )
        return np.ascontiguousarray(X), y, weight, (X_out.astype(np.float32), y_out, weight_out)

    def _make_arrays(self):
        n = self.n_estimators
        self.estimators_ = np.empty((n, self.n_trees_per_iteration_), object)
        self.train_score_ = np.zeros(n)
        if self.subsample < 1.0:
            self.oob_improvement_, self.oob_scores_, self.oob_score_ = np.zeros(n), np.zeros(n), np.nan

    def _grow_arrays(self):
        """Make room for more stages; return how many there are."""
        n, n_now = self.n_estimators, len(self.estimators_)
        if n < n_now:
            raise ValueError(
                f"n_estimators={n} must be larger or equal to estimators_.shape[0]={n_now} when "
                "warm_start==True"
            )
        return n_now

    def _resize_arrays(self, n):
        self.estimators_ = _resized(self.estimators_, n)
        self.train_score_ = _resized(self.train_score_, n)
        if self.subsample < 1.0 or "oob_scores_" in vars(self):
            nothing = np.zeros(0)
            self.oob_improvement_ = _resized(vars(self).get("oob_improvement_", nothing), n)
            self.oob_scores_ = _resized(vars(self).get("oob_scores_", nothing), n)

    def _fit_init(self, rows, y, weight):
        """Fit what boosting starts from; return its raw predictions."""
        if self.init is None:
            self._init, self._prior = None, self._find_prior(y, weight)
        else:
            self._init = self.init
            if self.init != "zero":
                self._fit_given_init(rows, y, weight)
        return self._raw_start(rows)

    def _fit_given_init(self, rows, y, weight):
        if weight is None:
            self._init.fit(rows, y)
            return
        message = f"The initial estimator {type(self._init).__name__} does not support sample weights."
        try:
            self._init.fit(rows, y, sample_weight=weight)
        except TypeError as error:
            if "unexpected keyword argument 'sample_weight'" in str(error):
                raise ValueError(message) from error
            raise
        except ValueError as error:
            if "pass parameters to specific steps of your pipeline using the stepname__parameter" in str(
                error
            ):
                raise ValueError(message) from error
            raise

    def _boost(self, rounds, y, weight, raw, first, held_out, monitor):
        boosting = solver.Boosting(
            CPU, rounds.rows, y, weight, raw, self._kind(), self._quantile(), self.learning_rate
        )
        n_drawn = max(1, int(self.subsample * len(y))) if self.subsample < 1.0 else None
        self._resize_arrays(self.n_estimators)
        progress = Progress(self, boosting, first, held_out, monitor)
        rng = self._rng

        def grow(targets, weight):
            seeds = [rng.randint(0, _trees.MAX_SEED) for _ in targets]
            trees: list = [None] * len(targets)

            def grow_one(k, start, stop):
                trees[k] = rounds.grow_tree(targets[k][:, None], weight, seeds[k])

            for_each_block(grow_one, len(targets), 1, work=100.0 * targets.size * self.max_features_)
            return trees

        def after_stage(i, trees, mask, before):
            for k, tree in enumerate(trees):
                self.estimators_[i, k] = copy_tree(rounds.template, random_state=rng, tree_=tree)
            return progress.note(i, trees, mask, before)

        stages = range(first, self.n_estimators)
        n_stages = solver.run(boosting, grow, rng, stages, n_drawn, after_stage)
        self._resize_arrays(n_stages)
        if "oob_scores_" in vars(self):
            self.oob_score_ = self.oob_scores_[-1]
        self.n_estimators_ = n_stages
        vars(self).pop("_packed", None)
        self._packed_trees()

    def _fit_sparse(self, X, y, sample_weight, monitor):
        report_fallback(f"scikit-learn's {type(self).__name__}", "the data is sparse")
        twin = self.to_sklearn() if self.warm_start else sk(self._sklearn_name)(**self._twin_params())
        if monitor is not None:
            self._clear()
        self._take_from(twin.fit(X, y, sample_weight, monitor))
        return self


def _resized(array, n):
    """The first `n` rows; where there are fewer, zeros follow."""
    if len(array) >= n:
        return array[:n]
    more = np.zeros((n - len(array), *array.shape[1:]), array.dtype)
    return np.concatenate([array, more])
