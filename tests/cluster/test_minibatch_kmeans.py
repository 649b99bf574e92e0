"""MiniBatchKMeans against scikit-learn's: results, options, errors, warnings, what it prints."""

import inspect
import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.cluster as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import fastml
from fastml.cluster import MiniBatchKMeans

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def blobs(n_samples=600, n_features=6, n_clusters=5, dtype=np.float64, seed=0, spread=0.3):
    """Clusters apart from each other, so that rounding decides nothing."""
    rng = np.random.default_rng(seed)
    centers = 4 * rng.normal(size=(n_clusters, n_features))
    y = rng.integers(0, n_clusters, n_samples)
    return (centers[y] + spread * rng.normal(size=(n_samples, n_features))).astype(dtype)


def pair(*args, **kwargs):
    return MiniBatchKMeans(*args, **kwargs), theirs.MiniBatchKMeans(*args, **kwargs)


def same_model(ours, other, dtype=np.float64):
    close = {"rtol": 1e-3, "atol": 1e-3} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(ours.cluster_centers_, other.cluster_centers_, **close)
    assert ours.cluster_centers_.dtype == other.cluster_centers_.dtype
    assert hasattr(ours, "labels_") == hasattr(other, "labels_")
    if hasattr(ours, "labels_"):
        np.testing.assert_array_equal(ours.labels_, other.labels_)
        assert ours.labels_.dtype == np.int32
    assert hasattr(ours, "inertia_") == hasattr(other, "inertia_")
    if hasattr(ours, "inertia_"):
        assert ours.inertia_ == pytest.approx(other.inertia_, rel=1e-3 if dtype == np.float32 else 1e-9)
    assert ours.n_steps_ == other.n_steps_
    assert getattr(ours, "n_iter_", 0) == getattr(other, "n_iter_", 0)
    np.testing.assert_allclose(ours._counts, other._counts, rtol=1e-5)


OPTIONS = [
    {},
    {"batch_size": 50},
    {"batch_size": 64, "max_iter": 3},
    {"init": "random"},
    {"n_init": 4, "batch_size": 100},
    {"tol": 1e-2, "batch_size": 100},
    {"max_no_improvement": None, "max_iter": 4, "batch_size": 100},
    {"max_no_improvement": 2, "batch_size": 100},
    {"init_size": 40, "batch_size": 30},
    {"compute_labels": False, "batch_size": 100},
    {"reassignment_ratio": 0.6, "batch_size": 60},
    {"reassignment_ratio": 0, "batch_size": 60},
    {"n_clusters": 1},
    {"n_clusters": 40, "batch_size": 20},
]


