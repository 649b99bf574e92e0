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


def _rules(kernels, l1, l2, positive=False, tolerance=0.0, max_sweeps=1):
    return np.array([l1, l2, positive, tolerance, max_sweeps], np.float64)


def _sweep_all(run, X, Y, coef, active, l1, l2, positive=False):
    """One sweep in each form; the coefficients that it leaves."""
    kernels = CPU.kernels.coordinate_descent
    rules, moves = _rules(kernels, l1, l2, positive), np.zeros(len(Y) + 2)
    squares = np.square(X).sum(axis=0)
    found = []

    by_gram, slopes = coef.copy(), (Y - coef @ X.T) @ X
    gram = np.ascontiguousarray(X.T @ X)
    assert kernels.sweep_gram(gram, gram.diagonal().copy(), rules, active, by_gram, slopes, moves) == 1
    np.testing.assert_allclose(slopes, (Y - by_gram @ X.T) @ X, atol=1e-9 * len(X))
    found.append((by_gram, moves.copy()))

    by_columns, residual = coef.copy(), Y - coef @ X.T
    columns = np.ascontiguousarray(X.T)
    assert kernels.sweep_columns(columns, squares, rules, active, by_columns, residual, moves) == 1
    np.testing.assert_allclose(residual, Y - by_columns @ X.T, atol=1e-10 * len(X))
    found.append((by_columns, moves.copy()))

    # The stored features are not centred: those of X are, and the shifts make up for it.
    means = run.rng.standard_normal(X.shape[1])
    stored = sparse.csc_array(X + means)
    stored = stored.data, stored.indices.astype(np.int32), stored.indptr.astype(np.int64)
    shifts = np.sqrt(len(X)) * means
    by_sparse = coef.copy()
    residual = np.hstack([Y - coef @ (X + means).T, (coef @ shifts)[:, None]])
    assert kernels.sweep_sparse(*stored, shifts, squares, rules, active, by_sparse, residual, moves) == 1
    np.testing.assert_allclose(residual[:, :-1], Y - by_sparse @ (X + means).T, atol=1e-10 * len(X))
    np.testing.assert_allclose(residual[:, -1], by_sparse @ shifts, atol=1e-10 * len(X))
    found.append((by_sparse, moves.copy()))
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
                for found, moves in _sweep_all(run, X, Y, coef, active, l1, l2, positive):
                    np.testing.assert_allclose(found, expected, atol=1e-9)
                    np.testing.assert_allclose(moves[-2], move, atol=1e-9)
                    np.testing.assert_allclose(moves[-1], np.abs(expected[:, active]).max(), atol=1e-9)


def sweeps_end_when_little_moves(run):
    kernels = CPU.kernels.coordinate_descent
    X, Y = _data(run, 60, 8, 1)
    X = X - X.mean(axis=0, dtype=np.float64)
    gram = np.ascontiguousarray(X.T @ X)
    for tolerance in (1e-2, 1e-6):
        coef, slopes, moves = np.zeros((1, 8)), Y @ X, np.zeros(3)
        rules = _rules(kernels, 1.0, 0.0, tolerance=tolerance, max_sweeps=500)
        n_sweeps = kernels.sweep_gram(gram, gram.diagonal().copy(), rules, np.arange(8), coef, slopes, moves)
        assert 1 < n_sweeps < 500
        assert moves[-2] <= tolerance * moves[-1]
        expected = np.zeros((1, 8))
        for _ in range(n_sweeps - 1):
            move = reference.sweep(X, Y, expected, range(8), l1=1.0, l2=0.0)
        assert move > tolerance * np.abs(expected).max()


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
                active, sums = np.empty(p, np.int64), np.empty(kernels.N_SUMS)
                rules = _rules(kernels, l1, l2, positive)
                n_active = kernels.choose_active(coef, slopes, squares, rules, active, sums)
                listed, expected = reference.choose_active(
                    coef, slopes, squares, l1=l1, l2=l2, positive=positive
                )
                np.testing.assert_array_equal(active[:n_active], listed)
                np.testing.assert_allclose(sums[:4], expected, rtol=1e-10)
                np.testing.assert_allclose(
                    sums[4], (slopes * coef).sum(), rtol=1e-9, atol=1e-9 * np.abs(sums[3])
                )


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
    "active_features_are_listed": active_features_are_listed,
    "lassos_are_fitted": lassos_are_fitted,
}
TWINS = {
    "products_of_centred_features": products_of_centred_features,
    "lassos_are_fitted": lassos_are_fitted,
}
