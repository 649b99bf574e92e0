"""The neighbour kernels on the CPU beyond the shared cases: blocks, chunks, long lists, kd-trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastml
from fastml.kernels.cpu import _neighbor_tiles, kd_tree, neighbor_lists, neighbors
from tests.reference import neighbors as reference

POWERS = {"manhattan": 1.0, "euclidean": 2.0, "chebyshev": np.inf, "minkowski": 2.5}
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
each_metric = pytest.mark.parametrize("metric", POWERS)


def make(rng, kind, n_queries, n_samples, n_features):
    """Queries and candidates: of a kind that makes searches err."""
    X, Y = rng.normal(size=(n_queries, n_features)), rng.normal(size=(n_samples, n_features))
    if kind == "ties":
        X, Y = np.round(X), np.round(Y)
    elif kind == "constant":
        X[:], Y[:] = 3, 3
    elif kind == "constant column":
        X[:, 0], Y[:, 0] = 5, 5
    elif kind == "duplicates":
        Y = Y[rng.integers(0, len(Y) // 3 + 1, len(Y))]
    elif kind == "far away":
        # Float32 holds multiples of 8 there.
        X, Y = np.round(X * 4) * 8 + 1e8, np.round(Y * 4) * 8 + 1e8
    elif kind == "clusters far apart":
        X, Y = (
            X * 1e-3 + 10 * rng.integers(0, 2, (n_queries, 1)),
            Y * 1e-3 + 10 * rng.integers(0, 2, (n_samples, 1)),
        )
    elif kind == "tiny":
        X, Y = X * 1e-25, Y * 1e-25
    elif kind == "an outlier":
        Y[0] = 1e15
    return X, Y


KINDS = [
    "normal", "ties", "constant", "constant column", "duplicates", "far away", "clusters far apart", "tiny",
    "an outlier",
]  # fmt: skip
SHAPES = [  # n_queries, n_samples, n_features, n_neighbors
    (1, 1, 1, 1), (1, 300, 4, 5), (15, 64, 3, 64), (16, 1, 2, 1), (17, 129, 1, 3), (100, 700, 9, 10),
    (25, 500, 70, 12), (40, 400, 2, 97),
]  # fmt: skip


def find(X, Y, k):
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), np.int64)
    neighbors.find_nearest(X, Y, distances, indices)
    return distances, indices


def within(X, Y, limits):
    counts = np.empty(len(X), np.int64)
    neighbors.count_within(X, Y, limits, counts)
    starts = np.concatenate([[0], np.cumsum(counts)])
    distances, indices = np.empty(starts[-1]), np.empty(starts[-1], np.int64)
    neighbors.list_within(X, Y, limits, starts, distances, indices)
    return starts, distances, indices


# ---- brute force -----------------------------------------------------------------------------
@each_dtype
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_find_nearest_is_exact(dtype, kind, shape):
    *sizes, k = shape
    X, Y = (a.astype(dtype) for a in make(np.random.default_rng(1), kind, *sizes))
    distances, indices = find(X, Y, k)
    expected, where = reference.find_nearest(X, Y, k)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)
    if kind in (
        "ties",
        "constant",
        "duplicates",
        "far away",
    ):  # whose distances are exact or bitwise the same
        np.testing.assert_array_equal(indices, where)


@each_dtype
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_within_is_exact(dtype, kind, shape):
    X, Y = (a.astype(dtype) for a in make(np.random.default_rng(2), kind, *shape[:3]))
    limits = np.quantile(reference.squared_distances(X, Y), 0.2, axis=1)
    if kind not in ("ties", "constant", "far away"):
        limits *= 1 + 1e-9  # the order of a sum must not decide
    starts, distances, indices = within(X, Y, limits)
    expected_starts, expected, where = reference.list_within(X, Y, limits)
    np.testing.assert_array_equal(starts, expected_starts)
    np.testing.assert_array_equal(indices, where)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)


@each_dtype
def test_several_chunks_of_candidates(dtype, monkeypatch):
    monkeypatch.setattr(_neighbor_tiles, "PANEL_BYTES", 1)  # one panel at a time
    X, Y = (a.astype(dtype) for a in make(np.random.default_rng(3), "ties", 50, 333, 5))
    np.testing.assert_array_equal(find(X, Y, 9)[1], reference.find_nearest(X, Y, 9)[1])
    limits = np.full(50, 4.0)
    np.testing.assert_array_equal(within(X, Y, limits)[2], reference.list_within(X, Y, limits)[2])


@each_dtype
def test_several_ranges_of_candidates_for_few_queries(dtype):
    X, Y = (a.astype(dtype) for a in make(np.random.default_rng(4), "ties", 3, 9000, 4))
    for k in (1, 20, 200):
        np.testing.assert_array_equal(find(X, Y, k)[1], reference.find_nearest(X, Y, k)[1])


@each_dtype
@pytest.mark.parametrize("size", ["squares overflow", "one candidate does"])
def test_norms_that_overflow(dtype, size):
    X, Y = make(np.random.default_rng(5), "normal", 30, 200, 3)
    huge = 1e25 if dtype == np.float32 else 1e160
    if size == "squares overflow":
        X *= huge
        Y *= huge
    else:
        Y[7] = huge
    X, Y = X.astype(dtype), Y.astype(dtype)
    with np.errstate(over="ignore"):
        expected, where = reference.find_nearest(X, Y, 4)
    distances, indices = find(X, Y, 4)
    np.testing.assert_array_equal(indices, where)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)


def test_nan_is_infinitely_far():
    X, Y = make(np.random.default_rng(6), "normal", 20, 50, 3)
    Y[::2] = np.nan
    distances, indices = find(X, Y, 30)
    assert np.isinf(distances[:, 25:]).all() and np.isfinite(distances[:, :25]).all()
    assert indices.min() >= 0 and indices.max() < 50
    assert all(len(set(row)) == 30 for row in indices)


def test_results_do_not_depend_on_the_number_of_threads():
    X, Y = make(np.random.default_rng(7), "normal", 500, 3000, 6)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            tree = kd_tree.build_kd_tree(Y, 10)
            found.append([*find(X, Y, 7), *within(X, Y, np.full(500, 2.0)), *tree])
    for one, two in zip(*found):
        np.testing.assert_array_equal(one, two)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_find_nearest_on_small_integers(data):
    n_samples = data.draw(st.integers(1, 200))
    n_queries, d, k = (
        data.draw(st.integers(1, 40)),
        data.draw(st.integers(1, 6)),
        data.draw(st.integers(1, n_samples)),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    dtype, high = data.draw(st.sampled_from([np.float32, np.float64])), data.draw(st.integers(1, 5))
    X, Y = (rng.integers(0, high, (n, d)).astype(dtype) for n in (n_queries, n_samples))
    distances, indices = find(X, Y, k)
    expected, where = reference.find_nearest(X, Y, k)
    np.testing.assert_array_equal(indices, where)
    np.testing.assert_array_equal(distances, expected)


# ---- lists -----------------------------------------------------------------------------------
@each_dtype
@pytest.mark.parametrize("k", [1, 8, 9, 40, 96, 97, 150])
def test_panels_merge_into_lists_of_any_length(dtype, k):
    panel = np.random.default_rng(8).integers(0, 30, (5, 203)).astype(dtype)
    panel[0, 5:9], panel[1, :150] = np.nan, np.inf
    distances, indices = np.full((5, k), np.inf), np.full((5, k), np.iinfo(np.int64).max)
    for first in range(0, 203, 50):
        part = np.ascontiguousarray(panel[:, first : first + 50])
        neighbor_lists.merge_panel(part, first, distances, indices)
    neighbor_lists.sort_rows(np.arange(0, 5 * k + 1, k), distances.reshape(-1), indices.reshape(-1))
    expected, where = reference.nearest_of(np.where(np.isnan(panel), np.inf, panel), k)
    np.testing.assert_array_equal(distances, expected)
    np.testing.assert_array_equal(indices, where)


# ---- kd-tree ---------------------------------------------------------------------------------
def query(tree, X, p, k, order=None):
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), np.int64)
    kd_tree.query_kd_tree(tree, X, p, distances, indices, order)
    return distances, indices


def reduced(X, Y, p):
    differences = np.abs(X[:, None] - Y[None])
    return differences.max(axis=2) if p == np.inf else (differences**p).sum(axis=2)


TREE_SHAPES = [(1, 1, 1, 1), (5, 40, 3, 7), (300, 700, 2, 10), (40, 1000, 7, 60), (33, 129, 1, 129)]


@each_metric
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", TREE_SHAPES)
def test_tree_finds_what_brute_force_finds(metric, kind, shape):
    *sizes, k = shape
    X, Y = make(np.random.default_rng(9), kind, *sizes)
    p = POWERS[metric]
    distances, indices = query(kd_tree.build_kd_tree(Y, 7), X, p, k)
    expected, where = reference.nearest_of(reduced(X, Y, p), k)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)
    if kind in ("ties", "constant", "duplicates", "far away") and metric != "minkowski":
        np.testing.assert_array_equal(indices, where)


@each_metric
@pytest.mark.parametrize("kind", ["normal", "ties", "constant", "far away"])
def test_tree_finds_what_is_within(metric, kind):
    X, Y = make(np.random.default_rng(10), kind, 60, 400, 3)
    p = POWERS[metric]
    expected = reduced(X, Y, p)
    limits = np.quantile(expected, 0.1, axis=1) * (
        1 if metric != "minkowski" and kind != "normal" else 1 + 1e-9
    )
    tree, counts = kd_tree.build_kd_tree(Y, 5), np.empty(60, np.int64)
    kd_tree.count_kd_tree(tree, X, p, limits, counts)
    near = expected <= limits[:, None]
    np.testing.assert_array_equal(counts, near.sum(axis=1))
    starts = np.concatenate([[0], np.cumsum(counts)])
    distances, indices = np.empty(starts[-1]), np.empty(starts[-1], np.int64)
    kd_tree.list_kd_tree(tree, X, p, limits, starts, distances, indices)
    rows = np.repeat(np.arange(60), counts)
    np.testing.assert_allclose(distances, expected[rows, indices], rtol=1e-12)
    order = np.lexsort((indices, rows))
    np.testing.assert_array_equal(indices[order], np.nonzero(near)[1])


@pytest.mark.parametrize("leaf_size", [1, 2, 30, 100, 5000])
def test_leaf_size_changes_nothing_but_the_leaves(leaf_size):
    X, Y = make(np.random.default_rng(11), "ties", 80, 777, 3)
    tree = kd_tree.build_kd_tree(Y, leaf_size)
    assert np.diff(tree.bounds).max() <= max(leaf_size, 32) and sorted(tree.order) == list(range(777))
    np.testing.assert_array_equal(query(tree, X, 2.0, 12)[1], reference.find_nearest(X, Y, 12)[1])


def test_order_of_queries_changes_nothing():
    _, Y = make(np.random.default_rng(12), "normal", 1, 900, 3)
    tree = kd_tree.build_kd_tree(Y, 20)
    by_leaf, as_given = query(tree, Y, 2.0, 5, tree.order), query(tree, Y, 2.0, 5, np.arange(900))
    for one, two in zip(by_leaf, as_given):
        np.testing.assert_array_equal(one, two)


def test_equal_points_are_searched_in_reasonable_time():
    Y = np.ones((20_000, 3))
    tree = kd_tree.build_kd_tree(Y, 30)
    _, indices = query(tree, Y[:2000], 2.0, 5)
    np.testing.assert_array_equal(indices, np.broadcast_to(np.arange(5), (2000, 5)))
