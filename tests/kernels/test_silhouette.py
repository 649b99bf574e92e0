"""The silhouette kernel on the CPU at its edges: clusters of all sizes, blocks, offsets."""

import numpy as np
import pytest

from fastml import config_context
from fastml.kernels._compile import tile_width
from fastml.kernels.cpu import _distance_tiles, silhouette
from tests.reference import silhouette as reference


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


def data(dtype, sizes, n_features=3, seed=0, offset=0.0):
    """Rows sorted by cluster, and where each cluster begins."""
    X = (np.random.RandomState(seed).standard_normal((sum(sizes), n_features)) + offset).astype(dtype)
    return X, np.concatenate([[0], np.cumsum(sizes)])


def means(launcher, X, offsets, metric):
    own, nearest = np.full((2, len(X)), np.nan)
    launcher.mean_distances(X, offsets, metric, own, nearest)
    return own, nearest


def check(X, offsets, metric, rtol):
    found, wanted = means(silhouette, X, offsets, metric), means(reference, X, offsets, metric)
    atol = 4 * np.finfo(X.dtype).eps if metric == "cosine" else 0
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


@pytest.mark.parametrize("metric", silhouette.METRICS)
@pytest.mark.parametrize(
    "sizes",
    [(1, 1), (1, 2), (3, 2), (6, 6), (1, 64, 1), (40, 3, 90), (64, 64, 64), (1,) * 70 + (2,) * 35],
    ids=lambda sizes: f"{len(sizes)} clusters of {sum(sizes)}",
)
def test_clusters_of_all_sizes(dtype, metric, sizes):
    X, offsets = data(dtype, sizes)
    check(X, offsets, metric, rtol=64 * np.finfo(dtype).eps)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_blocks_and_threads_change_no_bit(dtype, n_threads, monkeypatch):
    X, offsets = data(dtype, (50, 7, 90, 1))
    wanted = means(silhouette, X, offsets, "euclidean")
    monkeypatch.setattr(_distance_tiles, "LEAST_TERMS", 1)
    monkeypatch.setattr(_distance_tiles, "MOST_TERMS", 1)
    with config_context(n_threads=n_threads):
        np.testing.assert_array_equal(means(silhouette, X, offsets, "euclidean"), wanted)


def test_panels_beyond_those_that_stay_in_the_cache(dtype):
    n_features = _distance_tiles.CACHED_VALUES // tile_width(dtype)
    X, offsets = data(dtype, (70, 3, tile_width(dtype) + 1), n_features)
    check(X, offsets, "euclidean", rtol=300 * np.finfo(dtype).eps)


def test_sums_over_rows_are_float64():
    """In float32, sums of this many distances would be wrong in the fourth digit."""
    X, offsets = data(np.float32, (20_000, 4))
    own, _ = means(silhouette, X, offsets, "euclidean")
    differences = X[:3, None].astype(np.float64) - X[:20_000]
    wanted = np.sqrt((differences**2).sum(axis=2)).sum(axis=1) / 19_999
    np.testing.assert_allclose(own[:3], wanted, rtol=1e-7)


def test_a_common_offset_costs_no_accuracy(dtype):
    X = np.random.RandomState(0).randint(-50, 50, (60, 3)) * 8  # what float32 holds at 1e8
    offsets = np.array([0, 20, 60])
    near = means(reference, X.astype(dtype), offsets, "euclidean")
    far = means(silhouette, (X + 100_000_000).astype(dtype), offsets, "euclidean")
    np.testing.assert_allclose(far, near, rtol=8 * np.finfo(dtype).eps)


def test_duplicates_are_at_distance_zero(dtype):
    X = np.repeat(np.array([[0.0], [5.0]], dtype), [30, 40], axis=0)
    own, nearest = means(silhouette, X, np.array([0, 30, 70]), "euclidean")
    np.testing.assert_array_equal(own, 0)
    np.testing.assert_array_equal(nearest, 5)


def test_rows_of_zeros_in_cosine_distance(dtype):
    X, offsets = data(dtype, (9, 5))
    X[[0, 3, 10]] = 0
    check(X, offsets, "cosine", rtol=64 * np.finfo(dtype).eps)
