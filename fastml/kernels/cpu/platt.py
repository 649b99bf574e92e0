"""Probabilities from decision values: Platt's sigmoid, and the coupling of pairwise ones."""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import boolean, float64, helper, int64, kernel

__all__ = ["couple_probabilities", "fit_sigmoid"]

MAX_NEWTON_STEPS, LEAST_STEP, RIDGE, GRADIENT_TOL, DECREASE = 100, 1e-10, 1e-12, 1e-5, 1e-4
COUPLING_TOL, COUPLING_STEPS = 0.005, 100
BLOCK_ROWS = 256


@helper
def log_loss(decision, positive, high, low, a, b):
    """Cross entropy between the targets, `high` for a positive and `low` for a negative, and the sigmoid."""
    total = 0.0
    for i in range(decision.shape[0]):
        z = decision[i] * a + b
        target = high if positive[i] else low
        total += (target if z >= 0 else target - 1.0) * z + math.log1p(math.exp(-abs(z)))
    return total


@kernel
def newton_sigmoid(
    decision: float64[:],  # IN (n_samples,)
    positive: boolean[:],  # IN (n_samples,)
    high: float64,
    low: float64,
    sigmoid_out: float64[:],  # IN, OUT (2,) slope and intercept
):
    a, b = sigmoid_out[0], sigmoid_out[1]
    loss = log_loss(decision, positive, high, low, a, b)
    for _ in range(MAX_NEWTON_STEPS):
        h11, h22, h21, g1, g2 = RIDGE, RIDGE, 0.0, 0.0, 0.0
        for i in range(decision.shape[0]):
            z = decision[i] * a + b
            e = math.exp(-abs(z))
            p = e / (1.0 + e) if z >= 0 else 1.0 / (1.0 + e)
            curvature = e / ((1.0 + e) * (1.0 + e))
            h11 += decision[i] * decision[i] * curvature
            h22 += curvature
            h21 += decision[i] * curvature
            residual = (high if positive[i] else low) - p
            g1 += decision[i] * residual
            g2 += residual
        if abs(g1) < GRADIENT_TOL and abs(g2) < GRADIENT_TOL:
            break
        determinant = h11 * h22 - h21 * h21
        da = -(h22 * g1 - h21 * g2) / determinant
        db = -(h11 * g2 - h21 * g1) / determinant
        slope = g1 * da + g2 * db
        step = 1.0
        while step >= LEAST_STEP:
            new = log_loss(decision, positive, high, low, a + step * da, b + step * db)
            if new < loss + DECREASE * step * slope:
                break
            step /= 2.0
        if step < LEAST_STEP:
            break
        a, b, loss = a + step * da, b + step * db, new
    sigmoid_out[0], sigmoid_out[1] = a, b


@kernel
def couple_rows(
    pairwise: float64[:, :],  # IN (n_samples, n_pairs) of the first class of each pair
    square_work: float64[:, :],  # WORK (n_classes, n_classes)
    products_work: float64[:],  # WORK (n_classes,)
    probabilities_out: float64[:, :],  # OUT (n_samples, n_classes)
    start: int64,
    stop: int64,
):
    n_classes = probabilities_out.shape[1]
    for row in range(start, stop):
        p = probabilities_out[row]
        for t in range(n_classes):
            p[t] = 1.0 / n_classes
            square_work[t, t] = 0.0
        pair = 0
        for s in range(n_classes):
            for t in range(s + 1, n_classes):
                r = pairwise[row, pair]
                square_work[s, s] += (1.0 - r) * (1.0 - r)
                square_work[t, t] += r * r
                square_work[s, t] = square_work[t, s] = -r * (1.0 - r)
                pair += 1
        for _ in range(max(COUPLING_STEPS, n_classes)):
            total = 0.0
            for t in range(n_classes):
                products_work[t] = 0.0
                for s in range(n_classes):
                    products_work[t] += square_work[t, s] * p[s]
                total += p[t] * products_work[t]
            error = 0.0
            for t in range(n_classes):
                error = max(error, abs(products_work[t] - total))
            if error < COUPLING_TOL / n_classes:
                break
            for t in range(n_classes):
                by = (total - products_work[t]) / square_work[t, t]
                p[t] += by
                total = (total + by * (by * square_work[t, t] + 2 * products_work[t])) / (1 + by) / (1 + by)
                for s in range(n_classes):
                    products_work[s] = (products_work[s] + by * square_work[t, s]) / (1 + by)
                    p[s] /= 1 + by


# ---- launchers ---------------------------------------------------------------------------------------
def fit_sigmoid(decision, positive):
    """Fit ``1 / (1 + exp(a * decision + b))`` to labels by Newton's method.

    Parameters
    ----------
    decision : float64 array of shape (n_samples,)
        Decision values.
    positive : bool array of shape (n_samples,)
        Labels.

    Returns
    -------
    a, b : float
        The sigmoid's parameters.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines and comparisons to regularized
    likelihood methods.

    Lin, H.-T., Lin, C.-J., Weng, R. C. (2007). A note on Platt's probabilistic outputs for support vector
    machines. Machine Learning 68.
    """
    n_positive = np.count_nonzero(positive)
    n_negative = len(positive) - n_positive
    sigmoid = np.array([0.0, math.log((n_negative + 1) / (n_positive + 1))])
    high, low = (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2)
    newton_sigmoid(decision, positive, high, low, sigmoid)
    return float(sigmoid[0]), float(sigmoid[1])


def couple_probabilities(pairwise, probabilities_out):
    """Find class probabilities that agree best with those of each pair of classes.

    Parameters
    ----------
    pairwise : float64 array of shape (n_samples, n_pairs)
        For each pair of classes, (0, 1), (0, 2), ..., (1, 2), ..., the probability of its first class.
    probabilities_out : float64 array of shape (n_samples, n_classes)
        Receives the probabilities.

    References
    ----------
    Wu, T.-F., Lin, C.-J., Weng, R. C. (2004). Probability estimates for multi-class classification by
    pairwise coupling. JMLR 5, method 2.
    """
    n_samples, n_classes = probabilities_out.shape

    def task(block, start, stop):
        square, products = np.empty((n_classes, n_classes)), np.empty(n_classes)
        couple_rows(pairwise, square, products, probabilities_out, start, stop)

    for_each_block(task, n_samples, BLOCK_ROWS, work=20 * n_samples * n_classes**2)
