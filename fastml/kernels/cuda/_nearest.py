"""The nearest row of Y for each row of X, found in square tiles: for k-means and for distances."""

import numpy as np

from .._cuda import T, blocks_for, cp, cuda, cuda_kernel, helper, int32, u32
from ._reduce import lane_argmin
from ._tiles import DEPTH, MICRO, PITCH, SIDE, TILE, place, square_tile, squared_difference, tile


@helper
def total_itself(total, terms, column):
    """A score."""
    return total


@helper
def term_less_total(total, terms, column):
    """A score: half a squared distance, but for the row of X's own square."""
    return terms[column] - total


step, score = squared_difference, total_itself  # what `nearest_kernel` does not bind otherwise


def nearest_tiles(
    X: T[:, :],  # IN  (n_rows, n_features)
    offset: T[:],  # IN  (n_features,) subtracted from X, or (0,)
    Y: T[:, :],  # IN  (n_columns, n_features)
    terms: T[:],  # IN  (n_columns,) what `score` needs to know of a row of Y, or (0,)
    none: T[:],  # IN  (0,)
    index_out: int32[:],  # OUT (n_rows,) the lowest of several
    score_out: T[:],  # OUT (n_rows,) or (0,)
):
    rows = cuda.shared.array((DEPTH, PITCH), T, alignment=16)
    columns = cuda.shared.array((DEPTH, PITCH), T, alignment=16)
    totals = cuda.local.array((MICRO, MICRO), T)
    a = cuda.local.array(MICRO, T)
    b = cuda.local.array(MICRO, T)
    best = cuda.local.array(MICRO, T)
    where = cuda.local.array(MICRO, int32)
    tx = u32(cuda.threadIdx.x)
    ty = u32(cuda.threadIdx.y)
    row = u32(cuda.blockIdx.x) * u32(TILE)
    n_columns = u32(Y.shape[0])
    for i in range(MICRO):
        best[i] = T(np.inf)
        where[i] = int32(0)
    for first in range(u32(0), n_columns, u32(TILE)):
        square_tile(step, T(0), totals, a, b, rows, columns, X, offset, Y, none, row, u32(first), tx, ty)
        for j in range(MICRO):
            column = u32(first) + place(j, tx)
            if column < n_columns:
                for i in range(MICRO):
                    value = score(totals[i, j], terms, column)
                    if value < best[i]:
                        best[i] = value
                        where[i] = int32(column)
    for i in range(MICRO):
        value, index = lane_argmin(best[i], where[i], SIDE)
        at = row + place(i, ty)
        if tx == u32(0) and at < u32(X.shape[0]):
            index_out[at] = index
            if score_out.shape[0] > 0:
                score_out[at] = value


def nearest_kernel(step, score):
    """The kernel that takes `step` over the features and ranks the rows of Y by `score`."""
    return cuda_kernel(nearest_tiles, step=step, score=score)


def launch(kernel, X, offset, Y, terms, index_out, score_out):
    """Launch a kernel of `nearest_kernel`."""
    blocks = blocks_for(X.shape[0], tile(X.dtype))
    kernel[(blocks,), (SIDE, SIDE)](X, offset, Y, terms, cp.empty(0, X.dtype), index_out, score_out)
