"""How far predictions are from the truth, on CUDA: the twins of `fastml.kernels.cpu.errors`.

They are sums of a few elementwise operations, bound by memory, and CuPy's.
"""

import numpy as np

from .._cuda import cp

__all__ = ["log_loss_sums", "residual_sums"]


def residual_sums(truth, predicted, weights=None):
    """See the CPU twin."""
    residuals = cp.asarray(truth, np.float64) - cp.asarray(predicted, np.float64)
    weights = cp.ones(residuals.shape[0], np.float64) if weights is None else weights
    return cp.stack([weights @ (residuals * residuals), weights @ abs(residuals)])


def log_loss_sums(probabilities, codes, weights=None):
    """See the CPU twin."""
    smallest = float(np.finfo(probabilities.dtype).eps)
    chances = cp.take_along_axis(probabilities, codes[:, None], axis=1)[:, 0].astype(np.float64)
    losses = -cp.log(cp.clip(chances, smallest, 1 - smallest))
    total = losses.sum() if weights is None else weights @ losses
    deviation = abs(probabilities.astype(np.float64).sum(axis=1) - 1).max()
    return float(total), float(deviation)
