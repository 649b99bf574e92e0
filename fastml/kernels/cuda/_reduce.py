"""Reductions over the lanes of a warp."""

from .._cuda import cuda, helper

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
