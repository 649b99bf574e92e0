"""Decision trees in a file: what can be worked out from the rest is left out.

Trees lie one after the other. Depth first, one bit a node tells the whole shape. Numbers of samples and
counts of classes are kept for leaves, where those of a parent are the sums of its children's; shares of
classes are kept as counts, and Gini's impurities not at all, where they are just what follows from those.
"""

from __future__ import annotations

import numpy as np

from ..solvers.tree import N_REALS, Tree
from ._columns import pack, pack_flags, require, unpack, unpack_flags

__all__ = ["Shape", "load_trees", "save_trees", "sum_up"]

LEFT, RIGHT, FEATURE, N_SAMPLES, MISSING_LEFT = range(5)  # columns of `Tree.nodes`
THRESHOLD, IMPURITY, WEIGHT = range(N_REALS)  # columns of `Tree.reals`
LEAF, UNDEFINED = -1, -2
MOST_FEATURES = 2**29  # what a packed node has room for


class Shape:
    """Which nodes of some trees, one after the other, are the children of which.

    Parameters
    ----------
    sizes : int64 ndarray of shape (n_trees,)
        Nodes of each tree.
    inner : int64 ndarray of shape (n_inner,)
        The nodes that are no leaves.
    left, right : int64 ndarray of shape (n_inner,)
        Their children. All nodes are counted from the first one of the first tree.

    Attributes
    ----------
    depths : int64 ndarray of shape (n_nodes,)
        The roots' is 0.
    levels : list of int64 ndarray
        Places in `inner`, by the nodes' depth.
    """

    def __init__(self, sizes, inner, left, right):
        self.sizes, self.inner, self.left, self.right = sizes, inner, left, right
        n_nodes = int(sizes.sum())
        self.firsts = np.cumsum(sizes) - sizes
        self.is_leaf = np.ones(n_nodes, bool)
        self.is_leaf[inner] = False
        place = np.full(n_nodes, -1)
        place[inner] = np.arange(len(inner))
        self.depths = np.zeros(n_nodes, np.int64)
        self.levels = []
        level = place[self.firsts]
        while len(level := level[level >= 0]):
            self.levels.append(level)
            children = np.concatenate([left[level], right[level]])
            self.depths[children] = len(self.levels)
            level = place[children]

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
    values : ndarray of shape (n_nodes, ...)
        Those of leaves are right, the others are set.
    """
    for level in reversed(shape.levels):
        values[shape.inner[level]] = values[shape.left[level]] + values[shape.right[level]]


def _depth_first(sizes, inner_flags):
    """The shape of trees whose left branches follow their parents, and right branches those; or None."""
    n = len(inner_flags)
    level = np.cumsum(np.where(inner_flags, 1, -1))  # falls to a new low where a tree ends
    ends = np.cumsum(sizes) - 1
    lows = np.flatnonzero(np.diff(np.minimum.accumulate(np.minimum(level, 0)), prepend=0) < 0)
    if not np.array_equal(lows, ends):
        return None
    inner = np.flatnonzero(inner_flags)
    # The right branch begins behind the first node at which the level is below the parent's.
    keys = np.sort((level + len(sizes)) * n + np.arange(n))
    wanted = (level[inner] + len(sizes) - 1) * n + inner
    ends_of_left = keys[np.searchsorted(keys, wanted)] % n if n else keys
    return Shape(sizes, inner, inner + 1, ends_of_left + 1)


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
    shape = Shape(sizes, inner, nodes[inner, LEFT] + first, nodes[inner, RIGHT] + first)
    state = {
        "n_features": int(trees[0].n_features),
        "n_classes": trees[0].n_classes.tolist(),
        "sizes": pack(sizes, constant=False),
        "inner": pack_flags(flags),
        "feature": pack(nodes[inner, FEATURE]),
        "threshold": pack(reals[inner, THRESHOLD]),
        "missing": pack_flags(nodes[:, MISSING_LEFT]),
    }
    guess = _depth_first(sizes, flags)
    if not (guess and np.array_equal(guess.left, shape.left) and np.array_equal(guess.right, shape.right)):
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
    summed = values.copy()
    sum_up(shape, summed)
    exact = np.array_equal(summed.view(np.int64), values.view(np.int64))
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
    weight = reals[:, WEIGHT, None]
    counts = np.rint(reals[:, N_REALS:] * weight).reshape(len(reals), n_outputs, -1)
    total = np.zeros(len(reals))
    for k in range(n_outputs):
        total += 1.0 - (counts[:, k] ** 2).sum(axis=1) / (weight * weight)[:, 0]
    return total / n_outputs


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
    inner, leaf = shape.inner, shape.is_leaf
    first = np.repeat(shape.firsts, shape.sizes)
    nodes[leaf, LEFT] = nodes[leaf, RIGHT] = LEAF
    nodes[inner, LEFT], nodes[inner, RIGHT] = shape.left - first[inner], shape.right - first[inner]
    nodes[leaf, FEATURE] = reals[leaf, THRESHOLD] = UNDEFINED
    feature = nodes[inner, FEATURE] = unpack(state["feature"], len(inner), np.int64)
    require(
        not len(feature) or 0 <= feature.min() <= feature.max() < n_features, "a tree asks for no feature"
    )
    reals[inner, THRESHOLD] = unpack(state["threshold"], len(inner), np.float64)
    nodes[:, MISSING_LEFT] = unpack_flags(state["missing"], len(leaf))
    depths = np.maximum.reduceat(shape.depths, shape.firsts).tolist()
    return [
        Tree(n_features, n_classes, nodes[at : at + size].copy(), reals[at : at + size].copy(), depth)
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
        shape = _depth_first(sizes, flags)
        require(shape is not None, "nodes make no trees")
        return shape
    inner = np.flatnonzero(flags)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)[inner]
    left, right = (unpack(column, len(inner), np.int64) for column in state["children"])
    size = np.repeat(sizes, sizes)[inner]
    for children in (left, right):  # before they serve as an index
        require(((0 < children) & (children < size)).all(), "a child is not in its tree")
    children = np.concatenate([left, right]) + np.tile(first, 2)
    require(len(np.unique(children)) == len(children), "a node has two parents")
    require((np.tile(inner, 2) < children).all(), "a child is not behind its parent")
    return Shape(sizes, inner, left + first, right + first).check()


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
    nodes, reals = np.empty((n_nodes, 5), np.int64), np.empty((n_nodes, N_REALS + width))
    nodes[:, N_SAMPLES] = _load_sums(state["samples"], shape, np.int64)
    reals[:, WEIGHT] = (
        _load_sums(state["weight"], shape, np.float64) if "weight" in state else nodes[:, N_SAMPLES]
    )
    found = unpack(packed, rows * columns, np.float64).reshape(rows, columns)
    if "counts" in state:
        counts = np.zeros((n_nodes, width))
        counts[shape.is_leaf, :columns] = found
        if columns < width:
            counts[shape.is_leaf, -1] = reals[shape.is_leaf, WEIGHT] - found.sum(axis=1)
        sum_up(shape, counts)
        with np.errstate(all="ignore"):
            found = counts / reals[:, WEIGHT, None]
    reals[:, N_REALS:] = found
    with np.errstate(all="ignore"):
        reals[:, IMPURITY] = 0.0 if "impure" in state else _gini(reals, n_outputs)
    if "impure" in state:
        impure = unpack_flags(state["impure"], n_nodes)
        reals[impure, IMPURITY] = unpack(state["impurity"], int(impure.sum()), np.float64)
    return nodes, reals


def _load_sums(packed, shape, dtype):
    require(isinstance(packed, dict) and len(packed) == 1, "a column is missing")
    n_nodes = len(shape.is_leaf)
    if "nodes" in packed:
        return unpack(packed["nodes"], n_nodes, dtype)
    require("leaves" in packed, "a column is missing")
    values = np.zeros(n_nodes, dtype)
    values[shape.is_leaf] = unpack(packed["leaves"], int(shape.is_leaf.sum()), dtype)
    sum_up(shape, values)
    return values
