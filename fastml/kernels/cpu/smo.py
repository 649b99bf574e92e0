"""Sequential minimal optimisation: the steps within a working set, and what they change outside of it.

The problem is to minimise ``b.K.b / 2 - f0.b`` where each of b lies between bounds and their sum is fixed:
the dual of every support vector machine in terms of signed coefficients. ``f = f0 - K.b`` is the negative
gradient. A pair (i, j) is moved by ``b[i] += d, b[j] -= d``; i may rise if it is below its upper bound, j may
fall if it is above its lower one, and the solution is optimal where no such ``f[i]`` exceeds such an
``f[j]``.
"""

import itertools

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, float32, float64, helper, int64, kernel, lanes, simd, uint64

__all__ = ["add_rows", "gather_square", "solve_picked", "solve_working_set"]

LEAST_CURVATURE = 1e-12  # along a pair of equal rows
NOWHERE = 2**31 - 1  # beyond every index
GATHERED_ROWS = 32  # in a block
BLOCK_VALUES = 1 << 18  # read by a block: some 50 us
COLUMNS = 1024  # float64 sums that stay in the first-level cache


# ---- range kernels ---------------------------------------------------------------------------------
@helper
def find_violation(f, closed, begin, end):
    """The largest f that may rise, where it is, and the smallest that may fall."""
    size = f.shape[0]
    top, bottom = simd.splat(-np.inf), simd.splat(np.inf)
    where = simd.splat_index(0, top)
    for t in range(begin, end, LANES):
        here = simd.load(f, t)
        rising = here + simd.load(closed, t)
        larger = top < rising
        top = simd.select(larger, rising, top)
        where = simd.select(larger, simd.indices(t, rising), where)
        bottom = simd.minimum(here + simd.load(closed, size + t), bottom)
    highest = simd.lane_max(top)
    nowhere = simd.splat_index(NOWHERE, top)
    first = simd.lane_min_index(simd.select(top == simd.splat(highest), where, nowhere))
    return highest, first, simd.lane_min(bottom)


@helper
def find_partner(K, f, closed, begin, end, i, highest):
    """By how much the objective may fall with the best partner of i, and which that is."""
    size = f.shape[0]
    best, zero, least = simd.splat(0.0), simd.splat(0.0), simd.splat(LEAST_CURVATURE)
    where = simd.splat_index(0, best)
    level, own, two = simd.splat(highest), simd.splat(closed[2 * size + i]), simd.splat(2.0)
    for t in range(begin, end, LANES):
        falling = simd.load(f, t) + simd.load(closed, size + t)
        apart = simd.maximum(level - falling, zero)
        curvature = own + simd.load(closed, 2 * size + t) - two * simd.load(K, i * size + t)
        gain = apart * apart / simd.maximum(curvature, least)
        larger = best < gain
        best = simd.select(larger, gain, best)
        where = simd.select(larger, simd.indices(t, gain), where)
    largest = simd.lane_max(best)
    nowhere = simd.splat_index(NOWHERE, best)
    return largest, simd.lane_min_index(simd.select(best == simd.splat(largest), where, nowhere))


@helper
def close(t, b, bounds, closed):
    """Note what keeps a variable from rising, and what from falling."""
    size = b.shape[0]
    closed[t] = 0.0 if b[t] < bounds[size + t] else -np.inf
    closed[size + t] = 0.0 if b[t] > bounds[t] else np.inf


@helper
def copy_row(t, values, picks, K, closed):
    """Copy a kernel row when it is first asked for."""
    size = picks.shape[0]
    if closed[3 * size + t] == 0.0:
        closed[3 * size + t] = 1.0
        row = uint64(picks[t])
        for m in range(size):
            K[t, m] = values[row, uint64(picks[m])]


@helper
def begin_closed(values, picks, K, bounds, b, closed):
    """Fill `closed` for the first step."""
    size, known = picks.shape[0], values.shape[0] == 0
    for t in range(size):
        close(t, b, bounds, closed)
        closed[2 * size + t] = K[t, t] if known else values[picks[t], picks[t]]
        closed[3 * size + t] = 1.0 if known else 0.0


