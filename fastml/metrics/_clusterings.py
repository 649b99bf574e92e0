"""How much two clusterings agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import CPU
from .._validation import sk
from ._labels import encode, plain_labels, same_kind

__all__ = ["adjusted_rand_score", "contingency_matrix", "pair_confusion_matrix", "rand_score"]

SPARE_CELLS = 1 << 14  # of a table by label that is worth having for few samples
DENSE_CELLS = 1 << 20  # of a table that is worth having even for few samples


def contingency_matrix(
    labels_true: Any,
    labels_pred: Any,
    *,
    eps: float | None = None,
    sparse: bool = False,
    dtype: Any = np.int64,
) -> Any:
    """Count the samples of each class in each cluster.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        The classes.
    labels_pred : array-like of shape (n_samples,)
        The clusters.
    eps : float, default=None
        Added to all counts, which become floats.
    sparse : bool, default=False
        Whether to return a sparse matrix; scikit-learn makes it.
    dtype : numeric type, default=np.int64
        Of the result without `eps`.

    Returns
    -------
    ndarray of shape (n_classes, n_clusters)
        Numbers of samples; classes and clusters are sorted.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    Examples
    --------
    >>> from fastml.metrics.cluster import contingency_matrix
    >>> contingency_matrix([0, 0, 1, 1, 2, 2], [1, 0, 2, 1, 0, 2])
    array([[1, 1, 0],
           [0, 1, 1],
           [1, 0, 1]])
    """
    a, b = plain_labels(labels_true), plain_labels(labels_pred)
    if sparse is False and same_kind(a, a) and same_kind(b, b) and a.shape == b.shape:
        counts = _table(*encode(CPU.to_host(a)), *encode(CPU.to_host(b)))
        if counts is not None and eps is None:
            return counts.astype(dtype, copy=False)
        if counts is not None and isinstance(eps, (int, float)) and eps >= 0:
            return counts.astype(dtype, copy=False) + eps
    return sk("sklearn.metrics.cluster.contingency_matrix")(
        labels_true, labels_pred, eps=eps, sparse=sparse, dtype=dtype
    )


def _table(rows, n_rows, columns, n_columns):
    """Counts of all pairs of codes, or None where that would be a large and nearly empty table."""
    if n_rows * n_columns > max(4 * len(rows), DENSE_CELLS):
        return None
    counts = np.zeros((n_rows, n_columns), np.int64)
    CPU.kernels.counts.count_pairs(rows, columns, 0, 0, counts)
    return counts


def pair_confusion_matrix(labels_true: Any, labels_pred: Any) -> np.ndarray:
    """Count the pairs of samples that two clusterings put together or apart.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        The one clustering.
    labels_pred : array-like of shape (n_samples,)
        The other.

    Returns
    -------
    ndarray of shape (2, 2), int64
        The number of ordered pairs of different samples; row 1 is for those that the first clustering puts
        together, column 1 for those that the second does.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    References
    ----------
    .. [1] L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 193-218, 1985.

    Examples
    --------
    >>> from fastml.metrics import pair_confusion_matrix
    >>> pair_confusion_matrix([0, 0, 1, 2], [0, 0, 1, 1])
    array([[8, 2],
           [0, 2]])
    """
    pairs = _count_pairs(labels_true, labels_pred)
    if pairs is None:
        return sk("sklearn.metrics.pair_confusion_matrix")(labels_true, labels_pred)
    return np.array(pairs, dtype=np.int64)


def _count_pairs(labels_true, labels_pred):
    """The pair confusion matrix in Python's integers, or None for what scikit-learn is to look at."""
    a, b = plain_labels(labels_true), plain_labels(labels_pred)
    if a is None or b is None or a.shape != b.shape:
        return None
    n_samples = a.shape[0]
    a, b = CPU.to_host(a), CPU.to_host(b)
    counts = _table_by_label(a, b)
    if counts is not None:
        together = int((counts**2).sum())
        in_a, in_b = (int((counts.sum(axis=axis) ** 2).sum()) for axis in (1, 0))
    else:
        a, b = encode(a), encode(b)
        together = _sum_of_squares(*a, *b)
        in_a, in_b = (int((np.bincount(codes) ** 2).sum()) for codes, _ in (a, b))
    both, neither = together - n_samples, n_samples**2 - in_a - in_b + together
    return [[neither, in_b - together], [in_a - together, both]]


def _table_by_label(a, b):
    """Counts of all pairs of integers from the lowest label to the highest, or None if they are many."""
    if a.dtype.kind == "U" or b.dtype.kind == "U":
        return None
    (low_a, high_a), (low_b, high_b) = (CPU.kernels.counts.find_range(labels) for labels in (a, b))
    n_rows, n_columns = high_a - low_a + 1, high_b - low_b + 1
    if n_rows * n_columns > max(a.shape[0], SPARE_CELLS):
        return None
    counts = np.zeros((n_rows, n_columns), np.int64)
    CPU.kernels.counts.count_pairs(a, b, low_a, low_b, counts)
    return counts


def _sum_of_squares(rows, n_rows, columns, n_columns):
    """Sum of the squared counts of all pairs of codes."""
    counts = _table(rows, n_rows, columns, n_columns)
    if counts is None:
        _, counts = np.unique(rows * n_columns + columns, return_counts=True)
    return int((counts**2).sum())


def rand_score(labels_true: Any, labels_pred: Any) -> float:
    """Compute the share of the pairs of samples on which two clusterings agree.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        The one clustering.
    labels_pred : array-like of shape (n_samples,)
        The other.

    Returns
    -------
    float
        From 0 to 1; 1 for clusterings that are the same but for the labels' names.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    adjusted_rand_score : The same, corrected for chance.

    References
    ----------
    .. [1] L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 193-218, 1985.

    Examples
    --------
    >>> from fastml.metrics import rand_score
    >>> round(rand_score([0, 0, 1, 2], [0, 0, 1, 1]), 2)
    0.83
    """
    counts = _count_pairs(labels_true, labels_pred)
    if counts is None:
        return sk("sklearn.metrics.rand_score")(labels_true, labels_pred)
    (tn, fp), (fn, tp) = counts
    agreeing, pairs = tn + tp, tn + fp + fn + tp
    return 1.0 if agreeing == pairs or pairs == 0 else agreeing / pairs


def adjusted_rand_score(labels_true: Any, labels_pred: Any) -> float:
    """Compute the agreement of two clusterings, corrected for chance.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        The one clustering.
    labels_pred : array-like of shape (n_samples,)
        The other.

    Returns
    -------
    float
        From -0.5 to 1: 1 for clusterings that are the same but for the labels' names, about 0 for clusterings
        that have nothing to do with each other.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    rand_score : The same without correction.

    References
    ----------
    .. [1] L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 193-218, 1985.

    Examples
    --------
    >>> from fastml.metrics import adjusted_rand_score
    >>> round(adjusted_rand_score([0, 0, 1, 2], [0, 0, 1, 1]), 2)
    0.57
    """
    counts = _count_pairs(labels_true, labels_pred)
    if counts is None:
        return sk("sklearn.metrics.adjusted_rand_score")(labels_true, labels_pred)
    (tn, fp), (fn, tp) = counts  # Python's integers: the products exceed int64
    if fn == 0 and fp == 0:
        return 1.0
    return 2.0 * (tp * tn - fn * fp) / ((tp + fn) * (fn + tn) + (tp + fp) * (fp + tn))
