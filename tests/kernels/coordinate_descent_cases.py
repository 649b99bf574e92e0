"""The reference cases of coordinate descent and of the products that it needs."""

import numpy as np
from scipy import sparse

from fastml._device import CPU
from tests.reference import coordinate_descent as reference
from tests.reference import gram as reference_gram

SHAPES = ((1, 1, 1), (7, 1, 2), (1, 5, 1), (37, 11, 3), (300, 70, 1), (2500, 13, 2))
PENALTIES = ((0.0, 0.0), (3.0, 0.0), (3.0, 2.0), (0.0, 2.0), (1e6, 0.0))


def _data(run, n, p, n_tasks, offset=0.0):
    """Data with a constant column, one that is there twice, and ties."""
    X = np.round(run.normal(n, p) * 4) / 4 + run.dtype.type(offset)
    X[:, p // 2] = offset + 3
    if p > 4:
        X[:, 4] = X[:, 1]
    return X.astype(run.dtype), run.rng.standard_normal((n_tasks, n)) * 3


def products_of_centred_features(run):
    kernels = run.device.kernels.gram
    for n, p, n_tasks in SHAPES:
        for offset in (0.0, 1e8 if run.dtype == np.float64 else 1e3):
            X, Y = _data(run, n, p, n_tasks, offset)
            means = X.astype(np.float64).mean(axis=0)
            for roots in (None, np.sqrt(run.rng.uniform(size=n))):
                there = run.there(X, np.ascontiguousarray(Y.T), means, roots)
                expected = reference_gram.centred_gram(X, Y.T, means.astype(run.dtype), roots)
                layouts = [lambda X: X, np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2]]
                for layout in layouts if run.device.name == "cpu" else layouts[:1]:
                    for found, value in zip(kernels.centred_gram(layout(there[0]), *there[1:]), expected):
                        found = run.device.to_host(found)
                        np.testing.assert_allclose(found, value, atol=200 * run.eps * n, rtol=100 * run.eps)
            found = run.device.to_host(kernels.centred_slopes(*run.there(X, means, Y)))
            np.testing.assert_allclose(found, reference_gram.centred_slopes(X, means, Y), atol=1e-9 * n)


def columns_are_centred(run):
    """On the CPU only, and from both layouts."""
    kernels = CPU.kernels.gram
    for n, p, n_tasks in SHAPES:
        X, Y = _data(run, n, p, n_tasks, 100.0)
        means = X.astype(np.float64).mean(axis=0)
        features = np.flatnonzero(run.rng.uniform(size=p) < 0.7)
        for roots in (None, np.sqrt(run.rng.uniform(size=n))):
            for A in (X, np.asfortranarray(X)):
                columns = np.empty((len(features), n))
                if len(features):
                    kernels.centred_columns(A, features, means, roots, columns)
                np.testing.assert_allclose(
                    columns, reference_gram.centred_columns(X, features, means, roots), atol=1e-12
                )
                found = kernels.centred_slopes(A, means, Y)
                np.testing.assert_allclose(found, reference_gram.centred_slopes(X, means, Y), atol=1e-10 * n)


def _rules(l1, l2, positive=False, tolerance=0.0, gap=0.0, target_square=0.0, max_sweeps=1):
    return np.array([l1, l2, positive, tolerance, gap, target_square, max_sweeps], np.float64)


def _sweep_all(run, X, Y, coef, active, l1, l2, positive=False):
    """One sweep in each form; the coefficients that it leaves."""
    kernels = CPU.kernels.coordinate_descent
    rules = _rules(l1, l2, positive, target_square=np.square(Y).sum())
    squares = np.square(X).sum(axis=0)
    found = []

    def sweep(launch, *problem, state):
        moved = coef.copy()
        memory = kernels.new_memory(len(Y), len(active), state.size)
        assert launch(*problem, rules, active, moved, state, *memory) == 1
        found.append((moved, kernels.largest_move(memory), memory[0][1]))
        return moved

    slopes, gram, products = (Y - coef @ X.T) @ X, np.ascontiguousarray(X.T @ X), Y @ X
    moved = sweep(kernels.sweep_gram, gram, products, gram.diagonal().copy(), state=slopes)
    np.testing.assert_allclose(slopes, (Y - moved @ X.T) @ X, atol=1e-9 * len(X))
    np.testing.assert_allclose(kernels.fitted_slopes(gram, products, moved), slopes, atol=1e-9 * len(X))
    residual = Y - moved @ X.T
    found_squares = kernels.residual_squares(products, moved, slopes, np.square(Y).sum())
    expected = np.square(residual).sum(), (residual * Y).sum()
    np.testing.assert_allclose(found_squares, expected, rtol=1e-9, atol=1e-9 * len(X) * np.square(Y).sum())

    residual = Y - coef @ X.T
    moved = sweep(kernels.sweep_columns, np.ascontiguousarray(X.T), squares, state=residual)
    np.testing.assert_allclose(residual, Y - moved @ X.T, atol=1e-10 * len(X))

    # The stored features are not centred: those of X are, and the shifts make up for it.
    means = run.rng.standard_normal(X.shape[1])
    stored = sparse.csc_array(X + means)
    stored = stored.data, stored.indices.astype(np.int32), stored.indptr.astype(np.int64)
    shifts = np.sqrt(len(X)) * means
    residual = np.hstack([Y - coef @ (X + means).T, (coef @ shifts)[:, None]])
    moved = sweep(kernels.sweep_sparse, *stored, np.stack([shifts, squares]), state=residual)
    np.testing.assert_allclose(residual[:, :-1], Y - moved @ (X + means).T, atol=1e-10 * len(X))
    np.testing.assert_allclose(residual[:, -1], moved @ shifts, atol=1e-10 * len(X))
    slopes = CPU.kernels.gram.sparse_slopes(*stored, shifts, residual)
    expected = reference_gram.sparse_slopes(X + means, shifts, residual)
    np.testing.assert_allclose(slopes, expected, atol=1e-9 * len(X))
    return found


