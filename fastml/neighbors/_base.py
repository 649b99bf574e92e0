"""What the estimators of nearest neighbours share: parameters, and the choice of a method at fit."""

from __future__ import annotations

import contextlib
import numbers
from typing import Any

import numpy as np

from .. import _config
from .._base import Estimator, MultiOutput
from .._device import CPU, choose, is_sparse, report_fallback
from .._validation import DEVICE, Interval, Options, check_X, sk
from ..solvers import neighbors as solver
from ._kd_tree import KDTree

__all__ = ["WEIGHTS", "NeighborsBase", "is_search"]

WEIGHTS: dict = {"weights": [Options("uniform", "distance"), callable, None]}  # a constraint

ONLY_BRUTE = {"sqeuclidean", "cosine"}
NOT_BRUTE = {"p", "infinity"}
NOT_KD_TREE = {"canberra", "braycurtis", "hamming"}
SERVED = {  # algorithm -> the metrics that it may be combined with, of those that have kernels
    "auto": set(solver.METRICS),
    "brute": set(solver.METRICS) - NOT_BRUTE,
    "ball_tree": set(solver.METRICS) - ONLY_BRUTE,
    "kd_tree": set(solver.METRICS) - ONLY_BRUTE - NOT_KD_TREE,
}


def tree_pays(n_samples: int, n_features: int) -> bool:
    """Tell whether a tree is faster than brute force: as measured with uniform and clustered points."""
    return n_samples >= max(500, 8 * 2.6**n_features)


class _Metrics(Options):
    """The constraint of `metric`: the names that have kernels; scikit-learn knows the others."""

    def to_sklearn(self):
        valid = sk("sklearn.neighbors.VALID_METRICS")
        return sk("sklearn.utils._param_validation.StrOptions")(
            {name for names in valid.values() for name in names}
        )


class _DistanceMetrics(Options):
    """The constraint of `metric`: objects of scikit-learn's, which none is before that is loaded."""

    def to_sklearn(self):
        return sk("sklearn.metrics.DistanceMetric")


