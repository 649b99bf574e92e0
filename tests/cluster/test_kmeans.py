"""KMeans against scikit-learn's: results, attributes, options, errors, warnings, what it prints."""

import inspect
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn.cluster as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import adjusted_rand_score

import fastml
from fastml.cluster import KMeans
from fastml.kernels.cpu import kmeans as kernels
from tests.names import without_addresses

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def blobs(n_samples=500, n_features=6, n_clusters=5, dtype=np.float64, seed=0, spread=0.3):
    """Clusters apart from each other, so that rounding decides nothing."""
    rng = np.random.default_rng(seed)
    centers = 4 * rng.normal(size=(n_clusters, n_features))
    y = rng.integers(0, n_clusters, n_samples)
    return (centers[y] + spread * rng.normal(size=(n_samples, n_features))).astype(dtype)


def pair(*args, **kwargs):
    return KMeans(*args, **kwargs), theirs.KMeans(*args, **kwargs)


def same_model(ours, other, dtype=np.float64):
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_array_equal(ours.labels_, other.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, other.cluster_centers_, **close)
    assert ours.inertia_ == pytest.approx(other.inertia_, rel=1e-4 if dtype == np.float32 else 1e-9)
    assert ours.n_iter_ == other.n_iter_
    assert ours.cluster_centers_.dtype == other.cluster_centers_.dtype
    assert ours.labels_.dtype == other.labels_.dtype == np.int32
    assert type(ours.n_iter_) is int
    assert ours.n_features_in_ == other.n_features_in_


# ---- the same model ---------------------------------------------------------------------------
OPTIONS = [
    {},
    {"init": "random"},
    {"init": "random", "n_init": 4},
    {"n_init": 3},
    {"max_iter": 1},
    {"max_iter": 2},
    {"tol": 0},
    {"tol": 0.5},
    {"copy_x": False},
    {"algorithm": "elkan"},
    {"n_clusters": 1},
    {"n_clusters": 12, "random_state": 5},
    {"random_state": np.random.RandomState(4)},
]


@each_dtype
@pytest.mark.parametrize("params", OPTIONS, ids=without_addresses)
@pytest.mark.parametrize("weighted", [False, True])
def test_options_mean_what_they_mean_there(dtype, params, weighted):
    X = blobs(dtype=dtype)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    params = {"n_clusters": 5, "random_state": 0, **params}
    ours, other = KMeans(**clone_values(params)), theirs.KMeans(**clone_values(params))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(X, sample_weight=weights)
        other.fit(X.copy(), sample_weight=weights)
    same_model(ours, other, dtype)
    new = blobs(50, dtype=dtype, seed=2)
    np.testing.assert_array_equal(ours.predict(new), other.predict(new))
    np.testing.assert_allclose(ours.transform(new), other.transform(new), rtol=1e-3, atol=1e-3)
    assert ours.transform(new).dtype == dtype
    assert ours.score(new) == pytest.approx(other.score(new), rel=1e-4)
    assert ours.score(X, sample_weight=weights) == pytest.approx(-ours.inertia_, rel=1e-5)


def clone_values(params):
    """The parameters, with a generator of their own."""
    return {name: pickle.loads(pickle.dumps(value)) for name, value in params.items()}


def test_signature_is_theirs_and_device():
    ours = inspect.signature(KMeans).parameters
    expected = inspect.signature(theirs.KMeans).parameters
    assert list(ours) == [*expected, "device"]
    assert all(ours[name].default == expected[name].default for name in expected)
    assert ours["device"].default is None
    for name in ("fit", "predict", "transform", "fit_predict", "fit_transform", "score"):
        assert list(inspect.signature(getattr(KMeans, name)).parameters) == list(
            inspect.signature(getattr(theirs.KMeans, name)).parameters
        )


