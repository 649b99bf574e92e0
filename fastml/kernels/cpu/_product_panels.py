"""Products of all pairs of columns, summed in register tiles.

Slabs of rows are centred and packed into panels (`_product_packing`). A tile is the products of a strip of
`STRIP` columns with a panel; its row r sums column r of the strip times the panel's. Of a panel that the
diagonal crosses, only the vectors are multiplied that reach the lower triangle.

A tile sums the products of one slab in the dtype of its panels, and float64 takes the slabs' sums. So
float32 panels cost the digits that sums of `SLAB` products lose, however many rows there are.
"""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, Constant, T, float64, int64, kernel, simd, vector_bytes
from ._product_packing import PANEL, PANEL_VECTORS, SLAB, padded

__all__ = ["STRIP", "aligned_zeros", "strip_columns", "sum_products", "symmetric"]

# A tile is STRIP x PANEL_VECTORS vectors: 24 of the 32 registers of AVX-512, 12 of the 16 of AVX2.
STRIP = Constant(lambda dtype: strip_columns())

NARROW = 288  # columns whose products threads sum each for itself
PARTS = 16  # such sums; an even number of them
PART_VALUES = 1 << 18  # the least that is worth such a sum
PACKED = 1 << 16  # values of narrow data that are packed at a time, and stay in the second-level cache
PACKED_WIDE = 1 << 20  # values of wide data that threads pack and multiply together
STRIPS = 12  # that a thread multiplies with all panels before them, while it has them in the cache
SQUARE = 8  # rows that are copied into columns at a time: those of a cache line
FOLDED_ROWS = 64  # of the matrix, for one thread
CACHE_LINE = 64
LINE_VALUES = 8  # of float64


def strip_columns():
    """Columns whose products with a panel are a tile."""
    return 8 if vector_bytes() == 64 else 4


