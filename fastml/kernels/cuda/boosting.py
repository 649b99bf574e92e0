"""Growing the trees of gradient boosting on CUDA: the twins of `fastml.kernels.cpu.boosting`.

A round splits several nodes at a time in five launches: `count_left` and `move_rows` sort the nodes' rows,
`build_sums` sums up the smaller children, `search_splits` searches all children, and `plan_round` decides
what is split next: the tree is that of best-first growth. The host waits once a tree, now and then once more.
`_growth_state` says where things are.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._config import current
from .._boosted import CATEGORICAL, DEPTH, LEFT, NODE_FLOATS, NODE_INTS, START, VALUE, WORDS
from .._cuda import BLOCK, blocks_for, cp, cuda, cuda_kernel, float64, int32, int64
from . import _growth_state as state
from ._growth_plan import begin_tree, plan_round
from ._growth_rows import build_sums, count_left, fix_gradients, move_rows
from ._growth_search import WARP, allow_features, search_splits

__all__ = ["Grower", "Tree", "add_leaf_values", "grow_tree", "make_grower"]

MOST_JOBS = 32  # nodes that are split at a time, at the most
A_JOB = 4  # leaves for each node that is split at a time
MORE_ROUNDS = 2  # when those that were launched were not enough
CLEARING_BLOCKS = 512  # that share in filling slots with zeros
SMALL_BOARD = 1 << 16  # words that are copied to the host each time it looks


# ---- kernels -----------------------------------------------------------------------------------------
@cuda_kernel
def add_values(
    rows: int32[:],  # IN  (2 n_samples,) leaf by leaf; of even and of odd depth
    leaves: float64[:, :],  # IN  (n_leaves, 3) where they begin, depth, value
    raw_out: float64[:],  # OUT (n_samples,) += value of the row's leaf
):
    place = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    n_rows = int64(raw_out.shape[0])
    if place >= n_rows:
        return
    leaf, after = int64(0), int64(leaves.shape[0])
    while after - leaf > int64(1):
        middle = (leaf + after) >> int64(1)
        if leaves[middle, 0] <= float64(place):
            leaf = middle
        else:
            after = middle
    odd = int64(leaves[leaf, 1]) & int64(1)
    raw_out[rows[odd * n_rows + place]] += leaves[leaf, 2]


# ---- launchers ---------------------------------------------------------------------------------------
class Grower(NamedTuple):
    """What `make_grower` prepares for all trees that are grown from the same codes."""

    codes: Any  # int32 (n_blocks * n_samples,)
    kinds: Any  # int64 (n_features, 2)
    members: Any  # uint8 (n_groups, n_features)
    board: Any  # int64: header, nodes and their numbers, one after the other
    header: Any
    nodes: Any
    stats: Any
    numbers: Any
    jobs: Any
    free: Any
    node_groups: Any
    allowed: Any
    gains: Any
    found: Any
    sums: Any
    fixed: Any
    rows: Any
    counts: Any
    slot_size: int
    rounds: np.ndarray  # how many the last tree took
    shrinkage: float


class Tree(NamedTuple):
    """A grown tree. Siblings stand side by side, behind their parent; the root is the first node."""

    nodes: np.ndarray  # int64 (n_nodes, 13): the columns are named in `_boosted`
    stats: np.ndarray  # float64 (n_nodes, 8): likewise
    rows: Any  # int32 (2 n_samples,): leaf by leaf, of even and of odd depth; until the next tree is grown


def make_grower(codes, n_bins, kinds, groups=None, *, max_bins, max_leaf_nodes=31, max_depth=None,
                min_samples_leaf=20, l2_regularization=0.0, max_features=1.0, learning_rate=1.0,
                min_hessian=1e-3):  # fmt: skip
    """See the CPU twin."""
    # One difference: a node's draw of features depends on the way to it, not on the draws before it.
    n_blocks, n_rows, _ = codes.shape
    n_features, stride = len(n_bins), max_bins + 1
    leaves = n_rows // min_samples_leaf + 1
    leaves = leaves if max_leaf_nodes is None else min(max_leaf_nodes, leaves)
    n_jobs = max(1, min(MOST_JOBS, leaves // A_JOB))
    # As many splits in advance as in turn, at the most; where leaves are not limited every split is made.
    n_nodes = 2 * leaves + 1 if max_leaf_nodes is None else 4 * leaves + 1
    slot_size = n_blocks * 3 * state.FEATURES * stride
    n_slots = min(leaves + 2 * n_jobs + 1, int(current()["working_memory"]) * 2**20 // (8 * slot_size))
    n_slots = max(n_slots, 4)
    groups = np.zeros((0, n_features)) if groups is None else np.asarray(groups)
    header = np.zeros(state.HEADER, np.int64)
    header[: state.MOST_NODES + 1] = (
        n_rows, n_features, stride, min_samples_leaf, max_leaf_nodes or 0, max_depth or -1, len(groups),
        n_jobs, n_slots, n_nodes,
    )  # fmt: skip
    header[state.BITS] = min(state.MOST_BITS, 62 - int(n_rows).bit_length())
    header[state.NEWEST_FIRST] = max_leaf_nodes is None
    board, (header_there, nodes, stats) = _make_board(header, n_nodes)
    limited = len(groups) > 0 or max_features < 1.0
    return Grower(
        codes=codes.reshape(-1).view(np.int32),
        kinds=cp.asarray(np.stack([np.asarray(kinds), np.asarray(n_bins)], axis=1), np.int64),
        members=cp.asarray(groups, np.uint8),
        board=board, header=header_there, nodes=nodes, stats=stats,
        numbers=cp.asarray([l2_regularization, min_hessian, max_features, 0.0, 0.0], np.float64),
        jobs=cp.zeros((n_jobs, state.JOB_WORDS), np.int64),
        free=cp.zeros(n_slots, np.int64),
        node_groups=cp.zeros((n_nodes, len(groups)), np.uint8),
        allowed=cp.zeros((2 * n_jobs, n_features) if limited else (0, 0), np.uint8),
        gains=cp.empty((2 * n_jobs, n_features), np.float64),
        found=cp.empty((2 * n_jobs, n_features, state.FOUND), np.int64),
        sums=cp.empty(n_slots * slot_size, np.int64),
        fixed=cp.empty(4 * n_rows, np.int32),
        rows=cp.empty(2 * n_rows, np.int32),
        counts=cp.empty(blocks_for(n_rows, state.CHUNK) + n_jobs, np.int32),
        slot_size=slot_size,
        rounds=np.array([leaves.bit_length() + 2]),
        shrinkage=learning_rate,
    )  # fmt: skip


def _make_board(header, n_nodes):
    """Header, nodes and their numbers in one array, so that one copy brings them to the host; its views."""
    first, last = state.HEADER, state.HEADER + n_nodes * state.NODE_WORDS
    board = cp.zeros(last + n_nodes * NODE_FLOATS, np.int64)
    board[:first] = cp.asarray(header)
    return board, _views(board, n_nodes)


def _views(board, n_nodes):
    """Header, nodes and their numbers on a board."""
    first, last = state.HEADER, state.HEADER + n_nodes * state.NODE_WORDS
    nodes = board[first:last].reshape(n_nodes, state.NODE_WORDS)
    return board[:first], nodes, board[last:].view(np.float64).reshape(n_nodes, NODE_FLOATS)


def grow_tree(grower, gradients, seed=0):
    """See the CPU twin."""
    g = grower
    gradients = gradients.reshape(-1, 2)
    n_rows = len(gradients)
    if g.allowed.size:
        g.header[state.SEED] = seed
    largest = cp.abs(gradients).max(axis=0)
    begin_tree[(1,), (WARP,)](g.header, g.nodes, g.stats, g.jobs, g.free, g.node_groups)
    fix_gradients[_also_clearing(g, blocks_for(n_rows)), (BLOCK,)](
        gradients.reshape(-1), largest, g.header, g.numbers, g.fixed, g.rows, g.sums, g.slot_size
    )
    _search(g, n_rows)
    wanted = int(g.rounds[0])
    while True:
        for _ in range(wanted):
            _split(g, n_rows)
        host = (g.board if g.board.size <= SMALL_BOARD else g.header).get()
        if host[state.DONE]:
            break
        wanted = MORE_ROUNDS
    g.rounds[0] = host[state.N_ROUNDS]
    host = host if len(host) == g.board.size else g.board.get()
    return _in_order(*_views(host, len(g.nodes)), g)


def _search(g, n_rows):
    """Sum up nodes, search their splits, and plan what comes next."""
    n_jobs, n_features = len(g.jobs), len(g.kinds)
    n_blocks = len(g.codes) // n_rows
    build_sums[(n_blocks, blocks_for(n_rows, state.CHUNK) + n_jobs), (BLOCK,)](
        g.codes, g.fixed, g.rows, g.header, g.jobs, g.nodes, g.sums, g.slot_size
    )
    if g.allowed.size:
        allow_features[(2 * n_jobs,), (BLOCK,)](
            g.header, g.numbers, g.jobs, g.nodes, g.node_groups, g.members, g.allowed
        )
    search_splits[(n_features, 2 * n_jobs), (WARP,)](
        g.header, g.numbers, g.kinds, g.jobs, g.stats, g.allowed, g.nodes, g.sums, g.gains, g.found
    )
    plan_round[(1,), (WARP,)](
        g.header, g.numbers, g.nodes, g.stats, g.jobs, g.free, g.gains, g.found, g.node_groups, g.members
    )


def _also_clearing(g, n_blocks):
    """How many blocks, enough to fill slots with zeros as well."""
    return (max(n_blocks, min(blocks_for(g.slot_size, 8 * BLOCK), CLEARING_BLOCKS)),)


def _split(g, n_rows):
    """Sort the rows of the nodes that are split, then search their children."""
    n_chunks = blocks_for(n_rows, state.CHUNK) + len(g.jobs)
    count_left[_also_clearing(g, n_chunks), (BLOCK,)](
        g.codes, g.rows, g.header, g.jobs, g.nodes, g.counts, g.sums, g.slot_size
    )
    move_rows[(n_chunks,), (BLOCK,)](g.codes, g.header, g.jobs, g.nodes, g.counts, g.rows)
    _search(g, n_rows)


def _in_order(header, nodes, stats, g):
    """The tree of the nodes that were split in their turn, in the order of the CPU's."""
    nodes, stats = nodes[: header[state.N_NODES]], stats[: header[state.N_NODES]]
    split = np.flatnonzero(nodes[:, state.POPPED] >= 0)
    split = split[np.argsort(nodes[split, state.POPPED])]
    lefts = nodes[split, LEFT]
    kept = np.concatenate([[0], np.stack([lefts, lefts + 1], axis=1).ravel()]).astype(np.int64)
    place = np.full(len(nodes), -1)
    place[kept] = np.arange(len(kept))
    words, numbers = nodes[kept, :NODE_INTS], stats[kept]
    words[:, LEFT] = -1
    words[place[split], LEFT] = place[lefts]
    words[words[:, CATEGORICAL] == 0, WORDS:] = 0
    numbers[words[:, LEFT] < 0, VALUE] *= g.shrinkage
    return Tree(words, numbers, g.rows)


def add_leaf_values(tree, raw_out):
    """See the CPU twin."""
    leaves = np.flatnonzero(tree.nodes[:, LEFT] < 0)
    leaves = leaves[np.argsort(tree.nodes[leaves, START])]
    words = tree.nodes[leaves]
    table = np.stack([words[:, START], words[:, DEPTH], tree.stats[leaves, VALUE]], axis=1)
    add_values[(blocks_for(len(raw_out)),), (BLOCK,)](tree.rows, cp.asarray(table), raw_out)
