"""Decision trees against scikit-learn's: the same nodes from the same seed."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.tree
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.inspection import partial_dependence

import fastml
from fastml import tree

CLASSIFIERS = ("DecisionTreeClassifier", "ExtraTreeClassifier")
REGRESSORS = ("DecisionTreeRegressor", "ExtraTreeRegressor")
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
each_regressor = pytest.mark.parametrize("name", REGRESSORS)
each_class = pytest.mark.parametrize("name", CLASSIFIERS + REGRESSORS)

ARRAYS = ("children_left", "children_right", "feature", "threshold", "n_node_samples", "missing_go_to_left")
REALS = ("impurity", "value", "weighted_n_node_samples")


def both(name, **params):
    """Our estimator and scikit-learn's."""
    params = {"random_state": 3, **params}
    return getattr(tree, name)(**params), getattr(sklearn.tree, name)(**params)


def assert_same_tree(ours, theirs, atol=1e-12):
    assert ours.node_count == theirs.node_count
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    for name in REALS:
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=atol, err_msg=name
        )
    for name in ("max_depth", "n_leaves", "n_features", "n_outputs", "max_n_classes"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.n_classes, theirs.n_classes)
    np.testing.assert_allclose(
        ours.compute_feature_importances(), theirs.compute_feature_importances(), atol=1e-12
    )
    np.testing.assert_array_equal(ours.compute_node_depths(), theirs.compute_node_depths())


def assert_same(name, X, y, sample_weight=None, atol=1e-12, **params):
    ours, theirs = both(name, **params)
    ours.fit(X, y, sample_weight=sample_weight)
    theirs.fit(X, y, sample_weight=sample_weight)
    assert_same_tree(ours.tree_, theirs.tree_, atol)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
    assert ours.max_features_ == theirs.max_features_
    return ours, theirs


def with_gaps(X, seed=0):
    X = X.copy()
    X[np.random.RandomState(seed).uniform(size=X.shape) < 0.2] = np.nan
    return X


PARAMETERS = [
    {},
    {"max_depth": 3},
    {"max_leaf_nodes": 9},
    {"max_features": 2},
    {"max_features": "sqrt"},
    {"max_features": "log2"},
    {"max_features": 0.4},
    {"min_samples_leaf": 5},
    {"min_samples_leaf": 0.03, "max_leaf_nodes": 12},
    {"min_samples_split": 20},
    {"min_samples_split": 0.1},
    {"min_weight_fraction_leaf": 0.05},
    {"min_impurity_decrease": 0.01},
    {"ccp_alpha": 0.005},
    {"splitter": "random"},
    {"splitter": "best"},
]
each_parameters = pytest.mark.parametrize("params", PARAMETERS, ids=str)


# ---- the same nodes ----------------------------------------------------------------------------------
@each_classifier
@each_parameters
@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer", "digits"])
def test_classifiers_grow_the_same_tree(request, name, params, data):
    assert_same(name, *request.getfixturevalue(data), **params)


@each_regressor
@each_parameters
@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error", "poisson"])
def test_regressors_grow_the_same_tree(diabetes, name, params, criterion):
    assert_same(name, *diabetes, criterion=criterion, atol=1e-8, **params)


@each_classifier
@pytest.mark.parametrize("criterion", ["gini", "entropy", "log_loss"])
def test_criteria_and_missing_values(wine, name, criterion):
    X, y = wine
    assert_same(name, X, y, criterion=criterion)
    if name == "DecisionTreeClassifier":
        ours, theirs = assert_same(name, with_gaps(X), y, criterion=criterion)
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("splitter", ["best", "random"])
@pytest.mark.parametrize("data", ["iris", "breast_cancer", "diabetes"])
def test_missing_values_go_the_same_way(request, splitter, data):
    X, y = request.getfixturevalue(data)
    name = REGRESSORS[0] if data == "diabetes" else CLASSIFIERS[0]
    for criterion in ("squared_error", "absolute_error", "poisson") if data == "diabetes" else ("gini",):
        ours, theirs = assert_same(name, with_gaps(X), y, splitter=splitter, criterion=criterion, atol=1e-8)
        other = with_gaps(X, 1)
        np.testing.assert_array_equal(ours.predict(other), theirs.predict(other))


