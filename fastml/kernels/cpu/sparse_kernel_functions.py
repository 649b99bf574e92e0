"""Kernel functions of the rows of sparse matrices.

A panel's worth of rows is made dense, feature by feature, so that a nonzero of any other row meets all of
them in one update of a register tile.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._threads import for_each_block, one_blas_thread
from .._compile import TILE_ROWS, TILE_VECTORS, TILE_WIDTH, T, int32, int64, kernel, simd, tile_width
from ..scalar import scale_and_term
from ._distance_tiles import pack
from .kernel_functions import for_each_function, rbf

__all__ = ["kernel_matrix", "kernel_rows", "lay_out", "sum_kernel_rows", "take_points"]

BLOCK_ROWS = 170 * TILE_ROWS  # whose values with a panel stay in the second-level cache

finish = rbf  # what a kernel for each function names; it is bound anew


# ---- range kernels ---------------------------------------------------------------------------------
@kernel
def multiply_panel(
    data: T[:],  # IN (n_nonzero,) of a CSR matrix of n_rows rows
    indices: int32[:],  # IN (n_nonzero,)
    indptr: int32[:],  # IN (n_rows + 1,)
    terms: T[:],  # IN (n_rows,)
    panel: T[:],  # IN (n_features * TILE_WIDTH,) rows side by side
    panel_terms: T[:],  # IN (TILE_WIDTH,)
    products_out: T[:, :],  # OUT (stop - start, TILE_WIDTH) terms and products
    start: int64,
    stop: int64,
):
    for j in range(start, stop):
        acc = simd.tile_of_row(panel_terms, 0, 1, TILE_VECTORS) + simd.tile(terms[j], 1, TILE_VECTORS)
        for k in range(indptr[j], indptr[j + 1]):
            acc = simd.add_products(acc, data, k, 1, panel, int64(indices[k]) * TILE_WIDTH)
        simd.store_tile(acc, products_out, (j - start) * TILE_WIDTH, TILE_WIDTH)


@for_each_function
def finish_products(
    values_out: T[:],  # IN, OUT (n_tiles * TILE_ROWS * TILE_WIDTH,) products, then values
    degree: int64,
):
    for at in range(0, values_out.shape[0], TILE_ROWS * TILE_WIDTH):
        acc = simd.tile_of_rows(values_out, at, TILE_WIDTH, TILE_ROWS, TILE_VECTORS)
        simd.store_tile(finish(acc, degree), values_out, at, TILE_WIDTH)


# ---- launchers ---------------------------------------------------------------------------------------
class Points(NamedTuple):
    """Rows of a sparse matrix, for a kernel function; `lay_out` makes them."""

    rows: Any  # CSR matrix of shape (n_rows, n_features), scaled
    terms: Any  # (n_rows,)
    n_rows: int
    kernel: str
    degree: int


def lay_out(X, kernel, gamma, coef0, degree, offset, dtype, pack_columns=True):
    """Lay the rows of a sparse matrix out for a kernel function of them.

    Parameters
    ----------
    X : CSR matrix of shape (n_samples, n_features)
        The rows, with 32-bit indices.
    kernel, gamma, coef0, degree : str, float, float, int
        The function; see `kernel_functions.lay_out`.
    offset : None
        Nothing is subtracted from sparse rows.
    dtype : dtype
        float32 or float64: in which the function is computed.
    pack_columns : bool, default=True
        For compatibility: it makes no difference.

    Returns
    -------
    points : Points
        For the other functions of this module.
    """
    scale, term = scale_and_term(kernel, gamma, coef0)
    rows = (X * scale).astype(dtype).tocsr()
    terms = np.full(X.shape[0], term, dtype)
    if kernel == "rbf":
        squares = rows.astype(np.float64)
        terms[:] = np.asarray(squares.multiply(squares).sum(axis=1)).ravel() / -2
    return Points(rows, terms, X.shape[0], kernel, degree)


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
    return points._replace(rows=points.rows[picks], terms=points.terms[picks], n_rows=len(picks))


def _panel(points, picks):
    """Up to a panel of rows, made dense and packed, and their terms."""
    width = tile_width(points.terms.dtype)
    panel_terms = np.zeros(width, points.terms.dtype)
    panel_terms[: len(picks)] = points.terms[picks]
    return pack(points.rows[picks].toarray()), panel_terms


def _values(points, panel, panel_terms, start, stop):
    """Kernel values of rows start..stop with a panel."""
    rows, width = points.rows, len(panel_terms)
    padded = -(-(stop - start) // TILE_ROWS) * TILE_ROWS
    values = np.zeros((padded, width), points.terms.dtype)
    multiply_panel(
        rows.data, rows.indices, rows.indptr, points.terms, panel, panel_terms, values, start, stop
    )
    finish_products[points.kernel](values.ravel(), points.degree)
    return values[: stop - start]


def _work(points, n_features):
    """Scalar operations of all rows with a panel, as estimates of work count them."""
    return 8 * (points.rows.nnz + 4 * points.n_rows + n_features)


def kernel_rows(points, picks, slots, values_out):
    """Compute rows of the kernel matrix.

    Parameters
    ----------
    points : Points
        All rows.
    picks : int64 array of shape (n_picks,)
        The rows to compute.
    slots : int64 array of shape (n_picks,)
        In which row of the output each goes.
    values_out : float32 array of shape (n_slots, n_samples)
        Receives the values.
    """
    width = tile_width(points.terms.dtype)
    for first in range(0, len(picks), width):
        some = slots[first : first + width]
        panel, panel_terms = _panel(points, picks[first : first + width])

        def task(block, start, stop, some=some, panel=panel, panel_terms=panel_terms):
            values = _values(points, panel, panel_terms, start, stop)
            values_out[some, start:stop] = values.T[: len(some)]

        for_each_block(task, points.n_rows, BLOCK_ROWS, work=_work(points, points.rows.shape[1]))


def kernel_matrix(points, values_out):
    """Compute the whole kernel matrix.

    Parameters
    ----------
    points : Points
        All rows.
    values_out : float32 array of shape (n_samples, n_samples)
        Receives the values.
    """
    every = np.arange(points.n_rows)
    kernel_rows(points, every, every, values_out)


def sum_kernel_rows(left, right, coefficients, sums_out):
    """Sum kernel values with each of some points, times coefficients: a decision function.

    Parameters
    ----------
    left : Points
        The rows that are asked.
    right : Points
        The points.
    coefficients : float64 array of shape (n_outputs, n_points)
        For each output, one for each point.
    sums_out : float64 array of shape (n_outputs, n_rows)
        Receives the sums.
    """
    width = tile_width(left.terms.dtype)

    def task(block, start, stop):
        panel, panel_terms = _panel(left, np.arange(start, stop))
        sums = np.zeros((len(coefficients), width))
        for first in range(0, right.n_rows, BLOCK_ROWS):
            last = min(first + BLOCK_ROWS, right.n_rows)
            sums += coefficients[:, first:last] @ _values(right, panel, panel_terms, first, last)
        sums_out[:, start:stop] = sums[:, : stop - start]

    n_panels = -(-left.n_rows // width)
    with one_blas_thread():
        for_each_block(task, left.n_rows, width, work=n_panels * _work(right, left.rows.shape[1]))
