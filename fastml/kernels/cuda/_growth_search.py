"""The best split of a node by each feature, from the sums of its bins: a warp for each feature and node.

The sums are whole numbers, so that what is left over for one side is exact. Gains are computed as on the CPU;
among equally good splits the first wins, in the order in which the CPU looks at them.
"""

import math

import numpy as np

from .._boosted import (
    DECREASING,
    HAS_MISSING,
    INCREASING,
    IS_CATEGORICAL,
    LOWER,
    UPPER,
    VALUE,
)
from .._cuda import BLOCK, cuda, cuda_kernel, float64, helper, int32, int64, u32, uint8, uint64
from ..scalar import newton_gain, newton_value
from ._growth_state import (
    FEATURES,
    FOUND_BIN,
    FOUND_GRADIENT,
    FOUND_KIND,
    FOUND_MISSING,
    FOUND_WORDS,
    FRACTION,
    GRADIENT_SUM,
    GRADIENT_UNIT,
    HESSIAN_SUM,
    HESSIAN_UNIT,
    JOB_BUILD,
    JOB_BUILD_SLOT,
    JOB_LARGE,
    JOB_LARGE_SLOT,
    JOB_NODE,
    JOB_SEARCH,
    L2,
    MIN_HESSIAN,
    MIN_SAMPLES,
    N_BINS,
    N_FEATURES,
    N_GROUPS,
    N_JOBS,
    NODE_SEED,
    WIDTH,
)
from ._reduce import FULL, lane_sum

WARP = 32
A_LANE = WIDTH // WARP  # bins that a lane sums up
SUMS = 3 * WIDTH
LEAST_SUPPORT = 10.0  # rows that a category needs to go left; also what smooths its gradient
BACK = 512  # a split that is found from the last bin on, in the order of splits


# ---- features that a node may be split by ------------------------------------------------------------
@helper
def mix(z):
    """Steele, Lea, Flood (2014). Fast splittable pseudorandom number generators. OOPSLA 2014."""
    z = uint64(z)
    z = (z ^ (z >> uint64(30))) * uint64(13787848793156543929)
    z = (z ^ (z >> uint64(27))) * uint64(10723151780598845931)
    return z ^ (z >> uint64(31))


@helper
def draw(seed, number):
    """A random number of a node: the same whatever was drawn before."""
    return mix(uint64(seed) + uint64(number + int64(1)) * uint64(11400714819323198485))


@helper
def in_reach(feature, node, n_groups, node_groups, members):
    """Tell whether a feature is in one of a node's groups."""
    reach = uint8(n_groups == int64(0))
    for group in range(n_groups):
        reach |= node_groups[node, group] & members[group, feature]
    return reach


@cuda_kernel
def allow_features(
    header: int64[:],  # IN
    numbers: float64[:],  # IN  (NUMBERS,)
    jobs: int64[:, :],  # IN  (MOST_JOBS, JOB_WORDS)
    nodes: int64[:, :],  # IN  (MOST_NODES, NODE_WORDS)
    node_groups: uint8[:, :],  # IN  (MOST_NODES, n_groups)
    members: uint8[:, :],  # IN  (n_groups, n_features)
    allowed_out: uint8[:, :],  # OUT (2 MOST_JOBS, n_features) 1 in the node's groups, 3 if drawn too
):
    """Say which features each child may be split by: those in its groups, or a random part of them."""
    n_reached = cuda.shared.array(1, int32)
    child = int64(cuda.blockIdx.x)
    job, thread = child >> int64(1), int64(cuda.threadIdx.x)
    if job >= header[N_JOBS] or (jobs[job, JOB_SEARCH] >> (child & int64(1))) & int64(1) == int64(0):
        return
    node = jobs[job, JOB_BUILD] if child & int64(1) == int64(0) else jobs[job, JOB_LARGE]
    n_features = header[N_FEATURES]
    if thread == int64(0):
        n_reached[0] = int32(0)
    cuda.syncthreads()
    for feature in range(thread, n_features, int64(BLOCK)):
        reach = in_reach(feature, node, header[N_GROUPS], node_groups, members)
        allowed_out[child, feature] = reach
        cuda.atomic.add(n_reached, 0, int32(reach))
    cuda.syncthreads()
    wanted = max(int64(1), int64(math.ceil(numbers[FRACTION] * float64(n_reached[0]))))
    for feature in range(thread, n_features, int64(BLOCK)):
        own = draw(nodes[node, NODE_SEED], feature)
        rank = int64(0)
        for other in range(n_features):
            if allowed_out[child, other] & uint8(1) != uint8(0):
                drawn = draw(nodes[node, NODE_SEED], other)
                rank += int64(drawn < own or (drawn == own and other < feature))
        if rank < wanted and allowed_out[child, feature] != uint8(0):
            allowed_out[child, feature] = uint8(3)


