"""The reference cases of the losses of linear models."""

import inspect
import sys

import numpy as np

from fastml.kernels._linear import BINOMIAL, GAMMA, HUBER, LOSSES, MULTINOMIAL, POISSON, Formula
from fastml.linear_model import HuberRegressor, LogisticRegression, LogisticRegressionCV
from tests.kernels.cases import Run
from tests.reference import linear_loss as reference

SHAPES = ((1, 1), (7, 1), (70, 5), (1300, 3), (67, 40))


def _problem(run, loss, n, d, offset=0.0):
    """Rows with duplicates and a constant column, targets, weights, coefficients."""
    X = run.normal(n, d, offset=offset)
    X[n // 2 :] = X[: n - n // 2]
    if d > 1:
        X[:, 1] = 2
    n_outputs = 4 if loss == MULTINOMIAL else 1
    targets = {
        BINOMIAL: run.rng.randint(0, 2, n),
        MULTINOMIAL: run.rng.randint(0, 4, n),
        POISSON: run.rng.poisson(2, n),
        GAMMA: run.rng.gamma(2, size=n),
    }
    y = targets.get(loss, run.normal(n))
    weight = run.rng.randint(0, 4, n).astype(run.dtype)
    weight[0] = 1
    coefficients = run.rng.normal(size=(d + 1, n_outputs)) / (1 + abs(offset))
    if loss in (POISSON, GAMMA):  # whose exponentials are not bounded
        coefficients /= d
    return X, y.astype(run.dtype), weight, coefficients


def _formula(loss):
    name = next(name for name, code in LOSSES.items() if code == loss)
    return Formula(name, 1.35, 0.7) if loss == HUBER else Formula(name)


def _check(run, loss, X, y, weight, W, rows=None):
    """Compare loss, gradient, curvature, Hessian and its product; `rows` are X as the launcher gets it."""
    kernels, formula = run.device.kernels.linear_loss, _formula(loss)
    rows = run.there(X) if rows is None else rows
    parameters = (1.35, 0.7) if loss == HUBER else ()
    value, gradient, curvature, by_scale = reference.loss_gradient(loss, X, y, weight, W, *parameters)
    target, weights, there = run.there(y), run.there(weight), run.there(W)
    found, bent = run.zeros(W.shape, np.float64), run.zeros(curvature.shape)
    total, of_scale = kernels.loss_gradient(formula, rows, target, weights, there, found, bent)
    size = max(abs(value), float(len(y)))
    run.close(np.array([total, of_scale]), np.array([value, by_scale]), scale=10 * size)
    scale = float(abs(X).sum() + len(y)) * float(1 if weight is None else weight.max())
    run.close(found, gradient, scale=scale)
    if loss != HUBER:  # where an error is at the threshold, rounding tells
        run.close(bent, curvature, scale=10)
    alone = run.zeros(W.shape, np.float64)
    again, _ = kernels.loss_gradient(formula, rows, target, weights, there, alone)
    run.close(np.array([again]), np.array([total]))
    run.close(alone, run.device.to_host(found), scale=scale)
    expected = reference.hessian(loss, X, y, weight, W, *parameters)
    scale = float(abs(expected).max() + 1)
    run.close(kernels.hessian(formula, rows, weights, bent), expected, scale=10 * scale)
    direction = run.rng.normal(size=W.shape)
    product = run.zeros(W.shape, np.float64)
    kernels.hessian_product(formula, rows, weights, bent, run.there(direction), product)
    expected = (expected @ direction.ravel()).reshape(W.shape)
    run.close(product, expected, scale=100 * scale * W.size)


def losses_of_dense_rows(run):
    for loss in (BINOMIAL, MULTINOMIAL, HUBER, POISSON, GAMMA):
        for n, d in SHAPES if not run.simulated else SHAPES[:3]:
            X, y, weight, W = _problem(run, loss, n, d)
            _check(run, loss, X, y, weight, W)
            _check(run, loss, X, y, None, W)


def losses_far_from_the_origin(run):
    offset = 1e4 if run.dtype == np.float32 else 1e8
    for loss in (BINOMIAL, MULTINOMIAL):
        _check(run, loss, *_problem(run, loss, 70, 3, offset))


def losses_of_large_margins(run):
    """Where exponentials overflow, or vanish beside one."""
    X = np.array([[-1000.0], [-50], [0], [50], [1000]], run.dtype)
    kernels = run.device.kernels.linear_loss
    for loss, W in ((BINOMIAL, [[1.0], [0]]), (MULTINOMIAL, [[1.0, 0, -1], [0, 0, 0]])):
        y, W = np.array([1, 0, 1, 1, 0], run.dtype), np.array(W)
        gradient = run.zeros(W.shape, np.float64)
        rows, target, there = run.there(X, y, W)
        total, _ = kernels.loss_gradient(_formula(loss), rows, target, None, there, gradient)
        with np.errstate(over="ignore"):
            value, expected, *_ = reference.loss_gradient(loss, X, y, None, W)
        run.close(np.array([total]), np.array([value]))
        run.close(gradient, expected, scale=1000)


def estimators_on_the_device(run):
    """What they find there is what they find on the CPU; results are of the kind of their input."""
    X, y = run.normal(40, 3), np.arange(40) % 3
    X[:, 0] += y
    for labels, solver in ((y, "lbfgs"), (y > 0, "newton-cholesky"), (y, "newton-cg"), (y > 0, "saga")):
        model = LogisticRegression(solver=solver)
        expected = LogisticRegression(solver=solver, device="cpu").fit(X, labels)
        for rows in (X, *run.there_if_elsewhere(X)):
            model.set_params(device=run.device.name if rows is X else None).fit(rows, labels)
            assert type(model.coef_) is np.ndarray
            np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-2, atol=1e-3)
            for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
                found = run.device.to_host(getattr(model, method)(rows))
                np.testing.assert_allclose(found, getattr(expected, method)(X), rtol=1e-2, atol=1e-2)
    options = {"l1_ratios": (0,), "scoring": "accuracy", "use_legacy_attributes": False, "Cs": 2, "cv": 2}
    expected = LogisticRegressionCV(**options, device="cpu").fit(X, y)
    target = X[:, 0] + run.normal(40)
    robust = HuberRegressor(device="cpu").fit(X, target).predict(X)
    for rows in (X, *run.there_if_elsewhere(X)):
        model = LogisticRegressionCV(**options, device=run.device.name if rows is X else None).fit(rows, y)
        np.testing.assert_allclose(model.scores_, expected.scores_)
        model = HuberRegressor(device=run.device.name if rows is X else None).fit(rows, target)
        np.testing.assert_allclose(run.device.to_host(model.predict(rows)), robust, atol=1e-3)


CASES = {
    name: case
    for name, case in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if case.__module__ == __name__ and not name.startswith("_") and case is not Run
}
