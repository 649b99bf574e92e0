"""Losses of gradient boosting by their definitions."""

import numpy as np

__all__ = ["draw_mask", "measure_losses", "sum_leaves"]


def _softmax(raw):
    shares = np.exp(raw - raw.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def measure_losses(kind, parameter, y, raw, losses_out, gradients_out):
    one, above = raw[:, 0], y - raw[:, 0]
    if kind == "squared_error":
        loss, gradient = above**2 / 2, above
    elif kind == "absolute_error":
        loss, gradient = np.abs(above), np.where(above >= 0, 1.0, -1.0)
    elif kind == "quantile":
        gradient = np.where(above >= 0, parameter, parameter - 1)
        loss = gradient * above
    elif kind == "huber":
        small = np.abs(above) <= parameter
        loss = np.where(small, above**2 / 2, parameter * (np.abs(above) - parameter / 2))
        gradient = np.where(small, above, parameter * np.sign(above))
    elif kind == "binomial":
        loss = np.logaddexp(0, one) - y * one
        gradient = y - np.exp(-np.logaddexp(0, -one))
    elif kind == "exponential":
        sign = 2 * y - 1
        loss, gradient = np.exp(-sign * one), sign * np.exp(-sign * one)
    else:
        rows = np.arange(len(y))
        shares = _softmax(raw)
        largest = raw.max(axis=1)
        loss = np.log(np.exp(raw - largest[:, None]).sum(axis=1)) + largest - raw[rows, y.astype(int)]
        gradient = (np.eye(raw.shape[1])[y.astype(int)] - shares).T
    losses_out[:], gradients_out[:] = loss, gradient


def sum_leaves(kind, label, leaves, y, gradients, weight, sums_out):
    if kind == "exponential":
        curvature = np.abs(gradients)
    else:
        share = (y == label if kind == "multinomial" else y) - gradients
        curvature = share * (1 - share)
    for i, values in enumerate((gradients, curvature, np.ones(len(y)))):
        sums_out[:, i] = np.bincount(leaves, weight * values, len(sums_out))


def draw_mask(uniform, n_drawn, mask_out):
    so_far = 0
    for i, x in enumerate(uniform):
        mask_out[i] = x * (len(uniform) - i) < n_drawn - so_far
        so_far += mask_out[i]
