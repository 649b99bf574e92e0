"""Extrapolation of the points that coordinate descent comes by, where it makes its way in small steps.

From the last points that sweeps came by can be seen where these lead: the combination of points is taken in
which the steps between them cancel best. What a problem keeps up to date, its state, is affine in the
coefficients, and combined in the same way.

Bertrand, Q., Massias, M. (2021). Anderson acceleration of coordinate descent. AISTATS.
"""

import math

import numpy as np

from .._compile import helper, int64, uint64

STEPS = 5  # steps between points that are combined
REGULARISATION = 1e-12  # of the system of STEPS equations, relative to its trace

# Places in what sweeps remember, between the moves of one feature and of another one: the largest move and
# the largest coefficient of the last sweep, how many points there are, and the system of equations
LARGEST_MOVE, LARGEST, N_POINTS, SYSTEM = range(4)
N_REMEMBERED = SYSTEM + STEPS * (STEPS + 1)


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
    memory : float64 array of shape (2 * n_tasks + N_REMEMBERED,)
        Moves, and equations.
    points : float64 array of shape (0 or STEPS + 1, n_tasks * n_active + n_state)
        Points that sweeps came by.
    """
    memory = np.zeros(2 * n_tasks + N_REMEMBERED)
    memory[n_tasks + LARGEST_MOVE] = np.inf
    return memory, np.empty((STEPS + 1 if extrapolate else 0, n_tasks * n_active + n_state))


def largest_move(memory, n_tasks):
    """Tell how far a coefficient moved in the last sweep.

    Parameters
    ----------
    memory : tuple of array
        What `new_memory` made.
    n_tasks : int
        The number of tasks.

    Returns
    -------
    move : float
        Infinite before the first sweep.
    """
    return memory[0][n_tasks + LARGEST_MOVE]


@helper
def keep_point(coef, state, active, at, points_out):
    """Keep the coefficients of active features, and the state."""
    n_tasks, n_active = coef.shape[0], active.shape[0]
    for t in range(n_tasks):
        for a in range(n_active):
            points_out[at, t * n_active + a] = coef[t, uint64(active[a])]
    for t in range(state.shape[0]):
        first = n_tasks * n_active + t * state.shape[1]
        for i in range(state.shape[1]):
            points_out[at, first + i] = state[t, i]


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
def has_points(coef, state, active, memory_work, points_work):
    """Keep the present point; tell whether there are enough of them to extrapolate."""
    if points_work.shape[0] == 0:
        return False
    at = coef.shape[0] + N_POINTS
    keep_point(coef, state, active, int64(memory_work[at]), points_work)
    memory_work[at] += 1.0
    return memory_work[at] > STEPS


@helper
def weigh_points(n_values, points, memory_work, first):
    """Solve for the weights of the points after the first; tell whether there are any."""
    width = STEPS + 1
    size = 0.0
    for a in range(STEPS):
        for b in range(a + 1):
            total = 0.0
            for i in range(n_values):
                total += (points[a + 1, i] - points[a, i]) * (points[b + 1, i] - points[b, i])
            memory_work[first + a * width + b] = total
            memory_work[first + b * width + a] = total
        size += memory_work[first + a * width + a]
        memory_work[first + a * width + STEPS] = 1.0
    if not 0.0 < size < math.inf:
        return False
    for a in range(STEPS):
        memory_work[first + a * width + a] += REGULARISATION * size
    for a in range(STEPS):
        for b in range(STEPS):
            if b != a:
                factor = memory_work[first + b * width + a] / memory_work[first + a * width + a]
                for c in range(a, width):
                    memory_work[first + b * width + c] -= factor * memory_work[first + a * width + c]
    total = 0.0
    for a in range(STEPS):
        memory_work[first + a] = memory_work[first + a * width + STEPS] / memory_work[first + a * width + a]
        total += memory_work[first + a]
    for a in range(STEPS):
        memory_work[first + a] /= total
    return True


@helper
def combine_points(coef_work, state_work, active, memory_work, points_work):
    """Go to the combination of the points, and begin with new ones; the last point is kept."""
    n_tasks, n_active = coef_work.shape[0], active.shape[0]
    first = n_tasks + SYSTEM
    memory_work[n_tasks + N_POINTS] = 1.0
    if weigh_points(n_tasks * n_active, points_work, memory_work, first):
        for i in range(points_work.shape[1]):
            last = points_work[STEPS, i]
            total = 0.0
            for a in range(STEPS - 1):
                # Weights may be large, and add up to 1; differences of points are small.
                total += memory_work[first + a] * (points_work[a + 1, i] - last)
            points_work[0, i] = last + total
        go_to_point(coef_work, state_work, active, 0, points_work)


@helper
def leave_combination(coef_work, state_work, active, points_work):
    """Go back to the last point, and begin with new ones there."""
    go_to_point(coef_work, state_work, active, STEPS, points_work)
    keep_point(coef_work, state_work, active, 0, points_work)
