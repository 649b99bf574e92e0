"""How data comes to the kernels of linear models."""

from __future__ import annotations

from .._device import CPU, choose, is_sparse, report_fallback

__all__ = ["as_rows", "choose_device"]

USUAL_PASSES = 20  # over the data, for estimating the work of a fit


def as_rows(device, X):
    """Bring validated data to where the kernels are.

    Parameters
    ----------
    device : Device
        The device; the CPU if X is sparse.
    X : array or CSR matrix of shape (n_samples, n_features)
        The data.

    Returns
    -------
    rows : array or Csr
        The same data.
    """
    if not is_sparse(X):
        return device.asarray(X)
    return CPU.kernels.linear_scores.csr_of(X)


def choose_device(est, X, n_outputs):
    """Choose the device of a fit.

    Parameters
    ----------
    est : estimator
        Its parameter `device` is asked.
    X : array or CSR matrix of shape (n_samples, n_features)
        The data.
    n_outputs : int
        Number of margins of a row.

    Returns
    -------
    device : Device
        The CPU for sparse data.
    """
    if is_sparse(X):
        if choose(est.device).name != "cpu":
            report_fallback(f"computing {type(est).__name__} on the CPU", "the data is sparse")
        return CPU
    return choose(est.device, X, work=4.0 * X.shape[0] * X.shape[1] * n_outputs * USUAL_PASSES)
