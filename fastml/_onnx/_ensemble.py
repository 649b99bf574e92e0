"""The operator TreeEnsemble, which takes inner nodes and leaves apart and has one value for each leaf."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._graph import ML, NEW_ML, tensor

__all__ = ["LESS_OR_EQUAL", "MEMBER", "Nodes", "add_ensemble"]

LESS_OR_EQUAL, MEMBER = 0, 6  # how a node decides
SUM, NO_TRANSFORM = 1, 0


class Nodes(NamedTuple):
    """Trees, one after the other. All nodes are counted from the first one of the first tree.

    Attributes
    ----------
    roots : int64 ndarray of shape (n_trees,)
        Where the trees begin.
    targets : int64 ndarray of shape (n_nodes,)
        Which result a leaf adds to.
    values : float64 ndarray of shape (n_nodes,)
        What a leaf adds.
    is_leaf : bool ndarray of shape (n_nodes,)
        Which nodes are leaves.
    feature, true, false : int64 ndarray of shape (n_nodes,)
        Of inner nodes: what they ask for, and their children.
    threshold : float64 ndarray of shape (n_nodes,)
        Likewise.
    missing_true : bool ndarray of shape (n_nodes,)
        Whether missing values go to the first child.
    mode : uint8 ndarray of shape (n_nodes,)
        `LESS_OR_EQUAL` or `MEMBER`.
    members : float64 ndarray
        Of the nodes with the mode `MEMBER`, in order, each set followed by NaN.
    """

    roots: Any
    targets: Any
    values: Any
    is_leaf: Any
    feature: Any
    true: Any
    false: Any
    threshold: Any
    missing_true: Any
    mode: Any
    members: Any


def add_ensemble(graph, nodes, n_targets) -> str:
    """Add trees to a graph.

    Parameters
    ----------
    graph : Graph
        The graph; its present value is what the trees are given.
    nodes : Nodes
        The trees.
    n_targets : int
        The number of results.

    Returns
    -------
    name : str
        Of the sums, float64 of shape (n_samples, n_targets).
    """
    graph.ml_version = NEW_ML
    nodes = _split_roots(nodes)
    leaf, inner = np.flatnonzero(nodes.is_leaf), np.flatnonzero(~nodes.is_leaf)
    place = np.empty(len(nodes.is_leaf), np.int64)  # among the leaves, or among the inner nodes
    place[leaf], place[inner] = np.arange(len(leaf)), np.arange(len(inner))
    true, false = nodes.true[inner], nodes.false[inner]
    attributes = {
        "tree_roots": place[nodes.roots].tolist(),
        "nodes_featureids": nodes.feature[inner].tolist(),
        "nodes_splits": tensor(nodes.threshold[inner]),
        "nodes_modes": tensor(nodes.mode[inner]),
        "nodes_truenodeids": place[true].tolist(),
        "nodes_falsenodeids": place[false].tolist(),
        "nodes_trueleafs": nodes.is_leaf[true].astype(np.int64).tolist(),
        "nodes_falseleafs": nodes.is_leaf[false].astype(np.int64).tolist(),
        "nodes_missing_value_tracks_true": nodes.missing_true[inner].astype(np.int64).tolist(),
        "leaf_targetids": nodes.targets[leaf].tolist(),
        "leaf_weights": tensor(nodes.values[leaf]),
        "n_targets": n_targets,
        "aggregate_function": SUM,
        "post_transform": NO_TRANSFORM,
    }
    if len(nodes.members):
        attributes["membership_values"] = tensor(nodes.members)
    rows = graph.cast(graph.at, np.float64)
    return graph.add("TreeEnsemble", rows, domain=ML, **attributes)


def _split_roots(nodes):
    """Give trees that are one leaf a root above it, as the operator wants it, with equal leaves."""
    lonely = nodes.roots[nodes.is_leaf[nodes.roots]]
    if not len(lonely):
        return nodes
    n, m = len(nodes.is_leaf), len(lonely)
    grown = Nodes(nodes.roots, *(np.concatenate([part, part[lonely], part[lonely]]) for part in nodes[1:-1]),
                  nodes.members)  # fmt: skip
    grown.is_leaf[lonely] = False
    grown.feature[lonely], grown.threshold[lonely], grown.mode[lonely] = 0, 0.0, LESS_OR_EQUAL
    grown.missing_true[lonely] = False
    grown.true[lonely], grown.false[lonely] = n + np.arange(m), n + m + np.arange(m)
    return grown
