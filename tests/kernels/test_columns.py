"""Column statistics and scaling on the CPU: what the cases for all devices are too small to reach."""

import numpy as np
import pytest

import fastml
from fastml.kernels.cpu import columns, scaling, sparse_columns, sparse_scaling
from tests.reference import columns as reference
from tests.reference import scaling as reference_scaling
from tests.reference import sparse_columns as reference_sparse
from tests.reference import sparse_scaling as reference_sparse_scaling

# One row, one column, less than a vector, whole vectors, joined rows, rows too wide for that, several blocks
SHAPES = [(1, 1), (1, 7), (9, 1), (3, 5), (8, 32), (33, 31), (100, 10), (41, 100), (5, 2100), (40000, 9)]


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return np.dtype(request.param)


def some_data(shape, dtype, *, offset=0.0, gaps=False, seed=0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=shape) + offset).astype(dtype)
    if gaps:
        X[rng.random(shape) < 0.2] = np.nan
        X[:, 0] = np.nan
    X.flags.writeable = False
    return X


def tolerance(dtype):
    return 32 * np.finfo(dtype).eps


# ---- moments


def check_moments(X, weights=None):
    counts, means, squares = columns.column_moments(X, weights)
    expected = reference.column_moments(X, weights)
    np.testing.assert_allclose(counts, expected[0], rtol=1e-14)
    spread = np.sqrt(expected[2] / np.maximum(expected[0], 1e-300))
    np.testing.assert_allclose(means, expected[1], rtol=1e-14, atol=1e-14 * max(spread.max(), 1e-300))
    np.testing.assert_allclose(squares, expected[2], rtol=1e-11, atol=1e-28)
    assert {a.dtype for a in (counts, means, squares)} == {np.dtype(np.float64)}


