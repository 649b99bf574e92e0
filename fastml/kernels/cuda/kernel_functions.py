"""Kernel functions on CUDA: the twins of `fastml.kernels.cpu.kernel_functions`."""

import math
from typing import Any, NamedTuple

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float32, float64, helper, int64, u32
from ..scalar import scale_and_term
from ._tiles import (
    DEPTH,
    MICRO,
    NARROW,
    PITCH,
    ROWS_PITCH,
    SIDE,
    TILE,
    narrow_tile,
    place,
    product,
    square_tile,
    tile,
)

__all__ = ["kernel_matrix", "kernel_rows", "lay_out", "sum_kernel_rows", "take_points"]


# ---- what becomes of a product -------------------------------------------------------------
@helper
def linear(x, degree):
    """The product itself."""
    return x


@helper
def poly(x, degree):
    """Its power."""
    value = T(1)
    while degree > 0:
        if degree & 1:
            value *= x
        x *= x
        degree >>= 1
    return value


@helper
def rbf(x, degree):
    """Its exponential."""
    return math.exp(min(x, T(0)))


@helper
def sigmoid(x, degree):
    """Its hyperbolic tangent."""
    return math.tanh(x)


FUNCTIONS = {"linear": linear, "poly": poly, "rbf": rbf, "sigmoid": sigmoid}
finish = rbf  # what a kernel does not bind otherwise


# ---- kernels -----------------------------------------------------------------------------
def fill_values(
    X: T[:, :],  # IN  (n_picks, n_features)
    Y: T[:, :],  # IN  (n_samples, n_features)
    none: T[:],  # IN  (0,)
    row_terms: T[:],  # IN  (n_picks,)
    column_terms: T[:],  # IN  (n_samples,)
    degree: int64,
    slots: int64[:],  # IN  (n_picks,) rows of the output
    values_out: float32[:, :],  # OUT (n_slots, n_samples)
):
    rows = cuda.shared.array((DEPTH, PITCH), T, alignment=16)
    columns = cuda.shared.array((DEPTH, PITCH), T, alignment=16)
    totals = cuda.local.array((MICRO, MICRO), T)
    a = cuda.local.array(MICRO, T)
    b = cuda.local.array(MICRO, T)
    tx = u32(cuda.threadIdx.x)
    ty = u32(cuda.threadIdx.y)
    n_rows = u32(X.shape[0])
    n_columns = u32(Y.shape[0])
    across = (n_columns + u32(TILE - 1)) // u32(TILE)
    row = u32(cuda.blockIdx.x) // across * u32(TILE)
    column = u32(cuda.blockIdx.x) % across * u32(TILE)
    square_tile(product, T(0), totals, a, b, rows, columns, X, none, Y, none, row, column, tx, ty)
    for i in range(MICRO):
        r = row + place(i, ty)
        for j in range(MICRO):
            c = column + place(j, tx)
            if r < n_rows and c < n_columns:
                value = finish(row_terms[r] + column_terms[c] + totals[i, j], degree)
                values_out[slots[r], c] = float32(value)


def sum_values(
    X: T[:, :],  # IN  (n_rows, n_features)
    Y: T[:, :],  # IN  (n_points, n_features)
    none: T[:],  # IN  (0,)
    row_terms: T[:],  # IN  (n_rows,)
    column_terms: T[:],  # IN  (n_points,)
    degree: int64,
    coefficients: T[:, :],  # IN  (n_outputs, n_points)
    sums_out: float64[:, :],  # OUT (n_outputs, n_rows) += coefficient times value
):
    """A thread for each row, NARROW points at a time; sums in float64 from tile to tile."""
    rows = cuda.shared.array((DEPTH, ROWS_PITCH), T)
    columns = cuda.shared.array((DEPTH, NARROW), T, alignment=16)
    totals = cuda.local.array(NARROW, T)
    thread = u32(cuda.threadIdx.x)
    first = u32(cuda.blockIdx.x) * u32(BLOCK)
    n_points = u32(Y.shape[0])
    row = first + thread
    inside = row < u32(X.shape[0])
    term = row_terms[row] if inside else T(0)
    for column in range(u32(0), n_points, u32(NARROW)):
        narrow_tile(product, T(0), totals, rows, columns, X, none, Y, first, u32(column), thread)
        for j in range(NARROW):
            c = u32(column) + u32(j)
            if c < n_points:
                totals[j] = finish(term + column_terms[c] + totals[j], degree)
        if inside:
            for m in range(u32(coefficients.shape[0])):
                part = T(0)
                for j in range(NARROW):
                    if u32(column) + u32(j) < n_points:
                        part += coefficients[m, u32(column) + u32(j)] * totals[j]
                sums_out[m, row] += float64(part)


FILL = {name: cuda_kernel(fill_values, finish=f) for name, f in FUNCTIONS.items()}
SUM = {name: cuda_kernel(sum_values, finish=f) for name, f in FUNCTIONS.items()}


# ---- launchers ---------------------------------------------------------------------------
class Points(NamedTuple):
    """Rows laid out for a kernel function; `lay_out` makes them."""

    rows: Any  # (n_rows, n_features) scaled
    terms: Any  # (n_rows,)
    n_rows: int
    kernel: str
    degree: int


def lay_out(X, kernel, gamma, coef0, degree, offset, dtype, pack_columns=True):
    """See the CPU twin."""
    scale, term = scale_and_term(kernel, gamma, coef0)
    rows = cp.ascontiguousarray(((X if offset is None else X - offset) * scale).astype(dtype))
    terms = cp.full(rows.shape[0], term, dtype)
    if kernel == "rbf":
        terms[:] = cp.square(rows.astype(np.float64)).sum(axis=1) / -2
    return Points(rows, terms, rows.shape[0], kernel, degree)


def take_points(points, picks, pack_columns=True):
    """See the CPU twin."""
    rows, terms = points.rows[picks], points.terms[picks]
    return points._replace(rows=rows, terms=terms, n_rows=rows.shape[0])


def kernel_rows(points, picks, slots, values_out):
    """See the CPU twin."""
    picked, size = take_points(points, picks), tile(points.rows.dtype)
    blocks = blocks_for(picked.n_rows, size) * blocks_for(points.n_rows, size)
    none = cp.empty(0, points.rows.dtype)
    FILL[points.kernel][(blocks,), (SIDE, SIDE)](
        picked.rows, points.rows, none, picked.terms, points.terms, points.degree, slots, values_out
    )


def kernel_matrix(points, values_out):
    """See the CPU twin."""
    every = cp.arange(points.n_rows)
    kernel_rows(points, every, every, values_out)


def sum_kernel_rows(left, right, coefficients, sums_out):
    """See the CPU twin."""
    none = cp.empty(0, left.rows.dtype)
    coefficients = cp.ascontiguousarray(coefficients.astype(left.rows.dtype))
    sums_out[:] = 0
    SUM[right.kernel][(blocks_for(left.n_rows),), (BLOCK,)](
        left.rows, right.rows, none, left.terms, right.terms, right.degree, coefficients, sums_out
    )
