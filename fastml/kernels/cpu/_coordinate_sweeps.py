"""Sweeps of coordinate descent in random order, in which coordinates that are out of the question rest.

The coordinates that take part stand first in `order`, and a sweep shuffles them.
"""

import numpy as np

from .._compile import helper, int64, uint64

# Places in `state`: how far the sweep is and how many coordinates take part; what a gradient must exceed for
# its coordinate to rest; the largest, the smallest and the sum of this sweep's violations; sweeps begun; the
# violation of the first sweep; the state of the random numbers; whether the end is reached; when that is
POSITION, ACTIVE, PATIENCE, LARGEST, SMALLEST, TOTAL, SWEEPS, FIRST, SEED, DONE = range(10)
TOL, IN_SUM, MAX_SWEEPS, PATIENCE_SHARE, N_STATE = range(10, 15)

CHUNK = 1 << 22  # values that a kernel goes through before Python looks for Ctrl-C


@helper
def permute(order, n, seed):
    """Shuffle the first n items; return the next seed."""
    # Fisher and Yates, with a generator of 32 bits by Marsaglia (2003): Xorshift RNGs.
    x, low = uint64(seed), uint64(0xFFFFFFFF)
    for i in range(n - 1):
        x ^= (x << uint64(13)) & low
        x ^= x >> uint64(17)
        x ^= (x << uint64(5)) & low
        j = i + int64((x & uint64(0x7FFFFFFF)) % uint64(n - i))
        order[i], order[j] = order[j], order[i]
    return int64(x)


@helper
def end_sweep(order, state):
    """Decide what follows a sweep: the end, a sweep of all coordinates, or one of those that take part."""
    if state[SWEEPS] > 0.0:
        in_sum = state[IN_SUM] != 0.0
        violation = state[TOTAL] if in_sum else state[LARGEST] - state[SMALLEST]
        if state[SWEEPS] == 1.0:
            state[FIRST] = violation
        everyone = int64(state[ACTIVE]) == order.shape[0]
        if violation <= state[TOL] * (state[FIRST] if in_sum else 1.0):
            state[DONE] = 1.0 if everyone else 0.0
            state[ACTIVE], state[PATIENCE] = float(order.shape[0]), np.inf
        else:
            largest = max(state[LARGEST], -state[SMALLEST])
            state[PATIENCE] = largest * state[PATIENCE_SHARE] if largest > 0.0 else np.inf
    if state[SWEEPS] >= state[MAX_SWEEPS]:
        state[DONE] = 1.0
    if state[DONE] == 0.0:
        state[SEED] = float(permute(order, int64(state[ACTIVE]), int64(state[SEED])))
        state[POSITION], state[LARGEST], state[SMALLEST], state[TOTAL] = 0.0, 0.0, 0.0, 0.0
        state[SWEEPS] += 1.0


@helper
def next_coordinate(order, state):
    """The next coordinate to look at, or -1 at the end."""
    if state[POSITION] >= state[ACTIVE]:
        end_sweep(order, state)
        if state[DONE] != 0.0:
            return -1
    return int64(order[int64(state[POSITION])])


@helper
def rest(order, state):
    """Exchange the present coordinate for the last that takes part."""
    state[ACTIVE] -= 1.0
    here, last = int64(state[POSITION]), int64(state[ACTIVE])
    order[here], order[last] = order[last], order[here]


class Sweeps:
    """Which coordinates take part, and when sweeping ends.

    Parameters
    ----------
    n_coordinates : int
        How many there are.
    tol : float
        Violations up to here end it.
    in_sum : bool
        Whether the sum of violations is meant, as a part of the first sweep's; else their range.
    max_iter : int
        Most sweeps.
    seed : int
        From 1 to 2^32 - 1, of the orders.
    patience : float, default=1.0
        A coordinate rests when its gradient exceeds this part of the largest violation.
    """

    def __init__(self, n_coordinates, tol, in_sum, max_iter, seed, patience=1.0):
        self.order = np.arange(n_coordinates, dtype=np.int32)
        self.state = np.zeros(N_STATE)
        self.state[[TOL, IN_SUM, MAX_SWEEPS, SEED, PATIENCE_SHARE]] = tol, in_sum, max_iter, seed, patience
        self.state[PATIENCE] = np.inf
        # As if a sweep had just ended, before the first
        self.state[[POSITION, ACTIVE]] = n_coordinates

    n_iter = property(lambda self: int(self.state[SWEEPS]))
    done = property(lambda self: self.state[DONE] != 0)
    violation_sum = property(lambda self: float(self.state[TOTAL]))


def at_a_time(rows, n_lines):
    """How many lines a kernel goes through in some 10 ms."""
    n_values = len(rows[0]) if len(rows) == 3 else rows[0].size
    return max(1, CHUNK * n_lines // max(n_values, 1))