@each_dtype
@pytest.mark.parametrize("params", OPTIONS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_options_mean_what_they_mean_there(dtype, params, weighted):
    X = blobs(dtype=dtype)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    ours, other = pair(**{"n_clusters": 5, "random_state": 0, **params})
    ours.fit(X, sample_weight=weights)
    other.fit(X, sample_weight=weights)
    same_model(ours, other, dtype)
    new = blobs(50, dtype=dtype, seed=2)
    np.testing.assert_array_equal(ours.predict(new), other.predict(new))
    np.testing.assert_allclose(ours.transform(new), other.transform(new), rtol=1e-3, atol=1e-3)
    assert ours.score(new) == pytest.approx(other.score(new), rel=1e-3)


def test_signature_is_theirs_and_device():
    ours = inspect.signature(MiniBatchKMeans).parameters
    expected = inspect.signature(theirs.MiniBatchKMeans).parameters
    assert list(ours) == [*expected, "device"]
    assert all(ours[name].default == expected[name].default for name in expected)


@each_dtype
@pytest.mark.parametrize("weighted", [False, True])
def test_batches_one_by_one(dtype, weighted):
    X = blobs(dtype=dtype)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    for params in (
        {},
        {"init": "random"},
        {"compute_labels": False},
        {"n_clusters": 12, "reassignment_ratio": 0.5},
    ):
        ours, other = pair(**{"n_clusters": 5, "random_state": 0, **params})
        for start in range(0, 600, 60):
            part = slice(start, start + 60)
            w = None if weights is None else weights[part]
            ours.partial_fit(X[part], sample_weight=w)
            other.partial_fit(X[part], sample_weight=w)
            same_model(ours, other, dtype)


def test_batches_may_follow_a_fit():
    X = blobs()
    ours, other = pair(5, batch_size=100, random_state=0)
    for est in (ours, other):
        est.fit(X)
        est.partial_fit(X[:70])
    same_model(ours, other)


@each_dtype
def test_initial_centers_can_be_given(dtype):
    X = blobs(dtype=dtype)
    for init in (X[:5].copy(), lambda X, k, random_state: X[random_state.permutation(len(X))[:k]]):
        ours, other = pair(5, init=init, n_init=1, random_state=3, batch_size=100)
        same_model(ours.fit(X), other.fit(X), dtype)


@pytest.mark.parametrize("name", ["iris", "digits", "wine", "breast_cancer"])
def test_real_data_is_clustered_as_well(name, request):
    X, _ = request.getfixturevalue(name)
    ours, other = (est.fit(X) for est in pair(8, random_state=0, batch_size=64))
    assert ours.inertia_ <= other.inertia_ * 1.05
    inertia = ((X - ours.cluster_centers_[ours.labels_]) ** 2).sum()
    assert ours.inertia_ == pytest.approx(inertia, rel=1e-9)
    np.testing.assert_array_equal(ours.predict(X), ours.labels_)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(8, 150),
    st.integers(1, 5),
    st.integers(1, 8),
    st.integers(1, 80),
    st.booleans(),
)
def test_any_data_is_clustered_as_there(seed, n_samples, n_features, n_clusters, batch_size, weighted):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    weights = rng.uniform(0.1, 2, n_samples) if weighted else None
    # Centers that are drawn again can coincide with others, and rounding then decides between them.
    params = {"init": X[:n_clusters], "n_init": 1, "reassignment_ratio": 0}
    ours, other = pair(n_clusters, batch_size=batch_size, max_iter=5, random_state=seed, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same_model(ours.fit(X, sample_weight=weights), other.fit(X, sample_weight=weights))


@each_dtype
def test_a_common_offset_does_not_matter(dtype):
    offset = 1e5 if dtype == np.float32 else 1e8
    X = np.round(blobs() * 8) / 8
    near = MiniBatchKMeans(5, random_state=0).fit(X.astype(dtype))
    far = MiniBatchKMeans(5, random_state=0).fit((X + offset).astype(dtype))
    np.testing.assert_array_equal(near.labels_, far.labels_)


def same_error(ours, other, call):
    with pytest.raises(Exception) as wanted:
        call(other)
    with pytest.raises(wanted.type) as found:
        call(ours)
    assert str(found.value).split(" Got ")[0] == str(wanted.value).split(" Got ")[0]


@pytest.mark.parametrize(
    "params",
    [
        {"n_clusters": 0}, {"batch_size": 0}, {"compute_labels": "x"}, {"max_no_improvement": -1},
        {"init_size": 0}, {"reassignment_ratio": -0.1}, {"init": "best"}, {"n_init": 0}, {"max_iter": 0},
        {"tol": -1}, {"n_clusters": 1000}, {"n_clusters": 3, "init": np.zeros((2, 6))},
    ],
    ids=str,
)  # fmt: skip
def test_bad_parameters_are_refused_in_the_same_words(params):
    for method in ("fit", "partial_fit"):
        same_error(*pair(**params), lambda est, method=method: getattr(est, method)(blobs()))


def test_bad_use_is_refused_in_the_same_words():
    X = blobs()
    with pytest.raises(NotFittedError):
        MiniBatchKMeans().predict(X)
    fitted = [est.partial_fit(X) for est in pair(3, random_state=0)]
    same_error(*fitted, lambda est: est.partial_fit(X[:, :2]))
    for weights in (np.ones(3), np.full(len(X), np.nan), np.zeros(len(X))):
        same_error(*pair(3), lambda est, weights=weights: est.fit(X, sample_weight=weights))
    negative = np.ones(len(X))
    negative[0] = -1
    same_error(*pair(3, init=X[:3]), lambda est: est.fit(X, sample_weight=negative))


def test_warnings_are_theirs():
    X = blobs()
    for params in ({"n_clusters": 3, "init": X[:3].copy(), "n_init": 2}, {"n_clusters": 9, "init_size": 4}):
        ours, other = pair(**params)
        with pytest.warns(RuntimeWarning) as wanted:
            other.fit(X)
        with pytest.warns(RuntimeWarning, match=re.escape(str(wanted[0].message))) as found:
            ours.fit(X)
        assert found[0].filename == __file__


def test_what_is_printed_is_theirs(capsys):
    X = blobs(spread=2)
    for params in ({"tol": 0.01}, {"reassignment_ratio": 0.5}, {"max_no_improvement": 2}):
        ours, other = pair(5, verbose=1, random_state=0, batch_size=64, **params)
        other.fit(X)
        expected = capsys.readouterr().out
        ours.fit(X)
        numbers = re.compile(r"(np\.float64\()?\d+\.\d+(e-?\d+)?\)?")
        assert numbers.sub("#", capsys.readouterr().out) == numbers.sub("#", expected)


def test_sparse_data():
    X = np.round(blobs())
    data = sp.csr_matrix(X)
    ours, other = (est.fit(data) for est in pair(5, random_state=0, batch_size=100))
    same_model(ours, other)
    np.testing.assert_array_equal(ours.predict(data), other.predict(data))
    ours, other = pair(5, random_state=0)
    for start in (0, 200, 400):
        ours.partial_fit(data[start : start + 200])
        other.partial_fit(data[start : start + 200])
    same_model(ours, other)
    ours.partial_fit(X[:100])
    other.partial_fit(X[:100])
    same_model(ours, other)


def test_callbacks_follow_batches():
    callback = pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
    seen = []

    class Recorder(callback.FitCallback):
        def setup(self, estimator, context):
            seen.append("setup")

        def on_fit_task_begin(self, estimator, context):
            seen.append(("begin", context.task_name))

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            seen.append(("end", context.task_name))
            return context.task_name == "batch" and fitted_estimator.predict(X).shape == (len(X),)

        def teardown(self, estimator, context):
            seen.append("teardown")

    X = blobs()
    model = MiniBatchKMeans(5, batch_size=50, random_state=0).set_callbacks(Recorder()).fit(X)
    assert model.n_steps_ == 1  # the callback said stop
    assert seen.count(("begin", "batch")) == seen.count(("end", "batch")) == 1
    assert seen[0] == "setup" and seen[-1] == "teardown"


def test_threads_change_no_bit():
    X = blobs(20_000, 30, 30, spread=2)
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            found.append(MiniBatchKMeans(30, random_state=0, batch_size=4096).fit(X))
    np.testing.assert_array_equal(found[0].labels_, found[1].labels_)
    np.testing.assert_array_equal(found[0].cluster_centers_, found[1].cluster_centers_)


def test_models_are_pickled_in_the_middle_and_handed_to_scikit_learn():
    X = blobs()
    model = MiniBatchKMeans(5, random_state=0).partial_fit(X[:100])
    again = pickle.loads(pickle.dumps(model))
    twin = model.to_sklearn()
    for est in (model, again, twin):
        est.partial_fit(X[100:300])
    np.testing.assert_array_equal(again.cluster_centers_, model.cluster_centers_)
    np.testing.assert_allclose(twin.cluster_centers_, model.cluster_centers_, rtol=1e-9)


def test_a_failed_batch_leaves_the_model_as_it_was():
    X = blobs()
    model = MiniBatchKMeans(5, random_state=0).partial_fit(X)
    before = model.cluster_centers_.copy()
    with pytest.raises(ValueError):
        model.partial_fit(X * np.nan)
    np.testing.assert_array_equal(model.cluster_centers_, before)
    assert model.n_steps_ == 1
