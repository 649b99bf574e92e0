"""Kernel functions of pairs of rows: rows of the kernel matrix, and weighted sums of them.

A linear, polynomial, Gaussian or sigmoid kernel is a function of a product: the products of six rows with a
panel of others make a register tile, which the function turns into kernel values where it lies. Rows are
scaled beforehand by the root of what the product is multiplied with, so that the matrix is symmetric to the
last bit.
"""

import functools
import math
import types
from typing import Any, NamedTuple

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    T,
    float32,
    float64,
    helper,
    int64,
    kernel,
    simd,
    tile_width,
)
from ..scalar import scale_and_term
from ._distance_tiles import pack, panels_at_a_time
from .distance import mirror

__all__ = ["kernel_matrix", "kernel_rows", "lay_out", "sum_kernel_rows", "take_points", "values_of_few"]

BLOCK_OPERATIONS = 4_000_000  # multiplications in a block: some 50 us
MATRIX_ROWS = 16 * TILE_ROWS  # in a block of the whole matrix
EXP_OPERATIONS = 24  # what an exponential costs, in multiplications


# ---- what becomes of a tile of products ----------------------------------------------------------
@helper
def linear(acc, degree):
    return acc


@helper
def poly(acc, degree):
    value = simd.tile(T(1), TILE_ROWS, TILE_VECTORS)
    while degree > 0:
        if degree % 2:
            value = value * acc
        acc = acc * acc
        degree //= 2
    return value


@helper
def rbf(acc, degree):
    return simd.exp(simd.minimum(acc, simd.tile(T(0), TILE_ROWS, TILE_VECTORS)))


@helper
def sigmoid(acc, degree):
    one = simd.tile(T(1), TILE_ROWS, TILE_VECTORS)
    return one - (one + one) / (one + simd.exp(acc + acc))


FUNCTIONS = {"linear": linear, "poly": poly, "rbf": rbf, "sigmoid": sigmoid}


def for_each_function(function):
    """Declare a kernel for each kernel function: `function` with that one as `finish`."""
    kernels = {}
    for name, finish in FUNCTIONS.items():
        bound = types.FunctionType(function.__code__, {**function.__globals__, "finish": finish})
        functools.update_wrapper(bound, function)
        bound.__qualname__ = f"{function.__qualname__}_{name}"
        kernels[name] = kernel(bound)
    return kernels


_, POLY, RBF, SIGMOID = range(len(FUNCTIONS))

finish = rbf  # what such a function names; it is bound anew for each


# ---- range kernels ---------------------------------------------------------------------------------
@helper
def product_tile(rows, row_terms, i, panels, column_terms, column):
    """Terms and products of TILE_ROWS rows from i on and the panel that begins with `column`."""
    n_features = rows.shape[1]
    acc = simd.tile_of_column(row_terms, i, TILE_ROWS, TILE_VECTORS)
    acc = simd.add_row(acc, column_terms, column)
    for t in range(n_features):
        acc = simd.add_products(
            acc, rows, i * n_features + t, n_features, panels, column * n_features + t * TILE_WIDTH
        )
    return acc


@for_each_function
def fill_rows(
    rows: T[:, :],  # IN (n_padded, n_features) whole tiles
    row_terms: T[:],  # IN (n_padded,)
    panels: T[:],  # IN packed columns
    column_terms: T[:],  # IN (n_panels * TILE_WIDTH,)
    degree: int64,
    slots: int64[:],  # IN (n_rows,) rows of the output
    values_out: float32[:, :],  # OUT (n_slots, n_columns)
    tile_work: T[:],  # WORK (TILE_ROWS * TILE_WIDTH,)
    start: int64,
    stop: int64,
):
    """The columns of panels start..stop."""
    n_rows, n_columns = slots.shape[0], values_out.shape[1]
    for panel in range(start, stop):
        column = panel * TILE_WIDTH
        width = min(TILE_WIDTH, n_columns - column)
        for i in range(0, n_rows, TILE_ROWS):
            acc = finish(product_tile(rows, row_terms, i, panels, column_terms, column), degree)
            simd.store_tile(acc, tile_work, 0, TILE_WIDTH)
            for r in range(min(TILE_ROWS, n_rows - i)):
                slot = slots[i + r]
                for c in range(width):
                    values_out[slot, column + c] = float32(tile_work[r * TILE_WIDTH + c])


