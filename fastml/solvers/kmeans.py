"""K-means: the choice of seeds, Lloyd's iterations, mini-batch steps.

Everything works on a plan (`kernels.*.kmeans.plan`), and centers are relative to the plan's offset.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import _config

__all__ = [
    "LloydResult",
    "choose_seeds",
    "fits_memory",
    "label_rows",
    "lloyd",
    "make_plan",
    "minibatch_step",
    "round_offset",
    "same_clustering",
]

# With weights that differ more than this, moving a heavy row out of a sum would leave rounding errors behind.
MAX_WEIGHT_RATIO = 1e6


class LloydResult(NamedTuple):
    """What a run of Lloyd's iterations found.

    Attributes
    ----------
    labels : int32 array of shape (n_samples,)
        The nearest center of each row.
    inertia : float
        Weighted sum of squared distances of the rows from their centers.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset.
    n_iter : int
        Iterations made.
    """

    labels: Any
    inertia: float
    centers: Any
    n_iter: int


# ---- where the data lie ----------------------------------------------------------------------
def make_plan(device, X, sample_weight=None, *, keep=True):
    """Lay data out around their mean.

    Parameters
    ----------
    device : Device
        Where X is.
    X : array of shape (n_samples, n_features)
        The rows.
    sample_weight : array of shape (n_samples,), default=None
        Their weights; None means ones.
    keep : bool, default=True
        Whether a packed copy may be kept, if it fits the configured working memory.

    Returns
    -------
    plan : Plan
        Centers, sums and distances are relative to its offset.
    mean_variance : float
        Mean of the columns' variances.
    """
    means, variances = device.kernels.kmeans.column_statistics(X)
    offset = round_offset(device.xp, means, variances).astype(X.dtype)
    keep = keep and fits_memory(X)
    return device.kernels.kmeans.plan(X, sample_weight, offset, keep=keep), float(variances.mean())


def fits_memory(X) -> bool:
    """Tell whether a packed copy of X, and what is kept beside it for each row, fit the working memory."""
    beside = 20 * X.itemsize * X.shape[0]
    return X.nbytes + beside <= _config.current()["working_memory"] * 2**20


def round_offset(xp, means, variances):
    """Means, rounded to a power of two below the standard deviation.

    Parameters
    ----------
    xp : module
        NumPy or CuPy.
    means, variances : float64 array of shape (n_features,)
        Of the columns.

    Returns
    -------
    offset : float64 array of shape (n_features,)
        Subtracting it from integers and other short numbers is exact, so that rows equally far from two
        centers stay equally far.
    """
    deviations = xp.sqrt(variances)
    step = 2.0 ** xp.floor(xp.log2(xp.where(deviations > 0, deviations, 1)))
    return xp.where(deviations > 0, xp.round(means / step) * step, means)


# ---- seeds --------------------------------------------------------------------------------
def choose_seeds(device, plan, n_clusters, rng, n_trials=None) -> np.ndarray:
    """Choose rows as initial centers by greedy k-means++.

    Parameters
    ----------
    device : Device
        Where the plan's arrays are.
    plan : Plan
        The rows and their weights.
    n_clusters : int
        Number of seeds.
    rng : numpy.random.RandomState
        Random numbers are drawn from it as scikit-learn draws them.
    n_trials : int, default=None
        Candidates for each seed but the first, of which the best is taken. None means
        ``2 + log(n_clusters)``.

    Returns
    -------
    rows : ndarray of shape (n_clusters,)
        Indices of the chosen rows.

    References
    ----------
    Arthur, D., Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA 2007.
    """
    kernels = device.kernels.kmeans_plusplus
    n_trials = n_trials or 2 + int(np.log(n_clusters))
    rows = np.empty(n_clusters, np.int64)
    rows[0] = first_row(device, plan, rng)
    if n_clusters > 1:
        seeds = kernels.start_seeds(plan, int(rows[0]), n_trials)
        for c in range(1, n_clusters):
            rows[c] = kernels.add_seed(plan, seeds, rng.uniform(size=n_trials))
    return rows


def first_row(device, plan, rng):
    """Draw a row with probability proportional to its weight, as ``rng.choice`` does."""
    n_samples = len(plan.X)
    if len(plan.sample_weight):
        weight = device.to_host(plan.sample_weight)
        return rng.choice(n_samples, p=weight / weight.sum())
    return min(int(rng.random_sample() * n_samples), n_samples - 1)


# ---- Lloyd's iterations ----------------------------------------------------------------------
def lloyd(device, plan, centers, *, max_iter, tol, say=None, begin_iteration=None) -> LloydResult:
    """Assign rows to the nearest center and move the centers to their means until nothing changes.

    Parameters
    ----------
    device : Device
        Where the plan's arrays are.
    plan : Plan
        The rows and their weights.
    centers : array of shape (n_clusters, n_features)
        Initial centers, relative to the plan's offset.
    max_iter : int
        Most iterations.
    tol : float
        Stop when the centers' squared movements sum to no more than this.
    say : callable, default=None
        Called with a line of text on the progress.
    begin_iteration : callable, default=None
        Called without arguments before each iteration; returns what is called with the new centers and the
        labels after it. Iterations stop when that returns True.

    Returns
    -------
    result : LloydResult
        With labels that belong to the returned centers.
    """
    clusters = _Clusters(device, plan, centers.shape)
    converged = False
    for i in range(max_iter):
        end_iteration = begin_iteration and begin_iteration()
        n_changed = clusters.assign(centers)
        old, (centers, shift) = centers, clusters.means(centers)
        if say:
            say(f"Iteration {i}, inertia {clusters.inertia(old)}.")
        stopped = end_iteration and end_iteration(centers, clusters.labels)
        converged = n_changed == 0
        if converged:
            if say:
                say(f"Converged at iteration {i}: strict convergence.")
            break
        if shift <= tol:
            if say:
                say(f"Converged at iteration {i}: center shift {shift} within tolerance {tol}.")
            break
        if stopped:
            break
    if not converged:  # the centers have moved since the rows were assigned
        device.kernels.kmeans.assign(plan, centers, clusters.labels, clusters.labels)
    return LloydResult(clusters.labels, clusters.inertia(centers), centers, i + 1)


class _Clusters:
    """Labels of the rows, and the clusters' sums, which are brought up to date as rows change cluster."""

    def __init__(self, device, plan, shape):
        self.device, self.plan, self.kernels = device, plan, device.kernels.kmeans
        n_samples = len(plan.X)
        self.labels, self.old_labels = device.empty(n_samples, np.int32), device.empty(n_samples, np.int32)
        self.labels[:] = -1
        self.sums = device.zeros(shape, np.float64)
        self.weights = device.zeros(shape[0], np.float64)
        self.counts = device.zeros(shape[0], np.int64)
        self.incremental = _weights_are_even(plan.sample_weight)

    def assign(self, centers):
        """Label the rows anew; return how many labels changed."""
        self.labels, self.old_labels = self.old_labels, self.labels
        sums = self.sums, self.weights, self.counts
        if self.incremental:
            return self.kernels.lloyd_step(self.plan, centers, self.old_labels, self.labels, *sums)
        for array in sums:
            array[:] = 0
        in_no_cluster = self.device.xp.full_like(self.labels, -1)
        self.kernels.lloyd_step(self.plan, centers, in_no_cluster, self.labels, *sums)
        return int((self.labels != self.old_labels).sum())

    def means(self, centers):
        """Return the means of the clusters, and the sum of the squares of their movements.

        An empty cluster gets a row that is far from its center.
        """
        means, shift, n_empty = self.kernels.divide_sums(self.sums, self.weights, centers)
        if not n_empty:
            return means, shift
        sums, weights = self._fill_empty(centers)
        means, shift, n_empty = self.kernels.divide_sums(sums, weights, centers)
        if n_empty:  # Fewer distinct rows than clusters: the clusters left over stand where the largest is.
            means[weights <= 0] = means[int(weights.argmax())]
            shift = float(((means - centers).astype(np.float64) ** 2).sum())
        return means, shift

    def _fill_empty(self, centers):
        """Sums and weights after the rows farthest from their centers have moved to the empty clusters."""
        device, plan = self.device, self.plan
        empty = np.flatnonzero(device.to_host(self.weights) == 0)
        distances = device.empty(len(plan.X), plan.X.dtype)
        self.kernels.row_distances(plan, centers, self.labels, distances)
        distances = device.to_host(distances)
        if len(empty) == 0 or distances.max() == 0:
            return self.sums, self.weights
        rows = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
        owners = device.to_host(self.labels[device.asarray(rows)])
        sums, weights = self.sums.copy(), self.weights.copy()
        for row, owner, cluster in zip(rows.tolist(), owners.tolist(), empty.tolist()):
            weight = float(plan.sample_weight[row]) if len(plan.sample_weight) else 1.0
            moved = (plan.X[row] - plan.offset).astype(np.float64) * weight
            sums[owner] -= moved
            sums[cluster] = moved
            weights[owner] -= weight
            weights[cluster] = weight
        return sums, weights

    def inertia(self, centers):
        return self.kernels.inertia(self.plan, centers, self.labels)


