"""What is done next while a boosted tree grows: a warp decides, on the GPU.

The open node of the largest gain is split next, one after the other: that is the definition of the tree. To
split several nodes at a time, the next few open nodes are given out as jobs in advance. A node whose job is
done takes no further work when its turn comes; one whose turn never comes stays a leaf. The host reads
`POPPED` to see the splits in order.
"""

import numpy as np

from .._boosted import (
    BIN,
    CATEGORICAL,
    DECREASING,
    DEPTH,
    FEATURE,
    GAIN,
    GRADIENT,
    HAS_MISSING,
    HESSIAN,
    INCREASING,
    IS_CATEGORICAL,
    LEFT,
    LEFT_GRADIENT,
    LEFT_HESSIAN,
    LOWER,
    MISSING_LEFT,
    NODE_FLOATS,
    SLOT,
    START,
    STOP,
    UPPER,
    VALUE,
    WORDS,
)
from .._cuda import cuda, cuda_kernel, float64, helper, int64, u32, uint8
from ..scalar import newton_value
from ._growth_search import WARP, lane_first_best, mix
from ._growth_state import (
    CLOSED,
    DONE,
    FOUND_BIN,
    FOUND_COUNT,
    FOUND_GRADIENT,
    FOUND_HESSIAN,
    FOUND_KIND,
    FOUND_MISSING,
    FOUND_WORDS,
    GRADIENT_SUM,
    GRADIENT_UNIT,
    HESSIAN_SUM,
    HESSIAN_UNIT,
    HIDDEN,
    JOB_BUILD,
    JOB_BUILD_SLOT,
    JOB_LARGE,
    JOB_LARGE_SLOT,
    JOB_NODE,
    JOB_SEARCH,
    KIND,
    L2,
    LEFT_GRADIENT_SUM,
    LEFT_HESSIAN_SUM,
    MAX_DEPTH,
    MAX_LEAVES,
    MIN_SAMPLES,
    MOST_JOBS,
    MOST_NODES,
    N_FEATURES,
    N_FREE,
    N_GROUPS,
    N_JOBS,
    N_LEAVES,
    N_LEFT,
    N_NODES,
    N_POPPED,
    N_ROUNDS,
    N_ROWS,
    N_SLOTS,
    NEWEST_FIRST,
    NODE_SEED,
    NODE_WORDS,
    OPEN,
    POPPED,
    SEED,
    SEEN,
    STATE,
)
from ._reduce import FULL


# ---- slots and nodes: by one lane --------------------------------------------------------------------
@helper
def take_slot(header, free):
    """A slot that nobody uses; there is one."""
    header[N_FREE] -= int64(1)
    return free[header[N_FREE]]


@helper
def give_slot(header, free, nodes, node):
    """Give a node's slot back."""
    if nodes[node, SLOT] >= int64(0):
        free[header[N_FREE]] = nodes[node, SLOT]
        header[N_FREE] += int64(1)
        nodes[node, SLOT] = int64(-1)


@helper
def add_node(nodes, stats, node, start, stop, depth):
    """Begin a node as a leaf."""
    for w in range(NODE_WORDS):
        nodes[node, w] = int64(0)
    for v in range(NODE_FLOATS):
        stats[node, v] = float64(0)
    nodes[node, START] = start
    nodes[node, STOP] = stop
    nodes[node, DEPTH] = depth
    nodes[node, LEFT] = int64(-1)
    nodes[node, SLOT] = int64(-1)
    nodes[node, FEATURE] = int64(-1)
    nodes[node, POPPED] = int64(-1)
    nodes[node, STATE] = int64(CLOSED)
    stats[node, GAIN] = float64(-1)


@helper
def set_value(nodes, stats, node, gradient, hessian, numbers):
    """Note a node's sums and what it predicts, within its parent's bounds."""
    nodes[node, GRADIENT_SUM] = gradient
    nodes[node, HESSIAN_SUM] = hessian
    stats[node, GRADIENT] = float64(gradient) * numbers[GRADIENT_UNIT]
    stats[node, HESSIAN] = float64(hessian) * numbers[HESSIAN_UNIT]
    stats[node, VALUE] = newton_value(
        stats[node, GRADIENT], stats[node, HESSIAN], stats[node, LOWER], stats[node, UPPER], numbers[L2]
    )


