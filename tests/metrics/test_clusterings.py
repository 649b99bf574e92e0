"""The agreement of clusterings against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

import fastml.metrics.cluster
from fastml.metrics import _clusterings, adjusted_rand_score, pair_confusion_matrix, rand_score
from tests.metrics.same_error import same_error

contingency_matrix = fastml.metrics.cluster.contingency_matrix
FUNCTIONS = [adjusted_rand_score, rand_score, pair_confusion_matrix]


def like_theirs(labels_true, labels_pred):
    for ours in FUNCTIONS:
        wanted = getattr(theirs, ours.__name__)(labels_true, labels_pred)
        found = ours(labels_true, labels_pred)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
        assert np.asarray(found).dtype == np.asarray(wanted).dtype
    found = contingency_matrix(labels_true, labels_pred)
    np.testing.assert_array_equal(found, theirs.cluster.contingency_matrix(labels_true, labels_pred))


def test_real_classes_against_a_split_of_the_data(iris):
    X, y = iris
    for labels in (X[:, 0] > 5.8, np.digitize(X[:, 2], [2, 4, 5]), y, np.arange(len(y)), np.zeros_like(y)):
        like_theirs(y, labels)
        like_theirs(labels, y)


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 8), st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_random_clusterings(n, n_true, n_pred, seed):
    rng = np.random.RandomState(seed)
    labels_true, labels_pred = rng.randint(0, n_true, n) * 5 - 3, rng.randint(0, n_pred, n)
    like_theirs(labels_true, labels_pred)
    like_theirs(labels_true.tolist(), labels_pred.astype(str))
    like_theirs(labels_true.astype(float), labels_pred.astype(bool))


def test_the_sorted_way_agrees_with_the_table(monkeypatch):
    rng = np.random.RandomState(0)
    labels = rng.randint(0, 200, (2, 3_000)) * 10**12
    wanted = pair_confusion_matrix(*labels)
    np.testing.assert_array_equal(wanted, theirs.pair_confusion_matrix(*labels))
    monkeypatch.setattr(_clusterings, "DENSE_CELLS", 1)
    monkeypatch.setattr(_clusterings, "SPARE_CELLS", 1)
    np.testing.assert_array_equal(pair_confusion_matrix(*labels), wanted)
    like_theirs(*labels)


def test_products_beyond_int64_are_exact():
    """The products of pairs of 200,000 samples exceed int64; clusters of two alternate with large ones."""
    labels_true, labels_pred = np.arange(200_000) // 2, np.arange(200_000) % 2
    like_theirs(labels_true[:2_000], labels_pred[:2_000])
    wanted = theirs.adjusted_rand_score(labels_true, labels_pred)
    assert adjusted_rand_score(labels_true, labels_pred) == pytest.approx(wanted, rel=1e-12)


def test_the_names_of_labels_do_not_matter(wine):
    y = wine[1]
    assert adjusted_rand_score(y, np.array(["z", "b", "k"])[y]) == 1.0
    assert rand_score(y, (y + 1) % 3) == 1.0


def test_options_of_the_contingency_matrix():
    a, b = [0, 0, 1, 1], [2, 2, 5, 2]
    for options in ({"eps": 0.5}, {"dtype": np.float32}, {"eps": 0}, {"eps": 1, "dtype": np.int8}):
        found = contingency_matrix(a, b, **options)
        wanted = theirs.cluster.contingency_matrix(a, b, **options)
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    sparse = contingency_matrix(a, b, sparse=True)
    np.testing.assert_array_equal(sparse.toarray(), contingency_matrix(a, b))


def test_empty_clusterings_agree():
    for ours in (adjusted_rand_score, rand_score):
        assert ours([], []) == getattr(theirs, ours.__name__)([], [])


def test_continuous_labels_are_warned_about():
    labels = [0.5, 1.5, 0.5, 2.5], [0.0, 1.0, 0.0, 2.0]
    with pytest.warns(UserWarning, match="expects discrete values"):
        found = adjusted_rand_score(*labels)
    with pytest.warns(UserWarning, match="expects discrete values"):
        assert found == theirs.adjusted_rand_score(*labels)


@pytest.mark.parametrize(
    ("labels_true", "labels_pred"),
    [
        ([0, 1], [0, 1, 1]),
        ([[0, 1], [1, 1]], [0, 1]),
        ([0, 1], [[0], [1]]),
        (None, [0]),
        ([0, np.nan], [0, 1]),
        (1, 2),
    ],
    ids=repr,
)
def test_errors(labels_true, labels_pred):
    for ours in FUNCTIONS:
        same_error(ours, getattr(theirs, ours.__name__), labels_true, labels_pred)


def test_errors_of_the_contingency_matrix():
    wanted = theirs.cluster.contingency_matrix
    same_error(contingency_matrix, wanted, [0, 1], [0, 1, 1])
    same_error(contingency_matrix, wanted, [0, 1], [0, 1], eps=-1)
    same_error(contingency_matrix, wanted, [0, 1], [0, 1], eps=1.0, sparse=True)


def test_names_that_are_scikit_learns():
    assert fastml.metrics.cluster.v_measure_score is theirs.v_measure_score
    assert fastml.metrics.cluster.silhouette_score is fastml.metrics.silhouette_score
