"""How scores rank the samples of two classes, on CUDA: the twins of `fastml.kernels.cpu.ranking`.

Sorting and searching are CuPy's; nothing is left that a kernel would join.
"""

import numpy as np

from .._cuda import cp

__all__ = ["class_curve", "count_wins"]


def count_wins(scores, positive):
    """See the CPU twin."""
    positives, negatives = scores[positive], cp.sort(scores[~positive])
    wins = sum(cp.searchsorted(negatives, positives, side).sum() for side in ("left", "right"))
    return int(wins), positives.shape[0], negatives.shape[0]


def class_curve(scores, positive, weights=None):
    """See the CPU twin."""
    order = cp.argsort(scores)[::-1]
    scores, positive = scores[order], positive[order]
    weights = cp.ones(scores.shape[0], np.float64) if weights is None else weights[order]
    last = cp.ones(scores.shape[0], np.bool_)  # of equal scores
    last[:-1] = scores[1:] != scores[:-1]
    sums = [cp.cumsum(weights * mask)[last] for mask in (positive, ~positive)]
    return cp.stack(sums), scores[last]
