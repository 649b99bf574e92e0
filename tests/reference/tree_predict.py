"""Walks through trees, row by row."""

import numpy as np


def path(nodes, reals, x):
    """The nodes that a row passes."""
    passed = [0]
    while nodes[passed[-1], 0] != -1:
        left, right, feature, _, missing_left = nodes[passed[-1]]
        value = np.float32(x[feature])
        goes_left = missing_left == 1 if np.isnan(value) else value <= reals[passed[-1], 0]
        passed.append(int(left if goes_left else right))
    return passed


def find_leaves(trees, X):
    """The leaf of each row in each tree."""
    return np.array([[path(nodes, reals, x)[-1] for nodes, reals in trees] for x in X])


def add_leaf_values(trees, X):
    """The sum of the values of each row's leaves."""
    leaves = find_leaves(trees, X)
    return sum(reals[leaves[:, t], 3:] for t, (_, reals) in enumerate(trees))


def measure_depths(trees):
    """How many nodes there are from the root to each node."""
    return np.concatenate([_depths(nodes, 0) for nodes, _ in trees])


def _depths(nodes, node, depth=1):
    depths = np.zeros(len(nodes), np.int64)
    depths[node] = depth
    if nodes[node, 0] != -1:
        depths += sum(_depths(nodes, child, depth + 1) for child in nodes[node, :2])
    return depths


def list_paths(nodes, reals, X):
    """Where each row's path begins, and the paths."""
    paths = [path(nodes, reals, x) for x in X]
    return np.cumsum([0] + [len(p) for p in paths]), np.concatenate(paths)
