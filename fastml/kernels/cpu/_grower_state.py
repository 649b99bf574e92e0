"""Where things are in the two arrays that the threads share which grow a boosted tree; see `boosting`.

`board` holds int64 words and `pool` float64 numbers. The first words are the state of the work; `lay_out`
says where the rest begins. Helpers compile in a fraction of the time when they take these two arrays only.
"""

import numpy as np

# ---- the first numbers of the pool: settings ----------------------------------------------
L2, MIN_HESSIAN, MIN_SAMPLES, MAX_LEAVES, MAX_DEPTH, CONSTRAINED, FRACTION, WORK_A_CALL = range(8)

# ---- the first words of the board. Those that threads fight for have a cache line of their own ------------
TICKET, COMPLETED, WORKERS = 0, 8, 16
PHASE, NODE, SMALL, LARGE, N_NODES, N_LEAVES, N_OPEN, N_FREE, N_LEFT, SEED, WORK, SCAN = range(24, 36)
N_ROWS, N_FEATURES, N_BLOCKS, N_BINS, N_SLOTS, N_GROUPS = range(36, 42)
# where things begin, on the board: words of chunks, best splits, open nodes, free slots, nodes; for each
# feature its bins and kind; which codes go left; which features a child may be split by, which are in its
# groups, which in each group; the groups of each node
CHUNKS, BESTS, HEAP, FREE, NODES, BINS, KINDS, TABLE, ALLOWED, REACH, MEMBERS, GROUPS = range(42, 54)
# and in the pool: numbers of nodes, sums of slots, sums of best splits, a desk for each thread
STATS, SLOTS, BEST_SUMS, DESKS, DESK_SIZE = range(54, 59)
HEADER = 64

UNIT_BITS = 20
UNITS = (1 << UNIT_BITS) - 1
DONE, PAUSED = -1, -2  # tickets that send the threads home

# What a thread that takes a unit does
BEGIN, COUNT, MOVE, ROOT, BUILD, RESUME = range(6)

CHUNK = 4096  # rows that a thread takes at a time; a chunk has two words, rows left and rows left before it

# ---- the best split of a child by a block's features: words on the board, numbers in the pool ------------
BEST_FEATURE, BEST_BIN, BEST_MISSING, BEST_CATEGORICAL, BEST_WORDS = range(5)
BEST_INTS = 8
BEST_GAIN, BEST_GRADIENT, BEST_HESSIAN = range(3)
BEST_FLOATS = 4

# ---- nodes: words and numbers ----------------------------------------------
START, STOP, DEPTH, LEFT, FEATURE, BIN, MISSING_LEFT, CATEGORICAL, SLOT, WORDS = range(10)
NODE_INTS = 13  # four words say which categories go left
VALUE, GAIN, GRADIENT, HESSIAN, LOWER, UPPER, LEFT_GRADIENT, LEFT_HESSIAN = range(8)
NODE_FLOATS = 8

# ---- kinds of features: bits ----------------------------------------------
HAS_MISSING, IS_CATEGORICAL, INCREASING, DECREASING = 1, 2, 4, 8

BIN_SUMS = 12  # numbers that the sums of four features take for a bin
BIN_CELLS = 16  # and the cells
# On a desk: the search's notes, the categories of one feature, then cells and sums of two nodes
CATEGORIES_AT = 32
CELLS_AT = CATEGORIES_AT + 2 * 256


def lay_out(n_rows, n_features, n_bins, n_slots, n_groups, n_leaves, n_threads):
    """Make a board whose header says where things are, and a pool.

    Parameters
    ----------
    n_rows, n_features : int
        Shape of the data.
    n_bins : int
        Bins of a feature, with that of missing values.
    n_slots : int
        Nodes whose sums are kept.
    n_groups : int
        Groups of features that may occur together; 0 for no limit.
    n_leaves : int
        The most leaves.
    n_threads : int
        The most threads.

    Returns
    -------
    board : int64 array
        Zero but for the header.
    pool : float64 array
        Zero where the settings and the nodes' numbers belong.
    """
    n_blocks, n_nodes = -(-n_features // 4), 2 * n_leaves - 1
    desk = CELLS_AT + 2 * n_bins * (BIN_CELLS + BIN_SUMS)
    words = {
        CHUNKS: 2 * (n_rows // CHUNK + 1), BESTS: 2 * n_blocks * BEST_INTS, HEAP: n_leaves + 1, FREE: n_slots,
        NODES: n_nodes * NODE_INTS, BINS: n_features, KINDS: n_features, TABLE: 256, ALLOWED: 2 * n_features,
        REACH: n_features, MEMBERS: n_groups * n_features, GROUPS: n_nodes * n_groups,
    }  # fmt: skip
    numbers = {
        STATS: n_nodes * NODE_FLOATS, SLOTS: n_slots * n_blocks * n_bins * BIN_SUMS,
        BEST_SUMS: 2 * n_blocks * BEST_FLOATS, DESKS: n_threads * desk,
    }  # fmt: skip
    board = np.zeros(HEADER + sum(words.values()), np.int64)
    board[N_ROWS : N_GROUPS + 1] = n_rows, n_features, n_blocks, n_bins, n_slots, n_groups
    at = HEADER
    for name, size in words.items():
        board[name] = at
        at += size
    at = 8
    for name, size in numbers.items():
        board[name] = at
        at += size
    board[DESK_SIZE] = desk
    pool = np.empty(at)
    pool[: board[SLOTS]] = 0  # what no round writes is the same for every tree
    return board, pool
