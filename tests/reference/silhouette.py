"""Mean distances from each row to each cluster."""

import numpy as np

from . import distance


def mean_distances(X, offsets, metric, own_out, nearest_out):
    """Mean distance to the row's own cluster -> own_out, to the nearest other one -> nearest_out."""
    distances = np.empty((len(X), len(X)))
    distance.pairwise(X, X, metric, distances)
    clusters = [slice(*pair) for pair in zip(offsets, offsets[1:])]
    for c, own in enumerate(clusters):
        for i in range(own.start, own.stop):
            size = own.stop - own.start
            own_out[i] = distances[i, own].sum() / (size - 1) if size > 1 else 0.0
            nearest_out[i] = min(distances[i, other].mean() for k, other in enumerate(clusters) if k != c)
