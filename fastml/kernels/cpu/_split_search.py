"""The best split of a node by one of the four features of a block, from the sums of its bins.

Each bin's sums are twelve float64: gradients, hessians and counts of the four features. Where nothing but the
number of rows and the hessian limits a split, the four are searched side by side in vector lanes. A found bin
of 256 and more says that missing values go left.
"""

from .._boosted import (
    DECREASING,
    GRADIENT,
    HAS_MISSING,
    HESSIAN,
    INCREASING,
    IS_CATEGORICAL,
    LOWER,
    NODE_FLOATS,
    NODE_INTS,
    START,
    STOP,
    UPPER,
    VALUE,
)
from .._compile import helper, int64, simd
from ..scalar import EPSILON, newton_gain, newton_value
from ._grower_state import (
    ALLOWED,
    BEST_BIN,
    BEST_CATEGORICAL,
    BEST_FEATURE,
    BEST_FLOATS,
    BEST_GAIN,
    BEST_GRADIENT,
    BEST_HESSIAN,
    BEST_INTS,
    BEST_MISSING,
    BEST_SUMS,
    BEST_WORDS,
    BESTS,
    BIN_SUMS,
    BINS,
    CATEGORIES_AT,
    CONSTRAINED,
    KINDS,
    L2,
    MIN_HESSIAN,
    MIN_SAMPLES,
    N_BINS,
    N_BLOCKS,
    N_FEATURES,
    NODES,
    STATS,
)

LEAST_SUPPORT = 10.0  # rows that a category needs to go left; also what smooths its gradient

# On a thread's desk, while a feature is searched
MOVED, FOUND_GAIN, FOUND_GRADIENT, FOUND_HESSIAN, N_CATEGORIES, LANES = 0, 3, 4, 5, 6, 12


# ---- four features at a time ----------------------------------------------
@helper
def lane_gains(left, total, own, l2, epsilon, least_hessian, least_samples):
    """The gains of splits with these sums on the left; -1 where a split is forbidden.

    `own` is gradient times value of the node. Operation by operation as scikit-learn has it: where all splits
    are as good as none, the rounding errors choose.
    """
    right = total - left
    g, h = simd.sums_row(left, 0), simd.sums_row(left, 1)
    other_g, other_h = simd.sums_row(right, 0), simd.sums_row(right, 1)
    fine = (least_samples <= simd.sums_row(left, 2)) & (least_samples <= simd.sums_row(right, 2))
    fine = fine & (least_hessian <= h) & (least_hessian <= other_h)
    gain = own + g * (g / (h + l2 + epsilon)) + other_g * (other_g / (other_h + l2 + epsilon))
    return simd.select(fine, gain, simd.quad(-1.0))


@helper(apart=True)
def search_lanes(pool, at, n_bins, any_missing, total, own, where):
    """Find the best bin for each of four features; write gain, bin, gradient and hessian to the desk.

    The desk holds which features have missing values.
    """
    l2, epsilon, own = simd.quad(pool[L2]), simd.quad(EPSILON), simd.quad(own)
    least_hessian, least_samples = simd.quad(pool[MIN_HESSIAN]), simd.quad(pool[MIN_SAMPLES])
    with_missing = simd.load_quad(pool, where)
    left = simd.zero_sums()
    best = simd.quad(-1.0)
    best_bin, best_g, best_h = best, best, best
    zero, one = simd.quad(0.0), simd.quad(1.0)
    bin_ = zero
    for b in range(n_bins):
        left = left + simd.load_sums(pool, at + b * BIN_SUMS)
        gain = lane_gains(left, total, own, l2, epsilon, least_hessian, least_samples)
        better = best < gain
        best = simd.select(better, gain, best)
        best_bin = simd.select(better, bin_, best_bin)
        best_g = simd.select(better, simd.sums_row(left, 0), best_g)
        best_h = simd.select(better, simd.sums_row(left, 1), best_h)
        bin_ = bin_ + one
    if any_missing:
        right = simd.zero_sums()
        bin_ = simd.quad(254.0 + n_bins)
        for b in range(n_bins - 1, 0, -1):
            right = right + simd.load_sums(pool, at + b * BIN_SUMS)
            left = total - right
            gain = lane_gains(left, total, own, l2, epsilon, least_hessian, least_samples)
            better = (best < gain) & (zero < with_missing)
            best = simd.select(better, gain, best)
            best_bin = simd.select(better, bin_, best_bin)
            best_g = simd.select(better, simd.sums_row(left, 0), best_g)
            best_h = simd.select(better, simd.sums_row(left, 1), best_h)
            bin_ = bin_ - one
    simd.store(pool, where, best)
    simd.store(pool, where + 4, best_bin)
    simd.store(pool, where + 8, best_g)
    simd.store(pool, where + 12, best_h)


