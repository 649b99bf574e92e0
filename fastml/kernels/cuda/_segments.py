"""Sums by label without atomics: rows are sorted by label first, so that the result is always the same."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int64, u32

PARTS = 1024  # blocks that share the work, at the least
ROWS = 512  # rows that are worth a part of their own


@cuda_kernel
def sum_segments(
    X: T[:, :],  # IN  (n_samples, n_features)
    offset: T[:],  # IN  (n_features,) subtracted from X, or (0,)
    weights: T[:],  # IN  (n_samples,) or (0,) for ones
    order: int64[:],  # IN  (n_samples,) rows, sorted by label
    starts: int64[:],  # IN  (n_labels + 1,) where each label begins in `order`
    n_parts: int64,
    sums_out: float64[:, :, :],  # OUT (n_labels, n_parts, n_features + 1), last the weights
):
    """Sums of weight times row over a part of a label's rows, for as many columns as the block is wide."""
    values = cuda.shared.array(BLOCK, float64)
    lane = u32(cuda.threadIdx.x)
    slot = u32(cuda.threadIdx.y)
    width = u32(cuda.blockDim.x)
    n_slots = u32(cuda.blockDim.y)
    n_features = u32(X.shape[1])
    across = n_features // width + u32(1)
    column = u32(cuda.blockIdx.x) % across * width + lane
    segment = u32(cuda.blockIdx.x) // across
    label = segment // u32(n_parts)
    part = segment % u32(n_parts)
    size = starts[label + u32(1)] - starts[label]
    start = starts[label] + size * int64(part) // n_parts
    stop = starts[label] + size * int64(part + u32(1)) // n_parts
    moved = offset[column] if column < u32(offset.shape[0]) else T(0)
    total = float64(0)
    if column <= n_features:
        for i in range(start + int64(slot), stop, int64(n_slots)):
            row = order[i]
            x = X[row, column] - moved if column < n_features else T(1)
            total += float64(weights[row]) * float64(x) if weights.shape[0] > 0 else float64(x)
    values[slot * width + lane] = total
    cuda.syncthreads()
    if slot == u32(0) and column <= n_features:
        for s in range(u32(1), n_slots):
            total += values[u32(s) * width + lane]
        sums_out[label, part, column] = total


def sums_by_label(X, offset, weights, labels, n_labels):
    """Sum rows by label.

    Returns
    -------
    sums : float64 array of shape (n_labels, n_features)
        Of weight times (row - offset).
    totals : float64 array of shape (n_labels,)
        Of weights.
    counts : int64 array of shape (n_labels,)
        Of rows.
    """
    n_samples, n_features = X.shape
    order = cp.argsort(labels)  # a radix sort: stable
    starts = cp.searchsorted(labels[order], cp.arange(n_labels + 1))
    n_parts = max(1, min(blocks_for(PARTS, n_labels), blocks_for(n_samples, n_labels * ROWS)))
    sums = cp.empty((n_labels, n_parts, n_features + 1), np.float64)
    width = min(32, 1 << n_features.bit_length())
    blocks = n_labels * n_parts * blocks_for(n_features + 1, width)
    sum_segments[(blocks,), (width, BLOCK // width)](X, offset, weights, order, starts, n_parts, sums)
    sums = sums.sum(axis=1)
    return sums[:, :-1], sums[:, -1], cp.diff(starts)
