"""Reductions over the lanes of a warp."""

from .._cuda import BLOCK, cuda, helper, u32

FULL = 0xFFFFFFFF


@helper
def lane_sum(value, width):
    """Sum over groups of `width` neighbouring lanes; every lane gets it."""
    shift = width >> 1
    while shift > 0:
        value += cuda.shfl_xor_sync(FULL, value, shift)
        shift >>= 1
    return value


@helper
def lane_max(value, width):
    """Largest value over groups of `width` neighbouring lanes; every lane gets it."""
    shift = width >> 1
    while shift > 0:
        value = max(value, cuda.shfl_xor_sync(FULL, value, shift))
        shift >>= 1
    return value


@helper
def lane_argmin(value, index, width):
    """Smallest value over groups of `width` neighbouring lanes, the lowest index among equals."""
    shift = width >> 1
    while shift > 0:
        other = cuda.shfl_xor_sync(FULL, value, shift)
        other_index = cuda.shfl_xor_sync(FULL, index, shift)
        if other < value or (other == value and other_index < index):
            value = other
            index = other_index
        shift >>= 1
    return value, index


@helper
def block_sum(value, values):
    """Sum over a block's threads, always in the same order; `values` is shared memory for their number."""
    thread = u32(cuda.threadIdx.x)
    value = lane_sum(value, 32)
    if thread & u32(31) == u32(0):
        values[thread >> u32(5)] = value
    cuda.syncthreads()
    total = values[u32(0)]
    for warp in range(1, BLOCK // 32):
        total += values[u32(warp)]
    cuda.syncthreads()  # before the memory serves for another sum
    return total
