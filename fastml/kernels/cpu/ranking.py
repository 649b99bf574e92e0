"""How scores rank the samples of two classes.

The samples of a class are interchangeable. So each class is sorted by itself, without their numbers, and what
is left to do is to merge two sorted arrays. Only weights need the order of all samples.

Scores are sorted as keys, unsigned integers that are ordered like them: digit by digit.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, float64, helper, int64, kernel, simd, uint8, uint64

__all__ = ["class_curve", "count_wins"]

BLOCK = 1 << 16  # scores that are merged at a time
DIGIT_BITS, N_DIGITS = 11, 6  # of a key
DIGITS = 1 << DIGIT_BITS
SORT_WORK = 20  # operations that sorting a score is worth


# ---- range kernels ------------------------------------------------------------------------
@helper
def key_of(score):
    """The key of a score; that of -0 is that of 0."""
    bits = simd.as_bits(float64(score) + 0.0)
    return uint64(bits ^ ((bits >> 63) | (int64(1) << 63)))


@helper
def score_of(key):
    """The score of a key, float64."""
    bits = int64(key)
    return simd.from_bits(bits ^ (~(bits >> 63) | (int64(1) << 63)))


@kernel
def split_keys(
    scores: T[:],  # IN  (n_samples,)
    positive: uint8[:],  # IN  (n_samples,) 1 or 0
    negatives_out: uint64[:],  # OUT (n_samples,) keys
    positives_out: uint64[:],  # OUT (n_samples,) keys
) -> int64:  # how many are positive
    n_negative, n_positive = uint64(0), uint64(0)
    for i in range(uint64(scores.shape[0])):
        # Written to both and counted in one: which of the two cannot be foretold.
        key = key_of(scores[i])
        negatives_out[n_negative] = key
        positives_out[n_positive] = key
        n_positive += uint64(positive[i])
        n_negative += uint64(1 - positive[i])
    return int64(n_positive)


@kernel
def sort_keys(
    keys_work: uint64[:],  # WORK (n,)
    spare_work: uint64[:],  # WORK (n,)
    counts_work: int64[:, :],  # WORK (N_DIGITS, DIGITS) zero at first
) -> int64:  # 0 if `keys_work` holds the sorted keys, 1 if `spare_work` does
    n = uint64(keys_work.shape[0])
    for i in range(n):
        key = keys_work[i]
        for d in range(N_DIGITS):
            counts_work[d, (key >> uint64(d * DIGIT_BITS)) & uint64(DIGITS - 1)] += 1
    source, target, swapped = keys_work, spare_work, 0
    for d in range(N_DIGITS):
        shift = uint64(d * DIGIT_BITS)
        if counts_work[d, (source[0] >> shift) & uint64(DIGITS - 1)] == int64(n):
            continue  # all have the same digit
        place = int64(0)
        for b in range(DIGITS):
            count = counts_work[d, b]
            counts_work[d, b] = place
            place += count
        for i in range(n):
            key = source[i]
            b = (key >> shift) & uint64(DIGITS - 1)
            target[uint64(counts_work[d, b])] = key
            counts_work[d, b] += 1
        source, target, swapped = target, source, 1 - swapped
    return swapped


@kernel
def sum_below(
    positives: uint64[:],  # IN  (n_positive,) sorted
    negatives: uint64[:],  # IN  (n_negative,) sorted
    equal_too: int64,  # 1 to count equal keys as below
    below: int64,  # how many negatives are below positives[start]
    start: int64,
    stop: int64,
) -> int64:
    """Over the positives start..stop, sum how many negatives are below."""
    total = int64(0)
    i, j = uint64(start), uint64(below)
    n, last, inclusive = uint64(negatives.shape[0]), uint64(stop), uint64(equal_too)
    while i < last and j < n:
        # Without a branch: which of the two comes next cannot be foretold.
        step = uint64(negatives[j] < positives[i] + inclusive)  # no score has the largest key
        total += int64(j * (uint64(1) - step))
        j += step
        i += uint64(1) - step
    return total + int64((last - i) * n)


@kernel
def merge_classes(
    positives: uint64[:],  # IN  (n_positive,) sorted
    negatives: uint64[:],  # IN  (n_negative,) sorted
    curve_out: float64[:, :],  # OUT (2, n_samples) positives and negatives from each threshold on
    thresholds_out: T[:],  # OUT (n_samples,) the distinct scores, falling
) -> int64:  # how many thresholds there are
    i, j = uint64(positives.shape[0]), uint64(negatives.shape[0])
    n_positive, n_negative = i, j
    k = uint64(0)
    while i + j > 0:
        # A key of 0, which no score has, stands for those that are used up.
        next_positive = positives[i - uint64(1)] if i > 0 else uint64(0)
        next_negative = negatives[j - uint64(1)] if j > 0 else uint64(0)
        key = max(next_positive, next_negative)
        i -= uint64(next_positive == key)
        j -= uint64(next_negative == key)
        curve_out[0, k] = float64(n_positive - i)
        curve_out[1, k] = float64(n_negative - j)
        thresholds_out[k] = score_of(key)
        more = (i > 0 and positives[i - uint64(1)] == key) or (j > 0 and negatives[j - uint64(1)] == key)
        k += uint64(1) - uint64(more)  # the next of equal keys writes to the same place
    return int64(k)


@kernel
def sweep_order(
    scores: T[:],  # IN  (n_samples,)
    positive: uint8[:],  # IN  (n_samples,) 1 or 0
    weights: float64[:],  # IN  (n_samples,)
    order: int64[:],  # IN  (n_samples,) of the scores, rising
    curve_out: float64[:, :],  # OUT (2, n_samples) weights from each threshold on
    thresholds_out: T[:],  # OUT (n_samples,) the distinct scores, falling
) -> int64:  # how many thresholds there are
    n_thresholds = 0
    above, beside = 0.0, 0.0
    for k in range(order.shape[0] - 1, -1, -1):
        i = order[k]
        above += weights[i] if positive[i] else 0.0
        beside += 0.0 if positive[i] else weights[i]
        if k == 0 or scores[order[k - 1]] != scores[i]:
            curve_out[0, n_thresholds] = above
            curve_out[1, n_thresholds] = beside
            thresholds_out[n_thresholds] = scores[i]
            n_thresholds += 1
    return n_thresholds


# ---- launchers ---------------------------------------------------------------------------
def _sorted_classes(scores, positive):
    """The keys of the positives and of the negatives, each sorted."""
    keys, spare = np.empty((2, 2, len(scores)), np.uint64)
    n_positive = split_keys(scores, positive.view(np.uint8), *keys)
    classes = [None, None]

    def task(which, start, stop):
        n = n_positive if which else len(scores) - n_positive
        pair = keys[which, :n], spare[which, :n]
        classes[which] = pair[sort_keys(*pair, np.zeros((N_DIGITS, DIGITS), np.int64)) if n else 0]

    for_each_block(task, 2, 1, work=SORT_WORK * len(scores))
    return classes[1], classes[0]


def count_wins(scores, positive):
    """Count the pairs of a positive and a negative in which the positive has the higher score.

    Parameters
    ----------
    scores : array of shape (n_samples,)
        float32 or float64, without NaN.
    positive : bool array of shape (n_samples,)
        Which samples are positive.

    Returns
    -------
    wins : int
        Twice the number of pairs that the positive wins; pairs of equal scores count once.
    n_positive, n_negative : int
        The number of samples of each class; their product is that of pairs.
    """
    positives, negatives = _sorted_classes(scores, positive)
    starts = positives[::BLOCK]
    below = [np.searchsorted(negatives, starts, side) for side in ("left", "right")]
    sums = np.zeros((len(starts), 2), np.int64)

    def task(block, start, stop):
        for equal_too in (0, 1):
            first = int(below[equal_too][block])
            sums[block, equal_too] = sum_below(positives, negatives, equal_too, first, start, stop)

    for_each_block(task, len(positives), BLOCK, work=10 * len(scores))
    return int(sums.sum()), len(positives), len(negatives)


def class_curve(scores, positive, weights=None):
    """Count the samples of each class whose score reaches a threshold, for every threshold.

    Parameters
    ----------
    scores : array of shape (n_samples,)
        float32 or float64, without NaN.
    positive : bool array of shape (n_samples,)
        Which samples are positive.
    weights : float64 array of shape (n_samples,), default=None
        Weights of the samples, to be summed instead of counted.

    Returns
    -------
    curve : float64 array of shape (2, n_thresholds)
        Of the positives and of the negatives: the number, or the weight, of those whose score is at least
        the threshold.
    thresholds : array of shape (n_thresholds,)
        The distinct scores, falling, of their dtype.
    """
    curve, thresholds = np.empty((2, len(scores))), np.empty_like(scores)
    if weights is None:
        n = merge_classes(*_sorted_classes(scores, positive), curve, thresholds)
    else:
        order = np.argsort(scores).astype(np.int64, copy=False)
        n = sweep_order(scores, positive.view(np.uint8), weights, order, curve, thresholds)
    return curve[:, :n], thresholds[:n]
