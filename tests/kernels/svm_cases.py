"""The reference cases of support vector machines: kernel functions, and the steps around a working set."""

import inspect
import sys

import numpy as np

from fastml._device import CPU
from fastml.svm import SVC, SVR
from tests.reference import kernel_functions as reference_functions
from tests.reference import platt as reference_platt
from tests.reference import smo as reference_smo
from tests.reference import sparse_kernel_functions as reference_sparse

FUNCTIONS = (("linear", 0.3, 0.5, 3), ("poly", 0.3, 0.5, 3), ("poly", 0.2, 1.0, 0), ("rbf", 0.3, 0.0, 3),
             ("rbf", 0.0, 0.0, 3), ("sigmoid", 0.2, 0.5, 3))  # fmt: skip


def _rows_and_sums(run, X, function, offset=None, tolerance=None):
    """Some rows of the matrix in scattered slots, and sums of weighted values."""
    kernels, n = run.device.kernels.kernel_functions, len(X)
    points = kernels.lay_out(
        run.there(X), *function, None if offset is None else run.there(offset), run.dtype
    )
    expected = reference_functions.matrix(X, X, *function)
    scale = max(1.0, np.abs(expected).max())
    picks = np.arange(0, n, 2)
    slots = run.rng.permutation(n)[: len(picks)]
    found = run.zeros((n, n), np.float32)
    kernels.kernel_rows(points, *run.there(picks, slots), found)
    found = run.device.to_host(found)
    tolerance = tolerance or 100 * run.eps
    np.testing.assert_allclose(found[slots], expected[picks], rtol=1e-6, atol=(tolerance + 1e-7) * scale)
    assert not found[np.setdiff1d(np.arange(n), slots)].any()
    whole = run.zeros((n, n), np.float32)
    kernels.kernel_matrix(points, whole)
    whole = run.device.to_host(whole)
    np.testing.assert_array_equal(whole[picks], found[slots])
    np.testing.assert_array_equal(whole, whole.T)
    coefficients = run.rng.normal(size=(2, n))
    asked = kernels.take_points(points, run.there(picks), False)
    sums = run.zeros((2, len(picks)), np.float64)
    kernels.sum_kernel_rows(asked, points, run.there(coefficients), sums)
    np.testing.assert_allclose(
        run.device.to_host(sums), coefficients @ expected[:, picks], rtol=0, atol=n * tolerance * scale
    )
    few, wide = np.empty((len(picks), n)), X.astype(np.float64)
    CPU.kernels.kernel_functions.values_of_few(wide[picks], wide, *function, few)
    np.testing.assert_allclose(few, expected[picks], rtol=1e-12, atol=1e-14 * scale)


def values_of_each_function(run):
    for function in FUNCTIONS:
        _rows_and_sums(run, run.normal(7 if run.simulated else 37, 3), function)


def values_of_ragged_sizes(run):
    for n, d in ((1, 1), (2, 3), (7, 1), *(((230, 9), (65, 20)) if not run.simulated else ((40, 9),))):
        _rows_and_sums(run, run.normal(n, d), ("rbf", 0.3, 0.0, 3))


def values_far_from_the_origin(run):
    offset = 1e4 if run.dtype == np.float32 else 1e8
    X = (run.small_integers(21, 4) + run.dtype.type(offset)).astype(run.dtype)
    _rows_and_sums(run, X, ("rbf", 0.3, 0.0, 3), offset=np.full(4, offset, run.dtype))


def equal_rows_have_equal_values(run):
    X = run.normal(23, 6)
    X[11], X[12], X[:, 2] = X[3], X[3], 5
    points = run.device.kernels.kernel_functions.lay_out(run.there(X), "rbf", 0.7, 0.0, 3, None, run.dtype)
    found, every = run.zeros((23, 23), np.float32), run.there(np.arange(23))
    run.device.kernels.kernel_functions.kernel_rows(points, every, every, found)
    found = run.device.to_host(found)
    np.testing.assert_array_equal(found[3], found[11])
    np.testing.assert_array_equal(found, found.T)
    assert found[3, 11] == found[3, 3] <= 1


