"""Order statistics of a column, found among the few values that a sample says are near."""

import numpy as np

from .._compile import T, int64, kernel

SAMPLE = 2048
MARGIN = 90  # places in the sorted sample that a rank may be off: four standard deviations
LEAST = 4 * SAMPLE  # values from which on sampling pays


@kernel
def gather_between(
    values: T[:],  # IN   (n,) without NaN
    low: T,
    high: T,
    found_out: T[:],  # OUT  (at least n,) the values in [low, high], first
    counts_out: int64[:],  # OUT  (2,) how many values are below low, and how many were found
):
    below = 0
    found = 0
    for i in range(values.shape[0]):
        x = values[i]
        below += x < low
        # Without a branch: nobody could predict it.
        found_out[found] = x
        found += (low <= x) & (x <= high)
    counts_out[0] = below
    counts_out[1] = found


def values_at(values, below, above, spare):
    """The values of two ranks each, as float64.

    Parameters
    ----------
    values : array of shape (n,)
        Without NaN. They may be reordered.
    below, above : int64 array of shape (n_ranks,)
        Ranks from 0; those in `above` the same as in `below` or one more.
    spare : array of shape (at least n,)
        Scratch, of the dtype of the values.

    Returns
    -------
    low, high : float64 array of shape (n_ranks,)
        What would stand at these ranks if the values were sorted.
    """
    if len(values) < LEAST:
        values.partition(np.unique([below, above]))
        return values[below].astype(np.float64), values[above].astype(np.float64)
    sample = np.sort(values[:: len(values) // SAMPLE])
    pairs = [_pair_at(values, sample, ranks, spare) for ranks in zip(below, above)]
    return tuple(np.array(pairs, np.float64).T)


def _pair_at(values, sample, ranks, spare):
    """The values of two neighbouring ranks."""
    place = ranks[0] * len(sample) // len(values)
    low = sample[place - MARGIN] if place >= MARGIN else -np.inf
    high = sample[place + MARGIN] if place + MARGIN < len(sample) else np.inf
    counts = np.empty(2, np.int64)
    gather_between(values, low, high, spare, counts)
    ranks_there = np.array(ranks) - counts[0]
    if 0 <= ranks_there[0] and ranks_there[1] < counts[1]:
        values, ranks = spare[: counts[1]], ranks_there
    values.partition(ranks)  # of all values, where the sample misled
    return values[ranks[0]], values[ranks[1]]
