"""Products of features on CUDA: the twin of `fastml.kernels.cpu.polynomial`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, int32, int64, u32

__all__ = ["expand"]


@cuda_kernel
def multiply_features(
    X: T[:],  # IN  (n_samples * n_features,)
    factors: int32[:],  # IN  (n_columns * degree,) the features of each monomial, -1 for none
    n_features: int64,
    degree: int64,
    by_row: int64,  # 1 if the monomials of a sample stand together, 0 if those of a column
    expanded_out: T[:],  # OUT (n_samples * n_columns,)
):
    """A thread for each monomial of each sample; factors in the order in which the CPU multiplies them."""
    i = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if i >= expanded_out.shape[0]:
        return
    n_columns = factors.shape[0] // degree
    n_samples = expanded_out.shape[0] // n_columns
    row = i // n_columns if by_row == int64(1) else i % n_samples
    column = i % n_columns if by_row == int64(1) else i // n_samples
    product = T(1)
    for t in range(u32(degree)):
        feature = factors[column * degree + int64(t)]
        if feature >= int32(0):
            product = product * X[row * n_features + int64(feature)]
    expanded_out[i] = product


def _factors(segments, n_ones, n_features, n_columns):
    """The features of each monomial, in the order of multiplication."""
    factors = [[] for _ in range(n_columns)]
    for j in range(min(n_features, n_columns - n_ones)):
        factors[n_ones + j] = [j]
    for source, length, feature, target in segments.tolist():
        for k in range(length):
            factors[target + k] = [*factors[source + k], feature]
    degree = max(1, *map(len, factors))
    return np.array([row + [-1] * (degree - len(row)) for row in factors], np.int32)


def expand(X, segments, n_ones, out):
    """See the CPU twin."""
    factors = _factors(segments, n_ones, X.shape[1], out.shape[1])
    by_row = out.flags.c_contiguous
    flat = (out if by_row else out.T).reshape(-1)
    sizes = np.int64(X.shape[1]), np.int64(factors.shape[1]), np.int64(by_row)
    multiply_features[(blocks_for(out.size),), (BLOCK,)](
        X.reshape(-1), cp.asarray(factors.reshape(-1)), *sizes, flat
    )
