"""Distances between rows, and the nearest row, against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics
import sklearn.metrics.pairwise
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

import fastml.metrics
import fastml.metrics.pairwise
from fastml import config_context
from fastml.exceptions import FallbackError
from fastml.metrics import (
    euclidean_distances,
    pairwise_distances,
    pairwise_distances_argmin,
    pairwise_distances_argmin_min,
    pairwise_distances_chunked,
)
from tests.metrics.same_error import same_error

theirs = sklearn.metrics.pairwise

PLAIN = ["euclidean", "l2", "sqeuclidean", "manhattan", "l1", "cityblock", "chebyshev", "cosine", "minkowski",
         "canberra", "braycurtis", "hamming", "correlation"]  # fmt: skip
FROM_DATA = ["seuclidean", "mahalanobis"]


@pytest.fixture(params=["iris", "wine", "digits", "breast_cancer", "diabetes"])
def real(request):
    return request.getfixturevalue(request.param)[0][:150]


def close(found, wanted, dtype=np.float64, scale=1.0):
    """Up to the rounding errors of scikit-learn too, whose products of rows cancel."""
    rtol = 1e-7 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * scale)


# ---- values ------------------------------------------------------------------------------------
@pytest.mark.parametrize("metric", [*PLAIN, *FROM_DATA])
def test_distances_within_real_data(real, metric):
    if metric == "mahalanobis":
        real = real[:, real.std(axis=0) > 0][:, :4]
    if metric == "seuclidean":
        real = real[:, real.std(axis=0) > 0]
    wanted = theirs.pairwise_distances(real, metric=metric)
    found = pairwise_distances(real, metric=metric)
    close(found, wanted, scale=wanted.max())
    assert found.dtype == np.float64
    np.testing.assert_array_equal(np.diag(found), 0)


@pytest.mark.parametrize("metric", PLAIN)
def test_distances_between_real_data(real, metric):
    X, Y = real[:90], real[90:]
    wanted = theirs.pairwise_distances(X, Y, metric=metric)
    close(pairwise_distances(X, Y, metric=metric), wanted, scale=wanted.max())


@pytest.mark.parametrize("metric", PLAIN)
def test_float32_stays_float32(real, metric):
    X = real.astype(np.float32)
    found = pairwise_distances(X, X[:20].copy(), metric=metric)
    assert found.dtype == np.float32
    wanted = theirs.pairwise_distances(X.astype(np.float64), X[:20].astype(np.float64), metric=metric)
    close(found, wanted, np.float32, scale=wanted.max())


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("minkowski", {"p": 1}), ("minkowski", {"p": 1.5}), ("minkowski", {"p": 3}),
        ("minkowski", {"p": np.inf}), ("minkowski", {"p": 3, "w": np.arange(1.0, 5)}),
        ("seuclidean", {"V": np.arange(1.0, 5)}), ("mahalanobis", {"VI": np.diag(np.arange(1.0, 5))}),
        ("euclidean", {"squared": True}), ("euclidean", {"Y_norm_squared": np.ones(60)}),
        ("dice", {}), ("nan_euclidean", {}),
    ],
)  # fmt: skip
def test_options_of_metrics(iris, metric, options):
    X, Y = iris[0][:90], iris[0][90:]
    if "Y_norm_squared" in options:
        options = {"Y_norm_squared": (Y**2).sum(axis=1)}
    if metric == "dice":
        X, Y = X > 3, Y > 3
    wanted = theirs.pairwise_distances(X, Y, metric=metric, **options)
    close(pairwise_distances(X, Y, metric=metric, **options), wanted, scale=wanted.max())


def test_the_named_functions(wine):
    X, Y = wine[0][:50], wine[0][50:]
    for name in ("euclidean_distances", "manhattan_distances", "cosine_distances"):
        ours = getattr(fastml.metrics.pairwise, name)
        assert ours.__module__.startswith("fastml")
        wanted = getattr(theirs, name)(X, Y)
        close(ours(X, Y), wanted, scale=wanted.max())
        wanted = getattr(theirs, name)(X)
        close(ours(X), wanted, scale=wanted.max())
    close(euclidean_distances(X, Y, squared=True), theirs.euclidean_distances(X, Y, squared=True))


def test_norms_are_looked_at_and_not_needed(iris):
    X, Y = iris[0][:6], iris[0][6:10]
    for x_norm in (np.ones(6), np.ones((6, 1)), np.ones((1, 6)), [1.0] * 6):
        found = euclidean_distances(X, Y, X_norm_squared=x_norm, Y_norm_squared=np.ones(4))
        np.testing.assert_array_equal(found, euclidean_distances(X, Y))
    same_error(euclidean_distances, theirs.euclidean_distances, X, Y, X_norm_squared=np.ones(5))
    same_error(euclidean_distances, theirs.euclidean_distances, X, Y, Y_norm_squared=np.ones((4, 2)))


def test_distances_far_from_the_origin_do_not_cancel():
    X = np.array([[1e8, 1e8], [1e8 + 3, 1e8 + 4]])
    np.testing.assert_array_equal(pairwise_distances(X), [[0, 5], [5, 0]])


def test_float32_whose_squares_overflow_or_vanish():
    for scale in (1e25, 1e-25):
        X = (np.array([[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]]) * scale).astype(np.float32)
        wanted = np.array([[0, 5, 5], [5, 0, 10], [5, 10, 0]]) * scale
        np.testing.assert_allclose(pairwise_distances(X), wanted, rtol=1e-6)
        assert pairwise_distances(X).dtype == np.float32
        np.testing.assert_array_equal(pairwise_distances_argmin(X + 0, X[::-1].copy()), [2, 1, 0])


@given(
    st.sampled_from([*PLAIN, "minkowski3"]),
    st.integers(1, 12), st.integers(1, 70), st.integers(1, 6), st.integers(0, 10_000),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_random_sizes(metric, n_x, n_y, n_features, seed):
    rng = np.random.RandomState(seed)
    X, Y = rng.randint(1, 9, (n_x, n_features)) * 0.5, rng.standard_normal((n_y, n_features))
    options = {"p": 3} if metric == "minkowski3" else {}
    metric = "minkowski" if metric == "minkowski3" else metric
    if metric == "correlation" and n_features == 1:
        return  # a row of one value has no variance
    if metric == "correlation":
        X[:, 0] += 0.25  # nor has a constant one
    wanted = theirs.pairwise_distances(X, Y, metric=metric, **options)
    close(pairwise_distances(X, Y, metric=metric, **options), wanted, scale=1 + wanted.max())
    index, distance = pairwise_distances_argmin_min(X, Y, metric=metric, metric_kwargs=options)
    close(distance, wanted.min(axis=1), scale=1 + wanted.max())
    close(wanted[np.arange(n_x), index], wanted.min(axis=1), scale=1 + wanted.max())


@given(arrays(np.float64, (5, 3), elements=st.floats(-1e150, 1e150)))
@settings(max_examples=60, deadline=None)
def test_any_finite_values(X):
    with np.errstate(over="ignore"):
        found = pairwise_distances(X)
    assert np.isfinite(found).all() and (found >= 0).all()
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 0)


# ---- kinds of input -------------------------------------------------------------------------------
def test_lists_integers_frames_and_layouts(iris):
    import pandas as pd
    import polars as pl

    X = np.round(iris[0][:30] * 10).astype(np.int64)
    wanted = pairwise_distances(X.astype(np.float64))
    kinds = [
        X.tolist(), X, X.astype(np.int8), np.asfortranarray(X.astype(np.float64)), X[::-1][::-1],
        pd.DataFrame(X), pl.DataFrame(X), np.ma.masked_array(X), X.astype(np.float16),
        X.astype(np.longdouble),
    ]  # fmt: skip
    for kind in kinds:
        np.testing.assert_allclose(pairwise_distances(kind), wanted, rtol=1e-12)


def test_mixed_dtypes_are_computed_in_float64(iris):
    X = iris[0][:20]
    found = pairwise_distances(X.astype(np.float32), X)
    assert found.dtype == np.float64
    close(found, pairwise_distances(X.astype(np.float32).astype(np.float64), X))


def test_sparse_data_goes_to_scikit_learn(iris):
    X = csr_array(iris[0][:30])
    close(pairwise_distances(X), theirs.pairwise_distances(X))
    close(pairwise_distances(X, metric="cosine"), theirs.pairwise_distances(X, metric="cosine"))
    with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="dense data only"):
        pairwise_distances(X)


def test_precomputed_and_callable_metrics_go_to_scikit_learn(iris):
    X = iris[0][:15]
    distances = pairwise_distances(X)
    np.testing.assert_array_equal(pairwise_distances(distances, metric="precomputed"), distances)
    close(pairwise_distances(X, metric=lambda x, y: abs(x - y).sum()), pairwise_distances(X, metric="l1"))
    with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="no kernel for metric"):
        pairwise_distances(distances, metric="precomputed")


def test_undefined_distances_are_scikit_learns():
    X = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0], [2.0, 2.0, 3.0]])  # a row without variance
    np.testing.assert_allclose(
        pairwise_distances(X, metric="correlation"), theirs.pairwise_distances(X, metric="correlation")
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # a column without variance
        constant = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
        wanted = theirs.pairwise_distances(constant, metric="seuclidean")
        np.testing.assert_allclose(pairwise_distances(constant, metric="seuclidean"), wanted)


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1, -2])
def test_n_jobs_changes_no_result(iris, n_jobs):
    np.testing.assert_array_equal(
        pairwise_distances(iris[0], n_jobs=n_jobs), pairwise_distances(iris[0], n_jobs=1)
    )


def test_missing_values_where_scikit_learn_takes_them(iris):
    X = iris[0][:10].copy()
    X[0, 0] = np.nan
    for options in ({"metric": "nan_euclidean"}, {"metric": "chebyshev", "ensure_all_finite": "allow-nan"}):
        close(pairwise_distances(X, **options), theirs.pairwise_distances(X, **options))


# ---- the nearest -----------------------------------------------------------------------------------
@pytest.mark.parametrize("metric", PLAIN)
@pytest.mark.parametrize("axis", [0, 1])
def test_the_nearest_of_real_data(wine, metric, axis):
    X, Y = wine[0][:100], wine[0][100:]
    wanted = theirs.pairwise_distances(X, Y, metric=metric)
    wanted = wanted if axis == 1 else wanted.T
    index, distance = pairwise_distances_argmin_min(X, Y, axis=axis, metric=metric)
    close(distance, wanted.min(axis=1), scale=wanted.max())
    assert index.dtype == np.int64
    np.testing.assert_array_equal(index, pairwise_distances_argmin(X, Y, axis=axis, metric=metric))
    if metric != "hamming":  # full of ties
        reference = theirs.pairwise_distances_argmin(X, Y, axis=axis, metric=metric)
        np.testing.assert_array_equal(index, reference)


def test_of_equally_near_rows_the_first():
    Y = np.array([[2.0], [1.0], [1.0], [-1.0]])
    index, distance = pairwise_distances_argmin_min(np.array([[0.0], [1.0]]), Y)
    np.testing.assert_array_equal(index, [1, 1])
    np.testing.assert_array_equal(distance, [1, 0])


def test_metric_kwargs_of_the_nearest(iris):
    X, Y = iris[0][:90], iris[0][90:]
    for metric, options in [
        ("minkowski", {"p": 3}), ("euclidean", {"squared": True}), ("p", {"p": 1.5}), ("infinity", {}),
        ("seuclidean", {"V": np.arange(1.0, 5)}), ("euclidean", {}),
    ]:  # fmt: skip
        index, distance = pairwise_distances_argmin_min(X, Y, metric=metric, metric_kwargs=options)
        wanted = theirs.pairwise_distances_argmin_min(X, Y, metric=metric, metric_kwargs=options)
        close(distance, wanted[1])
        assert np.mean(index == wanted[0]) > 0.9  # all but ties, which its rounding errors decide


def test_the_nearest_by_scikit_learn(iris):
    X, Y = csr_array(iris[0][:90]), csr_array(iris[0][90:])
    np.testing.assert_array_equal(pairwise_distances_argmin(X, Y), theirs.pairwise_distances_argmin(X, Y))
    np.testing.assert_array_equal(
        pairwise_distances_argmin(X.toarray(), Y.toarray(), metric=lambda x, y: abs(x - y).max()),
        pairwise_distances_argmin(X.toarray(), Y.toarray(), metric="chebyshev"),
    )


# ---- a part at a time --------------------------------------------------------------------------------
@pytest.mark.filterwarnings("ignore:Could not adhere to working_memory")
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "mahalanobis", "seuclidean"])
@pytest.mark.parametrize("working_memory", [0, 0.01, None])
def test_chunks_make_up_the_matrix(iris, metric, working_memory):
    X = iris[0]
    parts = list(pairwise_distances_chunked(X, metric=metric, working_memory=working_memory))
    wanted = list(theirs.pairwise_distances_chunked(X, metric=metric, working_memory=working_memory))
    assert [part.shape for part in parts] == [part.shape for part in wanted]
    close(np.vstack(parts), np.vstack(wanted), scale=10)


def test_chunks_are_reduced(wine):
    X, Y = wine[0], wine[0][::3]

    def reduce(distances, start):
        return distances.argmin(axis=1) + start, [row.min() for row in distances]

    options = {"reduce_func": reduce, "working_memory": 0.01}
    ours = list(pairwise_distances_chunked(X, Y, **options))
    wanted = list(theirs.pairwise_distances_chunked(X, Y, **options))
    assert len(ours) == len(wanted) > 1
    for (a, b), (c, d) in zip(ours, wanted):
        np.testing.assert_array_equal(a, c)
        close(b, d, scale=1000)


def test_less_memory_than_a_row_takes_is_told(iris):
    with pytest.warns(UserWarning, match="Could not adhere to working_memory"):
        next(pairwise_distances_chunked(iris[0], working_memory=0))


def test_the_configured_working_memory_counts(iris):
    with config_context(working_memory=0.01):
        assert len(list(pairwise_distances_chunked(iris[0]))) > 1


@pytest.mark.parametrize(
    "reduced", [lambda D, start: 5, lambda D, start: D[:1], lambda D, start: ((1, 2), 3)]
)
def test_what_a_reduction_may_return(iris, reduced):
    def ours(**options):
        list(pairwise_distances_chunked(iris[0], reduce_func=reduced, **options))

    def wanted(**options):
        list(theirs.pairwise_distances_chunked(iris[0], reduce_func=reduced, **options))

    same_error(ours, wanted, working_memory=1)


# ---- errors ------------------------------------------------------------------------------------------
BAD = [
    ((np.ones((2, 2)), np.ones((2, 3))), {}),
    ((np.array([[1.0, np.nan]]),), {}),
    ((np.array([[1.0, np.inf]]),), {}),
    ((np.ones((2, 2)), np.array([[1.0, np.nan]])), {}),
    ((np.ones(3),), {}),
    ((np.ones((2, 2, 2)),), {}),
    ((np.ones((0, 2)),), {}),
    ((np.ones((2, 0)),), {}),
    (([[1, 2], [3]],), {}),
    ((np.array([["a"], ["b"]]),), {}),
    ((np.ones((2, 2)) * 1j,), {}),
    ((csr_array(np.eye(3)),), {"metric": "chebyshev"}),
    ((np.ones((2, 2)),), {"metric": "no such metric"}),
    ((np.ones((2, 2)),), {"metric": 5}),
    ((np.ones((2, 2)),), {"metric": "minkowski", "p": "three"}),
    ((np.ones((2, 2)),), {"metric": "euclidean", "nothing": 1}),
    ((np.ones((2, 2)),), {"n_jobs": 1.5}),
    ((np.ones((2, 2)),), {"ensure_all_finite": "perhaps"}),
    ((np.ones((2, 2)), np.zeros((2, 2))), {"metric": "seuclidean"}),
    ((np.ones((2, 2)), np.zeros((2, 2))), {"metric": "mahalanobis"}),
    ((np.ones((2, 3)), np.zeros((2, 2))), {"metric": "precomputed"}),
    ((-np.ones((2, 2)),), {"metric": "precomputed"}),
    (("words",), {}),
    ((None,), {}),
]


@pytest.mark.parametrize(("args", "options"), BAD, ids=lambda value: repr(value)[:60].replace("\n", ""))
def test_errors_of_distances(args, options):
    same_error(pairwise_distances, theirs.pairwise_distances, *args, **options)


@pytest.mark.parametrize("args", [args for args, options in BAD if not options], ids=lambda v: repr(v)[:60])
def test_errors_of_the_named_functions(args):
    for name in ("euclidean_distances", "manhattan_distances", "cosine_distances"):
        same_error(getattr(fastml.metrics.pairwise, name), getattr(theirs, name), *args)


@pytest.mark.parametrize(
    ("Y", "options"),
    [
        (np.ones((2, 3)), {}), (np.array([[1.0, np.nan]]), {}), (None, {}), (np.ones((2, 2)), {"axis": 2}),
        (np.ones((2, 2)), {"metric": "no such metric"}), (np.ones((2, 2)), {"metric_kwargs": 3}),
        (np.ones((0, 2)), {}),
    ],
)  # fmt: skip
def test_errors_of_the_nearest(Y, options):
    for name in ("pairwise_distances_argmin", "pairwise_distances_argmin_min"):
        same_error(getattr(fastml.metrics, name), getattr(theirs, name), np.ones((2, 2)), Y, **options)


@pytest.mark.parametrize(
    "options", [{"reduce_func": 1}, {"working_memory": -1}, {"metric": "none"}, {"n_jobs": 1.5}]
)
def test_errors_of_chunks(options):
    same_error(pairwise_distances_chunked, theirs.pairwise_distances_chunked, np.ones((2, 2)), **options)


def test_names_that_are_scikit_learns():
    assert fastml.metrics.jaccard_score is sklearn.metrics.jaccard_score
    assert fastml.metrics.pairwise.rbf_kernel is theirs.rbf_kernel
    assert "roc_auc_score" in dir(fastml.metrics)


def test_plain_calls_leave_scikit_learn_alone(python):
    python("""
        import sys
        import numpy as np
        from fastml.metrics import (
            accuracy_score, adjusted_rand_score, confusion_matrix, pairwise_distances,
            pairwise_distances_argmin_min, silhouette_score,
        )
        X, labels = np.random.rand(30, 3), np.arange(30) % 3
        pairwise_distances(X, X[:5].astype(np.float32), metric="mahalanobis", VI=np.eye(3))
        pairwise_distances([[1, 2], [3, 4]])
        pairwise_distances_argmin_min(X, X[:5])
        silhouette_score(X, labels, sample_size=20, random_state=0)
        confusion_matrix(labels, labels[::-1])
        confusion_matrix(["a", "b"], ["b", "b"])
        accuracy_score(labels, labels.astype(float))
        adjusted_rand_score(labels.tolist(), labels)
        assert "sklearn" not in sys.modules
    """)
