"""The steps of Newton's method for linear support vector machines, against naive ones."""

import numpy as np
import pytest

from fastml.kernels.cpu import linear_svm
from tests.reference import linear_svm as reference

SIZES = [(1, 1), (9, 1), (1, 9), (34, 17), (131, 5)]
EPSILONS = [None, 0.0, 0.4]


def make(n, d, epsilon):
    rng = np.random.RandomState(n + d)
    X, cost = rng.normal(size=(n, d)), rng.uniform(0, 2, n) * (rng.uniform(size=n) < 0.8)
    target = rng.normal(size=n) if epsilon is not None else np.where(rng.uniform(size=n) < 0.5, -1.0, 1.0)
    return X, target, cost, rng.normal(size=n), rng.normal(size=n)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_errors_are_weighed(n, d, epsilon):
    _, target, cost, predicted, _ = make(n, d, epsilon)
    predicted[0] = target[0]  # no error, nor a sign
    loss, weighed = linear_svm.weigh_errors(target, cost, predicted, epsilon)
    expected_loss, expected = reference.weigh_errors(target, cost, predicted, epsilon)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(weighed, expected, rtol=1e-12)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_slope_is_flat_where_a_step_ends(n, d, epsilon):
    _, target, cost, predicted, change = make(n, d, epsilon)
    for along in (-50.0, -1.0):
        line = target, cost, predicted, change, epsilon, along, 0.7
        first = reference.slope(*line, 0.0)
        if first > 0:
            line = target, cost, predicted, change, epsilon, along - 2 * first, 0.7
            first = reference.slope(*line, 0.0)
        length = linear_svm.good_length(*line, first)
        assert length > 0
        assert abs(reference.slope(*line, length)) <= 1e-5 * abs(first)


@pytest.mark.parametrize("kind", ["normal", "duplicates", "constant column", "far from the origin"])
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_newtons_equation_is_solved(n, d, kind):
    X, _, cost, _, weight = make(n, d, None)
    if kind == "duplicates":
        X[n // 2 :] = X[0]
    elif kind == "constant column":
        X[:, 0] = 1.0
    elif kind == "far from the origin":
        X = X + 1e4
    active = np.flatnonzero(cost)
    weight, gradient = np.abs(weight[: len(active)]), np.linspace(-1, 2, d + 1)
    found = linear_svm.solve_newton(X, 0.5, active, weight, gradient)
    expected = reference.solve_newton(X, 0.5, active, weight, gradient)
    tol = 1e-6 if kind == "far from the origin" else 1e-10
    np.testing.assert_allclose(found, expected, rtol=tol, atol=tol * np.abs(expected).max())


def test_steps_lead_downhill_where_rounding_errors_hide_the_rank():
    X = np.random.RandomState(0).normal(size=(50, 4)) + 1e8
    gradient = np.array([1.0, -2.0, 0.5, 3.0, 0.1])
    step = linear_svm.solve_newton(X, 1.0, np.arange(50), np.full(50, 2.0), gradient)
    assert np.isfinite(step).all()
    assert step @ gradient < 0
