"""Trees from files: their shape from a bit a node, sums from the leaves up, nodes filled in.

Trees lie one after the other, parents before their children. What describes inner nodes only is in their
order; children are counted from the first node of all.
"""

import numpy as np

from .._compile import float64, int64, kernel, uint8
from ._tree_frontier import (
    FEATURE,
    IMPURITY,
    LEAF,
    LEFT,
    RIGHT,
    THRESHOLD,
    UNDEFINED,
    VALUE,
    WEIGHT,
)

__all__ = [
    "fill_nodes",
    "link_depth_first",
    "measure_levels",
    "share_counts",
    "spread_leaves",
    "sum_children",
]


# ---- kernels -------------------------------------------------------------------------------------------
@kernel
def link_range(
    flags: uint8[:],  # IN (n_nodes,) 1 for inner nodes
    sizes: int64[:],  # IN (n_trees,) in sum n_nodes
    waiting_work: int64[:],  # WORK (largest size,) inner nodes whose right child is still to come
    left_out: int64[:],  # OUT (n_inner,)
    right_out: int64[:],  # OUT (n_inner,)
) -> int64:  # whether these are trees
    node = inner = int64(0)
    for t in range(sizes.shape[0]):
        first, n_waiting, goes_on = node, int64(0), True
        while node < first + sizes[t]:
            if not goes_on:
                if n_waiting == 0:  # the tree ended with the node before
                    return 0
                n_waiting -= 1
                right_out[waiting_work[n_waiting]] = node
            goes_on = flags[node] != 0
            node += 1
            if goes_on:
                left_out[inner] = node
                waiting_work[n_waiting] = inner
                n_waiting += 1
                inner += 1
        if goes_on or n_waiting > 0:
            return 0
    return 1


@kernel
def level_range(
    inner: int64[:],  # IN (n_inner,)
    left: int64[:],  # IN (n_inner,)
    right: int64[:],  # IN (n_inner,)
    levels_out: int64[:],  # OUT (n_nodes,) those of roots are given
):
    for k in range(inner.shape[0]):
        levels_out[left[k]] = levels_out[right[k]] = levels_out[inner[k]] + 1


@kernel
def sum_range(
    inner: int64[:],  # IN (n_inner,)
    left: int64[:],  # IN (n_inner,)
    right: int64[:],  # IN (n_inner,)
    table_out: float64[:, :],  # OUT (n_nodes, n_columns) leaves' rows are given
    column: int64,  # IN from which on there are sums
):
    for k in range(inner.shape[0] - 1, -1, -1):
        for c in range(column, table_out.shape[1]):
            table_out[inner[k], c] = table_out[left[k], c] + table_out[right[k], c]


@kernel
def spread_range(
    flags: uint8[:],  # IN (n_nodes,) 1 for inner nodes
    values: float64[:, :],  # IN (n_leaves, n_values)
    table_out: float64[:, :],  # OUT (n_nodes, n_columns) only leaves' rows are written
    column: int64,  # IN where the values begin
):
    leaf = int64(0)
    for i in range(flags.shape[0]):
        if flags[i] == 0:
            for c in range(values.shape[1]):
                table_out[i, column + c] = values[leaf, c]
            leaf += 1


@kernel
def fill_range(
    flags: uint8[:],  # IN (n_nodes,) 1 for inner nodes
    sizes: int64[:],  # IN (n_trees,)
    left: int64[:],  # IN (n_inner,)
    right: int64[:],  # IN (n_inner,)
    feature: int64[:],  # IN (n_inner,)
    threshold: float64[:],  # IN (n_inner,)
    nodes_out: int64[:, :],  # OUT (n_nodes, NODE_COLUMNS)
    reals_out: float64[:, :],  # OUT (n_nodes, VALUE + ...)
):
    node = inner = int64(0)
    for t in range(sizes.shape[0]):
        first = node
        while node < first + sizes[t]:
            nodes_out[node, LEFT] = nodes_out[node, RIGHT] = LEAF
            nodes_out[node, FEATURE], reals_out[node, THRESHOLD] = UNDEFINED, UNDEFINED
            if flags[node] != 0:
                nodes_out[node, LEFT], nodes_out[node, RIGHT] = left[inner] - first, right[inner] - first
                nodes_out[node, FEATURE], reals_out[node, THRESHOLD] = feature[inner], threshold[inner]
                inner += 1
            node += 1


