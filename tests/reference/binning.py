"""Bins of features, one value after the other."""

import numpy as np


def thresholds(values, max_bins, weights=None):
    values = values.astype(np.float64)
    weights = np.ones(len(values)) if weights is None else weights
    seen = ~np.isnan(values) & (weights != 0)
    values, weights = values[seen], weights[seen]
    distinct = np.unique(values)
    if len(distinct) <= 1:
        return np.empty(0)
    if len(distinct) <= max_bins:
        found = [(a + b) / 2 for a, b in zip(distinct, distinct[1:])]
    else:
        order = np.argsort(values, kind="stable")
        found = []
        for b in range(1, max_bins):
            total, wanted = 0.0, b / max_bins * weights.sum()
            place = -1
            while total < wanted * (1 - 1e-14) or place < 0:
                place += 1
                i = order[place]
                total += weights[i]
            exactly = abs(total - wanted) <= 1e-9 and place + 1 < len(order)
            after = values[order[place + 1]] if exactly else values[i]
            found.append((values[i] + after) / 2)
    return np.minimum(np.unique(found), 1e300)


def bins(X, thresholds, n_categories, missing):
    codes = np.full(X.shape, missing, np.uint8)
    for (i, j), x in np.ndenumerate(X):
        if n_categories[j]:
            if 0 <= x < n_categories[j]:
                codes[i, j] = int(x)
        elif not np.isnan(x):
            # NaN, between two infinities, has the smaller one below it.
            ends = [x if np.isnan(t) and x == -np.inf else t for t in thresholds[j]]
            below = [k for k, t in enumerate(ends) if x <= t]
            codes[i, j] = below[0] if below else len(thresholds[j])
    return codes
