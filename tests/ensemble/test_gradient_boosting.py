"""Gradient boosting against scikit-learn's: the same losses, and mostly the same trees, from the same seed.

Splits that are equally good are told apart by rounding, in scikit-learn and here: where that happens trees
may differ, but not how well they fit.
"""

import pickle
import re

import numpy as np
import pytest
import sklearn.ensemble
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.dummy import DummyClassifier
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

import fastml
from fastml import ensemble

CLASSIFIER, REGRESSOR = "GradientBoostingClassifier", "GradientBoostingRegressor"
LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]
each_loader = pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
each_loss = pytest.mark.parametrize("loss", LOSSES)
each_class = pytest.mark.parametrize("name", [CLASSIFIER, REGRESSOR])


def fit_both(name, X, y, weight=None, **params):
    params = {"random_state": 3, "n_estimators": 12, **params}
    return [getattr(module, name)(**params).fit(X, y, weight) for module in (ensemble, sklearn.ensemble)]


def data_of(name):
    return load_iris(return_X_y=True) if name == CLASSIFIER else load_diabetes(return_X_y=True)


def raw(model, X):
    return model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)


def assert_same(ours, theirs, X, rtol=1e-8):
    assert ours.estimators_.shape == theirs.estimators_.shape and ours.n_estimators_ == theirs.n_estimators_
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=rtol, atol=1e-10)
    np.testing.assert_allclose(raw(ours, X), raw(theirs, X), rtol=rtol, atol=1e-10)


