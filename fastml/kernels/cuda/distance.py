"""Distances on CUDA: the twins of `fastml.kernels.cpu.distance`."""

import math

import numpy as np

from .._cuda import T, blocks_for, cp, cuda, cuda_kernel, helper, u32
from ..scalar import (
    BRAYCURTIS,
    CANBERRA,
    HAMMING,
    METRICS,
    TILE_METRICS,
    canberra_term,
    differs,
    finish_distance,
    minkowski_term,
)  # fmt: skip
from . import _nearest
from ._memory import scratch_bytes
from ._norms import divide_by_norms
from ._tiles import (
    DEPTH,
    MICRO,
    PITCH,
    SIDE,
    TILE,
    absolute_difference,
    largest_difference,
    place,
    product,
    square_tile,
    squared_difference,
    tile,
)  # fmt: skip

__all__ = ["nearest", "pairwise"]

PADDED = SIDE + 1  # a column of a shared array falls into different banks


# ---- last steps and scores ---------------------------------------------------------------
@helper
def total_itself(total):
    """Of a metric that is its total."""
    return total


@helper
def root(total):
    """Of Euclidean distance."""
    return math.sqrt(total)


@helper
def cosine_distance(total):
    """Of cosine distance between rows of length 1."""
    return min(max(T(1) - total, T(0)), T(2))


@helper
def cosine_score(total, terms, column):
    """What the search for the nearest row ranks by."""
    return cosine_distance(total)


STEPS = {
    "euclidean": (squared_difference, root),
    "sqeuclidean": (squared_difference, total_itself),
    "manhattan": (absolute_difference, total_itself),
    "chebyshev": (largest_difference, total_itself),
    "cosine": (product, cosine_distance),
}


# ---- kernels -----------------------------------------------------------------------------
step, finish, metric = squared_difference, total_itself, HAMMING  # what a kernel does not bind otherwise


