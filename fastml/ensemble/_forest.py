"""What the forests share."""

from __future__ import annotations

import numbers
import sys
import warnings
from typing import Any

import numpy as np

from .. import _trees
from .._base import MultiOutput
from .._device import CPU, like_input, report_fallback
from .._tree_estimators import TreeParameters
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
from ..solvers import forest as solver
from ._tree_ensemble import TreeEnsemble, count_missing_trees, threads_of

__all__ = ["Forest"]

TREE_PARAMETERS = (
    "criterion", "max_depth", "min_samples_split", "min_samples_leaf", "min_weight_fraction_leaf",
    "max_features", "max_leaf_nodes", "min_impurity_decrease", "ccp_alpha", "monotonic_cst",
)  # fmt: skip


class Forest(TreeParameters, MultiOutput, TreeEnsemble):
    """Base class of random forests.

    The trees are kept as plain trees; `estimators_` makes estimators of them when it is asked for.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.

    oob_score : bool or callable, default=False
        Whether to score the prediction of each sample by the trees that have not seen it; a callable is the
        score, called with the targets and the predictions. Needs `bootstrap`.

    random_state : int, RandomState instance or None, default=None
        Of the draws of samples, features and thresholds. An int makes the result reproducible, on any number
        of threads; the trees are those that scikit-learn grows from it, where sums are exact and values are
        not cut into bins.

    verbose : int, default=0
        From 2 on, a line is printed for each tree.

    warm_start : bool, default=False
        Whether `fit` keeps the trees that are there, and grows only those that `n_estimators` asks for
        beyond.

    max_samples : int or float, default=None
        How many samples are drawn for a tree; a float is a fraction of all samples. None means as many as
        there are.

    splitter : {"exact", "hist"}, default="exact"
        Which thresholds are tried. "exact" tries each between two neighbouring values, as scikit-learn does.
        "hist" cuts the values of each feature into at most 255 bins of about equally many samples, once for
        all trees, and tries only what lies between bins: faster on many samples, with about the same score,
        and trees that differ from scikit-learn's. Features of fewer values lose nothing.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to predict; None means what `fastml.set_config` says. Trees grow on the CPU.

    Attributes
    ----------
    n_outputs_ : int
        The number of outputs.

    estimators_samples_ : list of ndarray
        The samples that each tree was grown from.

    oob_score_ : float
        The out-of-bag score, if asked for.
    """

    _constraints: dict = {
        "n_estimators": [Interval(numbers.Integral, 1)],
        **_trees.CONSTRAINTS,
        "bootstrap": ["boolean"],
        "oob_score": ["boolean", callable],
        "n_jobs": [numbers.Integral, None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "max_samples": [
            None,
            _trees.RealNotInt(numbers.Real, 0.0, None, closed="neither"),
            Interval(numbers.Integral, 1),
        ],
        "device": DEVICE,
    }
    _classifies: bool
    _random = False  # whether thresholds are drawn
    n_features_in_: int
    n_outputs_: int

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Grow the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights: of the draws of samples or, without `bootstrap`, of the samples. None means ones.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight)

    def _fit(self, X, y, sample_weight):
        if hasattr(y, "tocsr"):
            raise ValueError("sparse multilabel-indicator for y is not supported.")
        X, y = check_X_y(
            self, X, y, y_float=not self._classifies, multi_output=True, accept_sparse="csc",
            ensure_all_finite="allow-nan",
        )  # fmt: skip
        if hasattr(X, "tocsr"):
            return self._fit_sparse(X, y, sample_weight)
        if y.ndim == 2 and y.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                sk("sklearn.exceptions.DataConversionWarning"),
                stacklevel=4,
            )
        y = y if y.ndim == 2 else y[:, None]
        if self.criterion == "poisson":
            _trees.check_poisson(y, "strictly positive")
        self.n_outputs_ = y.shape[1]
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (len(y), 1)))
        y, n_classes, class_weight = self._encode(y, weight)
        if class_weight is not None:
            weight = class_weight if weight is None else weight * class_weight
        self._sampling = solver.Sampling(len(y), self._count_drawn(len(y), weight), weight)
        if not self.bootstrap and self.oob_score:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        self._n_classes = n_classes
        grown = self._grow_more(X, y, n_classes)
        if self.oob_score and (grown or not hasattr(self, "oob_score_")):
            self._score_out_of_bag(X, y)
        return self

    def _count_drawn(self, n_samples, weight):
        """How many samples are drawn for each tree; None where none are."""
        if not self.bootstrap:
            if self.max_samples is not None:
                raise ValueError(
                    "`max_sample` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` or "
                    "set `max_sample=None`."
                )
            return None
        if self.max_samples is None:
            return n_samples
        if isinstance(self.max_samples, numbers.Integral):
            return int(self.max_samples)
        return _trees.count_drawn(self.max_samples, n_samples, weight)

    def _grow_more(self, X, y, n_classes):
        """Grow the trees that are not there yet; return how many these are."""
        rng = random_state(self.random_state)
        keep = self.warm_start and "_forest" in vars(self)
        trees, seeds = (self._forest.trees, self._forest.seeds) if keep else ([], np.empty(0, np.int64))
        n_more = count_missing_trees(self, len(trees))
        if n_more == 0:
            return 0
        new_seeds = rng.randint(_trees.MAX_SEED, size=self.n_estimators)[len(trees) :]
        plan = _trees.make_plan(self, X.shape, n_classes, self._classifies, 0.0, self._random)
        weigh = None
        if self.bootstrap and getattr(self, "class_weight", None) == "balanced_subsample":

            def weigh(rows):
                return _trees.balanced_weight(y, n_classes, rows)

        with threads_of(self):
            new = solver.grow_forest(
                CPU, self._table(X), y, plan, self._sampling, new_seeds, weigh=weigh,
                min_weight_fraction=self.min_weight_fraction_leaf,
                report=self._report if self.verbose > 1 else None,
            )  # fmt: skip
        if self.ccp_alpha > 0:
            new = [tree.pruned(self.ccp_alpha) for tree in new]
        self._forest = solver.Trees([*trees, *new], np.concatenate([seeds, new_seeds]))
        return n_more

    def _table(self, X):
        return _trees.rank_table(
            self, X, random=self._random, bins=getattr(self, "splitter", "exact") == "hist"
        )

    def _report(self, t):
        sys.stdout.write(f"building tree {t + 1} of {self.n_estimators}\n")

    def _score_out_of_bag(self, X, y):
        X = CPU.to_host(X).astype(np.float32, copy=False)
        means, n_trees = solver.out_of_bag(self._forest, self._sampling, X)
        if (n_trees == 0).any():
            warnings.warn(
                "Some inputs do not have OOB scores. This probably means too few trees were used to compute "
                "any reliable OOB estimates.",
                stacklevel=5,
            )
        self._set_out_of_bag(means, y)

    # ---- scikit-learn's twin ----
    def _fit_sparse(self, X, y, sample_weight):
        report_fallback(f"scikit-learn's {type(self).__name__}", "the data is sparse")
        twin = sk(self._sklearn_name)(**self._twin_params())
        if self.warm_start and "_forest" in vars(self):
            twin = self.to_sklearn()
        self._take_from(twin.fit(X, y, sample_weight))
        return self

    def _take_from(self, twin):
        super()._take_from(twin)
        self._n_classes = self._forest.trees[0].n_classes.tolist()
        self._sampling = solver.Sampling(twin._n_samples, twin._n_samples_bootstrap, twin._sample_weight)

    def _give_to(self, twin):
        twin.estimator_ = twin.estimator
        twin._n_samples, twin._n_samples_bootstrap, twin._sample_weight = self._sampling

    # ---- the trees ----
    @property
    def estimator_(self):
        """An unfitted estimator like those in `estimators_`."""
        return self._tree_class()()

    def _as_estimator(self, tree, seed):
        params = {name: getattr(self, name) for name in TREE_PARAMETERS}
        estimator = self._tree_class()(**params, random_state=seed, device=self.device)
        estimator.tree_, estimator.n_features_in_ = tree, self.n_features_in_
        estimator.n_outputs_ = self.n_outputs_
        estimator.max_features_ = _trees.count_features(self.max_features, self.n_features_in_)
        if self._classifies:
            classes = [np.arange(n) for n in self._n_classes]
            single = self.n_outputs_ == 1
            estimator.classes_ = classes[0] if single else classes
            estimator.n_classes_ = np.intp(len(classes[0])) if single else np.array(self._n_classes, np.intp)
        return estimator

    @property
    def estimators_samples_(self):
        """The samples of each tree."""
        check_fitted(self, "_forest")
        sampling = self._sampling
        if sampling.n_drawn is None:
            return [np.arange(sampling.n_samples, dtype=np.int32) for _ in self._forest.trees]
        return [solver.draw_rows(sampling, seed) for seed in self._forest.seeds.tolist()]

    @property
    def feature_importances_(self):
        """How much each feature lowered the impurity, in the mean of the trees; in sum 1."""
        check_fitted(self, "_forest")
        return solver.mean_importances(self._forest.trees, self.n_features_in_)

    # ---- using them ----
    def _rows(self, X):
        check_fitted(self, "_forest")
        return _trees.as_float32(self, X, True)

    def _mean_values(self, X):
        """The mean of the trees' values, of shape (n_samples, n_outputs * max_n_classes)."""
        sums = self._sum_values(X)
        sums /= len(self._forest)
        return sums

    def apply(self, X: Any) -> Any:
        """Return the leaf of each sample in each tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        leaves : ndarray of shape (n_samples, n_estimators)
            Numbers of the nodes in each tree.
        """
        rows = self._rows(X)
        with threads_of(self):
            leaves = [tree.apply(rows) for tree in self._forest.trees]
        return like_input(np.array(leaves).T, X)

    def decision_path(self, X: Any) -> Any:
        """Return the nodes that each sample passes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        indicator : sparse CSR matrix of shape (n_samples, n_nodes)
            1 where the sample passes the node; the trees' nodes stand side by side.
        n_nodes_ptr : ndarray of shape (n_estimators + 1,)
            Where each tree's nodes begin.
        """
        from scipy.sparse import hstack

        rows = self._rows(X)
        parts = [tree.decision_path(rows) for tree in self._forest.trees]
        starts = np.cumsum([0] + [part.shape[1] for part in parts])
        return hstack(parts).tocsr(), starts
