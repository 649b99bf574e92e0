"""Areas under curves of rankings, for two classes, several, or several labels a sample."""

from __future__ import annotations

import itertools
import numbers
from typing import Any

import numpy as np

from .._device import choose
from .._validation import sk
from ._labels import encode, given, plain_labels, to_host
from ._ranking import WORK, auc, curve_of, plain_scores, positive_weights

__all__ = ["average_precision_score", "roc_auc_score"]


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: Any = None,
    device: str | None = None,
) -> Any:
    """Compute the area under the receiver operating characteristic.

    For two classes it is the probability that a positive has a higher score than a negative, where equal
    scores count one half.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or label indicator matrix of shape (n_samples, n_classes)
        True labels. Of two, the greater is positive.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores, the higher the more likely positive. For several classes probabilities that sum to 1, with
        columns in the order of the sorted labels.
    average : {"micro", "macro", "samples", "weighted"} or None, default="macro"
        How areas of several classes or labels become one: that of all entries together, the mean, the mean
        over the samples' areas, or the mean weighted by the classes' sizes. None returns them all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    max_fpr : float, default=None
        The area up to this false positive rate only, standardised by McClish's formula [1]_.
    multi_class : {"raise", "ovr", "ovo"}, default="raise"
        For several classes: each against the rest, or the pairs of classes as Hand and Till [2]_ have it.
    labels : array-like of shape (n_classes,), default=None
        The labels of the columns of `y_score`, sorted; None means those of `y_true`.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        From 0 to 1; 0.5 for scores that say nothing.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    roc_curve : The curve.
    average_precision_score : The area under the curve of precision and recall.

    References
    ----------
    .. [1] D. K. McClish, "Analyzing a portion of the ROC curve", Medical Decision Making 9, 190-195, 1989.
    .. [2] D. J. Hand, R. J. Till, "A simple generalisation of the area under the ROC curve for multiple class
       classification problems", Machine Learning 45, 171-186, 2001.

    Examples
    --------
    >>> from fastml.metrics import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    plain = multi_class in ("raise", "ovr", "ovo") and labels is None
    plain = plain and (max_fpr is None or (isinstance(max_fpr, numbers.Real) and 0 < max_fpr <= 1))
    part = None if max_fpr == 1 else max_fpr
    found = (
        _average(y_true, y_score, average, sample_weight, multi_class, device, _Area(part)) if plain else None
    )
    if found is None:
        options = {
            "average": average, "max_fpr": max_fpr, "multi_class": multi_class, "labels": labels,
            "sample_weight": given(sample_weight),
        }  # fmt: skip
        return sk("sklearn.metrics.roc_auc_score")(given(y_true), given(y_score), **options)
    return found


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: Any = None,
    device: str | None = None,
) -> Any:
    """Compute the average precision: that at each threshold, weighted by what the recall gains there.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or label indicator matrix of shape (n_samples, n_classes)
        True labels.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores, the higher the more likely positive.
    average : {"micro", "macro", "samples", "weighted"} or None, default="macro"
        How the numbers of several classes or labels become one, as in `roc_auc_score`.
    pos_label : int, float, bool or str, default=1
        The label of the positive class.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    float or ndarray of shape (n_classes,)
        From 0 to 1.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    precision_recall_curve : The curve.

    Examples
    --------
    >>> from fastml.metrics import average_precision_score
    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    found = None
    if isinstance(pos_label, numbers.Integral) and pos_label == 1:
        found = _average(y_true, y_score, average, sample_weight, "ovr", device, _average_precision)
    if found is None:
        options = {"average": average, "pos_label": pos_label, "sample_weight": given(sample_weight)}
        return sk("sklearn.metrics.average_precision_score")(given(y_true), given(y_score), **options)
    return found


# ---- two classes ------------------------------------------------------------------------------
class _Area:
    """The area under the curve up to a false positive rate, or under all of it."""

    def __init__(self, max_fpr):
        self.max_fpr = max_fpr

    def __call__(self, device, scores, positive, weights=None):
        if weights is None and self.max_fpr is None:
            ranking = device.kernels.ranking
            wins, n, m = ranking.count_wins(device.asarray(scores), device.asarray(positive))
            return wins / (2 * n * m)
        (tps, fps), _ = curve_of(device, scores, positive, weights)
        tpr, fpr = (np.concatenate([[0.0], sums / sums[-1]]) for sums in (tps, fps))
        if self.max_fpr is None:
            return auc(fpr, tpr)
        return _partial_area(fpr, tpr, self.max_fpr)