def continuous(n=300, d=5, seed=0):
    """Data in which no two splits are equally good, as long as nodes are large."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, d))
    return X, X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + 0.3 * rng.normal(size=n)


BIG_LEAVES = {"min_samples_leaf": 20, "max_depth": 3}


# ---- losses -----------------------------------------------------------------------------------------------
@each_loss
@pytest.mark.parametrize("weighs", [False, True])
def test_regression(loss, weighs):
    X, y = continuous()
    weight = np.random.RandomState(1).uniform(0.5, 2, len(y)) if weighs else None
    ours, theirs = fit_both(REGRESSOR, X, y, weight, loss=loss, **BIG_LEAVES)
    if loss in ("squared_error", "huber"):
        assert_same(ours, theirs, X)
        np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
        np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)
        for a, b in zip(ours.staged_predict(X), theirs.staged_predict(X)):
            np.testing.assert_allclose(a, b, rtol=1e-8)
    np.testing.assert_allclose(ours.train_score_[0], theirs.train_score_[0], rtol=1e-3)
    assert ours.train_score_[-1] <= theirs.train_score_[-1] * 1.05


@each_loader
@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
def test_classification(load, loss):
    X, y = load(return_X_y=True)
    if loss == "exponential":
        y = (y > 0).astype(int)
    ours, theirs = fit_both(CLASSIFIER, X, y, loss=loss, max_depth=2, min_samples_leaf=10)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=0.02)
    assert abs(ours.score(X, y) - theirs.score(X, y)) < 0.02
    raws = raw(theirs, X).reshape(len(X), -1)
    np.testing.assert_allclose(
        ours._probabilities(raws), theirs._loss.predict_proba(raws.squeeze()), rtol=1e-12
    )
    staged = list(ours.staged_decision_function(X))
    np.testing.assert_allclose(staged[-1].squeeze(), raw(ours, X), rtol=1e-12)
    np.testing.assert_array_equal(list(ours.staged_predict(X))[-1], ours.predict(X))
    np.testing.assert_allclose(list(ours.staged_predict_proba(X))[-1], ours.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(np.exp(ours.predict_log_proba(X)), ours.predict_proba(X), rtol=1e-12)
    assert ours.apply(X).shape == theirs.apply(X).shape


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("params", [{}, {"max_features": 2}, {"max_leaf_nodes": 5}, {"learning_rate": 1.0}])
def test_classes_that_noise_separates(n_classes, params):
    X, target = continuous()
    y = np.digitize(target, np.quantile(target, np.arange(1, n_classes) / n_classes))
    ours, theirs = fit_both(CLASSIFIER, X, y, **{**BIG_LEAVES, **params})
    assert_same(ours, theirs, X, rtol=1e-6)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


# ---- parameters -------------------------------------------------------------------------------------------
PARAMETERS = [
    {"subsample": 0.5},
    {"n_iter_no_change": 2, "n_estimators": 40},
    {"n_iter_no_change": 2, "n_estimators": 40, "subsample": 0.7, "tol": 0.01, "validation_fraction": 0.3},
    {"init": "zero"},
    {"ccp_alpha": 0.002},
    {"min_weight_fraction_leaf": 0.1},
    {"min_impurity_decrease": 0.005},
    {"max_features": "sqrt", "min_samples_split": 0.3},
]


@pytest.mark.parametrize("params", PARAMETERS)
def test_parameters(params):
    X, y = continuous(400)
    for name, target in ((REGRESSOR, y), (CLASSIFIER, (y > 0).astype(int))):
        ours, theirs = fit_both(name, X, target, **{**BIG_LEAVES, **params})
        assert_same(ours, theirs, X, rtol=1e-6)
        for attribute in ("oob_improvement_", "oob_scores_", "oob_score_"):
            assert hasattr(ours, attribute) == hasattr(theirs, attribute)
            if hasattr(ours, attribute):
                found, expected = getattr(ours, attribute), getattr(theirs, attribute)
                np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@each_loss
def test_constant_starts(loss):
    X, y = continuous()
    weight = np.random.RandomState(1).uniform(0.5, 2, len(y))
    for w in (None, weight):
        ours, theirs = fit_both(REGRESSOR, X, y, w, loss=loss, n_estimators=1)
        np.testing.assert_allclose(ours.init_.predict(X), theirs.init_.predict(X), rtol=1e-12)
        assert ours.init_.strategy == theirs.init_.strategy
    ours, theirs = fit_both(CLASSIFIER, X, (y > 0.3).astype(int), n_estimators=1)
    np.testing.assert_allclose(ours.init_.predict_proba(X), theirs.init_.predict_proba(X))


def test_given_starts():
    X, y = continuous()
    labels = (y > 0).astype(int)
    weight = np.ones(len(y))
    for w in (None, weight):
        assert_same(*fit_both(REGRESSOR, X, y, w, init=LinearRegression(), **BIG_LEAVES), X)
        assert_same(*fit_both(CLASSIFIER, X, labels, w, init=LogisticRegression(), **BIG_LEAVES), X)
        assert_same(*fit_both(CLASSIFIER, X, labels, w, init=DummyClassifier(), **BIG_LEAVES), X)
    with pytest.raises(ValueError, match="KNeighborsRegressor does not support sample weights"):
        ensemble.GradientBoostingRegressor(init=KNeighborsRegressor()).fit(X, y, weight)


@each_class
@pytest.mark.parametrize("params", [{}, {"subsample": 0.6}])
def test_warm_start(name, params):
    X, y = data_of(name)
    pieces = getattr(ensemble, name)(n_estimators=4, warm_start=True, random_state=0, **params).fit(X, y)
    pieces.set_params(n_estimators=9).fit(X, y)
    at_once = getattr(ensemble, name)(n_estimators=9, random_state=0, **params).fit(X, y)
    np.testing.assert_allclose(raw(pieces, X), raw(at_once, X), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(pieces.train_score_, at_once.train_score_, rtol=1e-9)
    with pytest.raises(ValueError, match=r"must be larger or equal to estimators_\.shape\[0\]=9"):
        pieces.set_params(n_estimators=3).fit(X, y)


@each_class
def test_monitor(name):
    X, y = data_of(name)
    seen = []

    def monitor(i, est, variables):
        seen.append((i, type(est).__name__, est.train_score_[i], variables["raw_predictions"].shape))
        return i == 3

    model = getattr(ensemble, name)(n_estimators=20, random_state=0).fit(X, y, monitor=monitor)
    assert len(seen) == len(model.estimators_) == model.n_estimators_ == len(model.train_score_) == 4
    assert seen[2][:2] == (2, name) and seen[2][3][0] == len(X)


@pytest.mark.parametrize("params", [{"verbose": 1}, {"verbose": 2, "subsample": 0.5}])
def test_progress_is_printed(params, capsys):
    X, y = continuous(100)
    printed = []
    for module in (ensemble, sklearn.ensemble):
        module.GradientBoostingRegressor(n_estimators=15, random_state=0, **params).fit(X, y)
        printed.append(re.sub(r"\d+\.\d+[ms]", "", capsys.readouterr().out).split())
    assert len(printed[0]) == len(printed[1])
    assert printed[0][:8] == printed[1][:8]


def test_criterion_is_deprecated():
    X, y = continuous(50)
    with pytest.warns(FutureWarning, match="`criterion` is deprecated"):
        ensemble.GradientBoostingRegressor(criterion="squared_error", n_estimators=1).fit(X, y)


# ---- errors ------------------------------------------------------------------------------------------------
def test_errors_are_scikit_learns():
    X, y = load_iris(return_X_y=True)
    for module in (ensemble, sklearn.ensemble):
        model = module.GradientBoostingClassifier
        with pytest.raises(ValueError, match="y contains 1 class after sample_weight trimmed"):
            model().fit(X, y, (y == 0).astype(float))
        with pytest.raises(ValueError, match="only suitable for a binary classification"):
            model(loss="exponential").fit(X, y)
        with pytest.raises(ValueError, match="missing some classes|least populated class"):
            model(n_iter_no_change=2, validation_fraction=0.9).fit(X[:52], y[:52] + (np.arange(52) == 51))
        with pytest.raises(ValueError, match="NaN"):
            model().fit(np.where(X > 7, np.nan, X), y)


# ---- around it ---------------------------------------------------------------------------------------------
@each_class
def test_twins_and_pickles(name):
    X, y = data_of(name)
    ours, _ = fit_both(name, X, y)
    twin = ours.to_sklearn()
    assert type(twin) is getattr(sklearn.ensemble, name)
    back = type(ours).from_sklearn(twin)
    for other in (twin, back, pickle.loads(pickle.dumps(ours))):
        np.testing.assert_allclose(raw(other, X), raw(ours, X), rtol=1e-12)
    back.set_params(warm_start=True, n_estimators=14).fit(X, y)
    assert len(back.estimators_) == 14


@each_class
def test_sparse_data(name):
    X, y = load_digits(return_X_y=True)
    X, y = X[:200], y[:200] % 3
    with fastml.config_context(on_fallback="log"):
        ours, theirs = fit_both(name, sparse.csr_matrix(X), y)
        np.testing.assert_allclose(raw(ours, sparse.csr_matrix(X)), raw(theirs, X))
        np.testing.assert_array_equal(ours.apply(sparse.csr_matrix(X)), theirs.apply(X))
        ours.set_params(warm_start=True, n_estimators=14).fit(sparse.csr_matrix(X), y)
    assert len(ours.estimators_) == 14


def test_partial_dependence():
    X, y = continuous()
    models = fit_both(REGRESSOR, X, y, **BIG_LEAVES)
    found = [partial_dependence(model, X, [0], method="recursion")["average"] for model in models]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_stages_may_be_dropped():
    X, y = continuous()
    model = fit_both(REGRESSOR, X, y)[0]
    stages = list(model.staged_predict(X))
    model.estimators_ = model.estimators_[:5]
    np.testing.assert_allclose(model.predict(X), stages[4])


def test_threads_do_not_matter():
    X, y = load_digits(return_X_y=True)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            model = ensemble.GradientBoostingClassifier(n_estimators=3, max_features=8, random_state=0)
            found.append(model.fit(X, y).decision_function(X))
    np.testing.assert_array_equal(*found)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(10, 80), d=st.integers(1, 6), loss=st.sampled_from(LOSSES))
def test_random_data(seed, n, d, loss):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(n, d)), rng.normal(size=n)
    ours, theirs = fit_both(REGRESSOR, X, y, n_estimators=3, loss=loss, max_depth=2)
    np.testing.assert_allclose(ours.train_score_[0], theirs.train_score_[0], rtol=0.3)
    labels = (y > np.median(y)).astype(int)
    ours, theirs = fit_both(CLASSIFIER, X, labels, n_estimators=3, max_depth=1)
    np.testing.assert_allclose(ours.train_score_[0], theirs.train_score_[0], rtol=1e-9)
