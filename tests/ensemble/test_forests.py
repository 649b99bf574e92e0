"""Forests against scikit-learn's: the same trees from the same seed."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.ensemble
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.inspection import partial_dependence

import fastml
from fastml import ensemble

CLASSIFIERS = ("RandomForestClassifier", "ExtraTreesClassifier")
REGRESSORS = ("RandomForestRegressor", "ExtraTreesRegressor")
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
each_regressor = pytest.mark.parametrize("name", REGRESSORS)
each_class = pytest.mark.parametrize("name", CLASSIFIERS + REGRESSORS)


def both(name, **params):
    """Our estimator and scikit-learn's."""
    params = {"random_state": 1, "n_estimators": 8, **params}
    return getattr(ensemble, name)(**params), getattr(sklearn.ensemble, name)(**params)


def fit_both(name, X, y, sample_weight=None, **params):
    models = both(name, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few trees leave samples without an out-of-bag score
        for model in models:
            model.fit(X, y, sample_weight=sample_weight)
    return models


def assert_same(name, X, y, sample_weight=None, **params):
    ours, theirs = fit_both(name, X, y, sample_weight, **params)
    method = "predict_proba" if name in CLASSIFIERS else "predict"
    np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-12)
    for a, b in zip(ours.estimators_samples_, theirs.estimators_samples_):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(ours.estimators_, theirs.estimators_):
        assert a.random_state == b.random_state and type(a).__name__ == type(b).__name__
        np.testing.assert_array_equal(a.tree_.threshold, b.tree_.threshold)
        np.testing.assert_array_equal(a.predict(X), b.predict(X))
    return ours, theirs


PARAMETERS = [
    {},
    {"max_depth": 4},
    {"max_features": 0.5},
    {"max_features": None},
    {"max_leaf_nodes": 15},
    {"min_samples_leaf": 4},
    {"min_weight_fraction_leaf": 0.02},
    {"min_impurity_decrease": 0.01},
    {"ccp_alpha": 0.01},
    {"bootstrap": True, "max_samples": 0.5},
    {"bootstrap": True, "max_samples": 30},
    {"bootstrap": True},
    {"bootstrap": False},
]


# ---- the same trees ----------------------------------------------------------------------------------
@each_classifier
@pytest.mark.parametrize("params", PARAMETERS, ids=str)
@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer", "digits"])
def test_classifiers_grow_the_same_trees(request, name, params, data):
    assert_same(name, *request.getfixturevalue(data), **params)


@each_regressor
@pytest.mark.parametrize("params", PARAMETERS, ids=str)
def test_regressors_grow_the_same_trees(diabetes, name, params):
    assert_same(name, *diabetes, **params)


@each_class
def test_missing_values(wine, name):
    X, y = wine
    X = X.copy()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.2] = np.nan
    assert_same(name, X, y)


@each_classifier
@pytest.mark.parametrize("criterion", ["entropy", "log_loss"])
def test_criteria_of_classifiers(wine, name, criterion):
    assert_same(name, *wine, criterion=criterion)


@each_regressor
@pytest.mark.parametrize("criterion", ["absolute_error", "poisson"])
def test_criteria_of_regressors(diabetes, name, criterion):
    X, y = diabetes
    assert_same(name, X, y, criterion=criterion, n_estimators=3)


@each_class
def test_weights_of_draws(iris, name):
    X, y = iris
    weight = np.random.RandomState(0).randint(0, 4, len(y))
    assert_same(name, X, y, sample_weight=weight, bootstrap=True)
    assert_same(name, X, y, sample_weight=weight, bootstrap=False)


@each_classifier
@pytest.mark.parametrize("class_weight", ["balanced", "balanced_subsample", {0: 1, 1: 2, 2: 5}])
def test_class_weights(iris, name, class_weight):
    X, y = iris
    X, y = X[20:], y[20:]
    ours, theirs = fit_both(name, X, y, class_weight=class_weight, max_depth=3, n_estimators=30)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.1)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.98


@each_class
def test_several_outputs(iris, name):
    X, y = iris
    Y = np.column_stack([y, y == 1, y > 0])
    ours, theirs = fit_both(name, X, Y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))
    if name in CLASSIFIERS:
        for a, b in zip(ours.predict_proba(X), theirs.predict_proba(X)):
            np.testing.assert_allclose(a, b)
        assert len(ours.predict_log_proba(X)) == 3


