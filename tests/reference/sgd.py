"""Stochastic gradient descent by its definition: dense weights, no scales, penalties as they are written."""

import numpy as np

__all__ = ["descend", "descend_in_batches", "loss_and_slope", "shuffle"]


def shuffle(order, seed):
    x = seed or 1
    for i in range(len(order) - 1):
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        j = i + (x & 0x7FFFFFFF) % (len(order) - i)
        order[i], order[j] = order[j], order[i]


def loss_and_slope(loss, y, p, epsilon):
    """The loss of predicting p for y, and the derivative with regard to p."""
    z, e = y * p, p - y
    if loss in ("hinge", "perceptron"):
        threshold = float(loss == "hinge")
        return (threshold - z, -y) if z <= threshold else (0.0, 0.0)
    if loss == "squared_hinge":
        return max(0.0, 1 - z) ** 2, -2 * y * max(0.0, 1 - z)
    if loss == "modified_huber":
        return (-4 * z, -4 * y) if z < -1 else (max(0.0, 1 - z) ** 2, -2 * y * max(0.0, 1 - z))
    if loss == "log_loss":
        return np.logaddexp(0, -z), -y / (1 + np.exp(z))
    if loss == "squared_error":
        return e**2 / 2, e
    if loss == "huber":
        inside = abs(e) <= epsilon
        return (e**2 / 2, e) if inside else (epsilon * (abs(e) - epsilon / 2), epsilon * np.sign(e))
    beyond = max(0.0, abs(e) - (0.0 if loss == "absolute_error" else epsilon))
    if loss == "squared_epsilon_insensitive":
        return beyond**2, 2 * np.sign(e) * beyond
    return beyond, np.sign(e) * (beyond > 0)


def _eta(how, step):
    if how["rate"] == "optimal":
        first = np.sqrt(1 / np.sqrt(how["alpha"]))  # the length of the first step
        return 1 / (how["alpha"] * (1 / (first * how["alpha"]) + step - 1))
    return how["eta0"] / step ** how["power_t"] if how["rate"] == "invscaling" else how["eta0"]


def descend(X, targets, order, weights, intercept, how):
    """Visit rows one by one; return weights, intercept, their averages, sums of losses and penalties."""
    w, b = weights.astype(float), intercept
    mean, mean_b, had, pull = np.zeros_like(w), 0.0, np.zeros_like(w), 0.0
    losses = penalties = 0.0
    for step, i in enumerate(order, start=1):
        x, (y, weight) = X[i].astype(float), targets[i].astype(float)
        eta, p = _eta(how, step), x @ w + b
        loss, slope = loss_and_slope(how["loss"], y, p, how["epsilon"])
        losses += loss
        penalties += how["l2"] * w @ w / 2 + how["l1"] * np.abs(w).sum()
        if how["rate"] == "pa1":
            change = -np.sign(slope) * min(how["eta0"], loss / (x @ x))
        elif how["rate"] == "pa2":
            change = -np.sign(slope) * loss / (x @ x + 0.5 / how["eta0"])
        else:
            change = -eta * slope
        w = max(0, 1 - eta * how["l2"]) * w + weight * change * x
        b += how["intercept_rate"] * weight * change
        if 0 < how["average"] <= step:
            n = step - how["average"] + 1
            mean, mean_b = mean + (w - mean) / n, mean_b + (b - mean_b) / n
        pull += how["l1"] * eta
        # A penalty that would draw a weight beyond zero is kept for later.
        new = np.where(
            w > 0, np.maximum(0, w - pull - had), np.where(w < 0, np.minimum(0, w + pull - had), w)
        )
        had, w = had + new - w, new
    return w, b, mean, mean_b, losses, penalties


def descend_in_batches(X, targets, order, weights, intercept, how):
    """Visit rows in batches; return what `descend` returns."""
    w, b, v, u = weights.astype(float), intercept, np.zeros(len(weights)), 0.0
    mean, mean_b = np.zeros_like(w), 0.0
    losses = penalties = 0.0
    for step, first in enumerate(range(0, len(order), how["batch"]), start=1):
        rows = order[first : first + how["batch"]]
        both = [
            loss_and_slope(how["loss"], y, p, how["epsilon"])
            for y, p in zip(targets[rows, 0], X[rows] @ w + b)
        ]
        slopes = np.array([slope for _, slope in both]) * targets[rows, 1]
        losses += sum(loss for loss, _ in both)
        penalties += len(rows) * (how["l2"] * w @ w / 2 + how["l1"] * np.abs(w).sum())
        eta = _eta(how, step)
        v = how["momentum"] * v - eta * (X[rows].T @ slopes / len(rows)) - min(1, eta * how["l2"]) * w
        u = how["momentum"] * u - eta * how["intercept_rate"] * slopes.mean()
        w, b = w + v, b + u
        w = np.sign(w) * np.maximum(0, np.abs(w) - eta * how["l1"])
        if 0 < how["average"] <= step:
            n = step - how["average"] + 1
            mean, mean_b = mean + (w - mean) / n, mean_b + (b - mean_b) / n
    return w, b, mean, mean_b, losses, penalties