@each_class
def test_integer_weights(iris, name):
    X, y = iris
    weight = np.random.RandomState(0).randint(0, 4, len(y))
    assert_same(name, X, y, sample_weight=weight)


@each_classifier
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 3, 2: 2}])
def test_class_weights(iris, name, class_weight):
    X, y = iris
    ours, theirs = both(name, class_weight=class_weight, max_depth=3)
    theirs.fit(X[20:], y[20:])
    np.testing.assert_allclose(ours.fit(X[20:], y[20:]).predict_proba(X), theirs.predict_proba(X), atol=1e-9)


@each_class
def test_several_outputs(iris, name):
    X, y = iris
    Y = np.column_stack([y, y == 1, y > 0])
    ours, theirs = assert_same(name, X, Y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    if name in CLASSIFIERS:
        for a, b in zip(ours.predict_proba(X), theirs.predict_proba(X)):
            np.testing.assert_array_equal(a, b)
        assert [c.tolist() for c in ours.classes_] == [c.tolist() for c in theirs.classes_]


def test_monotonic_constraints(diabetes, breast_cancer):
    X, y = diabetes
    signs = [1, 0, -1, 0, 0, 1, 1, 0, 0, -1]
    for criterion in ("squared_error", "absolute_error", "poisson"):
        for more in ({}, {"max_leaf_nodes": 30}):
            assert_same(REGRESSORS[0], X, y, monotonic_cst=signs, criterion=criterion, atol=1e-8, **more)
    X, y = breast_cancer
    for criterion in ("gini", "entropy"):
        assert_same(CLASSIFIERS[0], X, y, monotonic_cst=np.arange(30) % 3 - 1, criterion=criterion)


def test_real_weights_give_as_good_a_tree(breast_cancer):
    """Sums of real weights are rounded, and ties may be broken otherwise."""
    X, y = breast_cancer
    weight = np.random.RandomState(0).uniform(0.5, 2, len(y))
    ours, theirs = both(CLASSIFIERS[0], max_depth=4)
    a, b = ours.fit(X, y, weight).tree_, theirs.fit(X, y, weight).tree_
    for part in (a, b):
        assert part.weighted_n_node_samples[0] == pytest.approx(weight.sum())
    errors = [
        (t.impurity * t.weighted_n_node_samples)[t.children_left == -1].sum() / weight.sum() for t in (a, b)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.05)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 300),
    st.integers(1, 5),
    st.integers(2, 5),
    st.sampled_from(["normal", "ties", "close", "skewed", "missing"]),
    st.sampled_from(["gini", "entropy", "squared_error", "absolute_error"]),
    st.booleans(),
)
def test_random_data(seed, n_samples, n_features, n_classes, kind, criterion, weighted):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n_samples, n_features))
    X = {"ties": np.round(X), "close": np.round(X * 20) * 6e-8, "skewed": np.exp(4 * X)}.get(kind, X)
    X = with_gaps(X, seed) if kind == "missing" else X
    classifies = criterion in ("gini", "entropy")
    y = rng.randint(
        0, n_classes if classifies else 997, n_samples
    )  # few splits gain nothing but rounding errors
    weight = rng.randint(0, 3, n_samples) + (np.arange(n_samples) == 0) if weighted else None
    name = CLASSIFIERS[0] if classifies else REGRESSORS[0]
    max_features = rng.randint(1, n_features + 1)
    assert_same(name, X, y, weight, criterion=criterion, random_state=seed, max_features=max_features)


