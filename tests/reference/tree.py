"""Decision trees, defined: what a node's impurity and value are, and which split is best.

`grow_tree` grows a tree with features in ascending order; where splits are equally good another tree is as
right, so `faults` judges any tree node by node.
"""

import numpy as np

EPSILON = 10 * np.finfo(np.float64).eps


def shares(y, weight, n_classes):
    """The classes' shares of the weight."""
    return np.array([weight[y == c].sum() for c in range(n_classes)]) / weight.sum()


def median(y, weight):
    """The weighted median; the mean of two where half the weight lies below each."""
    order = np.argsort(y, kind="stable")
    below = np.cumsum(weight[order])
    half = below[-1] / 2
    low = order[np.searchsorted(below, half)]
    high = order[min(np.searchsorted(below, half, side="right"), len(y) - 1)]
    return (y[low] + y[high]) / 2


def impurity(criterion, y, weight, n_classes):
    """The impurity of samples, the mean over the outputs."""
    found = []
    for column in y.T:
        mean = np.average(column, weights=weight)
        if criterion in ("gini", "entropy", "log_loss"):
            p = shares(column, weight, n_classes)
            p = p[p > 0]
            found.append(1 - (p**2).sum() if criterion == "gini" else -(p * np.log2(p)).sum())
        elif criterion == "squared_error":
            found.append(np.average((column - mean) ** 2, weights=weight))
        elif criterion == "absolute_error":
            found.append(np.average(abs(column - median(column, weight)), weights=weight))
        elif mean <= 0:
            found.append(np.inf)
        else:
            logs = np.log(np.where(column > 0, column, 1) / mean)
            found.append(np.average(np.where(column > 0, column * logs, 0), weights=weight))
    return np.mean(found)


def value(criterion, y, weight, n_classes):
    """The value of a node: shares of the classes, means or medians."""
    if criterion in ("gini", "entropy", "log_loss"):
        return np.concatenate([shares(column, weight, n_classes) for column in y.T])
    if criterion == "absolute_error":
        return np.array([median(column, weight) for column in y.T])
    return np.average(y, axis=0, weights=weight)


def candidates(x):
    """Every split of a feature: which samples go left, the threshold, whether missing values do."""
    missing = np.isnan(x)
    known = np.unique(x[~missing])
    for missing_left in (False, True) if missing.any() else (False,):
        for low, high in zip(known[:-1], known[1:]):
            if high > low + np.float32(1e-7):
                yield (
                    (x <= low) | (missing & missing_left),
                    np.float64(low) / 2 + np.float64(high) / 2,
                    missing_left,
                )
        if missing.any() and not missing_left and len(known):
            yield ~missing, np.inf, False


def gain(criterion, y, weight, left, n_classes, total):
    """By how much a split lowers the impurity of all samples."""
    own = impurity(criterion, y, weight, n_classes) * weight.sum()
    for side in (left, ~left):
        own -= impurity(criterion, y[side], weight[side], n_classes) * weight[side].sum()
    return own / total


def allowed(left, weight, limits):
    """Tell whether both sides of a split are large enough."""
    counts, weights = (left.sum(), (~left).sum()), (weight[left].sum(), weight[~left].sum())
    return min(counts) >= limits.min_samples_leaf and min(weights) >= limits.min_weight_leaf


def best_split(X, y, weight, criterion, n_classes, limits, total):
    """The largest gain, and the first split that has it: feature, threshold, missing left, samples."""
    best = (-np.inf,)
    for t in range(X.shape[1]):
        for left, threshold, missing_left in candidates(X[:, t]):
            if allowed(left, weight, limits):
                found = gain(criterion, y, weight, left, n_classes, total)
                if np.isfinite(found) and found > best[0] + 1e-13:
                    best = (found, t, threshold, missing_left, left)
    return best


def stops(depth, weight, impure, limits):
    """Tell whether a node is a leaf before a split is looked for."""
    return (
        depth >= limits.max_depth
        or len(weight) < limits.min_samples_split
        or len(weight) < 2 * limits.min_samples_leaf
        or weight.sum() < 2 * limits.min_weight_leaf
        or impure <= EPSILON
    )


def grow_tree(X, y, weight, criterion, n_classes, limits):
    """Grow a tree, depth first; a list of nodes (left, right, feature, threshold)."""
    nodes, total = [], weight.sum()

    def grow(rows, depth):
        number = len(nodes)
        nodes.append([-1, -1, -2, -2.0])
        w = weight[rows]
        if not stops(depth, w, impurity(criterion, y[rows], w, n_classes), limits):
            found = best_split(X[rows], y[rows], w, criterion, n_classes, limits, total)
            if found[0] > -np.inf and found[0] + EPSILON >= limits.min_impurity_decrease:
                _, feature, threshold, _, left = found
                nodes[number] = [
                    grow(rows[left], depth + 1),
                    grow(rows[~left], depth + 1),
                    feature,
                    threshold,
                ]
        return number

    grow(np.flatnonzero(weight), 0)
    return nodes


def faults(tree, X, y, weight, criterion, n_classes, limits, rtol=1e-9):
    """What is wrong with a tree that was grown from all features, all thresholds, depth first."""
    found, total = [], weight.sum()
    nodes, reals = tree.nodes, tree.reals
    stack, seen = [(0, np.flatnonzero(weight), 0)], 0
    while stack:
        i, rows, depth = stack.pop()
        left_child, right_child, feature, n_samples, missing_left = nodes[i]
        w, seen = weight[rows], seen + 1
        impure = impurity(criterion, y[rows], w, n_classes)
        expected = [impure, w.sum(), *value(criterion, y[rows], w, n_classes)]
        scale = max(1.0, abs(y).max()) ** (2 if criterion == "squared_error" else 1)
        if n_samples != len(rows) or not np.allclose(reals[i, 1:], expected, rtol=rtol, atol=rtol * scale):
            found.append(f"node {i} is {n_samples}, {reals[i, 1:]}, not {len(rows)}, {expected}")
        best = best_split(X[rows], y[rows], w, criterion, n_classes, limits, total)
        if left_child == -1:
            least = limits.min_impurity_decrease - EPSILON
            if not stops(depth, w, impure, limits) and best[0] > max(least, rtol * scale):
                found.append(f"leaf {i} could be split, with a gain of {best[0]}")
            continue
        x, threshold = X[rows, feature], reals[i, 0]
        left = (x <= threshold) | (np.isnan(x) & (missing_left == 1))
        own = gain(criterion, y[rows], w, left, n_classes, total)
        if not allowed(left, w, limits) or own < best[0] - rtol * scale:
            found.append(f"node {i} gains {own}, not {best[0]}")
        if not np.isnan(x).any() and missing_left != (left.sum() > (~left).sum()):
            found.append(f"node {i} sends missing values to the smaller side")
        stack += [(right_child, rows[~left], depth + 1), (left_child, rows[left], depth + 1)]
    return found if seen == len(nodes) else [*found, f"{len(nodes)} nodes, {seen} reached"]
