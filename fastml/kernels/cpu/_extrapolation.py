"""Extrapolation of the points that coordinate descent comes by, where it makes its way in small steps.

From the last points that sweeps came by can be seen where these lead: the combination of points is taken in
which the steps between them cancel best. What a problem keeps up to date, its state, is affine in the
coefficients, and combined in the same way.

Bertrand, Q., Massias, M. (2021). Anderson acceleration of coordinate descent. AISTATS.
"""

import math

import numpy as np

from .._compile import boolean, float64, helper, int64, kernel, uint64

STEPS = 5  # steps between points that are combined
REGULARISATION = 1e-12  # of the system of STEPS equations, relative to its trace

# Places in what sweeps remember: the largest move and the largest coefficient of the last sweep, how many
# points there are, how many sweeps are left, the system of equations, and the moves of a feature and of
# another one
LARGEST_MOVE, LARGEST, N_POINTS, N_LEFT, SYSTEM = range(5)
MOVES = SYSTEM + STEPS * (STEPS + 1)


def new_memory(n_tasks, n_active, n_state, extrapolate=True):
    """Make what sweeps remember of those before, when there were none.

    Parameters
    ----------
    n_tasks : int
        The number of tasks.
    n_active : int
        How many features are swept.
    n_state : int
        The size of what is kept up to date.
    extrapolate : bool, default=True
        Whether points are to be extrapolated.

    Returns
    -------
    memory : float64 array of shape (MOVES + 2 * n_tasks,)
        Moves, and equations.
    points : float64 array of shape (0 or STEPS + 1, n_tasks * n_active + n_state)
        Points that sweeps came by.
    """
    memory = np.zeros(MOVES + 2 * n_tasks)
    memory[LARGEST_MOVE] = np.inf
    return memory, np.empty((STEPS + 1 if extrapolate else 0, n_tasks * n_active + n_state))


def largest_move(memory):
    """Tell how far a coefficient moved in the last sweep.

    Parameters
    ----------
    memory : tuple of array
        What `new_memory` made.

    Returns
    -------
    move : float
        Infinite before the first sweep.
    """
    return memory[0][LARGEST_MOVE]


@helper
def begin_sweep(coef, state, active, memory_work, points_work):
    """Keep the present point, forget the last moves; tell whether to sweep, or else extrapolate at first."""
    n_tasks, n_active = coef.shape[0], active.shape[0]
    if points_work.shape[0] > 0:
        at = int64(memory_work[N_POINTS])
        for t in range(n_tasks):
            for a in range(n_active):
                points_work[at, t * n_active + a] = coef[t, uint64(active[a])]
        for t in range(state.shape[0]):
            first = n_tasks * n_active + t * state.shape[1]
            for i in range(state.shape[1]):
                points_work[at, first + i] = state[t, i]
        memory_work[N_POINTS] += 1.0
        if at == STEPS:
            return False
    memory_work[LARGEST_MOVE] = 0.0
    memory_work[LARGEST] = 0.0
    return True


@helper
def go_to_point(coef_out, state_out, active, at, points):
    """Go back to where a point was kept."""
    n_tasks, n_active = coef_out.shape[0], active.shape[0]
    for t in range(n_tasks):
        for a in range(n_active):
            coef_out[t, uint64(active[a])] = points[at, t * n_active + a]
    for t in range(state_out.shape[0]):
        first = n_tasks * n_active + t * state_out.shape[1]
        for i in range(state_out.shape[1]):
            state_out[t, i] = points[at, first + i]


@helper
def weigh_points(n_values, points, memory_work):
    """Solve for the weights of the points after the first; tell whether there are any."""
    width = STEPS + 1
    size = 0.0
    for a in range(STEPS):
        for b in range(a + 1):
            total = 0.0
            for i in range(n_values):
                total += (points[a + 1, i] - points[a, i]) * (points[b + 1, i] - points[b, i])
            memory_work[SYSTEM + a * width + b] = total
            memory_work[SYSTEM + b * width + a] = total
        size += memory_work[SYSTEM + a * width + a]
        memory_work[SYSTEM + a * width + STEPS] = 1.0
    if not 0.0 < size < math.inf:
        return False
    for a in range(STEPS):
        memory_work[SYSTEM + a * width + a] += REGULARISATION * size
    for a in range(STEPS):
        for b in range(STEPS):
            if b != a:
                factor = memory_work[SYSTEM + b * width + a] / memory_work[SYSTEM + a * width + a]
                for c in range(a, width):
                    memory_work[SYSTEM + b * width + c] -= factor * memory_work[SYSTEM + a * width + c]
    total = 0.0
    for a in range(STEPS):
        memory_work[SYSTEM + a] = (
            memory_work[SYSTEM + a * width + STEPS] / memory_work[SYSTEM + a * width + a]
        )
        total += memory_work[SYSTEM + a]
    for a in range(STEPS):
        memory_work[SYSTEM + a] /= total
    return True


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over values of points in vector lanes
def combine_points(
    n_values: int64,  # IN how many coefficients there are in a point
    memory_work: float64[:],  # IN/OUT (MOVES + 2 * n_tasks,)
    points_work: float64[:, :],  # IN/OUT (STEPS + 1, n_values + n_state), the combination first
) -> boolean:  # whether there is one
    if not weigh_points(n_values, points_work, memory_work):
        return False
    for i in range(points_work.shape[1]):
        last = points_work[STEPS, i]
        total = 0.0
        for a in range(STEPS - 1):
            # Weights may be large, and add up to 1; differences of points are small.
            total += memory_work[SYSTEM + a] * (points_work[a + 1, i] - last)
        points_work[0, i] = last + total
    return True
