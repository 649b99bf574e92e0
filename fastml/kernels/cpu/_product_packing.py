"""Columns packed into panels, for the products of all pairs of them (`_product_panels`).

`PANEL` columns lie side by side, row after row, for a slab of `SLAB` rows; then come the slab's next columns.
What lies beside the last column is zero. Columns are the features, in X's order, then the targets.
"""

import numpy as np

from .._compile import LANES, Constant, T, float32, float64, helper, int64, kernel, lanes, simd

__all__ = ["PANEL", "PANEL_VECTORS", "SLAB", "packer", "padded"]

PANEL_VECTORS = 3
PANEL = Constant(lambda dtype: panel_of(dtype))
SLAB = 128  # rows whose products are summed in registers: a panel of them stays in the first-level cache
ROWS_AT_A_TIME = 8  # that are packed before they are weighed, from the first-level cache


def panel_of(dtype):
    """Columns side by side."""
    return PANEL_VECTORS * lanes(dtype)


def padded(width, dtype):
    """The columns of all panels together."""
    return -(-width // panel_of(dtype)) * panel_of(dtype)


# ---- parts of kernels --------------------------------------------------------------------------------
@helper
def weigh_rows(zero, panels, base, n_padded, roots, sums, start, stop):
    """Multiply packed features by the roots of the weights; add up what they stand for."""
    zeros = simd.tile(zero, 1, PANEL_VECTORS)
    for q in range(n_padded // PANEL):
        at, total = base + q * (SLAB * PANEL), zeros
        for i in range(start, stop):
            row = simd.tile_of_row(panels, at + i * PANEL, 1, PANEL_VECTORS)
            if roots.shape[0] > 0:
                root = simd.tile(roots[i], 1, PANEL_VECTORS)
                row = row * root
                simd.store_tile(row, panels, at + i * PANEL, 0)
                row = row * root
            total = total + row
        simd.add_to_doubles(total, sums, q * PANEL, 0)


@helper
def pack_targets(Y, roots, offsets, panels, base, n_before, sums, start, stop):
    """Pack the targets as the columns from `n_before` on."""
    for j in range(Y.shape[1]):
        c = n_before + j
        at = base + c // PANEL * (SLAB * PANEL) + c % PANEL
        for i in range(start, stop):
            root = roots[i] if roots.shape[0] > 0 else 1.0
            value = root * (Y[i, j] - offsets[j])
            panels[at + i * PANEL] = value
            sums[c] += root * value


@helper
def pack_slab(zero, X, Y, roots, offsets, y_roots, y_offsets, panels, base, sums, start, stop):
    """Pack rows of one slab; row i is at the flat index `base + i * PANEL`."""
    d = X.shape[1]
    n_padded = (d + PANEL - 1) // PANEL * PANEL
    zeros = simd.tile(zero, 1, PANEL_VECTORS)
    for first in range(start, stop, ROWS_AT_A_TIME):
        last = min(first + ROWS_AT_A_TIME, stop)
        for c in range(0, d, PANEL):
            offset = simd.tile_of_row(offsets, c, 1, PANEL_VECTORS)
            for i in range(first, last):
                row = simd.load_part(zeros, X, i * d + c, d - c) - offset
                simd.store_tile(row, panels, base + c * SLAB + i * PANEL, 0)
        weigh_rows(zero, panels, base, n_padded, roots, sums, first, last)
        pack_targets(Y, y_roots, y_offsets, panels, base, d, sums, first, last)


# ---- kernels -----------------------------------------------------------------------------------------
@kernel
def pack_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    Y: float64[:, :],  # IN (n_samples, n_targets)
    roots: T[:],  # IN (n_samples,) or (0,) for ones
    offsets: T[:],  # IN (n_padded,) of the features, then zeros
    y_roots: float64[:],  # IN (n_samples,) or (0,) for ones
    y_offsets: float64[:],  # IN (n_targets,)
    panels_out: T[:],  # OUT (n_slabs * SLAB * n_padded,) zeros at first
    sums_out: float64[:],  # OUT (n_padded,) += of the weighted columns
    start: int64,
    stop: int64,
):
    for first in range(start, stop, SLAB):
        last, base = min(first + SLAB, stop), (first - start) * offsets.shape[0] - first * PANEL
        pack_slab(T(0), X, Y, roots, offsets, y_roots, y_offsets, panels_out, base, sums_out, first, last)


@kernel
def pack_rows_as_doubles(
    X: float32[:, :],  # IN (n_samples, n_features)
    Y: float64[:, :],  # IN (n_samples, n_targets)
    roots: float64[:],  # IN (n_samples,) or (0,) for ones
    offsets: float64[:],  # IN (n_padded,) of the features, then zeros
    y_roots: float64[:],  # IN (n_samples,) or (0,) for ones
    y_offsets: float64[:],  # IN (n_targets,)
    panels_out: float64[:],  # OUT (n_slabs * SLAB * n_padded,) zeros at first
    sums_out: float64[:],  # OUT (n_padded,) += of the weighted columns
    start: int64,
    stop: int64,
):
    for first in range(start, stop, SLAB):
        last, base = min(first + SLAB, stop), (first - start) * offsets.shape[0] - first * PANEL
        pack_slab(0.0, X, Y, roots, offsets, y_roots, y_offsets, panels_out, base, sums_out, first, last)


@kernel
def pack_columns(
    columns: T[:, :],  # IN (n_features, n_samples)
    Y: float64[:, :],  # IN (n_samples, n_targets)
    roots: T[:],  # IN (n_samples,) or (0,) for ones
    offsets: T[:],  # IN (n_padded,) of the features, then zeros
    y_roots: float64[:],  # IN (n_samples,) or (0,) for ones
    y_offsets: float64[:],  # IN (n_targets,)
    panels_out: T[:],  # OUT (n_slabs * SLAB * n_padded,) zeros at first
    sums_out: float64[:],  # OUT (n_padded,) += of the weighted columns
    start: int64,
    stop: int64,
):
    d, n_samples = columns.shape
    for first in range(start, stop, SLAB):
        last, base = min(first + SLAB, stop), (first - start) * offsets.shape[0] - first * PANEL
        for c in range(0, d, LANES):
            at = base + c // PANEL * (SLAB * PANEL) + c % PANEL
            n_square = (last - first) // LANES * LANES if c + LANES <= d else 0
            offset = simd.tile_of_row(offsets, c, LANES, 1)
            for i in range(first, first + n_square, LANES):
                square = simd.transpose(simd.tile_of_rows(columns, c * n_samples + i, n_samples, LANES, 1))
                simd.store_tile(square - offset, panels_out, at + i * PANEL, PANEL)
            for j in range(c, min(c + LANES, d)):
                for i in range(first + n_square, last):
                    panels_out[at + i * PANEL + j - c] = columns[j, i] - offsets[j]
        n_padded = (d + PANEL - 1) // PANEL * PANEL
        for j in range(d, min(d + Y.shape[1], n_padded)):  # what a slab before has left
            for i in range(first, last):
                panels_out[base + j // PANEL * (SLAB * PANEL) + j % PANEL + i * PANEL] = T(0)
        weigh_rows(T(0), panels_out, base, n_padded, roots, sums_out, first, last)
        pack_targets(Y, y_roots, y_offsets, panels_out, base, d, sums_out, first, last)


# ---- for launchers -----------------------------------------------------------------------------------
def packer(X, Y, roots, offsets, y_roots, y_offsets, dtype):
    """Make a function that packs rows.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    Y : float64 array of shape (n_samples, n_targets)
        Further columns; there may be none.
    roots, y_roots : float64 array of shape (n_samples,), or None
        Square roots of the samples' weights, for X and for Y; None means ones.
    offsets : array of shape (n_features,)
        What is subtracted from the features.
    y_offsets : float64 array of shape (n_targets,)
        What is subtracted from the targets.
    dtype : dtype
        Of the panels: X's, or float64 where X is in C order.

    Returns
    -------
    pack : callable
        ``pack(panels, sums, start, stop)`` packs these rows and adds the weighted columns to `sums`.
    """
    shift = np.zeros(padded(X.shape[1] + Y.shape[1], dtype), dtype)
    shift[: X.shape[1]] = offsets
    roots = np.empty(0, dtype) if roots is None else roots.astype(dtype, copy=False)
    y_roots = np.empty(0) if y_roots is None else y_roots
    kernel, rows = pack_rows if X.dtype == dtype else pack_rows_as_doubles, X
    if not X.flags.c_contiguous:
        kernel, rows = pack_columns, X.T

    def pack(panels, sums, start, stop):
        kernel(rows, Y, roots, shift, y_roots, y_offsets, panels, sums, start, stop)

    return pack
