"""The best split of two counted classes, without sorting all samples.

The weights of the classes are summed in buckets of neighbouring ranks. The score of a split is a convex
function of the left side's two sums, so that within a bucket it lies below its largest value at the corners
of the box that the sums are in. Only buckets whose bound reaches the best score are sorted. No split is
missed.

A cell of a bucket is three sums in one integer: of weights, of weights of class 1, of samples.
"""

from .._compile import float64, helper, int64, uint64
from ._tree_criteria import is_boundary
from ._tree_frontier import FOUND, MIN_LEAF, MIN_LEAF_WEIGHT, N_VALUES, SCORE, SPAN
from ._tree_search import keep_split
from ._tree_sort import BUCKETS, KEYS, LOWER_HALF, RANKS, SAMPLES, SPARE, sort_keys, strides_of

FIELD = 21  # bits of each sum in a cell
MOST = (1 << FIELD) - 1
WORTH = 32  # samples
KEYS_PER_BUCKET = 8
MOST_BUCKETS = 2048
HALF = 0xFFFF
SLACK = 1 - 1e-10  # scores are negative; rounding must not hide one


@helper
def fits_buckets(n, weight):
    """Tell whether buckets are worth it for a node, and their cells wide enough."""
    return WORTH <= n <= MOST and weight <= MOST


@helper
def cell_of(key):
    """What a sample adds to its bucket."""
    weight, label = key & HALF, (key >> 16) & HALF
    return weight | ((weight * label) << FIELD) | (int64(1) << (2 * FIELD))


@helper
def score_of(left_zeros, left_ones, zeros, ones):
    """Minus the weighted impurities of the sides, rounded as scikit-learn rounds them."""
    left, right = left_zeros + left_ones, zeros + ones - left_zeros - left_ones
    right_zeros, right_ones = zeros - left_zeros, ones - left_ones
    left_impurity = 1.0 - (left_zeros * left_zeros + left_ones * left_ones) / (left * left)
    right_impurity = 1.0 - (right_zeros * right_zeros + right_ones * right_ones) / (right * right)
    return -right * right_impurity - left * left_impurity


@helper
def try_cell(cell, n, zeros, ones, least, least_weight):
    """The score of the split with these sums on the left; minus infinity where a side is too small."""
    left, n_left = float64(cell & MOST), cell >> (2 * FIELD)
    right = zeros + ones - left
    if n_left < least or n - n_left < least or left < least_weight or right < least_weight:
        return -float64(1e300)
    left_ones = float64((cell >> FIELD) & MOST)
    return score_of(left - left_ones, left_ones, zeros, ones)


@helper
def bound_between(before, after, zeros, ones, with_ends):
    """An upper bound of the scores of splits inside a bucket, from the sums before and after it.

    Two corners of the box are the bucket's ends, whose scores may be known.
    """
    ones_before, ones_after = float64((before >> FIELD) & MOST), float64((after >> FIELD) & MOST)
    zeros_before = float64(before & MOST) - ones_before
    zeros_after = float64(after & MOST) - ones_after
    bound = -float64(1e300)
    for a in range(0 if with_ends else 1, 4 if with_ends else 3):
        left_zeros = zeros_after if a & 1 else zeros_before
        left_ones = ones_after if a & 2 else ones_before
        if 0 < left_zeros + left_ones < zeros + ones:
            bound = max(bound, score_of(left_zeros, left_ones, zeros, ones))
    return bound


@helper
def scan_cells(items, n_buckets, low, shift, n, best, zeros, ones, least, least_weight):
    """Try the boundaries between buckets, whose cells become sums from the first one on.

    Return the best score, how many samples it has on the left, and its rank, -1 if it is not a new one.
    """
    place, rank, cell = n, int64(-1), int64(0)
    for b in range(n_buckets - 1):
        if items[BUCKETS, b] != 0:
            cell += items[BUCKETS, b]
            score = try_cell(cell, n, zeros, ones, least, least_weight)
            if score > best:
                best, place, rank = score, cell >> (2 * FIELD), low + ((b + 1) << shift) - 1
        items[BUCKETS, b] = cell
    items[BUCKETS, n_buckets - 1] += cell
    return best, place, rank


@helper
def clear_cells(items, n_buckets):
    for b in range(n_buckets):
        items[BUCKETS, b] = 0


