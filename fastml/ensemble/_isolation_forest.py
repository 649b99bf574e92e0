"""Outliers, found by how few random splits isolate them."""

from __future__ import annotations

import math
import numbers
import sys
import warnings
from typing import Any

import numpy as np

from .. import _config, _trees, tree
from .._base import OutlierDetector, stand_for
from .._device import CPU, like_input, report_fallback
from .._tree_rounds import with_features
from .._validation import (
    DEVICE,
    Interval,
    Options,
    check_fitted,
    check_weight,
    check_X,
    fit_method,
    random_state,
    sk,
)
from ..solvers import bagging
from ..solvers import forest as forests
from ..solvers import isolation as solver
from ._tree_ensemble import TreeEnsemble, count_missing_trees, threads_of

__all__ = ["IsolationForest"]

_NONE = np.empty(0, np.int64)
BYTES_PER_VALUE = 16  # of a tree's samples: as float32, and their places in three tables


class IsolationForest(OutlierDetector, TreeEnsemble):
    """A forest that isolates samples by random splits; outliers are isolated by few.

    Each tree is grown from some samples: a split takes a random feature and a random threshold between the
    smallest and the largest value in the node. The score of a sample is the length of its path through the
    trees, compared with the average.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.

    max_samples : "auto", int or float, default="auto"
        How many samples are drawn for a tree; a float is a fraction of all samples. "auto" means 256, or all
        if there are fewer.

    contamination : "auto" or float, default="auto"
        The share of outliers, up to 0.5: `offset_` is set so that as many of the training samples are
        outliers. "auto" sets it to -0.5, as in the original paper.

    max_features : int or float, default=1.0
        How many features are drawn for a tree; a float is a fraction of all.

    bootstrap : bool, default=False
        Whether samples are drawn with replacement.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    random_state : int, RandomState instance or None, default=None
        Of the draws of samples, features and thresholds. An int makes the result reproducible, on any number
        of threads; the trees are those that scikit-learn grows from it.

    verbose : int, default=0
        From 2 on, a line is printed for each tree.

    warm_start : bool, default=False
        Whether `fit` keeps the trees that are there, and grows only those that `n_estimators` asks for
        beyond.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to score; None means what `fastml.set_config` says. Trees grow on the CPU.

    Attributes
    ----------
    estimators_ : list of ExtraTreeRegressor
        The trees, made into estimators when they are asked for.

    estimator_ : ExtraTreeRegressor
        An unfitted one.

    estimators_features_ : list of ndarray of shape (max_features,)
        The features that each tree was grown from.

    estimators_samples_ : list of ndarray of shape (max_samples_,)
        The samples that each tree was grown from.

    max_samples_ : int
        How many samples were drawn for a tree.

    offset_ : float
        `decision_function` is `score_samples` less this.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    See Also
    --------
    ExtraTreesRegressor : Trees of random thresholds that learn a target.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to a random side. Only the drawn
    samples of a sparse matrix are made dense, a tree's at a time.

    References
    ----------
    Liu, F. T., Ting, K. M., Zhou, Z.-H. (2008). Isolation forest. International Conference on Data Mining.

    Examples
    --------
    >>> from fastml.ensemble import IsolationForest
    >>> X = [[-1.1], [0.3], [0.5], [100.0]]
    >>> IsolationForest(random_state=0).fit(X).predict([[0.1], [0.0], [90.0]])
    array([ 1,  1, -1])
    """

    _constraints: dict = {
        "n_estimators": [Interval(numbers.Integral, 1)],
        "max_samples": [
            Options("auto"),
            Interval(numbers.Integral, 1),
            _trees.RealNotInt(numbers.Real, 0, 1, closed="right"),
        ],
        "contamination": [Options("auto"), Interval(numbers.Real, 0, 0.5, closed="right")],
        "max_features": [numbers.Integral, Interval(numbers.Real, 0, 1, closed="right")],
        "bootstrap": ["boolean"],
        "n_jobs": [numbers.Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "device": DEVICE,
    }
    _sklearn_name = "sklearn.ensemble.IsolationForest"
    n_features_in_: int

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        max_samples: Any = "auto",
        contamination: Any = "auto",
        max_features: Any = 1.0,
        bootstrap: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.contamination = contamination
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.device = device

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Grow the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the draws of samples; None means equal ones.

        Returns
        -------
        self : IsolationForest
            The fitted estimator.
        """
        X = check_X(self, X, reset=True, accept_sparse="csr", ensure_all_finite=False)
        X = _trees.grow_on_host(self, X)
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (X.shape[0], 1)))
        how = self._plan_draws(X.shape, weight)
        if hasattr(X, "tocsr") and BYTES_PER_VALUE * how.max_samples * how.n_features > _workspace():
            return self._fit_sparse(X, weight)
        targets = random_state(self.random_state).uniform(size=X.shape[0])
        self._grow_more(X, targets, how)
        self.offset_ = -0.5
        if self.contamination != "auto":
            scores = self._score(_narrow(X))
            self.offset_ = np.percentile(scores, 100.0 * self.contamination)
        return self

    def _plan_draws(self, shape, weight):
        n, d = shape
        drawn, features = self.max_samples, self.max_features
        if drawn == "auto":
            drawn = min(256, n)
        elif not isinstance(drawn, numbers.Integral):
            drawn = int(drawn * n)
        elif drawn > n:
            warnings.warn(
                f"max_samples ({drawn}) is greater than the total number of samples ({n}). max_samples will "
                "be set to n_samples for estimation.",
                stacklevel=5,
            )
            drawn = n
        features = features if isinstance(features, numbers.Integral) else int(features * d)
        if features > d:
            raise ValueError("max_features must be <= n_features")
        return bagging.Draw(n, d, int(drawn), max(1, int(features)), self.bootstrap, False, weight)

    def _grow_more(self, X, targets, how):
        """Grow the trees that are not there yet."""
        trees, features, seeds, draws = [], [], _NONE, _NONE
        if self.warm_start and "_forest" in vars(self):
            trees, seeds = self._forest.trees, self._forest.seeds
            features, draws = self.estimators_features_, self._seeds
        if count_missing_trees(self, len(trees)) > 0:
            new = random_state(self.random_state).randint(solver.MAX_SEED, size=self.n_estimators)
            new = new[len(trees) :]
            limits = CPU.kernels.tree.Limits(max_features=1, max_depth=_most_splits(how), random=True)
            plan = _trees.Plan("squared_error", how.max_features, [1], limits, None)
            report = self._report if self.verbose > 1 else None
            with threads_of(self):
                grown, drawn, tree_seeds = solver.grow_isolation_trees(
                    CPU, X, targets, plan, how, new, report=report
                )
            self._forest = forests.Trees([*trees, *grown], np.concatenate([seeds, tree_seeds]))
            self.estimators_features_ = [*features, *drawn]
            self._seeds = np.concatenate([draws, new])
        self._how, self.max_samples_ = how, how.max_samples

    def _report(self, t):
        sys.stdout.write(f"building tree {t + 1} of {self.n_estimators}\n")

    # ---- the trees ----
    @property
    def estimator_(self):
        """An unfitted estimator like those in `estimators_`."""
        check_fitted(self, "_how")
        return tree.ExtraTreeRegressor(
            max_depth=_most_splits(self._how),
            max_features=1,
            random_state=self.random_state,
            device=self.device,
        )

    def _as_estimator(self, grown, seed):
        estimator = self.estimator_.set_params(random_state=seed)
        estimator.tree_, estimator.n_features_in_ = grown, grown.n_features
        estimator.n_outputs_ = estimator.max_features_ = 1
        return estimator

    @property
    def estimators_samples_(self):
        """The samples of each tree."""
        check_fitted(self, "_seeds")
        return [bagging.draw(self._how, seed)[1] for seed in self._seeds.tolist()]

    def _whole_trees(self):
        """The trees, asking for features of X."""
        pairs, d = zip(self._forest.trees, self.estimators_features_), self.n_features_in_
        return [grown if len(own) == d else with_features(grown, own) for grown, own in pairs]

    def _pack(self):
        return solver.pack_paths(CPU, self._whole_trees())

    # ---- scikit-learn's twin ----
    def _fit_sparse(self, X, sample_weight):
        report_fallback("scikit-learn's IsolationForest", "a tree's samples are too many to be made dense")
        twin = self.to_sklearn() if self.warm_start else sk(self._sklearn_name)(**self._twin_params())
        self._take_from(twin.fit(X, None, sample_weight))
        return self

    def _take_from(self, twin):
        super()._take_from(twin)
        self._seeds = np.asarray(twin._seeds, np.int64)
        sizes = twin._n_samples, twin.n_features_in_, twin._max_samples, twin._max_features
        self._how = bagging.Draw(*sizes, twin.bootstrap, False, twin._sample_weight)

    def _give_to(self, twin):
        twin.estimator_ = self.estimator_.to_sklearn()
        how, twin._seeds = self._how, self._seeds.copy()
        twin._n_samples, twin._max_samples, twin._max_features = (
            how.n_samples,
            how.max_samples,
            how.max_features,
        )
        twin._sample_weight = how.weight
        trees = [grown.tree_ for grown in twin.estimators_]
        twin._decision_path_lengths = tuple(grown.compute_node_depths() for grown in trees)
        twin._average_path_length_per_tree = tuple(
            solver.average_path_length(grown.n_node_samples) for grown in trees
        )

    # ---- using them ----
    def _score(self, rows):
        lengths = self._sum_values(rows)[:, 0]
        return -solver.anomaly_scores(lengths, len(self._forest), self._how.max_samples)

    def score_samples(self, X: Any) -> Any:
        """Score samples: the negative of the anomaly score defined in the original paper.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            From -1 to 0; the lower, the more of an outlier.
        """
        check_fitted(self, "_forest")
        rows = check_X(self, X, reset=False, accept_sparse="csr", ensure_all_finite=False)
        return like_input(self._score(_narrow(rows)), X)

    def decision_function(self, X: Any) -> Any:
        """Score samples so that 0 is the limit between outliers and inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Negative for outliers: what `score_samples` returns less `offset_`.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Any:
        """Tell inliers from outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,)
            1 for inliers, -1 for outliers.
        """
        return 1 - 2 * (self.decision_function(X) < 0)


def _most_splits(how):
    """How deep trees grow: what lies deeper is no outlier."""
    return math.ceil(math.log2(max(how.max_samples, 2)))


def _workspace():
    """Bytes that a tree's samples may take."""
    return _config.current()["working_memory"] * 2**20


def _narrow(X):
    """X as trees see it: float32, on the host; what is too large for that is infinite."""
    X = X if hasattr(X, "tocsr") else CPU.to_host(X)
    with np.errstate(over="ignore"):
        return X.astype(np.float32, copy=False)


stand_for(IsolationForest, "sklearn.ensemble._iforest.IsolationForest")