# ---- sums --------------------------------------------------------------------------------------------
@helper
def load_sums(sums_out, at, parent, n_bins, lane, sums):
    """Bring a feature's sums to shared memory; those of the larger child are the parent's less the smaller's,
    and take the parent's place."""
    for i in range(lane, u32(SUMS), u32(WARP)):
        place = u32(i)
        value = int64(0)
        code = int64(place) & int64(WIDTH - 1)
        if code < n_bins:
            cell = (int64(place) >> int64(8)) * n_bins + code
            value = sums_out[at + cell]
            if parent >= int64(0):
                value = sums_out[parent + cell] - value
                sums_out[parent + cell] = value
        sums[place] = value
    cuda.syncwarp(FULL)


@helper
def total_of(sums, v, lane):
    """One of the three sums, over all bins."""
    total = int64(0)
    for i in range(A_LANE):
        total += sums[u32(v * WIDTH) + lane + u32(i * WARP)]
    return lane_sum(total, WARP)


@helper
def run_up(sums, order, n, lane, runs):
    """Sum up the first n bins in the given order, up to and with each of them."""
    for v in range(3):
        base = u32(v * WIDTH)
        first = lane * u32(A_LANE)
        total = int64(0)
        for i in range(A_LANE):
            place = first + u32(i)
            if int64(place) < n:
                total += sums[base + u32(order[place])]
            runs[base + place] = total
        before = total
        shift = 1
        while shift < WARP:
            below = cuda.shfl_up_sync(FULL, before, shift)
            if lane >= u32(shift):
                before += below
            shift <<= 1
        for i in range(A_LANE):
            runs[base + first + u32(i)] += before - total
    cuda.syncwarp(FULL)


@helper
def rank_categories(sums, n_codes, missing, units, support, lane, values, order):
    """List the categories that have enough rows by their smoothed gradient; return how many."""
    for i in range(A_LANE):
        code = lane + u32(i * WARP)
        value = float64(np.nan)  # of those that have too few rows
        hessian = float64(sums[u32(WIDTH) + code]) * units[1]
        if (int64(code) < n_codes or int64(code) == missing) and hessian * support >= float64(LEAST_SUPPORT):
            value = float64(sums[code]) * units[0] / (hessian + float64(LEAST_SUPPORT))
        values[code] = value
    cuda.syncwarp(FULL)
    n = int64(0)
    for code in range(WIDTH):
        value = values[u32(code)]
        n += int64(value == value)
    for i in range(A_LANE):
        code = lane + u32(i * WARP)
        value = values[code]
        if value == value:
            rank = u32(0)
            for other in range(WIDTH):
                against = values[u32(other)]
                rank += u32(against < value or (against == value and u32(other) < code))
            order[rank] = int32(code)
    cuda.syncwarp(FULL)
    return n


# ---- splits ------------------------------------------------------------------------------------------
@helper
def put_in_order(sums, n, missing, total, units, kind, lane, values, order):
    """Order a feature's bins, those of categories by their gradient; return how many there are to be split,
    and how many splits to consider from the front and from the back."""
    has_missing = int64(kind & int64(HAS_MISSING) != int64(0))
    if kind & int64(IS_CATEGORICAL) != int64(0):
        support = float64(total[2]) / (float64(total[1]) * units[1])
        absent = missing if has_missing != int64(0) else int64(-1)
        n = rank_categories(sums, n, absent, units, support, lane, values, order)
        half = (n + int64(1)) // int64(2) if n > int64(1) else int64(0)
        return n, half, max(half - int64(1), int64(0))
    for i in range(A_LANE):
        order[lane + u32(i * WARP)] = int32(lane + u32(i * WARP))
    cuda.syncwarp(FULL)
    return n, n - int64(1) + has_missing, has_missing * (n - int64(1))


