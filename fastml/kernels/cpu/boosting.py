"""Growing the trees of gradient boosting, best split first, from features in bins.

The threads that grow a tree all run `grow_together` and share its work in small units, without a round
trip through Python between them. A word of the board, the ticket, says which round of units is on and
which of them is next. Whoever does the last unit of a round begins the next one. A thread that comes
late, or never, changes nothing but the speed. What a unit computes depends on the unit alone, so the tree
is the same for any number of threads.

`_grower_state` says where things are, `_grower_steps` what a unit is, `_grower_control` what comes next.
"""

from typing import NamedTuple

import numpy as np

from ..._config import current
from ..._threads import effective_threads, for_each_block
from .._compile import float32, float64, int32, int64, kernel, simd, uint8, uint64
from . import _grower_state as state
from ._grower_control import advance
from ._grower_state import (
    COMPLETED,
    DONE,
    LEFT,
    NODE_FLOATS,
    NODE_INTS,
    START,
    STOP,
    TICKET,
    UNIT_BITS,
    UNITS,
    VALUE,
    WORKERS,
)
from ._grower_steps import do_unit

__all__ = ["Grower", "Tree", "add_leaf_values", "grow_tree", "make_grower"]

PATIENCE = 2000  # looks at the ticket before another thread may have the processor
WORK_A_CALL = 1 << 28  # codes summed up before Ctrl-C gets a chance
ROWS = 1 << 15  # of a block when leaf values are added
LIVE_NODES = 64  # slots where leaves are not limited and splits go depth first


# ---- kernels ----------------------------------------------
@kernel
def grow_together(
    codes: uint8[:],  # IN (n_blocks * n_samples * 4,)
    gradients: float32[:],  # IN (n_samples * 2,) gradient and hessian of each row
    gathered_work: float32[:],  # WORK (n_samples * 2,) those of the smaller child's rows
    rows_work: int32[:],  # WORK (3 * n_samples,) first the rows, leaf by leaf; then those that go left, right
    board_work: int64[:],  # WORK see _grower_state
    pool_work: float64[:],  # WORK likewise
):
    """Take part in growing a tree until it is grown or the call has taken long enough."""
    worker = simd.atomic_add(board_work, WORKERS, 1)
    waited = 0
    while True:
        ticket = simd.atomic_load(board_work, TICKET)
        if ticket < 0:
            return
        n_units = (ticket >> UNIT_BITS) & UNITS
        if (ticket & UNITS) >= n_units:
            waited += 1
            if waited > PATIENCE:
                simd.yield_thread()
        elif simd.compare_exchange(board_work, TICKET, ticket, ticket + 1):
            waited = 0
            do_unit(codes, gradients, gathered_work, rows_work, board_work, pool_work, ticket & UNITS, worker)
            if simd.atomic_add(board_work, COMPLETED, 1) + 1 == n_units:
                advance(board_work, pool_work, ticket)


@kernel
def add_values(
    rows: int32[:],  # IN (n_samples,) leaf by leaf
    nodes: int64[:, :],  # IN (n_nodes, NODE_INTS)
    stats: float64[:, :],  # IN (n_nodes, NODE_FLOATS)
    raw_out: float64[:],  # OUT (n_samples,) += value of the row's leaf
    start: int64,
    stop: int64,
):
    if nodes.shape[0] == 1:  # nobody has sorted the rows
        for i in range(start, stop):
            raw_out[i] += stats[0, VALUE]
        return
    for node in range(nodes.shape[0]):
        if nodes[node, LEFT] < 0:
            value = stats[node, VALUE]
            first, last = max(start, nodes[node, START]), min(stop, nodes[node, STOP])
            if first < last:
                for i in range(uint64(first), uint64(last)):
                    raw_out[uint64(rows[i])] += value


# ---- launchers ----------------------------------------------
class Grower(NamedTuple):
    """What `make_grower` prepares for all trees that are grown from the same codes."""

    codes: np.ndarray
    gathered: np.ndarray
    rows: np.ndarray
    board: np.ndarray
    pool: np.ndarray
    n_threads: int
    shrinkage: float


class Tree(NamedTuple):
    """A grown tree. Siblings stand side by side, behind their parent; the root is the first node."""

    nodes: np.ndarray  # int64 (n_nodes, 13): the columns are named in `_grower_state`
    stats: np.ndarray  # float64 (n_nodes, 8): likewise
    rows: np.ndarray  # int32 (n_samples,): leaf by leaf; until the next tree is grown


