"""Trees from files, node by node."""

import numpy as np


def link_depth_first(flags, sizes):
    """The children of inner nodes that lie depth first; None where these are no trees."""
    left, right, first = {}, {}, 0

    def read(node, stop):
        """Read a branch; return where it ends."""
        if node == stop:
            raise IndexError
        if not flags[node]:
            return node + 1
        left[node] = node + 1
        right[node] = read(node + 1, stop)
        return read(right[node], stop)

    for size in sizes:
        try:
            if read(first, first + size) != first + size:
                return None
        except IndexError:
            return None
        first += size
    inner = np.flatnonzero(flags)
    return np.array([left[i] for i in inner], int), np.array([right[i] for i in inner], int)


def measure_levels(inner, left, right, n_nodes):
    """How many nodes are above each."""
    above = {child: parent for children in (left, right) for parent, child in zip(inner, children)}

    def level(node):
        return 1 + level(above[node]) if node in above else 0

    return np.array([level(node) for node in range(n_nodes)])


def sum_children(inner, left, right, table, column):
    """A table in which rows of inner nodes are sums, from a column on."""
    children = {parent: pair for parent, *pair in zip(inner, left, right)}

    def total(node):
        return sum(map(total, children[node])) if node in children else table[node, column:]

    found = table.copy()
    found[:, column:] = [total(node) for node in range(len(table))]
    return found


def share_counts(n_outputs, reals):
    """Shares of classes, and Gini's impurity, where there were counts."""
    found = reals.copy()
    counts = found[:, 3:].reshape(len(reals), n_outputs, -1)
    if n_outputs == 1:
        counts[:, 0, -1] = reals[:, 2] - counts[:, 0, :-1].sum(axis=1)
    shares = counts / reals[:, 2, None, None]
    found[:, 1] = (1 - (shares**2).sum(axis=2)).mean(axis=1)
    found[:, 3:] = shares.reshape(len(reals), -1)
    return found