def _partial_area(fpr, tpr, max_fpr):
    """0.5 for scores that say nothing, 1 for the best."""
    stop = np.searchsorted(fpr, max_fpr, "right")
    end = np.interp(max_fpr, fpr[stop - 1 : stop + 1], tpr[stop - 1 : stop + 1])
    area = auc(np.append(fpr[:stop], max_fpr), np.append(tpr[:stop], end))
    smallest = 0.5 * max_fpr**2
    return 0.5 * (1 + (area - smallest) / (max_fpr - smallest))


def _average_precision(device, scores, positive, weights=None):
    (tps, fps), _ = curve_of(device, scores, positive, weights)
    gains = np.diff(tps, prepend=0.0) / tps[-1]
    return float(gains @ (tps / (tps + fps)))


# ---- several ------------------------------------------------------------------------------------
def _average(y_true, y_score, average, sample_weight, multi_class, device, score):
    """The average of `score` over classes, or None for what scikit-learn is to look at."""
    if average not in ("micro", "macro", "weighted", None):
        return None
    scores = plain_scores(y_score)
    if scores is not None:
        return _binary(y_true, scores, sample_weight, device, score)
    scores = plain_scores(y_score, ndim=2)
    if scores is None or multi_class == "raise" and np.ndim(y_true) != 2:
        return None
    scores = to_host(scores)
    chosen = choose(device, y_score, work=WORK * scores.size)
    if np.ndim(y_true) == 2:
        truth = _plain_indicator(y_true, scores.shape)
    else:
        truth = _classes(y_true, scores, average, multi_class, sample_weight, score)
    if truth is None:
        return None
    if multi_class == "ovo" and np.ndim(y_true) != 2:
        return _one_against_one(chosen, truth, scores, average, score)
    weights = positive_weights(sample_weight, truth[:, 0])
    return None if weights is False else _by_column(chosen, truth, scores, average, weights, score)


def _binary(y_true, scores, sample_weight, device, score):
    labels = plain_labels(y_true)
    if labels is None or labels.shape != scores.shape:
        return None
    weights = positive_weights(sample_weight, labels)
    if weights is False:
        return None
    labels = to_host(labels)
    if labels.dtype.kind == "U":
        if score is _average_precision:  # whose positive class is 1
            return None
        labels, _ = encode(labels)
    low, high = labels.min(), labels.max()
    positive = labels == high
    if (score is _average_precision and high != 1) or low == high or not (positive | (labels == low)).all():
        return None
    return score(choose(device, scores, work=WORK * len(labels)), scores, positive, weights)


def _plain_indicator(y_true, shape):
    """An indicator matrix as booleans, or None."""
    if (
        type(y_true) is not np.ndarray
        or y_true.shape != shape
        or y_true.dtype.kind not in "biu"
        or shape[1] < 2
    ):
        return None
    truth = y_true.astype(bool)
    return truth if (y_true == truth).all() else None


def _classes(y_true, scores, average, multi_class, sample_weight, score):
    """Which samples are of which class, or None where scikit-learn has an error."""
    labels = plain_labels(y_true)
    if labels is None or len(labels) != len(scores) or scores.shape[1] < 3:
        return None
    codes, n_classes = encode(to_host(labels))
    fits = n_classes == scores.shape[1]
    if isinstance(score, _Area):
        fits = fits and score.max_fpr is None and np.allclose(scores.sum(axis=1), 1)
    if multi_class == "ovo":
        fits = fits and sample_weight is None and average in ("macro", "weighted")
    return codes[:, None] == np.arange(n_classes) if fits else None


def _by_column(device, truth, scores, average, weights, score):
    """The average over the columns, each against the rest."""
    if average == "micro":
        weights = None if weights is None else np.repeat(weights, truth.shape[1])
        truth, scores = truth.reshape(-1, 1), scores.reshape(-1, 1)
    counts = truth.sum(axis=0)
    if not (counts.all() and (counts < len(truth)).all()):
        return None  # scikit-learn warns
    columns = (np.ascontiguousarray(a.T) for a in (scores, truth))
    found = np.array([score(device, *pair, weights) for pair in zip(*columns)])
    if average is None:
        return found
    sizes = None if average != "weighted" else counts if weights is None else weights @ truth
    return float(np.average(found, weights=sizes))


def _one_against_one(device, truth, scores, average, score):
    """The average over pairs of classes, of both ways to call one of them positive."""
    found, shares = [], []
    for a, b in itertools.combinations(range(truth.shape[1]), 2):
        both = truth[:, a] | truth[:, b]
        areas = [score(device, scores[both, k], truth[both, k]) for k in (a, b)]
        found.append(sum(areas) / 2)
        shares.append(both.mean())
    return float(np.average(found, weights=shares if average == "weighted" else None))
