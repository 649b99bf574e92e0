"""How data comes to the kernels of linear models."""

from __future__ import annotations

from .._device import CPU, choose, is_sparse, report_fallback
from ..solvers.linear_loss import Objective

__all__ = ["choose_device", "make_objective"]

USUAL_PASSES = 20  # over the data, for estimating the work of a fit


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


def make_objective(device, loss, X, y, sample_weight, **options):
    """Make the loss of validated data.

    Parameters
    ----------
    device : Device
        Where to compute.
    loss : str
        As `Objective` names it.
    X : array or CSR matrix of shape (n_samples, n_features)
        The data.
    y : array of shape (n_samples,)
        Targets, or numbers of classes.
    sample_weight : array of shape (n_samples,) or None
        Weights; None means ones.
    **options : dict
        Those of `Objective`.

    Returns
    -------
    objective : Objective
        Without a penalty.
    """
    weight = None if sample_weight is None else device.asarray(sample_weight, X.dtype)
    return Objective(device, loss, _as_rows(device, X), device.asarray(y, X.dtype), weight, **options)


def _as_rows(device, X):
    """The data where the kernels are; a CSR matrix as its arrays."""
    if not is_sparse(X):
        return device.asarray(X)
    return CPU.kernels.linear_scores.csr_of(X)