def _weights_are_even(sample_weight):
    if not len(sample_weight):
        return True
    size = abs(sample_weight)
    return float(size.max()) <= MAX_WEIGHT_RATIO * float(size.mean())


def label_rows(device, plan, centers):
    """Find the nearest center of each row.

    Parameters
    ----------
    device : Device
        Where the plan's arrays are.
    plan : Plan
        The rows.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset.

    Returns
    -------
    labels : int32 array of shape (n_samples,)
        Index of the nearest center, the lowest of several equally near.
    """
    labels = device.zeros(len(plan.X), np.int32)
    device.kernels.kmeans.assign(plan, centers, labels, labels)
    return labels


def same_clustering(xp, labels, other, n_clusters) -> bool:
    """Tell whether two labellings differ in the clusters' numbers only.

    Parameters
    ----------
    xp : module
        NumPy or CuPy.
    labels, other : int32 array of shape (n_samples,)
        The labels.
    n_clusters : int
        Number of clusters.

    Returns
    -------
    same : bool
        Whether each cluster of `labels` lies in one of `other`.
    """
    mapping = xp.zeros(n_clusters, np.int32)
    mapping[labels] = other
    return bool((mapping[labels] == other).all())


# ---- mini-batches -----------------------------------------------------------------------------
def minibatch_step(device, plan, centers, weight_sums):
    """Move the centers towards the means of a batch, each the less the more rows it has had.

    Parameters
    ----------
    device : Device
        Where the plan's arrays are.
    plan : Plan
        The batch and its weights.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset.
    weight_sums : array of shape (n_clusters,)
        Weights of the rows that each center has had so far; brought up to date.

    Returns
    -------
    centers : array of shape (n_clusters, n_features)
        The new centers.
    inertia : float
        Weighted sum of the batch's squared distances from the old centers.

    References
    ----------
    Sculley, D. (2010). Web-scale k-means clustering. WWW 2010.
    """
    clusters = _Clusters(device, plan, centers.shape)
    clusters.assign(centers)
    inertia = clusters.inertia(centers)
    moved = clusters.weights > 0
    total = weight_sums + clusters.weights
    new = (centers * weight_sums[:, None] + clusters.sums) / device.xp.where(moved, total, 1)[:, None]
    new = device.xp.where(moved[:, None], new, centers).astype(centers.dtype)
    weight_sums[:] = device.xp.where(moved, total, weight_sums)
    return new, inertia