def fill_tiles(
    X: T[:, :],  # IN  (n_samples_X, n_features)
    Y: T[:, :],  # IN  (n_samples_Y, n_features)
    none: T[:],  # IN  (0,)
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
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
    square_tile(step, T(0), totals, a, b, rows, columns, X, none, Y, none, row, column, tx, ty)
    for i in range(MICRO):
        r = row + place(i, ty)
        for j in range(MICRO):
            c = column + place(j, tx)
            if r < n_rows and c < n_columns:
                distances_out[r, c] = finish(totals[i, j])


def fill_terms(
    X: T[:, :],  # IN  (n_samples_X, n_features)
    Y: T[:, :],  # IN  (n_samples_Y, n_features)
    p: T,  # IN  the power of Minkowski's metric
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
):
    """A thread for each distance: for metrics whose terms cost more than reading their values."""
    rows = cuda.shared.array((SIDE, PADDED), T)
    columns = cuda.shared.array((SIDE, PADDED), T)
    tx = u32(cuda.threadIdx.x)
    ty = u32(cuda.threadIdx.y)
    n_rows = u32(X.shape[0])
    n_columns = u32(Y.shape[0])
    n_features = u32(X.shape[1])
    across = (n_columns + u32(SIDE - 1)) // u32(SIDE)
    row = u32(cuda.blockIdx.x) // across * u32(SIDE) + ty
    first = u32(cuda.blockIdx.x) % across * u32(SIDE)
    total = T(0)
    scale = T(0)
    for feature in range(u32(0), n_features, u32(SIDE)):
        inside = u32(feature) + tx < n_features
        rows[ty, tx] = X[row, u32(feature) + tx] if inside and row < n_rows else T(0)
        columns[ty, tx] = Y[first + ty, u32(feature) + tx] if inside and first + ty < n_columns else T(0)
        cuda.syncthreads()
        for k in range(min(u32(SIDE), n_features - u32(feature))):
            x = rows[ty, k]
            y = columns[tx, k]
            if metric == CANBERRA:
                total += canberra_term(x, y)
            elif metric == HAMMING:
                total += differs(x, y)
            elif metric == BRAYCURTIS:
                total += abs(x - y)
                scale += abs(x + y)
            else:
                total += minkowski_term(x, y, p)
        cuda.syncthreads()
    if row < n_rows and first + tx < n_columns:
        distances_out[row, first + tx] = finish_distance(metric, total, scale, n_features, p)


FILL_TILES = {name: cuda_kernel(fill_tiles, step=s, finish=f) for name, (s, f) in STEPS.items()}
FILL_TERMS = {
    name: cuda_kernel(fill_terms, metric=number)
    for name, number in METRICS.items()
    if name not in TILE_METRICS
}
NEAREST = {
    "sqeuclidean": _nearest.nearest_kernel(squared_difference, _nearest.total_itself),
    "manhattan": _nearest.nearest_kernel(absolute_difference, _nearest.total_itself),
    "chebyshev": _nearest.nearest_kernel(largest_difference, _nearest.total_itself),
    "cosine": _nearest.nearest_kernel(product, cosine_score),
}


# ---- launchers ---------------------------------------------------------------------------
def pairwise(X, Y, metric, out, p=2.0):
    """See the CPU twin."""
    metric, X, Y, same = _prepare(metric, X, Y, p)
    _fill(X, Y, metric, p, out)
    if same and metric == "cosine":
        cp.fill_diagonal(out, 0)


def _fill(X, Y, metric, p, out):
    if metric in TILE_METRICS:
        size = tile(X.dtype)
        blocks = blocks_for(X.shape[0], size) * blocks_for(Y.shape[0], size)
        FILL_TILES[metric][(blocks,), (SIDE, SIDE)](X, Y, cp.empty(0, X.dtype), out)
    else:
        blocks = blocks_for(X.shape[0], SIDE) * blocks_for(Y.shape[0], SIDE)
        FILL_TERMS[metric][(blocks,), (SIDE, SIDE)](X, Y, X.dtype.type(p), out)


def nearest(X, Y, metric, index_out, distance_out, p=2.0):
    """See the CPU twin."""
    rooted = metric == "euclidean" or (metric == "minkowski" and p == 2)
    metric, X, Y, _ = _prepare("sqeuclidean" if rooted else metric, X, Y, p)
    if metric in TILE_METRICS:
        index, none = cp.empty(X.shape[0], np.int32), cp.empty(0, X.dtype)
        _nearest.launch(NEAREST[metric], X, none, Y, none, index, distance_out)
        index_out[:] = index
    else:
        _nearest_by_panels(X, Y, metric, p, index_out, distance_out)
    if rooted:
        cp.sqrt(distance_out, out=distance_out)


def _nearest_by_panels(X, Y, metric, p, index_out, distance_out):
    rows = max(1, scratch_bytes() // (Y.shape[0] * X.itemsize))
    for start in range(0, X.shape[0], rows):
        part = X[start : start + rows]
        distances = cp.empty((part.shape[0], Y.shape[0]), X.dtype)
        _fill(part, Y, metric, p, distances)
        index_out[start : start + rows] = distances.argmin(axis=1)
        distance_out[start : start + rows] = distances.min(axis=1)


def _prepare(metric, X, Y, p):
    """Reduce a metric to one that has a kernel; for cosine, scale the rows to length 1."""
    same = Y is X
    if metric == "minkowski":
        metric = {1.0: "manhattan", 2.0: "euclidean", math.inf: "chebyshev"}.get(p, metric)
    if metric == "cosine":
        X = _unit_rows(X)
        Y = X if same else _unit_rows(Y)
    return metric, X, Y, same


def _unit_rows(X):
    """The rows of X divided by their lengths; rows of zeros as they are."""
    out = cp.empty_like(X)
    divide_by_norms(X, "l2", np.finfo(X.dtype).smallest_subnormal, out)
    return out
