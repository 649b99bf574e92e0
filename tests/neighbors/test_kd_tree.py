"""KDTree against scikit-learn's."""

import pickle

import numpy as np
import pytest
import sklearn.neighbors as theirs

import fastml.neighbors as ours

METRICS = [
    ("euclidean", {}), ("l2", {}), ("minkowski", {}), ("minkowski", {"p": 3}), ("p", {"p": 1}),
    ("manhattan", {}), ("cityblock", {}), ("l1", {}), ("chebyshev", {}), ("infinity", {}),
]  # fmt: skip
each_metric = pytest.mark.parametrize(("metric", "params"), METRICS)


def data(dtype=np.float64):
    rng = np.random.default_rng(0)
    return rng.normal(size=(500, 3)).astype(dtype), rng.normal(size=(60, 3)).astype(dtype)


@each_metric
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_query(metric, params, dtype):
    X, Q = data(dtype)
    mine, right = (module.KDTree(X, metric=metric, **params) for module in (ours, theirs))
    for k in (1, 5, 500):
        for found, expected in zip(mine.query(Q, k), right.query(Q, k)):
            np.testing.assert_allclose(found, expected)
        np.testing.assert_array_equal(mine.query(Q, k, return_distance=False), right.query(Q, k)[1])


@each_metric
def test_query_radius(metric, params):
    X, Q = data()
    mine, right = (module.KDTree(X, metric=metric, **params) for module in (ours, theirs))
    for r in (0.0, 0.7, np.linspace(0, 3, len(Q)), np.inf):
        np.testing.assert_array_equal(
            mine.query_radius(Q, r, count_only=True), right.query_radius(Q, r, count_only=True)
        )
        found = mine.query_radius(Q, r, return_distance=True, sort_results=True)
        expected = right.query_radius(Q, r, return_distance=True, sort_results=True)
        for one, two in zip(zip(*found), zip(*expected)):
            np.testing.assert_array_equal(one[0], two[0])
            np.testing.assert_allclose(one[1], two[1])
        plain = mine.query_radius(Q, r)
        assert [sorted(row) for row in plain] == [sorted(row) for row in expected[0]]


def test_what_scikit_learns_tree_does():
    X, Q = data()
    weights = np.arange(1.0, 501.0)
    mine, right = (module.KDTree(X, sample_weight=weights) for module in (ours, theirs))
    np.testing.assert_allclose(mine.kernel_density(Q, 0.5), right.kernel_density(Q, 0.5))
    r = np.linspace(0, 2, 5)
    np.testing.assert_array_equal(mine.two_point_correlation(Q, r), right.two_point_correlation(Q, r))
    assert mine.valid_metrics == right.valid_metrics


def test_arrays():
    X, _ = data()
    mine = ours.KDTree(X, leaf_size=40)
    points, order, nodes, bounds = mine.get_arrays()
    np.testing.assert_array_equal(points, X)
    assert sorted(order) == list(range(500))
    assert nodes["idx_end"][0] == 500 and nodes["is_leaf"].sum() == (len(nodes) + 1) // 2
    for node, low, high in zip(nodes, *bounds):
        inside = X[order[node["idx_start"] : node["idx_end"]]]
        np.testing.assert_array_equal(inside.min(axis=0), low)
        np.testing.assert_array_equal(inside.max(axis=0), high)
        assert node["radius"] == pytest.approx(np.linalg.norm(high - low) / 2)


def test_pickling():
    X, Q = data()
    tree = ours.KDTree(X)
    for found, expected in zip(pickle.loads(pickle.dumps(tree)).query(Q, 3), tree.query(Q, 3)):
        np.testing.assert_array_equal(found, expected)


def test_distances_that_overflow():
    X, Q = data()
    mine, right = (module.KDTree(X * 1e200) for module in (ours, theirs))
    np.testing.assert_array_equal(mine.query(Q * 1e200, 2)[0], right.query(Q * 1e200, 2)[0])


@pytest.mark.parametrize(
    "call",
    [
        lambda cls, X, Q: cls(X, leaf_size=0),
        lambda cls, X, Q: cls(X, metric="canberra"),
        lambda cls, X, Q: cls(X, metric="nonsense"),
        lambda cls, X, Q: cls(X[:0]),
        lambda cls, X, Q: cls(X).query(Q, 501),
        lambda cls, X, Q: cls(X).query(Q[:, :2]),
        lambda cls, X, Q: cls(X).query_radius(Q[:, :2], 1.0),
        lambda cls, X, Q: cls(X).query_radius(Q, 1.0, count_only=True, return_distance=True),
        lambda cls, X, Q: cls(X).query_radius(Q, 1.0, sort_results=True),
        lambda cls, X, Q: cls(X).query_radius(Q, [1.0, 2.0]),
        lambda cls, X, Q: cls(X * np.nan),
    ],
)
def test_errors(call):
    raised = []
    for cls in (ours.KDTree, theirs.KDTree):
        with pytest.raises(ValueError) as error:
            call(cls, *data())
        raised.append(str(error.value))
    assert raised[0] == raised[1]
