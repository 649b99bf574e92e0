"""What comes next while a boosted tree grows: run by whichever thread did the last unit of a round."""

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
    LEFT,
    LEFT_GRADIENT,
    LEFT_HESSIAN,
    LOWER,
    MISSING_LEFT,
    NODE_FLOATS,
    NODE_INTS,
    SLOT,
    START,
    STOP,
    UPPER,
    VALUE,
    WORDS,
)
from .._compile import float64, helper, int64, simd, uint64
from ..scalar import newton_value
from ._grower_queue import pop_open, push_open, release_slot, take_slot
from ._grower_state import (
    ALLOWED,
    BEGIN,
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
    BUILD,
    CHUNK,
    CHUNKS,
    COMPLETED,
    COUNT,
    DONE,
    FRACTION,
    FREE,
    GROUPS,
    KINDS,
    L2,
    LARGE,
    MAX_DEPTH,
    MAX_LEAVES,
    MEMBERS,
    MIN_HESSIAN,
    MIN_SAMPLES,
    MOVE,
    N_BINS,
    N_BLOCKS,
    N_FEATURES,
    N_FREE,
    N_GROUPS,
    N_LEAVES,
    N_LEFT,
    N_NODES,
    N_OPEN,
    N_ROWS,
    N_SLOTS,
    NODE,
    NODES,
    PAUSED,
    PHASE,
    REACH,
    RESUME,
    ROOT,
    SCAN,
    SEED,
    SLOTS,
    SMALL,
    STATS,
    TABLE,
    TICKET,
    UNIT_BITS,
    WORK,
    WORK_A_CALL,
)


# ---- rounds ----------------------------------------------
@helper
def hand_out(board, phase, n_units, ticket):
    """Begin a round; no ticket of an earlier one fits any more."""
    board[PHASE] = phase
    board[COMPLETED] = 0
    generation = (ticket >> (2 * UNIT_BITS)) + 1
    simd.atomic_store(board, TICKET, (generation << (2 * UNIT_BITS)) | (n_units << UNIT_BITS))


# ---- features that a node may be split by ----------------------------------------------
@helper
def draw(board):
    """A random number in [0, 1).

    Steele, Lea, Flood (2014). Fast splittable pseudorandom number generators. OOPSLA 2014.
    """
    board[SEED] += int64(-7046029254386353131)
    z = uint64(board[SEED])
    z = (z ^ (z >> uint64(30))) * uint64(13787848793156543929)
    z = (z ^ (z >> uint64(27))) * uint64(10723151780598845931)
    return float64((z ^ (z >> uint64(31))) >> uint64(11)) * 2.0**-53


@helper
def allow_features(board, pool):
    """Say which of the features in reach each child may be split by: all, or a random part of them."""
    n_features, reach = board[N_FEATURES], board[REACH]
    for side in range(2):
        allowed = board[ALLOWED] + side * n_features
        n = 0
        for f in range(n_features):
            n += board[reach + f]
            board[allowed + f] = board[reach + f]
        if pool[FRACTION] < 1.0:
            wanted = max(1, int64(np.ceil(pool[FRACTION] * n)))
            for f in range(n_features):
                if board[reach + f]:
                    taken = int64(draw(board) * n < wanted)
                    board[allowed + f] = taken
                    wanted -= taken
                    n -= 1


@helper
def pass_groups(board, node, feature, left):
    """Leave to the children the groups of the node that its feature is in, and those groups' features."""
    n_features, n_groups, reach = board[N_FEATURES], board[N_GROUPS], board[REACH]
    for f in range(n_features):
        board[reach + f] = 0
    for group in range(n_groups):
        members = board[MEMBERS] + group * n_features
        stays = board[board[GROUPS] + node * n_groups + group] & board[members + feature]
        if stays:
            for f in range(n_features):
                board[reach + f] |= board[members + f]
        board[board[GROUPS] + left * n_groups + group] = stays
        board[board[GROUPS] + (left + 1) * n_groups + group] = stays


