"""AdaBoost against scikit-learn's: the same estimators from the same seed."""

import pickle

import numpy as np
import pytest
import sklearn.ensemble
import sklearn.tree
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import fastml
from fastml import ensemble, tree

LOADERS = [load_iris, load_wine, load_breast_cancer, load_digits]
each_loader = pytest.mark.parametrize("load", LOADERS)
each_loss = pytest.mark.parametrize("loss", ["linear", "square", "exponential"])


def fit_both(name, X, y, weight=None, **params):
    params = {"random_state": 3, "n_estimators": 12, **params}
    return [getattr(module, name)(**params).fit(X, y, weight) for module in (ensemble, sklearn.ensemble)]


def assert_same(ours, theirs, X):
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours.estimator_weights_, theirs.estimator_weights_, rtol=1e-9)
    np.testing.assert_allclose(ours.estimator_errors_, theirs.estimator_errors_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(X[:200]), theirs.predict(X[:200]), rtol=1e-12)
    for a, b in zip(ours.staged_predict(X[:200]), theirs.staged_predict(X[:200])):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    for a, b in zip(ours, theirs):
        assert a.random_state == b.random_state
        np.testing.assert_array_equal(a.tree_.n_node_samples, b.tree_.n_node_samples)
        np.testing.assert_allclose(a.tree_.threshold, b.tree_.threshold, rtol=1e-12)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, rtol=1e-7, atol=1e-12)


@each_loader
@pytest.mark.parametrize("params", [{}, {"learning_rate": 0.3}, {"n_estimators": 1}])
def test_classification(load, params):
    X, y = load(return_X_y=True)
    ours, theirs = fit_both("AdaBoostClassifier", X, y, **params)
    assert_same(ours, theirs, X)
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-9)
    for method in ("staged_decision_function", "staged_predict_proba"):
        for a, b in zip(getattr(ours, method)(X), getattr(theirs, method)(X)):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert list(ours.staged_score(X, y)) == list(theirs.staged_score(X, y))


def test_labels_of_any_kind():
    X, y = load_wine(return_X_y=True)
    labels = np.array(["red", "white", "rosé"])[y]
    ours, theirs = fit_both("AdaBoostClassifier", X.astype(np.float32), labels)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.classes_.dtype == theirs.classes_.dtype and ours.n_classes_ == 3


@each_loss
@pytest.mark.parametrize("params", [{}, {"learning_rate": 0.3}])
def test_regression(loss, params):
    X, y = load_diabetes(return_X_y=True)
    ours, theirs = fit_both("AdaBoostRegressor", X, y, loss=loss, **params)
    assert_same(ours, theirs, X)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))
    assert list(ours.staged_score(X, y)) == pytest.approx(list(theirs.staged_score(X, y)))


@pytest.mark.parametrize("name", ["AdaBoostClassifier", "AdaBoostRegressor"])
def test_weights(name):
    X, y = load_iris(return_X_y=True)
    weight = np.random.RandomState(0).randint(0, 4, len(y)).astype(float)
    weight[y == 2] = 0
    ours, theirs = fit_both(name, X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.estimator_errors_, theirs.estimator_errors_, atol=1e-9)


TREES = [
    {"max_depth": 2, "criterion": "entropy"},
    {"max_depth": 3, "max_features": 2, "min_samples_leaf": 5},
    {"max_depth": 2, "class_weight": "balanced", "min_weight_fraction_leaf": 0.1},
    {"max_depth": 2, "ccp_alpha": 0.03, "splitter": "random"},
]


@pytest.mark.parametrize("params", TREES)
def test_other_trees(params):
    X, y = load_wine(return_X_y=True)
    ours = ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(**params), n_estimators=6, random_state=0)
    base = sklearn.tree.DecisionTreeClassifier(**params)
    theirs = sklearn.ensemble.AdaBoostClassifier(base, n_estimators=6, random_state=0)
    assert_same(ours.fit(X, y), theirs.fit(X, y), X)


@pytest.mark.parametrize("params", [{"min_samples_leaf": 4}, {"criterion": "absolute_error", "max_depth": 2}])
def test_other_regression_trees(params):
    X, y = load_diabetes(return_X_y=True)
    ours = ensemble.AdaBoostRegressor(tree.DecisionTreeRegressor(**params), n_estimators=4, random_state=0)
    base = sklearn.tree.DecisionTreeRegressor(**params)
    theirs = sklearn.ensemble.AdaBoostRegressor(base, n_estimators=4, random_state=0)
    ours.fit(X, y), theirs.fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))


