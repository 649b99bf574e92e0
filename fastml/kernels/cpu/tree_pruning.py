"""Minimal cost-complexity pruning, and partial dependence: what is asked of a tree as a whole."""

import numpy as np

from .._compile import float64, int64, kernel, uint8
from ._tree_frontier import FEATURE, IMPURITY, LEAF, LEFT, NODE_COLUMNS, RIGHT, THRESHOLD, UNDEFINED, VALUE, WEIGHT

__all__ = ["partial_dependence", "prune_tree", "pruning_path"]


# ---- kernels ----------------------------------------------------------------------------------------------
@kernel
def find_pruning(
    nodes: int64[:, :],  # IN (n_nodes, NODE_COLUMNS)
    reals: float64[:, :],  # IN
    alpha: float64,  # IN prune up to here
    state_out: uint8[:],  # OUT (n_nodes,) 0 pruned, 1 inner node, 2 leaf
    path_out: float64[:, :],  # OUT (n_nodes, 2) effective alphas, and the tree's impurities from there on
    index_work: int64[:, :],  # WORK (n_nodes, 3)
    cost_work: float64[:, :],  # WORK (n_nodes, 2)
) -> int64:  # the length of the path
    parent, leaves, stack = 0, 1, 2
    own, below = 0, 1
    n = nodes.shape[0]
    for i in range(n):
        state_out[i] = 2 if nodes[i, LEFT] == LEAF else 1
        cost_work[i, own] = reals[i, WEIGHT] * reals[i, IMPURITY] / reals[0, WEIGHT]
        cost_work[i, below] = 0.0
        index_work[i, leaves] = 0
        if nodes[i, LEFT] != LEAF:
            index_work[nodes[i, LEFT], parent] = index_work[nodes[i, RIGHT], parent] = i
    index_work[0, parent] = -1
    for i in range(n):
        if state_out[i] == 2:
            cost_work[i, below] = cost_work[i, own]
            above = index_work[i, parent]
            while above >= 0:
                cost_work[above, below] += cost_work[i, own]
                index_work[above, leaves] += 1
                above = index_work[above, parent]
    path_out[0, 0], path_out[0, 1] = 0.0, cost_work[0, below]
    length = 1
    while state_out[0] == 1:
        least, weakest = np.inf, 0
        for i in range(n):
            if state_out[i] == 1:
                effective = (cost_work[i, own] - cost_work[i, below]) / (index_work[i, leaves] - 1)
                if effective < least:
                    least, weakest = effective, i
        if alpha < least:
            break
        top = 1
        index_work[0, stack] = weakest
        while top > 0:
            top -= 1
            i = index_work[top, stack]
            if state_out[i] == 1:
                index_work[top, stack], index_work[top + 1, stack] = nodes[i, LEFT], nodes[i, RIGHT]
                top += 2
            state_out[i] = 0
        state_out[weakest] = 2
        fewer = index_work[weakest, leaves] - 1
        index_work[weakest, leaves] = 0
        more = cost_work[weakest, own] - cost_work[weakest, below]
        cost_work[weakest, below] = cost_work[weakest, own]
        above = index_work[weakest, parent]
        while above >= 0:
            index_work[above, leaves] -= fewer
            cost_work[above, below] += more
            above = index_work[above, parent]
        path_out[length, 0], path_out[length, 1] = least, cost_work[0, below]
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


# ---- launchers ----------------------------------------------------------------------------------------------
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
        if state[i] == 1:
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
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29(5).
    """
    place = np.full(n_features, -1, np.int64)
    for column in range(len(target_features) - 1, -1, -1):
        place[target_features[column]] = column
    stack = np.empty(len(nodes) + 1, np.int64)
    depend_on(nodes, reals, grid.astype(np.float64), place, sums_out, stack, np.empty(len(nodes) + 1))