@helper
def add_children(header, numbers, nodes, stats, node):
    """Make a node's children; return the left one, which the other one follows."""
    left = header[N_NODES]
    header[N_NODES] += int64(2)
    nodes[node, LEFT] = left
    start, stop, depth = nodes[node, START], nodes[node, STOP], nodes[node, DEPTH] + int64(1)
    middle = start + nodes[node, N_LEFT]
    add_node(nodes, stats, left, start, middle, depth)
    add_node(nodes, stats, left + int64(1), middle, stop, depth)
    for side in range(2):
        child = left + int64(side)
        stats[child, LOWER] = stats[node, LOWER]
        stats[child, UPPER] = stats[node, UPPER]
        gradient, hessian = nodes[node, LEFT_GRADIENT_SUM], nodes[node, LEFT_HESSIAN_SUM]
        if side == 1:
            gradient, hessian = nodes[node, GRADIENT_SUM] - gradient, nodes[node, HESSIAN_SUM] - hessian
        set_value(nodes, stats, child, gradient, hessian, numbers)
        nodes[child, NODE_SEED] = int64(mix(nodes[node, NODE_SEED] + int64(side + 1)))
    bound_children(stats, left, nodes[node, KIND])
    if nodes[node, KIND] & int64(HAS_MISSING) == int64(0):
        nodes[node, MISSING_LEFT] = int64(int64(2) * nodes[node, N_LEFT] > stop - start)
    return left


@helper
def bound_children(stats, left, kind):
    """Bound the children's values so that the constraints hold for whatever comes below them."""
    if kind & int64(INCREASING | DECREASING) != int64(0):
        right = left + int64(1)
        middle = (stats[left, VALUE] + stats[right, VALUE]) * float64(0.5)
        rising = kind & int64(INCREASING) != int64(0)
        stats[left if rising else right, UPPER] = middle
        stats[right if rising else left, LOWER] = middle


@helper
def may_be_split(header, nodes, node):
    """Tell whether it is worth to search a split of a new node."""
    size = nodes[node, STOP] - nodes[node, START]
    return nodes[node, DEPTH] != header[MAX_DEPTH] and size >= int64(2) * header[MIN_SAMPLES]


@helper
def write_job(header, jobs, job, node, build, slot):
    """Begin a job: to split a node, if it is not negative, and to sum up another, if that is not negative."""
    jobs[job, JOB_NODE] = node
    jobs[job, JOB_BUILD] = build
    jobs[job, JOB_BUILD_SLOT] = slot
    jobs[job, JOB_LARGE] = int64(-1)
    jobs[job, JOB_LARGE_SLOT] = int64(-1)
    jobs[job, JOB_SEARCH] = int64(0)
    header[N_JOBS] = job + int64(1)


@helper
def give_out(header, numbers, nodes, stats, jobs, free, node):
    """Make a job of an open node: its split, or its sums if they were given away."""
    job = header[N_JOBS]
    nodes[node, STATE] = int64(SEEN)
    if nodes[node, SLOT] < int64(0):
        write_job(header, jobs, job, int64(-1), node, take_slot(header, free))
        return
    left = add_children(header, numbers, nodes, stats, node)
    small = left + int64(int64(2) * nodes[node, N_LEFT] >= nodes[node, STOP] - nodes[node, START])
    large = int64(2) * left + int64(1) - small
    if may_be_split(header, nodes, large):
        write_job(header, jobs, job, node, small, take_slot(header, free))
        jobs[job, JOB_LARGE] = large
        jobs[job, JOB_LARGE_SLOT] = nodes[node, SLOT]
        jobs[job, JOB_SEARCH] = int64(2) + int64(may_be_split(header, nodes, small))
        nodes[small, SLOT] = jobs[job, JOB_BUILD_SLOT]
        nodes[large, SLOT] = nodes[node, SLOT]
        nodes[node, SLOT] = int64(-1)
    else:
        write_job(header, jobs, job, node, int64(-1), int64(-1))
        give_slot(header, free, nodes, node)


# ---- after a round -----------------------------------------------------------------------------------
@helper
def best_feature(gains, child, n_features, lane):
    """The largest gain of a child and its feature, the first of equally good ones."""
    best, best_feature = float64(0), n_features
    for f in range(int64(lane), n_features, int64(WARP)):
        if gains[child, f] > best:
            best, best_feature = gains[child, f], int64(f)
    return lane_first_best(best, best_feature)