def make_grower(codes, n_bins, kinds, groups=None, *, max_bins, max_leaf_nodes=31, max_depth=None,
                min_samples_leaf=20, l2_regularization=0.0, max_features=1.0, learning_rate=1.0,
                min_hessian=1e-3):  # fmt: skip
    """Prepare to grow trees.

    Parameters
    ----------
    codes : uint8 array of shape (n_blocks, n_samples, 4)
        The bins of the features, four features a block; see `binning.bin_features`. Missing values have
        the code `max_bins`.
    n_bins : int array of shape (n_features,)
        How many bins each feature has, without that of the missing values.
    kinds : int array of shape (n_features,)
        Bits: 1, there are missing values; 2, a feature of categories; 4 and 8, predictions must not fall, or
        not rise, with the feature.
    groups : bool array of shape (n_groups, n_features), default=None
        Features that may occur together on a way from the root to a leaf. None: all of them.
    max_bins : int
        The most bins that a feature may have, at most 255.
    max_leaf_nodes : int or None, default=31
        The most leaves of a tree.
    max_depth : int or None, default=None
        The most edges from the root to a leaf.
    min_samples_leaf : int, default=20
        The least rows of a leaf.
    l2_regularization : float, default=0.0
        Added to the hessian of a leaf.
    max_features : float, default=1.0
        Part of the features that a node may be split by, drawn for each node.
    learning_rate : float, default=1.0
        Factor of the leaves' values.
    min_hessian : float, default=1e-3
        The least sum of hessians of a leaf.

    Returns
    -------
    grower : Grower
        For `grow_tree`.
    """
    n_blocks, n_rows, _ = codes.shape
    n_features, stride = len(n_bins), max_bins + 1
    leaves = n_rows // min_samples_leaf + 1
    leaves = leaves if max_leaf_nodes is None else min(max_leaf_nodes, leaves)
    slot_bytes = 8 * n_blocks * stride * state.BIN_SUMS
    n_slots = min(leaves, current()["working_memory"] * 2**20 // slot_bytes)
    if max_leaf_nodes is None:  # nodes are split depth first, so that few wait to be split
        n_slots = min(n_slots, LIVE_NODES)
    n_slots = max(int(n_slots), 2)
    n_groups = 0 if groups is None else len(groups)
    n_threads = effective_threads(5.0 * codes.size)
    board, pool = state.lay_out(n_rows, n_features, stride, n_slots, n_groups, leaves, n_threads)
    pool[:8] = (
        l2_regularization, min_hessian, min_samples_leaf, max_leaf_nodes or 0, max_depth or -1,
        np.any(np.asarray(kinds) & (state.INCREASING | state.DECREASING)), max_features, WORK_A_CALL,
    )  # fmt: skip
    members = groups if n_groups else ()
    for at, values in ((state.BINS, n_bins), (state.KINDS, kinds), (state.MEMBERS, members)):
        board[board[at] :][: np.size(values)] = np.ravel(values)
    return Grower(
        codes.reshape(-1), np.empty(2 * n_rows, np.float32), np.empty(3 * n_rows, np.int32), board, pool,
        n_threads, learning_rate,
    )  # fmt: skip


def grow_tree(grower, gradients, seed=0):
    """Grow a tree.

    Parameters
    ----------
    grower : Grower
        Of `make_grower`. One tree at a time.
    gradients : float32 array of shape (n_samples, 2)
        Gradient and hessian of the loss, for each row.
    seed : int, default=0
        Where the draws of features start, if there are any.

    Returns
    -------
    tree : Tree
        Copies but for the rows. The leaves' values, and only they, are multiplied by the learning rate.

    References
    ----------
    Chen, Guestrin (2016). XGBoost: a scalable tree boosting system. KDD 2016.

    Ke et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 2017.
    """
    board, pool = grower.board, grower.pool
    gradients = gradients.reshape(-1)
    # One word at a time: assigning them by a list of places takes several times as long.
    board[state.PHASE], board[state.WORK], board[state.SEED], board[TICKET] = state.BEGIN, 0, seed, 0

    def take_part(block, start, stop):
        grow_together(grower.codes, gradients, grower.gathered, grower.rows, board, pool)

    while board[TICKET] != DONE:
        board[COMPLETED], board[WORKERS], board[TICKET] = 0, 0, 1 << UNIT_BITS
        if grower.n_threads == 1:
            take_part(0, 0, 1)
        else:
            for_each_block(take_part, grower.n_threads, 1)
    n_nodes = int(board[state.N_NODES])
    nodes = board[board[state.NODES] :][: n_nodes * NODE_INTS].reshape(n_nodes, NODE_INTS).copy()
    stats = pool[board[state.STATS] :][: n_nodes * NODE_FLOATS].reshape(n_nodes, NODE_FLOATS).copy()
    stats[nodes[:, LEFT] < 0, VALUE] *= grower.shrinkage
    return Tree(nodes, stats, grower.rows[: len(grower.rows) // 3])


def add_leaf_values(tree, raw_out):
    """Add to the prediction of each row that the tree was grown from the value of its leaf.

    Parameters
    ----------
    tree : Tree
        The last one that its grower has grown.
    raw_out : float64 array of shape (n_samples,)
        The predictions.
    """

    def add(block, start, stop):
        add_values(tree.rows, tree.nodes, tree.stats, raw_out, start, stop)

    for_each_block(add, len(raw_out), ROWS, work=4.0 * len(raw_out))
