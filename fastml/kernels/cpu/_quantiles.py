"""Where quantiles are among sorted values."""

import numpy as np


def quantile_positions(n_values, fractions):
    """Ranks below and above each quantile, and how far it is from the one below."""
    positions = np.asarray(fractions) * (n_values - 1)
    below = positions.astype(np.int64)
    return below, np.minimum(below + 1, n_values - 1), positions - below


def interpolate(low, high, part):
    """The value `part` of the way from low to high; from the nearer one, so that both ends are exact."""
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