class NeighborsBase(MultiOutput, Estimator):
    """Base class of the estimators of nearest neighbours.

    Parameters
    ----------
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
        How to search; see `NearestNeighbors`.

    leaf_size : int, default=30
        The most points in a leaf of the tree; a few dozen at least.

    p : float, default=2
        Power of the Minkowski metric.

    metric : str, callable or DistanceMetric, default="minkowski"
        The distance; see `NearestNeighbors`.

    metric_params : dict, default=None
        Further parameters of the metric.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to search; None means what `fastml.set_config` says.

    Attributes
    ----------
    effective_metric_ : str
        The metric, simplified: "euclidean" for the Minkowski metric of power 2.

    effective_metric_params_ : dict
        Its parameters.

    n_samples_fit_ : int
        Number of fitted points.
    """

    _constraints: dict = {
        "algorithm": [Options("auto", "ball_tree", "kd_tree", "brute")],
        "leaf_size": [Interval(numbers.Integral, 1)],
        "p": [Interval(numbers.Real, 0, closed="right"), None],
        "metric": [_Metrics(*solver.METRICS), callable, _DistanceMetrics()],
        "metric_params": [dict, None],
        "n_jobs": [numbers.Integral, None],
        "device": DEVICE,
    }
    n_samples_fit_: int
    _sklearn: Any  # scikit-learn's estimator where that searches, or None
    _tree: Any  # a KDTree, or None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.metric == "precomputed"
        tags.input_tags.positive_only = tags.input_tags.pairwise
        tags.input_tags.allow_nan = self.metric == "nan_euclidean"
        return tags

    # ---- fit ------------------------------------------------------------------------------------
    def _served(self):
        """Tell whether fastml's kernels serve the parameters; scikit-learn serves, or refuses, the others."""
        params = self.metric_params or {}
        if not isinstance(self.metric, str) or self.metric not in SERVED[self.algorithm]:
            return False
        if solver.METRICS[self.metric] != "minkowski":
            return not params
        p = params.get("p", self.p)
        named = "p" in params or (self.metric == "minkowski" and p is not None)
        twice = "p" in params and self.p is not None  # a warning of scikit-learn's
        return params.keys() <= {"p"} and named and not twice and isinstance(p, numbers.Real) and p >= 1

    def _check_options(self):
        """Options of the validation of data."""
        options = {"accept_sparse": "csr"}
        if self.metric == "nan_euclidean":
            options["ensure_all_finite"] = "allow-nan"
        if not self._served():
            options["dtype"] = "numeric"
        return options

    def _fit_search(self, X):
        """Keep the data, and what a search among them needs."""
        if isinstance(X, NeighborsBase):
            for name in ("_fit_X", "_tree", "_fit_method", "_sklearn", "n_samples_fit_"):
                setattr(self, name, getattr(X, name))
            self._set_metric()
            return
        reason = self._why_sklearn(X)
        if reason:
            report_fallback("scikit-learn's NearestNeighbors", reason)
            self._fit_sklearn(X)
            return
        self._sklearn = None
        self._set_metric()
        if isinstance(X, KDTree):
            self._fit_X, self._tree, self._fit_method = X.data, X, "kd_tree"
        else:
            self._fit_X, self._tree = CPU.to_host(X), None
            self._fit_method = self._choose_method(X)
            if self._fit_method == "kd_tree":
                arguments = {**self.effective_metric_params_}
                self._tree = KDTree(self._fit_X, self.leaf_size, self.effective_metric_, **arguments)
        self.n_samples_fit_ = self._fit_X.shape[0]

    def _why_sklearn(self, X):
        """Say why scikit-learn must search; empty where it need not."""
        if isinstance(X, KDTree):
            return "" if X._tree is not None and self._served() else "no kernel serves the tree's metric"
        if is_search(X):
            return "it was given an object of scikit-learn's"
        if is_sparse(X):
            return "the data is sparse"
        if not self._served():
            return f"no kernel serves metric={self.metric!r} with these parameters"
        return ""

    def _set_metric(self):
        """Set `effective_metric_` and its parameters, as scikit-learn names them."""
        params = dict(self.metric_params or {})
        metric = self.metric
        if metric == "minkowski":
            p = params.get("p", self.p)
            params = {}
            metric = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(p, metric)
            if metric == "minkowski":
                params["p"] = p
        self.effective_metric_, self.effective_metric_params_ = metric, params

    def _choose_method(self, X):
        if self.algorithm != "auto":
            return self.algorithm
        n_samples, n_features = X.shape
        few = getattr(self, "n_neighbors", None) is None or self.n_neighbors < n_samples // 16
        on_host = choose(self.device, X).name == "cpu"  # trees are searched there only
        tree = on_host and few and self.metric in SERVED["kd_tree"] and tree_pays(n_samples, n_features)
        return "kd_tree" if tree else "brute"

    def _fit_sklearn(self, X):
        """Fit scikit-learn's estimator, and take its attributes."""
        X = X._sklearn_tree() if isinstance(X, KDTree) else X
        names = ("n_neighbors", "radius", "algorithm", "leaf_size", "metric", "p", "metric_params", "n_jobs")
        theirs = sk("sklearn.neighbors.NearestNeighbors")(
            **{name: getattr(self, name) for name in names if hasattr(self, name)}
        )
        # Parameters were validated as this estimator's, which may take more.
        with sk("sklearn.config_context")(skip_parameter_validation=True):
            theirs.fit(X)
        self._sklearn = theirs
        for name in ("_fit_X", "_tree", "_fit_method", "n_samples_fit_"):
            setattr(self, name, getattr(theirs, name))
        self.effective_metric_ = theirs.effective_metric_
        self.effective_metric_params_ = theirs.effective_metric_params_
        if self.metric == "precomputed":
            self.n_features_in_ = theirs.n_features_in_

    def _as_sklearn(self):
        """Return scikit-learn's estimator of the same data, for what only it serves and for its errors."""
        if self._sklearn is not None:
            return self._sklearn
        metric, p = self._metric()
        theirs = sk("sklearn.neighbors.NearestNeighbors")(
            n_neighbors=getattr(self, "n_neighbors", None), radius=getattr(self, "radius", None),
            algorithm="brute", metric=metric, p=p, n_jobs=self.n_jobs,
        )  # fmt: skip
        theirs.fit(self._fit_X)
        if self.algorithm in ("ball_tree", "kd_tree"):
            theirs._fit_method = self.algorithm  # which does not take sparse queries
        return theirs

    # ---- search -----------------------------------------------------------------------------------
    def _queries(self, X):
        """Validate queries; None, for the fitted points themselves, stays None."""
        if X is None or self.metric == "precomputed":
            return X
        return check_X(self, X, reset=False, **self._check_options())

    def _place(self, X):
        """Choose the device of a search; return it with queries and candidates, of one dtype, on it."""
        Y = self._fit_X
        queries = Y if X is None else X
        work = 2.0 * queries.shape[0] * Y.size
        device = choose(self.device, queries, work=work)
        dtype = np.result_type(queries.dtype, Y.dtype)
        Y = device.asarray(Y, dtype)
        return device, Y if X is None else device.asarray(queries, dtype), Y

    def _metric(self):
        """The kernels' name of the metric, and the power of Minkowski's."""
        return solver.METRICS[self.effective_metric_], float(self.effective_metric_params_.get("p", 2))

    def _threads(self):
        """Make a context that obeys `n_jobs`; None and -1 leave the threads to the configuration."""
        if self.n_jobs is None or self.n_jobs < 1:
            return contextlib.nullcontext()
        return _config.config_context(n_threads=int(self.n_jobs))


def is_search(X) -> bool:
    """Tell whether X is a tree or a fitted estimator of neighbours, fastml's or scikit-learn's."""
    if isinstance(X, (KDTree, NeighborsBase)):
        return True
    if not type(X).__module__.startswith("sklearn."):
        return False
    kinds = ("_base.NeighborsBase", "_kd_tree.KDTree", "_ball_tree.BallTree")
    return isinstance(X, tuple(sk(f"sklearn.neighbors.{kind}") for kind in kinds))
