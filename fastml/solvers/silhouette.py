"""Silhouettes from mean distances."""

from __future__ import annotations

import numpy as np

__all__ = ["silhouettes"]


def silhouettes(device, X, clusters, n_clusters, metric):
    """Compute the silhouette of each row.

    Parameters
    ----------
    device : Device
        Where to compute.

    X : array of shape (n_samples, n_features), float32 or float64
        The rows, on the device.

    clusters : ndarray of shape (n_samples,), int64
        The cluster of each row, from 0 to n_clusters - 1; every cluster has rows.

    n_clusters : int
        At least 2.

    metric : str
        A metric that `kernels.cpu.silhouette.mean_distances` takes.

    Returns
    -------
    silhouettes : ndarray of shape (n_samples,), float64
        ``(b - a) / max(a, b)`` for the mean distances a to the row's own cluster and b to the nearest
        other one; 0 where a row is alone in its cluster or both means are 0.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
       analysis", Journal of Computational and Applied Mathematics 20, 53-65, 1987.
    """
    order = np.argsort(clusters, kind="stable")
    sizes = np.bincount(clusters, minlength=n_clusters)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    own, nearest = (device.empty((len(order),), np.float64) for _ in range(2))
    rows = X[device.asarray(order)]
    device.kernels.silhouette.mean_distances(rows, device.asarray(offsets), metric, own, nearest)
    own, nearest = device.to_host(own), device.to_host(nearest)
    larger = np.maximum(own, nearest)
    values = np.divide(nearest - own, larger, out=np.zeros_like(own), where=larger > 0)
    values[sizes[clusters[order]] == 1] = 0
    result = np.empty_like(values)
    result[order] = values
    return result