def sweeps_move_coefficients(run):
    for n, p, n_tasks in SHAPES[:-1]:
        X, Y = _data(run, n, p, n_tasks)
        X = X - X.mean(axis=0, dtype=np.float64)
        X[:, p // 2] = 0  # what a constant column is
        Y = Y - Y.mean(axis=1, keepdims=True)
        active = run.rng.permutation(p)[: max(1, p - 2)]
        for l1, l2 in PENALTIES:
            for positive in (False, True)[: 3 - min(n_tasks, 2)]:
                coef = np.where(
                    run.rng.uniform(size=(1, p)) < 0.5, run.rng.standard_normal((n_tasks, p)), 0.0
                )
                coef = np.abs(coef) if positive else coef
                expected = coef.copy()
                move = reference.sweep(X, Y, expected, active, l1=l1, l2=l2, positive=positive)
                for found, *moves in _sweep_all(run, X, Y, coef, active, l1, l2, positive):
                    np.testing.assert_allclose(found, expected, atol=1e-9)
                    largest = np.abs(expected[:, active]).max()
                    np.testing.assert_allclose(moves, [move, largest], atol=1e-9)


def _sweep_on(launch, problem, coef, state, rules, *, extrapolate):
    kernels = CPU.kernels.coordinate_descent
    active = np.arange(coef.shape[1])
    memory = kernels.new_memory(len(coef), len(active), state.size, extrapolate)
    n_sweeps = launch(*problem, rules, active, coef, state, *memory)
    return n_sweeps, memory[0][:2]


def sweeps_end_when_little_moves(run):
    X, Y = _data(run, 60, 8, 1)
    X = X - X.mean(axis=0, dtype=np.float64)
    problem = np.ascontiguousarray(X.T), np.square(X).sum(axis=0)
    for tolerance in (1e-2, 1e-6):
        coef, rules = np.zeros((1, 8)), _rules(1.0, 0.0, tolerance=tolerance, max_sweeps=500)
        launch = CPU.kernels.coordinate_descent.sweep_columns
        n_sweeps, (move, largest) = _sweep_on(launch, problem, coef, Y.copy(), rules, extrapolate=False)
        assert 1 < n_sweeps < 500
        assert move <= tolerance * largest
        expected = np.zeros((1, 8))
        for _ in range(n_sweeps - 1):
            move = reference.sweep(X, Y, expected, range(8), l1=1.0, l2=0.0)
        assert move > tolerance * np.abs(expected).max()


def sweeps_end_when_the_gap_is_small(run):
    for n_tasks, l1, l2 in ((1, 1.0, 0.0), (2, 1.0, 0.5), (1, 0.0, 0.5), (1, 0.0, 0.0)):
        X, Y = _data(run, 60, 8, n_tasks)
        X = X[:, [0, 1, 2, 3, 5, 6, 7]] - X[:, [0, 1, 2, 3, 5, 6, 7]].mean(axis=0, dtype=np.float64)
        gram, products = np.ascontiguousarray(X.T @ X), Y @ X
        problem = gram, products, gram.diagonal().copy()
        for limit in (1.0, 1e-6):
            coef = np.zeros((n_tasks, 7))
            rules = _rules(l1, l2, tolerance=1.0, gap=limit, target_square=np.square(Y).sum(), max_sweeps=500)
            launch = CPU.kernels.coordinate_descent.sweep_gram
            n_sweeps, _ = _sweep_on(launch, problem, coef, products.copy(), rules, extrapolate=False)
            assert 1 <= n_sweeps < 500
            expected = np.zeros((n_tasks, 7))
            for _ in range(n_sweeps):
                gap = reference.duality_gap(X, Y, expected, l1=l1, l2=l2)
                reference.sweep(X, Y, expected, range(7), l1=l1, l2=l2)
                assert gap > limit or np.array_equal(expected, np.zeros_like(expected))
            np.testing.assert_allclose(coef, expected, atol=1e-9)
            assert reference.duality_gap(X, Y, coef, l1=l1, l2=l2) <= limit * (1 + 1e-6)


def points_are_extrapolated(run):
    """Where features are nearly the same: it takes fewer sweeps to as small an objective."""
    kernels = CPU.kernels.coordinate_descent
    for n_tasks in (1, 2):
        X = run.rng.standard_normal((60, 1)) + 0.2 * run.rng.standard_normal((60, 8))
        Y = run.rng.standard_normal((n_tasks, 8)) @ X.T
        gram, products, means = np.ascontiguousarray(X.T @ X), Y @ X, np.ones(8)
        stored = sparse.csc_array(X + means)
        stored = stored.data, stored.indices.astype(np.int32), stored.indptr.astype(np.int64)
        shifts, squares = np.sqrt(60) * means, gram.diagonal().copy()
        for launch, problem, state in (
            (kernels.sweep_gram, (gram, products, squares), products),
            (kernels.sweep_columns, (np.ascontiguousarray(X.T), squares), Y),
            (kernels.sweep_sparse, (*stored, np.stack([shifts, squares])), np.pad(Y, ((0, 0), (0, 1)))),
        ):
            values = []
            for extrapolate, n_sweeps in ((True, 40), (False, 80)):
                coef = np.zeros((n_tasks, 8))
                square = np.square(Y).sum()
                rules = _rules(0.01, 0.01, tolerance=-1.0, target_square=square, max_sweeps=n_sweeps)
                made, _ = _sweep_on(launch, problem, coef, state.copy(), rules, extrapolate=extrapolate)
                assert made == n_sweeps
                values.append(reference.objective(X, Y, coef, l1=0.01, l2=0.01))
            assert values[0] < values[1]


def active_features_are_listed(run):
    kernels = CPU.kernels.coordinate_descent
    for n, p, n_tasks in SHAPES:
        X, Y = _data(run, n, p, n_tasks)
        X = X.astype(np.float64)
        squares = np.square(X).sum(axis=0)
        squares[p // 2] = 0
        for l1, l2 in PENALTIES:
            for positive in (False, True)[: 3 - min(n_tasks, 2)]:
                coef = np.where(
                    run.rng.uniform(size=(1, p)) < 0.3, run.rng.standard_normal((n_tasks, p)), 0.0
                )
                slopes = (Y - coef @ X.T) @ X
                active, rules = np.empty(p, np.int64), _rules(l1, l2, positive)
                residual = Y - coef @ X.T
                residual_squares = np.square(residual).sum(), (residual * Y).sum()
                n_active, gap = kernels.choose_active(coef, slopes, squares, rules, residual_squares, active)
                listed = reference.choose_active(coef, slopes, squares, l1=l1, l2=l2, positive=positive)
                np.testing.assert_array_equal(active[:n_active], listed)
                expected = reference.duality_gap(X, Y, coef, l1=l1, l2=l2, positive=positive)
                np.testing.assert_allclose(gap, expected, rtol=1e-9, atol=1e-9 * np.square(Y).sum())


def lassos_are_fitted(run):
    """Estimators whose products are computed on the device, from data on the host and there."""
    from fastml.linear_model import ElasticNet, LassoCV, MultiTaskLasso

    X, Y = _data(run, 40, 6, 2)
    weight = run.rng.uniform(size=40)
    for make, target in (
        (lambda device: ElasticNet(0.1, device=device), Y[0]),
        (lambda device: ElasticNet(0.1, fit_intercept=False, device=device), Y.T.copy()),
        (lambda device: MultiTaskLasso(0.1, device=device), Y.T.copy()),
        (lambda device: LassoCV(alphas=5, cv=3, device=device), Y[0]),
    ):
        for sample_weight in (None, weight):
            expected = make("cpu").fit(X, target, sample_weight)
            for device, data in ((run.device.name, X), (None, *run.there_if_elsewhere(X))):
                model = make(device).fit(data, target, sample_weight)
                assert type(model.coef_) is np.ndarray
                np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-3, atol=1e-3)
                found = run.device.to_host(model.predict(data))
                np.testing.assert_allclose(found, expected.predict(X), rtol=1e-2, atol=1e-2)


CASES = {
    "products_of_centred_features": products_of_centred_features,
    "columns_are_centred": columns_are_centred,
    "sweeps_move_coefficients": sweeps_move_coefficients,
    "sweeps_end_when_little_moves": sweeps_end_when_little_moves,
    "sweeps_end_when_the_gap_is_small": sweeps_end_when_the_gap_is_small,
    "points_are_extrapolated": points_are_extrapolated,
    "active_features_are_listed": active_features_are_listed,
    "lassos_are_fitted": lassos_are_fitted,
}
TWINS = {
    "products_of_centred_features": products_of_centred_features,
    "lassos_are_fitted": lassos_are_fitted,
}
