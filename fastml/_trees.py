"""What decision trees and forests of them share: parameters, targets, weights, and data for the kernels."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any, NamedTuple

import numpy as np

from ._device import CPU, choose, report_fallback
from ._parameters import Interval, Options
from ._plain import finite
from ._validation import check_X, sk

__all__ = [
    "CLASSIFICATION",
    "CONSTRAINTS",
    "MAX_SEED",
    "REGRESSION",
    "Plan",
    "RealNotInt",
    "as_float32",
    "balanced_weight",
    "check_poisson",
    "count_drawn",
    "encode_classes",
    "grow_on_host",
    "make_plan",
    "present_criterion",
    "rank_table",
]

CLASSIFICATION = ("gini", "entropy", "log_loss")
REGRESSION = ("squared_error", "absolute_error", "poisson")
MAX_SEED = 2**31 - 1
MAX_BINS = 255


class RealNotInt(Interval):
    """A real number that is no integer, in an interval."""

    def accepts(self, value) -> bool:
        return not isinstance(value, numbers.Integral) and super().accepts(value)

    def to_sklearn(self):
        cls = sk("sklearn.utils._param_validation.Interval")
        kind = sk("sklearn.utils._param_validation.RealNotInt")
        return cls(kind, self.low, self.high, closed=self.closed)


CONSTRAINTS = {  # of the parameters that single trees and forests have in common
    "max_depth": [Interval(numbers.Integral, 1), None],
    "min_samples_split": [
        Interval(numbers.Integral, 2),
        RealNotInt(numbers.Real, 0.0, 1.0, closed="right"),
    ],
    "min_samples_leaf": [
        Interval(numbers.Integral, 1),
        RealNotInt(numbers.Real, 0.0, 1.0, closed="neither"),
    ],
    "min_weight_fraction_leaf": [Interval(numbers.Real, 0.0, 0.5, closed="both")],
    "max_features": [
        Interval(numbers.Integral, 1),
        RealNotInt(numbers.Real, 0.0, 1.0, closed="right"),
        Options("sqrt", "log2"),
        None,
    ],
    "random_state": ["random_state"],
    "max_leaf_nodes": [Interval(numbers.Integral, 2), None],
    "min_impurity_decrease": [Interval(numbers.Real, 0.0)],
    "ccp_alpha": [Interval(numbers.Real, 0.0)],
    "monotonic_cst": ["array-like", None],
}


def present_criterion(criterion):
    """Return the name that a criterion has now; the old one is still taken, with scikit-learn's warning."""
    if isinstance(criterion, str) and criterion == "friedman_mse":
        warnings.warn(
            'Value `"friedman_mse"` for `criterion` is deprecated and will be removed in 1.11. It maps to '
            '`"squared_error"` as both were always equivalent. Use `criterion="squared_error"` to remove '
            "this warning.",
            FutureWarning,
            stacklevel=3,
        )
        return "squared_error"
    return criterion


class Plan(NamedTuple):
    """What kind of tree is grown.

    Attributes
    ----------
    criterion : str
        What makes a split good.
    n_features : int
        Number of features.
    n_classes : list of int
        Classes of each output; 1 for regression.
    limits : Limits
        What bounds the growth.
    monotonic : ndarray of shape (n_features,) or None
        Signs for the kernels.
    """

    criterion: str
    n_features: int
    n_classes: list
    limits: Any
    monotonic: Any


def make_plan(est, shape, n_classes, is_classifier, total_weight, random) -> Plan:
    """Work out the plan of an estimator's trees.

    Parameters
    ----------
    est : estimator
        Its parameters are those in `CONSTRAINTS`, and `criterion`.
    shape : tuple of int
        Of the data.
    n_classes : list of int
        Classes of each output; 1 for regression.
    is_classifier : bool
        Whether the trees classify.
    total_weight : float
        Sum of the samples' weights.
    random : bool
        Whether thresholds are drawn.

    Returns
    -------
    plan : Plan
        The plan.

    Raises
    ------
    ValueError
        For a parameter `monotonic_cst` that does not suit the data.
    """
    n_samples, n_features = shape
    leaf, split = est.min_samples_leaf, est.min_samples_split
    leaf = int(leaf) if isinstance(leaf, numbers.Integral) else math.ceil(leaf * n_samples)
    split = int(split) if isinstance(split, numbers.Integral) else max(2, math.ceil(split * n_samples))
    limits = CPU.kernels.tree.Limits(
        max_features=count_features(est.max_features, n_features),
        min_samples_split=max(split, 2 * leaf),
        min_samples_leaf=leaf,
        min_weight_leaf=est.min_weight_fraction_leaf * total_weight,
        min_impurity_decrease=est.min_impurity_decrease,
        max_depth=2**31 - 1 if est.max_depth is None else int(est.max_depth),
        max_leaf_nodes=-1 if est.max_leaf_nodes is None else int(est.max_leaf_nodes),
        random=random,
    )
    monotonic = _check_monotonic(est, n_features, n_classes, is_classifier)
    return Plan(est.criterion, n_features, n_classes, limits, monotonic)


def count_features(max_features, n_features) -> int:
    """Return how many features a split considers."""
    if max_features is None:
        return n_features
    if max_features == "sqrt":
        return max(1, int(np.sqrt(n_features)))
    if max_features == "log2":
        return max(1, int(np.log2(n_features)))
    if isinstance(max_features, numbers.Integral):
        return int(max_features)
    return max(1, int(max_features * n_features))