def test_any_estimator():
    X, y = load_iris(return_X_y=True)
    bases = LogisticRegression(), sklearn.tree.DecisionTreeClassifier(max_depth=2)
    for base in bases:
        ours, theirs = fit_both("AdaBoostClassifier", X, y, estimator=base)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
        assert type(ours.estimators_[0]) is type(base)
    X, y = load_diabetes(return_X_y=True)
    ours, theirs = fit_both("AdaBoostRegressor", X, y, estimator=LinearRegression())
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))
    with pytest.raises(AttributeError, match="feature importances"):
        _ = ours.feature_importances_


def test_errors_are_scikit_learns():
    X, y = load_iris(return_X_y=True)
    for module in (ensemble, sklearn.ensemble):
        with pytest.raises(ValueError, match="doesn't support sample_weight"):
            module.AdaBoostClassifier(KNeighborsClassifier()).fit(X, y)
        with pytest.raises(ValueError, match="worse than random"):
            guess = module.AdaBoostClassifier(random_state=0)
            guess.fit(np.zeros((40, 1)), np.arange(40) % 2)
        with pytest.raises(ValueError, match="Negative values"):
            module.AdaBoostRegressor().fit(X, y, -np.ones(len(y)))
        with pytest.raises(NotImplementedError, match="metadata routing"):
            module.AdaBoostClassifier().get_metadata_routing()


def test_sparse_data():
    X, y = load_iris(return_X_y=True)
    with fastml.config_context(on_fallback="log"):
        ours, theirs = fit_both("AdaBoostClassifier", sparse.csr_matrix(X), y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X))
    np.testing.assert_allclose(
        ours.decision_function(sparse.csc_matrix(X)), theirs.decision_function(sparse.csc_matrix(X))
    )


@pytest.mark.parametrize("name", ["AdaBoostClassifier", "AdaBoostRegressor"])
def test_twins_and_pickles(name):
    X, y = load_iris(return_X_y=True)
    ours, _ = fit_both(name, X, y)
    twin = ours.to_sklearn()
    assert type(twin) is getattr(sklearn.ensemble, name)
    assert all(type(est).__module__.startswith("sklearn.") for est in twin)
    back = type(ours).from_sklearn(twin)
    for other in (twin, back, pickle.loads(pickle.dumps(ours))):
        np.testing.assert_allclose(other.predict(X), ours.predict(X))


def test_estimators_may_be_dropped():
    X, y = load_iris(return_X_y=True)
    for model in fit_both("AdaBoostClassifier", X, y):
        stages = list(model.staged_decision_function(X))
        model.estimators_, model.estimator_weights_ = model.estimators_[:5], model.estimator_weights_[:5]
        np.testing.assert_allclose(model.decision_function(X), stages[4])


def test_threads_do_not_matter():
    X, y = load_digits(return_X_y=True)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            found.append(ensemble.AdaBoostClassifier(random_state=0).fit(X, y).decision_function(X))
    np.testing.assert_array_equal(*found)


def leaf_impurity(estimator):
    tree = estimator.tree_
    return (tree.impurity * tree.weighted_n_node_samples)[tree.children_left == -1].sum()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(8, 80), d=st.integers(1, 6), k=st.integers(2, 4))
def test_random_data(seed, n, d, k):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(n, d)), rng.randint(0, k, n)
    y[:k] = np.arange(k)
    ours, theirs = fit_both("AdaBoostClassifier", X, y, n_estimators=3)
    # Of equally good stumps rounding chooses; the first is as good as scikit-learn's.
    assert leaf_impurity(ours[0]) == pytest.approx(leaf_impurity(theirs[0]), rel=1e-9, abs=1e-12)
    assert np.isin(ours.predict(X), y).all()
    target = X[:, 0] + rng.normal(size=n)
    ours, theirs = fit_both("AdaBoostRegressor", X, target, n_estimators=3)
    assert leaf_impurity(ours[0]) == pytest.approx(leaf_impurity(theirs[0]), rel=1e-9, abs=1e-12)
    assert ours.predict(X).min() >= target.min() and ours.predict(X).max() <= target.max()