@each_dtype
def test_initial_centers_can_be_given(dtype):
    X = blobs(dtype=dtype)
    for init in (
        X[:5].copy(),
        X[:5].tolist(),
        lambda X, k, random_state: X[random_state.permutation(len(X))[:k]],
    ):
        params = {"n_clusters": 5, "init": init, "n_init": 1, "random_state": 3}
        same_model(KMeans(**params).fit(X), theirs.KMeans(**params).fit(X), dtype)


@pytest.mark.parametrize("name", ["iris", "digits", "wine", "breast_cancer"])
@each_dtype
def test_real_data_is_clustered_as_well(name, dtype, request):
    X = request.getfixturevalue(name)[0].astype(dtype)
    for n_clusters in (3, 10):
        ours, other = (est.fit(X) for est in pair(n_clusters, random_state=0, n_init=5))
        assert ours.inertia_ <= other.inertia_ * 1.01
        inertia = ((X - ours.cluster_centers_[ours.labels_]).astype(np.float64) ** 2).sum()
        assert ours.inertia_ == pytest.approx(inertia, rel=1e-5)
        np.testing.assert_array_equal(ours.predict(X), ours.labels_)


def test_integer_data_whose_ties_scikit_learn_breaks_by_rounding(digits):
    X, _ = digits
    init = X[:30].copy()
    model = KMeans(30, init=init, max_iter=1).fit(X)
    exact = ((X[:, None] - init[None]) ** 2).sum(axis=2).argmin(axis=1)
    means = np.array([X[exact == j].mean(axis=0) for j in range(30)])
    np.testing.assert_allclose(model.cluster_centers_, means, rtol=1e-12, atol=1e-12)


def test_colours_of_a_picture(china):
    pixels = china[::20]
    ours, other = (est.fit(pixels) for est in pair(16, random_state=0, n_init=1))
    assert ours.inertia_ == pytest.approx(other.inertia_, rel=0.02)
    assert ours.cluster_centers_.dtype == np.float32


@each_dtype
def test_a_common_offset_does_not_matter(dtype):
    offset = 1e5 if dtype == np.float32 else 1e8
    X = np.round(blobs(dtype=np.float64) * 8) / 8  # exact after the offset is added
    near = KMeans(5, random_state=0).fit(X.astype(dtype))
    far = KMeans(5, random_state=0).fit((X + offset).astype(dtype))
    np.testing.assert_array_equal(near.labels_, far.labels_)
    assert far.inertia_ == pytest.approx(near.inertia_, rel=1e-2 if dtype == np.float32 else 1e-6)
    np.testing.assert_array_equal(far.predict((X + offset).astype(dtype)), far.labels_)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(8, 120),
    st.integers(1, 5),
    st.integers(1, 8),
    st.booleans(),
)
def test_any_data_is_clustered_as_there(seed, n_samples, n_features, n_clusters, weighted):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    weights = rng.uniform(0.1, 2, n_samples) if weighted else None
    params = {"n_clusters": n_clusters, "init": "random", "n_init": 1, "random_state": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = KMeans(**params).fit(X, sample_weight=weights)
        other = theirs.KMeans(**params).fit(X, sample_weight=weights)
    assert ours.inertia_ == pytest.approx(other.inertia_, rel=1e-8)
    assert ours.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(ours.labels_, other.labels_)


# ---- empty clusters, duplicates, weights ----------------------------------------------------
def test_empty_clusters_get_the_farthest_rows():
    X = blobs(60, 2, 3)
    init = np.vstack([X[:2], [[1000.0, 1000.0], [1001.0, 1000.0], [-999.0, 0.0]]])
    same_model(*(est.fit(X) for est in pair(5, init=init, n_init=1)))
    weights = np.random.default_rng(0).uniform(size=60)
    same_model(*(est.fit(X, sample_weight=weights) for est in pair(5, init=init, n_init=1)))


def test_fewer_distinct_rows_than_clusters():
    X = np.repeat([[0.0, 1.0], [4.0, 5.0]], 5, axis=0)
    for ours, other in (pair(4, random_state=0), pair(3, init=np.zeros((3, 2)), n_init=1)):
        with pytest.warns(ConvergenceWarning) as expected:
            other.fit(X)
        with pytest.warns(ConvergenceWarning, match=re.escape(str(expected[0].message))):
            ours.fit(X)
        np.testing.assert_allclose(np.unique(ours.cluster_centers_, axis=0), [[0, 1], [4, 5]])
        assert ours.inertia_ == other.inertia_ == 0


def test_weights_repeat_rows():
    X = blobs(80, 3, 3)
    weights = np.random.default_rng(0).integers(0, 4, 80)
    init = X[[0, 1, 2]]
    weighted = KMeans(3, init=init, n_init=1).fit(X, sample_weight=weights)
    repeated = KMeans(3, init=init, n_init=1).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-9)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_)


