"""Labels as integers."""

from __future__ import annotations

import numpy as np

from .._device import CPU, choose, is_cuda_array

SPARE = 1024  # labels that a table by label may have beyond the number of samples
MOST_INTEGERS = 2**53  # where float64 begins to skip integers


def plain_labels(y):
    """One-dimensional labels, integers or strings, or None for what scikit-learn is to look at.

    Returns
    -------
    labels : array of shape (n_samples,) or None
        Integers, whole floats turned into such, or strings; at least one. On the GPU if y is.
    """
    if is_cuda_array(y):
        return _plain_cuda_labels(y)
    if isinstance(y, (list, tuple)):
        y = _from_list(y)
    if type(y) is not np.ndarray or y.ndim != 1 or not y.size:
        return None
    if y.dtype.kind in "ibU":
        return y
    if y.dtype.kind == "u":
        return y if y.dtype.itemsize < 8 or y.max() <= np.iinfo(np.int64).max else None
    return _whole_numbers(y) if y.dtype.kind == "f" else None


def _plain_cuda_labels(y):
    if y.ndim != 1 or not y.shape[0]:
        return None
    labels = choose("auto", y).asarray(y)
    return labels if labels.dtype.kind in "ib" else None


def _from_list(y):
    try:
        labels = np.array(y)
    except ValueError:
        return None
    # NumPy makes strings of a mixture of strings and numbers.
    return None if labels.dtype.kind == "U" and not all(isinstance(label, str) for label in y) else labels


def _whole_numbers(y):
    if not np.isfinite(y).all() or np.abs(y).max() > MOST_INTEGERS:
        return None
    labels = y.astype(np.int64)
    return labels if (labels == y).all() else None


def same_kind(a, b):
    """Tell whether labels can be compared: both numbers or both strings, as many of one as of the other."""
    return (
        a is not None
        and b is not None
        and a.shape == b.shape
        and (a.dtype.kind == "U") == (b.dtype.kind == "U")
    )


def encode(labels):
    """Number the distinct labels from 0 on, in sorted order.

    Returns
    -------
    codes : ndarray of shape (n_samples,), int64
        The number of each label.
    n_labels : int
        How many distinct labels there are.
    """
    if labels.dtype.kind in "iub":
        low, high = int(labels.min()), int(labels.max())
        if high - low < len(labels) + SPARE:
            labels = labels.astype(np.int64) - low
            seen = np.bincount(labels) > 0
            return (np.cumsum(seen) - 1)[labels], int(seen.sum())
    classes, codes = np.unique(labels, return_inverse=True)
    return codes, len(classes)


def plain_weights(sample_weight, labels):
    """Finite weights that are not all zero, one for each label, or None."""
    if isinstance(sample_weight, (list, tuple)):
        sample_weight = np.array(sample_weight)
    weights = to_host(sample_weight) if is_cuda_array(sample_weight) else sample_weight
    if type(weights) is not np.ndarray or weights.shape != labels.shape or weights.dtype.kind not in "fiu":
        return None
    return weights if np.isfinite(weights).all() and weights.any() else None


def to_host(array):
    """An ndarray of what may be on a GPU."""
    return CPU.to_host(array)


def given(array):
    """What scikit-learn takes: an ndarray of what is on a GPU, anything else as it is."""
    return to_host(array) if is_cuda_array(array) else array
