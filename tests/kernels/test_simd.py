"""The operations of `fastml.kernels.simd`, each in a kernel, against NumPy, for vectors of both widths."""

import os

import numpy as np
import pytest

from fastml.kernels._compile import (
    LANES,
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    IntT,
    T,
    float64,
    int64,
    kernel,
    lanes,
    simd,
    tile_width,
    vector_bytes,
)  # fmt: skip

ROWS = 6  # the value of TILE_ROWS


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


def numbers(dtype, *shape, seed=0):
    return np.random.RandomState(seed).standard_normal(shape).astype(dtype)


def int_of(dtype):
    return np.int32 if dtype == np.float32 else np.int64


# ---- scalars ------------------------------------------------------------------------------------
@kernel
def pick_larger(
    x: int64[:],
    y: int64[:],
    larger_out: int64[:],
):
    for i in range(x.shape[0]):
        larger_out[i] = simd.pick(x[i] > y[i], x[i], y[i])


def test_pick():
    x, y = np.random.RandomState(0).randint(100, size=(2, 50))
    larger = np.empty(50, np.int64)
    pick_larger(x, y, larger)
    np.testing.assert_array_equal(larger, np.maximum(x, y))


# ---- vectors ---------------------------------------------------------------------------------
@kernel
def lane_by_lane(x: T[:], y: T[:], z: T[:], results_out: T[:, :]):
    a, b, c = simd.load(x, 0), simd.load(y, 0), simd.load(z, 0)
    simd.store(results_out, 0 * LANES, a + b)
    simd.store(results_out, 1 * LANES, a - b)
    simd.store(results_out, 2 * LANES, a * b)
    simd.store(results_out, 3 * LANES, a / b)
    simd.store(results_out, 4 * LANES, simd.fma(a, b, c))
    simd.store(results_out, 5 * LANES, simd.sqrt(simd.fabs(a)))
    simd.store(results_out, 6 * LANES, simd.minimum(a, b))
    simd.store(results_out, 7 * LANES, simd.maximum(a, b))
    simd.store(results_out, 8 * LANES, simd.select(a < b, c, simd.splat(x[1])))
    simd.store(results_out, 9 * LANES, simd.select((a <= b) | (b < c), a, c))
    simd.store(results_out, 10 * LANES, simd.select((a <= b) & (b < c), a, c))


def test_vectors_lane_by_lane(dtype):
    n = lanes(dtype)
    x, y, z = numbers(dtype, 3, n)
    y[0] = x[0]  # a tie
    found = np.empty((11, n), dtype)
    lane_by_lane(x, y, z, found)
    expected = [
        x + y, x - y, x * y, x / y, x.astype(np.longdouble) * y + z, np.sqrt(abs(x)), np.minimum(x, y),
        np.maximum(x, y), np.where(x < y, z, x[1]), np.where((x <= y) | (y < z), x, z),
        np.where((x <= y) & (y < z), x, z),
    ]  # fmt: skip
    np.testing.assert_array_equal(found, np.array([row.astype(dtype) for row in expected]))


@kernel
def elementary(x: T[:], results_out: T[:, :]):
    a = simd.load(x, 0)
    simd.store(results_out, 0, simd.exp(a))
    simd.store(results_out, LANES, simd.log1p(simd.fabs(a)))


@pytest.mark.parametrize("scale", [1e-6, 0.4, 1, 20, 80])
def test_exponentials_and_logarithms(dtype, scale):
    for seed in range(20):
        x = scale * numbers(dtype, lanes(dtype), seed=seed).clip(-1, 1)
        x[0] = 0
        found = np.empty((2, len(x)), dtype)
        elementary(x, found)
        wide = x.astype(np.longdouble)
        expected = np.exp(wide), np.log1p(abs(wide))
        np.testing.assert_allclose(found, np.array(expected), rtol=3 * np.finfo(dtype).eps)


def test_exponentials_vanish_and_stay_at_the_ends(dtype):
    ends = np.resize([-np.inf, -1e4, 0], lanes(dtype)).astype(dtype)
    found = np.empty((2, len(ends)), dtype)
    elementary(ends, found)
    np.testing.assert_array_equal(found[0], np.where(ends < 0, 0, 1))