def test_monotonic_constraints(diabetes, breast_cancer):
    assert_same(REGRESSORS[0], *diabetes, monotonic_cst=[1, 0, -1, 0, 0, 1, 1, 0, 0, -1])
    assert_same(CLASSIFIERS[0], *breast_cancer, monotonic_cst=np.arange(30) % 3 - 1)


# ---- out of bag ----------------------------------------------------------------------------------------
@each_class
def test_out_of_bag_scores(breast_cancer, name):
    X, y = breast_cancer
    for n_estimators in (5, 40):
        ours, theirs = fit_both(name, X, y, bootstrap=True, oob_score=True, n_estimators=n_estimators)
        attribute = "oob_decision_function_" if name in CLASSIFIERS else "oob_prediction_"
        np.testing.assert_allclose(getattr(ours, attribute), getattr(theirs, attribute), atol=1e-12)
        assert ours.oob_score_ == pytest.approx(theirs.oob_score_)
    custom = fit_both(name, X, y, bootstrap=True, oob_score=lambda a, b: float((a.ravel() - b).sum()))
    assert custom[0].oob_score_ == custom[1].oob_score_


@each_classifier
def test_out_of_bag_scores_of_labels(iris, name):
    X, y = iris
    Y = np.column_stack([y == 1, y > 0]).astype(int)
    ours, theirs = fit_both(name, X, Y, bootstrap=True, oob_score=True, n_estimators=40)
    np.testing.assert_allclose(ours.oob_decision_function_, theirs.oob_decision_function_, atol=1e-12)
    assert ours.oob_score_ == theirs.oob_score_
    for model in both(name, bootstrap=True, oob_score=True):
        with pytest.raises(ValueError, match="multiclass-multioutput"):
            model.fit(X, np.column_stack([y, y]))


def test_scores_are_those_of_scikit_learn_for_any_seed():
    """The trees are the same, and so are the scores; bins change them by no more than other seeds do."""
    X, y = make_classification(3000, 12, n_informative=6, flip_y=0.05, random_state=0)
    scores = []
    for seed in range(3):
        params = {"random_state": seed, "n_estimators": 30, "oob_score": True}
        ours, theirs = fit_both(CLASSIFIERS[0], X[:2000], y[:2000], **params)
        binned = ensemble.RandomForestClassifier(splitter="hist", **params).fit(X[:2000], y[:2000])
        assert ours.oob_score_ == theirs.oob_score_
        assert ours.score(X[2000:], y[2000:]) == theirs.score(X[2000:], y[2000:])
        scores.append((ours.score(X[2000:], y[2000:]), binned.score(X[2000:], y[2000:])))
    exact, binned = np.mean(scores, axis=0)
    assert abs(exact - binned) < 0.02


def test_bins_lose_nothing_on_few_values(digits):
    X, y = digits
    exact, binned = (
        ensemble.RandomForestClassifier(10, splitter=splitter, random_state=0).fit(X, y)
        for splitter in ("exact", "hist")
    )
    np.testing.assert_array_equal(exact.predict_proba(X), binned.predict_proba(X))


def test_bins_split_where_values_are_far_apart():
    """Thresholds lie between the samples of two bins, so that samples go where they went in training."""
    rng = np.random.RandomState(0)
    X = np.exp(rng.standard_normal((3000, 2)) * 5)
    X[rng.uniform(size=X.shape) < 0.1] = np.nan
    y = rng.randint(0, 2, 3000)
    model = ensemble.RandomForestClassifier(
        3, splitter="hist", bootstrap=False, max_features=None, random_state=0
    ).fit(X, y)
    for grown, leaves in zip(model.estimators_, model.apply(X).T):
        counts = np.bincount(leaves, minlength=grown.tree_.node_count)
        is_leaf = grown.tree_.children_left == -1
        np.testing.assert_array_equal(counts[is_leaf], grown.tree_.n_node_samples[is_leaf])
        assert len(np.unique(grown.tree_.threshold[grown.tree_.feature == 0])) < 256


# ---- growing on, threads, pickles -----------------------------------------------------------------------
@each_class
def test_warm_start(iris, name):
    X, y = iris
    whole = getattr(ensemble, name)(9, random_state=0).fit(X, y)
    grown = getattr(ensemble, name)(4, random_state=0, warm_start=True).fit(X, y)
    first = grown.estimators_[0]
    grown.set_params(n_estimators=9).fit(X, y)
    np.testing.assert_array_equal(grown.apply(X), whole.apply(X))
    assert grown.estimators_[0].tree_ is first.tree_
    with pytest.warns(UserWarning, match="Warm-start fitting without increasing"):
        grown.fit(X, y)
    with pytest.raises(ValueError, match="must be larger or equal to"):
        grown.set_params(n_estimators=3).fit(X, y)


