"""Scores of classifications that come down to counting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose, like_input
from .._validation import sk
from ._labels import given, plain_labels, plain_weights, same_kind, to_host

__all__ = ["accuracy_score", "confusion_matrix"]

SPARE_CELLS = 1 << 14  # of a table by label that is worth having for few samples


def accuracy_score(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None, device: str | None = None
) -> float:
    """Compute the share of the samples whose label is predicted exactly.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or label indicator matrix
        True labels.
    y_pred : array-like of shape (n_samples,) or label indicator matrix
        Predicted labels. For several labels a sample, all have to be right.
    normalize : bool, default=True
        If False, return the number (or the weight) of the samples instead.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    float
        From 0 to 1, or a number or weight of samples.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    confusion_matrix : Which labels are taken for which.

    Examples
    --------
    >>> from fastml.metrics import accuracy_score
    >>> accuracy_score([0, 1, 2, 3], [0, 2, 1, 3])
    0.5
    """
    truth, predicted = plain_labels(y_true), plain_labels(y_pred)
    plain = same_kind(truth, predicted) and isinstance(normalize, (bool, np.bool_))
    weights = plain_weights(sample_weight, truth) if plain else None
    if not plain or (weights is None and sample_weight is not None):
        options = {"normalize": normalize, "sample_weight": sample_weight}
        return sk("sklearn.metrics.accuracy_score")(y_true, y_pred, **options)
    if weights is not None:
        right = to_host(truth) == to_host(predicted)
        return float(np.average(right, weights=weights) if normalize else right @ weights)
    chosen = choose(device, y_true, work=truth.shape[0])
    if truth.dtype.kind == "U":
        count = int((truth == predicted).sum())
    else:
        count = chosen.kernels.counts.count_equal(chosen.asarray(truth), chosen.asarray(predicted))
    return count / truth.shape[0] if normalize else float(count)


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    normalize: str | None = None,
    device: str | None = None,
) -> Any:
    """Count the samples of each label that are predicted to have each label.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    labels : array-like of shape (n_labels,), default=None
        The labels to count, in the order of the matrix; None means all that occur, sorted.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, to be summed instead of counted.
    normalize : {"true", "pred", "all"}, default=None
        What to divide by: the sums of rows, of columns, or of everything.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    ndarray of shape (n_labels, n_labels)
        Row i and column j: samples of label i that are predicted to have label j. int64 for counts and
        integer weights, else float64.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    accuracy_score : The share of the samples on the diagonal.

    Examples
    --------
    >>> from fastml.metrics import confusion_matrix
    >>> confusion_matrix(["cat", "ant", "cat", "bird"], ["cat", "ant", "ant", "bird"])
    array([[1, 0, 0],
           [0, 1, 0],
           [1, 0, 1]])
    """
    matrix = None
    truth, predicted = plain_labels(y_true), plain_labels(y_pred)
    if same_kind(truth, predicted) and (normalize is None or normalize in ("true", "pred", "all")):
        weights = None if sample_weight is None else plain_weights(sample_weight, truth)
        if sample_weight is None or weights is not None:
            chosen = choose(device, y_true, work=4 * truth.shape[0])
            matrix = _matrix(truth, predicted, labels, weights, chosen)
    if matrix is None or matrix.size == 1:  # scikit-learn has a warning for a single label
        options = {"labels": labels, "sample_weight": sample_weight, "normalize": normalize}
        return sk("sklearn.metrics.confusion_matrix")(given(y_true), given(y_pred), **options)
    return like_input(_normalized(matrix, normalize), y_true)


def _matrix(truth, predicted, labels, weights, device):
    """The matrix of `labels`, or None for what scikit-learn is to look at."""
    rows, columns, first, values = numbered(device, truth, predicted)
    table = tabulate(device, rows, columns, first, len(values), weights)
    if weights is None:
        in_truth, in_predicted = table.any(axis=1), table.any(axis=0)
    else:
        in_truth, in_predicted = (_occurring(codes, first, len(values)) for codes in (rows, columns))
    if labels is None:
        occurring = np.flatnonzero(in_truth | in_predicted)
        return table[np.ix_(occurring, occurring)]
    wanted = plain_labels(labels)
    if wanted is None or (wanted.dtype.kind == "U") != (truth.dtype.kind == "U"):
        return None
    at = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    known = values[at] == wanted
    if len(np.unique(wanted)) < len(wanted) or not in_truth[at[known]].any():
        return None
    matrix = np.zeros((len(wanted), len(wanted)), table.dtype)
    places = np.flatnonzero(known)
    matrix[np.ix_(places, places)] = table[np.ix_(at[places], at[places])]
    return matrix


def numbered(device, truth, predicted):
    """Integers that stand for the labels, the first of them, and the labels that they stand for, sorted.

    Integers within a small range stand for themselves, also where some of the range do not occur.
    """
    if truth.dtype.kind != "U":
        rows, columns = device.asarray(truth), device.asarray(predicted)
        ranges = [device.kernels.counts.find_range(codes) for codes in (rows, columns)]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        if (high - low + 1) ** 2 <= max(SPARE_CELLS, 4 * truth.shape[0]):
            return rows, columns, low, np.arange(low, high + 1)
    together = np.concatenate([to_host(truth), to_host(predicted)])
    values, codes = np.unique(together, return_inverse=True)
    codes = device.asarray(codes.astype(np.int64, copy=False))
    return codes[: truth.shape[0]], codes[truth.shape[0] :], 0, values


def tabulate(device, rows, columns, first, n_values, weights):
    """Counts, or sums of weights, of all pairs of codes."""
    counts = device.kernels.counts
    if weights is None:
        table = device.zeros((n_values, n_values), np.int64)
        counts.count_pairs(rows, columns, first, first, table)
    elif weights.dtype.kind == "f":
        table = device.zeros((n_values, n_values), np.float64)
        counts.add_pairs(rows, columns, device.asarray(weights, np.float64), first, first, table)
    else:
        table = np.zeros((n_values, n_values), np.int64)  # exact, whatever the weights
        np.add.at(table, (_codes(rows, first), _codes(columns, first)), weights)
    return device.to_host(table)


def _codes(labels, first):
    return to_host(labels).astype(np.int64) - first


def _occurring(labels, first, n_values):
    return np.bincount(_codes(labels, first), minlength=n_values) > 0


def _normalized(matrix, normalize):
    """The matrix divided by its sums; 0 where a sum is 0."""
    if normalize is None:
        return matrix
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    sums = matrix.sum(axis=axis, keepdims=axis is not None)
    with np.errstate(all="ignore"):
        return np.nan_to_num(matrix / sums)