@kernel
def parts(x: T[:], n: int64, results_out: T[:, :], sums_out: float64[:]):
    here = simd.first_lanes(n, simd.splat(T(0)))
    a, b = simd.load(x, 0), simd.load(x, LANES)
    simd.store(results_out, 0, simd.load_where(x, 0, here))
    simd.store_where(results_out, LANES, a, here)
    simd.store(results_out, 2 * LANES, simd.zip_low(a, b))
    simd.store(results_out, 3 * LANES, simd.zip_high(a, b))
    rows = simd.add_rows_where(simd.tile(T(1), 2, 1), x, 1, x, 0, LANES, here)
    simd.store(results_out, 4 * LANES, simd.sum_rows(rows))
    simd.add_where(sums_out, 0, a, here)


def test_parts_of_vectors(dtype):
    width = lanes(dtype)
    for n in (-1, 0, 1, width - 1, width, 100):
        x = numbers(dtype, 2, width, seed=n + 1)
        found, sums = np.full((5, width), 9, dtype), np.full(width, 2.0)
        parts(x.ravel(), n, found, sums)
        here = np.arange(width) < n
        a, b = np.where(here, x, 0)
        turns = np.stack(x, axis=1).reshape(2, width)
        factors = x.ravel()[1:3]
        expected = [a, np.where(here, x[0], 9), *turns, 2 + factors[0] * a + factors[1] * b]
        np.testing.assert_allclose(found, np.array(expected), rtol=4 * np.finfo(dtype).eps, atol=1e-6)
        np.testing.assert_array_equal(sums, 2 + a.astype(np.float64))


@kernel
def pick(x: T[:], y: T[:], results_out: T[:, :]):
    simd.store(results_out, 0, simd.minimum(simd.load(x, 0), simd.load(y, 0)))
    simd.store(results_out, LANES, simd.maximum(simd.load(x, 0), simd.load(y, 0)))


def test_minimum_and_maximum_take_the_second_where_either_is_nan(dtype):
    n = lanes(dtype)
    x, y = np.full(n, np.nan, dtype), np.ones(n, dtype)
    found = np.empty((2, n), dtype)
    pick(x, y, found)
    np.testing.assert_array_equal(found, 1)
    pick(y, x, found)
    assert np.isnan(found).all()


@kernel
def flat(X: T[:, :], i: int64, found_out: T[:]):
    simd.store(found_out, 0, simd.load(X, i))


def test_arrays_are_addressed_flat_and_unaligned(dtype):
    X = numbers(dtype, 5, 13)
    found = np.empty(lanes(dtype), dtype)
    for i in (0, 1, 17):
        flat(X, i, found)
        np.testing.assert_array_equal(found, X.ravel()[i : i + lanes(dtype)])


@kernel
def across(x: T[:], limit: T, reductions_out: T[:], integers_out: int64[:]):
    v = simd.load(x, 0)
    reductions_out[0] = simd.lane_min(v)
    reductions_out[1] = simd.lane_max(v)
    reductions_out[2] = simd.lane_sum(v)
    mask = v < simd.splat(limit)
    integers_out[0] = simd.bits(mask)
    integers_out[1] = simd.lowest_bit(int64(40))
    integers_out[2] = simd.lane_min_index(simd.select(mask, simd.indices(3, v), simd.splat_index(99, v)))
    integers_out[3] = simd.bits(v == simd.splat(x[2]))
    integers_out[4] = simd.count_bits(int64(-2))


