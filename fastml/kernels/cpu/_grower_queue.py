"""The nodes of a growing tree that may be split, and the slots that hold their sums."""

from .._compile import helper
from ._grower_state import (
    FREE,
    GAIN,
    HEAP,
    MAX_LEAVES,
    N_FREE,
    N_OPEN,
    NODE_FLOATS,
    SLOT,
    STATS,
)


# ---- slots and open nodes ----------------------------------------------
@helper
def take_slot(board):
    """A slot that nobody uses, or -1."""
    if board[N_FREE] == 0:
        return -1
    board[N_FREE] -= 1
    return board[board[FREE] + board[N_FREE]]


@helper
def release_slot(board, node):
    """Give the slot of the node whose words are at `node` back."""
    if board[node + SLOT] >= 0:
        board[board[FREE] + board[N_FREE]] = board[node + SLOT]
        board[N_FREE] += 1
        board[node + SLOT] = -1


@helper
def comes_before(board, pool, a, b):
    """Tell whether node a is to be split before b: by gain, or the newest if leaves are not limited."""
    gain_a, gain_b = (
        pool[board[STATS] + a * NODE_FLOATS + GAIN],
        pool[board[STATS] + b * NODE_FLOATS + GAIN],
    )
    if pool[MAX_LEAVES] == 0.0:
        return a > b
    return gain_a > gain_b or (gain_a == gain_b and a < b)


@helper
def push_open(board, pool, node):
    """Add a node to the heap of those that may be split."""
    heap, i = board[HEAP], board[N_OPEN]
    board[N_OPEN] += 1
    while i > 0 and comes_before(board, pool, node, board[heap + (i - 1) // 2]):
        board[heap + i] = board[heap + (i - 1) // 2]
        i = (i - 1) // 2
    board[heap + i] = node


@helper
def pop_open(board, pool):
    """Take the node that is to be split next from the heap."""
    heap = board[HEAP]
    first = board[heap]
    board[N_OPEN] -= 1
    n, last = board[N_OPEN], board[heap + board[N_OPEN]]
    i, child = 0, 1
    while child < n:
        if child + 1 < n and comes_before(board, pool, board[heap + child + 1], board[heap + child]):
            child += 1
        if not comes_before(board, pool, board[heap + child], last):
            break
        board[heap + i] = board[heap + child]
        i = child
        child = 2 * i + 1
    board[heap + i] = last
    return first