# ---- one feature, with everything that may limit a split ----------------------------------------------
@helper
def consider(pool, cell, moves_left, n_samples, stats, kind, desk):
    """Move a bin to one side and keep the split if it is the best so far.

    Return 0 if it is not, 1 if it is, 2 if no further bin can be moved. The node's numbers are at `stats`.
    """
    for v in range(3):
        pool[desk + MOVED + v] += pool[cell + 4 * v]
    g, h, n = pool[desk + MOVED], pool[desk + MOVED + 1], pool[desk + MOVED + 2]
    rest_h = pool[stats + HESSIAN] - h
    if n < pool[MIN_SAMPLES] or h < pool[MIN_HESSIAN]:
        return 0
    if n_samples - n < pool[MIN_SAMPLES] or rest_h < pool[MIN_HESSIAN]:
        return 2
    rest_g = pool[stats + GRADIENT] - g
    left_g, right_g = (g, rest_g) if moves_left else (rest_g, g)
    left_h, right_h = (h, rest_h) if moves_left else (rest_h, h)
    lower, upper = pool[stats + LOWER], pool[stats + UPPER]
    left = newton_value(left_g, left_h, lower, upper, pool[L2])
    right = newton_value(right_g, right_h, lower, upper, pool[L2])
    if (kind & INCREASING and left > right) or (kind & DECREASING and left < right):
        return 0
    gain = newton_gain(pool[stats + GRADIENT], pool[stats + VALUE], left_g, left, right_g, right)
    if gain > pool[desk + FOUND_GAIN]:
        pool[desk + FOUND_GAIN] = gain
        pool[desk + FOUND_GRADIENT], pool[desk + FOUND_HESSIAN] = left_g, left_h
        return 1
    return 0


@helper
def sort_categories(pool, at, n_bins, missing, support, desk):
    """List a feature's categories that have enough rows by their smoothed gradient; return how many."""
    first = desk + CATEGORIES_AT
    n = 0
    for b in range(n_bins + (missing >= 0)):
        wanted = b if b < n_bins else missing
        cell = at + wanted * BIN_SUMS
        if pool[cell + 4] * support >= LEAST_SUPPORT:
            value = pool[cell] / (pool[cell + 4] + LEAST_SUPPORT)
            i = first + 2 * n
            while i > first and pool[i - 2] > value:
                pool[i], pool[i + 1] = pool[i - 2], pool[i - 1]
                i -= 2
            pool[i], pool[i + 1] = value, float(wanted)
            n += 1
    return n


@helper(apart=True)
def search_feature(pool, at, n_bins, missing, n_samples, stats, kind, desk):
    """Find the best split of a feature of numbers or of categories; leave its gain and sums on the desk.

    `missing` is the bin of missing values, -1 if there are none. Returned is the bin, or how many categories
    go left: from the front of the sorted ones, or minus how many from the back.

    References
    ----------
    Fisher (1958). On grouping for maximum homogeneity. JASA 53: the sets are runs of the sorted categories.
    """
    categorical = kind & IS_CATEGORICAL
    n_left = n_bins - 1 + (missing >= 0)  # of bins that may be moved left; missing values stay right
    n_right = n_bins - 1 if missing >= 0 else 0
    if categorical:
        n = sort_categories(pool, at, n_bins, missing, n_samples / pool[stats + HESSIAN], desk)
        pool[desk + N_CATEGORIES] = float(n)
        n_left = (n + 1) // 2 if n > 1 else 0
        n_right = (n + 1) // 2 - 1 if n > 1 else 0
        n_bins = n
    best = 0
    pool[desk + FOUND_GAIN] = 0.0
    for side in range(2):
        for v in range(3):
            pool[desk + MOVED + v] = 0.0
        for i in range(n_left if side == 0 else n_right):
            wanted = place = i if side == 0 else n_bins - 1 - i
            if categorical:
                wanted = int64(pool[desk + CATEGORIES_AT + 2 * place + 1])
            moves_left = categorical != 0 or side == 0
            found = consider(pool, at + wanted * BIN_SUMS, moves_left, n_samples, stats, kind, desk)
            if found == 2:
                break
            if found == 1:
                if categorical:
                    best = i + 1 if side == 0 else -i - 1
                else:
                    best = wanted if side == 0 else 255 + wanted
    return best


