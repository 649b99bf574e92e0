"""Kernel functions of the rows of sparse matrices: those of the same rows made dense."""

from tests.reference import kernel_functions


def matrix(X, Y, *function):
    """All values, in float64."""
    return kernel_functions.matrix(X.toarray(), Y.toarray(), *function)


def sums(X, Y, coefficients, *function):
    """Values times coefficients of Y's rows, summed."""
    return kernel_functions.sums(X.toarray(), Y.toarray(), coefficients, *function)
