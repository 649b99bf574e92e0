"""Sums by label without atomics: rows are sorted by label first, so that the result is always the same."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int32, int64, u32

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


@cuda_kernel
def find_segments(
    labels: int32[:],  # IN  (n_samples,)
    order: int64[:],  # IN  (n_samples,) rows, sorted by label
    n_labels: int64,
    starts_out: int64[:],  # OUT (n_labels + 1,) where each label begins in `order`
):
    """A thread for each row, and one more: the labels that begin with it."""
    i = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    n = u32(order.shape[0])
    if i <= n:
        label = int64(labels[order[i]]) if i < n else n_labels
        before = int64(labels[order[i - u32(1)]]) if i > u32(0) else int64(-1)
        for k in range(before + int64(1), label + int64(1)):
            starts_out[k] = int64(i)


@cuda_kernel
def join_segments(
    parts: float64[:, :, :],  # IN  (n_labels, n_parts, n_features + 1) what `sum_segments` found
    starts: int64[:],  # IN  (n_labels + 1,)
    sums_out: float64[:, :],  # OUT (n_labels, n_features)
    weights_out: float64[:],  # OUT (n_labels,)
    counts_out: int64[:],  # OUT (n_labels,) numbers of rows
):
    """A thread for each sum."""
    i = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    width = u32(parts.shape[2])
    label = i // width
    column = i % width
    if label < u32(parts.shape[0]):
        total = float64(0)
        for part in range(parts.shape[1]):
            total += parts[label, u32(part), column]
        if column < width - u32(1):
            sums_out[label, column] = total
        else:
            weights_out[label] = total
            counts_out[label] = starts[label + u32(1)] - starts[label]


def sums_by_label(X, offset, weights, labels, sums_out, weights_out, counts_out):
    """Sum rows by label.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        The rows.
    offset : array of shape (n_features,) or (0,)
        Subtracted from them.
    weights : array of shape (n_samples,) or (0,)
        Their weights, for none ones.
    labels : int32 array of shape (n_samples,)
        Their labels.
    sums_out : float64 array of shape (n_labels, n_features)
        Receives the sums of weight times (row - offset).
    weights_out : float64 array of shape (n_labels,)
        Receives the sums of weights.
    counts_out : int64 array of shape (n_labels,)
        Receives the numbers of rows.
    """
    n_samples, n_features = X.shape
    n_labels = len(weights_out)
    order = cp.argsort(labels)  # a radix sort: stable
    starts = cp.empty(n_labels + 1, np.int64)
    find_segments[(blocks_for(n_samples + 1),), (BLOCK,)](labels, order, n_labels, starts)
    n_parts = max(1, min(blocks_for(PARTS, n_labels), blocks_for(n_samples, n_labels * ROWS)))
    parts = cp.empty((n_labels, n_parts, n_features + 1), np.float64)
    width = min(32, 1 << n_features.bit_length())
    blocks = n_labels * n_parts * blocks_for(n_features + 1, width)
    sum_segments[(blocks,), (width, BLOCK // width)](X, offset, weights, order, starts, n_parts, parts)
    blocks = blocks_for(n_labels * (n_features + 1))
    join_segments[(blocks,), (BLOCK,)](parts, starts, sums_out, weights_out, counts_out)