@for_each_function
def sum_rows(
    rows: T[:, :],  # IN (n_padded, n_features) whole tiles
    row_terms: T[:],  # IN (n_padded,)
    panels: T[:],  # IN packed columns
    column_terms: T[:],  # IN (n_panels * TILE_WIDTH,)
    coefficients: T[:, :],  # IN (n_outputs, n_panels * TILE_WIDTH) zero where there is no column
    degree: int64,
    sums_out: float64[:, :],  # OUT (n_outputs, n_padded) += coefficient times value
    start: int64,
    stop: int64,
):
    """Rows start..stop; a tile is summed in T, tiles in float64."""
    n_outputs, n_columns = coefficients.shape
    n_padded = sums_out.shape[1]
    step = panels_at_a_time(rows.shape[1]) * TILE_WIDTH
    for first in range(0, n_columns, step):
        for i in range(start, stop, TILE_ROWS):
            for column in range(first, min(first + step, n_columns), TILE_WIDTH):
                acc = finish(product_tile(rows, row_terms, i, panels, column_terms, column), degree)
                for m in range(n_outputs):
                    weighted = simd.multiply_row(acc, coefficients, m * n_columns + column)
                    simd.add_row_sums(weighted, sums_out, m * n_padded + i, 1)


@kernel(fastmath={"reassoc", "contract", "nsz"})  # the features of a pair in vector lanes
def compute_values(
    X: float64[:, :],  # IN (n_rows, n_features)
    vectors: float64[:, :],  # IN (n_points, n_features)
    function: int64,  # its position in FUNCTIONS
    gamma: float64,
    coef0: float64,
    degree: int64,
    values_out: float64[:, :],  # OUT (n_rows, n_points)
    start: int64,
    stop: int64,
):
    """The columns of points start..stop."""
    for i in range(X.shape[0]):
        for j in range(start, stop):
            total = 0.0
            if function == RBF:
                for t in range(X.shape[1]):
                    total += (X[i, t] - vectors[j, t]) * (X[i, t] - vectors[j, t])
                values_out[i, j] = math.exp(-gamma * total)
                continue
            for t in range(X.shape[1]):
                total += X[i, t] * vectors[j, t]
            if function == POLY:
                total = (gamma * total + coef0) ** degree
            elif function == SIGMOID:
                total = math.tanh(gamma * total + coef0)
            values_out[i, j] = total


# ---- launchers ---------------------------------------------------------------------------------------
class Points(NamedTuple):
    """Rows laid out for a kernel function; `lay_out` makes them."""

    rows: Any  # (n_padded, n_features) scaled; rows of zeros make the last tile whole
    terms: Any  # (n_padded,)
    panels: Any  # packed, or None
    n_rows: int
    kernel: str
    degree: int


def lay_out(X, kernel, gamma, coef0, degree, offset, dtype, pack_columns=True):
    """Lay rows out for a kernel function of them.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64.
    kernel : {"linear", "poly", "rbf", "sigmoid"}
        The function: ``x.y``, ``(gamma x.y + coef0)^degree``, ``exp(-gamma |x - y|^2)`` or
        ``tanh(gamma x.y + coef0)``.
    gamma, coef0 : float
        Its parameters.
    degree : int
        Of the polynomial.
    offset : array of shape (n_features,) or None
        What is subtracted from the rows, for "rbf", which does not change: a point amid the data, so that
        squared lengths do not cancel.
    dtype : dtype
        float32 or float64: in which the function is computed.
    pack_columns : bool, default=True
        Whether other rows are to meet these; otherwise these are only to meet others.

    Returns
    -------
    points : Points
        For the other functions of this module.
    """
    n_samples, n_features = X.shape
    scale, term = scale_and_term(kernel, gamma, coef0)
    rows = _whole_tiles(n_samples, n_features, dtype)
    moved = X if offset is None else X - offset
    np.multiply(moved, scale, out=rows[:n_samples], casting="same_kind")
    terms = np.full(len(rows), term, dtype)
    if kernel == "rbf":
        terms[:] = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / -2
    return Points(rows, terms, pack(rows[:n_samples]) if pack_columns else None, n_samples, kernel, degree)


def take_points(points, picks, pack_columns=True):
    """Take some of the rows that were laid out.

    Parameters
    ----------
    points : Points
        All of them.
    picks : int64 array of shape (n_picks,)
        Which.
    pack_columns : bool, default=True
        As in `lay_out`.

    Returns
    -------
    points : Points
        The picked ones.
    """
    rows = _whole_tiles(len(picks), points.rows.shape[1], points.rows.dtype)
    terms = np.zeros(len(rows), rows.dtype)
    rows[: len(picks)], terms[: len(picks)] = points.rows[picks], points.terms[picks]
    panels = pack(rows[: len(picks)]) if pack_columns else None
    return points._replace(rows=rows, terms=terms, panels=panels, n_rows=len(picks))