def values_of_sparse_rows(run):
    from scipy import sparse

    kernels = CPU.kernels.sparse_kernel_functions
    for n, d in ((1, 1), (70, 9), (150, 40)):
        X = sparse.random(n, d, 0.3, format="csr", random_state=0, dtype=run.dtype)
        for function in FUNCTIONS:
            points = kernels.lay_out(X, *function, None, run.dtype)
            picks = np.arange(n)[::-1][: max(1, n - 3)].copy()
            found, sums = np.zeros((n, n), np.float32), np.zeros((2, n))
            kernels.kernel_rows(points, picks, picks, found)
            expected = reference_sparse.matrix(X, X, *function)
            np.testing.assert_allclose(found[picks], expected[picks], rtol=1e-5, atol=1e-6)
            whole = np.zeros((n, n), np.float32)
            kernels.kernel_matrix(points, whole)
            np.testing.assert_array_equal(whole[picks], found[picks])
            coefficients = run.rng.normal(size=(2, n))
            kernels.sum_kernel_rows(kernels.take_points(points, np.arange(n)), points, coefficients, sums)
            expected = reference_sparse.sums(X, X, coefficients, *function)
            np.testing.assert_allclose(sums, expected, atol=1000 * run.eps * max(1, np.abs(expected).max()))


