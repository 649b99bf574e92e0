"""The estimators of nearest neighbours against scikit-learn's: searches, predictions, attributes, errors."""

import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.neighbors as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError

import fastml
import fastml.neighbors as ours

NAMES = [
    "NearestNeighbors", "KNeighborsClassifier", "KNeighborsRegressor", "RadiusNeighborsClassifier",
    "RadiusNeighborsRegressor",
]  # fmt: skip
PREDICTORS = NAMES[1:]
SEARCHES = [
    *((algorithm, metric) for algorithm in ("auto", "brute", "kd_tree", "ball_tree")
      for metric in ("minkowski", "euclidean", "l2", "manhattan", "cityblock", "l1", "chebyshev")),
    *((algorithm, metric) for algorithm in ("auto", "brute") for metric in ("cosine", "sqeuclidean")),
    *((algorithm, metric) for algorithm in ("brute", "ball_tree")
      for metric in ("canberra", "braycurtis", "hamming")),
    *(("brute", metric) for metric in ("correlation", "nan_euclidean")),
    *(("kd_tree", metric) for metric in ("p", "infinity")),
]  # fmt: skip
each_search = pytest.mark.parametrize(("algorithm", "metric"), SEARCHES)
each_name = pytest.mark.parametrize("name", NAMES)
each_predictor = pytest.mark.parametrize("name", PREDICTORS)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])


def pair(name, **params):
    return getattr(ours, name)(**params), getattr(theirs, name)(**params)


def same_rows(found, expected, distances, tolerance):
    """The same neighbours, but for those whose distance is that of the last one: a tie."""
    for mine, right, row in zip(found, expected, distances):
        inner = row < row.max() * (1 - tolerance) - tolerance
        assert set(np.asarray(right)[inner]) <= set(mine)


