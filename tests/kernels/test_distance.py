"""The distance kernels on the CPU at their edges: sizes, blocks, ties, offsets, extreme values."""

import math
import os

import numpy as np
import pytest

from fastml import config_context
from fastml.kernels._compile import TILE_ROWS, lanes, tile_width
from fastml.kernels.cpu import _distance_tiles, distance
from tests.reference import distance as reference

METRICS = tuple(reference.DEFINITIONS)
SIZES = [(1, 1), (1, 7), (5, 1), (6, 64), (7, 65), (13, 131)]


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of one tile, and few panels at a time."""
    monkeypatch.setattr(_distance_tiles, "LEAST_TERMS", 1)
    monkeypatch.setattr(_distance_tiles, "MOST_TERMS", 1)
    monkeypatch.setattr(distance, "MIRROR_ROWS", lanes(np.float32))


def normal(dtype, *shape, seed=0, offset=0.0):
    return (np.random.RandomState(seed).standard_normal(shape) + offset).astype(dtype)


def tolerance(dtype, n_features, metric="euclidean"):
    """Rounding errors: of sums, relative; of what 1 is subtracted from, absolute."""
    eps = np.finfo(dtype).eps
    return {"rtol": (8 + n_features) * eps, "atol": 8 * eps if metric == "cosine" else 0}


def pairwise(X, Y, metric, p=2.0):
    out = np.full((len(X), len(Y)), -1, X.dtype)
    distance.pairwise(X, Y, metric, out, p)
    return out


def expected(X, Y, metric, p=2.0):
    out = np.empty((len(X), len(Y)))
    reference.pairwise(X, Y, metric, out, p)
    return out


def nearest(X, Y, metric, p=2.0):
    index, found = np.full(len(X), -1), np.empty(len(X), X.dtype)
    distance.nearest(X, Y, metric, index, found, p)
    return index, found


@pytest.mark.parametrize("metric", METRICS)
def test_sizes_around_a_tile(dtype, metric):
    for n_x, n_y in SIZES:
        for n_features in (1, 5):
            X, Y = normal(dtype, n_x, n_features), normal(dtype, n_y, n_features, seed=1)
            wanted = expected(X, Y, metric, 1.5)
            close = tolerance(dtype, n_features, metric)
            np.testing.assert_allclose(pairwise(X, Y, metric, 1.5), wanted, **close)
            index, found = nearest(X, Y, metric, 1.5)
            np.testing.assert_allclose(found, wanted.min(axis=1), **close)
            np.testing.assert_allclose(wanted[np.arange(n_x), index], wanted.min(axis=1), **close)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_blocks_and_threads_change_no_bit(dtype, metric, n_threads, small_blocks):
    n = 3 * tile_width(dtype) + 5
    X = normal(dtype, n, 3)
    with config_context(n_threads=n_threads):
        in_blocks = pairwise(X, X[:40].copy(), metric, 2.5), *nearest(X, X[:40].copy(), metric, 2.5)
    with pytest.MonkeyPatch.context() as whole:
        whole.setattr(_distance_tiles, "LEAST_TERMS", 1 << 40)
        whole.setattr(_distance_tiles, "MOST_TERMS", 1 << 40)
        at_once = pairwise(X, X[:40].copy(), metric, 2.5), *nearest(X, X[:40].copy(), metric, 2.5)
    for a, b in zip(in_blocks, at_once):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_features", [2, distance.SYMMETRIC_COST])
def test_a_matrix_of_distances_within_is_symmetric(dtype, metric, n_features, small_blocks):
    for n in (1, TILE_ROWS, 2 * tile_width(dtype) + 3):
        X = normal(dtype, n, n_features)
        if metric == "cosine" and n > 1:
            X[1] = 0
        found = pairwise(X, X, metric, 3.0)
        np.testing.assert_array_equal(found, found.T)
        np.testing.assert_array_equal(np.diag(found), 0)
        close = tolerance(dtype, n_features, metric)
        np.testing.assert_allclose(found, expected(X, X, metric, 3.0), **close)


def test_many_features_and_more_columns_than_stay_in_the_cache(dtype):
    n_features = 2 * _distance_tiles.CACHED_VALUES // tile_width(dtype)
    X, Y = normal(dtype, 7, n_features), normal(dtype, 2 * tile_width(dtype) + 1, n_features, seed=1)
    wanted = expected(X, Y, "euclidean")
    np.testing.assert_allclose(pairwise(X, Y, "euclidean"), wanted, rtol=200 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(nearest(X, Y, "euclidean")[0], wanted.argmin(axis=1))


@pytest.mark.parametrize("metric", METRICS)
def test_equal_distances_go_to_the_lowest_index(dtype, metric):
    Y = np.random.RandomState(0).randint(1, 3, (4 * tile_width(dtype) + 3, 2)).astype(dtype)
    X = Y[::5].copy()
    index, _ = nearest(X, Y, metric, 3.0)
    first = [int(np.flatnonzero((Y == x).all(axis=1))[0]) for x in X]
    if metric == "cosine":  # rows in the same direction are at distance 0 too
        np.testing.assert_array_equal(index, expected(X, Y, metric).round(5).argmin(axis=1))
    else:
        np.testing.assert_array_equal(index, first)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "manhattan", "chebyshev", "hamming"])
def test_a_common_offset_costs_no_accuracy(dtype, metric):
    X = np.random.RandomState(0).randint(-50, 50, (40, 4)) * 8  # what float32 holds at 1e8
    far = (X + 100_000_000).astype(dtype)
    found = pairwise(far, far[:9].copy(), metric)
    wanted = expected(X.astype(dtype), X[:9].astype(dtype), metric)
    np.testing.assert_allclose(found, wanted, **tolerance(dtype, 4))


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"cosine", "braycurtis", "hamming"}))
def test_constant_columns_add_nothing(dtype, metric):
    X = normal(dtype, 20, 3)
    wider = np.concatenate([X, np.full((20, 2), 3, dtype)], axis=1)
    wider = np.ascontiguousarray(wider)
    close = tolerance(dtype, 5)
    np.testing.assert_allclose(pairwise(wider, wider, metric, 3.0), pairwise(X, X, metric, 3.0), **close)


@pytest.mark.parametrize("p", [1, 1.25, 1.5, 2, 3, 7.5, 16, 16.5, 40, math.inf])
def test_powers_of_minkowski(dtype, p):
    X, Y = normal(dtype, 9, 4), normal(dtype, 11, 4, seed=1)
    wanted = expected(X, Y, "minkowski", p) if p < math.inf else expected(X, Y, "chebyshev")
    found = pairwise(X, Y, "minkowski", p)
    np.testing.assert_allclose(found, wanted, rtol=(20 + 2 * min(p, 100)) * np.finfo(dtype).eps)
    np.testing.assert_array_equal(nearest(X, Y, "minkowski", p)[0], wanted.argmin(axis=1))


def test_canberra_and_braycurtis_of_zeros(dtype):
    X = np.array([[0, 0], [0, 1]], dtype)
    np.testing.assert_array_equal(pairwise(X, X, "canberra"), [[0, 1], [1, 0]])
    with np.errstate(invalid="ignore"):
        found = pairwise(X, X, "braycurtis")
    np.testing.assert_array_equal(found, [[np.nan, 1], [1, 0]])  # as SciPy: 0 / 0


def test_rows_of_zeros_are_at_a_right_angle_to_all_others(dtype):
    X = np.array([[0, 0], [0, 0], [3, 4]], dtype)
    np.testing.assert_array_equal(pairwise(X, X, "cosine"), [[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    np.testing.assert_array_equal(pairwise(X, X.copy(), "cosine")[0], 1)


def test_tiny_values_count_in_canberra(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    X = np.array([[tiny], [3 * tiny], [0]], dtype)
    np.testing.assert_allclose(pairwise(X, X, "canberra"), [[0, 0.5, 1], [0.5, 0, 1], [1, 1, 0]])


@pytest.fixture
def products(monkeypatch):
    monkeypatch.setattr(distance, "PRODUCT_FEATURES", 1)
    monkeypatch.setattr(distance, "PRODUCT_ROWS", 8)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean"])
@pytest.mark.parametrize("same", [True, False])
def test_distances_as_products(metric, same, products, small_blocks):
    for n, m in [(8, 8), (9, 64), (70, 33), (131, 65)]:
        X, Y = normal(np.float64, n, 7), normal(np.float64, m, 7, seed=1)
        Y[: m // 2] = X[np.arange(m // 2) % n]  # duplicates, which cancel
        Y = X if same else Y
        found, wanted = pairwise(X, Y, metric), expected(X, Y, metric)
        np.testing.assert_allclose(found, wanted, rtol=1e-11)
        assert ((found == 0) == (wanted == 0)).all()
        if same:
            np.testing.assert_array_equal(found, found.T)


def test_products_that_cancel_are_made_good(products):
    centers = np.array([[0.0, 0, 0], [1e6, -1e6, 1e6], [3e6, 0, 1e6]])
    for offset in (0.0, 1e8):
        X = centers[np.arange(60) % 3] + normal(np.float64, 60, 3) + offset
        X[20:40] = X[:20] * (1 + 1e-12)  # near duplicates
        np.testing.assert_allclose(pairwise(X, X, "euclidean"), expected(X, X, "euclidean"), rtol=1e-9)
        np.testing.assert_allclose(pairwise(X, X.copy(), "euclidean"), expected(X, X, "euclidean"), rtol=1e-9)


def test_large_rows_are_computed_as_products(monkeypatch):
    """Both ways of computing give the same, and products are what is taken."""
    X, Y = (
        normal(np.float64, 100, distance.PRODUCT_FEATURES),
        normal(np.float64, 70, distance.PRODUCT_FEATURES),
    )
    calls = []
    by_products = distance._pairwise_by_products
    monkeypatch.setattr(distance, "_pairwise_by_products", lambda *a: calls.append(1) or by_products(*a))
    found = pairwise(X, Y, "euclidean")
    assert calls == [1]
    monkeypatch.setattr(distance, "PRODUCT_FEATURES", math.inf)
    np.testing.assert_allclose(found, pairwise(X, Y, "euclidean"), rtol=1e-12, atol=1e-12)
    pairwise(X.astype(np.float32), Y.astype(np.float32), "euclidean")
    assert calls == [1]


def test_inputs_stay_as_they_are(dtype):
    X, Y = normal(dtype, 8, 3), normal(dtype, 9, 3, seed=1)
    X.flags.writeable = Y.flags.writeable = False
    before = X.copy()
    for metric in METRICS:
        pairwise(X, Y, metric)
        nearest(X, Y, metric)
    np.testing.assert_array_equal(X, before)


@pytest.mark.skipif("FASTML_CPU_LEVEL" in os.environ, reason="is itself the run with the other width")
def test_the_narrow_vectors_of_avx2(python):
    ran = python(
        module=("pytest", "-q", __file__, "-k", "sizes or symmetric or products or equal_distances"),
        env={"FASTML_CPU_LEVEL": "v3"},
    )
    assert " passed" in ran and "failed" not in ran
