"""Isolation forests against scikit-learn's: the same trees and scores from the same seed."""

import pickle

import numpy as np
import pytest
import sklearn.ensemble
from scipy import sparse

import fastml
from fastml.ensemble import IsolationForest
from fastml.exceptions import FallbackError
from fastml.solvers.isolation import average_path_length


def fit_both(X, sample_weight=None, **params):
    params = {"random_state": 1, "n_estimators": 20, **params}
    models = IsolationForest(**params), sklearn.ensemble.IsolationForest(**params)
    for model in models:
        model.fit(X, sample_weight=sample_weight)
    return models


def assert_same(X, sample_weight=None, **params):
    ours, theirs = fit_both(X, sample_weight, **params)
    assert ours.max_samples_ == theirs.max_samples_ and ours.offset_ == theirs.offset_
    for method in ("score_samples", "decision_function", "predict"):
        a, b = getattr(ours, method)(X), getattr(theirs, method)(X)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    for name in ("estimators_features_", "estimators_samples_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(ours.estimators_, theirs.estimators_, strict=True):
        params = b.get_params()
        assert params == {name: a.get_params()[name] for name in params}
        np.testing.assert_array_equal(a.tree_.threshold, b.tree_.threshold)
    return ours, theirs


# ---- the same trees ------------------------------------------------------------------------------------
@pytest.mark.parametrize("data", ["iris", "wine", "digits", "breast_cancer", "diabetes"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_data(request, data, dtype):
    assert_same(request.getfixturevalue(data)[0].astype(dtype))


@pytest.mark.parametrize("params", [
    {"max_samples": 0.3}, {"max_samples": 40, "max_features": 0.5}, {"max_samples": 1}, {"max_samples": 1.0},
    {"bootstrap": True}, {"bootstrap": True, "max_features": 2}, {"contamination": 0.1}, {"n_estimators": 1},
    {"contamination": 0.5, "max_features": 3}, {"max_features": 0.01},
], ids=str)  # fmt: skip
def test_parameters(breast_cancer, params):
    assert_same(breast_cancer[0], **params)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_weights_of_draws(wine, bootstrap):
    weight = np.random.RandomState(0).randint(0, 4, len(wine[0]))
    assert_same(wine[0], weight, max_samples=50, bootstrap=bootstrap)


def test_few_samples_of_many():
    X = np.random.RandomState(0).normal(size=(30_000, 4)) + 1e8
    assert_same(X)
    assert_same(X, max_samples=29_900, n_estimators=2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_no_float32(wine, value):
    X = wine[0].copy()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.1] = value
    with np.errstate(over="ignore"):
        ours, theirs = fit_both(X)
        np.testing.assert_array_equal(ours.score_samples(X), theirs.score_samples(X))


@pytest.mark.parametrize(
    "X", [np.ones((20, 3)), np.arange(2.0)[:, None], np.zeros((1, 4)), np.eye(7)], ids=str
)
def test_duplicates_and_single_rows(X):
    assert_same(X)


def test_average_paths():
    exact = [2 * np.sum(1 / np.arange(1.0, n)) - 2 * (n - 1) / n for n in (100, 1000)]  # harmonic numbers
    np.testing.assert_allclose(average_path_length(np.array([100, 1000])), exact, rtol=2e-3)
    np.testing.assert_array_equal(average_path_length(np.array([0, 1, 2])), [0, 0, 1])


# ---- inputs ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("convert", [sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array])
def test_sparse_data(digits, convert):
    X = convert(digits[0])
    with fastml.config_context(on_fallback="raise"):
        ours = IsolationForest(n_estimators=10, random_state=0)
        ours.fit(X)
    theirs = sklearn.ensemble.IsolationForest(n_estimators=10, random_state=0).fit(X)
    np.testing.assert_array_equal(ours.score_samples(X), theirs.score_samples(X))
    np.testing.assert_array_equal(ours.score_samples(X), ours.score_samples(digits[0]))


def test_wide_sparse_data_falls_back():
    X = sparse.random(300, 5000, density=0.01, random_state=0, format="csr")
    model = IsolationForest(n_estimators=5, random_state=0)
    with (
        fastml.config_context(working_memory=1, on_fallback="raise"),
        pytest.raises(FallbackError, match="dense"),
    ):
        model.fit(X)
    with fastml.config_context(working_memory=1):
        model.fit(X)
    theirs = sklearn.ensemble.IsolationForest(n_estimators=5, random_state=0).fit(X)
    np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
    model.set_params(warm_start=True, n_estimators=8)
    with fastml.config_context(working_memory=1):
        assert len(model.fit(X)) == 8


def test_names_of_features(iris):
    pandas = pytest.importorskip("pandas", reason="columns with names")
    frame = pandas.DataFrame(iris[0], columns=list("abcd"))
    model = IsolationForest(random_state=0, contamination=0.1).fit(frame)
    assert list(model.feature_names_in_) == list("abcd")
    assert (model.predict(frame) == -1).mean() == pytest.approx(0.1, abs=0.01)


# ---- what else there is ------------------------------------------------------------------------------------
def test_warm_starts(wine):
    X = wine[0]
    ours, theirs = fit_both(X, warm_start=True, max_features=5)
    for model in (ours, theirs):
        model.set_params(n_estimators=33, max_samples=100).fit(X)
    np.testing.assert_array_equal(ours.score_samples(X), theirs.score_samples(X))
    assert len(ours) == len(ours.estimators_samples_) == len(ours.estimators_features_) == 33
    with pytest.warns(UserWarning, match="does not fit new trees"):
        ours.fit(X)
    with pytest.raises(ValueError, match=r"n_estimators=3 must be larger or equal to len\(estimators_\)=33"):
        ours.set_params(n_estimators=3).fit(X)


def test_warm_starts_with_more_features(wine):
    X = wine[0]

    def lengths(model):
        """Sums of paths through all trees, as multiples of the average path through one."""
        return -np.log2(-model.score_samples(X)) * len(model)

    model = IsolationForest(n_estimators=30, max_features=5, warm_start=True, random_state=0).fit(X)
    before = lengths(model)
    one_more = lengths(model.set_params(n_estimators=31, max_features=1.0).fit(X)) - before
    assert 0 < one_more.min() and one_more.max() < 3  # the other trees ask for the features that they know


def test_too_many_samples_are_all(iris):
    with pytest.warns(UserWarning, match=r"max_samples \(1000\) is greater than the total number of samples"):
        assert IsolationForest(max_samples=1000, random_state=0).fit(iris[0]).max_samples_ == 150
    with pytest.raises(ValueError, match="max_features must be <= n_features"):
        IsolationForest(max_features=5).fit(iris[0])


def test_verbose_growing(iris, capsys):
    IsolationForest(n_estimators=3, verbose=2, n_jobs=1).fit(iris[0])
    assert capsys.readouterr().out == "".join(f"building tree {i} of 3\n" for i in (1, 2, 3))


def test_twins_and_pickles(wine):
    X = wine[0]
    ours, theirs = fit_both(X, max_features=3)
    twin = ours.to_sklearn()
    assert type(twin) is type(theirs)
    assert vars(twin).keys() == vars(theirs).keys()
    others = twin, IsolationForest.from_sklearn(theirs), pickle.loads(pickle.dumps(ours))
    for other in others:
        np.testing.assert_array_equal(other.score_samples(X), theirs.score_samples(X))
        np.testing.assert_array_equal(other.estimators_samples_[0], ours.estimators_samples_[0])


def test_threads_do_not_matter(digits):
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            model = IsolationForest(n_estimators=8, max_samples=1.0, random_state=0).fit(digits[0])
            found.append(model.score_samples(digits[0]))
    np.testing.assert_array_equal(*found)


def test_outliers_in_the_plane():
    rng = np.random.RandomState(0)
    X = np.r_[rng.normal(size=(500, 2)), rng.uniform(6, 9, size=(10, 2))]
    labels = IsolationForest(contamination=10 / 510, random_state=0).fit_predict(X)
    np.testing.assert_array_equal(np.flatnonzero(labels == -1), np.arange(500, 510))


def test_it_starts_without_scikit_learn(python):
    printed = python("""
        import sys
        import numpy as np
        from fastml.ensemble import IsolationForest
        X = np.random.RandomState(0).normal(size=(30000, 3))
        print(IsolationForest(contamination=0.1).fit(X).predict(X[:3]).shape, "sklearn" in sys.modules)
    """)
    assert printed == "(3,) False\n"