@helper
def left_sum(v, split, kind, n, missing, sums, runs):
    """One of the three sums of what goes left: the first bins, or all but the last and missing values; of
    categories, the first in order or the last."""
    base = u32(v * WIDTH)
    back = int64(split) - int64(BACK)
    if back < int64(0):
        return runs[base + u32(split)]
    if kind & int64(IS_CATEGORICAL) != int64(0):
        return runs[base + u32(n - int64(1))] - runs[base + u32(n - int64(2) - back)]
    return runs[base + u32(n - int64(2) - back)] + sums[base + u32(missing)]


@helper
def left_sums(split, kind, n, missing, sums, runs):
    """The three sums of what goes left."""
    return (
        left_sum(0, split, kind, n, missing, sums, runs),
        left_sum(1, split, kind, n, missing, sums, runs),
        left_sum(2, split, kind, n, missing, sums, runs),
    )


@helper
def split_gain(left, total, units, limits, samples, kind):
    """By how much a split lowers the loss; -1 if it is forbidden.

    `left` and `total` are sums of gradients, hessians and rows; `limits` are the l2 penalty, the least
    hessian, bounds of the children's values, and the node's value.
    """
    right_samples = total[2] - left[2]
    g, h = float64(left[0]) * units[0], float64(left[1]) * units[1]
    other_g, other_h = float64(total[0] - left[0]) * units[0], float64(total[1] - left[1]) * units[1]
    if left[2] < samples or right_samples < samples or h < limits[1] or other_h < limits[1]:
        return float64(-1)
    value = newton_value(g, h, limits[2], limits[3], limits[0])
    other = newton_value(other_g, other_h, limits[2], limits[3], limits[0])
    rising, falling = kind & int64(INCREASING), kind & int64(DECREASING)
    if (rising != int64(0) and value > other) or (falling != int64(0) and value < other):
        return float64(-1)
    return newton_gain(float64(total[0]) * units[0], limits[4], g, value, other_g, other)


@helper
def lane_first_best(gain, split):
    """The largest gain of a warp and its split, the first of equally good ones."""
    shift = WARP >> 1
    while shift > 0:
        other = cuda.shfl_xor_sync(FULL, gain, shift)
        other_split = cuda.shfl_xor_sync(FULL, split, shift)
        if other > gain or (other == gain and other_split < split):
            gain = other
            split = other_split
        shift >>= 1
    return gain, split


@helper
def bits_of_bins(w, bin_, missing, to_left):
    """A word of the codes that go left: up to a bin, and perhaps the missing values."""
    below = bin_ + int64(1) - int64(64) * w
    bits = int64(0)
    if below >= int64(64):
        bits = int64(-1)
    elif below > int64(0):
        bits = (int64(1) << below) - int64(1)
    if missing >> int64(6) == w:
        own = int64(1) << (missing & int64(63))
        bits = bits | own if to_left else bits & ~own
    return bits


@helper
def bits_of_categories(w, first, last, order):
    """A word of the categories that go left, a run of those in order."""
    bits = int64(0)
    for place in range(first, last):
        code = int64(order[u32(place)])
        if code >> int64(6) == w:
            bits |= int64(1) << (code & int64(63))
    return bits


@helper
def write_words(split, n, missing, kind, order, found_out, child, feature):
    """Write a split's bin, or 0 for categories, and as bits which codes go left."""
    back = int64(split) - int64(BACK)
    bin_, first, last = int64(split), int64(0), int64(split) + int64(1)
    if back >= int64(0):
        bin_, first, last = n - int64(2) - back, n - int64(1) - back, n
    if kind & int64(IS_CATEGORICAL) != int64(0):
        bin_ = int64(0)
    for w in range(4):
        if kind & int64(IS_CATEGORICAL) != int64(0):
            bits = bits_of_categories(int64(w), first, last, order)
        else:
            bits = bits_of_bins(int64(w), bin_, missing, back >= int64(0))
        found_out[child, feature, FOUND_WORDS + w] = bits
        if missing >> int64(6) == int64(w):
            found_out[child, feature, FOUND_MISSING] = (bits >> (missing & int64(63))) & int64(1)
    found_out[child, feature, FOUND_BIN] = bin_


