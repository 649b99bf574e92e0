"""Gradient boosting of trees over features in bins: the bins, the losses' baselines, the rounds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Bins", "Boosting", "baseline", "bin_rows", "find_bins", "hold_out", "join_records"]

SUBSAMPLE = 200_000  # rows that thresholds are found from


# ---- bins ------------------------------------------
class Bins(NamedTuple):
    """Where the bins of each feature end.

    Attributes
    ----------
    thresholds : list of float64 arrays
        For each feature; the categories themselves where it has categories.
    padded : float64 array of shape (n_features, 256)
        The thresholds, filled up with infinity.
    n_categories : int64 array of shape (n_features,)
        For a feature of categories 0, 1, ... how many they are; 0 for one of numbers.
    n_bins : int64 array of shape (n_features,)
        How many bins each feature has, without that of missing values.
    max_bins : int
        The most bins of a feature, and the code of missing values.
    """

    thresholds: list
    padded: np.ndarray
    n_categories: np.ndarray
    n_bins: np.ndarray
    max_bins: int


def find_bins(device, X, max_bins, n_categories, seed, rows=None, sample_weight=None) -> Bins:
    """Find bins that hold about equally many rows each.

    Parameters
    ----------
    device : Device
        Where X is.
    X : array of shape (n_samples, n_features)
        float32 or float64; NaN is missing.
    max_bins : int
        The most bins of a feature.
    n_categories : int array of shape (n_features,)
        For a feature of categories 0, 1, ... how many they are; 0 for one of numbers.
    seed : int
        Of the random choice of rows where there are many.
    rows : int64 array of shape (n_rows,), default=None
        The rows to learn from; None means all.
    sample_weight : float64 array of shape (n_rows,), default=None
        Their weights; None means ones.

    Returns
    -------
    bins : Bins
        For `bin_rows`.
    """
    n_rows = len(X) if rows is None else len(rows)
    if n_rows > SUBSAMPLE:
        share = None if sample_weight is None else sample_weight / np.sum(sample_weight)
        drawn = np.random.RandomState(seed).choice(n_rows, SUBSAMPLE, p=share, replace=True)
        rows, sample_weight = drawn if rows is None else rows[drawn], None
    numbers = np.flatnonzero(n_categories == 0)
    found = device.kernels.binning.find_thresholds(X, numbers, max_bins, rows, sample_weight)
    thresholds: list[Any] = [np.arange(n, dtype=np.float64) for n in n_categories]
    for feature, values in zip(numbers, found):
        thresholds[feature] = values
    padded = device.kernels.binning.pad_thresholds(thresholds)
    sizes = np.array([len(values) for values in thresholds], np.int64)
    return Bins(thresholds, padded, n_categories, sizes + (n_categories == 0), max_bins)


def bin_rows(device, X, bins, rows=None):
    """Find the bin of each value of some rows.

    Parameters
    ----------
    device : Device
        Where X is.
    X : array of shape (n_samples, n_features)
        float32 or float64.
    bins : Bins
        The bins.
    rows : list of int64 arrays, default=None
        Which rows, and in which order, for each of the results; None means one result of all rows.

    Returns
    -------
    codes : list of uint8 arrays of shape (n_blocks, n_rows, 4)
        In blocks of four features.
    """
    n_blocks = -(-X.shape[1] // 4)
    codes = np.zeros((n_blocks, len(X), 4), np.uint8)
    device.kernels.binning.bin_features(X, bins.padded, bins.n_categories, bins.max_bins, codes)
    if rows is None:
        return [codes]
    words = codes.view(np.uint32)[:, :, 0]
    return [words.take(part, axis=1).view(np.uint8).reshape(n_blocks, -1, 4) for part in rows]


def features_with_missing(codes, bins):
    """Tell which features have the code of missing values; bool array of shape (n_features,)."""
    seen = (codes == bins.max_bins).any(axis=1).ravel()
    return seen[: len(bins.n_bins)]


# ---- rows that are held out ------------------------------------------
def hold_out(n_samples, fraction, seed, labels=None):
    """Split rows at random into those to learn from and those to stop by.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    fraction : float or int
        How many rows to hold out, or what part of them.
    seed : int
        Where random numbers begin; the rows are those that scikit-learn's ``train_test_split`` gives.
    labels : array of shape (n_samples,), default=None
        Classes that both parts shall have in the same proportions.

    Returns
    -------
    kept, held : int64 arrays, or None
        The rows, in random order. None if they cannot be split so.
    """
    n_held = int(fraction) if fraction >= 1 else int(np.ceil(fraction * n_samples))
    n_kept = n_samples - n_held
    if not (0 < n_held and 0 < n_kept):
        return None
    rng = np.random.RandomState(seed)
    if labels is None:
        order = rng.permutation(n_samples)
        return order[n_held:], order[:n_held]
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2 or min(n_kept, n_held) < len(counts):
        return None
    rows = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    shares = _share_out(counts, n_kept, rng)
    held_shares = _share_out(counts - shares, n_held, rng)
    kept, held = [], []
    for own, count, share, held_share in zip(rows, counts, shares, held_shares):
        own = own[rng.permutation(count)]
        kept.append(own[:share])
        held.append(own[share : share + held_share])
    return rng.permutation(np.concatenate(kept)), rng.permutation(np.concatenate(held))


def _share_out(counts, n_draws, rng):
    """Numbers of draws from each class, in proportion; what rounding leaves over is given out at random."""
    exact = counts / counts.sum() * n_draws
    shares = np.floor(exact)
    rest = exact - shares
    missing = int(n_draws - shares.sum())
    for value in np.unique(rest)[::-1]:
        if missing <= 0:
            break
        equal = np.flatnonzero(rest == value)
        chosen = rng.choice(equal, size=min(len(equal), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
    return shares.astype(int)


# ---- losses ------------------------------------------
def baseline(device, loss, y, sample_weight, n_outputs, quantile=0.5) -> np.ndarray:
    """Compute the raw prediction that is best without any tree.

    Parameters
    ----------
    device : Device
        Where the arrays are.
    loss : str
        Name of the loss.
    y : float64 array of shape (n_samples,)
        Targets.
    sample_weight : float64 array of shape (n_samples,) or None
        Weights; None means ones.
    n_outputs : int
        Number of raw predictions of a row.
    quantile : float, default=0.5
        Of the loss "quantile".

    Returns
    -------
    raw : float64 array of shape (n_outputs,)
        The same for all rows.
    """
    if loss in ("absolute_error", "quantile"):
        level = quantile if loss == "quantile" else 0.5
        return np.array([device.kernels.losses.quantile_of(y.copy(), sample_weight, level)])
    if loss == "multinomial":
        eps = np.finfo(y.dtype).eps
        shares = np.array([np.average(y == k, weights=sample_weight) for k in range(n_outputs)])
        logs = np.log(np.clip(shares, eps, 1 - eps))
        return logs - logs.mean()
    mean = np.average(y, weights=sample_weight)
    eps = 10 * np.finfo(np.float64).eps
    if loss == "squared_error":
        return np.array([mean])
    if loss == "binomial":
        mean = np.clip(mean, eps, 1 - eps)
        return np.array([np.log(mean / (1 - mean))])
    return np.array([np.log(max(mean, eps))])


# ---- rounds ------------------------------------------
class Boosting:
    """Trees that are added one round after the other, each to what the trees before it left over.

    Parameters
    ----------
    device : Device
        Where the arrays are.
    codes : uint8 array of shape (n_blocks, n_samples, 4)
        The features' bins.
    bins : Bins
        What the codes mean.
    y : float64 array of shape (n_samples,)
        Targets.
    sample_weight : float64 array of shape (n_samples,) or None
        Weights; None means ones.
    loss : str
        Name of the loss.
    quantile : float
        Of the loss "quantile".
    raw : float64 array of shape (n_outputs, n_samples)
        Raw predictions; each round adds to them.
    monotonic : int array of shape (n_features,) or None
        1, 0 or -1 for each feature.
    groups : bool array of shape (n_groups, n_features) or None
        Features that may occur together.
    seed : int
        Of the draws of features.
    wants_loss : bool
        Whether `loss_sum` is of interest.
    **options : dict
        Of `kernels.*.boosting.make_grower`.

    Attributes
    ----------
    loss_sum : float
        Sum of weight times loss of the present predictions.
    """

    def __init__(self, device, codes, bins, y, sample_weight, loss, quantile, raw, *, monotonic, groups, seed,
                 wants_loss, **options):  # fmt: skip
        self.kernels, self.bins, self.raw = device.kernels, bins, raw
        self.y, self.sample_weight = y, sample_weight
        self.loss, self.quantile, self.wants_loss = loss, quantile, wants_loss
        kinds = features_with_missing(codes, bins) | np.where(bins.n_categories > 0, 2, 0)
        if monotonic is not None:
            kinds |= np.where(monotonic > 0, 4, 0) | np.where(monotonic < 0, 8, 0)
        self.shrinkage = options["learning_rate"]
        self.grower = self.kernels.boosting.make_grower(
            codes, bins.n_bins, kinds, groups, max_bins=bins.max_bins, **options
        )
        self.gradients = np.empty((len(raw), len(y), 2), np.float32)
        self.seed = seed
        self.measure()

    def measure(self, last=False):
        """Compute gradients, unless there will be no further round, and the loss, if it is of interest."""
        if last and not self.wants_loss:
            return
        self.loss_sum = self.kernels.losses.gradients(
            self.loss, self.y, self.raw, self.sample_weight, None if last else self.gradients,
            quantile=self.quantile, wants_loss=self.wants_loss,
        )  # fmt: skip

    def add_round(self, round_index, last=False):
        """Grow a tree for each output and add it to the raw predictions.

        Parameters
        ----------
        round_index : int
            How many rounds there were before, in earlier calls of ``fit`` as well.
        last : bool, default=False
            Whether this is the last round.

        Returns
        -------
        trees : list of Tree
            For `record`.
        """
        kernels, trees = self.kernels, []
        for output, raw in enumerate(self.raw):
            seed = int(self.seed) + round_index * len(self.raw) + output
            tree = kernels.boosting.grow_tree(self.grower, self.gradients[output], seed & (2**62 - 1))
            if self.loss in ("absolute_error", "quantile"):
                level = self.quantile if self.loss == "quantile" else 0.5
                kernels.losses.renew_leaves(tree, self.y, raw, self.sample_weight, level, self.shrinkage)
            kernels.boosting.add_leaf_values(tree, raw)
            trees.append(tree._replace(rows=None))
        self.measure(last)
        return trees

    def record(self, trees):
        """Bring trees of one or more rounds into the form that is kept: Records."""
        return self.kernels.boosted_trees.record_trees(trees, self.bins.padded)


def join_records(parts):
    """Join the records of several rounds into one."""
    return type(parts[0])(*(np.concatenate(values) for values in zip(*parts)))


def first_trees(records, n_trees):
    """Return the records of the first trees."""
    sizes = records.sizes[:n_trees]
    n_nodes, n_sets = sizes.sum(axis=0)
    return type(records)(records.nodes[:n_nodes], records.sets[:n_sets], sizes)
