"""Leaf formulas on scalars.

A distance between two rows is a sum (or maximum) of terms, one for each feature, and a last step. The
CPU's register tiles say the same formulas on vectors (`cpu/_distance_tiles`). Kernels name a metric by
one of the integers below, which the compiler sees as constants.
"""

import math

from ._compile import T, helper

__all__ = [
    "BRAYCURTIS",
    "CANBERRA",
    "CHEBYSHEV",
    "COSINE",
    "EPSILON",
    "EUCLIDEAN",
    "HAMMING",
    "MANHATTAN",
    "METRICS",
    "MINKOWSKI",
    "SQEUCLIDEAN",
    "TILE_METRICS",
    "canberra_term",
    "differs",
    "finish_distance",
    "minkowski_term",
    "newton_gain",
    "newton_value",
    "scale_and_term",
]

EUCLIDEAN, SQEUCLIDEAN, MANHATTAN, CHEBYSHEV, COSINE = range(5)
MINKOWSKI, CANBERRA, BRAYCURTIS, HAMMING = range(5, 9)

METRICS = {
    "euclidean": EUCLIDEAN,
    "sqeuclidean": SQEUCLIDEAN,
    "manhattan": MANHATTAN,
    "chebyshev": CHEBYSHEV,
    "cosine": COSINE,
    "minkowski": MINKOWSKI,
    "canberra": CANBERRA,
    "braycurtis": BRAYCURTIS,
    "hamming": HAMMING,
}
# The metrics whose terms are one or two instructions: they are computed in register tiles.
TILE_METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine")


@helper
def minkowski_term(x, y, p):
    """`abs(x - y) ** p`."""
    return T(abs(x - y) ** p)


@helper
def canberra_term(x, y):
    """`abs(x - y) / (abs(x) + abs(y))`, and 0 where both are 0."""
    size = abs(x) + abs(y)
    return abs(x - y) / size if size > T(0) else T(0)


@helper
def differs(x, y):
    """1 where x and y differ, 0 where they are equal."""
    return T(1) if x != y else T(0)


@helper
def finish_distance(metric, total, scale, n_features, p):
    """The distance of a metric without a tile, from its terms' sum; Bray-Curtis divides by `scale`."""
    if metric == MINKOWSKI:
        return T(total ** (T(1) / p))
    if metric == BRAYCURTIS:
        return total / scale
    if metric == HAMMING:
        return total / T(n_features)
    return total


# ---- Newton steps of boosted trees -------------------------------------------------------------------
EPSILON = 1e-15  # keeps an empty node's value finite


@helper
def newton_value(gradient, hessian, lower, upper, l2):
    """What a leaf with these sums of gradients and hessians predicts, within bounds.

    Chen, Guestrin (2016). XGBoost: a scalable tree boosting system. KDD 2016, equation 5.
    """
    return min(max(-gradient / (hessian + l2 + EPSILON), lower), upper)


@helper
def newton_gain(gradient, value, left_gradient, left_value, right_gradient, right_value):
    """By how much a split lowers the loss."""
    return gradient * value - left_gradient * left_value - right_gradient * right_value


# ---- kernel functions --------------------------------------------------------------------------------
def scale_and_term(kernel, gamma, coef0):
    """What a kernel function multiplies rows with, and half of what it adds to their product."""
    if kernel == "linear":
        return 1.0, 0.0
    return (math.sqrt(2 * gamma), 0.0) if kernel == "rbf" else (math.sqrt(gamma), coef0 / 2)
