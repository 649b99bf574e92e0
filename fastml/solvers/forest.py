"""Random forests: samples drawn for each tree, trees grown side by side, sums over all trees."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np

from .._threads import for_each_block
from . import tree as solver

__all__ = [
    "Sampling",
    "Trees",
    "add_predictions",
    "draw_rows",
    "grow_forest",
    "mean_importances",
    "out_of_bag",
]

MAX_SEED = 2**31 - 1
SMALL_TREE = 5_000  # values: less is grown in the time that the interpreter takes for a tree


class Sampling(NamedTuple):
    """How the samples of each tree are drawn.

    Attributes
    ----------
    n_samples : int
        Number of samples.
    n_drawn : int or None
        How many are drawn with replacement; None: each tree gets all.
    weight : float64 ndarray of shape (n_samples,) or None
        Weights: of the draws, or of the samples where none are drawn.
    """

    n_samples: int
    n_drawn: int | None
    weight: Any


class Trees:
    """The trees of a forest, and what is derived from them when it is first needed.

    Parameters
    ----------
    trees : list of Tree
        The trees.
    seeds : ndarray of shape (n_trees,)
        Their seeds.
    """

    def __init__(self, trees, seeds):
        self.trees = trees
        self.seeds = seeds

    def __getstate__(self):
        return {"trees": self.trees, "seeds": self.seeds}

    def __len__(self):
        return len(self.trees)

    def derived(self, name, make):
        """Return what `make()` returned the first time."""
        known = vars(self)
        return known[name] if name in known else known.setdefault(name, make())


def draw_rows(sampling, seed, rng=None):
    """Draw the samples of a tree, as scikit-learn draws them.

    Parameters
    ----------
    sampling : Sampling
        With samples to be drawn.
    seed : int
        The tree's.
    rng : RandomState, default=None
        A generator to be seeded: making a new one takes longer than drawing for a small tree.

    Returns
    -------
    rows : int32 ndarray of shape (n_drawn,)
        Samples.
    """
    rng = np.random.RandomState(0) if rng is None else rng
    rng.seed(seed)
    if sampling.weight is None:
        return rng.randint(0, sampling.n_samples, sampling.n_drawn).astype(np.int32)
    shares = sampling.weight / sampling.weight.sum()
    return rng.choice(sampling.n_samples, sampling.n_drawn, replace=True, p=shares).astype(np.int32)


def grow_forest(device, table, y, plan, sampling, seeds, *, weigh=None, min_weight_fraction=0.0, report=None):
    """Grow trees, several at a time.

    Parameters
    ----------
    device : Device
        Where they grow.
    table : Table
        What the device's ``tree_columns.rank_columns`` made of the data.
    y : float64 array of shape (n_samples, n_outputs)
        Targets; for classification the classes' numbers.
    plan : Plan
        What kind of trees.
    sampling : Sampling
        How their samples are drawn.
    seeds : ndarray of shape (n_trees,)
        The trees' seeds.
    weigh : callable, default=None
        Called with the drawn samples, for weights by which those of the samples are multiplied.
    min_weight_fraction : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of a tree's samples.
    report : callable, default=None
        Called with the number of a tree before it is grown.

    Returns
    -------
    trees : list of Tree
        In the order of the seeds.
    """
    trees: list = [None] * len(seeds)
    own_generator = threading.local()

    def grow_one(t, start, stop):
        if report is not None:
            report(t)
        if not hasattr(own_generator, "rng"):
            own_generator.rng = np.random.RandomState(0)
        rng = own_generator.rng
        seed, weight = int(seeds[t]), sampling.weight
        rng.seed(seed)
        first = rng.randint(0, MAX_SEED)
        if sampling.n_drawn is not None:
            rows = draw_rows(sampling, seed, rng)
            weight = np.bincount(rows, minlength=sampling.n_samples)
            weight = weight if weigh is None else weight * weigh(rows)
        own = plan
        if min_weight_fraction:
            total = float(sampling.n_samples if weight is None else weight.sum())
            own = plan._replace(limits=plan.limits._replace(min_weight_leaf=min_weight_fraction * total))
        trees[t] = solver.grow(device, table, y, weight, own, first)

    values = len(y) * min(plan.limits.max_features, plan.n_features)
    work = 100.0 * values * len(seeds) if values > SMALL_TREE else 0.0
    for_each_block(grow_one, len(seeds), 1, work=work)
    return trees


def add_predictions(device, packed, X, sums):
    """Add the predictions of all trees for some rows.

    Parameters
    ----------
    device : Device
        Where the trees are.
    packed : tuple
        The trees, as `tree.pack` returns them.
    X : float32 ndarray or sparse matrix of shape (n_samples, n_features)
        The rows.
    sums : float64 array of shape (n_samples, n_values)
        What is added to.
    """
    words, roots, values = packed
    for rows, block in solver.dense_blocks(X):
        device.kernels.tree_predict.add_leaf_values(block, words, roots, values, sums[rows])


def out_of_bag(trees, sampling, X):
    """Predict each sample by the trees for which it was not drawn.

    Parameters
    ----------
    trees : Trees
        The trees.
    sampling : Sampling
        How their samples were drawn.
    X : float32 ndarray of shape (n_samples, n_features)
        The samples.

    Returns
    -------
    means : float64 ndarray of shape (n_samples, n_outputs, max_n_classes)
        Mean predictions; 0 for a sample that all trees have seen.
    n_trees : int64 ndarray of shape (n_samples,)
        How many trees have not.
    """
    shape = len(X), trees.trees[0].n_outputs, trees.trees[0].max_n_classes
    sums, n_trees, rng = np.zeros(shape), np.zeros(len(X), np.int64), np.random.RandomState(0)
    for tree, seed in zip(trees.trees, trees.seeds.tolist()):
        left_out = np.bincount(draw_rows(sampling, seed, rng), minlength=len(X)) == 0
        rows = np.flatnonzero(left_out)
        sums[rows] += tree.predict(X[rows]).reshape(len(rows), *shape[1:])
        n_trees += left_out
    sums /= np.maximum(n_trees, 1)[:, None, None]
    return sums, n_trees


def mean_importances(trees, n_features):
    """How much each feature lowered the impurity in the mean of the trees that split at all; in sum 1.

    Parameters
    ----------
    trees : list of Tree
        The trees.
    n_features : int
        Number of features.

    Returns
    -------
    importances : ndarray of shape (n_features,)
        Zeros where no tree splits.
    """
    found = [tree.compute_feature_importances() for tree in trees if tree.node_count > 1]
    if not found:
        return np.zeros(n_features)
    mean = np.mean(found, axis=0)
    return mean / mean.sum()
