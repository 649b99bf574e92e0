"""What kernels over all pairs of rows share: panels of packed rows, and tiles of distances.

The rows of Y are packed into panels: `TILE_WIDTH` of them side by side, feature by feature, so that a
vector register holds one feature of `LANES` rows. Six rows of X against a panel make a tile of distances
that is complete before it leaves the registers. Differences are squared as they are, not expanded into
products: nothing cancels, whatever the data's offset.
"""

import functools
import types

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    Constant,
    T,
    helper,
    int64,
    kernel,
    simd,
    tile_width,
)

# Panels that stay in the second-level cache while the rows of a block pass by: values, not bytes.
CACHED_VALUES = 32_768
# A block has this many terms of distances: from tens of microseconds to some milliseconds of work.
LEAST_TERMS, MOST_TERMS = 1 << 20, 1 << 28


FEW_ROWS = 2  # of a tile that needs two more for its terms
SMALLEST = Constant(lambda dtype: float(np.finfo(dtype).smallest_subnormal))
MULTIPLIED_POWER = 16.0  # Minkowski's p up to here, in steps of a half, takes no library call for each term


@kernel
def pack_rows(
    Y: T[:, :],  # IN  (n_rows, n_features)
    panels_out: T[:],  # OUT (n_panels * n_features * TILE_WIDTH,)
    start: int64,
    stop: int64,
):
    """Panels start..stop. The last one is filled up with copies of the last row, which lose every tie."""
    n_rows, n_features = Y.shape
    for p in range(start, stop):
        for lane in range(TILE_WIDTH):
            j = min(p * TILE_WIDTH + lane, n_rows - 1)
            at = p * TILE_WIDTH * n_features + lane
            for t in range(n_features):
                panels_out[at + t * TILE_WIDTH] = Y[j, t]


# ---- tiles -----------------------------------------------------------------------------------
# Each of these gives the tile of distances between the rows of X from the flat index a on and the panel at b.
@helper
def squared_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_squared_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def euclidean_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_squared_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return simd.sqrt(acc)