@helper
def write_categories(board, pool, best, desk, to):
    """Write the set that `search_feature` found to the board, as four words of bits."""
    for w in range(4):
        board[to + w] = 0
    n = int64(pool[desk + N_CATEGORIES])
    for i in range(abs(best)):
        place = i if best > 0 else n - 1 - i
        code = int64(pool[desk + CATEGORIES_AT + 2 * place + 1])
        board[to + code // 64] |= int64(1) << (code % 64)


# ---- the block ----------------------------------------------
@helper
def prepare_lanes(board, pool, block, allowed, desk):
    """Note which of a block's features have missing values; return how many bins to search in lanes, none if
    no feature is to be searched there, and whether any has missing values."""
    n_bins, any_missing = 0, 0
    for lane in range(4):
        feature = 4 * block + lane
        pool[desk + LANES + lane] = 0.0
        if feature < board[N_FEATURES] and board[allowed + feature]:
            kind = board[board[KINDS] + feature]
            if not kind & IS_CATEGORICAL:
                has_missing = kind & HAS_MISSING
                any_missing |= has_missing
                pool[desk + LANES + lane] = float(has_missing)
                n_bins = max(n_bins, board[board[BINS] + feature] + has_missing - 1)
    return (0 if pool[CONSTRAINED] else n_bins), any_missing


@helper
def note_best(board, pool, found, feature, kind, desk, ints, floats):
    """Keep a feature's split as the best of its block."""
    pool[floats + BEST_GAIN] = pool[desk + FOUND_GAIN]
    pool[floats + BEST_GRADIENT] = pool[desk + FOUND_GRADIENT]
    pool[floats + BEST_HESSIAN] = pool[desk + FOUND_HESSIAN]
    board[ints + BEST_FEATURE] = feature
    board[ints + BEST_CATEGORICAL] = kind & IS_CATEGORICAL
    if kind & IS_CATEGORICAL:
        write_categories(board, pool, found, desk, ints + BEST_WORDS)
        missing = board[N_BINS] - 1
        board[ints + BEST_BIN] = 0
        board[ints + BEST_MISSING] = (board[ints + BEST_WORDS + missing // 64] >> (missing % 64)) & 1
    else:
        board[ints + BEST_BIN] = found & 255
        board[ints + BEST_MISSING] = found >> 8


@helper(apart=True)
def search_block(board, pool, at, block, node, side, desk):
    """Find the best split of a node by the features of a block; the first feature of equally good ones."""
    allowed = board[ALLOWED] + side * board[N_FEATURES]
    ints = board[BESTS] + (side * board[N_BLOCKS] + block) * BEST_INTS
    floats = board[BEST_SUMS] + (side * board[N_BLOCKS] + block) * BEST_FLOATS
    words, stats = board[NODES] + node * NODE_INTS, board[STATS] + node * NODE_FLOATS
    n_samples = float(board[words + STOP] - board[words + START])
    pool[floats + BEST_GAIN] = 0.0
    board[ints + BEST_FEATURE] = -1
    n_lanes, any_missing = prepare_lanes(board, pool, block, allowed, desk)
    if n_lanes > 0:
        total = simd.total_sums(pool[stats + GRADIENT], pool[stats + HESSIAN], n_samples)
        own = pool[stats + GRADIENT] * pool[stats + VALUE]
        search_lanes(pool, at, n_lanes, any_missing, total, own, desk + LANES)
    for lane in range(min(4, board[N_FEATURES] - 4 * block)):
        feature = 4 * block + lane
        if not board[allowed + feature]:
            continue
        kind, found = board[board[KINDS] + feature], 0
        if kind & IS_CATEGORICAL or pool[CONSTRAINED]:
            missing = board[N_BINS] - 1 if kind & HAS_MISSING else -1
            n_bins = board[board[BINS] + feature]
            found = search_feature(pool, at + lane, n_bins, missing, n_samples, stats, kind, desk)
        elif n_lanes > 0:
            lanes = desk + LANES + lane
            found = int64(pool[lanes + 4])
            pool[desk + FOUND_GAIN] = pool[lanes]
            pool[desk + FOUND_GRADIENT], pool[desk + FOUND_HESSIAN] = pool[lanes + 8], pool[lanes + 12]
        else:
            pool[desk + FOUND_GAIN] = 0.0
        if pool[desk + FOUND_GAIN] > pool[floats + BEST_GAIN]:
            note_best(board, pool, found, feature, kind, desk, ints, floats)