def in_a_gap(distances):
    """A radius in the widest gap between distances that occur, among the middle ones."""
    values = np.unique(distances)
    first = min(len(values) // 3, len(values) - 2)
    widest = first + np.diff(values[first : first + 2 + len(values) // 3]).argmax()
    return float(values[widest : widest + 2].mean())


def parts(data):
    X, y = data
    order = np.random.default_rng(0).permutation(len(X))
    return X[order[:100]], y[order[:100]], X[order[100:]], y[order[100:]]


# ---- searches -----------------------------------------------------------------------------------
@each_dtype
@each_search
@pytest.mark.parametrize("of_itself", [False, True], ids=["queries", "itself"])
def test_kneighbors(wine, algorithm, metric, dtype, of_itself):
    X, _, Q, _ = parts(wine)
    X, Q = X.astype(dtype), Q.astype(dtype)
    found, expected = (
        model.fit(X).kneighbors(None if of_itself else Q)
        for model in pair("NearestNeighbors", n_neighbors=6, algorithm=algorithm, metric=metric)
    )
    # A cosine of float32 rows is off by their rounding.
    tolerance = (
        1e-6 if dtype == np.float32 and metric in ("cosine", "correlation", "nan_euclidean") else 1e-10
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6, atol=tolerance)
    assert [a.dtype for a in found] == [np.float64, np.int64] or metric in ("correlation", "nan_euclidean")
    same_rows(found[1], expected[1], expected[0], 1e-5)


@each_dtype
@each_search
@pytest.mark.parametrize("of_itself", [False, True], ids=["queries", "itself"])
def test_radius_neighbors(wine, algorithm, metric, dtype, of_itself):
    X, _, Q, _ = parts(wine)
    X, Q = X.astype(dtype), Q.astype(dtype)
    if metric == "braycurtis":
        algorithm = "brute"  # no metric in the strict sense: scikit-learn's ball tree misses neighbours
    fitted = [m.fit(X) for m in pair("NearestNeighbors", algorithm=algorithm, metric=metric)]
    queries = None if of_itself else Q
    radius = in_a_gap(fitted[1].kneighbors(queries, 40)[0])
    found, expected = (m.radius_neighbors(queries, radius, sort_results=True) for m in fitted)
    assert [a.dtype for a in found] == [object, object]
    for i in range(len(expected[0])):
        assert sorted(found[1][i]) == sorted(expected[1][i])
        np.testing.assert_allclose(found[0][i], expected[0][i], rtol=1e-5, atol=1e-6)
        assert (np.diff(found[0][i]) >= 0).all()
    only_indices = fitted[0].radius_neighbors(queries, radius, return_distance=False)
    assert [sorted(row) for row in only_indices] == [sorted(row) for row in found[1]]


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 7.5, np.inf])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
def test_powers_of_the_minkowski_metric(iris, p, algorithm):
    X, _, Q, _ = parts(iris)
    mine, right = (m.fit(X) for m in pair("NearestNeighbors", p=p, algorithm=algorithm))
    np.testing.assert_allclose(mine.kneighbors(Q)[0], right.kneighbors(Q)[0], rtol=1e-9)
    assert mine.effective_metric_ == right.effective_metric_
    assert mine.effective_metric_params_.get("p") == right.effective_metric_params_.get("p")


@pytest.mark.parametrize(
    "params",
    [
        {
            "metric": "mahalanobis",
            "metric_params": {"VI": np.diag([1.0, 2.0, 3.0, 4.0])},
            "algorithm": "brute",
        },
        {"metric": "seuclidean", "metric_params": {"V": np.arange(1.0, 5.0)}},
        {"metric_params": {"w": np.arange(1.0, 5.0)}},
        {"metric_params": {"p": 3}},
        {"metric": lambda x, y: abs(x - y).max()},
        {"p": 0.5, "algorithm": "brute"},
    ],
)
def test_what_scikit_learn_serves(iris, params):
    X, _, Q, _ = parts(iris)
    with warnings.catch_warnings(record=True) as mine_warned:
        warnings.simplefilter("always")
        mine = ours.NearestNeighbors(**params).fit(X).kneighbors(Q)
    with warnings.catch_warnings(record=True) as right_warned:
        warnings.simplefilter("always")
        right = theirs.NearestNeighbors(**params).fit(X).kneighbors(Q)
    np.testing.assert_allclose(mine[0], right[0])
    assert [str(w.message) for w in mine_warned] == [str(w.message) for w in right_warned]
    with fastml.config_context(on_fallback="raise"), pytest.raises(RuntimeError, match="Falling back"):
        ours.NearestNeighbors(**params).fit(X)


def test_haversine():
    rng = np.random.default_rng(0)
    X, Q = rng.uniform(-1, 1, (50, 2)), rng.uniform(-1, 1, (9, 2))
    mine, right = (m.fit(X).kneighbors(Q) for m in pair("NearestNeighbors", metric="haversine"))
    np.testing.assert_allclose(mine[0], right[0])


@each_name
def test_precomputed(wine, name):
    X, y, Q, _ = parts(wine)
    D, DQ = (np.linalg.norm(A[:, None] - X[None], axis=2) for A in (X, Q))
    params = {"radius": 300.0} if "Radius" in name else {}
    plain = getattr(ours, name)(**params).fit(X, y)
    mine = getattr(ours, name)(metric="precomputed", **params).fit(D, y)
    method = "kneighbors" if name == "NearestNeighbors" else "predict"
    np.testing.assert_allclose(getattr(mine, method)(DQ), getattr(plain, method)(Q))


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_sparse(wine, mode):
    X, y, Q, _ = parts(wine)
    mine, right = (m.fit(sparse.csr_matrix(X)) for m in pair("NearestNeighbors"))
    for queries in (Q, sparse.csr_matrix(Q), sparse.csc_array(Q), None):
        np.testing.assert_allclose(mine.kneighbors(queries)[0], right.kneighbors(queries)[0])
    dense, right = (m.fit(X) for m in pair("NearestNeighbors", algorithm="brute"))
    np.testing.assert_allclose(
        dense.kneighbors_graph(sparse.csr_matrix(Q), mode=mode).toarray(),
        right.kneighbors_graph(Q, mode=mode).toarray(),
    )
    tree = ours.NearestNeighbors(algorithm="kd_tree").fit(X)
    with pytest.raises(ValueError, match="does not work with sparse"):
        tree.kneighbors(sparse.csr_matrix(Q))


def test_nan_euclidean(iris):
    X, y, Q, _ = (a.copy() for a in parts(iris))
    X[::3, 1] = Q[::2, 0] = np.nan
    mine, right = (m.fit(X, y) for m in pair("KNeighborsClassifier", metric="nan_euclidean"))
    np.testing.assert_array_equal(mine.predict(Q), right.predict(Q))
    with pytest.raises(ValueError, match="NaN"):
        ours.NearestNeighbors().fit(X)


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_points_that_are_all_equal_leave_themselves_out(algorithm):
    model = ours.NearestNeighbors(n_neighbors=3, algorithm=algorithm).fit(np.ones((50, 2)))
    distances, indices = model.kneighbors()
    assert not distances.any() and indices.shape == (50, 3)
    for i, row in enumerate(indices[:3]):
        assert i not in row
    assert [len(row) for row in model.radius_neighbors(radius=0.0)[1]] == [49] * 50


def test_trees_and_estimators_may_be_given_as_data(iris):
    X, y, Q, _ = parts(iris)
    expected = theirs.NearestNeighbors().fit(X).kneighbors(Q)[0]
    given = [ours.KDTree(X), theirs.KDTree(X), theirs.BallTree(X), ours.NearestNeighbors().fit(X),
             theirs.NearestNeighbors().fit(X)]  # fmt: skip
    for data in given:
        np.testing.assert_allclose(ours.NearestNeighbors().fit(data).kneighbors(Q)[0], expected)
        model = ours.KNeighborsClassifier().fit(data, y)
        np.testing.assert_array_equal(model.predict(Q), theirs.KNeighborsClassifier().fit(X, y).predict(Q))


def test_float64_queries_among_float32_points(iris):
    X, _, Q, _ = parts(iris)
    mine, right = (m.fit(X.astype(np.float32)) for m in pair("NearestNeighbors", algorithm="brute"))
    np.testing.assert_allclose(mine.kneighbors(Q)[0], right.kneighbors(Q)[0], atol=1e-7)


def test_far_from_the_origin(iris):
    X, _, Q, _ = parts(iris)
    for dtype, offset in ((np.float32, 1e4), (np.float64, 1e8)):
        moved = [(np.round(A * 8) / 8 + offset).astype(dtype) for A in (X, Q)]
        distances, _ = ours.NearestNeighbors(algorithm="brute").fit(moved[0]).kneighbors(moved[1])
        near = [(A.astype(np.float64) - offset) for A in moved]
        np.testing.assert_allclose(distances, theirs.NearestNeighbors().fit(near[0]).kneighbors(near[1])[0])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_searches_on_random_data(data):
    n, q, d = (data.draw(st.integers(1, high)) for high in (80, 30, 6))
    k = data.draw(st.integers(1, n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    X, Q = rng.integers(-3, 4, (n, d)) / 2, rng.integers(-3, 4, (q, d)) / 2
    params = {
        "algorithm": data.draw(st.sampled_from(["auto", "brute", "kd_tree", "ball_tree"])),
        "p": data.draw(st.sampled_from([1, 2, 3, np.inf])),
        "leaf_size": data.draw(st.integers(1, 40)),
    }
    mine, right = (m.fit(X) for m in pair("NearestNeighbors", n_neighbors=k, **params))
    np.testing.assert_allclose(mine.kneighbors(Q)[0], right.kneighbors(Q)[0], atol=1e-7)
    found = mine.radius_neighbors(Q, 1.75, return_distance=False)
    expected = right.radius_neighbors(Q, 1.75, return_distance=False)
    assert [sorted(row) for row in found] == [sorted(row) for row in expected]


# ---- predictions --------------------------------------------------------------------------------
def weigh(distances):
    if distances.dtype == object:
        return np.array([np.exp(-row) for row in distances] + [None], dtype=object)[:-1]
    return np.exp(-distances)


@pytest.mark.parametrize("weights", ["uniform", "distance", None, weigh])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
@pytest.mark.parametrize("data", ["iris", "wine", "digits", "breast_cancer"])
def test_classifiers(request, data, algorithm, weights):
    X, y = request.getfixturevalue(data)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    train, test = slice(0, None, 2), slice(1, None, 2)
    for name in ("KNeighborsClassifier", "RadiusNeighborsClassifier"):
        params = {"weights": weights, "algorithm": algorithm}
        if name.startswith("Radius"):
            params |= {"radius": 1.2 * X.shape[1] ** 0.5, "outlier_label": 0}
        mine, right = (m.fit(X[train], y[train]) for m in pair(name, **params))
        np.testing.assert_allclose(mine.predict_proba(X[test]), right.predict_proba(X[test]), atol=1e-10)
        np.testing.assert_array_equal(mine.predict(X[test]), right.predict(X[test]))
        np.testing.assert_array_equal(mine.classes_, right.classes_)
        assert mine.predict(X[test]).dtype == right.predict(X[test]).dtype
        assert mine.score(X[test], y[test]) == right.score(X[test], y[test])


@pytest.mark.parametrize("weights", ["uniform", "distance", None, weigh])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_regressors(diabetes, weights, dtype):
    X, y = diabetes
    X, targets = (X * 20).astype(dtype), [y, y.astype(np.float32), y.astype(int), np.stack([y, y**2], axis=1)]
    train, test = slice(0, None, 2), slice(1, None, 2)
    for name in ("KNeighborsRegressor", "RadiusNeighborsRegressor"):
        params = {"weights": weights, **({"radius": 4.0} if name.startswith("Radius") else {})}
        for t in targets:
            mine, right = (m.fit(X[train], t[train]).predict(X[test]) for m in pair(name, **params))
            np.testing.assert_allclose(mine, right, rtol=1e-5)
            assert mine.dtype == right.dtype and mine.shape == right.shape


@each_predictor
def test_predictions_of_the_fitted_points_leave_them_out(wine, name):
    X, y = wine
    params = {"radius": 150.0} if "Radius" in name else {"n_neighbors": 4}
    mine, right = (m.fit(X, y) for m in pair(name, **params))
    np.testing.assert_allclose(mine.predict(None), right.predict(None))
    assert mine.score(None, y) == pytest.approx(right.score(None, y))


def test_several_outputs_of_classifiers(iris):
    X, y, Q, _ = parts(iris)
    Y = np.stack([y, (X[:, 0] > 5.8) * 7, y[::-1]], axis=1)
    for name, params in (
        ("KNeighborsClassifier", {"weights": "distance"}),
        ("RadiusNeighborsClassifier", {"radius": 0.4, "outlier_label": [0, 7, 2]}),
        ("RadiusNeighborsClassifier", {"radius": 0.4, "outlier_label": "most_frequent"}),
    ):
        mine, right = (m.fit(X, Y) for m in pair(name, **params))
        np.testing.assert_array_equal(mine.predict(Q), right.predict(Q))
        for one, two in zip(mine.predict_proba(Q), right.predict_proba(Q)):
            np.testing.assert_allclose(one, two)
        assert mine.outputs_2d_ is right.outputs_2d_ is True
        assert [list(c) for c in mine.classes_] == [list(c) for c in right.classes_]


@pytest.mark.parametrize("label", [None, 1, 9, "most_frequent", [2], [0, 1], "a", [[1]], 1.5])
def test_outliers(iris, label):
    X, y, Q, _ = parts(iris)
    far = np.concatenate([Q, Q[:3] + 100])
    results = []
    for model in pair("RadiusNeighborsClassifier", radius=1.03, outlier_label=label):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                model.fit(X, y)
                results.append([list(model.predict(far)), model.predict_proba(far).round(12).tolist()])
                results[-1] += [list(model.outlier_label_), [str(w.message) for w in warned]]
            except (ValueError, TypeError) as error:
                results.append([type(error).__name__, str(error)])
    assert results[0] == results[1]


def test_regressor_without_neighbors_predicts_nan():
    model = ours.RadiusNeighborsRegressor(radius=1.0).fit([[0.0], [1.0]], [1.0, 2.0])
    with pytest.warns(UserWarning, match="predicting NaN"):
        y = model.predict([[0.5], [50.0]])
    assert y[0] == 1.5 and np.isnan(y[1])


def test_equally_many_votes_go_to_the_first_class():
    model = ours.KNeighborsClassifier(n_neighbors=4).fit([[0.0], [1.0], [2.0], [3.0]], ["b", "a", "b", "a"])
    assert model.predict([[1.5]]) == ["a"]


def test_votes_in_parts(digits):
    X, y = digits
    model = ours.KNeighborsClassifier().fit(X, y)
    expected = model.predict(X)
    with fastml.config_context(working_memory=0.01):
        np.testing.assert_array_equal(model.predict(X), expected)


def test_weights_that_are_all_zero_are_an_error(iris):
    X, y = iris
    for model in pair("KNeighborsClassifier", weights=np.zeros_like):
        with pytest.raises(ValueError, match="zero weights"):
            model.fit(X, y).predict(X)


# ---- what an estimator must be ------------------------------------------------------------------
@each_name
def test_parameters_are_scikit_learns_and_device(name):
    mine, right = (inspect.signature(cls).parameters for cls in (getattr(ours, name), getattr(theirs, name)))
    assert list(mine) == [*right, "device"]
    assert all(mine[p].default == right[p].default and mine[p].kind == right[p].kind for p in right)


@each_name
def test_attributes_are_scikit_learns(iris, name):
    X, y = iris
    mine, right = (m.fit(X, y) for m in pair(name))

    def public(model):
        return {a for a in vars(model) if a.endswith("_") and not a.startswith("_")}

    assert public(mine) == public(right)
    assert mine.n_samples_fit_ == 150 and mine.effective_metric_ == "euclidean"


@each_name
@pytest.mark.parametrize(
    "params",
    [
        {"algorithm": "fast"}, {"leaf_size": 0}, {"p": 0}, {"metric": "nonsense"}, {"metric_params": 3},
        {"algorithm": "kd_tree", "metric": "cosine"}, {"algorithm": "kd_tree", "metric": "canberra"},
        {"algorithm": "kd_tree", "metric": np.add}, {"algorithm": "brute", "metric": "infinity"},
        {"algorithm": "kd_tree", "p": 0.5}, {"n_jobs": 1.5}, {"weights": "heavy"}, {"n_neighbors": 0},
        {"n_neighbors": 2.5}, {"radius": -1.0},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_parameters(iris, name, params):
    models, raised = [cls() for cls in (getattr(ours, name), getattr(theirs, name))], []
    known = models[1].get_params()
    params = {p: v for p, v in params.items() if p in known} or {"leaf_size": -1}
    for model in models:
        with pytest.raises(ValueError) as error:
            model.set_params(**params).fit(*iris)
        raised.append(error)
    assert raised[0].type is raised[1].type
    if "set" not in str(raised[0].value) and " among " not in str(raised[0].value):  # sets have no order
        assert str(raised[0].value) == str(raised[1].value)
    assert not hasattr(models[0], "n_features_in_")


@pytest.mark.parametrize("n_neighbors", [0, -1, 2.5, 151, 1000])
def test_wrong_numbers_of_neighbors(iris, n_neighbors):
    X, y = iris
    for queries in (X[:3], None):
        raised = []
        for model in pair("NearestNeighbors"):
            with pytest.raises((ValueError, TypeError)) as error:
                model.fit(X).kneighbors(queries, n_neighbors)
            raised.append((error.type, str(error.value)))
        assert raised[0] == raised[1]


def test_wrong_arguments(iris):
    X, y = iris
    model = ours.NearestNeighbors().fit(X)
    for call in (
        lambda m: m.radius_neighbors(X, return_distance=False, sort_results=True),
        lambda m: m.kneighbors_graph(X, mode="what"),
        lambda m: m.radius_neighbors_graph(X, mode="what"),
        lambda m: m.kneighbors(X[:, :2]),
        lambda m: m.kneighbors([[np.nan] * 4]),
    ):
        raised = []
        for m in (model, theirs.NearestNeighbors().fit(X)):
            with pytest.raises(ValueError) as error:
                call(m)
            raised.append(str(error.value))
        assert raised[0] == raised[1]


@each_name
def test_not_fitted(name):
    method = "kneighbors" if name == "NearestNeighbors" else "predict"
    with pytest.raises(NotFittedError):
        getattr(getattr(ours, name)(), method)([[0.0]])


@each_predictor
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_pickling(iris, name, algorithm):
    X, y = iris
    params = {"radius": 2.0} if "Radius" in name else {}
    model = getattr(ours, name)(algorithm=algorithm, **params).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@each_predictor
def test_pandas_and_polars(iris, name):
    X, y = iris
    names = ["a", "b", "c", "d"]
    params = {"radius": 2.0} if "Radius" in name else {}
    expected = getattr(ours, name)(**params).fit(X, y).predict(X)
    for table in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        model = getattr(ours, name)(**params).fit(table, y)
        np.testing.assert_array_equal(model.predict(table), expected)
        assert list(model.feature_names_in_) == names


def test_a_column_of_labels_is_a_warning(iris):
    X, y = iris
    with pytest.warns(UserWarning, match="column-vector"):
        model = ours.KNeighborsClassifier().fit(X, y[:, None])
    assert model.predict(X).shape == (150,)


def test_n_jobs_limits_the_threads(iris):
    X, y = iris
    expected = ours.NearestNeighbors().fit(X).kneighbors(X)
    for n_jobs in (1, 2, -1, -2):
        found = ours.NearestNeighbors(n_jobs=n_jobs).fit(X).kneighbors(X)
        np.testing.assert_array_equal(found[1], expected[1])


def test_trees_are_for_few_features_and_many_points():
    rng = np.random.default_rng(0)
    kinds = {
        shape: ours.NearestNeighbors().fit(rng.normal(size=shape))._fit_method
        for shape in [(100, 3), (5000, 3), (5000, 20)]
    }
    assert list(kinds.values()) == ["brute", "kd_tree", "brute"]


def test_workspace_does_not_grow_with_the_number_of_queries_times_points(monkeypatch):
    import tracemalloc

    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 5))  # 288 MB of float64 distances
    for metric in ("euclidean", "canberra"):
        model = ours.NearestNeighbors(algorithm="brute", metric=metric).fit(X)
        with fastml.config_context(working_memory=8):
            model.kneighbors(X[:20])
            tracemalloc.start()
            model.kneighbors(X)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 40e6