# ---- kernels -----------------------------------------------------------------------------------------
@kernel
def add_products_of_panels(
    panels: T[:],  # IN (n_slabs * SLAB * n_padded,)
    n_rows: int64,
    products_out: float64[:, :],  # OUT (n_strips * STRIP, n_padded) += the lower triangle
    start: int64,  # strips
    stop: int64,
):
    stride = products_out.shape[1]
    for first in range(0, n_rows, SLAB):
        n_inside, base = min(SLAB, n_rows - first), first * stride
        for q in range((stop * STRIP + PANEL - 1) // PANEL):
            b = base + q * SLAB * PANEL
            for s in range(max(start, q * (PANEL // STRIP)), stop):
                p = s * STRIP
                a = base + p // PANEL * SLAB * PANEL + p % PANEL
                out = p * stride + q * PANEL
                n_wanted = p + STRIP - q * PANEL
                for r in range(STRIP):
                    for c in range(0, PANEL, LINE_VALUES):
                        simd.prefetch(products_out, out + r * stride + c)
                if n_wanted <= LANES:
                    one = simd.tile(T(0), STRIP, 1)
                    for t in range(n_inside):
                        one = simd.add_products(one, panels, a + t * PANEL, 1, panels, b + t * PANEL)
                    simd.add_to_doubles(one, products_out, out, stride)
                elif n_wanted <= 2 * LANES:
                    two = simd.tile(T(0), STRIP, 2)
                    for t in range(n_inside):
                        two = simd.add_products(two, panels, a + t * PANEL, 1, panels, b + t * PANEL)
                    simd.add_to_doubles(two, products_out, out, stride)
                else:
                    three = simd.tile(T(0), STRIP, PANEL_VECTORS)
                    for t in range(n_inside):
                        three = simd.add_products(three, panels, a + t * PANEL, 1, panels, b + t * PANEL)
                    simd.add_to_doubles(three, products_out, out, stride)


@kernel
def fold_products(
    parts: float64[:, :, :],  # IN (n_parts, at least n, at least n) lower triangles
    sums: float64[:],  # IN (at least n,)
    share: float64,  # of the sums' products that is subtracted
    products_out: float64[:, :],  # OUT (n, n)
    start: int64,
    stop: int64,
):
    for i in range(start, stop, SQUARE):
        last = min(i + SQUARE, stop)
        for r in range(i, last):
            for j in range(r + 1):
                product = parts[0, r, j]
                for part in range(1, parts.shape[0]):
                    product += parts[part, r, j]
                products_out[r, j] = product - share * sums[r] * sums[j]
        for j in range(last):
            for r in range(max(i, j + 1), last):
                products_out[j, r] = products_out[r, j]


# ---- launchers ---------------------------------------------------------------------------------------
def sum_products(pack, n_samples, width, dtype):
    """Sum the products of all pairs of columns.

    Parameters
    ----------
    pack : callable
        What packs rows: see `packer`.
    n_samples, width : int
        The numbers of rows and columns.
    dtype : dtype
        Of the panels.

    Returns
    -------
    parts : float64 array of shape (n_parts, at least width, at least width)
        Sums of products in the lower triangles. Added up, they do not depend on the number of threads.
    sums : float64 array of shape (at least width,)
        The weighted sums of the columns.
    """
    return (_sum_narrow if width <= NARROW else _sum_wide)(pack, n_samples, width, np.dtype(dtype))


def symmetric(parts, sums, share, width):
    """Add up parts of products, and subtract a share of the sums' products.

    Parameters
    ----------
    parts, sums : array
        As `sum_products` returns them.
    share : float
        The share.
    width : int
        The number of columns.

    Returns
    -------
    products : float64 array of shape (width, width)
        Both triangles.
    """
    products = np.empty((width, width))

    def task(block, start, stop):
        fold_products(parts, sums, share, products, start, stop)

    for_each_block(task, width, FOLDED_ROWS, work=len(parts) * width**2)
    return products


def _sum_narrow(pack, n_samples, width, dtype):
    """Sum parts of the rows, each packed and multiplied by one thread."""
    n_strips, n_padded = -(-width // strip_columns()), padded(width, dtype)
    n_parts = min(PARTS, max(1, n_samples * n_padded // PART_VALUES))
    n_parts += n_parts % 2 if n_parts > 1 else 0  # for two threads to share evenly
    part_rows = -(-n_samples // n_parts)
    n_parts = -(-n_samples // part_rows)
    n_rows = min(max(1, PACKED // n_padded // SLAB), -(-part_rows // SLAB)) * SLAB
    products, sums = (
        aligned_zeros(n_parts, n_strips * strip_columns(), n_padded),
        np.zeros((n_parts, n_padded)),
    )

    def task(part, start, stop):
        panels = aligned_zeros(n_rows * n_padded, dtype=dtype)
        for first in range(start, stop, n_rows):
            last = min(first + n_rows, stop)
            pack(panels, sums[part], first, last)
            add_products_of_panels(panels, last - first, products[part], 0, n_strips)

    for_each_block(task, n_samples, part_rows, work=n_samples * width**2 / 2)
    return products, sums.sum(axis=0)


def _sum_wide(pack, n_samples, width, dtype):
    """Sum all rows into one matrix, whose strips the threads share; chunks of rows are packed before."""
    n_strips, n_padded = -(-width // strip_columns()), padded(width, dtype)
    n_slabs = min(max(1, PACKED_WIDE // n_padded // SLAB), -(-n_samples // SLAB))
    products = aligned_zeros(1, n_strips * strip_columns(), n_padded)
    panels = aligned_zeros(n_slabs * SLAB * n_padded, dtype=dtype)
    sums, slab_sums = np.zeros(n_padded), np.empty((n_slabs, n_padded))
    for begin in range(0, n_samples, n_slabs * SLAB):
        n_rows = min(n_slabs * SLAB, n_samples - begin)

        def pack_slab(slab, start, stop, begin=begin):
            slab_sums[slab] = 0.0
            pack(panels[start * n_padded :], slab_sums[slab], begin + start, begin + stop)

        def multiply(_, start, stop, n_rows=n_rows):
            # The strips with most products come first: what comes last evens out the threads.
            add_products_of_panels(panels, n_rows, products[0], n_strips - stop, n_strips - start)

        for_each_block(pack_slab, n_rows, SLAB, work=4 * n_rows * width)
        for_each_block(multiply, n_strips, STRIPS, work=n_rows * width**2 / 2)
        sums += slab_sums[: -(-n_rows // SLAB)].sum(axis=0)
    return products, sums


def aligned_zeros(*shape, dtype=np.float64):
    """Make an array of zeros that begins with a cache line: vectors across two lines cost time.

    Parameters
    ----------
    *shape : int
        The shape.
    dtype : dtype, default=float64
        The dtype.

    Returns
    -------
    zeros : array of that shape
        C-contiguous.
    """
    n_bytes = np.dtype(dtype).itemsize * math.prod(shape)
    memory = np.zeros(n_bytes + CACHE_LINE, np.uint8)
    first = -memory.__array_interface__["data"][0] % CACHE_LINE
    return memory[first : first + n_bytes].view(dtype).reshape(shape)
