"""Minimal cost-complexity pruning, and partial dependence: what is asked of a tree as a whole."""

import numpy as np

from .._compile import float64, helper, int64, kernel, uint8
from ._tree_frontier import (
    FEATURE,
    IMPURITY,
    LEAF,
    LEFT,
    NODE_COLUMNS,
    RIGHT,
    THRESHOLD,
    UNDEFINED,
    VALUE,
    WEIGHT,
)

__all__ = ["partial_dependence", "prune_tree", "pruning_path"]


PRUNED, INNER, END = range(3)  # states of a node
PARENT, LEAVES, STACK = range(3)  # of `index`: parents, numbers of leaves below, a stack of nodes
OWN, BELOW = range(2)  # of `cost`: the impurity of a node, and of the leaves below it


# ---- kernels ----------------------------------------------------------------------------------------------
@helper
def sum_branches(nodes, reals, state, index, cost):
    """Find the parents, and sum up the leaves below each node."""
    for i in range(nodes.shape[0]):
        state[i] = END if nodes[i, LEFT] == LEAF else INNER
        cost[i, OWN] = reals[i, WEIGHT] * reals[i, IMPURITY] / reals[0, WEIGHT]
        cost[i, BELOW] = 0.0
        index[i, LEAVES] = 0
        if nodes[i, LEFT] != LEAF:
            index[nodes[i, LEFT], PARENT] = index[nodes[i, RIGHT], PARENT] = i
    index[0, PARENT] = -1
    for i in range(nodes.shape[0]):
        if state[i] == END:
            cost[i, BELOW] = cost[i, OWN]
            above = index[i, PARENT]
            while above >= 0:
                cost[above, BELOW] += cost[i, OWN]
                index[above, LEAVES] += 1
                above = index[above, PARENT]


@kernel
def find_pruning(
    nodes: int64[:, :],  # IN (n_nodes, NODE_COLUMNS)
    reals: float64[:, :],  # IN
    alpha: float64,  # IN prune up to here
    state_out: uint8[:],  # OUT (n_nodes,) states
    path_out: float64[:, :],  # OUT (n_nodes, 2) effective alphas, and the tree's impurities from there on
    index_work: int64[:, :],  # WORK (n_nodes, 3)
    cost_work: float64[:, :],  # WORK (n_nodes, 2)
) -> int64:  # the length of the path
    n = nodes.shape[0]
    sum_branches(nodes, reals, state_out, index_work, cost_work)
    path_out[0, 0], path_out[0, 1] = 0.0, cost_work[0, BELOW]
    length = 1
    while state_out[0] == INNER:
        least, weakest = np.inf, 0
        for i in range(n):
            if state_out[i] == INNER:
                effective = (cost_work[i, OWN] - cost_work[i, BELOW]) / (index_work[i, LEAVES] - 1)
                if effective < least:
                    least, weakest = effective, i
        if alpha < least:
            break
        top = 1
        index_work[0, STACK] = weakest
        while top > 0:
            top -= 1
            i = index_work[top, STACK]
            if state_out[i] == INNER:
                index_work[top, STACK], index_work[top + 1, STACK] = nodes[i, LEFT], nodes[i, RIGHT]
                top += 2
            state_out[i] = PRUNED
        state_out[weakest] = END
        fewer = index_work[weakest, LEAVES] - 1
        index_work[weakest, LEAVES] = 0
        more = cost_work[weakest, OWN] - cost_work[weakest, BELOW]
        cost_work[weakest, BELOW] = cost_work[weakest, OWN]
        above = index_work[weakest, PARENT]
        while above >= 0:
            index_work[above, LEAVES] -= fewer
            cost_work[above, BELOW] += more
            above = index_work[above, PARENT]
        path_out[length, 0], path_out[length, 1] = least, cost_work[0, BELOW]
        length += 1
    return length