def test_across_lanes(dtype):
    n = lanes(dtype)
    x = numbers(dtype, n)
    reductions, integers = np.empty(3, dtype), np.empty(5, np.int64)
    limit = np.sort(x)[n // 2]
    across(x, limit, reductions, integers)
    assert reductions[0] == x.min() and reductions[1] == x.max()
    np.testing.assert_allclose(reductions[2], x.sum(dtype=np.float64), rtol=8 * np.finfo(dtype).eps * n)
    below = np.flatnonzero(x < limit)
    assert integers[0] == sum(1 << int(i) for i in below)
    assert integers[1] == 3
    assert integers[2] == 3 + below[0]
    assert integers[3] == 1 << 2
    assert integers[4] == 63


# ---- tiles ------------------------------------------------------------------------------------
@kernel
def outer(A: T[:, :], B: T[:], start: T, results_out: T[:, :, :]):
    """One step of each update of a tile by a column of A and a row of B, stored one after another."""
    d, size = A.shape[1], TILE_ROWS * TILE_WIDTH
    acc = simd.tile(start, TILE_ROWS, TILE_VECTORS)
    simd.store_tile(simd.add_products(acc, A, 1, d, B, 2), results_out, 0 * size, TILE_WIDTH)
    simd.store_tile(simd.add_squared_differences(acc, A, 1, d, B, 2), results_out, 1 * size, TILE_WIDTH)
    simd.store_tile(simd.add_absolute_differences(acc, A, 1, d, B, 2), results_out, 2 * size, TILE_WIDTH)
    simd.store_tile(simd.add_absolute_sums(acc, A, 1, d, B, 2), results_out, 3 * size, TILE_WIDTH)
    simd.store_tile(simd.count_differences(acc, A, 1, d, B, 2), results_out, 4 * size, TILE_WIDTH)
    simd.store_tile(simd.max_absolute_differences(acc, A, 1, d, B, 2), results_out, 5 * size, TILE_WIDTH)


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_updates_of_a_tile(dtype, start):
    width = tile_width(dtype)
    A, B = numbers(dtype, ROWS, 3), numbers(dtype, width + 2, seed=1)
    B[2] = A[0, 1]
    found = np.empty((6, ROWS, width), dtype)
    outer(A, B, dtype(start), found)
    a, b = A[:, 1:2].astype(np.float64), B[2:].astype(np.float64)
    apart = abs(a - b)
    expected = [start + a * b, start + apart**2, start + apart, start + abs(a + b), start + (a != b)]
    np.testing.assert_allclose(found[:5], expected, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)
    np.testing.assert_allclose(found[5], np.maximum(start, apart), rtol=4 * np.finfo(dtype).eps)


def test_the_largest_difference_keeps_nan(dtype):
    A, B = np.zeros((ROWS, 3), dtype), np.zeros(tile_width(dtype) + 2, dtype)
    B[5] = np.nan
    found = np.empty((6, ROWS, tile_width(dtype)), dtype)
    outer(A, B, dtype(1), found)
    assert np.isnan(found[5, :, 3]).all() and np.isnan(found[5]).sum() == ROWS


@kernel
def combine(A: T[:, :], B: T[:], exponent: float64, results_out: T[:, :, :]):
    size = TILE_ROWS * TILE_WIDTH
    zero = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    x = simd.add_products(zero, A, 0, A.shape[1], B, 0)
    row = simd.tile_of_row(B, 0, TILE_ROWS, TILE_VECTORS)
    column = simd.tile_of_column(A, 0, TILE_ROWS, TILE_VECTORS)
    simd.store_tile(x + row, results_out, 0 * size, TILE_WIDTH)
    simd.store_tile(x - column, results_out, 1 * size, TILE_WIDTH)
    simd.store_tile(x * row, results_out, 2 * size, TILE_WIDTH)
    simd.store_tile(x / simd.fabs(row), results_out, 3 * size, TILE_WIDTH)
    simd.store_tile(simd.sqrt(simd.fabs(x)), results_out, 4 * size, TILE_WIDTH)
    simd.store_tile(simd.minimum(x, row), results_out, 5 * size, TILE_WIDTH)
    simd.store_tile(simd.maximum(x, row), results_out, 6 * size, TILE_WIDTH)
    simd.store_tile(simd.add_row(x, B, 1), results_out, 7 * size, TILE_WIDTH)
    simd.store_tile(simd.multiply_row(x, B, 1), results_out, 8 * size, TILE_WIDTH)
    simd.store_tile(simd.add_column(x, A, 0), results_out, 9 * size, TILE_WIDTH)
    simd.store_tile(simd.power(simd.fabs(x), exponent), results_out, 10 * size, TILE_WIDTH)


def test_arithmetic_on_tiles(dtype):
    width, eps = tile_width(dtype), np.finfo(dtype).eps
    A, B = numbers(dtype, ROWS, 1), numbers(dtype, width + 1, seed=1)
    found = np.empty((11, ROWS, width), dtype)
    combine(A, B, 1.7, found)
    x, b = A * B[:width], B[:width]
    expected = [
        x + b, x - A, x * b, x / abs(b), np.sqrt(abs(x)), np.minimum(x, b), np.maximum(x, b),
        x + B[1:], x * B[1:], x + A, abs(x) ** 1.7,
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=8 * eps, atol=eps)


@kernel
def store_part(values: T[:], found_out: T[:, :], first_row: int64, stop_row: int64, n_columns: int64):
    acc = simd.tile_of_row(values, 0, TILE_ROWS, TILE_VECTORS)
    simd.store_tile_part(acc, found_out, 0, found_out.shape[1], first_row, stop_row, n_columns)


@pytest.mark.parametrize("rows", [(0, 6), (0, 0), (2, 5), (5, 9), (-3, 1)])
def test_a_part_of_a_tile_is_stored_and_nothing_else(dtype, rows):
    width = tile_width(dtype)
    values = numbers(dtype, width)
    for n_columns in (0, 1, lanes(dtype), lanes(dtype) + 1, width - 1, width, width + 5):
        found = np.zeros((ROWS, width + 3), dtype)
        expected = found.copy()
        expected[max(rows[0], 0) : min(rows[1], ROWS), : min(n_columns, width)] = values[:n_columns]
        store_part(values, found, *rows, n_columns)
        np.testing.assert_array_equal(found, expected)


# ---- what is kept of a tile -------------------------------------------------------------------
@kernel
def keep(values: T[:, :], first: int64, best_work: T[:], where_work: IntT[:]):
    zero = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    for p in range(values.shape[0] // TILE_ROWS):
        acc = simd.add_row(zero, values, p * TILE_ROWS * TILE_WIDTH)
        simd.keep_smallest(acc, first + p * TILE_WIDTH, best_work, where_work, 0)


def test_keep_smallest_keeps_the_first_of_equal_values(dtype):
    width, n = tile_width(dtype), lanes(dtype)
    values = np.random.RandomState(0).randint(0, 3, (3 * ROWS, width)).astype(dtype)
    best, where = np.full(ROWS * n, np.inf, dtype), np.zeros(ROWS * n, int_of(dtype))
    keep(values, 100, best, where)
    panels = values[::ROWS].reshape(-1, n)  # every row of a tile is its panel's first row of values
    columns = 100 + np.arange(3 * width).reshape(-1, n)
    first = panels.argmin(axis=0)
    for r in range(ROWS):
        np.testing.assert_array_equal(best[r * n : (r + 1) * n], panels.min(axis=0))
        np.testing.assert_array_equal(where[r * n : (r + 1) * n], columns[first, np.arange(n)])


@kernel
def compare_rows(A: T[:, :], B: T[:], limits: T[:], sums_out: float64[:]) -> int64:
    zero = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    acc = simd.add_products(zero, A, 0, A.shape[1], B, 0)
    simd.add_row_sums(acc, sums_out, 1, 2)
    return simd.rows_below(acc, limits, 0, 1)


def test_sums_of_rows_and_rows_below_a_limit(dtype):
    width = tile_width(dtype)
    A, B = numbers(dtype, ROWS, 1), numbers(dtype, width, seed=1)
    values = A * B
    limits = values.min(axis=1)  # not below its own minimum
    limits[2] = np.nextafter(limits[2], dtype(np.inf))
    sums = np.full(2 * ROWS + 1, 5.0)
    assert compare_rows(A, B, limits, sums) == 1 << 2
    np.testing.assert_allclose(sums[1::2], 5 + values.sum(axis=1, dtype=np.float64), rtol=1e-5)
    np.testing.assert_array_equal(sums[::2], 5)


@kernel
def fold(values: T[:, :], best_work: T[:], where_work: IntT[:]):
    zero = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    best = simd.tile_of_row(best_work, 0, 1, TILE_VECTORS)
    where = simd.tile_of_row(where_work, 0, 1, TILE_VECTORS)
    for k in range(values.shape[1]):
        acc = simd.add_absolute_differences(zero, values, k, values.shape[1], best_work, TILE_WIDTH)
        best, where = simd.smallest_row(acc, k * TILE_ROWS, best, where)
    simd.store_tile(best, best_work, 0, 0)
    simd.store_tile(where, where_work, 0, 0)


def test_the_smallest_row_is_the_first_of_equal_ones(dtype):
    width = tile_width(dtype)
    values = np.random.RandomState(3).randint(0, 4, (ROWS, 3)).astype(dtype)
    origin = np.random.RandomState(4).randint(0, 4, width).astype(dtype)
    best = np.concatenate([np.full(width, np.inf, dtype), origin])
    where = np.full(width, -1, int_of(dtype))
    fold(values, best, where)
    apart = abs(values.T.reshape(-1, 1) - origin)
    np.testing.assert_array_equal(best[:width], apart.min(axis=0))
    np.testing.assert_array_equal(where, apart.argmin(axis=0))


@kernel
def fold_two(values: T[:, :], best_work: T[:], second_work: T[:], where_work: IntT[:]):
    zero = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    best = simd.tile_of_row(best_work, 0, 1, TILE_VECTORS)
    second = simd.tile_of_row(second_work, 0, 1, TILE_VECTORS)
    where = simd.tile_of_row(where_work, 0, 1, TILE_VECTORS)
    for k in range(values.shape[1]):
        acc = simd.add_absolute_differences(zero, values, k, values.shape[1], best_work, TILE_WIDTH)
        best, where, second = simd.smallest_two_rows(acc, k * TILE_ROWS, best, where, second)
    simd.store_tile(best, best_work, 0, 0)
    simd.store_tile(second, second_work, 0, 0)
    simd.store_tile(where, where_work, 0, 0)


def test_the_two_smallest_rows(dtype):
    width = tile_width(dtype)
    values = np.random.RandomState(3).randint(0, 9, (ROWS, 3)).astype(dtype)
    origin = np.random.RandomState(4).randint(0, 9, width).astype(dtype)
    best = np.concatenate([np.full(width, np.inf, dtype), origin])
    second, where = np.full(width, np.inf, dtype), np.full(width, -1, int_of(dtype))
    fold_two(values, best, second, where)
    apart = abs(values.T.reshape(-1, 1) - origin)
    np.testing.assert_array_equal([best[:width], second], np.sort(apart, axis=0)[:2])
    np.testing.assert_array_equal(where, apart.argmin(axis=0))


# ---- rows as vectors ------------------------------------------------------------------------------
@kernel
def rows_as_vectors(A: T[:, :], picks: int64[:], results_out: T[:, :, :]):
    size = LANES * LANES
    rows = simd.tile_of_rows(A, 1, A.shape[1], LANES, 1)
    simd.store_tile(rows, results_out, 0 * size, LANES)
    simd.store_tile(simd.transpose(rows), results_out, 1 * size, LANES)
    simd.store_tile(simd.tile_of_picked_rows(A, A.shape[1], 1, picks, 2, LANES), results_out, 2 * size, LANES)


def test_rows_as_vectors_and_their_transpose(dtype):
    n = lanes(dtype)
    A = numbers(dtype, n, n + 3)
    picks = np.random.RandomState(0).randint(0, n, n + 2)
    found = np.empty((3, n, n), dtype)
    rows_as_vectors(A, picks, found)
    inner = A[:, 1 : n + 1]
    np.testing.assert_array_equal(found, [inner, inner.T, inner[picks[2:]]])


@kernel
def one_row(x: T[:], limit: T, results_out: T[:, :], doubles_out: float64[:]) -> int64:
    values = simd.tile_of_row(x, 0, 1, TILE_VECTORS)
    simd.store_tile(simd.where_nan(values, simd.fabs(values), 7.0), results_out, 0, 0)
    simd.store_tile(simd.where_zero(values, simd.fabs(values), 7.0), results_out, TILE_WIDTH, 0)
    simd.store(results_out, 2 * TILE_WIDTH, simd.shift_in(simd.load(x, 0), simd.load(x, LANES)))
    simd.store_tile(simd.load_doubles(x, 1, 1), doubles_out, 0, 0)
    return simd.bits_below(values, limit)


def test_operations_on_one_row(dtype):
    width, n = tile_width(dtype), lanes(dtype)
    x = numbers(dtype, width + 1)
    x[3], x[4], x[6] = np.nan, 0, -0.0
    found, doubles = np.zeros((3, width), dtype), np.empty(lanes(np.float64))
    bits = one_row(x, dtype(0.5), found, doubles)
    row = x[:width]
    np.testing.assert_array_equal(found[0], np.where(np.isnan(row), 7, abs(row)))
    np.testing.assert_array_equal(found[1][row == 0], 7)
    np.testing.assert_array_equal(found[1][abs(row) > 0], abs(row)[abs(row) > 0])
    np.testing.assert_array_equal(found[2][:n], x[n - 1 : 2 * n - 1])
    np.testing.assert_array_equal(doubles, x[1 : 1 + len(doubles)].astype(np.float64))
    assert bits % 2**64 == sum(1 << int(i) for i in np.flatnonzero(row < 0.5))


@kernel
def widely(x: T[:], found_out: T[:]):
    simd.prefer_wide()
    for i in range(x.shape[0]):
        found_out[i] = x[i] + x[i]


def test_the_hint_changes_no_result(dtype):
    x = numbers(dtype, 1000)
    found = np.empty_like(x)
    widely(x, found)
    np.testing.assert_array_equal(found, x + x)


# ---- the other width ----------------------------------------------------------------------------
@pytest.mark.skipif("FASTML_CPU_LEVEL" in os.environ, reason="is itself the run with the other width")
def test_the_narrow_vectors_of_avx2(python):
    if vector_bytes() == 32:
        pytest.skip("the vectors of this processor are the narrow ones")
    ran = python(module=("pytest", "-q", __file__), env={"FASTML_CPU_LEVEL": "v3"})
    assert " passed" in ran and "failed" not in ran