@helper
def manhattan_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def chebyshev_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.max_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def cosine_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_products(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    acc = simd.tile(T(1), TILE_ROWS, TILE_VECTORS) - acc
    acc = simd.maximum(acc, simd.tile(T(0), TILE_ROWS, TILE_VECTORS))
    return simd.minimum(acc, simd.tile(T(2), TILE_ROWS, TILE_VECTORS))


@helper
def product_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_products(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return simd.maximum(acc, simd.tile(T(0), TILE_ROWS, TILE_VECTORS))


@helper
def hamming_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.count_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc / simd.tile(T(n_features), TILE_ROWS, TILE_VECTORS)


@helper
def braycurtis_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    sizes = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        sizes = simd.add_absolute_sums(sizes, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc / sizes


@helper
def canberra_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    zero = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    tiny = simd.tile(T(SMALLEST), FEW_ROWS, TILE_VECTORS)  # 0 / tiny: where both values are 0
    for t in range(n_features):
        apart = simd.add_absolute_differences(zero, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        size = simd.add_absolute_sums(zero, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        size = simd.maximum(apart, size)  # |x| + |y|, whatever their signs
        acc = acc + apart / simd.maximum(size, tiny)
    return acc


@helper
def minkowski_tile(X, a, n_features, panels, b, p):
    acc = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    zero = simd.tile(T(0), FEW_ROWS, TILE_VECTORS)
    halves = int(2 * min(p, MULTIPLIED_POWER))
    for t in range(n_features):
        apart = simd.add_absolute_differences(zero, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        if halves == 2 * p:
            term = simd.sqrt(apart) if halves % 2 else simd.tile(T(1), FEW_ROWS, TILE_VECTORS)
            for _ in range(halves // 2):
                term = term * apart
            acc = acc + term
        else:
            acc = acc + simd.power(apart, p)
    return simd.power(acc, 1 / p)


PRODUCTS = "products"  # no metric: squared distances as products of rows (`distance.write_factors`)
TILES = {
    PRODUCTS: (product_tile, TILE_ROWS),
    "euclidean": (euclidean_tile, TILE_ROWS),
    "sqeuclidean": (squared_tile, TILE_ROWS),
    "manhattan": (manhattan_tile, TILE_ROWS),
    "chebyshev": (chebyshev_tile, TILE_ROWS),
    "cosine": (cosine_tile, TILE_ROWS),
    "hamming": (hamming_tile, TILE_ROWS),
    "braycurtis": (braycurtis_tile, FEW_ROWS),
    "canberra": (canberra_tile, FEW_ROWS),
    "minkowski": (minkowski_tile, FEW_ROWS),
}

METRICS = tuple(name for name in TILES if name != PRODUCTS)
COSTS = {"braycurtis": 4, "canberra": 20, "minkowski": 500}  # of a term, in squared differences


def for_each_metric(metrics):
    """Declare a kernel for each metric: the function with that metric's `distance_tile` and `ROWS`.

    One kernel that chose between the metrics would take three times as long to compile.
    """

    def declare(function):
        kernels = {}
        for metric in metrics:
            tile, rows = TILES[metric]
            names = {**function.__globals__, "distance_tile": tile, "ROWS": rows}
            bound = types.FunctionType(function.__code__, names)
            functools.update_wrapper(bound, function)
            bound.__qualname__ = f"{function.__qualname__}_{metric}"
            kernels[metric] = kernel(bound)
        return kernels

    return declare


# What such a function names; it is bound anew for each metric.
distance_tile, ROWS = TILES["euclidean"]


@helper
def panels_at_a_time(n_features):
    """How many panels stay in the cache while rows pass by."""
    return max(1, CACHED_VALUES // (TILE_WIDTH * max(1, n_features)))


@helper
def row_in_tiles(i, start, n_rows, rows):
    """Where row i stands among the rows of the tiles from `start` on; the last one reaches back."""
    tile = start + (i - start) // rows * rows
    return tile - start + i - min(tile, n_rows - rows)


# ---- for launchers ----------------------------------------------------------------------------
def pack(Y):
    """Pack the rows of an array into panels, as the range kernels read them.

    Parameters
    ----------
    Y : ndarray of shape (n_samples, n_features), float32 or float64
        The rows.

    Returns
    -------
    panels : ndarray of shape (n_panels * n_features * tile_width,)
        Panel by panel, feature by feature, `tile_width(Y.dtype)` rows side by side. The last panel is
        filled up with copies of the last row.
    """
    n_rows, n_features = Y.shape
    width = tile_width(Y.dtype)
    n_panels = -(-n_rows // width)
    panels = np.empty(n_panels * width * n_features, Y.dtype)

    def task(block, start, stop):
        pack_rows(Y, panels, start, stop)

    for_each_block(task, n_panels, max(1, LEAST_TERMS // (4 * width * n_features)), work=panels.size)
    return panels


def unit_rows(X):
    """The rows of X divided by their lengths; rows of zeros as they are."""
    lengths = np.sqrt(np.einsum("ij,ij->i", X, X, dtype=np.float64))
    lengths[lengths == 0] = 1
    return np.divide(X, lengths[:, None], dtype=X.dtype, casting="same_kind")


def whole_tile(X):
    """X, with rows of zeros below where it has fewer than a tile."""
    missing = TILE_ROWS - len(X)
    return np.concatenate([X, np.zeros((missing, X.shape[1]), X.dtype)]) if missing > 0 else X


def rows_of_block(n_rows, terms):
    """Rows in a block, whole tiles, from the terms of a row: eight blocks unless they get too small."""
    limit = min(MOST_TERMS // max(1, terms), max(n_rows // 8, LEAST_TERMS // max(1, terms)))
    return max(1, limit // TILE_ROWS) * TILE_ROWS
