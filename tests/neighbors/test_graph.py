"""Graphs of neighbours against scikit-learn's."""

import numpy as np
import pytest
import sklearn
import sklearn.neighbors as theirs
from scipy import sparse

import fastml.neighbors as ours
from fastml.solvers import neighbors as solver

MODES = pytest.mark.parametrize("mode", ["connectivity", "distance"])
SELF = pytest.mark.parametrize("include_self", [True, False, "auto"])
METRIC = pytest.mark.parametrize("metric", ["minkowski", "manhattan", "cosine"])


def points():
    return np.random.default_rng(0).normal(size=(60, 4))


def same(found, expected):
    assert type(found) is type(expected) and found.shape == expected.shape
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-12)


@MODES
@SELF
@METRIC
def test_kneighbors_graph(mode, include_self, metric):
    params = {"mode": mode, "include_self": include_self, "metric": metric}
    same(*(module.kneighbors_graph(points(), 5, **params) for module in (ours, theirs)))


@MODES
@SELF
@METRIC
def test_radius_neighbors_graph(mode, include_self, metric):
    params = {"mode": mode, "include_self": include_self, "metric": metric}
    radius = 0.3 if metric == "cosine" else 1.5
    same(*(module.radius_neighbors_graph(points(), radius, **params) for module in (ours, theirs)))


def test_graphs_of_fitted_estimators():
    mine, right = (m.NearestNeighbors(n_neighbors=4, radius=1.2).fit(points()) for m in (ours, theirs))
    same(ours.kneighbors_graph(mine, 4), theirs.kneighbors_graph(right, 4))
    same(ours.radius_neighbors_graph(mine, 1.2), theirs.radius_neighbors_graph(right, 1.2))
    same(mine.kneighbors_graph(), right.kneighbors_graph())
    same(mine.radius_neighbors_graph(points()[:7], mode="distance", sort_results=True),
         right.radius_neighbors_graph(points()[:7], mode="distance", sort_results=True))  # fmt: skip
    for module, model in ((ours, mine), (theirs, right)):
        with pytest.raises(ValueError, match="Got manhattan for metric, while the estimator has minkowski"):
            module.kneighbors_graph(model, 4, metric="manhattan")


def test_graphs_of_sparse_points():
    X = sparse.random(40, 30, density=0.2, format="csr", random_state=0)
    for include_self in (True, False):
        same(*(module.kneighbors_graph(X, 3, include_self=include_self) for module in (ours, theirs)))


@pytest.mark.skipif(
    "sparse_interface" not in sklearn.get_config(), reason="scikit-learn before 1.9 has sparse matrices only"
)
def test_sparse_arrays_where_scikit_learn_is_configured_so():
    with sklearn.config_context(sparse_interface="sparray"):
        same(*(module.kneighbors_graph(points(), 5) for module in (ours, theirs)))


def test_graphs_become_precomputed_distances():
    X = points()
    graph = ours.kneighbors_graph(X, 10, mode="distance", include_self=False)
    graph = ours.sort_graph_by_row_values(graph, warn_when_not_sorted=False)
    model = ours.NearestNeighbors(n_neighbors=5, metric="precomputed").fit(graph)
    np.testing.assert_array_equal(
        model.kneighbors(graph, return_distance=False),
        ours.NearestNeighbors().fit(X).kneighbors(return_distance=False),
    )


@pytest.mark.parametrize(
    "params", [{"mode": "what"}, {"include_self": "what"}, {"metric": "what"}, {"p": -1}]
)
def test_wrong_parameters(params):
    for module in (ours, theirs):
        with pytest.raises(ValueError):
            module.kneighbors_graph(points(), 3, **params)
        with pytest.raises(ValueError):
            module.radius_neighbors_graph(points(), 3.0, **params)
    with pytest.raises(ValueError):
        ours.kneighbors_graph(points(), 0)


@pytest.mark.parametrize("n_pairs", [1, 700, 1 << 16])
@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_points_leave_themselves_out_a_few_rows_at_a_time(monkeypatch, wine, mode, n_pairs):
    monkeypatch.setattr(solver, "DROP_PAIRS", n_pairs)
    X = np.vstack([wine[0], wine[0][:40]])  # with neighbours at no distance
    radius = {"radius": 60.0, "mode": mode}
    found = ours.radius_neighbors_graph(X, **radius)
    whole = ours.radius_neighbors_graph(X, include_self=True, **radius)
    assert whole.nnz - found.nnz == len(X)
    np.testing.assert_array_equal(np.diff(found.indptr), np.diff(whole.indptr) - 1)
    expected = whole.copy()
    expected.data += 1  # zeros are edges too
    expected.setdiag(0)
    expected.eliminate_zeros()
    found.data += 1
    np.testing.assert_array_equal(found.toarray(), expected.toarray())
