"""Dividing rows by their norms on CUDA."""

import math

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, u32
from ._reduce import lane_max, lane_sum

L1, L2, MAX = 1, 2, 3
NORMS = {"l1": L1, "l2": L2, "max": MAX}

norm = L2  # what a kernel does not bind otherwise


def normalize(
    X: T[:, :],  # IN  (n_samples, n_features)
    smallest: T,  # IN  norms below count as 1
    norms_out: T[:],  # OUT (n_samples,)
    scaled_out: T[:, :],  # OUT (n_samples, n_features) may be X itself
):
    """A warp for each row; sums in float64, as on the CPU."""
    lane = u32(cuda.threadIdx.x) & u32(31)
    row = u32(cuda.blockIdx.x) * u32(BLOCK // 32) + (u32(cuda.threadIdx.x) >> u32(5))
    n_features = u32(X.shape[1])
    stop = n_features if row < u32(X.shape[0]) else u32(0)
    size = float64(0)
    rest = float64(0)
    for j in range(lane, stop, u32(32)):
        x = abs(float64(X[row, u32(j)]))
        if norm == L1:
            size += x
        elif norm == L2:
            size += x * x
        else:
            size = max(size, x)
            rest += x - x  # zero, or NaN
    if norm == MAX:
        size = lane_max(size, 32) + lane_sum(rest, 32)
    else:
        size = lane_sum(size, 32)
    if norm == L2:
        size = math.sqrt(size)
    divisor = T(1) if T(size) < smallest else T(size)
    for j in range(lane, stop, u32(32)):
        scaled_out[row, u32(j)] = X[row, u32(j)] / divisor
    if lane == u32(0) and row < u32(X.shape[0]):
        norms_out[row] = T(size)


NORMALIZE = {name: cuda_kernel(normalize, norm=number) for name, number in NORMS.items()}


def divide_by_norms(X, norm, smallest, out):
    """Divide every row by its norm, unless that is below `smallest`; return the norms."""
    norms = cp.empty(X.shape[0], X.dtype)
    NORMALIZE[norm][(blocks_for(X.shape[0], BLOCK // 32),), (BLOCK,)](X, X.dtype.type(smallest), norms, out)
    return norms
