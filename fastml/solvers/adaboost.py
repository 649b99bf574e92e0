"""AdaBoost: weights of samples and of estimators, round after round."""

from __future__ import annotations

import warnings

import numpy as np

__all__ = ["STOP", "boost", "reweigh_classes", "reweigh_errors", "weighted_medians"]

STOP = None, None, None  # what a round returns when there shall be no more


def boost(fit_round, weight, n_estimators):
    """Fit estimators until there are enough, one is perfect or one is useless.

    Parameters
    ----------
    fit_round : callable
        Called with the number of the round and the weights; fits an estimator and returns the new weights,
        the estimator's weight and its error, or `STOP`.
    weight : float64 ndarray of shape (n_samples,)
        First weights, in sum 1.
    n_estimators : int
        The most rounds.

    Returns
    -------
    estimator_weights : float64 ndarray of shape (n_estimators,)
        Weights of the estimators; 0 for rounds that were not held.
    estimator_errors : float64 ndarray of shape (n_estimators,)
        Their errors; 1 for rounds that were not held.
    """
    weights, errors = np.zeros(n_estimators), np.ones(n_estimators)
    epsilon, never = np.finfo(np.float64).eps, weight == 0.0
    for i in range(n_estimators):
        weight = np.maximum(weight, epsilon)
        weight[never] = 0.0
        weight, estimator_weight, error = fit_round(i, weight)
        if weight is None:
            break
        weights[i], errors[i] = estimator_weight, error
        if error == 0:
            break
        total = np.sum(weight)
        if not np.isfinite(total):
            warnings.warn(
                f"Sample weights have reached infinite values, at iteration {i}, causing overflow. "
                "Iterations stopped. Try lowering the learning rate.",
                stacklevel=4,
            )
            break
        if total <= 0:
            break
        if i < n_estimators - 1:
            weight /= total
    return weights, errors


def reweigh_classes(incorrect, weight, n_classes, learning_rate, is_last):
    """Weigh a classifier and, by it, the samples anew (SAMME).

    Parameters
    ----------
    incorrect : bool ndarray of shape (n_samples,)
        Where the classifier errs.
    weight : float64 ndarray of shape (n_samples,)
        Weights that it was fitted with.
    n_classes : int
        Number of classes.
    learning_rate : float
        By which the classifier's weight is multiplied.
    is_last : bool
        Whether the samples' weights do not matter any more.

    Returns
    -------
    weight : float64 ndarray of shape (n_samples,) or None
        New weights.
    estimator_weight, error : float or None
        Of the classifier; `STOP` where it is no better than guessing.

    References
    ----------
    Zhu, J., Zou, H., Rosset, S., Hastie, T. (2009). Multi-class AdaBoost. Statistics and its Interface 2(3).
    """
    error = np.average(incorrect, weights=weight)
    if error <= 0:
        return weight, 1.0, 0.0
    if error >= 1.0 - (1.0 / n_classes):
        return STOP
    estimator_weight = learning_rate * (np.log((1.0 - error) / error) + np.log(n_classes - 1.0))
    if not is_last:
        with np.errstate(divide="ignore"):
            weight = np.exp(np.log(weight) + estimator_weight * incorrect * (weight > 0))
    return weight, estimator_weight, error


def reweigh_errors(error, weight, loss, learning_rate, is_last):
    """Weigh a regressor and, by it, the samples anew (AdaBoost.R2).

    Parameters
    ----------
    error : float64 ndarray of shape (n_samples,)
        Absolute errors.
    weight : float64 ndarray of shape (n_samples,)
        Weights that it was fitted with.
    loss : {"linear", "square", "exponential"}
        What is made of the errors.
    learning_rate : float
        By which the regressor's weight is multiplied.
    is_last : bool
        Whether the samples' weights do not matter any more.

    Returns
    -------
    weight : float64 ndarray of shape (n_samples,) or None
        New weights.
    estimator_weight, error : float or None
        Of the regressor; `STOP` where the mean loss is not below one half.

    References
    ----------
    Drucker, H. (1997). Improving regressors using boosting techniques. ICML.
    """
    present = weight > 0
    masked, error = weight[present], error[present]
    largest = error.max()
    if largest != 0:
        error = error / largest
    if loss == "square":
        error = error**2
    elif loss == "exponential":
        error = 1.0 - np.exp(-error)
    mean = (masked * error).sum()
    if mean <= 0:
        return weight, 1.0, 0.0
    if mean >= 0.5:
        return STOP
    beta = mean / (1.0 - mean)
    if not is_last:
        weight[present] = masked * np.power(beta, (1.0 - error) * learning_rate)
    return weight, learning_rate * np.log(1.0 / beta), mean


def weighted_medians(predictions, weights):
    """Take the weighted median of each row.

    Parameters
    ----------
    predictions : float64 ndarray of shape (n_samples, n_estimators)
        Values.
    weights : float64 ndarray of shape (n_estimators,)
        Weights of the columns.

    Returns
    -------
    medians : float64 ndarray of shape (n_samples,)
        The smallest value that, with the smaller ones, has at least half of the weight.
    """
    order = np.argsort(predictions, axis=1)
    sums = np.cumsum(weights[order], axis=1)
    at = (sums >= 0.5 * sums[:, -1:]).argmax(axis=1)
    rows = np.arange(len(predictions))
    return predictions[rows, order[rows, at]]
