"""Exact trees and forests of them in ONNX's operators."""

from __future__ import annotations

import numpy as np

from ._ensemble import LESS_OR_EQUAL, Nodes, add_ensemble
from ._graph import ML, tensor

__all__ = ["add_trees"]


def add_trees(graph, trees) -> str:
    """Add the mean of trees to a graph.

    Parameters
    ----------
    graph : Graph
        The graph; its present value is what the trees are given.
    trees : list of Tree
        The trees.

    Returns
    -------
    name : str
        Of the means of the values, float64 of shape (n_samples, n_values).
    """
    graph.at = graph.cast(graph.at, np.float32)  # as which the trees compare
    n_values = trees[0].value[0].size
    sums = _one_value(graph, trees) if n_values == 1 else _several_values(graph, trees, n_values)
    return graph.add("Div", sums, np.array([float(len(trees))])) if len(trees) > 1 else sums


def _one_value(graph, trees):
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.cumsum(sizes) - sizes
    first = np.repeat(roots, sizes)
    left = np.concatenate([tree.children_left for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    n = len(left)
    nodes = Nodes(
        roots=roots,
        targets=np.zeros(n, np.int64),
        values=np.concatenate([tree.value.ravel() for tree in trees]),
        is_leaf=left == -1,
        feature=np.concatenate([tree.feature for tree in trees]),
        true=left + first,
        false=right + first,
        threshold=np.concatenate([tree.threshold for tree in trees]),
        missing_true=np.concatenate([tree.missing_go_to_left for tree in trees]) != 0,
        mode=np.full(n, LESS_OR_EQUAL, np.uint8),
        members=np.empty(0),
    )
    return add_ensemble(graph, nodes, 1)


def _several_values(graph, trees, n_values):
    """The older operator has as many values for a leaf as one likes."""
    tree_of = np.repeat(np.arange(len(trees)), [tree.node_count for tree in trees])
    node = np.concatenate([np.arange(tree.node_count) for tree in trees])
    left = np.concatenate([tree.children_left for tree in trees])
    leaf = left == -1
    values = np.concatenate([tree.value.reshape(tree.node_count, -1) for tree in trees])[leaf]
    kept_leaf, kept_value = np.nonzero(values)
    # A leaf without any value would be none; shares are never all zero, targets may be.
    bare = np.flatnonzero(~values.any(axis=1))
    kept_leaf = np.concatenate([kept_leaf, bare])
    kept_value = np.concatenate([kept_value, np.zeros(len(bare), np.int64)])

    def inner(name):
        return np.where(leaf, 0, np.concatenate([getattr(tree, name) for tree in trees]))

    sums = graph.add(
        "TreeEnsembleRegressor", graph.cast(graph.at, np.float64), domain=ML,
        n_targets=n_values,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=tree_of.tolist(),
        nodes_nodeids=node.tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_featureids=inner("feature").tolist(),
        nodes_truenodeids=inner("children_left").tolist(),
        nodes_falsenodeids=inner("children_right").tolist(),
        nodes_values_as_tensor=tensor(inner("threshold").astype(np.float64)),
        nodes_missing_value_tracks_true=inner("missing_go_to_left").astype(np.int64).tolist(),
        target_treeids=tree_of[leaf][kept_leaf].tolist(),
        target_nodeids=node[leaf][kept_leaf].tolist(),
        target_ids=kept_value.tolist(),
        target_weights_as_tensor=tensor(values[kept_leaf, kept_value]),
    )  # fmt: skip
    return graph.cast(sums, np.float64)