def count_drawn(share, n_samples, weight) -> int:
    """Return how many samples a share of them, or of their weight, is; warn where these are few.

    Parameters
    ----------
    share : float
        The share.
    n_samples : int
        How many samples there are.
    weight : ndarray of shape (n_samples,) or None
        Their weights.

    Returns
    -------
    n_drawn : int
        At least 1.
    """
    of = n_samples if weight is None else weight.sum()
    n_drawn = max(int(share * of), 1)
    if n_drawn < max(10, n_samples ** (1 / 3)):
        what = "number of samples" if weight is None else "total sum of sample weights"
        warnings.warn(
            f"Using the fractional value max_samples={share!r} when the {what} is {of} results in a low "
            f"number ({n_drawn}) of bootstrap samples. We recommend passing `max_samples` as an integer "
            "instead.",
            stacklevel=6,
        )
    return n_drawn


def _check_monotonic(est, n_features, n_classes, is_classifier):
    if est.monotonic_cst is None:
        return None
    signs = np.asarray(est.monotonic_cst)
    if len(n_classes) > 1:
        raise ValueError("Monotonicity constraints are not supported with multiple outputs.")
    if signs.shape[0] != n_features:
        raise ValueError(
            f"monotonic_cst has shape {signs.shape[0]} but the input data X has {n_features} features."
        )
    if not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            f"monotonic_cst must be None or an array-like of -1, 0 or 1, but got {np.unique(signs)}"
        )
    if is_classifier and n_classes[0] > 2:
        raise ValueError("Monotonicity constraints are not supported with multiclass classification")
    # The kernels constrain the value of the first class, users the probability of the second.
    return signs.astype(np.int64) * (-1 if is_classifier else 1)


# ---- targets and weights ----------------------------------------------------------------------------
def encode_classes(y) -> tuple:
    """Number the classes of each output.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
        Labels.

    Returns
    -------
    codes : float64 ndarray of shape (n_samples, n_outputs)
        The numbers.
    classes : list of ndarray
        The labels of each output.
    """
    codes, classes = np.empty(y.shape), []
    for k in range(y.shape[1]):
        labels, codes[:, k] = np.unique(y[:, k], return_inverse=True)
        classes.append(labels)
    return codes, classes


def balanced_weight(codes, n_classes, indices=None) -> np.ndarray:
    """Weigh samples so that the classes of each output have equal weights.

    Parameters
    ----------
    codes : float64 ndarray of shape (n_samples, n_outputs)
        The numbers of the classes.
    n_classes : list of int
        Classes of each output.
    indices : ndarray, default=None
        The drawn samples, whose classes count; None means each sample once.

    Returns
    -------
    weight : float64 ndarray of shape (n_samples,)
        The product of the outputs' weights; 0 for classes that were not drawn.
    """
    weight = np.ones(len(codes))
    for k, n in enumerate(n_classes):
        column = codes[:, k].astype(np.intp)
        counts = np.bincount(column if indices is None else column[indices], minlength=n)
        total, present = counts.sum(), np.count_nonzero(counts)
        weight *= np.where(counts > 0, total / (present * np.maximum(counts, 1)), 0.0)[column]
    return weight


def check_poisson(y, strictly):
    """Raise scikit-learn's errors for targets that are no counts.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
        Targets.
    strictly : str
        How the estimator calls a positive sum.
    """
    if np.any(y < 0):
        raise ValueError("Some value(s) of y are negative which is not allowed for Poisson regression.")
    if np.sum(y) <= 0:
        raise ValueError(f"Sum of y is not {strictly} which is necessary for Poisson regression.")


# ---- data -------------------------------------------------------------------------------------------
def rank_table(est, X, *, random=False, bins=False):
    """Rank the columns of validated data for the growing of trees.

    Parameters
    ----------
    est : estimator
        The data is for it; its parameter `device` is asked.
    X : array of shape (n_samples, n_features)
        The data, float32 or float64.
    random : bool, default=False
        Whether thresholds are drawn.
    bins : bool, default=False
        Whether columns are cut into at most `MAX_BINS` bins.

    Returns
    -------
    table : Table
        See ``kernels.cpu.tree_columns``.
    """
    X = grow_on_host(est, X)
    kernels = CPU.kernels.tree_columns
    table = kernels.order_columns(X) if random else kernels.rank_columns(X, MAX_BINS if bins else 0)
    if table is None:
        _refuse(est, X)
    return table


def grow_on_host(est, X):
    """Return the data on the host; report that trees grow there if they were to grow on a GPU.

    Parameters
    ----------
    est : estimator
        Its parameter `device` is asked.
    X : array or sparse matrix of shape (n_samples, n_features)
        The data.

    Returns
    -------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        The data.
    """
    if choose(est.device, X).name != "cpu":
        report_fallback(f"growing the trees of {type(est).__name__} on the CPU", "they grow there only")
    return X if hasattr(X, "tocsr") else CPU.to_host(X)


def _refuse(est, X):
    """Raise scikit-learn's error for values that float32 cannot hold."""
    sk("sklearn.utils.check_array")(
        X, dtype=np.float32, ensure_all_finite="allow-nan", estimator=est, input_name="X"
    )


def as_float32(est, X, allow_nan):
    """Validate data for a method that follows `fit`.

    Parameters
    ----------
    est : estimator
        The fitted estimator.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The data.
    allow_nan : bool
        Whether values may be missing.

    Returns
    -------
    X : float32 ndarray, or CSR matrix, of shape (n_samples, n_features)
        As trees see it, on the host.
    """
    wanted: Any = "allow-nan" if allow_nan else True
    X = check_X(est, X, reset=False, ensure_all_finite=wanted, accept_sparse="csr")
    if hasattr(X, "tocsr"):
        return X.astype(np.float32, copy=False)
    X = CPU.to_host(X)
    if X.dtype != np.float32:
        with np.errstate(over="ignore"):
            narrowed = X.astype(np.float32)
        if not finite(narrowed, allow_nan):
            _refuse(est, X)
        X = narrowed
    return X
