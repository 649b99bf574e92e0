"""Precision, recall and F-scores: what comes out of a confusion matrix's sums."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._device import choose
from .._docs import describe_like
from .._validation import sk
from ._classification import numbered, tabulate
from ._labels import given, plain_labels, plain_weights, same_kind

__all__ = ["f1_score", "fbeta_score", "precision_recall_fscore_support", "precision_score", "recall_score"]


def precision_recall_fscore_support(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float = 1.0,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = None,
    warn_for: Any = ("precision", "recall", "f-score"),
    sample_weight: Any = None,
    zero_division: Any = "warn",
    device: str | None = None,
) -> tuple:
    """Compute precision, recall, F-score and support of each class.

    Precision is the share of right ones among the samples predicted to be of a class, recall that among the
    samples of the class, the F-score their weighted harmonic mean.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or label indicator matrix
        True labels.
    y_pred : array-like of shape (n_samples,) or label indicator matrix
        Predicted labels.
    beta : float, default=1.0
        How many times as important recall is as precision, in the F-score.
    labels : array-like of shape (n_labels,), default=None
        The classes, in the order of the results; None means all that occur, sorted.
    pos_label : int, float, bool or str, default=1
        The class that ``average="binary"`` is about.
    average : {"binary", "micro", "macro", "samples", "weighted"} or None, default=None
        How the numbers of the classes become one: that of `pos_label`, that of all decisions together, the
        mean, the mean over samples, or the mean weighted by support. None returns them all.
    warn_for : tuple or set, default=("precision", "recall", "f-score")
        Which of the scores to warn for where they are not defined.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        What a score is where it is not defined; "warn" is 0 and a warning.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to count; None means the configuration's device.

    Returns
    -------
    precision, recall, fscore : float or ndarray of shape (n_labels,)
        From 0 to 1.
    support : None or ndarray of shape (n_labels,)
        How many samples, or what weight, are of each class; None where scores are averaged.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    confusion_matrix : Which labels are taken for which.

    Examples
    --------
    >>> from fastml.metrics import precision_recall_fscore_support
    >>> precision_recall_fscore_support([0, 1, 1, 1], [0, 0, 1, 1])
    (array([0.5, 1. ]), array([1.        , 0.66666667]), array([0.66666667, 0.8       ]), array([1, 3]))
    """
    options = {
        "beta": beta, "labels": labels, "pos_label": pos_label, "average": average, "warn_for": warn_for,
        "sample_weight": sample_weight, "zero_division": zero_division,
    }  # fmt: skip
    found = _scores(y_true, y_pred, device, **options)
    return found or _by_sklearn("precision_recall_fscore_support", y_true, y_pred, options)


def _by_sklearn(name, y_true, y_pred, options):
    options["sample_weight"] = given(options["sample_weight"])
    return sk(f"sklearn.metrics.{name}")(given(y_true), given(y_pred), **options)


def _scores(
    y_true,
    y_pred,
    device,
    *,
    labels,
    pos_label,
    average,
    sample_weight,
    zero_division,
    beta=1.0,
    warn_for=None,
):
    """Precision, recall, F-score and support, or None for what scikit-learn is to look at or to warn of."""
    plain = isinstance(beta, numbers.Real) and 0 <= beta < np.inf and _is_zero_division(zero_division)
    if not (plain and (average == "binary" or pos_label == 1)):
        return None
    sums = _sums(y_true, y_pred, labels, pos_label, average, sample_weight, device)
    if sums is None or not (sums[1].all() and sums[2].all()):
        return None
    right, predicted, true = sums
    scores = (
        right / predicted,
        right / true,
        (1 + beta**2) * right / (beta**2 * true.astype(np.float64) + predicted),
    )
    if average is None:
        return (*scores, true)
    weights = true if average == "weighted" else None
    return (*(float(np.average(score, weights=weights)) for score in scores), None)


def _is_zero_division(value):
    return (isinstance(value, str) and value == "warn") or (
        isinstance(value, numbers.Real) and (value in (0, 1) or value != value)
    )


def _sums(y_true, y_pred, labels, pos_label, average, sample_weight, device):
    """How many samples of each label are right, predicted, true; None for what scikit-learn is to look at."""
    truth, predicted = plain_labels(y_true), plain_labels(y_pred)
    if average not in ("binary", "micro", "macro", "weighted", None) or not same_kind(truth, predicted):
        return None
    weights = None if sample_weight is None else plain_weights(sample_weight, truth)
    if sample_weight is not None and weights is None:
        return None
    chosen = choose(device, y_true, work=4 * truth.shape[0])
    rows, columns, first, values = numbered(chosen, truth, predicted)
    table = tabulate(chosen, rows, columns, first, len(values), weights)
    sums = np.stack([table.diagonal(), table.sum(axis=0), table.sum(axis=1)])
    occurring = np.flatnonzero(sums[1:].any(axis=0))
    if average == "binary":
        labels = [pos_label]
        if len(occurring) > 2:
            return None
    if labels is not None:
        wanted = plain_labels(labels)
        if wanted is None or (wanted.dtype.kind == "U") != (truth.dtype.kind == "U"):
            return None
        occurring = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
        if (values[occurring] != wanted).any():
            return None
    sums = sums[:, occurring]
    return sums.sum(axis=1, keepdims=True) if average == "micro" else sums


@describe_like(precision_recall_fscore_support)
def precision_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
    device: str | None = None,
) -> Any:
    """Compute the precision: the share of right ones among the samples predicted to be of a class.

    Parameters
    ----------
    average : {"binary", "micro", "macro", "samples", "weighted"} or None, default="binary"
        How the numbers of the classes become one, as in `precision_recall_fscore_support`; None returns them
        all.

    Returns
    -------
    float or ndarray of shape (n_labels,)
        From 0 to 1.

    See Also
    --------
    recall_score : The share among the samples of the class.

    Examples
    --------
    >>> from fastml.metrics import precision_score
    >>> precision_score([0, 1, 1, 1], [1, 0, 1, 1], average="micro")
    0.5
    """
    return _one_of(
        "precision_score", y_true, y_pred, device, labels=labels, pos_label=pos_label,
        average=average, sample_weight=sample_weight, zero_division=zero_division,
    )  # fmt: skip


@describe_like(precision_score)
def recall_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
    device: str | None = None,
) -> Any:
    """Compute the recall: the share of right ones among the samples of a class.

    See Also
    --------
    precision_score : The share among the samples predicted to be of the class.

    Examples
    --------
    >>> from fastml.metrics import recall_score
    >>> recall_score([0, 0, 1, 1], [0, 1, 0, 1])
    0.5
    """
    return _one_of(
        "recall_score", y_true, y_pred, device, labels=labels, pos_label=pos_label,
        average=average, sample_weight=sample_weight, zero_division=zero_division,
    )  # fmt: skip


@describe_like(precision_score)
def fbeta_score(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
    device: str | None = None,
) -> Any:
    """Compute the F-score: the weighted harmonic mean of precision and recall.

    Parameters
    ----------
    beta : float
        How many times as important recall is as precision.

    See Also
    --------
    f1_score : With equal weights.

    Examples
    --------
    >>> from fastml.metrics import fbeta_score
    >>> round(fbeta_score([0, 1, 1, 1], [1, 0, 1, 1], beta=2), 3)
    0.667
    """
    return _one_of(
        "fbeta_score", y_true, y_pred, device, beta=beta, labels=labels, pos_label=pos_label,
        average=average, sample_weight=sample_weight, zero_division=zero_division,
    )  # fmt: skip


@describe_like(precision_score)
def f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
    device: str | None = None,
) -> Any:
    """Compute the F1-score: the harmonic mean of precision and recall.

    See Also
    --------
    fbeta_score : With other weights.

    Examples
    --------
    >>> from fastml.metrics import f1_score
    >>> round(f1_score([0, 1, 2, 0, 1, 2], [0, 1, 1, 0, 1, 2], average="macro"), 3)
    0.822
    """
    return _one_of(
        "f1_score", y_true, y_pred, device, labels=labels, pos_label=pos_label,
        average=average, sample_weight=sample_weight, zero_division=zero_division,
    )  # fmt: skip


def _one_of(which, y_true, y_pred, device, **options):
    """One of precision, recall and F-score by the name of its function."""
    found = _scores(y_true, y_pred, device, **options)
    if found is None:
        return _by_sklearn(which, y_true, y_pred, options)
    return found[("precision_score", "recall_score").index(which) if which[0] in "pr" else 2]