@pytest.mark.parametrize("bounds", [False, True])
def test_weights_of_very_different_size_leave_no_rounding_behind(bounds, monkeypatch):
    if bounds:
        monkeypatch.setattr(kernels, "BOUNDS_OPERATIONS", 0)
        monkeypatch.setattr(kernels, "BOUNDS_BYTES", 0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    weights = np.where(rng.random(400) < 0.02, 1e15, 1.0)
    init = X[:8].copy()
    ours, other = (est.fit(X, sample_weight=weights) for est in pair(8, init=init, n_init=1))
    np.testing.assert_array_equal(ours.labels_, other.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, other.cluster_centers_, rtol=1e-6, atol=1e-6)


# ---- errors and warnings -----------------------------------------------------------------------
def same_error(ours, other, call):
    with pytest.raises(Exception) as wanted:
        call(other)
    with pytest.raises(wanted.type) as found:
        call(ours)
    assert str(found.value).split(" Got ")[0] == str(wanted.value).split(" Got ")[0]


@pytest.mark.parametrize(
    "params",
    [
        {"n_clusters": 0}, {"n_clusters": 2.5}, {"init": "best"}, {"init": 3}, {"n_init": 0},
        {"n_init": "one"}, {"max_iter": 0}, {"tol": -1}, {"verbose": -1}, {"random_state": "x"},
        {"copy_x": 2}, {"algorithm": "full"}, {"n_clusters": 1000},
        {"n_clusters": 3, "init": np.zeros((2, 6))},
        {"n_clusters": 3, "init": np.zeros((3, 2))}, {"n_clusters": 3, "init": np.full((3, 6), np.nan)},
        {"n_clusters": 3, "init": lambda X, k, random_state: np.zeros((2, 6))},
    ],
    ids=without_addresses,
)  # fmt: skip
def test_bad_parameters_are_refused_in_the_same_words(params):
    same_error(*pair(**params), lambda est: est.fit(blobs()))


@pytest.mark.parametrize(
    "X",
    [
        np.full((10, 2), np.nan), np.full((10, 2), np.inf), np.zeros((0, 2)), np.zeros((10, 0)), np.zeros(10),
        np.zeros((3, 2, 2)), np.array([["a", "b"]] * 10), np.zeros((10, 2), complex), np.zeros((3, 2)),
    ],
    ids=lambda X: f"{X.dtype}{X.shape}",
)  # fmt: skip
def test_bad_data_is_refused_in_the_same_words(X):
    same_error(*pair(4), lambda est: est.fit(X))


def test_bad_use_is_refused_in_the_same_words():
    X = blobs()
    for method in ("predict", "transform", "score"):
        same_error(*pair(), lambda est, method=method: getattr(est, method)(X))
        fitted = [est.fit(X) for est in pair(3, random_state=0)]
        same_error(*fitted, lambda est, method=method: getattr(est, method)(X[:, :2]))
        same_error(*fitted, lambda est, method=method: getattr(est, method)(X * np.nan))
    with pytest.raises(NotFittedError):
        KMeans().predict(X)
    for weights in (np.ones(3), np.full(len(X), np.nan), np.zeros(len(X))):
        same_error(*pair(3), lambda est, weights=weights: est.fit(X, sample_weight=weights))


def test_warnings_are_theirs():
    X = blobs()
    for params in (
        {"n_clusters": 3, "init": X[:3].copy(), "n_init": 2},
        {"n_clusters": 1, "algorithm": "elkan"},
    ):
        ours, other = pair(**params)
        with pytest.warns(RuntimeWarning) as wanted:
            other.fit(X)
        with pytest.warns(RuntimeWarning, match=re.escape(str(wanted[0].message))) as found:
            ours.fit(X)
        assert found[0].filename == __file__


def test_an_estimator_that_fails_stays_as_it_was():
    model = KMeans(3, random_state=0).fit(blobs())
    before = dict(vars(model))
    with pytest.raises(ValueError):
        model.fit(np.full((10, 2), np.nan))
    assert vars(model) == before


def test_what_is_printed_is_theirs(capsys):
    X = blobs()
    for params in ({"init": "random", "n_init": 2}, {"max_iter": 2, "init": "random"}, {"tol": 0.5}):
        ours, other = pair(5, verbose=1, random_state=0, **params)
        other.fit(X)
        expected = capsys.readouterr().out
        ours.fit(X)
        numbers = re.compile(r"\d+\.\d+(e-?\d+)?")
        assert numbers.sub("#", capsys.readouterr().out) == numbers.sub("#", expected)


# ---- inputs and outputs ---------------------------------------------------------------------------
def test_input_is_left_alone():
    X = blobs()
    X.flags.writeable = False
    before = X.copy()
    for copy_x in (True, False):
        KMeans(3, copy_x=copy_x, init=X[:3]).fit(X).predict(X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("kind", ["list", "int", "fortran", "strided", "float16", "pandas", "polars"])
def test_kinds_of_input(kind):
    X = np.round(blobs() * 10)
    data = {
        "list": X.tolist(),
        "int": X.astype(np.int64),
        "fortran": np.asfortranarray(X),
        "strided": np.repeat(X, 2, axis=1)[:, ::2],
        "float16": X.astype(np.float16),
        "pandas": pd.DataFrame(X, columns=list("abcdef")),
        "polars": pl.DataFrame(X, schema=list("abcdef")),
    }[kind]
    ours, other = (est.fit(data) for est in pair(5, random_state=0))
    same_model(ours, other)
    np.testing.assert_array_equal(ours.predict(data), other.predict(data))
    if kind in ("pandas", "polars"):
        assert ours.feature_names_in_.tolist() == list("abcdef")


def test_output_containers_and_names():
    X = pd.DataFrame(blobs(), columns=list("abcdef"))
    model = KMeans(3, random_state=0).set_output(transform="pandas")
    distances = model.fit_transform(X)
    assert distances.columns.tolist() == ["kmeans0", "kmeans1", "kmeans2"]
    assert model.get_feature_names_out().tolist() == ["kmeans0", "kmeans1", "kmeans2"]
    assert isinstance(model.set_output(transform="polars").transform(X), pl.DataFrame)


@each_dtype
def test_fit_predict_and_fit_transform(dtype):
    X = blobs(dtype=dtype)
    model = KMeans(5, random_state=0)
    np.testing.assert_array_equal(model.fit_predict(X), model.labels_)
    distances = model.fit_transform(X)
    expected = np.sqrt(((X[:, None] - model.cluster_centers_[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(distances, expected, rtol=1e-4)


def test_one_row_and_other_dtypes_are_predicted():
    X = blobs()
    model, other = (est.fit(X) for est in pair(5, random_state=0))
    assert model.predict(X[:1]) == other.predict(X[:1])
    np.testing.assert_array_equal(model.predict(X.astype(np.float32)), other.predict(X))
    assert model.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
def test_sparse_data(container):
    X = np.round(blobs())
    data = container(X)
    ours, other = (est.fit(data) for est in pair(5, random_state=0))
    same_model(ours, other)
    np.testing.assert_array_equal(ours.predict(data), other.predict(data))
    np.testing.assert_allclose(ours.transform(data), other.transform(data), rtol=1e-9)
    assert ours.score(data) == pytest.approx(other.score(data))
    np.testing.assert_array_equal(ours.predict(X), ours.labels_)


# ---- the house's own -------------------------------------------------------------------------------
def test_threads_change_no_bit():
    X = blobs(20_000, 8, 30, spread=2)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            found.append(KMeans(30, random_state=0, n_init=2).fit(X))
    np.testing.assert_array_equal(found[0].labels_, found[1].labels_)
    np.testing.assert_array_equal(found[0].cluster_centers_, found[1].cluster_centers_)
    assert found[0].inertia_ == found[1].inertia_


def test_little_working_memory_changes_no_label():
    X = blobs(20_000, 8, 30, spread=2)
    expected = KMeans(30, random_state=0).fit(X)
    with fastml.config_context(working_memory=0.5):
        found = KMeans(30, random_state=0).fit(X)
    np.testing.assert_array_equal(found.labels_, expected.labels_)
    np.testing.assert_array_equal(found.cluster_centers_, expected.cluster_centers_)


def test_algorithms_agree_to_the_bit():
    X = blobs(20_000, 8, 30, spread=2)
    lloyd, elkan = (KMeans(30, random_state=0, algorithm=name).fit(X) for name in ("lloyd", "elkan"))
    np.testing.assert_array_equal(lloyd.cluster_centers_, elkan.cluster_centers_)


def test_models_are_pickled_cloned_and_handed_to_scikit_learn():
    X = blobs()
    model = KMeans(5, random_state=0, device="cpu").fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.labels_)
    assert clone(model).get_params() == model.get_params()
    twin = model.to_sklearn()
    assert type(twin) is theirs.KMeans
    np.testing.assert_array_equal(twin.predict(X), model.labels_)
    assert twin.inertia_ == model.inertia_
    np.testing.assert_allclose(twin.transform(X), model.transform(X), rtol=1e-6, atol=1e-6)
    assert adjusted_rand_score(model.to_sklearn().fit(X).labels_, model.labels_) == 1


def test_a_sparse_fallback_is_said():
    X = sp.csr_matrix(np.round(blobs()))
    with fastml.config_context(on_fallback="warn"), pytest.warns(UserWarning, match="data is sparse"):
        KMeans(3, random_state=0).fit(X)
    with fastml.config_context(on_fallback="raise"), pytest.raises(RuntimeError, match="data is sparse"):
        KMeans(3, random_state=0).fit(X)


def test_callbacks_follow_runs_and_iterations():
    callback = pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
    seen = []

    class Recorder(getattr(callback, "FitCallback", object)):
        def setup(self, estimator, context):
            seen.append("setup")

        def on_fit_task_begin(self, estimator, context):
            seen.append(("begin", context.task_name))

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            seen.append(("end", context.task_name))
            if context.task_name == "iteration":
                assert fitted_estimator.predict(X).shape == (len(X),)
                return True  # stop after the first iteration

        def teardown(self, estimator, context):
            seen.append("teardown")

    X = blobs(spread=3)
    model = KMeans(5, init="random", n_init=2, random_state=0).set_callbacks(Recorder())
    model.fit(X)
    assert model.n_iter_ == 1
    tasks = [event for event in seen if isinstance(event, tuple)]
    assert tasks.count(("begin", "run")) == tasks.count(("end", "run")) == 2
    assert tasks.count(("begin", "iteration")) == tasks.count(("end", "iteration")) == 2
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_bounds_serve_a_fit(monkeypatch):
    X = blobs(4000, 5, 20, spread=2)
    monkeypatch.setattr(kernels, "BOUNDS_OPERATIONS", np.inf)
    expected = KMeans(20, random_state=0, n_init=3).fit(X)
    monkeypatch.setattr(kernels, "BOUNDS_OPERATIONS", 0)
    monkeypatch.setattr(kernels, "BOUNDS_BYTES", 0)
    found = KMeans(20, random_state=0, n_init=3).fit(X)
    same_model(found, expected)
    np.testing.assert_array_equal(found.cluster_centers_, expected.cluster_centers_)
