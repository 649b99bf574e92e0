"""Gradient boosting: trees fitted to gradients, leaves that minimise the loss, stage after stage."""

from __future__ import annotations

import warnings

import numpy as np

from .tree import N_REALS, pack

__all__ = ["Boosting", "add_stage", "find_leaves", "mean_loss", "run", "start_of", "weighted_quantile"]

FIRST_DELTA = 0.5  # of Huber's loss, before there is a residual
SMALLEST_CURVATURE = 1e-150


class Boosting:
    """What boosting knows of the training data.

    Parameters
    ----------
    device : Device
        Where the losses are computed.
    rows : float32 ndarray of shape (n_samples, n_features)
        The samples as trees see them.
    y : float64 ndarray of shape (n_samples,)
        Targets, or the classes' numbers.
    weight : float64 ndarray of shape (n_samples,)
        Weights.
    raw : float64 ndarray of shape (n_samples, n_trees)
        Raw predictions, which are brought up to date.
    kind : str
        The loss's name for the kernels.
    quantile : float
        Of the losses that have one.
    learning_rate : float
        By which leaves are multiplied.
    """

    def __init__(self, device, rows, y, weight, raw, kind, quantile, learning_rate):
        self.device, self.rows, self.y, self.weight, self.raw = device, rows, y, weight, raw
        self.kind, self.quantile, self.learning_rate = kind, quantile, learning_rate
        self.delta = FIRST_DELTA
        self.losses, self.gradients = np.empty(len(y)), np.empty(raw.shape[::-1])
        self._measure()

    def _measure(self):
        parameter = self.delta if self.kind == "huber" else self.quantile
        self.device.kernels.gradient_boosting.measure_losses(
            self.kind, parameter, self.y, self.raw, self.losses, self.gradients
        )

    def loss(self, mask=None):
        """Return the mean loss of the samples in a mask; None means all."""
        if mask is None:
            return _average(self.losses, self.weight)
        return _average(self.losses[mask], self.weight[mask])

    def advance(self, grow, mask):
        """Fit the trees of a stage and add them to the raw predictions.

        Parameters
        ----------
        grow : callable
            Called with targets of shape (n_trees, n_samples) and weights or None; returns the trees.
        mask : bool ndarray of shape (n_samples,) or None
            The samples that are fitted to; None means all.

        Returns
        -------
        trees : list of Tree
            The trees, whose leaves minimise the loss.
        """
        if self.kind == "huber":
            errors = np.abs(self.y - self.raw[:, 0])
            self.delta = float(weighted_quantile(errors, self.weight, self.quantile))
            self._measure()
        weight = self.weight if mask is None else self.weight * mask
        trees = grow(self.gradients, weight)
        for k, tree in enumerate(trees):
            leaves = find_leaves(self.device, [tree], self.rows)[:, 0]
            if self.kind != "squared_error":
                self._update_leaves(tree, leaves, weight, k)
            self.raw[:, k] += self.learning_rate * tree.reals[:, N_REALS].take(leaves)
        self._measure()
        return trees

    def _update_leaves(self, tree, leaves, weight, k):
        if self.kind in ("binomial", "exponential", "multinomial"):
            self._newton_step(tree, leaves, weight, k)
        else:
            self._search_lines(tree, leaves, weight)

    def _newton_step(self, tree, leaves, weight, k):
        sums = np.empty((len(tree.nodes), 3))
        self.device.kernels.gradient_boosting.sum_leaves(
            self.kind, k, leaves, self.y, self.gradients[k], weight, sums
        )
        at = np.flatnonzero(tree.children_left == -1)
        slope, curvature = sums[at, 0] / sums[at, 2], sums[at, 1] / sums[at, 2]
        if self.kind == "multinomial":
            n_classes = self.raw.shape[1]
            slope *= (n_classes - 1) / n_classes
        flat = np.abs(curvature) < SMALLEST_CURVATURE
        with np.errstate(over="ignore"):
            steps = np.where(flat, 0.0, slope / np.where(flat, 1.0, curvature))
        if np.isinf(steps).any():
            warnings.warn("overflow encountered in _safe_divide", RuntimeWarning, stacklevel=2)
        tree.reals[at, N_REALS] = steps

    def _search_lines(self, tree, leaves, weight):
        """Give each leaf the quantile of its residuals, and what Huber's loss adds to the median."""
        rows = np.flatnonzero(weight)
        residuals = self.y[rows] - self.raw[rows, 0]
        order = np.lexsort((residuals, leaves[rows]))
        residuals, weight, leaves = residuals[order], weight[rows][order], leaves[rows][order]
        starts = np.flatnonzero(np.diff(leaves, prepend=-1))
        level = self.quantile if self.kind == "quantile" else 0.5
        for start, stop in zip(starts, [*starts[1:], len(leaves)]):
            part, own = residuals[start:stop], weight[start:stop]
            step = part[_place(own, level)]
            if self.kind == "huber":
                apart = part - step
                step += _average(np.sign(apart) * np.minimum(self.delta, np.abs(apart)), own)
            tree.reals[leaves[start], N_REALS] = step


