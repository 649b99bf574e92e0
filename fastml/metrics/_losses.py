"""Losses of classifiers: logarithmic and hinge loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose
from .._plain import plain_array
from .._validation import sk
from ._labels import encode, given, plain_labels, plain_weights, to_host
from ._ranking import plain_scores

__all__ = ["hinge_loss", "log_loss"]


def log_loss(
    y_true: Any,
    y_proba: Any = None,
    *,
    normalize: bool = True,
    sample_weight: Any = None,
    labels: Any = None,
    device: str | None = None,
    **deprecated: Any,
) -> float:
    """Compute the logarithmic loss: the mean of minus the logarithm of the true class's probability.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or label indicator matrix
        True labels.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Probabilities of the sorted labels, or of the greater of two.
    normalize : bool, default=True
        If False, return the sum instead of the mean.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    labels : array-like of shape (n_classes,), default=None
        All labels; None means those of `y_true`.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.
    **deprecated : dict
        ``y_pred``, an earlier name of `y_proba`.

    Returns
    -------
    float
        In nats; 0 is best.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    hinge_loss : For decisions instead of probabilities.

    Notes
    -----
    Probabilities are clipped to what their dtype can tell from 0 and 1.

    Examples
    --------
    >>> from fastml.metrics import log_loss
    >>> y_proba = [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]]
    >>> round(log_loss(["spam", "ham", "ham", "spam"], y_proba), 4)
    0.2162
    """
    found = None
    if not deprecated and isinstance(normalize, bool):
        found = _log_loss(y_true, y_proba, normalize, sample_weight, labels, device)
    if found is None:
        options = {"normalize": normalize, "sample_weight": given(sample_weight), "labels": labels}
        probabilities = () if y_proba is None else (given(y_proba),)
        return sk("sklearn.metrics.log_loss")(given(y_true), *probabilities, **options, **deprecated)
    return found


def _log_loss(y_true, y_proba, normalize, sample_weight, labels, device):
    """The loss, or None for what scikit-learn is to look at."""
    coded = _codes(y_true, labels)
    probabilities = plain_scores(y_proba, np.ndim(y_proba)) if np.ndim(y_proba) in (1, 2) else None
    if coded is None or probabilities is None or len(coded[0]) != len(probabilities):
        return None
    codes, n_classes = coded
    weights = None if sample_weight is None else plain_weights(sample_weight, codes)
    if sample_weight is not None and (weights is None or weights.min() < 0):
        return None
    chosen = choose(device, y_proba, work=30.0 * len(codes))
    probabilities = chosen.asarray(probabilities)
    if probabilities.ndim == 1 or probabilities.shape[1] == 1:
        second = probabilities.reshape(-1)
        probabilities = chosen.xp.stack([1 - second, second], axis=1)
    if probabilities.shape[1] != n_classes or not 0 <= probabilities.min() <= probabilities.max() <= 1:
        return None
    total_weight = len(codes) if weights is None else float(weights.sum())
    weights = None if weights is None else chosen.asarray(weights, np.float64)
    total, deviation = chosen.kernels.errors.log_loss_sums(probabilities, chosen.asarray(codes), weights)
    if deviation > np.sqrt(np.finfo(probabilities.dtype).eps):  # scikit-learn warns
        return None
    return total / total_weight if normalize else total


def _codes(y_true, labels):
    """The number of each sample's class among the sorted labels, and how many there are; or None."""
    truth = plain_labels(y_true)
    if truth is None:
        return None
    truth = to_host(truth)
    if labels is None:
        codes, n_classes = encode(truth)
        return (codes, n_classes) if n_classes > 1 else None
    wanted = plain_labels(labels)
    if wanted is None or (wanted.dtype.kind == "U") != (truth.dtype.kind == "U"):
        return None
    wanted = np.unique(to_host(wanted))
    codes = np.minimum(np.searchsorted(wanted, truth), len(wanted) - 1)
    return (codes, len(wanted)) if len(wanted) > 1 and (wanted[codes] == truth).all() else None


def hinge_loss(y_true: Any, pred_decision: Any, *, labels: Any = None, sample_weight: Any = None) -> float:
    """Compute the mean hinge loss: by how much the margin of a decision falls short of 1.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    pred_decision : array-like of shape (n_samples,) or (n_samples, n_classes)
        Decisions: positive for the greater of two labels, or a number for each.
    labels : array-like of shape (n_classes,), default=None
        All labels; None means those of `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    float
        0 is best.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    log_loss : For probabilities.

    References
    ----------
    .. [1] K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
       machines", Journal of Machine Learning Research 2, 265-292, 2001.

    Examples
    --------
    >>> from fastml.metrics import hinge_loss
    >>> round(hinge_loss([-1, 1, 1], [-2.18, 2.36, 0.09]), 2)
    0.3
    """
    codes, n_classes = _codes(y_true, labels) or (None, 0)
    weights = None if sample_weight is None or codes is None else plain_weights(sample_weight, codes)
    margins = None
    if codes is not None and (weights is not None or sample_weight is None):
        margins = _margins(codes, n_classes, to_host(pred_decision))
    if margins is None:
        options = {"labels": labels, "sample_weight": given(sample_weight)}
        return sk("sklearn.metrics.hinge_loss")(given(y_true), given(pred_decision), **options)
    return float(np.average(np.maximum(1 - margins, 0), weights=weights))


def _margins(codes, n_classes, decision):
    """By how much the true class is ahead, or None for what scikit-learn is to look at."""
    if n_classes == 2:
        plain = decision.shape == codes.shape and decision.dtype.kind == "f" and np.isfinite(decision).all()
        return np.where(codes == 1, decision, -decision) if plain else None
    others = plain_array(decision, copy=True) if decision.shape == (len(codes), n_classes) else None
    if others is None:
        return None
    rows = np.arange(len(codes))
    own = others[rows, codes].copy()
    others[rows, codes] = -np.inf
    return own - others.max(axis=1)
