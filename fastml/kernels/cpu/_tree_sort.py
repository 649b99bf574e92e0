"""The samples of a node in the order of a feature, and their partition.

Indices are unsigned in the loops over samples, so that none has to be checked for counting from the end.

A sample is a 64-bit item: its row in the lower half, a payload in the upper. A key is the rank of the
sample's value among the feature's different values in the upper half, and the payload, or the sample's place
in the node, in the lower. Rows of `items`: the tree's samples, keys, spare keys, counters, and sums by
bucket.
"""

import numpy as np

from .._compile import helper, int64, uint64

RANKS, VALUES, BY_ROW = range(
    3
)  # of `columns`: ranks of values, by rank the bits of the values, ranks by row
SAMPLES, KEYS, SPARE, COUNTS, BUCKETS = range(5)  # of `items`
VALUES_OF_LINE = 16  # in the cache
NONE = -(1 << 40)  # below all ranks
MISSING_BITS = 0x7FFFFFFF  # above those of all values
FEW = 24  # keys that are sorted by insertion
CROWD = 48  # keys in one bucket that would take insertion too long
LOWER_HALF = 0xFFFFFFFF


@helper
def strides_of(columns, n_features, n):
    """How to find ranks in `columns`: the plane, and the strides by feature and by row.

    The rows of a small node lie far apart in a column; by row, they stay in the cache down to its leaves.
    With `n_features` 0, for columns that are not there by row, the strides are always those of columns.
    """
    if n_features > 0 and n * VALUES_OF_LINE < columns.shape[2]:
        return BY_ROW, int64(1), n_features
    return RANKS, columns.shape[2], int64(1)


@helper(apart=True)
def make_keys(columns, n_features, feature, items, start, stop, with_payload):
    """Write the node's keys; return the smallest and the largest rank."""
    plane, by_feature, by_row = strides_of(columns, n_features, stop - start)
    at = uint64(feature * by_feature)
    first, stride = uint64(start), uint64(by_row)
    low, high = int64(1) << 40, NONE
    for i in range(uint64(stop - start)):
        item = items[SAMPLES, first + i]
        rank = int64(columns[plane, 0, at + uint64(item & LOWER_HALF) * stride])
        low, high = min(low, rank), max(high, rank)
        items[KEYS, i] = (rank << 32) | (item >> 32 if with_payload else int64(i))
    return low, high


@helper
def count_missing(items, n, missing):
    """How many keys are of the rank for missing values, and the largest rank of the others, or NONE."""
    n_missing, high = int64(0), NONE
    for i in range(n):
        rank = items[KEYS, i] >> 32
        if rank == missing:
            n_missing += 1
        else:
            high = max(high, rank)
    return n_missing, high


@helper
def insertion_sort(items, row, n):
    for i in range(1, n):
        key = items[row, i]
        j = i
        while j > 0 and items[row, j - 1] > key:
            items[row, j] = items[row, j - 1]
            j -= 1
        items[row, j] = key


@helper(apart=True)
def sort_keys(items, n, low, high):
    """Sort keys whose ranks are in low..high; return the row of `items` that holds them.

    Ranks within a node are spread about evenly. So there is a bucket for about each key, and insertion mends
    what is left; where they are crowded, digits of the rank are sorted one after the other.
    """
    if n <= FEW:
        insertion_sort(items, KEYS, n)
        return KEYS
    shift = int64(0)
    while (high - low) >> shift >= n:
        shift += 1
    n_buckets = ((high - low) >> shift) + 1
    largest = count_buckets(items, KEYS, n, low, shift, n_buckets, (int64(1) << 32) - 1)
    if largest > CROWD and shift > 0:
        return sort_digits(items, n, low, high)
    scatter_keys(items, KEYS, n, low, shift, n_buckets, (int64(1) << 32) - 1)
    if shift > 0:
        insertion_sort(items, SPARE, n)
    return SPARE


@helper
def count_buckets(items, row, n, low, shift, n_buckets, mask):
    for b in range(n_buckets):
        items[COUNTS, b] = 0
    for i in range(n):
        items[COUNTS, uint64((((items[row, i] >> 32) - low) >> shift) & mask)] += 1
    largest = int64(0)
    for b in range(n_buckets):
        largest = max(largest, items[COUNTS, b])
    return largest


@helper
def scatter_keys(items, row, n, low, shift, n_buckets, mask):
    place = int64(0)
    for b in range(n_buckets):
        count = items[COUNTS, b]
        items[COUNTS, b] = place
        place += count
    other = KEYS + SPARE - row
    for i in range(n):
        key = items[row, i]
        b = uint64((((key >> 32) - low) >> shift) & mask)
        items[other, uint64(items[COUNTS, b])] = key
        items[COUNTS, b] += 1


@helper
def sort_digits(items, n, low, high):
    """Radix sort by digits of as many bits as there are counters for, from the lowest."""
    bits = int64(4)
    while bits < 11 and int64(2) << bits <= n:
        bits += 1
    row, shift, mask = int64(KEYS), int64(0), (int64(1) << bits) - 1
    while (high - low) >> shift > 0:
        count_buckets(items, row, n, low, shift, mask + 1, mask)
        scatter_keys(items, row, n, low, shift, mask + 1, mask)
        row = KEYS + SPARE - row
        shift += bits
    return row


@helper(apart=True)
def partition_items(columns, n_features, feature, items, start, stop, rank, missing_rank):
    """Move the node's samples of a rank up to `rank`, or the missing one, to the front; keep their order.

    Return where the others begin, the highest rank up to `rank`, and the lowest of the others.
    """
    plane, by_feature, by_row = strides_of(columns, n_features, stop - start)
    at = uint64(feature * by_feature)
    first, stride = uint64(start), uint64(by_row)
    to, aside = first, uint64(0)
    highest, lowest = NONE, int64(1) << 40
    for i in range(uint64(stop - start)):
        item = items[SAMPLES, first + i]
        own = int64(columns[plane, 0, at + uint64(item & LOWER_HALF) * stride])
        below = own <= rank
        left = uint64(below) | uint64(own == missing_rank)
        highest = max(highest, own if below else NONE)
        lowest = min(lowest, own if left == 0 else int64(1) << 40)
        items[SAMPLES, to] = item
        items[SPARE, aside] = item
        to += left
        aside += uint64(1) - left
    for i in range(aside):
        items[SAMPLES, to + i] = items[SPARE, i]
    return int64(to), highest, lowest


@helper
def ordered_bits(x):
    """The bits of a float32, as an integer that is ordered like it; the largest for NaN."""
    bits = int64(np.float32(np.float32(x) + np.float32(0)).view(np.int32))  # -0 is 0
    return int64(MISSING_BITS) if x != x else bits ^ ((bits >> 31) & 0x7FFFFFFF)


@helper
def value_of(bits):
    """The float32 of ordered bits."""
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


@helper
def value_at(columns, feature, rank):
    """The value of a rank, float32."""
    return np.int32(columns[VALUES, feature, rank]).view(np.float32)