@kernel
def share_range(
    n_outputs: int64,  # IN
    reals_out: float64[:, :],  # OUT (n_nodes, VALUE + n_outputs * n_classes) counts become shares
):
    n_classes = (reals_out.shape[1] - VALUE) // n_outputs
    for i in range(reals_out.shape[0]):
        weight, impurity = reals_out[i, WEIGHT], 0.0
        if n_outputs == 1:
            last = reals_out.shape[1] - 1
            reals_out[i, last] = weight
            for c in range(VALUE, last):
                reals_out[i, last] -= reals_out[i, c]
        for k in range(n_outputs):
            squares = 0.0
            for c in range(VALUE + k * n_classes, VALUE + (k + 1) * n_classes):
                squares += reals_out[i, c] * reals_out[i, c]
                reals_out[i, c] /= weight
            impurity += 1.0 - squares / (weight * weight)
        reals_out[i, IMPURITY] = impurity / n_outputs


# ---- launchers -----------------------------------------------------------------------------------------
def link_depth_first(flags, sizes):
    """Work out the children of nodes that lie depth first, left before right.

    Parameters
    ----------
    flags : ndarray of shape (n_nodes,), bool
        Which nodes are inner ones.

    sizes : ndarray of shape (n_trees,), int64
        Nodes of each tree, at least one, in sum `n_nodes`.

    Returns
    -------
    left, right : ndarray of shape (n_inner,), int64, or None
        The children; None where these are no trees.
    """
    left, right = np.empty((2, np.count_nonzero(flags)), np.int64)
    found = link_range(flags.view(np.uint8), sizes, np.empty(sizes.max(), np.int64), left, right)
    return (left, right) if found else None


def measure_levels(inner, left, right, n_nodes):
    """Count the nodes above each node.

    Parameters
    ----------
    inner, left, right : ndarray of shape (n_inner,), int64
        The inner nodes in their order, and their children, which stand behind them.

    n_nodes : int
        Number of nodes.

    Returns
    -------
    levels : ndarray of shape (n_nodes,), int64
        Those of roots are 0.
    """
    levels = np.zeros(n_nodes, np.int64)
    level_range(inner, left, right, levels)
    return levels


def sum_children(inner, left, right, table_out, column=0):
    """Fill in the rows of inner nodes: the sums of their children's.

    Parameters
    ----------
    inner, left, right
        As for `measure_levels`.

    table_out : ndarray of shape (n_nodes, n_columns), float64
        The rows of leaves are right, the others are set.

    column : int, default=0
        From which column on.
    """
    sum_range(inner, left, right, table_out, column)


def spread_leaves(flags, values, table_out, column=0):
    """Fill in the rows of leaves.

    Parameters
    ----------
    flags : ndarray of shape (n_nodes,), bool
        Which nodes are inner ones.

    values : ndarray of shape (n_leaves, n_values), float64
        The leaves' values.

    table_out : ndarray of shape (n_nodes, n_columns), float64
        Their rows are set.

    column : int, default=0
        Where the values begin.
    """
    spread_range(flags.view(np.uint8), values, table_out, column)


def fill_nodes(flags, sizes, children, feature, threshold, nodes_out, reals_out):
    """Fill in what makes trees of nodes: children, features, thresholds.

    Parameters
    ----------
    flags, sizes
        As for `link_depth_first`; the nodes may be in another order.

    children : tuple of two ndarray of shape (n_inner,), int64
        Left and right children.

    feature, threshold : ndarray of shape (n_inner,), int64 and float64
        Of the inner nodes.

    nodes_out, reals_out : ndarray of shape (n_nodes, ...), int64 and float64
        The trees, as `tree.grow_tree` returns them; of each inner node's and leaf's only these columns are
        set.
    """
    fill_range(flags.view(np.uint8), sizes, *children, feature, threshold, nodes_out, reals_out)


def share_counts(n_outputs, reals_out):
    """Turn counts of classes into shares, and measure Gini's impurity.

    Parameters
    ----------
    n_outputs : int
        Number of outputs.

    reals_out : ndarray of shape (n_nodes, 3 + n_outputs * n_classes), float64
        As `tree.grow_tree` returns them, but with counts in the place of shares. For one output that of the
        last class need not be there: it is what is left of the weight.
    """
    share_range(n_outputs, reals_out)