@cuda_kernel
def search_splits(
    header: int64[:],  # IN
    numbers: float64[:],  # IN  (NUMBERS,)
    kinds: int64[:, :],  # IN  (n_features, 2) kind, and bins without that of missing values
    jobs: int64[:, :],  # IN  (MOST_JOBS, JOB_WORDS)
    stats: float64[:, :],  # IN  (MOST_NODES, NODE_FLOATS)
    allowed: uint8[:, :],  # IN  (2 MOST_JOBS, n_features) 3 for those that are, or (0, 0) for all
    nodes_out: int64[:, :],  # OUT (MOST_NODES, NODE_WORDS) the root's sums
    sums_out: int64[:],  # OUT (n_slots * slot_size,) the larger children's
    gains_out: float64[:, :],  # OUT (2 MOST_JOBS, n_features) not above zero if there is no split
    found_out: int64[:, :, :],  # OUT (2 MOST_JOBS, n_features, FOUND)
):
    """Find the best split of a job's smaller or larger child by a feature."""
    sums = cuda.shared.array(SUMS, int64)
    runs = cuda.shared.array(SUMS, int64)
    values = cuda.shared.array(WIDTH, float64)
    order = cuda.shared.array(WIDTH, int32)
    feature, child = int64(cuda.blockIdx.x), int64(cuda.blockIdx.y)
    job, side, lane = child >> int64(1), child & int64(1), u32(cuda.threadIdx.x)
    if job >= header[N_JOBS] or (jobs[job, JOB_SEARCH] >> side) & int64(1) == int64(0):
        return
    n_bins = header[N_BINS]
    blocks = (header[N_FEATURES] + int64(FEATURES - 1)) // int64(FEATURES)
    slot_size = blocks * int64(3 * FEATURES) * n_bins
    place = feature * int64(3) * n_bins
    at = jobs[job, JOB_BUILD_SLOT] * slot_size + place
    node = jobs[job, JOB_BUILD] if side == int64(0) else jobs[job, JOB_LARGE]
    parent = int64(-1) if side == int64(0) else jobs[job, JOB_LARGE_SLOT] * slot_size + place
    load_sums(sums_out, at, parent, n_bins, lane, sums)
    total = (total_of(sums, 0, lane), total_of(sums, 1, lane), total_of(sums, 2, lane))
    if jobs[job, JOB_NODE] < int64(0) and feature == int64(0) and lane == u32(0):
        nodes_out[node, GRADIENT_SUM] = total[0]
        nodes_out[node, HESSIAN_SUM] = total[1]
    if allowed.shape[0] > 0 and allowed[child, feature] != uint8(3):
        if lane == u32(0):
            gains_out[child, feature] = float64(-1)
        return
    units = (numbers[GRADIENT_UNIT], numbers[HESSIAN_UNIT])
    limits = (numbers[L2], numbers[MIN_HESSIAN], stats[node, LOWER], stats[node, UPPER], stats[node, VALUE])
    kind, n, missing = kinds[feature, 0], kinds[feature, 1], n_bins - int64(1)
    n, n_front, n_back = put_in_order(sums, n, missing, total, units, kind, lane, values, order)
    run_up(sums, order, n, lane, runs)
    best, split = float64(0), int64(2 * BACK)
    for i in range(int64(lane), n_front + n_back, int64(WARP)):
        this = int64(i) if int64(i) < n_front else int64(BACK) + int64(i) - n_front
        left = left_sums(this, kind, n, missing, sums, runs)
        gain = split_gain(left, total, units, limits, header[MIN_SAMPLES], kind)
        if gain > best:
            best, split = gain, this
    best, split = lane_first_best(best, split)
    if lane == u32(0):
        gains_out[child, feature] = best
        if best > float64(0):
            left = left_sums(split, kind, n, missing, sums, runs)
            for v in range(3):
                found_out[child, feature, FOUND_GRADIENT + v] = left[v]
            found_out[child, feature, FOUND_KIND] = kind
            write_words(split, n, missing, kind, order, found_out, child, feature)