def _whole_tiles(n_rows, n_features, dtype):
    rows = np.empty((-(-n_rows // TILE_ROWS) * TILE_ROWS, n_features), dtype)
    rows[n_rows:] = 0
    return rows


def _columns(points, values):
    """Rows of values of the points, each with as many numbers as their panels have columns."""
    width = tile_width(points.rows.dtype)
    padded = np.zeros((len(values), -(-points.n_rows // width) * width), points.rows.dtype)
    padded[:, : points.n_rows] = values
    return padded


def kernel_rows(points, picks, slots, values_out):
    """Compute rows of the kernel matrix.

    Parameters
    ----------
    points : Points
        All rows; packed.
    picks : int64 array of shape (n_picks,)
        The rows to compute.
    slots : int64 array of shape (n_picks,)
        In which row of the output each goes.
    values_out : float32 array of shape (n_slots, n_samples)
        Receives the values.
    """
    picked = take_points(points, picks, pack_columns=False)
    (column_terms,) = _columns(points, points.terms[None, : points.n_rows])
    width, dtype = tile_width(points.rows.dtype), points.rows.dtype
    operations = len(slots) * width * (points.rows.shape[1] + EXP_OPERATIONS)
    fill, degree = fill_rows[points.kernel], points.degree

    def task(block, start, stop):
        tile = np.empty(TILE_ROWS * width, dtype)
        fill(
            picked.rows, picked.terms, points.panels, column_terms, degree, slots, values_out, tile, start,
            stop
        )  # fmt: skip

    n_panels = len(column_terms) // width
    for_each_block(task, n_panels, max(1, BLOCK_OPERATIONS // operations), work=operations * n_panels / 8)


def kernel_matrix(points, values_out):
    """Compute the whole kernel matrix: half of it, as it is symmetric.

    Parameters
    ----------
    points : Points
        All rows; packed.
    values_out : float32 array of shape (n_samples, n_samples)
        Receives the values.
    """
    (column_terms,) = _columns(points, points.terms[None, : points.n_rows])
    rows, terms, every = points.rows, points.terms, np.arange(points.n_rows)
    width, dtype = tile_width(rows.dtype), rows.dtype
    n_panels = len(column_terms) // width
    fill, degree = fill_rows[points.kernel], points.degree

    def task(block, start, stop):
        tile, here = np.empty(TILE_ROWS * width, dtype), every[start:stop]
        last = start + -(-(stop - start) // TILE_ROWS) * TILE_ROWS
        fill(
            rows[start:last], terms[start:last], points.panels, column_terms, degree, here, values_out, tile,
            start // width, n_panels,
        )  # fmt: skip

    operations = points.n_rows**2 * (rows.shape[1] + EXP_OPERATIONS)
    for_each_block(task, points.n_rows, MATRIX_ROWS, work=operations / 16)
    mirror(values_out)


def sum_kernel_rows(left, right, coefficients, sums_out):
    """Sum kernel values with each of some points, times coefficients: a decision function.

    Parameters
    ----------
    left : Points
        The rows that are asked.
    right : Points
        The points; packed.
    coefficients : array of shape (n_outputs, n_points)
        For each output, one for each point.
    sums_out : float64 array of shape (n_outputs, n_rows)
        Receives the sums.
    """
    packed, terms = _columns(right, coefficients), _columns(right, right.terms[None, : right.n_rows])[0]
    sums = np.zeros((len(packed), len(left.rows)))
    operations = TILE_ROWS * len(terms) * (left.rows.shape[1] + EXP_OPERATIONS + 4 * len(packed))
    add, degree = sum_rows[right.kernel], right.degree

    def task(block, start, stop):
        add(left.rows, left.terms, right.panels, terms, packed, degree, sums, start, stop)

    block = max(1, BLOCK_OPERATIONS // max(operations, 1)) * TILE_ROWS
    for_each_block(task, len(left.rows), block, work=operations * len(left.rows) / TILE_ROWS / 8)
    sums_out[:] = sums[:, : left.n_rows]


def values_of_few(X, vectors, kernel, gamma, coef0, degree, values_out):
    """Compute kernel values of so few rows that laying the points out would take longer.

    Parameters
    ----------
    X : float64 array of shape (n_rows, n_features)
        The rows that are asked.
    vectors : float64 array of shape (n_points, n_features)
        The points.
    kernel, gamma, coef0, degree : str, float, float, int
        The function; see `lay_out`.
    values_out : float64 array of shape (n_rows, n_points)
        Receives the values.
    """
    n_points, function = len(vectors), list(FUNCTIONS).index(kernel)
    operations = len(X) * (X.shape[1] + 4 * EXP_OPERATIONS)

    def task(block, start, stop):
        compute_values(X, vectors, function, gamma, coef0, degree, values_out, start, stop)

    block = max(BLOCK_OPERATIONS // (8 * operations), 1)
    for_each_block(task, n_points, block, work=operations * n_points / 2)
