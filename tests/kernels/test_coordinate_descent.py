"""The reference cases of coordinate descent on the CPU, and its solvers."""

import numpy as np
import pytest
from scipy import sparse

from fastml._device import CPU
from fastml.solvers import least_squares
from fastml.solvers.centred import CentredData
from fastml.solvers.coordinate_descent import Penalty, follow_path, minimise
from tests.kernels.cases import Run
from tests.kernels.coordinate_descent_cases import CASES
from tests.reference import coordinate_descent as reference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))


def make_data(n, p, n_tasks, seed=0):
    """Correlated features, of which few matter; a constant one, and one that is there twice."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p)) + rng.standard_normal((n, 1))
    X[:, 3], X[:, 5] = 2.0, X[:, 4]
    return X, X[:, :4] @ rng.standard_normal((4, n_tasks)) * 3 + rng.standard_normal((n, n_tasks))


def problems_of(X, y, weight=None):
    """The data in every form."""
    data = CentredData(CPU, X, y, weight)
    yield data.problem()
    yield data.problem(True)
    yield CentredData(CPU, np.asfortranarray(X), y, weight).problem()
    yield CentredData(CPU, sparse.csc_array(X), y, weight).problem()


@pytest.mark.parametrize(("n", "p", "n_tasks"), [(60, 20, 1), (60, 20, 3), (30, 150, 1), (30, 150, 2)])
@pytest.mark.parametrize("ratio", [1.0, 0.3])
def test_every_form_comes_to_the_minimum(n, p, n_tasks, ratio):
    X, y = make_data(n, p, n_tasks)
    weight = np.random.RandomState(1).uniform(size=n)
    weight *= n / weight.sum()
    for weights in (None, weight):
        roots = np.ones(n) if weights is None else np.sqrt(weights)
        centred_X = (X - np.average(X, axis=0, weights=weights)) * roots[:, None]
        centred_Y = ((y - np.average(y, axis=0, weights=weights)) * roots[:, None]).T
        penalty = Penalty(0.2 * n * ratio, 0.2 * n * (1 - ratio))
        parts = {"l1": penalty.l1, "l2": penalty.l2}
        values = []
        for problem in problems_of(X, y, weights):
            coef = np.zeros((n_tasks, p))
            problem.start(coef)
            minimum = minimise(problem, coef, penalty, tol=1e-9, max_iter=5000)
            gap = reference.duality_gap(centred_X, centred_Y, coef, **parts)
            assert minimum.gap <= minimum.limit
            assert minimum.gap == pytest.approx(gap, abs=1e-8)
            values.append(reference.objective(centred_X, centred_Y, coef, **parts))
            assert 0 < np.count_nonzero(coef) < coef.size
        np.testing.assert_allclose(values, values[0], rtol=1e-8)


@pytest.mark.parametrize("n_tasks", [1, 2])
def test_features_instead_of_products(monkeypatch, n_tasks):
    """With more chosen features than there may be in a Gram matrix."""
    X, y = make_data(80, 100, n_tasks)
    problem = CentredData(CPU, X, y).problem()
    found = []
    for most in (least_squares.GRAM_FEATURES, 10):
        monkeypatch.setattr(least_squares, "GRAM_FEATURES", most)
        problem = CentredData(CPU, X, y).problem()
        penalties = [Penalty(80 * alpha, 0.0) for alpha in (0.5, 0.1)]
        found.append(follow_path(problem, np.zeros((n_tasks, 100)), penalties, tol=1e-10, max_iter=10_000)[0])
    np.testing.assert_allclose(found[1], found[0], atol=1e-4)


def test_sweeps_are_extrapolated(monkeypatch):
    """Features that are nearly the same, so that coordinate descent moves in small steps."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((100, 1)) + 0.3 * rng.standard_normal((100, 20))
    problem = CentredData(CPU, X, X @ rng.standard_normal(20)).problem(True)
    n_iters = []
    new_memory = CPU.kernels.coordinate_descent.new_memory
    for extrapolate in (True, False):

        def remember(n_tasks, n_active, n_state, _, extrapolate=extrapolate):
            return new_memory(n_tasks, n_active, n_state, extrapolate)

        monkeypatch.setattr(CPU.kernels.coordinate_descent, "new_memory", remember)
        coef = np.zeros((1, 20))
        problem.start(coef)
        n_iters.append(minimise(problem, coef, Penalty(0.001, 0.0), tol=1e-8, max_iter=5000).n_iter)
    assert 3 * n_iters[0] < n_iters[1] < 5000


def test_few_features_are_copied():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((50, 3000)).astype(np.float32)
    data = CentredData(CPU, X, X[:, :2].sum(axis=1))
    problem, coef = data.problem(), np.zeros((1, 3000))
    problem.start(coef)
    minimise(problem, coef, Penalty(10.0, 0.0), tol=1e-6, max_iter=1000)
    np.testing.assert_array_equal(np.flatnonzero(coef[0])[:2], [0, 1])
    assert len(problem._columns) < 500