def run(boosting, grow, rng, stages, n_drawn, after_stage):
    """Boost until there are enough stages, or `after_stage` says that there are.

    Parameters
    ----------
    boosting : Boosting
        The state.
    grow : callable
        As for `Boosting.advance`.
    rng : RandomState
        Of the samples that are drawn.
    stages : range
        Numbers of the stages.
    n_drawn : int or None
        How many samples are drawn for each stage; None means all.
    after_stage : callable
        Called with the number of the stage, its trees, the mask of its samples (or None), and the loss that
        the left out samples had before; returns whether to stop.

    Returns
    -------
    n_stages : int
        The number of stages that there are now.
    """
    n, mask, before = len(boosting.y), None, np.nan
    for i in stages:
        if n_drawn is not None:
            drawn = np.empty(n, np.int64)
            boosting.device.kernels.gradient_boosting.draw_mask(rng.uniform(size=n), n_drawn, drawn)
            mask = drawn.astype(bool)
            before = boosting.loss(~mask)
        trees = boosting.advance(grow, mask)
        if after_stage(i, trees, mask, before):
            return i + 1
    return stages.stop


def start_of(kind, prior):
    """Turn a prior prediction into a raw one.

    Parameters
    ----------
    kind : str
        The loss's name for the kernels.
    prior : float64 ndarray of shape (n_samples, n_classes) or (n_samples, 1)
        Probabilities of the classes; for regression targets.

    Returns
    -------
    raw : float64 ndarray of shape (n_samples, n_trees)
        Raw predictions.
    """
    if kind not in ("binomial", "exponential", "multinomial"):
        return prior
    epsilon = np.finfo(np.float64).eps
    prior = np.clip(prior, epsilon, 1 - epsilon)
    if kind == "multinomial":
        logarithms = np.log(prior)
        return np.log(prior / np.exp(logarithms.mean(axis=1, keepdims=True)))
    odds = np.log(prior[:, 1:] / (1 - prior[:, 1:]))
    return odds if kind == "binomial" else 0.5 * odds


def mean_loss(device, kind, parameter, y, raw, weight):
    """Return the mean loss of some predictions; the parameter is Huber's delta or the quantile."""
    losses, gradients = np.empty(len(y)), np.empty(raw.shape[::-1])
    device.kernels.gradient_boosting.measure_losses(kind, parameter, y, raw, losses, gradients)
    return _average(losses, weight)


def find_leaves(device, trees, rows):
    """Find the leaf of each row in each tree.

    Parameters
    ----------
    device : Device
        Where the walks are.
    trees : list of Tree
        The trees.
    rows : float32 ndarray of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    leaves : int64 ndarray of shape (n_samples, n_trees)
        Numbers of nodes.
    """
    words, roots, _ = pack(device, trees)
    leaves = np.empty((len(rows), len(trees)), np.int64)
    device.kernels.tree_predict.find_leaves(rows, words, roots, leaves)
    return leaves


def add_stage(device, trees, rows, learning_rate, raw):
    """Add the trees of a stage to raw predictions of shape (n_samples, n_trees)."""
    leaves = find_leaves(device, trees, rows)
    for k, tree in enumerate(trees):
        raw[:, k] += learning_rate * tree.reals[:, N_REALS].take(leaves[:, k])


def weighted_quantile(values, weight, level):
    """Return the smallest value that, with the smaller ones, has a share of the weight.

    Parameters
    ----------
    values : float64 ndarray of shape (n,)
        Values.
    weight : float64 ndarray of shape (n,)
        Their weights.
    level : float
        The share.

    Returns
    -------
    quantile : float
        The value; NaN where nothing weighs.
    """
    order = np.argsort(values)
    return values[order[_place(weight[order], level)]] if weight.any() else np.nan


def _place(weight, level):
    """Where the sums of sorted values' weights reach a share of all."""
    sums = np.cumsum(weight)
    wanted = 100 * level / 100 * sums[-1]  # rounded as scikit-learn's percentiles are
    return min(np.searchsorted(sums, wanted if wanted > 0 else np.nextafter(0, 1)), len(sums) - 1)


def _average(values, weight):
    # Not BLAS, whose threads would decide how the sum is rounded.
    return np.einsum("i,i->", values, weight) / weight.sum()
