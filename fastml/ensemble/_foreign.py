"""Boosted trees of other libraries, brought into the form of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._device import CPU
from ..kernels._boosted import NODE, Records
from ..solvers.boosting import Bins
from ._boosting_inputs import make_encoder

__all__ = ["ForeignTree", "Model", "read", "read_text"]

# What is raised on the way through a text that is not as it should be, besides ValueError
DAMAGES = ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError

MAX_BINS = 255  # and the code of missing values
MOST_THRESHOLDS = MAX_BINS - 1
MOST_FEATURES = 2**17
MOST_NODES = 2**23  # of a tree
WIDTH = 256


class ForeignTree(NamedTuple):
    """A tree as other libraries have it: nodes in any order, the first one is the root.

    Attributes
    ----------
    left, right : list of int
        Children of each node; -1 for leaves.
    feature : list of int
        What a node asks for.
    threshold : list of float
        A row goes left where the feature is not above the threshold.
    missing_left : list of bool
        Whether missing values go left.
    sets : dict of int to bool ndarray of shape (255,)
        For nodes that split by category: which categories go left.
    value : list of float
        Of leaves.
    n_rows : list of int
        Rows in each node; zeros where nobody has noted them.
    gain : list of float
        Of splits.
    """

    left: list
    right: list
    feature: list
    threshold: list
    missing_left: list
    sets: dict
    value: list
    n_rows: list
    gain: list


class Model(NamedTuple):
    """A model of another library's.

    Attributes
    ----------
    source : str
        The library.
    trees : list of ForeignTree
        Tree t adds to output t % n_outputs.
    n_features : int
        Number of features.
    names : list of str or None
        Names of the features.
    baseline : list of float
        For each output.
    loss : str
        The loss of ours that turns raw predictions into predictions as the model's objective does.
    n_classes : int
        Number of classes; 0 for regression.
    """

    source: str
    trees: list
    n_features: int
    names: Any
    baseline: list
    loss: str
    n_classes: int


def read_text(model, is_text) -> str:
    """Return the text of a model.

    Parameters
    ----------
    model : str, bytes or path-like
        The text itself, or the path of its file.
    is_text : callable
        Tells whether a string is the text and no path.

    Returns
    -------
    text : str
        The text.
    """
    if isinstance(model, (bytes, bytearray)):
        return bytes(model).decode()
    if isinstance(model, str) and is_text(model):
        return model
    return Path(os.fspath(model)).read_text(encoding="utf-8")


def read(cls, reader, model, device):
    """Make an estimator of ours that predicts what a model of another library's does.

    Parameters
    ----------
    cls : type
        The estimator's class.
    reader : callable
        Returns the `Model` that a text describes.
    model : str, bytes or path-like
        The text, or the path of its file.
    device : str or None
        The estimator's parameter.

    Returns
    -------
    est : BaseHistGradientBoosting
        Fitted.

    Raises
    ------
    ValueError
        If there is no such model, or it cannot be represented.
    """
    try:
        found = reader(model)
        loss = {} if cls._predicts_numbers is False else {"loss": found.loss}
        return _adopt(cls(device=device, **loss), found)
    except DAMAGES as error:
        raise ValueError(f"the model is damaged: {type(error).__name__}: {error}") from error


def _adopt(est, model):
    classifies = not est._predicts_numbers
    if classifies != (model.n_classes > 0):
        kind = "classification" if model.n_classes else "regression"
        raise ValueError(f"this is a model for {kind}, which {type(est).__name__} is not for")
    k = len(model.baseline)
    if not model.trees or len(model.trees) % k:
        raise ValueError("the rounds have not the same number of trees")
    if not 1 <= model.n_features <= MOST_FEATURES:
        raise ValueError(f"models may have 1 to {MOST_FEATURES} features, not {model.n_features}")
    trees = [_side_by_side(tree, model.n_features) for tree in model.trees]
    bins, categorical = _find_bins(trees, model.n_features)
    est._records, est._bins = _to_records(trees, bins), bins
    est._baseline = np.array(model.baseline, np.float64)
    est.is_categorical_ = categorical if categorical.any() else None
    est._preprocessor = None
    est.n_features_in_, est.n_trees_per_iteration_ = model.n_features, k
    names = None if model.names is None else np.array(model.names, dtype=object)
    if names is not None:
        if len(names) != model.n_features or not all(isinstance(name, str) for name in names):
            raise ValueError("not every feature has a name")
        est.feature_names_in_ = names
    if categorical.any():
        known = [np.arange(MAX_BINS, dtype=np.float64)] * int(categorical.sum())
        est._preprocessor = make_encoder(categorical, known, names)
    if classifies:
        est.classes_ = np.arange(model.n_classes)
    est._random_seed = est._feature_seed = 0
    est._with_weights = not all(tree["count"][0] for tree, _ in trees)
    est.do_early_stopping_ = False
    est.train_score_ = est.validation_score_ = np.empty(0)
    est._read_from = model.source
    return est


def _side_by_side(tree, n_features):
    """Order a tree's nodes so that siblings stand side by side, behind their parent.

    Returns the nodes in our form, without bins, and the sets of those that have one, in order.
    """
    order, depth, lefts, at = [0], [0], [], 0
    seen = {0}
    n = len(tree.left)
    if not 1 <= n <= MOST_NODES:
        raise ValueError("a tree has no nodes, or too many")
    while at < len(order):
        node = order[at]
        left, right = tree.left[node], tree.right[node]
        if (left < 0) != (right < 0):
            raise ValueError("a node has one child")
        lefts.append(len(order) if left >= 0 else 0)
        if left >= 0:
            if left == right or left in seen or right in seen or max(left, right) >= n:
                raise ValueError("the nodes of a tree make no tree")
            if not 0 <= tree.feature[node] < n_features:
                raise ValueError("a tree asks for a feature that is none")
            seen.update((left, right))
            order += [left, right]
            depth += [depth[at] + 1] * 2
        at += 1
    nodes = np.zeros(len(order), NODE)
    inner = np.array(lefts) > 0
    nodes["is_leaf"], nodes["depth"], nodes["left"] = ~inner, depth, lefts
    nodes["right"][inner] = nodes["left"][inner] + 1
    of_splits = {"feature_idx": tree.feature, "num_threshold": tree.threshold, "gain": tree.gain}
    for name, values in (*of_splits.items(), ("missing_go_to_left", tree.missing_left)):
        nodes[name][inner] = np.asarray(values)[order][inner]
    nodes["value"], nodes["count"] = np.asarray(tree.value)[order], np.asarray(tree.n_rows)[order]
    if not np.isfinite(nodes["value"][~inner]).all() or np.isnan(nodes["num_threshold"][inner]).any():
        raise ValueError("a tree holds values that are no numbers")
    sets = []
    for place, node in enumerate(order):
        if inner[place] and node in tree.sets:
            nodes["is_categorical"][place], nodes["bitset_idx"][place] = 1, len(sets)
            bits = np.zeros(WIDTH, bool)
            bits[:MAX_BINS] = tree.sets[node]
            bits[MAX_BINS] = nodes["missing_go_to_left"][place]
            sets.append(np.packbits(bits, bitorder="little").view(np.uint32))
    return nodes, sets


def _find_bins(trees, n_features):
    """Bins that end just at the trees' thresholds, and which features are categories."""
    inner = [nodes[nodes["is_leaf"] == 0] for nodes, _ in trees]
    splits = np.concatenate(inner)
    by_set = splits["is_categorical"] != 0
    categorical = np.zeros(n_features, bool)
    categorical[splits["feature_idx"][by_set]] = True
    numeric = splits[~by_set]
    if categorical[numeric["feature_idx"]].any():
        raise ValueError("a feature is split by categories and by thresholds")
    thresholds: list[Any] = [np.empty(0)] * n_features
    for feature, places in _by_feature(numeric["feature_idx"]):
        found = np.unique(numeric["num_threshold"][places])
        if len(found) > MOST_THRESHOLDS:
            raise ValueError(
                f"feature {feature} is split at {len(found)} thresholds; the most are {MOST_THRESHOLDS}. "
                "Train with fewer bins (max_bin)."
            )
        thresholds[feature] = found
    for feature in np.flatnonzero(categorical):
        thresholds[feature] = np.arange(MAX_BINS, dtype=np.float64)
    padded = CPU.kernels.binning.pad_thresholds(thresholds)
    n_categories = np.where(categorical, MAX_BINS, 0)
    sizes = np.array([len(values) for values in thresholds], np.int64) + ~categorical
    return Bins(thresholds, padded, n_categories, sizes, MAX_BINS), categorical


def _by_feature(features):
    """Yield each feature that occurs, and where."""
    order = np.argsort(features, kind="stable")
    found, starts = np.unique(features[order], return_index=True)
    return zip(found.tolist(), np.split(order, starts[1:]))


def _to_records(trees, bins):
    sets = [word for _, own in trees for word in own]
    nodes = np.concatenate([nodes for nodes, _ in trees])
    numeric = np.flatnonzero((nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0))
    for feature, places in _by_feature(nodes["feature_idx"][numeric]):
        at = numeric[places]
        nodes["bin_threshold"][at] = np.searchsorted(bins.thresholds[feature], nodes["num_threshold"][at])
    nodes["num_threshold"][nodes["is_categorical"] != 0] = 0
    return Records(
        nodes,
        np.array(sets, np.uint32).reshape(-1, WIDTH // 32),
        np.array([(len(nodes), len(own)) for nodes, own in trees], np.int64),
    )
