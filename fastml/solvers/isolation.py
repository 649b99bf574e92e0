"""Isolation forests: small random trees, and the lengths of the paths through them."""

from __future__ import annotations

import threading

import numpy as np

from .._threads import for_each_block
from . import bagging
from . import tree as solver

__all__ = ["anomaly_scores", "average_path_length", "grow_isolation_trees", "pack_paths"]

MAX_SEED = 2**31 - 1
SMALL_TREE = 2_000  # samples: less is grown in the time that the interpreter takes for a tree


def average_path_length(n_samples):
    """Average length of the paths that end in an isolation tree of some samples.

    It is that of an unsuccessful search in a binary search tree: 2 H(n - 1) - 2 (n - 1) / n, where H is a
    harmonic number, approximated by the logarithm.

    Parameters
    ----------
    n_samples : int64 ndarray of shape (n,)
        Numbers of samples.

    Returns
    -------
    lengths : float64 ndarray of shape (n,)
        Their lengths.
    """
    n = np.maximum(n_samples, 3)
    lengths = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(n_samples > 2, lengths, n_samples == 2)


def grow_isolation_trees(device, X, targets, plan, how, seeds, report=None):
    """Grow trees from a few drawn samples each, splitting at random.

    Parameters
    ----------
    device : Device
        Where they grow.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        float32 or float64; NaN is a missing value.
    targets : float64 ndarray of shape (n_samples,)
        Any different numbers: a node of equal ones would not be split.
    plan : Plan
        What kind of trees, see `fastml._trees`.
    how : Draw
        How samples and features are drawn, see `bagging`.
    seeds : int64 ndarray of shape (n_trees,)
        The trees' seeds.
    report : callable, default=None
        Called with the number of a tree before it is grown.

    Returns
    -------
    trees : list of Tree
        In the order of the seeds; they know the drawn features only.
    features : list of int64 ndarray of shape (how.max_features,)
        The features of each tree.
    tree_seeds : int64 ndarray of shape (n_trees,)
        What `random_state` grows each tree from its samples.
    """
    trees: list = [None] * len(seeds)
    drawn: list = [None] * len(seeds)
    tree_seeds = np.empty(len(seeds), np.int64)
    own_generator = threading.local()

    def grow_one(t, start, stop):
        if report is not None:
            report(t)
        if not hasattr(own_generator, "rng"):
            own_generator.rng = np.random.RandomState(0)
        rng, seed = own_generator.rng, int(seeds[t])
        features, samples = bagging.draw(how, seed, rng)
        rows, weight = np.sort(samples), None
        if how.bootstrap:
            rows, weight = np.unique(samples, return_counts=True)
        table = device.kernels.tree_columns.order_columns(_part(X, rows, features, how), allow_infinite=True)
        rng.seed(seed)
        tree_seeds[t] = rng.randint(MAX_SEED)
        rng.seed(tree_seeds[t])
        trees[t] = solver.grow(device, table, targets[rows, None], weight, plan, rng.randint(0, MAX_SEED))
        drawn[t] = features

    work = 100.0 * how.max_samples * len(seeds) if how.max_samples > SMALL_TREE else 0.0
    for_each_block(grow_one, len(seeds), 1, work=work)
    return trees, drawn, tree_seeds


def _part(X, rows, features, how):
    """Some rows, and some features of these, as a C-contiguous array."""
    part = X[rows] if isinstance(X, np.ndarray) else X[rows].toarray()
    return part if how.max_features == how.n_features else np.ascontiguousarray(part[:, features])


def pack_paths(device, trees):
    """Pack trees for walks that add up the lengths of paths.

    Parameters
    ----------
    device : Device
        Where the walks will be.
    trees : list of Tree
        The trees.

    Returns
    -------
    packed : tuple
        Words, roots and values, as `tree.pack` returns them; the values are lengths of paths to the nodes,
        and on from there, where several samples were left, on average.
    """
    words, roots, _ = solver.pack(device, trees)
    depths = device.kernels.tree_predict.measure_depths(words)
    n_left = np.concatenate([tree.n_node_samples for tree in trees])
    lengths = depths + average_path_length(n_left) - 1.0
    return words, roots, lengths[:, None]


def anomaly_scores(lengths, n_trees, n_drawn):
    """Turn the lengths of paths into scores: 2 to the power of minus the mean length, as a share of average.

    Parameters
    ----------
    lengths : float64 ndarray of shape (n_samples,)
        Sums over all trees.
    n_trees : int
        How many trees.
    n_drawn : int
        From how many samples each was grown.

    Returns
    -------
    scores : float64 ndarray of shape (n_samples,)
        Near 1 for outliers, near 0.5 for most; 0.5 where trees of one sample tell nothing.
    """
    expected = n_trees * average_path_length(np.array([n_drawn]))[0]
    if expected == 0:
        return np.full(len(lengths), 0.5)
    return 2.0 ** -(lengths / expected)