def test_large_nodes():
    """Nodes with more samples than the sizes at which the search changes its method."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((6000, 4))
    X[:, 1] = np.round(X[:, 1], 1)
    X[:, 2] *= 1e-6
    y = (X[:, 0] + rng.standard_normal(6000) > 0).astype(int)
    for params in ({}, {"min_samples_leaf": 40}, {"min_weight_fraction_leaf": 0.01}, {"max_features": 2}):
        assert_same(CLASSIFIERS[0], X, y, max_depth=8, **params)
    assert_same(REGRESSORS[0], X, np.round(X[:, 3] * 100), max_depth=8)


# ---- what scikit-learn asks of a tree ------------------------------------------------------------------
@each_class
def test_scikit_learn_takes_them_for_its_own(iris, name):
    ours, theirs = both(name)
    X, y = iris
    ours.fit(X, y), theirs.fit(X, y)
    assert isinstance(ours, getattr(sklearn.tree, name))
    assert sklearn.tree.export_text(ours) == sklearn.tree.export_text(theirs)
    assert sklearn.tree.export_graphviz(ours) == sklearn.tree.export_graphviz(theirs)
    assert tree.export_text is sklearn.tree.export_text


def test_scikit_learn_is_not_loaded_for_that(python):
    python("""
        import sys, numpy as np
        from fastml.tree import DecisionTreeClassifier
        X = np.arange(20.0).reshape(10, 2)
        model = DecisionTreeClassifier().fit(X, np.arange(10) % 2)
        model.predict(X), model.predict_proba(X), model.feature_importances_
        assert "sklearn" not in sys.modules
        import sklearn.tree
        assert isinstance(model, sklearn.tree.DecisionTreeClassifier)
        assert not isinstance(model, sklearn.tree.DecisionTreeRegressor)
        assert "feature_0 <=" in sklearn.tree.export_text(model)
    """)


@each_class
def test_from_and_to_scikit_learn(iris, name):
    X, y = iris
    ours, theirs = both(name, max_depth=4)
    ours.fit(X, y), theirs.fit(X, y)
    taken = getattr(tree, name).from_sklearn(theirs)
    given_back = ours.to_sklearn()
    assert type(given_back) is type(theirs)
    assert_same_tree(taken.tree_, theirs.tree_)
    assert_same_tree(given_back.tree_, theirs.tree_)
    np.testing.assert_array_equal(taken.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(given_back.predict(X), theirs.predict(X))
    assert pickle.loads(pickle.dumps(given_back)).get_params() == theirs.get_params()


def test_paths_depths_and_pruning(breast_cancer):
    X, y = breast_cancer
    ours, theirs = assert_same(CLASSIFIERS[0], X, y)
    assert (ours.decision_path(X) != theirs.decision_path(X)).nnz == 0
    assert ours.decision_path(X).dtype == theirs.decision_path(X).dtype
    assert ours.get_depth() == theirs.get_depth() and ours.get_n_leaves() == theirs.get_n_leaves()
    np.testing.assert_array_equal(ours.feature_importances_, theirs.feature_importances_)
    a, b = ours.cost_complexity_pruning_path(X, y), theirs.cost_complexity_pruning_path(X, y)
    np.testing.assert_allclose(a.ccp_alphas, b.ccp_alphas, atol=1e-12)
    np.testing.assert_allclose(a.impurities, b.impurities, atol=1e-12)


def test_partial_dependence(diabetes):
    X, y = diabetes
    ours, theirs = assert_same(REGRESSORS[0], X, y, max_depth=5)
    a, b = (partial_dependence(m, X, [2, 8], method="recursion", grid_resolution=5) for m in (ours, theirs))
    np.testing.assert_allclose(a["average"], b["average"])


@each_class
def test_sparse_data(iris, name):
    X, y = iris
    X = np.where(X < 1.5, 0, X)
    ours, theirs = both(name)
    ours.fit(sparse.csr_matrix(X), y), theirs.fit(sparse.csr_matrix(X), y)
    assert_same_tree(ours.tree_, theirs.tree_)
    for rows in (sparse.csr_matrix(X), sparse.csc_matrix(X), X):
        np.testing.assert_array_equal(ours.predict(rows), theirs.predict(X))
    assert (ours.decision_path(sparse.csr_matrix(X)) != theirs.decision_path(X)).nnz == 0
    with fastml.config_context(on_fallback="raise"), pytest.raises(RuntimeError, match="sparse"):
        ours.fit(sparse.csr_matrix(X), y)


# ---- inputs and errors ---------------------------------------------------------------------------------
@each_class
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_dtypes(iris, name, dtype):
    X, y = iris
    assert_same(name, X.astype(dtype), y)


@each_class
def test_labels_and_shapes(name):
    X = np.arange(8.0)[:, None]
    y = np.array(["a", "b"] * 4) if name in CLASSIFIERS else np.arange(8.0)
    ours, theirs = both(name)
    ours.fit(X, y), theirs.fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.predict(X).dtype == theirs.predict(X).dtype
    assert ours.fit(X, y.reshape(-1, 1)).predict(X).shape == (8,)
    np.testing.assert_array_equal(ours.fit(X.astype(np.float32), y, check_input=False).predict(X), y)


BAD = [
    (lambda m, X, y: m.fit(np.where(X > 6, np.inf, X), y), ValueError),
    (lambda m, X, y: m.fit(X * 1e300, y), ValueError),
    (lambda m, X, y: m.fit(X, y[:-1]), ValueError),
    (lambda m, X, y: m.fit(X, y, sample_weight=np.zeros(len(y))), ValueError),
    (lambda m, X, y: m.predict(X), NotFittedError),
    (lambda m, X, y: m.fit(X, y).predict(X[:, :2]), ValueError),
    (lambda m, X, y: m.fit(X, y).predict(X * 1e300), ValueError),
    (lambda m, X, y: m.fit(X, y).apply(X[:, :2], check_input=False), ValueError),
    (lambda m, X, y: m.set_params(max_depth=0).fit(X, y), ValueError),
    (lambda m, X, y: m.set_params(min_samples_leaf=1.0).fit(X, y), ValueError),
    (lambda m, X, y: m.set_params(criterion="nonsense").fit(X, y), ValueError),
    (lambda m, X, y: m.set_params(monotonic_cst=[1]).fit(X, y), ValueError),
    (lambda m, X, y: m.set_params(monotonic_cst=[2, 0, 0, 0]).fit(X, y), ValueError),
    (lambda m, X, y: m.set_params(monotonic_cst=[1, 0, 0, 0]).fit(X, np.c_[y, y]), ValueError),
]


@each_class
@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input_raises_what_scikit_learn_raises(iris, name, case):
    act, error = BAD[case]
    messages = []
    for model in both(name):
        with warnings.catch_warnings(), pytest.raises(error) as raised:
            warnings.simplefilter("ignore")
            act(model, *iris)
        messages.append(str(raised.value))
    ours, theirs = messages[0].replace("float64", "float32"), messages[1]  # X is not converted before
    # Options are listed in no fixed order; lengths are compared by another function.
    if "The 'criterion'" not in theirs and "Number of labels" not in theirs:
        assert ours == theirs


def test_the_old_name_of_a_criterion(diabetes):
    with pytest.warns(FutureWarning, match="friedman_mse"):
        model = tree.DecisionTreeRegressor(criterion="friedman_mse", max_depth=2)
    assert model.fit(*diabetes).get_depth() == 2


@each_class
def test_pickles_hold_the_tree_once(iris, name):
    model = getattr(tree, name)(random_state=0).fit(*iris)
    before = len(pickle.dumps(model))
    predicted = model.predict(iris[0])
    assert len(pickle.dumps(model)) == before
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(iris[0]), predicted)
