"""Bagging against scikit-learn's: the same samples, features and trees from the same seed."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.ensemble
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.random import sample_without_replacement

import fastml
from fastml import ensemble, tree
from fastml.solvers.bagging import draw_some

CLASSIFIER, REGRESSOR = "BaggingClassifier", "BaggingRegressor"
each_class = pytest.mark.parametrize("name", [CLASSIFIER, REGRESSOR])
PARAMETERS = [
    {},
    {"max_samples": 0.5},
    {"max_samples": 30, "max_features": 3},
    {"max_features": 0.5, "bootstrap_features": True},
    {"bootstrap": False, "max_samples": 0.8, "max_features": 0.5},
    {"bootstrap": False, "max_samples": 1},
    {"n_jobs": 2},
]


def fit_both(name, X, y, weight=None, **params):
    params = {"random_state": 3, "n_estimators": 6, **params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few estimators leave samples without a score
        warnings.simplefilter("ignore", RuntimeWarning)
        return [getattr(module, name)(**params).fit(X, y, weight) for module in (ensemble, sklearn.ensemble)]


def assert_same(ours, theirs, X):
    method = "predict_proba" if hasattr(ours, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-10, atol=1e-12)
    for attribute in ("estimators_samples_", "estimators_features_"):
        for a, b in zip(getattr(ours, attribute), getattr(theirs, attribute)):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(ours, theirs):
        assert a.random_state == b.random_state and a.max_features_ == b.max_features_
        np.testing.assert_array_equal(a.tree_.feature, b.tree_.feature)
        np.testing.assert_array_equal(a.tree_.n_node_samples, b.tree_.n_node_samples)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
@pytest.mark.parametrize("params", PARAMETERS)
def test_classification(load, params):
    X, y = load(return_X_y=True)
    ours, theirs = fit_both(CLASSIFIER, X, y, **params)
    assert_same(ours, theirs, X)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-10)
    assert not hasattr(ours, "decision_function")


@pytest.mark.parametrize("params", PARAMETERS)
def test_regression(params):
    X, y = load_diabetes(return_X_y=True)
    assert_same(*fit_both(REGRESSOR, X, y, **params), X)


@each_class
def test_missing_values(name):
    X, y = load_iris(return_X_y=True)
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.1] = np.nan
    assert_same(*fit_both(name, X, y), X)


@each_class
def test_weights_and_out_of_bag_scores(name):
    X, y = load_wine(return_X_y=True)
    weight = np.random.RandomState(0).randint(0, 4, len(y)).astype(float)
    for w in (None, weight):
        ours, theirs = fit_both(name, X, y, w, oob_score=True, n_estimators=30, max_samples=0.9)
        assert_same(ours, theirs, X)
        assert ours.oob_score_ == pytest.approx(theirs.oob_score_)
        attribute = "oob_decision_function_" if name == CLASSIFIER else "oob_prediction_"
        np.testing.assert_allclose(getattr(ours, attribute), getattr(theirs, attribute))


def test_trees_with_parameters():
    X, y = load_wine(return_X_y=True)
    params = {"max_depth": 3, "class_weight": {0: 1, 1: 2, 2: 4}, "max_features": 2}
    base = tree.DecisionTreeClassifier(**params), sklearn.tree.DecisionTreeClassifier(**params)
    ours = ensemble.BaggingClassifier(base[0], random_state=1).fit(X, y)
    assert_same(ours, sklearn.ensemble.BaggingClassifier(base[1], random_state=1).fit(X, y), X)


@pytest.mark.parametrize("base", [LogisticRegression(), KNeighborsClassifier()])
def test_any_estimator(base):
    X, y = load_iris(return_X_y=True)
    ours, theirs = fit_both(CLASSIFIER, X, y, estimator=base)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert hasattr(ours, "decision_function") == hasattr(theirs, "decision_function")
    if hasattr(ours, "decision_function"):
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X))
    np.testing.assert_array_equal(ours.estimators_samples_[2], theirs.estimators_samples_[2])
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict(X), theirs.predict(X))


def test_what_goes_to_scikit_learn_is_reported():
    X, y = load_diabetes(return_X_y=True)
    with fastml.config_context(on_fallback="raise"):
        with pytest.raises(fastml._device.FallbackError, match="no decision tree of fastml's"):
            ensemble.BaggingRegressor(LinearRegression()).fit(X, y)
        with pytest.raises(fastml._device.FallbackError, match="sparse"):
            ensemble.BaggingRegressor().fit(sparse.csr_matrix(X), y)
    ours, theirs = fit_both(REGRESSOR, X, np.stack([y, -y], axis=1))
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))


@each_class
def test_warm_start(name):
    X, y = load_iris(return_X_y=True)
    for base in (None, sklearn.tree.ExtraTreeClassifier() if name == CLASSIFIER else LinearRegression()):
        params = {"estimator": base, "random_state": 0}
        pieces = getattr(ensemble, name)(n_estimators=3, warm_start=True, **params).fit(X, y)
        pieces.set_params(n_estimators=7).fit(X, y)
        at_once = getattr(ensemble, name)(n_estimators=7, **params).fit(X, y)
        np.testing.assert_allclose(pieces.predict(X), at_once.predict(X))
        assert len(pieces) == 7
        with pytest.warns(UserWarning, match="Warm-start fitting without increasing"):
            pieces.fit(X, y)
        with pytest.raises(ValueError, match="must be larger or equal to"):
            pieces.set_params(n_estimators=2).fit(X, y)


@each_class
def test_errors_are_scikit_learns(name):
    X, y = load_iris(return_X_y=True)
    for module in (ensemble, sklearn.ensemble):
        model = getattr(module, name)
        for params, message in [
            ({"bootstrap": False, "oob_score": True}, "only available if bootstrap=True"),
            ({"warm_start": True, "oob_score": True}, "only available if warm_start=False"),
            ({"max_features": 5}, "max_features must be <= n_features"),
            ({"bootstrap": False, "max_samples": 151}, "Effective max_samples=151 must be <= n_samples=150"),
        ]:
            with pytest.raises(ValueError, match=message):
                model(**params).fit(X, y)
        with pytest.warns(UserWarning, match="low number"):
            model(max_samples=0.01, random_state=0).fit(X, y)
        with pytest.warns(UserWarning, match="recommended to use bootstrap=True"):
            model(bootstrap=False, max_samples=3).fit(X, y, np.ones(len(y)))


@each_class
def test_twins_and_pickles(name):
    X, y = load_iris(return_X_y=True)
    ours, _ = fit_both(name, X, y, max_features=2)
    twin = ours.to_sklearn()
    assert type(twin) is getattr(sklearn.ensemble, name)
    assert all(type(est).__module__.startswith("sklearn.") for est in twin)
    for other in (twin, type(ours).from_sklearn(twin), pickle.loads(pickle.dumps(ours))):
        np.testing.assert_allclose(other.predict(X), ours.predict(X))
        np.testing.assert_array_equal(other.estimators_samples_[0], ours.estimators_samples_[0])


@pytest.mark.parametrize("n", [1, 2, 10, 99, 101, 1000])
def test_draws_without_replacement(n):
    for n_drawn in {1, 2, n // 2, n - 1, n} - {0}:
        if n_drawn <= n:
            found = draw_some(np.random.RandomState(0), False, n, n_drawn)
            expected = sample_without_replacement(n, n_drawn, random_state=np.random.RandomState(0))
            np.testing.assert_array_equal(found, expected)


def test_threads_do_not_matter():
    X, y = load_digits(return_X_y=True)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            found.append(ensemble.BaggingClassifier(random_state=0).fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(*found)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(5, 60), d=st.integers(1, 5), share=st.floats(0.1, 1.0))
def test_random_data(seed, n, d, share):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(n, d)), rng.randint(0, 3, n)
    ours, theirs = fit_both(CLASSIFIER, X, y, n_estimators=3, max_samples=share, max_features=share)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)


def test_trees_of_random_thresholds():
    X, y = load_wine(return_X_y=True)
    for ours, theirs in [
        (
            tree.DecisionTreeClassifier(splitter="random"),
            sklearn.tree.DecisionTreeClassifier(splitter="random"),
        ),
        (tree.ExtraTreeClassifier(), sklearn.tree.ExtraTreeClassifier()),
    ]:
        for params in ({}, {"max_features": 4}):
            models = [
                module.BaggingClassifier(base, random_state=1, **params).fit(X, y)
                for module, base in ((ensemble, ours), (sklearn.ensemble, theirs))
            ]
            assert_same(*models, X)


def test_balanced_classes():
    X, y = load_wine(return_X_y=True)
    X, y = X[40:], y[40:]
    base = tree.DecisionTreeClassifier(max_depth=2, class_weight="balanced")
    ours = ensemble.BaggingClassifier(base, random_state=1, n_estimators=30).fit(X, y)
    theirs = sklearn.ensemble.BaggingClassifier(base.to_sklearn(), random_state=1, n_estimators=30).fit(X, y)
    # Equally good splits of inexact weights are told apart by rounding.
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.1)
