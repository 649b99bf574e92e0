"""Seeds for k-means, one candidate after the other."""

import numpy as np

from .kmeans import squared_distances


def choose_seeds(X, weights, first, uniforms):
    """Rows taken as seeds after `first`, one for each row of `uniforms`, and the potential they leave."""
    weights = np.ones(len(X)) if weights is None else weights.astype(np.float64)
    seeds, closest = [first], squared_distances(X, X[[first]])[:, 0]
    for drawn in uniforms:
        running = np.cumsum(closest * weights)
        rows = [min(int(np.searchsorted(running, u * running[-1])), len(X) - 1) for u in drawn]
        left = [np.minimum(closest, squared_distances(X, X[[row]])[:, 0]) for row in rows]
        best = int(np.argmin([distances @ weights for distances in left]))
        seeds.append(rows[best])
        closest = left[best]
    return seeds, float(closest @ weights)
