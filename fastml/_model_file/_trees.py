"""Decision trees in a file: what can be worked out from the rest is left out.

Trees lie one after the other. Depth first, one bit a node tells the whole shape. Numbers of samples and
counts of classes are kept for leaves, where those of a parent are the sums of its children's; shares of
classes are kept as counts, and Gini's impurities not at all, where they are just what follows from those.
"""

from __future__ import annotations

import numpy as np

from .._device import CPU
from ..solvers.tree import N_REALS, Tree
from ._columns import pack, pack_flags, require, unpack, unpack_flags

__all__ = ["Shape", "load_sums", "load_trees", "save_trees", "sum_up"]

LEFT, RIGHT, FEATURE, N_SAMPLES, MISSING_LEFT = range(5)  # columns of `Tree.nodes`
THRESHOLD, IMPURITY, WEIGHT = range(N_REALS)  # columns of `Tree.reals`
LEAF = -1
MOST_FEATURES = 2**29  # what a packed node has room for


class Shape:
    """Which nodes of some trees, one after the other, are the children of which.

    Parameters
    ----------
    sizes : int64 ndarray of shape (n_trees,)
        Nodes of each tree.
    is_inner : bool ndarray of shape (n_nodes,)
        Which nodes are no leaves.
    left, right : int64 ndarray of shape (n_inner,)
        The children of these, which stand behind them. All nodes are counted from the first one of the first
        tree.

    Attributes
    ----------
    depths : int64 ndarray of shape (n_nodes,)
        The roots' is 0.
    """

    def __init__(self, sizes, is_inner, left, right):
        self.sizes, self.is_inner, self.left, self.right = sizes, is_inner, left, right
        self.inner, self.is_leaf = np.flatnonzero(is_inner), ~is_inner
        self.firsts = np.cumsum(sizes) - sizes
        self.depths = CPU.kernels.tree_files.measure_levels(self.inner, left, right, len(is_inner))

    def check(self):
        """Raise `Damaged` unless these are trees whose parents stand before their children."""
        last = np.repeat(self.firsts + self.sizes, self.sizes)[self.inner]
        for children in (self.left, self.right):
            require(((self.inner < children) & (children < last)).all(), "a child is not behind its parent")
        seen = np.bincount(np.concatenate([self.left, self.right, self.firsts]), minlength=len(self.is_leaf))
        require((seen == 1).all(), "a node has not one parent")
        return self


def sum_up(shape, values):
    """Fill in parents' values: the sums of their children's, from the leaves up.

    Parameters
    ----------
    shape : Shape
        Of the trees.
    values : float64 ndarray of shape (n_nodes,) or (n_nodes, n_values)
        Those of leaves are right, the others are set.
    """
    table = values if values.ndim == 2 else values[:, None]
    CPU.kernels.tree_files.sum_children(shape.inner, shape.left, shape.right, table)


# ---- saving ---------------------------------------------------------------------------------------------
def save_trees(trees):
    """Describe trees by plain values and arrays.

    Parameters
    ----------
    trees : list of Tree
        Of one kind, at least one.

    Returns
    -------
    state : dict
        For `load_trees`.
    """
    nodes = np.concatenate([tree.nodes for tree in trees])
    reals = np.concatenate([tree.reals for tree in trees])
    sizes = np.array([tree.node_count for tree in trees], np.int64)
    flags = nodes[:, LEFT] != LEAF
    inner = np.flatnonzero(flags)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)[inner]
    shape = Shape(sizes, flags, nodes[inner, LEFT] + first, nodes[inner, RIGHT] + first)
    state = {
        "n_features": int(trees[0].n_features),
        "n_classes": trees[0].n_classes.tolist(),
        "sizes": pack(sizes, constant=False),
        "inner": pack_flags(flags),
        "feature": pack(nodes[inner, FEATURE]),
        "threshold": pack(reals[inner, THRESHOLD]),
        "missing": pack_flags(nodes[:, MISSING_LEFT]),
    }
    guess = CPU.kernels.tree_files.link_depth_first(flags, sizes)
    if not (guess and np.array_equal(guess[0], shape.left) and np.array_equal(guess[1], shape.right)):
        state["children"] = [pack(nodes[inner, LEFT]), pack(nodes[inner, RIGHT])]
    state["samples"] = _save_sums(shape, nodes[:, N_SAMPLES].copy())
    if (nodes[:, N_SAMPLES] != reals[:, WEIGHT]).any():
        state["weight"] = _save_sums(shape, reals[:, WEIGHT].copy())
    state |= _save_values(shape, reals, trees[0].n_outputs)
    impurity = reals[:, IMPURITY].copy()
    if "counts" not in state or not np.array_equal(impurity, _gini(reals, trees[0].n_outputs)):
        impure = impurity.view(np.int64) != 0
        state["impure"], state["impurity"] = pack_flags(impure), pack(impurity[impure])
    return state


