"""Scaling the rows of a matrix on CUDA: the twins of `fastml.kernels.cpu.scaling`."""

import math

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, int32, int64, u32
from ._norms import divide_by_norms

__all__ = ["multiply_add", "normalize_rows", "subtract_divide"]

BLOCKS = 8192  # for a large matrix: some waves of blocks on any GPU


# ---- scaling -----------------------------------------------------------------------------------
divide = True  # what a kernel does not bind otherwise


def scale_values(
    values: T[:],  # IN  (n_samples * n_features,)
    shift: T[:],  # IN  (n_features,)
    scale: T[:],  # IN  (n_features,)
    low: T,
    high: T,
    scaled_out: T[:],  # OUT (n_samples * n_features,) may be `values` itself
    infinite_out: int32[:],  # OUT (1,) 1 if any value is infinite; zero at first
):
    """Scale and clip. A thread stays in one column."""
    n_features = u32(shift.shape[0])
    stride = u32(cuda.gridDim.x) * u32(BLOCK) // n_features * n_features
    first = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    if first >= stride:
        return
    moved = shift[first % n_features]
    factor = scale[first % n_features]
    infinite = False
    for i in range(int64(first), values.shape[0], int64(stride)):
        x = values[i]
        infinite |= abs(x) == T(np.inf)
        x = (x - moved) / factor if divide else x * factor + moved
        x = low if x < low else x
        scaled_out[i] = high if x > high else x
    if infinite:
        infinite_out[0] = int32(1)


SUBTRACT_DIVIDE = cuda_kernel(scale_values, divide=True)
MULTIPLY_ADD = cuda_kernel(scale_values, divide=False)


def subtract_divide(X, shift, scale, out, low=-math.inf, high=math.inf):
    """See the CPU twin."""
    return _scale(SUBTRACT_DIVIDE, X, shift, scale, out, low, high)


def multiply_add(X, scale, shift, out, low=-math.inf, high=math.inf):
    """See the CPU twin."""
    return _scale(MULTIPLY_ADD, X, shift, scale, out, low, high)


def _scale(kernel, X, shift, scale, out, low, high):
    infinite = cp.zeros(1, np.int32)
    shift, scale = cp.asarray(shift, X.dtype), cp.asarray(scale, X.dtype)
    blocks = max(min(blocks_for(X.size), BLOCKS), blocks_for(X.shape[1]))
    kind = X.dtype.type
    kernel[(blocks,), (BLOCK,)](X.reshape(-1), shift, scale, kind(low), kind(high), out.reshape(-1), infinite)
    return bool(infinite[0])


# ---- norms of rows -----------------------------------------------------------------------------
def normalize_rows(X, norm, out):
    """See the CPU twin."""
    return divide_by_norms(X, norm, 10 * np.finfo(X.dtype).eps, out)
