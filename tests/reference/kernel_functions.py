"""Kernel functions of rows, one pair at a time."""

import math

import numpy as np


def value(x, y, kernel, gamma, coef0, degree):
    """The kernel function of two rows."""
    product = float(sum(a * b for a, b in zip(x, y)))
    if kernel == "linear":
        return product
    if kernel == "poly":
        return (gamma * product + coef0) ** degree
    if kernel == "sigmoid":
        return math.tanh(gamma * product + coef0)
    return math.exp(-gamma * float(sum((a - b) ** 2 for a, b in zip(x, y))))


def matrix(X, Y, kernel, gamma, coef0, degree):
    """All values, in float64."""
    X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    return np.array([[value(x, y, kernel, gamma, coef0, degree) for y in Y] for x in X]).reshape(
        len(X), len(Y)
    )


def sums(X, Y, coefficients, *function):
    """Values times coefficients of Y's rows, summed."""
    return coefficients @ matrix(Y, X, *function)
