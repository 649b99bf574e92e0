"""Sequential minimal optimisation of the pair that is most out of order."""

import numpy as np


def objective(K, f0, b):
    """What is minimised."""
    return b @ K @ b / 2 - f0 @ b


def violation(f, low, high, b, split):
    """By how much gradients are out of order."""
    gaps = [-np.inf]
    for part in (slice(split), slice(split, None)):
        up, down = f[part][b[part] < high[part]], f[part][b[part] > low[part]]
        if len(up) and len(down):
            gaps.append(up.max() - down.min())
    return max(gaps)


def solve_working_set(K, low, high, b, f, split, tol, max_steps=100_000):
    """Return the variables after moving the most violating pair again and again."""
    b, f = b.copy(), f.copy()
    part = np.arange(len(b)) >= split
    for _ in range(max_steps):
        if violation(f, low, high, b, split) < tol:
            break
        pairs = []
        for which in (False, True):
            up, down = (
                np.flatnonzero((b < high) & (part == which)),
                np.flatnonzero((b > low) & (part == which)),
            )
            if len(up) and len(down):
                i, j = up[f[up].argmax()], down[f[down].argmin()]
                pairs.append((f[i] - f[j], i, j))
        gap, i, j = max(pairs)
        step = min(gap / max(K[i, i] + K[j, j] - 2 * K[i, j], 1e-12), high[i] - b[i], b[j] - low[j])
        b[i], b[j] = b[i] + step, b[j] - step
        f -= step * (K[i] - K[j])
    return b


def gather_square(values, slots, picks):
    """The picked columns of the picked rows."""
    return values[np.ix_(slots, picks)].astype(np.float64)


def add_rows(values, slots, coefficients, sums):
    """Sums with multiples of rows added."""
    return sums + coefficients @ values[slots].astype(np.float64)
