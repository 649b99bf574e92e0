"""What bagging's classifier and regressor share."""

from __future__ import annotations

import copy
import functools
import numbers
import sys
import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._device import CPU, report_fallback
from .._parameters import HasMethods
from .._threads import for_each_block
from .._tree_rounds import TreeRounds, is_tree, pack_values, with_features
from .._validation import (
    DEVICE,
    Interval,
    check_fitted,
    check_weight,
    check_X_y,
    fit_method,
    random_state,
    sk,
)
from ..solvers import bagging as solver
from ..solvers import forest
from ._sequence import MAX_SEED, EstimatorSequence
from ._tree_ensemble import count_missing_trees, threads_of

__all__ = ["BaseBagging", "if_estimator_has"]


class if_estimator_has:
    """Decorate a method that is there only where the base estimator has one of its name."""

    def __init__(self, method):
        functools.update_wrapper(self, method)
        self.method = method

    def __get__(self, instance, owner):
        """Bind the method, or raise that there is none."""
        name = self.method.__name__
        if instance is not None and not hasattr(instance._asked(), name):
            raise AttributeError(f"This {owner.__name__!r} has no attribute {name!r}")
        return self.method.__get__(instance, owner)


class BaseBagging(EstimatorSequence):
    """Base class of bagging.

    Where the base estimators are fastml's trees, the data is validated and ranked once, trees grow side by
    side, and one call predicts with all of them. Any other estimator goes to scikit-learn's class.

    Parameters
    ----------
    n_estimators : int, default=10
        How many estimators there are.

    max_samples : int or float, default=None
        How many samples are drawn for each; a float is a fraction. None means as many as there are.

    max_features : int or float, default=1.0
        How many features are drawn for each; a float is a fraction.

    bootstrap : bool, default=True
        Whether samples are drawn with replacement.

    bootstrap_features : bool, default=False
        Whether features are drawn with replacement.

    oob_score : bool, default=False
        Whether to predict samples by the estimators that have not seen them, and to score that.

    warm_start : bool, default=False
        Whether fitting again adds estimators to those that are there.

    random_state : int, RandomState instance or None, default=None
        Of the samples and features, and of the estimators that have a parameter `random_state`.

    verbose : int, default=0
        More than 1 prints a line for each estimator.

    Attributes
    ----------
    estimators_samples_ : list of ndarray
        The samples of each.

    estimators_features_ : list of ndarray
        The features of each.
    """

    _constraints: dict = {
        "estimator": [HasMethods("fit", "predict"), None],
        "n_estimators": [Interval(numbers.Integral, 1)],
        "max_samples": [
            None,
            Interval(numbers.Integral, 1),
            _trees.RealNotInt(numbers.Real, 0, 1, closed="right"),
        ],
        "max_features": [
            Interval(numbers.Integral, 1),
            _trees.RealNotInt(numbers.Real, 0, 1, closed="right"),
        ],
        "bootstrap": ["boolean"],
        "bootstrap_features": ["boolean"],
        "oob_score": ["boolean"],
        "warm_start": ["boolean"],
        "n_jobs": [None, numbers.Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "device": DEVICE,
    }
    _classifies: bool
    n_estimators: int
    n_jobs: int | None
    estimators_features_: Any

    def __sklearn_tags__(self):
        tags, asked = super().__sklearn_tags__(), self._base().__sklearn_tags__().input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = asked.sparse, asked.allow_nan
        return tags

    def _base(self):
        return self._default_estimator() if self.estimator is None else self.estimator

    def _asked(self):
        """The estimator whose methods there are."""
        fitted = vars(self).get("estimators_")
        return fitted[0] if fitted else self._base()

    def get_metadata_routing(self) -> Any:
        """Get the metadata routing of scikit-learn's class.

        Returns
        -------
        routing : MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        return self._new_twin().get_metadata_routing()

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Any:
        """Fit the estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            By which samples are drawn; None means equally.
        **fit_params : dict
            Parameters for the estimators, with scikit-learn's metadata routing.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, fit_params)

    def _fit(self, X, y, sample_weight, fit_params):
        base = self._base()
        reason = self._why_not(base, X, y, fit_params)
        if reason:
            return self._fit_twin(reason, X, y, sample_weight, fit_params)
        keep = self.warm_start and vars(self).get("_twin") is None
        vars(self).pop("_twin", None)
        X, y = check_X_y(
            self, X, y, y_float=not self._classifies, multi_output=False, ensure_all_finite="allow-nan"
        )
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (len(y), 1)))
        if weight is not None and not self.bootstrap:
            warnings.warn(
                f"When fitting {type(self).__name__} with sample_weight it is recommended to use "
                f"bootstrap=True, got {self.bootstrap}.",
                stacklevel=4,
            )
        y = self._encode(y)
        self.estimator_ = base
        self._how = self._plan_draws(X.shape, weight)
        self._check_scoring()
        if not (keep and "estimators_" in vars(self)):
            self.estimators_, self.estimators_features_ = [], []
        if self._grow_more(CPU.to_host(X), y):
            self._packed_trees()
            if self.oob_score:
                self._score_out_of_bag(X, y)
        return self

    def _why_not(self, base, X, y, fit_params):
        """Why scikit-learn's class has to fit; empty where trees can be grown from one table."""
        if not (is_tree(base) and base._classifies == self._classifies):
            return "the base estimator is no decision tree of fastml's"
        if fit_params:
            return "parameters are routed to the estimators"
        if hasattr(X, "tocsr"):
            return "the data is sparse"
        return "there are several outputs" if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1 else ""

    def _plan_draws(self, shape, weight):
        n, d = shape
        max_samples = self._count_samples(n, weight)
        if not self.bootstrap and max_samples > n:
            raise ValueError(
                f"Effective max_samples={max_samples} must be <= n_samples={n} to be able to sample without "
                "replacement."
            )
        max_features = self.max_features
        if not isinstance(max_features, numbers.Integral):
            max_features = int(max_features * d)
        if max_features > d:
            raise ValueError("max_features must be <= n_features")
        bootstraps = self.bootstrap, self.bootstrap_features
        return solver.Draw(n, d, max_samples, max(1, int(max_features)), *bootstraps, weight)

    def _count_samples(self, n, weight):
        if self.max_samples is None or isinstance(self.max_samples, numbers.Integral):
            return n if self.max_samples is None else int(self.max_samples)
        return _trees.count_drawn(self.max_samples, n, weight)

    def _check_scoring(self):
        if not self.bootstrap and self.oob_score:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        if self.warm_start and self.oob_score:
            raise ValueError("Out of bag estimate only available if warm_start=False")
        if self.warm_start:
            vars(self).pop("oob_score_", None)

    def _grow_more(self, X, y):
        """Grow the trees that are not there yet; return how many these are."""
        n_now = len(self.estimators_)
        n_more = count_missing_trees(self, n_now)
        if n_more == 0:
            return 0
        seeds = random_state(self.random_state).randint(MAX_SEED, size=self.n_estimators)[n_now:]
        self._seeds, how = seeds, self._how
        own = how.bootstrap_features or how.max_features != how.n_features
        shared = None if own else TreeRounds(self.estimator_, X, y)
        grown: list = [None] * n_more

        def grow_one(i, start, stop):
            if self.verbose > 1:
                sys.stdout.write(f"Building estimator {i + 1} of {n_more}...\n")
            features, samples = self._draw(seeds[i])
            rounds = shared or TreeRounds(self.estimator_, np.ascontiguousarray(X[:, features]), y)
            seed = np.random.RandomState(seeds[i]).randint(MAX_SEED)
            counts = np.bincount(samples, minlength=how.n_samples)
            grown[i] = rounds.grow(counts, seed), features

        with threads_of(self):
            for_each_block(grow_one, n_more, 1, work=100.0 * n_more * how.n_samples * how.max_features)
        self.estimators_ = [*self.estimators_, *(estimator for estimator, _ in grown)]
        self.estimators_features_ = [*self.estimators_features_, *(features for _, features in grown)]
        return n_more

    def _draw(self, seed):
        return solver.draw(self._how, seed)

    @property
    def estimators_samples_(self):
        """The samples of each estimator."""
        if vars(self).get("_twin") is not None:
            return self._twin.estimators_samples_
        check_fitted(self, "_seeds")
        return [self._draw(seed)[1] for seed in self._seeds]

    # ---- scikit-learn's class ----
    def _new_twin(self):
        params = self.get_params(deep=False)
        del params["device"]
        return sk(self._sklearn_name)(**{**params, "estimator": self._base()})

    def _fit_twin(self, reason, X, y, sample_weight, fit_params):
        report_fallback(f"scikit-learn's {type(self).__name__}", reason)
        twin = vars(self).get("_twin")
        if twin is None or not self.warm_start:
            twin = self._new_twin()
            if self.warm_start and "_how" in vars(self):
                raise ValueError("A warm start cannot go on with estimators of another kind.")
        else:
            twin.set_params(**self._new_twin().get_params(deep=False))
        twin.fit(X, y, sample_weight, **fit_params)
        for name, value in vars(twin).items():
            if name.endswith("_") and not name.startswith("_"):
                setattr(self, name, value)
        self._twin = twin
        return self

    def _delegate(self, method, X, params):
        """Let scikit-learn's class answer if it was fitted, or if there are parameters to be routed."""
        check_fitted(self, "estimators_")
        twin = vars(self).get("_twin")
        if twin is None:
            sk("sklearn.utils.metadata_routing._raise_for_params")(params, self, method)
            twin = self.to_sklearn()
        return getattr(twin, method)(X, **params)

    def _delegates(self, params):
        return bool(params) or vars(self).get("_twin") is not None

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same estimators.

        Returns
        -------
        estimator : sklearn.ensemble.BaseEnsemble
            It needs fastml no more, unless estimators do that were given.
        """
        twin = super().to_sklearn()
        if "_how" in vars(self):
            how = self._how
            twin._n_samples, twin._max_samples, twin._max_features = (
                how.n_samples,
                how.max_samples,
                how.max_features,
            )
            twin._sample_weight, twin._seeds = how.weight, self._seeds
        elif vars(self).get("_twin") is not None:
            for name, value in vars(self._twin).items():
                if name.startswith("_"):
                    setattr(twin, name, value)
        return twin

    def _take_from(self, twin):
        super()._take_from(twin)
        self._twin = copy.deepcopy(twin)

    # ---- using the trees ----
    def _rows(self, X):
        check_fitted(self, "estimators_")
        return _trees.as_float32(self, X, True)

    def _packed_trees(self):
        return self._cached(list(self.estimators_), self._pack)

    def _whole_trees(self):
        """The trees, asking for features of X."""
        pairs = zip(self.estimators_, self.estimators_features_)
        return [with_features(est.tree_, features) for est, features in pairs]

    def _pack(self):
        trees = self._whole_trees()
        return pack_values(trees, [tree.value[:, 0] for tree in trees])

    def _mean_values(self, X):
        """The mean of the trees' values, of shape (n_samples, n_values)."""
        packed = self._packed_trees()
        sums = np.zeros((X.shape[0], packed[2].shape[1]))
        with threads_of(self):
            forest.add_predictions(CPU, packed, X, sums)
        sums /= len(self.estimators_)
        return sums

    def _predict_out_of_bag(self, X):
        """Sums of what trees say of the samples that they have not seen, and how many trees these are."""
        rows = np.ascontiguousarray(CPU.to_host(X), np.float32)
        n_values = self.estimators_[0].tree_.max_n_classes
        sums, n_trees = np.zeros((len(rows), n_values)), np.zeros(len(rows))
        for estimator, features, samples in zip(
            self.estimators_, self.estimators_features_, self.estimators_samples_
        ):
            left_out = np.bincount(samples, minlength=len(rows)) == 0
            sums[left_out] += estimator.tree_.predict(rows[left_out][:, features])
            n_trees += left_out
        if (n_trees == 0).any():
            warnings.warn(
                "Some inputs do not have OOB scores. This probably means too few estimators were used to "
                "compute any reliable oob estimates.",
                stacklevel=6,
            )
        return sums, n_trees