@helper
def note_split(header, numbers, nodes, stats, free, node, gain, found, child, feature):
    """Note a node's best split; it is a leaf, and needs its sums no more, if there is none."""
    if gain <= float64(0):
        give_slot(header, free, nodes, node)
        return
    kind = found[child, feature, FOUND_KIND]
    stats[node, GRADIENT] = float64(nodes[node, GRADIENT_SUM]) * numbers[GRADIENT_UNIT]
    stats[node, HESSIAN] = float64(nodes[node, HESSIAN_SUM]) * numbers[HESSIAN_UNIT]
    nodes[node, FEATURE] = feature
    nodes[node, BIN] = found[child, feature, FOUND_BIN]
    nodes[node, KIND] = kind
    nodes[node, MISSING_LEFT] = found[child, feature, FOUND_MISSING]
    nodes[node, CATEGORICAL] = int64(kind & int64(IS_CATEGORICAL) != int64(0))
    for w in range(4):
        nodes[node, WORDS + w] = found[child, feature, FOUND_WORDS + w]
    nodes[node, LEFT_GRADIENT_SUM] = found[child, feature, FOUND_GRADIENT]
    nodes[node, LEFT_HESSIAN_SUM] = found[child, feature, FOUND_HESSIAN]
    nodes[node, N_LEFT] = found[child, feature, FOUND_COUNT]
    stats[node, GAIN] = gain
    stats[node, LEFT_GRADIENT] = float64(found[child, feature, FOUND_GRADIENT]) * numbers[GRADIENT_UNIT]
    stats[node, LEFT_HESSIAN] = float64(found[child, feature, FOUND_HESSIAN]) * numbers[HESSIAN_UNIT]
    nodes[node, STATE] = int64(OPEN) if node == int64(0) else int64(HIDDEN)


@helper
def finish_jobs(header, numbers, nodes, stats, jobs, free, gains, found, lane):
    """Note the splits that were found in the last round."""
    for child in range(int64(2) * header[N_JOBS]):
        job, side = int64(child) >> int64(1), int64(child) & int64(1)
        node = jobs[job, JOB_BUILD] if side == int64(0) else jobs[job, JOB_LARGE]
        if (jobs[job, JOB_SEARCH] >> side) & int64(1) != int64(0):
            gain, feature = best_feature(gains, int64(child), header[N_FEATURES], lane)
            if lane == u32(0):
                note_split(header, numbers, nodes, stats, free, node, gain, found, int64(child), feature)
        elif node >= int64(0) and lane == u32(0):
            if jobs[job, JOB_NODE] < int64(0):  # its sums are there again
                nodes[node, SLOT] = jobs[job, JOB_BUILD_SLOT]
            else:
                give_slot(header, free, nodes, node)
        cuda.syncwarp(FULL)


# ---- the next round ----------------------------------------------------------------------------------
@helper
def rank_of(header, stats, node):
    """What decides which node is split first."""
    return float64(node) if header[NEWEST_FIRST] != int64(0) else stats[node, GAIN]


@helper
def best_open(header, nodes, stats, lane):
    """The open node that is to be split first; -1 if there is none."""
    best, best_node = float64(-np.inf), header[N_NODES]
    for node in range(int64(lane), header[N_NODES], int64(WARP)):
        if nodes[node, STATE] == int64(OPEN) and rank_of(header, stats, node) > best:
            best, best_node = rank_of(header, stats, node), int64(node)
    best, best_node = lane_first_best(best, best_node)
    return best_node if best_node < header[N_NODES] else int64(-1)


@helper
def victim_for(header, nodes, stats, needy, lane):
    """The node that gives its sums away so that another one can be split: the last one in turn."""
    best, best_node = float64(-np.inf), header[N_NODES]
    for node in range(int64(lane), header[N_NODES], int64(WARP)):
        if nodes[node, SLOT] >= int64(0) and int64(node) != needy and -rank_of(header, stats, node) > best:
            best, best_node = -rank_of(header, stats, node), int64(node)
    best, best_node = lane_first_best(best, best_node)
    return best_node


@helper
def pop(header, nodes, node):
    """Split a node whose job is done: its children are open from now on."""
    nodes[node, POPPED] = header[N_POPPED]
    header[N_POPPED] += int64(1)
    header[N_LEAVES] += int64(1)
    nodes[node, STATE] = int64(CLOSED)
    for side in range(2):
        child = nodes[node, LEFT] + int64(side)
        if nodes[child, STATE] == int64(HIDDEN):
            nodes[child, STATE] = int64(OPEN)


@helper
def most_jobs(header):
    """How many nodes may still be looked at in this round, given out as jobs or waiting for their turn."""
    wanted = header[MOST_JOBS]
    if header[MAX_LEAVES] > int64(0):
        left = header[MAX_LEAVES] - header[N_LEAVES]
        # Room for children is kept for splits that are needed for certain.
        spare = (header[MOST_NODES] - header[N_NODES]) // int64(2) - left
        wanted = min(wanted, min(left, max(int64(1), spare + int64(1))))
    return wanted


@helper
def pass_groups(header, nodes, jobs, node_groups, members, lane):
    """Leave to new children the groups of the node that its feature is in."""
    for job in range(header[N_JOBS]):
        node = jobs[job, JOB_NODE]
        if node >= int64(0):
            left, feature = nodes[node, LEFT], nodes[node, FEATURE]
            for group in range(int64(lane), header[N_GROUPS], int64(WARP)):
                stays = uint8(node_groups[node, group] & members[group, feature])
                node_groups[left, group] = stays
                node_groups[left + int64(1), group] = stays


