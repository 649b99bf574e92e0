"""Accuracy and confusion matrices against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from fastml import config_context
from fastml.metrics import _classification, accuracy_score, confusion_matrix
from tests.metrics.same_error import same_error

warnings_of = pytest.mark.filterwarnings("ignore:A single label was found")


def same_matrix(y_true, y_pred, **options):
    found = confusion_matrix(y_true, y_pred, **options)
    wanted = theirs.confusion_matrix(y_true, y_pred, **options)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape


@pytest.fixture(params=["iris", "digits", "breast_cancer"])
def classified(request):
    """True labels, and what a nearest mean makes of the samples."""
    X, y = request.getfixturevalue(request.param)
    means = np.array([X[y == label].mean(axis=0) for label in np.unique(y)])
    return y, ((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_matrices_of_real_classifications(classified, normalize):
    y_true, y_pred = classified
    weights = np.random.RandomState(0).random_sample(len(y_true))
    same_matrix(y_true, y_pred, normalize=normalize)
    same_matrix(y_true, y_pred, normalize=normalize, sample_weight=weights)
    same_matrix(y_true, y_pred, normalize=normalize, labels=[1, 0])
    same_matrix(y_true, y_pred, normalize=normalize, labels=[7, 1, -3], sample_weight=weights)


def test_accuracy_of_real_classifications(classified):
    y_true, y_pred = classified
    weights = np.random.RandomState(0).random_sample(len(y_true))
    for options in ({}, {"normalize": False}, {"sample_weight": weights}, {"sample_weight": weights.tolist()},
                    {"sample_weight": weights, "normalize": False}):  # fmt: skip
        found, wanted = (
            accuracy_score(y_true, y_pred, **options),
            theirs.accuracy_score(y_true, y_pred, **options),
        )
        assert type(found) is float and found == pytest.approx(wanted, rel=1e-12)


LABELS = {
    "integers": st.integers(-3, 5),
    "far apart": st.sampled_from([-(10**15), 0, 7, 10**9]),
    "strings": st.sampled_from(["a", "b", "cc", ""]),
    "booleans": st.booleans(),
    "floats": st.sampled_from([-1.0, 0.0, 4.0]),
}


@warnings_of
@pytest.mark.parametrize("kind", LABELS)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_random_labels(kind, data):
    n = data.draw(st.integers(1, 40))
    y_true, y_pred = (np.array(data.draw(st.lists(LABELS[kind], min_size=n, max_size=n))) for _ in range(2))
    weights = np.random.RandomState(n).random_sample(n) + 0.01
    for options in ({}, {"sample_weight": weights}, {"normalize": "true"}):
        same_matrix(y_true, y_pred, **options)
    same_matrix(y_true.tolist(), y_pred.tolist())
    assert accuracy_score(y_true, y_pred) == theirs.accuracy_score(y_true, y_pred)
    wanted = np.unique(y_true)[::-1]
    same_matrix(y_true, y_pred, labels=wanted)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float32", "bool"]
)
@pytest.mark.parametrize("other", ["int64", "float64"])
def test_dtypes_of_labels(dtype, other):
    rng = np.random.RandomState(0)
    y_true, y_pred = rng.randint(0, 2, 50).astype(dtype), rng.randint(0, 2, 50).astype(other)
    same_matrix(y_true, y_pred)
    assert accuracy_score(y_true, y_pred) == theirs.accuracy_score(y_true, y_pred)


def test_more_labels_than_a_table_by_label_holds(monkeypatch):
    monkeypatch.setattr(_classification, "SPARE_CELLS", 1)
    y = np.random.RandomState(0).randint(0, 90, (2, 300)) * 10_000
    same_matrix(*y)
    same_matrix(*y, labels=np.unique(y)[::-2], sample_weight=np.arange(300.0))


def test_blocks_and_threads_change_no_bit():
    rng = np.random.RandomState(0)
    y_true, y_pred, weights = rng.randint(0, 5, 70_000), rng.randint(0, 5, 70_000), rng.random_sample(70_000)
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(confusion_matrix(y_true, y_pred, sample_weight=weights))
            np.testing.assert_array_equal(
                confusion_matrix(y_true, y_pred), theirs.confusion_matrix(y_true, y_pred)
            )
            assert accuracy_score(y_true, y_pred) == np.mean(y_true == y_pred)
    np.testing.assert_array_equal(found[0], found[1])


def test_integer_weights_are_summed_exactly():
    weights = np.array([2**62, 1, 1])
    found = confusion_matrix([0, 0, 1], [0, 0, 1], sample_weight=weights)
    np.testing.assert_array_equal(found, [[2**62 + 1, 0], [0, 1]])
    assert found.dtype == np.int64
    same_matrix([0, 0, 1], [0, 0, 1], sample_weight=np.array([1, 0, -1], np.int8))
    same_matrix([0, 0, 1], [0, 0, 1], sample_weight=np.array([1, 0, 1], np.float32))


def test_labels_without_weight_still_count_as_labels():
    same_matrix([0, 1, 2], [0, 1, 2], sample_weight=[1.0, 0.0, 2.0])


def test_a_single_label_is_warned_about():
    with warnings.catch_warnings(record=True) as ours:
        warnings.simplefilter("always")
        found = confusion_matrix([1, 1], [1, 1])
    np.testing.assert_array_equal(found, [[2]])
    with pytest.warns(UserWarning) as wanted:
        theirs.confusion_matrix([1, 1], [1, 1])
    assert [str(w.message) for w in ours] == [str(w.message) for w in wanted]
    np.testing.assert_array_equal(confusion_matrix([1, 1], [1, 1], labels=[0, 1]), [[0, 0], [0, 2]])


def test_no_division_by_the_sum_of_an_empty_row():
    same_matrix([0, 0, 1], [0, 2, 1], normalize="true")
    same_matrix([0, 0, 1], [0, 2, 1], normalize="pred")
    same_matrix([0, 0, 1], [0, 2, 1], normalize="all", labels=[0, 1, 5])


def test_other_kinds_of_labels():
    import pandas as pd

    y = pd.Series(["b", "a", "a"]), pd.Series(["a", "a", "b"])
    same_matrix(*y)
    same_matrix(np.array(["b", "a"], dtype=object), np.array(["a", "a"], dtype=object))
    same_matrix(np.array([[0], [1], [1]]), np.array([[1], [1], [0]]))
    assert accuracy_score(*y) == theirs.accuracy_score(*y)
    indicators = np.array([[0, 1], [1, 1]]), np.ones((2, 2), int)
    assert accuracy_score(*indicators) == accuracy_score(*map(csr_array, indicators)) == 0.5


BAD = [
    ([0, 1], [0, 1, 1]), ([0, 1], ["a", "b"]), ([0, 1], [[0, 1], [1, 1]]), ([0.5, 1], [0, 1]), ([], []),
    ([0, np.nan], [0, 1]), (None, [0]), ("ab", "cd"), ([0, 1], [0, "b"]), (np.zeros((2, 2, 2)), [0, 1]),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize(("y_true", "y_pred"), BAD, ids=repr)
def test_errors(y_true, y_pred):
    same_error(confusion_matrix, theirs.confusion_matrix, y_true, y_pred)
    same_error(accuracy_score, theirs.accuracy_score, y_true, y_pred)


@pytest.mark.parametrize(
    "options",
    [
        {"labels": []}, {"labels": [5, 6]}, {"labels": ["a"]}, {"normalize": "none"}, {"normalize": 1},
        {"sample_weight": [1.0]}, {"sample_weight": [[1.0, 1.0]]}, {"sample_weight": [np.nan, 1.0]},
        {"sample_weight": ["a", "b"]}, {"sample_weight": [0.0, 0.0]}, {"labels": 3},
    ],
    ids=repr,
)  # fmt: skip
def test_errors_of_options_of_the_matrix(options):
    same_error(confusion_matrix, theirs.confusion_matrix, [0, 1], [0, 1], **options)


@pytest.mark.parametrize(
    "options", [{"normalize": "yes"}, {"sample_weight": [1.0]}, {"sample_weight": [0.0, 0.0]}]
)
def test_errors_of_options_of_accuracy(options):
    same_error(accuracy_score, theirs.accuracy_score, [0, 1], [0, 1], **options)
