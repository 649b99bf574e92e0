"""Minimal cost-complexity pruning and partial dependence, by recursion."""

import numpy as np


def leaves_below(nodes, i, pruned):
    """The leaves of the branch of a node, where the nodes in `pruned` are leaves."""
    if nodes[i, 0] == -1 or i in pruned:
        return [i]
    return leaves_below(nodes, nodes[i, 0], pruned) + leaves_below(nodes, nodes[i, 1], pruned)


def inner_below(nodes, i, pruned):
    """The nodes of the branch that are no leaves."""
    if nodes[i, 0] == -1 or i in pruned:
        return []
    return [i, *inner_below(nodes, nodes[i, 0], pruned), *inner_below(nodes, nodes[i, 1], pruned)]


def prune(nodes, reals, alpha):
    """Prune the weakest link until its effective alpha is above `alpha`; the pruned nodes, and the path."""
    cost = reals[:, 2] * reals[:, 1] / reals[0, 2]
    pruned = set()
    path = [(0.0, cost[leaves_below(nodes, 0, pruned)].sum())]
    while inner := sorted(inner_below(nodes, 0, pruned)):
        below = [leaves_below(nodes, i, pruned) for i in inner]
        effective = [(cost[i] - cost[b].sum()) / (len(b) - 1) for i, b in zip(inner, below)]
        if alpha < min(effective):
            break
        pruned.add(inner[int(np.argmin(effective))])
        path.append((min(effective), cost[leaves_below(nodes, 0, pruned)].sum()))
    return pruned, np.array(path)


def partial_dependence(nodes, reals, x, features, i=0):
    """The mean prediction for given values of some features."""
    if nodes[i, 0] == -1:
        return reals[i, 3]
    left, right, feature = nodes[i, :3]
    if feature in features:
        goes_left = x[list(features).index(feature)] <= reals[i, 0]
        return partial_dependence(nodes, reals, x, features, left if goes_left else right)
    share = reals[left, 2] / reals[i, 2]
    return share * partial_dependence(nodes, reals, x, features, left) + (1 - share) * partial_dependence(
        nodes, reals, x, features, right
    )
