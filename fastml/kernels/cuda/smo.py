"""Steps of sequential minimal optimisation on CUDA: the twins of `fastml.kernels.cpu.smo`."""

from .._cuda import BLOCK, blocks_for, cuda, cuda_kernel, float32, float64, int64, u32

__all__ = ["add_rows", "gather_square"]


# ---- kernels -----------------------------------------------------------------------------
@cuda_kernel
def gather_values(
    values: float32[:, :],  # IN  (n_slots, n_rows)
    slots: int64[:],  # IN  (n_picks,)
    picks: int64[:],  # IN  (n_picks,)
    square_out: float64[:, :],  # OUT (n_picks, n_picks)
):
    """A thread for each value."""
    n_picks = u32(picks.shape[0])
    at = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    if at < n_picks * n_picks:
        square_out[at // n_picks, at % n_picks] = float64(values[slots[at // n_picks], picks[at % n_picks]])


@cuda_kernel
def add_scaled_rows(
    values: float32[:, :],  # IN  (n_slots, n_rows)
    slots: int64[:],  # IN  (n_picks,)
    coefficients: float64[:],  # IN  (n_picks,)
    sums_out: float64[:],  # OUT (n_rows,) += coefficient times row
):
    """A thread for each column."""
    column = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    if column < u32(sums_out.shape[0]):
        total = sums_out[column]
        for k in range(u32(slots.shape[0])):
            total += coefficients[k] * float64(values[slots[k], column])
        sums_out[column] = total


# ---- launchers ---------------------------------------------------------------------------
def gather_square(values, slots, picks, square_out):
    """See the CPU twin."""
    gather_values[(blocks_for(square_out.size),), (BLOCK,)](values, slots, picks, square_out)


def add_rows(values, slots, coefficients, sums_out):
    """See the CPU twin."""
    add_scaled_rows[(blocks_for(sums_out.shape[0]),), (BLOCK,)](values, slots, coefficients, sums_out)