def _working_set(run, n, kind):
    X = run.rng.standard_normal((n, 3))
    if kind == "equal rows":
        X[n // 2 :] = X[: n - n // 2]
    K = np.exp(-0.5 * ((X[:, None] - X) ** 2).sum(axis=2))
    sign = np.where(np.arange(n) < n // 2, 1.0, -1.0)
    if kind == "linear, large bounds":
        K = X @ X.T
    C = {"large bounds": 1e6, "linear, large bounds": 1e3, "tiny": 1e-6}.get(kind, 1.0)
    f0 = sign if kind != "tiny" else 1e-6 * sign
    return K, f0, np.where(sign < 0, -C, 0.0), np.where(sign > 0, C, 0.0)


def working_sets_are_solved(run):
    kinds = ("plain", "equal rows", "large bounds", "linear, large bounds", "tiny")
    for n, kind in [(n, kind) for n in (2, 9, 26) for kind in kinds]:
        K, f0, low, high = _working_set(run, n, kind)
        for split in (n, n // 2):
            b, tol = np.zeros(n), 1e-3 * np.abs(f0).max()
            if split < n:  # a start inside the bounds, whose sums are kept
                b = (low + high) / 4
            f, before = f0 - K @ b, b.copy()
            steps = CPU.kernels.smo.solve_working_set(K, low, high, b, f, split, tol, 10**6)
            expected = reference_smo.solve_working_set(K, low, high, before, f0 - K @ before, split, tol)
            assert steps < 10**6
            assert reference_smo.violation(f, low, high, b, split) < tol
            np.testing.assert_allclose(f, f0 - K @ b, atol=1e-9 * max(1, np.abs(b).max() * np.abs(K).max()))
            assert (b >= low).all() and (b <= high).all()
            for part in (slice(split), slice(split, None)):
                np.testing.assert_allclose(b[part].sum(), before[part].sum(), atol=1e-9 * np.abs(high).max())
            found, best = (reference_smo.objective(K, f0, x) for x in (b, expected))
            assert found <= best + 1e-3 * abs(best) + 1e-12, (n, kind, split)


def picked_rows_are_solved_as_if_they_were_all(run):
    for n in (1, 2, 9, 26, 32):
        K, f0, low, high = _working_set(run, n, "plain")
        picks = run.rng.permutation(2 * n + 3)[:n]
        values = np.full((2 * n + 3, 2 * n + 3), np.nan, np.float32)
        values[np.ix_(picks, picks)] = K
        for split in (n, n // 2):
            picked, whole = [((low + high) / 4, f0.copy()) for _ in range(2)]
            steps = CPU.kernels.smo.solve_picked(values, picks, low, high, *picked, split, 1e-6, 10**6)
            K = K.astype(np.float32).astype(np.float64)
            assert steps == CPU.kernels.smo.solve_working_set(K, low, high, *whole, split, 1e-6, 10**6)
            np.testing.assert_array_equal(picked, whole)


def steps_can_be_limited(run):
    K, f0, low, high = _working_set(run, 16, "plain")
    b, f = np.zeros(16), f0.copy()
    assert CPU.kernels.smo.solve_working_set(K, low, high, b, f, 16, 1e-3, 3) == 3
    assert np.count_nonzero(b) > 1
    assert CPU.kernels.smo.solve_working_set(K, low, high, b, f, 16, 1e9, 3) == 0


def rows_are_gathered_and_added(run):
    for n_slots, n in ((3, 5), (12, 40), (9, 77)):
        values = run.rng.standard_normal((n_slots, n)).astype(np.float32)
        picks = run.rng.permutation(n)[: n_slots - 2]
        slots = run.rng.permutation(n_slots)[: n_slots - 2]
        square, sums = run.zeros((n_slots - 2, n_slots - 2), np.float64), np.arange(float(n))
        run.device.kernels.smo.gather_square(*run.there(values, slots, picks), square)
        run.equal(square, reference_smo.gather_square(values, slots, picks))
        coefficients = run.rng.normal(size=n_slots - 2)
        added = run.there(sums.copy())
        run.device.kernels.smo.add_rows(*run.there(values, slots, coefficients), added)
        expected = reference_smo.add_rows(values, slots, coefficients, sums)
        np.testing.assert_allclose(run.device.to_host(added), expected, rtol=1e-12)


def sigmoids_are_fitted(run):
    for n in (3, 200):
        decision = run.rng.normal(size=n) * 3
        positive = decision + run.rng.normal(size=n) > 0.2
        positive[:2] = True, False
        found = CPU.kernels.platt.fit_sigmoid(decision, positive)
        best = reference_platt.fit_sigmoid(decision, positive)
        losses = [reference_platt.loss(np.array(p), decision, positive) for p in (found, best)]
        assert losses[0] <= losses[1] * (1 + 1e-6) + 1e-9


def pairwise_probabilities_are_coupled(run):
    for n_classes in (2, 3, 5):
        pairwise = run.rng.uniform(0.05, 0.95, (9, n_classes * (n_classes - 1) // 2))
        found = np.empty((9, n_classes))
        CPU.kernels.platt.couple_probabilities(pairwise, found)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(
            found, reference_platt.couple_probabilities(pairwise, n_classes), atol=0.01
        )


def machines_are_those_of_the_cpu(run):
    X, y = run.normal(14, 2), np.arange(14) % 2
    X += 2 * y[:, None].astype(run.dtype)
    for make, target in ((SVC, y), (SVR, 1.0 * y)):
        expected = make(device="cpu").fit(X, target)
        for data in (X, *run.there_if_elsewhere(X)):
            found = make(device=run.device.name).fit(data, target)
            assert type(found.dual_coef_) is np.ndarray
            np.testing.assert_array_equal(found.support_, expected.support_)
            np.testing.assert_allclose(found.dual_coef_, expected.dual_coef_, atol=1e-3)
            told = run.device.to_host(found.predict(data))
            np.testing.assert_allclose(told, expected.predict(X), atol=0.01)


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
ON_THE_HOST = {  # without a twin
    "pairwise_probabilities_are_coupled",
    "picked_rows_are_solved_as_if_they_were_all",
    "sigmoids_are_fitted",
    "steps_can_be_limited",
    "values_of_sparse_rows",
    "working_sets_are_solved",
}
TWINS = {name: case for name, case in CASES.items() if name not in ON_THE_HOST}
