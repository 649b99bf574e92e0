"""Boosted trees in ONNX's operators."""

from __future__ import annotations

import numpy as np

from ._ensemble import LESS_OR_EQUAL, MEMBER, Nodes, add_ensemble

__all__ = ["add_trees"]


def add_trees(graph, est) -> str:
    """Add the raw predictions of histogram gradient boosting to a graph.

    Parameters
    ----------
    graph : Graph
        The graph; its present value is what the trees are given.
    est : BaseHistGradientBoosting
        The fitted estimator.

    Returns
    -------
    name : str
        Of the raw predictions, float64 of shape (n_samples, n_outputs).

    Raises
    ------
    ValueError
        If categories are no numbers.
    """
    records, k = est._records, est.n_trees_per_iteration_
    nodes, sizes = records.nodes, records.sizes[:, 0]
    roots = np.cumsum(sizes) - sizes
    first = np.repeat(roots, sizes)
    tree_of = np.repeat(np.arange(len(sizes)), sizes)
    true, false = nodes["left"] + first, nodes["right"] + first
    by_set = nodes["is_categorical"] != 0
    swapped, members = _member_sets(est, nodes["feature_idx"][by_set])
    at = np.flatnonzero(by_set)[swapped]
    true[at], false[at] = false[at], true[at]
    described = Nodes(
        roots=roots,
        targets=tree_of % k,
        values=nodes["value"].copy(),
        is_leaf=nodes["is_leaf"] != 0,
        feature=nodes["feature_idx"].astype(np.int64),
        true=true.astype(np.int64),
        false=false.astype(np.int64),
        threshold=_thresholds(nodes),
        missing_true=(nodes["missing_go_to_left"] != 0) & ~by_set,
        mode=np.where(by_set, MEMBER, LESS_OR_EQUAL).astype(np.uint8),
        members=members,
    )
    return graph.add("Add", add_ensemble(graph, described, k), est._baseline)


def _thresholds(nodes):
    return nodes["num_threshold"].copy()


def _member_sets(est, features):
    """The categories of each split by a set, as values of the input.

    What is missing or no known category goes where the node sends missing values. A set tells only its
    members from all others: where missing values go left, its members are those that go right, and the sides
    are swapped.
    """
    if not len(features):
        return np.empty(0, bool), np.empty(0)
    encoder = est._preprocessor.named_transformers_["encoder"]
    categories = dict(zip(np.flatnonzero(est.is_categorical_), encoder.categories_))
    missing, swapped, members = est._bins.max_bins, [], []
    bits = np.unpackbits(est._records.sets.view(np.uint8), axis=1, bitorder="little").astype(bool)
    for feature, goes_left in zip(features, bits):
        values = categories[feature]
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"feature {feature} has categories that are no numbers, which trees in ONNX do not take: "
                "encode them before, for instance with OrdinalEncoder"
            )
        values = values[values == values].astype(np.float64)
        swap = bool(goes_left[missing])
        chosen = values[goes_left[: len(values)] != swap]
        swapped.append(swap)
        members += [chosen if len(chosen) else np.full(1, np.inf), np.full(1, np.nan)]
    return np.array(swapped), np.concatenate(members)