def _save_sums(shape, values):
    summed = values.astype(np.float64)
    sum_up(shape, summed)
    exact = np.array_equal(summed, values)
    return {"leaves": pack(values[shape.is_leaf])} if exact else {"nodes": pack(values)}


def _save_values(shape, reals, n_outputs):
    """Counts of classes where values are just their shares; else the values."""
    values, weight = reals[:, N_REALS:], reals[:, WEIGHT]
    if values.shape[1] > n_outputs:  # classes
        with np.errstate(invalid="ignore", over="ignore"):
            counts = np.rint(values * weight[:, None])
            summed = counts.copy()
            sum_up(shape, summed)
            exact = np.array_equal(summed, counts) and np.array_equal(counts / weight[:, None], values)
        if exact and (n_outputs > 1 or np.array_equal(counts.sum(axis=1), weight)):
            kept = counts[shape.is_leaf]
            kept = kept[:, :-1] if n_outputs == 1 else kept
            return {"counts": pack(np.ascontiguousarray(kept).ravel(), constant=False)}
    return {"values": pack(np.ascontiguousarray(values).ravel(), constant=False)}


def _gini(reals, n_outputs):
    counted = reals.copy()
    counted[:, N_REALS:] = np.rint(reals[:, N_REALS:] * reals[:, WEIGHT, None])
    CPU.kernels.tree_files.share_counts(n_outputs, counted)
    return counted[:, IMPURITY]


# ---- loading --------------------------------------------------------------------------------------------
def load_trees(state):
    """Make the trees again.

    Parameters
    ----------
    state : dict
        What `save_trees` returned.

    Returns
    -------
    trees : list of Tree
        The trees.

    Raises
    ------
    Damaged
        If a walk through these trees could leave them, or something else is not as it was saved.
    """
    n_features, n_classes = state["n_features"], state["n_classes"]
    require(_is_count(n_features) and n_features < MOST_FEATURES, "trees have no number of features")
    require(
        isinstance(n_classes, list) and n_classes and all(map(_is_count, n_classes)), "trees have no classes"
    )
    shape, n_outputs = _load_shape(state), len(n_classes)
    nodes, reals = _load_values(state, shape, n_outputs, max(n_classes))
    feature = unpack(state["feature"], len(shape.inner), np.int64)
    require(
        not len(feature) or 0 <= feature.min() <= feature.max() < n_features, "a tree asks for no feature"
    )
    threshold = unpack(state["threshold"], len(feature), np.float64)
    children = shape.left, shape.right
    CPU.kernels.tree_files.fill_nodes(shape.is_inner, shape.sizes, children, feature, threshold, nodes, reals)
    nodes[:, MISSING_LEFT] = unpack_flags(state["missing"], len(nodes))
    depths = np.maximum.reduceat(shape.depths, shape.firsts).tolist()
    return [
        Tree(n_features, n_classes, nodes[at : at + size], reals[at : at + size], depth)
        for at, size, depth in zip(shape.firsts.tolist(), shape.sizes.tolist(), depths)
    ]


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31