# ---- nodes ----------------------------------------------
@helper
def add_node(board, pool, node, start, stop, depth):
    """Begin a node as a leaf."""
    words = board[NODES] + node * NODE_INTS
    for w in range(NODE_INTS):
        board[words + w] = 0
    board[words + START], board[words + STOP], board[words + DEPTH] = start, stop, depth
    board[words + LEFT], board[words + SLOT], board[words + FEATURE] = -1, -1, -1
    pool[board[STATS] + node * NODE_FLOATS + GAIN] = -1.0


@helper
def begin(board, pool):
    """Make the root."""
    add_node(board, pool, 0, 0, board[N_ROWS], 0)
    board[N_NODES], board[N_LEAVES], board[N_OPEN], board[N_FREE] = 1, 1, 0, board[N_SLOTS]
    for slot in range(board[N_SLOTS]):
        board[board[FREE] + slot] = board[N_SLOTS] - 1 - slot
    for f in range(board[N_FEATURES]):
        board[board[REACH] + f] = 1
    for group in range(board[N_GROUPS]):
        board[board[GROUPS] + group] = 1
    board[board[NODES] + SLOT] = take_slot(board)
    board[SMALL] = board[NODE] = 0
    allow_features(board, pool)


@helper
def sum_up_root(board, pool):
    """Note the root's sums, those of its first feature, added up in pairs as NumPy does.

    The root's numbers, eight, serve as scratch before they are written.
    """
    sums, stats = board[SLOTS] + board[board[NODES] + SLOT], board[STATS]
    n = board[N_BINS]
    middle = n // 2 // 8 * 8 if n > 128 else n
    for v in range(2):
        total = 0.0
        for half in range(2 if n > 128 else 1):
            first, last = (0, middle) if half == 0 else (middle, n)
            whole = first + (last - first) // 8 * 8
            part = 0.0
            if whole > first:
                # Eight running sums, then the sums of pairs of pairs of pairs
                for eighth in range(8):
                    running = pool[sums + (first + eighth) * BIN_SUMS + 4 * v]
                    for b in range(first + 8 + eighth, whole, 8):
                        running += pool[sums + b * BIN_SUMS + 4 * v]
                    pool[stats + eighth] = running
                part = ((pool[stats] + pool[stats + 1]) + (pool[stats + 2] + pool[stats + 3])) + (
                    (pool[stats + 4] + pool[stats + 5]) + (pool[stats + 6] + pool[stats + 7])
                )
            for b in range(whole, last):
                part += pool[sums + b * BIN_SUMS + 4 * v]
            total = part if half == 0 else total + part
        pool[board[BEST_SUMS] + v] = total
    pool[stats + LOWER], pool[stats + UPPER] = -np.inf, np.inf
    pool[stats + VALUE], pool[stats + GAIN] = 0.0, -1.0
    pool[stats + GRADIENT], pool[stats + HESSIAN] = pool[board[BEST_SUMS]], pool[board[BEST_SUMS] + 1]


@helper
def set_bounds(pool, kind, stats, left, right):
    """Bound the children's values so that the constraints hold for whatever comes below them."""
    for child in (left, right):
        pool[child + LOWER], pool[child + UPPER] = pool[stats + LOWER], pool[stats + UPPER]
    if kind & (INCREASING | DECREASING):
        middle = (pool[left + VALUE] + pool[right + VALUE]) / 2
        pool[(left if kind & INCREASING else right) + UPPER] = middle
        pool[(right if kind & INCREASING else left) + LOWER] = middle


