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
from .._compile import TILE_ROWS, TILE_VECTORS, TILE_WIDTH, T, helper, int64, kernel, simd, tile_width
from ..scalar import canberra_term, differs, minkowski_term

# Panels that stay in the second-level cache while the rows of a block pass by: values, not bytes.
CACHED_VALUES = 32_768
# A block of rows has about this many distances' terms: some milliseconds of work.
BLOCK_TERMS = 2**25


# ---- kernels ---------------------------------------------------------------------------------
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


# Each of these gives the tile of distances between the rows of X from the flat index a on and the panel at b.
@helper
def euclidean_tile(X, a, n_features, panels, b):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_squared_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return simd.sqrt(acc)


@helper
def sqeuclidean_tile(X, a, n_features, panels, b):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_squared_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def manhattan_tile(X, a, n_features, panels, b):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def chebyshev_tile(X, a, n_features, panels, b):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.max_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    return acc


@helper
def cosine_tile(X, a, n_features, panels, b):
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for t in range(n_features):
        acc = simd.add_products(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    acc = simd.maximum(
        simd.tile(T(1), TILE_ROWS, TILE_VECTORS) - acc, simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    )
    return simd.minimum(acc, simd.tile(T(2), TILE_ROWS, TILE_VECTORS))


TILES = {
    "euclidean": euclidean_tile,
    "sqeuclidean": sqeuclidean_tile,
    "manhattan": manhattan_tile,
    "chebyshev": chebyshev_tile,
    "cosine": cosine_tile,
}
distance_tile = euclidean_tile  # what a kernel names; it is bound to another for each metric


# Each of these adds one feature's terms for a row and a panel to the panel's sums.
@helper
def add_canberra_terms(x, panels, at, p, sums_work):
    for k in range(TILE_WIDTH):
        sums_work[k] += canberra_term(x, panels[at + k])


@helper
def add_hamming_terms(x, panels, at, p, sums_work):
    for k in range(TILE_WIDTH):
        sums_work[k] += differs(x, panels[at + k])


@helper
def add_braycurtis_terms(x, panels, at, p, sums_work):
    for k in range(TILE_WIDTH):
        sums_work[k] += abs(x - panels[at + k])
        sums_work[TILE_WIDTH + k] += abs(x + panels[at + k])


@helper
def add_minkowski_terms(x, panels, at, p, sums_work):
    for k in range(TILE_WIDTH):
        sums_work[k] += minkowski_term(x, panels[at + k], p)


TERMS = {
    "canberra": add_canberra_terms,
    "hamming": add_hamming_terms,
    "braycurtis": add_braycurtis_terms,
    "minkowski": add_minkowski_terms,
}
add_terms = add_minkowski_terms


def for_each_metric(name, helpers):
    """Declare a kernel for each metric: a function in which `name` stands for that metric's helper.

    One kernel that chose between the metrics would take three times as long to compile.
    """

    def declare(function):
        kernels = {}
        for metric, used in helpers.items():
            bound = types.FunctionType(function.__code__, {**function.__globals__, name: used})
            functools.update_wrapper(bound, function)
            bound.__qualname__ = f"{function.__qualname__}_{metric}"
            kernels[metric] = kernel(bound)
        return kernels

    return declare


@helper
def panels_at_a_time(n_features):
    """How many panels stay in the cache while rows pass by."""
    return max(1, CACHED_VALUES // (TILE_WIDTH * max(1, n_features)))


@helper
def row_in_tiles(i, start, n_rows):
    """Where row i stands among the rows of the tiles from `start` on; the last tile reaches back."""
    tile = start + (i - start) // TILE_ROWS * TILE_ROWS
    return tile - start + i - min(tile, max(n_rows - TILE_ROWS, 0))


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

    for_each_block(task, n_panels, max(1, BLOCK_TERMS // (8 * width * n_features)), work=panels.size)
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


def rows_of_block(terms):
    """Rows in a block, from the terms of one row: whole tiles, some milliseconds."""
    return max(1, BLOCK_TERMS // max(1, terms) // TILE_ROWS) * TILE_ROWS
