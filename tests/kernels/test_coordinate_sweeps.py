"""Coordinate descent on linear support vector machines against the definitions."""

import numpy as np
import pytest
import scipy.sparse

from fastml.kernels.cpu import _coordinate_sweeps, dual_coordinate_descent, l1_svm
from tests.reference import dual_coordinate_descent as dual_reference
from tests.reference import l1_svm as l1_reference
from tests.reference import sgd as sgd_reference

SIZES = [(1, 1), (9, 1), (1, 9), (33, 17)]
KINDS = ("normal", "duplicates", "constant column", "ties", "sparse", "small")


def make(n, d, dtype, kind="normal"):
    rng = np.random.RandomState(n + d)
    X = rng.normal(size=(n, d))
    if kind == "duplicates":
        X = X[rng.randint(0, n // 3 + 1, n)]
    elif kind == "constant column":
        X[:, 0] = 5
    elif kind == "ties":
        X = np.round(X)
    elif kind == "sparse":
        X[rng.uniform(size=X.shape) < 0.7] = 0
    elif kind == "small":
        X *= 1e-6
    target = np.where(X[:, 0] + 0.3 * rng.normal(size=n) > 0, 1.0, -1.0)
    cost = rng.uniform(0.5, 2, n)
    cost[n // 2 :: 5] = 0
    return X.astype(dtype), target, cost


def arrays(matrix):
    return matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64)


def run(sweep, lines, sweeps):
    while not sweeps.done:
        sweep(lines, sweeps)
    return sweeps


def solve_dual(X, target, cost, stored, epsilon, squared, tol=1e-7, max_iter=10_000, bias=0.5):
    rows = (X,) if stored == "dense" else arrays(scipy.sparse.csr_matrix(X))
    squares = dual_coordinate_descent.row_squares(rows)
    np.testing.assert_allclose(squares, dual_reference.row_squares(X), rtol=1e-12)
    sweeps = dual_coordinate_descent.DualSweeps(
        squares, target, cost, X.shape[1], bias, epsilon, squared, tol, max_iter, seed=7
    )
    return run(dual_coordinate_descent.sweep_dual, rows, sweeps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stored", ["dense", "csr"])
@pytest.mark.parametrize("epsilon", [None, 0.0, 0.3])
@pytest.mark.parametrize("squared", [False, True])
def test_primal_and_dual_meet(squared, epsilon, stored, dtype):
    for kind in KINDS:
        for n, d in SIZES:
            X, target, cost = make(n, d, dtype, kind)
            sweeps = solve_dual(X, target, cost, stored, epsilon, squared)
            problem = X.astype(float), target, cost
            high = dual_reference.primal_objective(*problem, sweeps.weights, 0.5, epsilon, squared)
            low = dual_reference.dual_objective(*problem, sweeps.dual, 0.5, epsilon, squared)
            assert low <= high + 1e-9
            assert high - low <= 1e-5 * high + 1e-12, (kind, n, d)
            assert not sweeps.dual[cost == 0].any()


@pytest.mark.parametrize("stored", ["dense", "csr"])
@pytest.mark.parametrize("epsilon", [None, 0.2])
@pytest.mark.parametrize("squared", [False, True])
def test_the_first_sweeps(squared, epsilon, stored):
    """Before any row rests, each sweep is that of the definition."""
    X, target, cost = make(33, 17, np.float64)
    cost[cost == 0] = 1.0
    sweeps = solve_dual(X, target, cost, stored, epsilon, squared, max_iter=1)
    order = np.arange(33)
    sgd_reference.shuffle(order, 7)
    expected = dual_reference.sweep_dual(X, target, cost, 0.5, epsilon, squared, [order])
    np.testing.assert_allclose(sweeps.dual, expected, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(sweeps.weights[:-1], expected @ X, rtol=1e-10, atol=1e-14)
    assert sweeps.n_iter == 1


def solve_l1(X, target, cost, stored, tol=1e-8, max_iter=10_000):
    columns = (np.ascontiguousarray(X.T),) if stored == "dense" else arrays(scipy.sparse.csc_matrix(X))
    squares = l1_svm.column_squares(columns, cost)
    np.testing.assert_allclose(squares, l1_reference.column_squares(X, cost), rtol=1e-5, atol=1e-30)
    return run(
        l1_svm.sweep_columns, columns, l1_svm.ColumnSweeps(squares, target, cost, tol, max_iter, seed=7)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stored", ["dense", "csc"])
def test_l1_is_optimal(stored, dtype):
    for kind in KINDS:
        for n, d in SIZES:
            X, target, cost = make(n, d, dtype, kind)
            weights = solve_l1(X, target, cost, stored).weights
            slope = l1_reference.slope(X.astype(float), target, cost, weights)
            at_zero = weights == 0
            assert (np.abs(slope[at_zero]) <= 1 + 1e-6).all()
            np.testing.assert_allclose(slope[~at_zero], -np.sign(weights[~at_zero]), atol=1e-6)


@pytest.mark.parametrize("stored", ["dense", "csc"])
def test_l1_falls_from_sweep_to_sweep(stored):
    X, target, cost = make(40, 8, np.float64)
    problem = X, target, cost
    values = [
        l1_reference.objective(*problem, solve_l1(*problem, stored, tol=0.0, max_iter=k).weights)
        for k in range(8)
    ]
    assert (np.diff(values) < 1e-12).all() and values[-1] < 0.9 * values[0]
    weights = np.zeros(8)
    for _ in range(50):
        weights = l1_reference.sweep_columns(*problem, range(8), weights)
    best = l1_reference.objective(*problem, weights)
    found = l1_reference.objective(*problem, solve_l1(*problem, stored).weights)
    assert found == pytest.approx(best, rel=1e-9)


def test_sweeps_in_parts(monkeypatch):
    """Where a kernel ends amid a sweep, the next call goes on."""
    X, target, cost = make(40, 8, np.float64)
    whole = solve_dual(X, target, cost, "dense", None, True).dual, solve_l1(X, target, cost, "csc").weights
    monkeypatch.setattr(_coordinate_sweeps, "CHUNK", 50)
    parts = solve_dual(X, target, cost, "dense", None, True).dual, solve_l1(X, target, cost, "csc").weights
    for one, other in zip(whole, parts):
        np.testing.assert_array_equal(one, other)


def test_no_sweep_at_all():
    X, target, cost = make(9, 1, np.float64)
    assert not solve_dual(X, target, cost, "dense", None, True, max_iter=0).dual.any()