@helper
def set_values(board, pool, kind, node, left):
    """Note the children's sums, and what they predict."""
    stats, children = board[STATS] + node * NODE_FLOATS, board[STATS] + left * NODE_FLOATS
    g, h = pool[stats + LEFT_GRADIENT], pool[stats + LEFT_HESSIAN]
    for side in range(2):
        child = children + side * NODE_FLOATS
        pool[child + GRADIENT] = g if side == 0 else pool[stats + GRADIENT] - g
        pool[child + HESSIAN] = h if side == 0 else pool[stats + HESSIAN] - h
        pool[child + VALUE] = newton_value(
            pool[child + GRADIENT], pool[child + HESSIAN], pool[stats + LOWER], pool[stats + UPPER], pool[L2]
        )
    set_bounds(pool, kind, stats, children, children + NODE_FLOATS)


@helper
def add_children(board, pool):
    """Make the children of a node whose rows are counted."""
    node, left = board[NODE], board[N_NODES]
    words = board[NODES] + node * NODE_INTS
    start, stop, depth = board[words + START], board[words + STOP], board[words + DEPTH] + 1
    middle, feature = start + board[N_LEFT], board[words + FEATURE]
    board[words + LEFT] = left
    board[N_NODES] += 2
    board[N_LEAVES] += 1
    for side in range(2):
        add_node(
            board, pool, left + side, start if side == 0 else middle, middle if side == 0 else stop, depth
        )
    kind = board[board[KINDS] + feature]
    set_values(board, pool, kind, node, left)
    if not kind & HAS_MISSING:
        # Nobody has said where missing values go: with most of the rows.
        goes_left, missing = int64(2 * board[N_LEFT] > stop - start), board[N_BINS] - 1
        board[words + MISSING_LEFT] = goes_left
        if board[words + CATEGORICAL]:
            board[words + WORDS + missing // 64] |= goes_left << (missing % 64)
    if board[N_GROUPS] > 0:
        pass_groups(board, node, feature, left)
    board[SMALL] = left if 2 * board[N_LEFT] < stop - start else left + 1
    board[LARGE] = 2 * left + 1 - board[SMALL]


@helper
def may_be_split(board, pool, node):
    """Tell whether it is worth to search a split of a new node."""
    words = board[NODES] + node * NODE_INTS
    return int64(
        board[N_LEAVES] != pool[MAX_LEAVES]
        and board[words + DEPTH] != pool[MAX_DEPTH]
        and board[words + STOP] - board[words + START] >= 2 * pool[MIN_SAMPLES]
    )


@helper
def take_best(board, pool, node, side):
    """Note a node's best split, the first feature's of equally good ones; a leaf if there is none."""
    best, most = -1, 0.0
    for block in range(side * board[N_BLOCKS], (side + 1) * board[N_BLOCKS]):
        gain = pool[board[BEST_SUMS] + block * BEST_FLOATS + BEST_GAIN]
        if gain > most:
            best, most = block, gain
    words, stats = board[NODES] + node * NODE_INTS, board[STATS] + node * NODE_FLOATS
    if best < 0:
        release_slot(board, words)
        return
    ints, floats = board[BESTS] + best * BEST_INTS, board[BEST_SUMS] + best * BEST_FLOATS
    board[words + FEATURE], board[words + BIN] = board[ints + BEST_FEATURE], board[ints + BEST_BIN]
    board[words + MISSING_LEFT] = board[ints + BEST_MISSING]
    board[words + CATEGORICAL] = int64(board[ints + BEST_CATEGORICAL] != 0)
    for w in range(4):
        board[words + WORDS + w] = board[ints + BEST_WORDS + w] if board[ints + BEST_CATEGORICAL] else 0
    pool[stats + GAIN] = most
    pool[stats + LEFT_GRADIENT] = pool[floats + BEST_GRADIENT]
    pool[stats + LEFT_HESSIAN] = pool[floats + BEST_HESSIAN]
    push_open(board, pool, node)


@helper
def write_table(board, node):
    """Say for each code whether it goes left at the node whose words are at `node`."""
    for code in range(board[N_BINS]):
        left = int64(code <= board[node + BIN])
        if board[node + CATEGORICAL]:
            left = (board[node + WORDS + code // 64] >> (code % 64)) & 1
        elif code == board[N_BINS] - 1:
            left = board[node + MISSING_LEFT]
        board[board[TABLE] + code] = left


# ---- the rounds, one after the other ----------------------------------------------
@helper
def chunks_of_node(board):
    """How many chunks of rows the node has that is being split."""
    words = board[NODES] + board[NODE] * NODE_INTS
    return (board[words + STOP] - board[words + START] + CHUNK - 1) // CHUNK


@helper
def after_count(board, pool):
    """The node's rows are sorted: make its children."""
    chunks = board[CHUNKS]
    before = 0
    for chunk in range(chunks_of_node(board)):
        board[chunks + 2 * chunk + 1] = before
        before += board[chunks + 2 * chunk]
    board[N_LEFT] = before
    add_children(board, pool)
    board[SCAN] = may_be_split(board, pool, board[SMALL]) + 2 * may_be_split(board, pool, board[LARGE])


@helper
def after_move(board, pool):
    """The children's rows are there: prepare to sum them up and search them, if that is wanted."""
    node = board[NODES] + board[NODE] * NODE_INTS
    small = board[NODES] + board[SMALL] * NODE_INTS
    large = board[NODES] + board[LARGE] * NODE_INTS
    if board[SCAN] == 0:
        release_slot(board, node)
        return
    allow_features(board, pool)
    # The larger child's sums take the place of the parent's.
    board[large + SLOT] = board[node + SLOT] if board[node + SLOT] >= 0 else take_slot(board)
    if board[SCAN] & 1:
        board[small + SLOT] = take_slot(board)


@helper
def after_build(board, pool):
    """The children, or the root, are searched."""
    if board[NODE] >= 0:
        board[board[NODES] + board[NODE] * NODE_INTS + SLOT] = -1
    for side in range(2):
        if (board[SCAN] >> side) & 1:
            take_best(board, pool, board[SMALL] if side == 0 else board[LARGE], side)


@helper
def next_split(board, pool):
    """Choose the open node of the largest gain; return the phase that follows."""
    if board[N_OPEN] == 0 or board[N_LEAVES] == pool[MAX_LEAVES]:
        return DONE
    board[NODE] = pop_open(board, pool)
    words = board[NODES] + board[NODE] * NODE_INTS
    write_table(board, words)
    board[WORK] += (board[words + STOP] - board[words + START]) * board[N_FEATURES]
    if board[WORK] <= pool[WORK_A_CALL]:
        return COUNT
    board[WORK] = 0
    board[PHASE] = RESUME
    return PAUSED


@helper
def next_phase(board, pool):
    """Finish a round; return the phase that follows, or a ticket that sends the threads home."""
    phase = board[PHASE]
    if phase == BEGIN:
        begin(board, pool)
        return ROOT
    if phase == RESUME:
        return COUNT
    if phase == COUNT:
        after_count(board, pool)
        return MOVE
    if phase == MOVE:
        after_move(board, pool)
        if board[SCAN] != 0:
            return BUILD
    elif phase == ROOT:
        sum_up_root(board, pool)
        board[NODE], board[SMALL], board[SCAN] = -1, 0, 1
        if may_be_split(board, pool, 0) and pool[board[STATS] + HESSIAN] >= pool[MIN_HESSIAN]:
            return BUILD
        return DONE
    else:
        after_build(board, pool)
    return next_split(board, pool)


@helper(apart=True)
def advance(board, pool, ticket):
    """Begin the next round."""
    phase = next_phase(board, pool)
    if phase < 0:
        simd.atomic_store(board, TICKET, phase)
    else:
        by_chunk = phase == COUNT or phase == MOVE
        hand_out(board, phase, chunks_of_node(board) if by_chunk else board[N_BLOCKS], ticket)