def _load_shape(state):
    sizes = _load_sizes(state["sizes"])
    n_nodes = int(sizes.sum())
    flags = unpack_flags(state["inner"], n_nodes if len(state["inner"]) else len(sizes))
    require(len(flags) == n_nodes, "nodes make no trees")
    if "children" not in state:
        children = CPU.kernels.tree_files.link_depth_first(flags, sizes)
        require(children is not None, "nodes make no trees")
        return Shape(sizes, flags, *children)
    inner = np.flatnonzero(flags)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)[inner]
    left, right = (unpack(column, len(inner), np.int64) for column in state["children"])
    size = np.repeat(sizes, sizes)[inner]
    for children in (left, right):  # before they serve as an index
        require(((0 < children) & (children < size)).all(), "a child is not in its tree")
    children = np.concatenate([left, right]) + np.tile(first, 2)
    require(len(np.unique(children)) == len(children), "a node has two parents")
    require((np.tile(inner, 2) < children).all(), "a child is not behind its parent")
    return Shape(sizes, flags, left + first, right + first).check()


def _load_sizes(packed):
    """Nodes of each tree, no more in sum than a file can describe."""
    require(isinstance(packed, dict) and set(packed) == {"values"}, "trees have no sizes")
    sizes = unpack(packed, len(packed["values"]), np.int64)
    require(len(sizes) > 0 and 1 <= sizes.min() and sizes.max() < 2**31, "trees have no sizes")
    return sizes


def _load_values(state, shape, n_outputs, n_classes):
    """Arrays for the trees' nodes and reals; samples, weights, values and impurities are filled in."""
    n_nodes, width = len(shape.is_leaf), n_outputs * n_classes
    packed = state["counts"] if "counts" in state else state["values"]
    rows = int(shape.is_leaf.sum()) if "counts" in state else n_nodes
    columns = width - 1 if "counts" in state and n_outputs == 1 else width
    require(columns > 0 and isinstance(packed, dict), "trees have no values")
    require(len(packed["values"]) == rows * columns, "trees have not one value a node")  # bounds what follows
    nodes, reals = np.empty((n_nodes, 5), np.int64), np.zeros((n_nodes, N_REALS + width))
    samples = load_sums(state["samples"], shape)
    reals[:, WEIGHT] = load_sums(state["weight"], shape) if "weight" in state else samples
    found = unpack(packed, rows * columns, np.float64).reshape(rows, columns)
    if "counts" in state:
        kernels = CPU.kernels.tree_files
        kernels.spread_leaves(shape.is_inner, found, reals, N_REALS)
        kernels.sum_children(shape.inner, shape.left, shape.right, reals, N_REALS)
        kernels.share_counts(n_outputs, reals)
    else:
        reals[:, N_REALS:] = found
    if "impure" in state:
        impure = unpack_flags(state["impure"], n_nodes)
        reals[:, IMPURITY] = 0.0
        reals[impure, IMPURITY] = unpack(state["impurity"], int(impure.sum()), np.float64)
    with np.errstate(invalid="ignore"):
        nodes[:, N_SAMPLES] = samples
    return nodes, reals


def load_sums(packed, shape):
    """Load a column of numbers: of all nodes, or of leaves where the others are sums.

    Parameters
    ----------
    packed : dict
        A packed column, under "nodes" or "leaves".
    shape : Shape
        Of the trees.

    Returns
    -------
    values : float64 ndarray of shape (n_nodes,)
        The numbers.

    Raises
    ------
    Damaged
        If this is no such column.
    """
    require(isinstance(packed, dict) and len(packed) == 1, "a column is missing")
    n_nodes = len(shape.is_leaf)
    if "nodes" in packed:
        return unpack(packed["nodes"], n_nodes, np.float64)
    require("leaves" in packed, "a column is missing")
    values = np.empty(n_nodes)
    found = unpack(packed["leaves"], n_nodes - len(shape.inner), np.float64)
    CPU.kernels.tree_files.spread_leaves(shape.is_inner, found[:, None], values[:, None])
    sum_up(shape, values)
    return values
