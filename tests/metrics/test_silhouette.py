"""Silhouettes against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from fastml import config_context
from fastml.exceptions import FallbackError
from fastml.metrics import silhouette_samples, silhouette_score
from tests.metrics.same_error import same_error

FUSED = [
    "euclidean",
    "l2",
    "sqeuclidean",
    "manhattan",
    "l1",
    "cityblock",
    "chebyshev",
    "cosine",
    "correlation",
]


@pytest.fixture(params=["iris", "wine", "breast_cancer", "digits"])
def real(request):
    X, y = request.getfixturevalue(request.param)
    return X[:400], y[:400]


@pytest.mark.parametrize("metric", FUSED)
def test_silhouettes_of_real_classes(real, metric):
    X, y = real
    found, wanted = (f(X, y, metric=metric) for f in (silhouette_samples, theirs.silhouette_samples))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)
    assert found.dtype == wanted.dtype == np.float64
    score = silhouette_score(X, y, metric=metric)
    assert type(score) is float and score == pytest.approx(
        theirs.silhouette_score(X, y, metric=metric), rel=1e-8
    )


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("seuclidean", {}), ("mahalanobis", {}), ("minkowski", {"p": 1}), ("minkowski", {}),
        ("minkowski", {"p": np.inf}), ("seuclidean", {"V": np.arange(1.0, 5)}),
        ("minkowski", {"p": 3}), ("canberra", {}),
    ],
)  # fmt: skip
def test_other_metrics(iris, metric, options):
    wanted = theirs.silhouette_samples(*iris, metric=metric, **options)
    found = silhouette_samples(*iris, metric=metric, **options)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9)


def test_float32_data_gives_float32_silhouettes_of_float64_accuracy(breast_cancer):
    X, y = breast_cancer[0].astype(np.float32), breast_cancer[1]
    found = silhouette_samples(X, y)
    assert found.dtype == np.float32
    exact = theirs.silhouette_samples(X.astype(np.float64), y)
    np.testing.assert_allclose(found, exact, atol=2e-6)
    assert silhouette_score(X, y) == pytest.approx(exact.mean(), abs=1e-7)


@given(st.integers(3, 90), st.integers(1, 4), st.integers(0, 10_000), st.booleans())
@settings(max_examples=80, deadline=None)
def test_random_clusters(n_samples, n_features, seed, sorted_labels):
    rng = np.random.RandomState(seed)
    n_clusters = rng.randint(2, n_samples)
    X = rng.standard_normal((n_samples, n_features))
    labels = (
        np.concatenate([np.arange(n_clusters), rng.randint(0, n_clusters, n_samples - n_clusters)]) * 3 - 7
    )
    labels = np.sort(labels) if sorted_labels else rng.permutation(labels)
    wanted = theirs.silhouette_samples(X, labels)
    np.testing.assert_allclose(silhouette_samples(X, labels), wanted, rtol=1e-7, atol=1e-7)


def test_a_sample_alone_in_its_cluster_has_zero():
    X = np.array([[0.0], [1.0], [5.0], [1.0]])
    labels = [0, 0, 1, 2]
    found = silhouette_samples(X, labels)
    np.testing.assert_array_equal(found[2:], 0)
    np.testing.assert_allclose(found, theirs.silhouette_samples(X, labels))


def test_duplicates_in_two_clusters_have_zero():
    X = np.zeros((6, 2))
    np.testing.assert_array_equal(silhouette_samples(X, [0, 0, 0, 1, 1, 1]), 0)


def test_data_far_from_the_origin():
    X = np.array([[0.0], [1.0], [10.0], [12.0]])
    labels = [0, 0, 1, 1]
    np.testing.assert_array_equal(silhouette_samples(X + 1e8, labels), silhouette_samples(X, labels))


def test_kinds_of_labels(iris):
    X, y = iris
    wanted = silhouette_samples(X, y)
    objects = np.array(["a", "b", "c"], dtype=object)[y]
    for labels in (y.tolist(), y.astype(np.int8), y * 1000 - 5, y + 0.5, y.astype(str), objects, y[:, None]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's, about a column of labels
            np.testing.assert_allclose(silhouette_samples(X, labels), wanted, rtol=1e-10)


def test_kinds_of_data(iris):
    import pandas as pd

    X, y = iris
    wanted = silhouette_samples(X, y)
    for data in (X.tolist(), pd.DataFrame(X), np.asfortranarray(X)):
        np.testing.assert_allclose(silhouette_samples(data, y), wanted, rtol=1e-12)
    np.testing.assert_allclose(silhouette_samples(pd.DataFrame(X), pd.Series(y)), wanted, rtol=1e-12)
    whole = np.round(X * 10).astype(int)
    np.testing.assert_allclose(silhouette_samples(whole, y), silhouette_samples(whole.astype(float), y))


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3)])
def test_a_sample_of_the_samples(wine, random_state):
    import copy

    options = {"sample_size": 60, "random_state": random_state}
    wanted = theirs.silhouette_score(*wine, **copy.deepcopy(options))
    assert silhouette_score(*wine, **copy.deepcopy(options)) == pytest.approx(wanted, rel=1e-9)


def test_precomputed_distances_and_sparse_data(iris):
    X, y = iris
    distances = theirs.pairwise_distances(X)
    wanted = silhouette_score(X, y)
    assert silhouette_score(distances, y, metric="precomputed") == pytest.approx(wanted, rel=1e-6)
    sampled = {"metric": "precomputed", "sample_size": 50, "random_state": 0}
    assert silhouette_score(distances, y, **sampled) == theirs.silhouette_score(distances, y, **sampled)
    assert silhouette_score(csr_array(X), y) == pytest.approx(wanted, rel=1e-6)
    with config_context(on_fallback="raise"), pytest.raises(FallbackError):
        silhouette_score(distances, y, metric="precomputed")


def test_memory_stays_far_below_that_of_the_distances():
    """Ten thousand rows: 800 MB of distances, of which nothing is kept."""
    import tracemalloc

    X = np.random.RandomState(0).standard_normal((10_000, 2))
    labels = np.arange(10_000) % 2_500
    tracemalloc.start()
    silhouette_samples(X, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


ARGUMENTS = [
    ((np.ones((4, 2)), [0, 0, 0, 0]), {}),
    ((np.ones((4, 2)), [0, 1, 2, 3]), {}),
    ((np.ones((4, 2)), [0, 1, 1]), {}),
    ((np.ones((4, 2)), [[0, 1], [1, 1], [0, 0], [1, 0]]), {}),
    ((np.array([[np.nan], [1], [2]]), [0, 1, 1]), {}),
    ((np.ones(4), [0, 1, 1, 0]), {}),
    ((np.ones((0, 2)), []), {}),
    ((np.ones((4, 2)), None), {}),
    ((None, [0, 1, 1, 0]), {}),
    ((np.ones((3, 1)), [0, np.nan, 1]), {}),
    ((np.ones((3, 1)), [0, 1, 1]), {"metric": "nothing"}),
    ((np.ones((3, 3)), [0, 1, 1]), {"metric": "precomputed"}),
]


@pytest.mark.parametrize(("args", "options"), ARGUMENTS, ids=lambda value: repr(value)[:50])
def test_errors(args, options):
    same_error(silhouette_samples, theirs.silhouette_samples, *args, **options)
    same_error(silhouette_score, theirs.silhouette_score, *args, **options)


@pytest.mark.parametrize(
    "options", [{"sample_size": 0}, {"sample_size": 1.5}, {"sample_size": 2, "random_state": "x"}]
)
def test_errors_of_sampling(iris, options):
    same_error(silhouette_score, theirs.silhouette_score, *iris, **options)