@kernel
def depend_on(
    nodes: int64[:, :],  # IN (n_nodes, NODE_COLUMNS)
    reals: float64[:, :],  # IN (n_nodes, VALUE + 1)
    grid: float64[:, :],  # IN (n_points, n_targets) float32 values of the target features
    place: int64[:],  # IN (n_features,) the column of `grid`, or -1
    sums_out: float64[:],  # OUT (n_points,) += the mean over all other features
    stack_work: int64[:],  # WORK (n_nodes + 1,)
    share_work: float64[:],  # WORK (n_nodes + 1,)
):
    for p in range(grid.shape[0]):
        top = 1
        stack_work[0], share_work[0] = 0, 1.0
        while top > 0:
            top -= 1
            i, share = stack_work[top], share_work[top]
            if nodes[i, LEFT] == LEAF:
                sums_out[p] += share * reals[i, VALUE]
                continue
            column = place[nodes[i, FEATURE]]
            if column >= 0:
                goes_left = grid[p, column] <= reals[i, THRESHOLD]
                stack_work[top] = nodes[i, LEFT] if goes_left else nodes[i, RIGHT]
                top += 1
                continue
            left = reals[nodes[i, LEFT], WEIGHT] / reals[i, WEIGHT]
            stack_work[top], share_work[top] = nodes[i, LEFT], share * left
            stack_work[top + 1], share_work[top + 1] = nodes[i, RIGHT], share * (1 - left)
            top += 2


# ---- launchers
# ----------------------------------------------------------------------------------------------
def pruning_path(nodes, reals):
    """Find the effective alphas at which minimal cost-complexity pruning takes branches away.

    Parameters
    ----------
    nodes, reals : ndarray of shape (n_nodes, ...), int64 and float64
        A tree, as `tree.grow_tree` returns it.

    Returns
    -------
    alphas : ndarray, float64
        In ascending order, from 0 on.

    impurities : ndarray, float64
        Sums of the leaves' impurities from these alphas on.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and regression trees, chapter 3.
    """
    _, path = _prune(nodes, reals, np.inf)
    return path[:, 0].copy(), path[:, 1].copy()


def _prune(nodes, reals, alpha):
    n = len(nodes)
    state, path = np.empty(n, np.uint8), np.empty((n, 2))
    length = find_pruning(nodes, reals, alpha, state, path, np.empty((n, 3), np.int64), np.empty((n, 2)))
    return state, path[:length]


def prune_tree(nodes, reals, alpha):
    """Prune a tree.

    Parameters
    ----------
    nodes, reals : ndarray of shape (n_nodes, ...), int64 and float64
        A tree, as `tree.grow_tree` returns it.

    alpha : float
        The price of a leaf: branches whose effective alpha is not above it become leaves.

    Returns
    -------
    nodes, reals : ndarray of shape (n_left, ...), int64 and float64
        The pruned tree, depth first.
    """
    state, _ = _prune(nodes, reals, alpha)
    kept = np.empty(int(np.count_nonzero(state)), np.int64)
    stack, new_nodes, order = [(0, -1, LEFT)], [], 0
    left, right = nodes[:, LEFT].tolist(), nodes[:, RIGHT].tolist()
    while stack:
        i, parent, side = stack.pop()
        kept[order] = i
        new_nodes.append([LEAF, LEAF])
        if parent >= 0:
            new_nodes[parent][side] = order
        if state[i] == INNER:
            stack += [(right[i], order, RIGHT), (left[i], order, LEFT)]
        order += 1
    pruned, numbers = nodes[kept], reals[kept]
    pruned[:, [LEFT, RIGHT]] = new_nodes
    leaf = pruned[:, LEFT] == LEAF
    pruned[leaf, FEATURE] = UNDEFINED
    pruned[leaf, NODE_COLUMNS - 1] = 0
    numbers[leaf, THRESHOLD] = UNDEFINED
    return pruned, numbers


def partial_dependence(nodes, reals, n_features, grid, target_features, sums_out):
    """Add a tree's mean prediction for given values of some features, over the training data's others.

    Parameters
    ----------
    nodes, reals : ndarray of shape (n_nodes, ...), int64 and float64
        A tree for one output, as `tree.grow_tree` returns it.

    n_features : int
        Number of features.

    grid : ndarray of shape (n_points, n_targets), float32
        The given values.

    target_features : ndarray of shape (n_targets,), int64
        The given features.

    sums_out : ndarray of shape (n_points,), float64
        What is added to.

    References
    ----------
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics
    29(5).
    """
    place = np.full(n_features, -1, np.int64)
    for column in range(len(target_features) - 1, -1, -1):
        place[target_features[column]] = column
    stack = np.empty(len(nodes) + 1, np.int64)
    grid, shares = np.ascontiguousarray(grid, np.float64), np.empty(len(nodes) + 1)
    depend_on(nodes, reals, grid, place, sums_out, stack, shares)
