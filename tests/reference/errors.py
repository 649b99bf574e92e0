"""Errors of predictions, summed one after the other."""

import math

import numpy as np


def residual_sums(truth, predicted, weights=None):
    """Sums of squares and absolute values of each output."""
    sums = np.zeros((2, truth.shape[1]))
    for i in range(truth.shape[0]):
        for k in range(truth.shape[1]):
            residual = float(truth[i, k]) - float(predicted[i, k])
            weight = 1.0 if weights is None else weights[i]
            sums[:, k] += weight * residual**2, weight * abs(residual)
    return sums


def log_loss_sums(probabilities, codes, weights=None):
    """The sum of minus the logarithms of the true classes' probabilities; how far rows' sums are from 1."""
    smallest = float(np.finfo(probabilities.dtype).eps)
    total = deviation = 0.0
    for i, code in enumerate(codes):
        p = min(max(float(probabilities[i, code]), smallest), 1 - smallest)
        total -= (1.0 if weights is None else weights[i]) * math.log(p)
        deviation = max(deviation, abs(sum(map(float, probabilities[i])) - 1))
    return total, deviation
