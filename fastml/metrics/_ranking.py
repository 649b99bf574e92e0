"""Scores of rankings: curves over all thresholds, and the areas below them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose, is_cuda_array, like_input
from .._docs import describe_like
from .._plain import finite
from .._validation import FLOATS, sk
from ._labels import given, plain_labels, plain_weights, to_host

__all__ = ["auc", "precision_recall_curve", "roc_curve"]

WORK = 100.0  # operations that ranking a sample is worth


def auc(x: Any, y: Any) -> float:
    """Compute the area under a curve by the trapezoidal rule.

    Parameters
    ----------
    x : array-like of shape (n_points,)
        Abscissas, rising or falling; at least two.
    y : array-like of shape (n_points,)
        Ordinates.

    Returns
    -------
    float
        The area.

    Raises
    ------
    ValueError
        As scikit-learn's function: if x goes up and down, among others.

    See Also
    --------
    roc_auc_score : The area under a receiver operating characteristic, from scores.

    Examples
    --------
    >>> from fastml.metrics import auc
    >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])
    0.75
    """
    if all(type(a) is np.ndarray and a.ndim == 1 and a.dtype in FLOATS for a in (x, y)):
        if len(x) == len(y) >= 2:
            steps = np.diff(x)
            if (steps >= 0).all() or (steps <= 0).all():
                return _trapezoids(x, y)
    return sk("sklearn.metrics.auc")(given(x), given(y))


def _trapezoids(x, y):
    """The area under rising or falling abscissas."""
    area = 0.5 * float(np.diff(x) @ (y[1:] + y[:-1]))
    return area if x[-1] >= x[0] else -area


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
    device: str | None = None,
) -> tuple:
    """Compute the receiver operating characteristic of scores for two classes.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_score : array-like of shape (n_samples,)
        Scores, the higher the more likely positive.
    pos_label : int, float, bool or str, default=None
        The label of the positive class; None means 1, where the labels are from {0, 1} or {-1, 1}.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    drop_intermediate : bool, default=True
        Whether to leave out points that lie on the line between their neighbours.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    fpr : ndarray of shape (n_thresholds,)
        False positive rates: the share of the negatives whose score is at least the threshold.
    tpr : ndarray of shape (n_thresholds,)
        True positive rates, likewise of the positives.
    thresholds : ndarray of shape (n_thresholds,)
        Falling; the first is infinite.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    roc_auc_score : The area under the curve.
    precision_recall_curve : For classes of very different size.

    References
    ----------
    .. [1] T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 861-874, 2006.

    Examples
    --------
    >>> from fastml.metrics import roc_curve
    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr
    array([0. , 0. , 0.5, 0.5, 1. ])
    >>> tpr
    array([0. , 0.5, 0.5, 1. , 1. ])
    """
    found = _curve(y_true, y_score, pos_label, sample_weight, drop_intermediate, device)
    if found is None:
        return _by_sklearn("roc_curve", y_true, y_score, pos_label, sample_weight, drop_intermediate)
    (tps, fps), thresholds = found
    if drop_intermediate and len(fps) > 2:
        corner = _ends(np.logical_or(np.diff(fps, 2), np.diff(tps, 2)))
        fps, tps, thresholds = fps[corner], tps[corner], thresholds[corner]
    rates = (np.concatenate([[0.0], sums / sums[-1]]) for sums in (fps, tps))
    thresholds = np.concatenate([[np.inf], thresholds.astype(np.float64)])
    return tuple(like_input(values, y_score) for values in (*rates, thresholds))


@describe_like(roc_curve)
def precision_recall_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
    device: str | None = None,
) -> tuple:
    """Compute precision and recall for all thresholds.

    Parameters
    ----------
    drop_intermediate : bool, default=False
        Whether to leave out points between two of the same recall.

    Returns
    -------
    precision : ndarray of shape (n_thresholds + 1,)
        The share of positives among the samples whose score is at least the threshold; the last is 1.
    recall : ndarray of shape (n_thresholds + 1,)
        The share of the positives whose score is at least the threshold; the last is 0.
    thresholds : ndarray of shape (n_thresholds,)
        Rising.

    See Also
    --------
    average_precision_score : The curve's summary.

    Examples
    --------
    >>> from fastml.metrics import precision_recall_curve
    >>> precision, recall, thresholds = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> recall
    array([1. , 1. , 0.5, 0.5, 0. ])
    >>> thresholds
    array([0.1 , 0.35, 0.4 , 0.8 ])
    """
    found = _curve(y_true, y_score, pos_label, sample_weight, drop_intermediate, device)
    if found is None:
        return _by_sklearn(
            "precision_recall_curve", y_true, y_score, pos_label, sample_weight, drop_intermediate
        )
    (tps, fps), thresholds = found
    if drop_intermediate and len(fps) > 2:
        corner = _ends(np.logical_or(np.diff(tps[:-1]), np.diff(tps[1:])))
        fps, tps, thresholds = fps[corner], tps[corner], thresholds[corner]
    precision = np.concatenate([(tps / (tps + fps))[::-1], [1.0]])
    recall = np.concatenate([(tps / tps[-1])[::-1], [0.0]])
    return tuple(like_input(values, y_score) for values in (precision, recall, thresholds[::-1]))


def _by_sklearn(name, y_true, y_score, pos_label, sample_weight, drop_intermediate):
    options = {"sample_weight": given(sample_weight), "drop_intermediate": drop_intermediate}
    return sk(f"sklearn.metrics.{name}")(given(y_true), given(y_score), pos_label=pos_label, **options)


def _ends(inner):
    return np.concatenate([[True], inner, [True]])


# ---- plain input ----------------------------------------------------------------------------
def plain_scores(y_score, ndim=1):
    """Finite float32 or float64 scores, on the GPU if given so; None for what scikit-learn is to look at."""
    if is_cuda_array(y_score):
        scores = choose("auto", y_score).asarray(y_score)
        fit = scores.ndim == ndim and scores.dtype in FLOATS and bool(abs(scores).max() < np.inf)
        return scores if fit else None
    if isinstance(y_score, (list, tuple)):
        try:
            y_score = np.array(y_score)
        except ValueError:
            return None
    if type(y_score) is not np.ndarray or y_score.ndim != ndim or y_score.dtype not in FLOATS:
        return None
    return np.ascontiguousarray(y_score) if y_score.size and finite(y_score) else None


def positive_weights(sample_weight, labels):
    """Weights above zero as float64, "no weights" as None; False for what scikit-learn is to look at."""
    if sample_weight is None:
        return None
    weights = plain_weights(sample_weight, labels)
    return False if weights is None or weights.min() <= 0 else weights.astype(np.float64)


def _curve(y_true, y_score, pos_label, sample_weight, drop_intermediate, device):
    """Sums over the positives and the negatives for each threshold, on the host, and the thresholds.

    None for what scikit-learn is to look at; without a sample of each class, too, for which it warns.
    """
    labels, scores = plain_labels(y_true), plain_scores(y_score)
    if labels is None or scores is None or labels.shape != scores.shape:
        return None
    weights = positive_weights(sample_weight, labels)
    if weights is False or not isinstance(drop_intermediate, bool):
        return None
    labels = to_host(labels)
    if pos_label is None:
        pos_label = 1 if labels.dtype.kind in "iu" and _are_signs(labels) else None
    elif isinstance(pos_label, str) != (labels.dtype.kind == "U"):
        return None
    positive = None if pos_label is None else labels == pos_label
    if positive is None or positive.all() or not positive.any():
        return None
    return curve_of(choose(device, y_score, work=WORK * len(labels)), scores, positive, weights)


def curve_of(device, scores, positive, weights):
    """The launcher's curve and thresholds, on the host."""
    scores, positive = device.asarray(scores), device.asarray(positive)
    weights = None if weights is None else device.asarray(weights)
    curve, thresholds = device.kernels.ranking.class_curve(scores, positive, weights)
    return device.to_host(curve), device.to_host(thresholds)


def _are_signs(labels):
    """Tell whether the labels are from {0, 1} or {-1, 1}."""
    low, high = int(labels.min()), int(labels.max())
    if high != 1 or low not in (-1, 0):
        return False
    return low == 0 or not (labels == 0).any()
