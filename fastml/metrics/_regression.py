"""Scores of regressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import choose, is_cuda_array, like_input
from .._docs import describe_like
from .._plain import finite
from .._validation import FLOATS, sk
from ._labels import given, plain_weights

__all__ = ["mean_absolute_error", "mean_squared_error", "r2_score", "root_mean_squared_error"]


def mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    device: str | None = None,
) -> Any:
    """Compute the mean of the squared errors.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True targets.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Predicted targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_outputs,), \
default="uniform_average"
        How the numbers of several outputs become one: not at all, their mean, or their weighted mean.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In the squared unit of the targets; 0 is best.

    Raises
    ------
    ValueError
        As scikit-learn's function.

    See Also
    --------
    root_mean_squared_error : In the targets' unit.
    r2_score : As a share of the variance.

    Examples
    --------
    >>> from fastml.metrics import mean_squared_error
    >>> mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.375
    """
    return _mean("mean_squared_error", y_true, y_pred, sample_weight, multioutput, device)


@describe_like(mean_squared_error)
def root_mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    device: str | None = None,
) -> Any:
    """Compute the square root of the mean of the squared errors, for each output before they are averaged.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In the unit of the targets; 0 is best.

    See Also
    --------
    mean_squared_error : Without the root.

    Examples
    --------
    >>> from fastml.metrics import root_mean_squared_error
    >>> round(root_mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 3)
    0.612
    """
    return _mean("root_mean_squared_error", y_true, y_pred, sample_weight, multioutput, device)


@describe_like(mean_squared_error)
def mean_absolute_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    device: str | None = None,
) -> Any:
    """Compute the mean of the absolute errors.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        In the unit of the targets; 0 is best.

    See Also
    --------
    mean_squared_error : The mean of the squares.

    Examples
    --------
    >>> from fastml.metrics import mean_absolute_error
    >>> mean_absolute_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.5
    """
    return _mean("mean_absolute_error", y_true, y_pred, sample_weight, multioutput, device)


@describe_like(mean_squared_error)
def r2_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
    device: str | None = None,
) -> Any:
    """Compute the coefficient of determination: the share of the variance that predictions explain.

    Parameters
    ----------
    multioutput : {"raw_values", "uniform_average", "variance_weighted"}, array-like or None, \
default="uniform_average"
        As for `mean_squared_error`, or with the outputs' variances as weights; None is the plain mean.
    force_finite : bool, default=True
        Whether to give 1 (perfect) or 0 where the truth is constant, instead of NaN or minus infinity.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        1 is best, 0 what the mean of `y_true` would reach; there is no worst.

    See Also
    --------
    mean_squared_error : The error itself.

    Examples
    --------
    >>> from fastml.metrics import r2_score
    >>> round(r2_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 3)
    0.949
    """
    plain = _Outputs.of(y_true, y_pred, sample_weight)
    if plain is not None and plain.n_samples >= 2 and isinstance(force_finite, bool):
        squares, _ = plain.sums(device)
        variances = plain.squared_deviations(device)
        if (variances > 0).all():
            found = plain.average(1 - squares / variances, multioutput, variances)
            if found is not None:
                return like_input(found, y_pred)
    options = {
        "multioutput": multioutput,
        "force_finite": force_finite,
        "sample_weight": given(sample_weight),
    }
    return sk("sklearn.metrics.r2_score")(given(y_true), given(y_pred), **options)


def _mean(name, y_true, y_pred, sample_weight, multioutput, device):
    """The function of scikit-learn's with that name."""
    plain = _Outputs.of(y_true, y_pred, sample_weight)
    if plain is not None:
        squares, sizes = plain.sums(device)
        means = (sizes if name == "mean_absolute_error" else squares) / plain.total
        means = np.sqrt(means) if name == "root_mean_squared_error" else means
        found = plain.average(means, multioutput)
        if found is not None:
            return like_input(found, y_pred)
    options = {"multioutput": multioutput, "sample_weight": given(sample_weight)}
    return sk(f"sklearn.metrics.{name}")(given(y_true), given(y_pred), **options)


class _Outputs:
    """Plain targets and predictions of shape (n_samples, n_outputs), and weights."""

    def __init__(self, truth, predicted, weights, like):
        self.truth, self.predicted, self.like = truth, predicted, like
        floats = [a.dtype for a in (truth, predicted, weights) if a is not None and a.dtype.kind == "f"]
        self.dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
        self.weights = None if weights is None else weights.astype(np.float64)
        self.n_samples, self.n_outputs = truth.shape
        self.total = float(self.n_samples if weights is None else weights.sum())

    @classmethod
    def of(cls, y_true, y_pred, sample_weight):
        """The outputs, or None for what scikit-learn is to look at."""
        truth, predicted = _plain_outputs(y_true), _plain_outputs(y_pred)
        if truth is None or predicted is None or truth.shape != predicted.shape:
            return None
        if is_cuda_array(truth) != is_cuda_array(predicted):
            return None
        weights = None
        if sample_weight is not None:
            weights = plain_weights(sample_weight, truth[:, 0])
            if weights is None or weights.min() < 0:
                return None
        return cls(truth, predicted, weights, y_pred)

    def sums(self, device):
        """Sums of the squared and of the absolute errors of each output."""
        device = choose(device, self.like, work=3.0 * self.truth.size)
        weights = None if self.weights is None else device.asarray(self.weights)
        errors = device.kernels.errors
        return device.to_host(
            errors.residual_sums(device.asarray(self.truth), device.asarray(self.predicted), weights)
        )

    def squared_deviations(self, device):
        """Sums of the squared deviations of the truth from its mean."""
        device = choose(device, self.like, work=8.0 * self.truth.size)
        truth = device.asarray(self.truth)
        truth = truth if truth.dtype in FLOATS else truth.astype(np.float64)
        weights = None if self.weights is None else device.asarray(self.weights)
        return device.to_host(device.kernels.columns.column_moments(truth, weights)[2])

    def average(self, values, multioutput, variances=None):
        """One number of the outputs' numbers, or None for a wrong `multioutput`; with `variances`, r2's."""
        if isinstance(multioutput, str) and multioutput == "raw_values":
            return values.astype(self.dtype)
        if isinstance(multioutput, (list, tuple, np.ndarray)):
            weights = np.asarray(multioutput)
            fits = weights.shape == values.shape and self.n_outputs > 1 and weights.dtype.kind in "fiu"
            return float(np.average(values, weights=weights)) if fits and weights.sum() else None
        if multioutput == "uniform_average" or (multioutput is None and variances is not None):
            return float(values.mean())
        if multioutput == "variance_weighted" and variances is not None:
            return float(np.average(values, weights=variances))
        return None


def _plain_outputs(y):
    """Finite numbers of shape (n_samples, n_outputs), or None; on the GPU if given so."""
    if is_cuda_array(y):
        y = choose("auto", y).asarray(y)
        if y.dtype not in FLOATS or not bool(abs(y).max() < np.inf):
            return None
    elif isinstance(y, (list, tuple)):
        try:
            y = np.array(y)
        except ValueError:
            return None
    if not is_cuda_array(y):
        if type(y) is not np.ndarray or not y.size or not (y.dtype.kind in "iub" or y.dtype in FLOATS):
            return None
        if not finite(y):
            return None
    if y.ndim == 1:
        return y.reshape(-1, 1)
    return y if y.ndim == 2 else None
