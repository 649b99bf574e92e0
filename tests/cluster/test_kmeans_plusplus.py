"""kmeans_plusplus against scikit-learn's."""

import inspect

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.cluster as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

import fastml
from fastml.cluster import kmeans_plusplus

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@each_dtype
@pytest.mark.parametrize("name", ["iris", "digits", "wine", "diabetes"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_rows_of_real_data(dtype, name, weighted, request):
    X = request.getfixturevalue(name)[0].astype(dtype)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X)) if weighted else None
    for n_clusters, trials in ((1, None), (2, 1), (7, None), (12, 5)):
        params = {"sample_weight": weights, "random_state": 3, "n_local_trials": trials}
        centers, rows = kmeans_plusplus(X, n_clusters, **params)
        expected_centers, expected_rows = theirs.kmeans_plusplus(X, n_clusters, **params)
        if dtype == np.float64:
            np.testing.assert_array_equal(rows, expected_rows)
            np.testing.assert_array_equal(centers, expected_centers)
        np.testing.assert_array_equal(centers, X[rows])
        assert centers.dtype == dtype
        assert rows.dtype == expected_rows.dtype


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 300), st.integers(1, 20), st.integers(1, 12))
def test_the_same_rows_of_any_data(seed, n_samples, n_features, n_clusters):
    X = np.random.default_rng(seed).normal(size=(n_samples, n_features))
    rows = kmeans_plusplus(X, n_clusters, random_state=seed)[1]
    expected = theirs.kmeans_plusplus(X, n_clusters, random_state=seed)[1]
    if np.any(rows != expected):  # candidates that are each other's nearest are equally good but for rounding
        upto = np.flatnonzero(rows != expected)[0] + 1
        assert potential(X, rows[:upto]) == pytest.approx(potential(X, expected[:upto]), rel=1e-12)


def potential(X, rows):
    return ((X[:, None] - X[rows]) ** 2).sum(axis=2).min(axis=1).sum()


def test_signature_is_theirs_and_device():
    ours = inspect.signature(kmeans_plusplus).parameters
    expected = inspect.signature(theirs.kmeans_plusplus).parameters
    assert list(ours) == [*expected, "device"]
    assert all(ours[name].default == expected[name].default for name in expected)


def test_rows_of_weight_zero_are_never_chosen():
    X = np.random.default_rng(0).normal(size=(50, 2))
    weights = (np.arange(50) % 5 == 0).astype(float)
    for seed in range(20):
        assert np.all(kmeans_plusplus(X, 6, sample_weight=weights, random_state=seed)[1] % 5 == 0)


def test_duplicates_and_integers():
    X = np.repeat([[1, 2], [3, 4]], 4, axis=0)
    centers, rows = kmeans_plusplus(X, 5, random_state=0)
    expected = theirs.kmeans_plusplus(X, 5, random_state=0)
    np.testing.assert_array_equal(rows, expected[1])
    assert centers.dtype == expected[0].dtype


def test_threads_change_no_seed():
    X = np.random.default_rng(0).normal(size=(60_000, 10)).astype(np.float32)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            found.append(kmeans_plusplus(X, 20, random_state=0)[1])
    np.testing.assert_array_equal(*found)


def test_norms_are_checked():
    X = np.random.default_rng(0).normal(size=(30, 3))
    norms = (X**2).sum(axis=1)
    rows = kmeans_plusplus(X, 4, x_squared_norms=norms, random_state=0)[1]
    np.testing.assert_array_equal(rows, kmeans_plusplus(X, 4, random_state=0)[1])
    same_error(X, 4, x_squared_norms=norms[:5])


def test_sparse_data():
    X = sp.random(60, 20, 0.3, "csr", random_state=0)
    centers, rows = kmeans_plusplus(X, 4, random_state=0)
    expected = theirs.kmeans_plusplus(X, 4, random_state=0)
    np.testing.assert_array_equal(rows, expected[1])
    np.testing.assert_array_equal(centers, expected[0])


def same_error(*args, **kwargs):
    with pytest.raises(Exception) as wanted:
        theirs.kmeans_plusplus(*args, **kwargs)
    with pytest.raises(wanted.type) as found:
        kmeans_plusplus(*args, **kwargs)
    assert str(found.value) == str(wanted.value)


def test_errors_are_theirs():
    X = np.random.default_rng(0).normal(size=(30, 3))
    same_error(X, 0)
    same_error(X, 31)
    same_error(X, 2.5)
    same_error(X, 3, n_local_trials=0)
    same_error(X, 3, random_state="x")
    same_error(X * np.nan, 3)
    same_error(X, 3, sample_weight=np.ones(4))