@pytest.mark.parametrize("gaps", [False, True], ids=["full", "gaps"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_moments(shape, gaps, dtype):
    check_moments(some_data(shape, dtype, gaps=gaps))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weighted_moments(shape, dtype):
    weights = np.random.default_rng(1).integers(0, 3, shape[0]).astype(dtype)
    check_moments(some_data(shape, dtype, gaps=True), weights)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_moments_far_from_zero(shape, dtype):
    X = some_data(shape, dtype, offset=1e8 if dtype == np.float64 else 1e4)
    means, squares = columns.column_moments(X)[1:]
    expected = reference.column_moments(X)
    # The mean itself is rounded to 1e8 * eps.
    np.testing.assert_allclose(means, expected[1], rtol=1e-14)
    np.testing.assert_allclose(squares, expected[2], rtol=1e-9)


@pytest.mark.parametrize("outlier_at", [0, 7, 4999])
def test_one_outlier_does_not_spoil_the_moments(outlier_at):
    X = np.random.default_rng(0).normal(size=(5000, 3))
    X[outlier_at] = 1e9
    check_moments(X)
    # Weighted with 0 it counts for nothing, though other values stand next to it.
    weights = np.ones(5000)
    weights[outlier_at] = 0
    squares = columns.column_moments(X, weights)[2]
    np.testing.assert_allclose(squares, reference.column_moments(X, weights)[2], rtol=1e-10)


def test_constant_columns_have_no_variance(dtype):
    values = np.array([0, 0.1, 1 / 3, 1e8 / 3, -1e-30, 12345.678], dtype)
    for n_samples in (1, 2, 9, 1000, 3001):
        X = np.tile(values, (n_samples, 1))
        X[: n_samples // 3, 1] = np.nan
        counts, means, squares = columns.column_moments(X)
        assert counts.tolist() == [n_samples, n_samples - n_samples // 3, *[n_samples] * 4]
        assert (means == values).all()
        assert (squares == 0).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0), (3, 2), (99_999, 5), (50_001, 6)])
def test_moments_show_an_infinity(value, at, dtype):
    X = np.ones((100_000, 7), dtype)
    X[at] = value
    for weights in (None, np.ones(100_000), np.zeros(100_000)):
        means = columns.column_moments(X, weights)[1]
        assert np.flatnonzero(~np.isfinite(means)).tolist() == [at[1]]


# ---- extremes and quantiles


@pytest.mark.parametrize("gaps", [False, True], ids=["full", "gaps"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_extremes(shape, gaps, dtype):
    X = some_data(shape, dtype, gaps=gaps)
    for found, expected in zip(columns.column_extremes(X), reference.column_extremes(X)):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == dtype


def test_extremes_of_infinities(dtype):
    X = np.zeros((70, 3), dtype)
    X[3, 0], X[69, 1], X[:, 2] = np.inf, -np.inf, np.inf
    minima, maxima = columns.column_extremes(X)
    assert minima.tolist() == [0, -np.inf, np.inf]
    assert maxima.tolist() == [np.inf, 0, np.inf]


@pytest.mark.parametrize("gaps", [False, True], ids=["full", "gaps"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_quantiles(shape, gaps, dtype):
    X = some_data(shape, dtype, gaps=gaps)
    fractions = [0.5, 0.25, 0.75, 0, 1, 0.123]
    found = columns.column_quantiles(X, fractions)
    np.testing.assert_allclose(found, reference.column_quantiles(X, fractions), rtol=1e-12, atol=1e-15)


LONG = {
    "duplicates": lambda rng, n: rng.poisson(0.4, n),
    "one value": lambda rng, n: np.full(n, 2.5),
    "sorted": lambda rng, n: np.sort(rng.normal(size=n)),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    # What a sample at regular distances sees is nothing like the rest.
    "misleading": lambda rng, n: np.where(np.arange(n) % (n // 2048) == 0, 1e3, rng.normal(size=n)),
}


@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_quantiles_of_long_columns(make, dtype):
    X = np.stack([make(np.random.default_rng(0), 30_000), make(np.random.default_rng(1), 30_000)], axis=1)
    X = X.astype(dtype)
    X[::7, 1] = np.nan
    fractions = [0, 0.001, 0.25, 0.5, 0.9, 1]
    found = columns.column_quantiles(X, fractions)
    np.testing.assert_allclose(found, reference.column_quantiles(X, fractions), rtol=1e-12, atol=1e-15)


def test_quantiles_with_little_memory():
    X = some_data((5000, 9), np.float64)
    expected = columns.column_quantiles(X, [0.1, 0.5])
    with fastml.config_context(working_memory=0.01):
        np.testing.assert_array_equal(columns.column_quantiles(X, [0.1, 0.5]), expected)


# ---- scaling


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("operation", ["subtract_divide", "multiply_add"])
@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
def test_scaling(shape, operation, order, dtype):
    X = some_data(shape, dtype, gaps=True)
    rng = np.random.default_rng(2)
    first, second = rng.uniform(0.5, 2, size=(2, shape[1])).astype(dtype)
    for limits in ((), (-0.75, 0.5)):
        expected = np.empty_like(X)
        getattr(reference_scaling, operation)(X, first, second, expected, *limits)
        # In place, and elsewhere.
        out, into = X.copy(order), np.full(shape, 7, dtype, order)
        assert not getattr(scaling, operation)(out, first, second, out, *limits)
        assert not getattr(scaling, operation)(X.copy(order), first, second, into, *limits)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(into, expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("at", [(0, 0), (4, 3), (20, 4)])
def test_scaling_reports_infinities_only(at, order, dtype):
    X = some_data((21, 5), dtype, gaps=True).copy(order)
    out = np.empty_like(X)
    ones = np.ones(5)
    assert not scaling.subtract_divide(X, ones, ones, out)
    assert not scaling.multiply_add(X, ones, ones * 3e38, out)  # overflows, but X is finite
    X[at] = -np.inf
    assert scaling.subtract_divide(X, ones, ones, out)
    assert scaling.multiply_add(X, ones, ones, out)


def test_neutral_numbers_change_no_bit(dtype):
    X = np.array([[0.0, -0.0, 1.5, np.nan, -3e-38, 7e37]], dtype)
    out = np.empty_like(X)
    scaling.subtract_divide(X, np.zeros(6), np.ones(6), out)
    assert out.tobytes() == X.tobytes()
    scaling.multiply_add(X, np.ones(6), np.full(6, -0.0), out)
    assert out.tobytes() == X.tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
def test_normalizing(shape, norm, order, dtype):
    X = some_data(shape, dtype).copy(order)
    X[::3] = 0
    expected, out = np.empty_like(X), np.empty_like(X)
    norms = reference_scaling.normalize_rows(X, norm, expected)
    np.testing.assert_allclose(scaling.normalize_rows(X, norm, out), norms, rtol=tolerance(dtype))
    np.testing.assert_allclose(out, expected, rtol=tolerance(dtype))
    scaling.normalize_rows(X, norm, X)
    np.testing.assert_array_equal(X, out)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 16, 36])
def test_norms_show_what_is_not_finite(column, value, norm, order, dtype):
    X = np.ones((5, 37), dtype, order)
    X[3, column] = value
    norms = scaling.normalize_rows(X, norm, np.empty_like(X))
    assert np.flatnonzero(~np.isfinite(norms)).tolist() == [3]


# ---- threads and layout


LAUNCHES = {
    "moments": lambda X: columns.column_moments(X),
    "weighted moments": lambda X: columns.column_moments(X, np.linspace(0, 1, len(X))),
    "extremes": lambda X: columns.column_extremes(X),
    "quantiles": lambda X: (columns.column_quantiles(X, [0.3, 0.9]),),
}


@pytest.mark.parametrize("launch", LAUNCHES.values(), ids=LAUNCHES)
def test_threads_do_not_change_results(launch, dtype):
    X = some_data((30_001, 37), dtype, gaps=True)
    with fastml.config_context(n_threads=1):
        serial = launch(X)
    for found, expected in zip(launch(X), serial):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("launch", LAUNCHES.values(), ids=LAUNCHES)
def test_columns_that_lie_together(launch, dtype):
    X = some_data((5000, 7), dtype, gaps=True)
    for found, expected in zip(launch(np.asfortranarray(X)), launch(X)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


# ---- sparse


def compressed(X):
    """The arrays of a CSR matrix, with what is zero left out and some zeros stored."""
    stored = (X != 0) | (np.arange(X.size).reshape(X.shape) % 11 == 0)
    indptr = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
    return X[stored], np.nonzero(stored)[1].astype(np.int32), indptr


def sparse_data(shape, dtype, *, offset=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = some_data(shape, dtype, offset=offset, seed=seed).copy()
    X[rng.random(shape) < 0.5] = 0
    X[rng.random(shape) < 0.1] = np.nan
    X[:, 0] = np.nan
    return X


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sparse_moments(shape, weighted, dtype):
    X = sparse_data(shape, dtype, offset=3)
    n_samples, n_features = shape
    weights = np.random.default_rng(1).integers(0, 3, n_samples).astype(np.float64) if weighted else None
    expected = reference.column_moments(X, weights)
    for found in (
        sparse_columns.csr_column_moments(*compressed(X), n_features, weights),
        sparse_columns.csc_column_moments(*compressed(X.T), n_samples, weights),
    ):
        for value, should_be in zip(found, expected):
            np.testing.assert_allclose(value, should_be, rtol=1e-10, atol=1e-12)
    if X.size < 1000:
        csc = reference_sparse.csc_column_moments(*compressed(X.T), n_samples, weights)
        np.testing.assert_array_equal(csc, expected)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sparse_order_statistics(shape, dtype):
    X = sparse_data(shape, dtype)
    n_samples, n_features = shape
    data, indices, indptr = compressed(X)
    by_column, _, starts = compressed(X.T)
    largest = reference.column_extremes(np.abs(X))[1]
    for found in (
        sparse_columns.csr_column_largest(data, indices, indptr, n_features),
        sparse_columns.csc_column_largest(by_column, starts, n_samples),
    ):
        np.testing.assert_array_equal(found, largest)
        assert found.dtype == dtype
    fractions = [0.5, 0.25, 0.75, 0, 1]
    found = sparse_columns.csc_column_quantiles(by_column, starts, n_samples, fractions)
    np.testing.assert_allclose(found, reference.column_quantiles(X, fractions), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
def test_sparse_scaling(shape, dtype):
    X = sparse_data(shape, dtype)
    factors = np.random.default_rng(3).uniform(0.5, 2, shape[1])
    for X_, name, which in ((X, "csr_multiply_columns", 1), (X.T, "csc_multiply_columns", 2)):
        arrays = compressed(X_)
        found, expected = arrays[0].copy(), arrays[0].copy()
        getattr(sparse_scaling, name)(found, arrays[which], factors)
        getattr(reference_sparse_scaling, name)(expected, arrays[which], factors)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
def test_sparse_normalizing(shape, norm, dtype):
    data, _, indptr = compressed(np.nan_to_num(sparse_data(shape, dtype)))
    expected = data.copy()
    sparse_scaling.csr_normalize_rows(data, indptr, norm)
    reference_sparse_scaling.csr_normalize_rows(expected, indptr, norm)
    np.testing.assert_allclose(data, expected, rtol=tolerance(dtype))
