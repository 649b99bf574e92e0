"""The losses of linear models by their definitions, in float64."""

import numpy as np

BINOMIAL, MULTINOMIAL, HUBER, POISSON, GAMMA = range(5)


def _design(X):
    X = X.astype(np.float64)
    return np.hstack([X, np.ones((len(X), 1))])


def _shares(margins):
    e = np.exp(margins - margins.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _points(loss, margins, y, epsilon, scale):
    """Losses; derivatives by the margins; second derivatives, or probabilities; derivatives by the scale."""
    if loss == MULTINOMIAL:
        p, own = _shares(margins), np.eye(margins.shape[1])[y.astype(int)]
        largest = margins.max(axis=1)
        log_total = np.log(np.exp(margins - largest[:, None]).sum(axis=1)) + largest
        return log_total - (margins * own).sum(axis=1), p - own, p, np.zeros(len(y))
    x = margins[:, 0]
    if loss == BINOMIAL:
        p = 1 / (1 + np.exp(-x))
        value, slope, second = np.logaddexp(0, x) - y * x, p - y, p * (1 - p)
        of_scale = np.zeros(len(y))
    elif loss == POISSON:
        value, slope, second, of_scale = np.exp(x) - y * x, np.exp(x) - y, np.exp(x), np.zeros(len(y))
    elif loss == GAMMA:
        ratio = y * np.exp(-x)
        value, slope, second, of_scale = x + ratio, 1 - ratio, ratio, np.zeros(len(y))
    else:
        error = x - y
        outlier = abs(error) > epsilon * scale
        value = np.where(outlier, 2 * epsilon * abs(error) - scale * epsilon**2, error**2 / scale)
        slope = np.where(outlier, 2 * epsilon * np.sign(error), 2 * error / scale)
        second = np.where(outlier, 0, 2 / scale)
        of_scale = np.where(outlier, -(epsilon**2), -((error / scale) ** 2))
    return value, slope[:, None], second[:, None], of_scale


def loss_gradient(loss, X, y, weight, coefficients, epsilon=0.0, scale=1.0):
    """The sum of losses, its gradient, the curvature, the derivative by the scale."""
    y = y.astype(np.float64)
    w = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    value, slope, curvature, of_scale = _points(loss, _design(X) @ coefficients, y, epsilon, scale)
    if loss != MULTINOMIAL:
        curvature = curvature * w[:, None]
    return (w * value).sum(), _design(X).T @ (w[:, None] * slope), curvature, (w * of_scale).sum()


def hessian(loss, X, y, weight, coefficients, epsilon=0.0, scale=1.0):
    """The matrix of second derivatives, coefficients in C order."""
    A = _design(X)
    w = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    curvature = loss_gradient(loss, X, y, weight, coefficients, epsilon, scale)[2]
    size = coefficients.size
    if loss != MULTINOMIAL:
        return A.T @ (curvature * A)
    H = np.zeros((size, size))
    for a, p, wi in zip(A, curvature, w):
        H += wi * np.kron(np.outer(a, a), np.diag(p) - np.outer(p, p))
    return H