@helper
def move_pair(i, j, K, bounds, b, f, closed):
    """Move a pair as far as the objective falls and the bounds allow."""
    size = f.shape[0]
    up, down = bounds[size + i] - b[i], b[j] - bounds[j]
    curvature = closed[2 * size + i] + closed[2 * size + j] - 2.0 * K[i, j]
    step = (f[i] - f[j]) / (curvature if curvature > LEAST_CURVATURE else LEAST_CURVATURE)
    if step > up:  # `min` takes long to compile
        step = up
    if step > down:
        step = down
    b[i] = bounds[size + i] if step == up else b[i] + step
    b[j] = bounds[j] if step == down else b[j] - step
    close(i, b, bounds, closed)
    close(j, b, bounds, closed)
    by = simd.splat(step)
    for t in range(0, size, LANES):
        change = simd.load(K, i * size + t) - simd.load(K, j * size + t)
        simd.store(f, t, simd.load(f, t) - by * change)


@kernel
def take_steps(
    values: float32[:, :],  # IN (n_all, n_all) a kernel matrix, or (0, 0) where K is there
    picks: int64[:],  # IN (size,) the rows of it that are the working set; size is a multiple of LANES
    K_work: float64[:, :],  # IN, WORK (size, size) the kernel of the working set
    bounds: float64[:],  # IN (2 * size,) low ones, then high ones; equal where there is no variable
    b_out: float64[:],  # IN, OUT (size,) the variables
    f_out: float64[:],  # IN, OUT (size,) the negative gradient
    closed_work: float64[:],  # WORK (4 * size,) 0, or what keeps from rising (-inf) and from falling (inf);
    #                           the diagonal of K; and 1 where its row is there, 0 where it is not yet
    split: int64,  # both of a pair are below it or neither; a multiple of LANES
    tol: float64,
    max_steps: int64,
) -> int64:  # how many steps were made
    size = picks.shape[0]
    begin_closed(values, picks, K_work, bounds, b_out, closed_work)
    for steps in range(max_steps):
        i, j, largest = 0, 0, 0.0
        begin, end = 0, split
        for _ in range(2):
            highest, first, lowest = find_violation(f_out, closed_work, begin, end)
            if highest - lowest >= tol:
                copy_row(first, values, picks, K_work, closed_work)
                gain, partner = find_partner(K_work, f_out, closed_work, begin, end, first, highest)
                if gain > largest:
                    i, j, largest = first, partner, gain
            begin, end = split, size
        if largest == 0.0:
            return steps
        copy_row(j, values, picks, K_work, closed_work)
        move_pair(i, j, K_work, bounds, b_out, f_out, closed_work)
    return max_steps


@kernel
def gather_rows(
    values: float32[:, :],  # IN (n_slots, n_rows)
    slots: int64[:],  # IN (n_picks,)
    picks: int64[:],  # IN (n_picks,)
    square_out: float64[:, :],  # OUT (n_picks, n_picks)
    start: int64,
    stop: int64,
):
    n_picks = picks.shape[0]
    for k in range(start, stop):
        slot, m = slots[k], 0
        while m < n_picks:  # neighbours together: the rows of a class are
            first, begin = picks[m], m
            while m < n_picks and picks[m] - m == first - begin:
                m += 1
            for t in range(m - begin):
                square_out[k, begin + t] = values[slot, first + t]


@kernel(fastmath={"reassoc", "contract"})  # sums of four rows at a time
def add_scaled_rows(
    values: float32[:, :],  # IN (n_slots, n_rows)
    slots: int64[:],  # IN (n_picks,)
    coefficients: float64[:],  # IN (n_picks,)
    sums_out: float64[:],  # OUT (n_rows,) += coefficient times row
    start: int64,
    stop: int64,
):
    simd.prefer_wide()
    n_picks = slots.shape[0]
    whole = n_picks // 4 * 4
    for begin in range(start, stop, COLUMNS):
        end = min(begin + COLUMNS, stop)
        for k in range(0, whole, 4):
            a, b, c, d = coefficients[k], coefficients[k + 1], coefficients[k + 2], coefficients[k + 3]
            p, q, r, s = slots[k], slots[k + 1], slots[k + 2], slots[k + 3]
            for t in range(begin, end):
                sums_out[t] += (
                    a * float64(values[p, t])
                    + b * float64(values[q, t])
                    + c * float64(values[r, t])
                    + d * float64(values[s, t])
                )
        for k in range(whole, n_picks):
            for t in range(begin, end):
                sums_out[t] += coefficients[k] * float64(values[slots[k], t])


