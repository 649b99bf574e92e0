"""The way of a search through a kd-tree.

The work array holds the distances of a panel; the limit, above which nothing is of interest; what the bound
of the present node owes to each feature; then the stack, whose entries are a node, its bound, and what the
bound owes to each feature.
"""

import numpy as np

from .._compile import TILE_VECTORS, TILE_WIDTH, helper, int64, simd, tile_width

__all__ = ["ROUNDING", "descend", "measure_panel", "work_of"]

DEPTH = 48  # of the stack of a traversal: more levels than any tree has
ROUNDING = 1 - 1e-13  # a bound is a sum of as many roundings as the tree has levels


@helper
def descend(queries, i, nodes, p, work, top):
    """Walk from the stack's top entry to the leaf nearest to the query; stack the far sides in reach.

    Return the leaf's node and the stack's new top.
    """
    d = queries.shape[1]
    present = TILE_WIDTH + 1
    top -= d + 2
    node, bound = int64(work[top]), work[top + 1]
    for t in range(d):
        work[present + t] = work[top + 2 + t]
    n_inner = nodes.shape[0] // 2
    while node < n_inner:
        t = int64(nodes[node, 0])
        difference = queries[i, t] - nodes[node, 1]
        far = abs(difference)
        if p == 2.0:
            far *= far
        elif p != 1.0 and p != np.inf:
            far **= p
        far_bound = max(bound, far) if p == np.inf else bound - work[present + t] + far
        right = 1 if difference >= 0 else 0
        if far_bound * ROUNDING < work[TILE_WIDTH]:
            work[top] = 2 * node + 2 - right
            work[top + 1] = far_bound
            for s in range(d):
                work[top + 2 + s] = work[present + s]
            work[top + 2 + t] = far
            top += d + 2
        node = 2 * node + 1 + right
    return node, top


@helper
def measure_panel(queries, i, leaves, panel, p, work):
    """Measure reduced distances to a panel into the work array; return bits: which are in reach."""
    d = queries.shape[1]
    at = panel * d * TILE_WIDTH
    acc = simd.tile(0.0, 1, TILE_VECTORS)
    if p == 2.0:
        for t in range(d):
            acc = simd.add_squared_differences(acc, queries, i * d + t, d, leaves, at + t * TILE_WIDTH)
    elif p == 1.0:
        for t in range(d):
            acc = simd.add_absolute_differences(acc, queries, i * d + t, d, leaves, at + t * TILE_WIDTH)
    elif p == np.inf:
        for t in range(d):
            acc = simd.max_absolute_differences(acc, queries, i * d + t, d, leaves, at + t * TILE_WIDTH)
    else:
        for lane in range(TILE_WIDTH):
            total = 0.0
            for t in range(d):
                total += abs(queries[i, t] - leaves[at + t * TILE_WIDTH + lane]) ** p
            work[lane] = total
        acc = simd.tile_of_row(work, 0, 1, TILE_VECTORS)
    simd.store_tile(acc, work, 0, TILE_WIDTH)
    return simd.bits_below(acc, work[TILE_WIDTH])


def work_of(n_features, more=0):
    """Make a work array, with some places more at its end."""
    return np.empty(tile_width(np.float64) + 1 + n_features + DEPTH * (n_features + 2) + more)