@each_class
def test_any_number_of_threads_gives_the_same(digits, name):
    X, y = digits
    found = []
    for n_jobs in (1, 2, 5):
        model = getattr(ensemble, name)(6, random_state=0, n_jobs=n_jobs).fit(X, y)
        found.append((model.apply(X), model.predict(np.tile(X, (3, 1)))))
    for leaves, predicted in found[1:]:
        np.testing.assert_array_equal(leaves, found[0][0])
        np.testing.assert_array_equal(predicted, found[0][1])


@each_class
def test_pickles_hold_the_trees_once(iris, name):
    X, y = iris
    model = getattr(ensemble, name)(5, random_state=0).fit(X, y)
    before = len(pickle.dumps(model))
    predicted = model.predict(X)
    assert len(model.estimators_) == len(model) == len(list(model)) == 5
    assert len(pickle.dumps(model)) == before
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@each_class
def test_from_and_to_scikit_learn(iris, name):
    X, y = iris
    ours, theirs = fit_both(name, X, y)
    taken, given_back = getattr(ensemble, name).from_sklearn(theirs), ours.to_sklearn()
    assert type(given_back) is type(theirs) and isinstance(ours, type(theirs))
    for model in (taken, given_back):
        np.testing.assert_allclose(model.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(model.apply(X), theirs.apply(X))
    for a, b in zip(taken.estimators_samples_, theirs.estimators_samples_):
        np.testing.assert_array_equal(a, b)
    clone(given_back).fit(X, y)


@each_class
def test_sparse_data(iris, name):
    X, y = iris
    X = sparse.csr_matrix(np.where(X < 1.5, 0, X))
    ours, theirs = fit_both(name, X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))
    indicator, starts = ours.decision_path(X)
    expected, expected_starts = theirs.decision_path(X)
    assert (indicator != expected).nnz == 0
    np.testing.assert_array_equal(starts, expected_starts)
    with fastml.config_context(on_fallback="raise"), pytest.raises(RuntimeError, match="sparse"):
        ours.fit(X, y)


def test_partial_dependence(diabetes):
    X, y = diabetes
    models = fit_both(REGRESSORS[0], X, y, max_depth=5)
    a, b = (partial_dependence(m, X, [2, 8], method="recursion", grid_resolution=5) for m in models)
    np.testing.assert_allclose(a["average"], b["average"])


def test_plain_data_does_not_load_scikit_learn(python):
    python("""
        import sys, numpy as np
        from fastml.ensemble import ExtraTreesRegressor, RandomForestClassifier
        X = np.arange(80.0).reshape(40, 2)
        model = RandomForestClassifier(3, oob_score=True, class_weight="balanced").fit(X, np.arange(40) % 2)
        model.predict(X), model.predict_proba(X), model.feature_importances_, model.apply(X)
        ExtraTreesRegressor(3).fit(X, X[:, 0]).predict(X)
        assert "sklearn" not in sys.modules
    """)


# ---- errors --------------------------------------------------------------------------------------------
BAD = [
    lambda m, X, y: m.fit(np.where(X > 6, np.inf, X), y),
    lambda m, X, y: m.fit(X, y[:-1]),
    lambda m, X, y: m.predict(X),
    lambda m, X, y: m.fit(X, y).predict(X[:, :2]),
    lambda m, X, y: m.set_params(bootstrap=False, max_samples=0.5).fit(X, y),
    lambda m, X, y: m.set_params(bootstrap=False, oob_score=True).fit(X, y),
    lambda m, X, y: m.set_params(n_estimators=0).fit(X, y),
    lambda m, X, y: m.set_params(max_samples=-1).fit(X, y),
    lambda m, X, y: m.fit(X, sparse.csr_matrix(np.column_stack([y, y]))),
]


@each_class
@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input_raises_what_scikit_learn_raises(iris, name, case):
    messages = []
    for model in both(name):
        with pytest.raises(Exception) as raised:
            BAD[case](model, *iris)
        messages.append((raised.type, str(raised.value).replace("float64", "float32")))
    assert messages[0] == messages[1]


def test_weights_of_classes_by_name_are_not_for_growing_on(iris):
    X, y = iris
    model = ensemble.RandomForestClassifier(2, class_weight="balanced", warm_start=True)
    with pytest.warns(UserWarning, match="not recommended for warm_start"):
        model.fit(X, y)