@cuda_kernel
def begin_tree(
    header: int64[:],  # OUT
    nodes: int64[:, :],  # OUT (MOST_NODES, NODE_WORDS)
    stats: float64[:, :],  # OUT (MOST_NODES, NODE_FLOATS)
    jobs: int64[:, :],  # OUT (MOST_JOBS, JOB_WORDS)
    free: int64[:],  # OUT (n_slots,)
    node_groups: uint8[:, :],  # OUT (MOST_NODES, n_groups)
):
    """Make the root, and a job to search it; one warp."""
    lane = u32(cuda.threadIdx.x)
    for slot in range(int64(lane), header[N_SLOTS], int64(WARP)):
        free[slot] = header[N_SLOTS] - int64(1) - int64(slot)
    for group in range(int64(lane), header[N_GROUPS], int64(WARP)):
        node_groups[0, group] = uint8(1)
    cuda.syncwarp(FULL)
    if lane == u32(0):
        header[N_NODES] = int64(1)
        header[N_LEAVES] = int64(1)
        header[N_FREE] = header[N_SLOTS]
        header[N_POPPED] = int64(0)
        header[N_ROUNDS] = int64(0)
        header[DONE] = int64(0)
        add_node(nodes, stats, 0, int64(0), header[N_ROWS], int64(0))
        stats[0, LOWER] = float64(-np.inf)
        stats[0, UPPER] = float64(np.inf)
        stats[0, VALUE] = float64(0)
        nodes[0, NODE_SEED] = header[SEED]
        nodes[0, SLOT] = take_slot(header, free)
        write_job(header, jobs, int64(0), int64(-1), int64(0), nodes[0, SLOT])
        jobs[0, JOB_SEARCH] = int64(1)


@cuda_kernel
def plan_round(
    header: int64[:],  # OUT what is done next
    numbers: float64[:],  # IN  (NUMBERS,)
    nodes: int64[:, :],  # OUT (MOST_NODES, NODE_WORDS)
    stats: float64[:, :],  # OUT (MOST_NODES, NODE_FLOATS)
    jobs: int64[:, :],  # OUT (MOST_JOBS, JOB_WORDS)
    free: int64[:],  # OUT (n_slots,) the slots that nobody uses
    gains: float64[:, :],  # IN  (2 MOST_JOBS, n_features)
    found: int64[:, :, :],  # IN  (2 MOST_JOBS, n_features, FOUND)
    node_groups: uint8[:, :],  # OUT (MOST_NODES, n_groups)
    members: uint8[:, :],  # IN  (n_groups, n_features)
):
    """Note what the last round has found, and give out jobs; one warp."""
    lane = u32(cuda.threadIdx.x)
    if header[DONE] != int64(0):
        return
    finish_jobs(header, numbers, nodes, stats, jobs, free, gains, found, lane)
    cuda.syncwarp(FULL)
    if lane == u32(0):
        header[N_JOBS] = int64(0)
        header[N_ROUNDS] += int64(1)
    cuda.syncwarp(FULL)
    looked_at, wanted = int64(0), most_jobs(header)
    while looked_at < wanted and header[N_LEAVES] != header[MAX_LEAVES]:
        node = best_open(header, nodes, stats, lane)
        if node < int64(0):
            break
        is_grown = nodes[node, LEFT] >= int64(0)
        victim = int64(-1)
        if not is_grown and header[N_FREE] == int64(0):
            if header[N_JOBS] > int64(0):
                break
            victim = victim_for(header, nodes, stats, node, lane)
        is_popped = is_grown and looked_at == int64(0)
        cuda.syncwarp(FULL)
        if lane == u32(0):
            if victim >= int64(0):
                give_slot(header, free, nodes, victim)
            if is_popped:
                pop(header, nodes, node)
            elif is_grown:
                nodes[node, STATE] = int64(SEEN)
            else:
                give_out(header, numbers, nodes, stats, jobs, free, node)
        cuda.syncwarp(FULL)
        if not is_popped:
            looked_at += int64(1)
        else:
            wanted = most_jobs(header)
    cuda.syncwarp(FULL)
    for node in range(int64(lane), header[N_NODES], int64(WARP)):
        if nodes[node, STATE] == int64(SEEN):
            nodes[node, STATE] = int64(OPEN)
    pass_groups(header, nodes, jobs, node_groups, members, lane)
    cuda.syncwarp(FULL)
    if lane == u32(0) and header[N_JOBS] == int64(0):
        header[DONE] = int64(1)