# ---- launchers ---------------------------------------------------------------------------------------
def solve_working_set(K, low, high, b_out, f_out, split, tol, max_steps):
    """Move pairs of a working set until it is optimal.

    Pairs are chosen by second-order information.

    Parameters
    ----------
    K : float64 array of shape (size, size)
        The kernel matrix of the working set.
    low, high : float64 array of shape (size,)
        Bounds of the variables.
    b_out : float64 array of shape (size,)
        The variables; brought up to date.
    f_out : float64 array of shape (size,)
        The negative gradient; brought up to date.
    split : int
        A pair is taken from the first `split` variables, or from the others.
    tol : float
        By how much the gradients of a pair may be out of order.
    max_steps : int
        Most steps.

    Returns
    -------
    n_steps : int
        How many were made.

    References
    ----------
    Fan, R.-E., Chen, P.-H., Lin, C.-J. (2005). Working set selection using second order information for
    training support vector machines. JMLR 6.
    """
    padded, parts = _pad(split, len(low))
    square = K
    if padded > len(low):
        square = np.zeros((padded, padded))
        for (here, there), (other, there_too) in itertools.product(parts, parts):
            square[there, there_too] = K[here, other]
    nothing = np.empty((0, 0), np.float32), np.empty(padded, np.int64)
    return _take_steps(*nothing, square, (low, high, b_out, f_out), parts, tol, max_steps)


def solve_picked(values, picks, low, high, b_out, f_out, split, tol, max_steps):
    """Move pairs until some rows of a kernel matrix are optimal; only rows that move are looked at.

    Parameters
    ----------
    values : float32 array of shape (n_all, n_all)
        A kernel matrix.
    picks : int64 array of shape (size,)
        The row of it that belongs to each variable.
    low, high, b_out, f_out, split, tol, max_steps
        See `solve_working_set`.

    Returns
    -------
    n_steps : int
        How many were made.
    """
    padded, parts = _pad(split, len(picks))
    wide = np.full(padded, picks[0])
    for here, there in parts:
        wide[there] = picks[here]
    square = np.empty((padded, padded))
    return _take_steps(values, wide, square, (low, high, b_out, f_out), parts, tol, max_steps)


def _pad(split, size):
    """Fill up either part to whole vectors; return the size, and where the variables were and are."""
    unit = lanes(np.float64)
    first = -(-split // unit) * unit
    padded = first + -(-(size - split) // unit) * unit
    return padded, ((slice(split), slice(split)), (slice(split, size), slice(first, first + size - split)))


def _take_steps(values, picks, K, variables, parts, tol, max_steps):
    wide = np.zeros((4, len(K)))  # variables that cannot move fill it up
    for here, there in parts:
        for narrow, filled_up in zip(variables, wide):
            filled_up[there] = narrow[here]
    split = parts[1][1].start
    n_steps = take_steps(
        values, picks, K, wide[:2].reshape(-1), wide[2], wide[3], np.empty(4 * len(K)), split, tol, max_steps
    )
    for here, there in parts:
        for narrow, filled_up in zip(variables[2:], wide[2:]):
            narrow[here] = filled_up[there]
    return n_steps


def gather_square(values, slots, picks, square_out):
    """Gather the kernel matrix of a working set from rows of the whole one.

    Parameters
    ----------
    values : float32 array of shape (n_slots, n_rows)
        Kernel rows.
    slots : int64 array of shape (n_picks,)
        Where the picked rows are.
    picks : int64 array of shape (n_picks,)
        The rows of the working set.
    square_out : float64 array of shape (n_picks, n_picks)
        Receives their values with each other.
    """

    def task(block, start, stop):
        gather_rows(values, slots, picks, square_out, start, stop)

    n_picks = len(picks)
    for_each_block(task, n_picks, GATHERED_ROWS, work=8 * n_picks * n_picks)


def add_rows(values, slots, coefficients, sums_out):
    """Add multiples of kernel rows up.

    Parameters
    ----------
    values : float32 array of shape (n_slots, n_rows)
        Kernel rows.
    slots : int64 array of shape (n_picks,)
        Which.
    coefficients : float64 array of shape (n_picks,)
        Times what.
    sums_out : float64 array of shape (n_rows,)
        What they are added to.
    """
    n_rows = values.shape[1]

    def task(block, start, stop):
        add_scaled_rows(values, slots, coefficients, sums_out, start, stop)

    block = max(BLOCK_VALUES // max(len(slots), 1) // COLUMNS, 1) * COLUMNS
    for_each_block(task, n_rows, block, work=n_rows * len(slots))
