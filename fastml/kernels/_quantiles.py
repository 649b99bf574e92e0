"""Where quantiles are among sorted values, and the thresholds between bins that are quantiles."""

import numpy as np

WIDTH = 256  # places for the thresholds of a feature, a power of two
ALMOST_INFINITY = 1e300  # only a split off of missing values has an infinite threshold


def quantile_positions(n_values, fractions):
    """Ranks below and above each quantile, and how far it is from the one below."""
    positions = np.asarray(fractions) * (n_values - 1)
    below = positions.astype(np.int64)
    return below, np.minimum(below + 1, n_values - 1), positions - below


def interpolate(low, high, part):
    """The value `part` of the way from low to high; from the nearer one, so that both ends are exact."""
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))


def thresholds_of(values, weights, max_bins):
    """The thresholds of a column whose values are sorted."""
    first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    n_distinct = int(np.count_nonzero(first))
    if n_distinct <= 1:
        return np.empty(0)
    with np.errstate(over="ignore", invalid="ignore"):
        if n_distinct <= max_bins:
            distinct = values[first].astype(np.float64)
            thresholds = (distinct[1:] + distinct[:-1]) / 2
        else:
            fractions = np.linspace(0, 100, num=max_bins + 1)[1:-1] / 100
            thresholds = _quantiles(values, weights, fractions)
    thresholds = np.unique(thresholds)
    return np.minimum(thresholds, ALMOST_INFINITY)


def _quantiles(values, weights, fractions):
    """Quantiles of sorted values: the mean of two neighbours where just as many are below as asked for.

    Hyndman, Fan (1996). Sample quantiles in statistical packages. The American Statistician 50: definition 2.
    """
    last = len(values) - 1
    if weights is None:
        place = len(values) * fractions - 1
        below = np.floor(place)
        between = place == below
        at = below.astype(np.int64)
    else:
        total = np.cumsum(weights)
        wanted = fractions * total[-1]
        at = np.minimum(np.searchsorted(total, wanted), last)
        between = total[at] - wanted <= np.finfo(np.float64).eps
    low = values[np.maximum(at, 0)].astype(np.float64)
    high = values[np.minimum(at + 1, last)].astype(np.float64)
    if weights is None:
        return np.where(between, high - (high - low) * 0.5, high)
    return np.where(between, (low + high) / 2, low)


def pad_thresholds(thresholds):
    """Lay thresholds out as `bin_features` takes them.

    Parameters
    ----------
    thresholds : list of float64 arrays
        For each column, at most 255.

    Returns
    -------
    padded : float64 array of shape (n_columns, 256)
        Filled up with infinity. A threshold between two infinities, which is NaN, is the one before it: no
        value is in its bin.
    """
    padded = np.full((len(thresholds), WIDTH), np.inf)
    for row, values in zip(padded, thresholds):
        row[: len(values)] = values
        if len(values) and values[-1] != values[-1]:
            row[len(values) - 1] = row[len(values) - 2] if len(values) > 1 else -np.inf
    return padded