@helper(apart=True)
def search_values(columns, features, feature, settings, items, frontier, start, n, weight, ones):
    """Look for a better split of a feature of few values, each a bucket; True when it is constant."""
    n_values = features[feature, N_VALUES]
    clear_cells(items, n_values)
    plane, by_feature, by_row = strides_of(columns, features.shape[0], n)
    at, stride, first = uint64(feature * by_feature), uint64(by_row), uint64(start)
    for i in range(uint64(n)):
        item = items[SAMPLES, first + i]
        rank = columns[plane, 0, at + uint64(item & LOWER_HALF) * stride]
        items[BUCKETS, uint64(rank)] += cell_of(item >> 32)
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    zeros, best, none = weight - ones, frontier[FOUND, SCORE], int64(0)
    best, _, rank = scan_cells(items, n_values, none, none, n, best, zeros, ones, least, least_weight)
    if rank >= 0:
        keep_split(frontier, feature, best, rank)
        return False
    for b in range(n_values):  # the first value that is there has all samples
        if items[BUCKETS, b] != 0:
            return items[BUCKETS, b] >> (2 * FIELD) == n
    return False


@helper(apart=True)
def search_buckets(columns, features, feature, settings, items, frontier, start, n, low, high, weight, ones):
    """Look for a better split between the unsorted keys; False where only sorting them can tell.

    That is where the best split is between buckets, and the values beside it are too close together.
    """
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    zeros = weight - ones
    shift = int64(0)
    if high - low >= n // 2:
        most = min(n // KEYS_PER_BUCKET, MOST_BUCKETS)
        while (high - low) >> shift >= most:
            shift += 1
    n_buckets = ((high - low) >> shift) + 1
    clear_cells(items, n_buckets)
    for i in range(n):
        key = items[KEYS, i]
        items[BUCKETS, uint64(((key >> 32) - low) >> shift)] += cell_of(key)
    best, place, rank = scan_cells(
        items, n_buckets, low, shift, n, frontier[FOUND, SCORE], zeros, ones, least, least_weight
    )
    between, span = rank, features[feature, SPAN]
    if shift > 0:
        bounded = least > 1 or least_weight > 0  # then the ends of a bucket may not have been tried
        n_kept = keep_promising(items, n, low, shift, n_buckets, best, zeros, ones, bounded)
        if n_kept > 0:
            row = sort_keys(items, n_kept, low, high)
            best, place, rank = scan_promising(
                columns, feature, items, row, n, n_kept, low, shift, best, place, rank, zeros, ones, least,
                least_weight, span,
            )  # fmt: skip
    is_between = span > 0 and rank >= 0 and rank == between
    if is_between and are_close(columns, feature, items, start, n, rank, span):
        return False
    if rank >= 0:
        keep_split(frontier, feature, best, rank)
    return True


@helper
def are_close(columns, feature, items, start, n, rank, span):
    """Tell whether the node's values on both sides of a rank are too close together to be parted."""
    below, above = int64(-1), int64(1) << 40
    for i in range(start, start + n):
        own = int64(columns[RANKS, feature, items[SAMPLES, i] & LOWER_HALF])
        below = max(below, own if own <= rank else int64(-1))
        above = min(above, own if own > rank else int64(1) << 40)
    return not is_boundary(columns, feature, below, above, span)


@helper
def keep_promising(items, n, low, shift, n_buckets, best, zeros, ones, bounded):
    """Move the keys of buckets that may hold a split as good as the best to the front; return how many."""
    before = n_promising = int64(0)
    for b in range(n_buckets):
        after = items[BUCKETS, b]
        items[SPARE, b] = 0
        if after - before >= int64(2) << (2 * FIELD):
            if bound_between(before, after, zeros, ones, bounded) * SLACK >= best:
                items[SPARE, b] = 1
                n_promising += 1
        before = after
    kept = uint64(0)
    if n_promising > 0:
        for i in range(n):
            key = items[KEYS, i]
            items[KEYS, kept] = key
            kept += uint64(items[SPARE, uint64(((key >> 32) - low) >> shift)])
    return int64(kept)


@helper(apart=True)
def scan_promising(
    columns, feature, items, row, n, kept, low, shift, best, place, rank, zeros, ones, least, least_weight,
    span,
):  # fmt: skip
    """Try the boundaries inside the buckets of the promising keys, which are sorted.

    Of equally good splits the one with fewest samples on the left wins, unless an earlier feature has it.
    """
    present, cell = int64(-1), int64(0)
    for i in range(kept - 1):
        key = items[row, i]
        own, following = key >> 32, items[row, i + 1] >> 32
        bucket = (own - low) >> shift
        if bucket != present:
            present = bucket
            cell = items[BUCKETS, bucket - 1] if bucket > 0 else int64(0)
        cell += cell_of(key)
        if own == following or (following - low) >> shift != bucket:
            continue
        score = try_cell(cell, n, zeros, ones, least, least_weight)
        n_left = cell >> (2 * FIELD)
        if score > best or (score == best and rank >= 0 and n_left < place):
            if is_boundary(columns, feature, own, following, span):
                best, place, rank = score, n_left, own
    return best, place, rank
