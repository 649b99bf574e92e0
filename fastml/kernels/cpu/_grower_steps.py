"""What the threads do that grow a boosted tree: the units that they take.

A split is three rounds of units: each thread sorts chunks of the node's rows into left and right (`COUNT`),
moves them to where the children's rows are (`MOVE`), and sums up blocks of features for the smaller child,
subtracts from the parent's sums for the larger one, and searches both (`BUILD`).
"""

from .._boosted import FEATURE, NODE_INTS, SLOT, START, STOP
from .._compile import helper, int64, simd, uint64
from ._grower_state import (
    BIN_CELLS,
    BIN_SUMS,
    BUILD,
    CELLS_AT,
    CHUNK,
    CHUNKS,
    COUNT,
    DESK_SIZE,
    DESKS,
    LARGE,
    MOVE,
    N_BINS,
    N_BLOCKS,
    N_LEFT,
    N_ROWS,
    NODE,
    NODES,
    PHASE,
    ROOT,
    SCAN,
    SLOTS,
    SMALL,
    TABLE,
)
from ._split_search import search_block

AHEAD = 24  # rows whose codes are asked for before they are needed


# ---- rows ----------------------------------------------
@helper(apart=True)
def sort_chunk(codes, rows, board, chunk):
    """Sort a chunk of the node's rows into those that go left and those that go right, in order."""
    node, n = board[NODES] + board[NODE] * NODE_INTS, uint64(board[N_ROWS])
    is_root = board[NODE] == 0  # whose rows are all, in order
    first = uint64(board[node + START] + chunk * CHUNK)
    last = min(first + uint64(CHUNK), uint64(board[node + STOP]))
    feature = board[node + FEATURE]
    base = uint64((feature // 4) * board[N_ROWS] * 4 + feature % 4)
    table = uint64(board[TABLE])
    left, right, one, four = n + first, n + n + first, uint64(1), uint64(4)
    for i in range(first, last):
        row = i if is_root else uint64(rows[i])
        rows[left] = row
        rows[right] = row
        goes_left = uint64(board[table + uint64(codes[base + row * four])])
        left += goes_left
        right += one - goes_left
    board[board[CHUNKS] + 2 * chunk] = int64(left - n - first)


@helper
def move_rows(gradients, gathered, rows, start, to, n, gather_to):
    """Copy rows, and bring their gradients and hessians together unless `gather_to` is negative."""
    a, b, two, one = uint64(start), uint64(to), uint64(2), uint64(1)
    for i in range(uint64(n)):
        rows[b + i] = rows[a + i]
    if gather_to >= 0:
        b = two * uint64(gather_to)
        for i in range(uint64(n)):
            row = two * uint64(rows[a + i])
            gathered[b + two * i] = gradients[row]
            gathered[b + two * i + one] = gradients[row + one]


@helper(apart=True)
def move_chunk(gradients, gathered, rows, board, chunk):
    """Move a chunk's rows to the children's, and the smaller child's gradients to where they are summed."""
    node, n = board[NODES] + board[NODE] * NODE_INTS, board[N_ROWS]
    start, words = board[node + START], board[CHUNKS] + 2 * chunk
    first = start + chunk * CHUNK
    n_rows = min(CHUNK, board[node + STOP] - first)
    n_left, before = board[words], board[words + 1]
    small_is_left = 2 * board[N_LEFT] < board[node + STOP] - start
    for side in range(2):
        size = n_left if side == 0 else n_rows - n_left
        within = before if side == 0 else chunk * CHUNK - before
        to = within if side == 0 else within + board[N_LEFT]
        wanted = board[SCAN] != 0 and small_is_left == (side == 0)
        move_rows(
            gradients, gathered, rows, (1 + side) * n + first, start + to, size, within if wanted else -1
        )


# ---- sums ----------------------------------------------
@helper(apart=True)
def fill_cells(codes, gradients, gathered, rows, board, pool, block, node, cells, is_gathered):
    """Sum up the rows of a node by the codes of a block's four features."""
    base, words = block * board[N_ROWS], board[NODES] + node * NODE_INTS
    for i in range(cells, cells + board[N_BINS] * BIN_CELLS):
        pool[i] = 0.0
    start, n = uint64(board[words + START]), board[words + STOP] - board[words + START]
    if node == 0:
        for i in range(n):
            simd.add_row_to_cells(pool, cells, codes, base + i, gradients, i)
    elif is_gathered:
        ahead = uint64(board[words + STOP] - 1)
        for i in range(n):
            soon = int64(rows[min(start + uint64(i + AHEAD), ahead)])
            simd.prefetch(codes, 4 * (base + soon))
            row = int64(rows[start + uint64(i)])
            simd.add_row_to_cells(pool, cells, codes, base + row, gathered, i)
    else:
        for i in range(n):
            row = int64(rows[start + uint64(i)])
            simd.add_row_to_cells(pool, cells, codes, base + row, gradients, row)


@helper
def sums_of(board, node, block, spare):
    """Where a block's sums of a node are: in its slot, or on the desk."""
    slot = board[board[NODES] + node * NODE_INTS + SLOT]
    at = board[SLOTS] + (slot * board[N_BLOCKS] + block) * board[N_BINS] * BIN_SUMS
    return at if slot >= 0 else spare


@helper(apart=True)
def write_sums(board, pool, cells, at, at_large, before):
    """Write the sums of the smaller child, and those of the larger one: the parent's less them, or from its
    cells if `before` is negative. Without a larger one `at_large` is negative."""
    n_bins = board[N_BINS]
    for b in range(n_bins):
        sums = simd.load_cells(pool, cells + b * BIN_CELLS)
        simd.store_sums(sums, pool, at + b * BIN_SUMS)
        if before >= 0:
            simd.store_sums(simd.load_sums(pool, before + b * BIN_SUMS) - sums, pool, at_large + b * BIN_SUMS)
        elif at_large >= 0:
            others = simd.load_cells(pool, cells + (n_bins + b) * BIN_CELLS)
            simd.store_sums(others, pool, at_large + b * BIN_SUMS)


@helper
def build_block(codes, gradients, gathered, rows, board, pool, block, desk):
    """Sum up a block's features for both children, or the root; search their splits."""
    n_bins, small, large = board[N_BINS], board[SMALL], board[LARGE]
    cells, spare = desk + CELLS_AT, desk + CELLS_AT + 2 * n_bins * BIN_CELLS
    at_small, at_large, before = sums_of(board, small, block, spare), -1, -1
    if board[PHASE] == ROOT or board[NODE] >= 0:
        if board[PHASE] == BUILD:
            at_large = sums_of(board, large, block, spare + n_bins * BIN_SUMS)
            before = sums_of(board, board[NODE], block, -1)
        for side in range(2 if at_large >= 0 and before < 0 else 1):
            fill_cells(
                codes, gradients, gathered, rows, board, pool, block, small if side == 0 else large,
                cells + side * n_bins * BIN_CELLS, side == 0,
            )  # fmt: skip
        write_sums(board, pool, cells, at_small, at_large, before)
    for side in range(2):
        if board[PHASE] == BUILD and (board[SCAN] >> side) & 1:
            node, at = (small, at_small) if side == 0 else (large, at_large)
            search_block(board, pool, at, block, node, side, desk)


@helper
def do_unit(codes, gradients, gathered, rows, board, pool, unit, worker):
    """Do what the phase wants of a thread that took a unit."""
    phase = board[PHASE]
    if phase == COUNT:
        sort_chunk(codes, rows, board, unit)
    elif phase == MOVE:
        move_chunk(gradients, gathered, rows, board, unit)
    elif phase == ROOT or phase == BUILD:
        desk = board[DESKS] + worker * board[DESK_SIZE]
        build_block(codes, gradients, gathered, rows, board, pool, unit, desk)
