"""Losses of boosting and their derivatives, one row after the other."""

import math

import numpy as np


def one(loss, y, raw, quantile):
    """Loss, gradients and hessians of a row."""
    x = raw[0]
    if loss == "squared_error":
        return 0.5 * (x - y) ** 2, [x - y], [1.0]
    if loss == "absolute_error":
        return abs(x - y), [1.0 if x > y else -1.0], [1.0]
    if loss == "quantile":
        g = 1 - quantile if x > y else -quantile
        return g * (x - y), [g], [1.0]
    if loss == "poisson":
        return math.exp(x) - y * x, [math.exp(x) - y], [math.exp(x)]
    if loss == "gamma":
        return x + y * math.exp(-x), [1 - y * math.exp(-x)], [y * math.exp(-x)]
    if loss == "binomial":
        value = math.log1p(math.exp(-abs(x))) + max(x, 0.0) - y * x
        p = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
        q = 1 / (1 + math.exp(x)) if x <= 0 else math.exp(-x) / (1 + math.exp(-x))
        return value, [(1 - y) * p - y * q], [p * q]
    total = sum(math.exp(v - max(raw)) for v in raw)
    shares = [math.exp(v - max(raw)) / total for v in raw]
    value = math.log(total) + max(raw) - raw[int(y)]
    return value, [p - (k == y) for k, p in enumerate(shares)], [p * (1 - p) for p in shares]


def gradients(loss, y, raw, weight, quantile=0.5):
    total, out = 0.0, np.empty((*raw.shape, 2))
    for i in range(len(y)):
        value, g, h = one(loss, y[i], raw[:, i], quantile)
        w = 1.0 if weight is None else weight[i]
        total += w * value
        out[:, i, 0], out[:, i, 1] = w * np.array(g), w * np.array(h)
    return total, out


def quantile(values, weights, level):
    values = np.asarray(values)
    if weights is None:
        return np.quantile(values, level)
    total, wanted = 0.0, level * np.sum(weights)
    for i in np.argsort(values, kind="stable"):
        total += weights[i]
        if total > 0 and total >= wanted * (1 - 1e-14):
            break
    return values[i]
