"""The reference case list: what every launcher must do, on every device, in float32 and in float64.

A case is a function of a `Run`: it makes small data, calls the launcher and compares with the naive
reference. Sizes are ragged on purpose; data holds duplicates, ties and constant columns, and a common offset
where cancellation threatens.
"""

import inspect
import os
import sys

import numpy as np

from fastml._device import CPU, CUDA
from tests.reference import columns as reference_columns
from tests.reference import counts as reference_counts
from tests.reference import distance as reference_distance
from tests.reference import kmeans as reference_kmeans
from tests.reference import kmeans_plusplus as reference_seeds
from tests.reference import neighbors as reference_neighbors
from tests.reference import scaling as reference_scaling
from tests.reference import silhouette as reference_silhouette

DTYPES = ("float32", "float64")


class Run:
    """A device, a dtype, and data from a fixed seed."""

    def __init__(self, device, dtype):
        self.device = {"cpu": CPU, "cuda": CUDA}[device]
        self.dtype = np.dtype(dtype)
        self.rng = np.random.RandomState(7)

    @property
    def simulated(self):
        """Whether threads run one after the other, so that data has to be small."""
        return self.device.name == "cuda" and os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"

    def bearable(self, *sizes):
        """Those of the sizes that a simulation can bear; elsewhere all."""
        return [n for n in sizes if n <= 80 or not self.simulated]

    @property
    def eps(self):
        return float(np.finfo(self.dtype).eps)

    def normal(self, *shape, offset=0.0):
        return (self.rng.standard_normal(shape) + offset).astype(self.dtype)

    def small_integers(self, *shape):
        """Data full of ties, whose distances are exact."""
        return self.rng.randint(-2, 3, shape).astype(self.dtype)

    def there(self, *arrays):
        """Arrays moved to the device."""
        moved = [a if a is None else self.device.asarray(a) for a in arrays]
        return moved[0] if len(moved) == 1 else moved

    def there_if_elsewhere(self, *arrays):
        """Arrays moved to the device, as a user would who has them there."""
        return [self.device.asarray(a) for a in arrays] if self.device.name == "cuda" else arrays

    def zeros(self, shape, dtype=None):
        return self.device.zeros(shape, self.dtype if dtype is None else dtype)

    def close(self, found, expected, *, factor=64, scale=1.0):
        """Compare up to rounding errors of the run's dtype."""
        found = self.device.to_host(found)
        expected = np.asarray(expected)
        assert found.shape == expected.shape, (found.shape, expected.shape)
        tolerance = factor * self.eps
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)

    def equal(self, found, expected):
        np.testing.assert_array_equal(self.device.to_host(found), expected)


# ---- distance ------------------------------------------------------------------------------
METRICS = tuple(reference_distance.DEFINITIONS)


def _pairwise(run, metric, X, Y, p=2.0):
    expected = np.empty((len(X), len(Y)))
    reference_distance.pairwise(X, Y, metric, expected, p)
    out = run.zeros(expected.shape)
    there = run.there(X)
    run.device.kernels.distance.pairwise(there, there if Y is X else run.there(Y), metric, out, p)
    run.close(out, expected)


def pairwise_of_each_metric(run):
    X, Y = run.normal(37, 11), run.normal(5, 11)
    for metric in METRICS:
        _pairwise(run, metric, X, Y, p=3.0)


def pairwise_with_itself(run):
    X = run.normal(35, 3)
    X[4] = 0
    for metric in ("euclidean", "cosine", "manhattan"):
        _pairwise(run, metric, X, X)


def pairwise_of_one_row_and_column(run):
    _pairwise(run, "euclidean", run.normal(1, 1), run.normal(3, 1))
    _pairwise(run, "canberra", run.normal(1, 1), run.normal(1, 1))


def pairwise_far_from_the_origin(run):
    offset = 1e4 if run.dtype == np.float32 else 1e8
    X = (run.small_integers(9, 5) + run.dtype.type(offset)).astype(run.dtype)
    _pairwise(run, "euclidean", X, X[:4].copy())


def minkowski_with_a_power_that_has_a_name(run):
    X, Y = run.normal(6, 4), run.normal(7, 4)
    for p in (1.0, 2.0, np.inf):
        out = run.zeros((6, 7))
        run.device.kernels.distance.pairwise(*run.there(X, Y), "minkowski", out, p)
        run.close(out, reference_neighbors.distances_of(X, Y, {np.inf: "chebyshev"}.get(p, "minkowski"), p))


def nearest_with_ties(run):
    X, Y = run.small_integers(40, 3), run.small_integers(70, 3)
    for metric in ("euclidean", "manhattan", "chebyshev", "hamming"):
        index, distance = np.empty(40, np.int64), np.empty(40)
        reference_distance.nearest(X, Y, metric, index, distance)
        index_out, distance_out = run.zeros(40, np.int64), run.zeros(40)
        run.device.kernels.distance.nearest(*run.there(X, Y), metric, index_out, distance_out)
        run.equal(index_out, index)
        run.close(distance_out, distance)


def nearest_by_angle(run):
    X, Y = run.normal(9, 10), run.normal(33, 10)
    index, distance = np.empty(9, np.int64), np.empty(9)
    reference_distance.nearest(X, Y, "cosine", index, distance)
    index_out, distance_out = run.zeros(9, np.int64), run.zeros(9)
    run.device.kernels.distance.nearest(*run.there(X, Y), "cosine", index_out, distance_out)
    run.equal(index_out, index)
    run.close(distance_out, distance)


# ---- silhouette ----------------------------------------------------------------------------
def mean_distances_to_clusters(run):
    X = run.normal(30, 5)
    X[3] = 0
    offsets = np.array([0, 7, 8, 21, 30])
    for metric in ("euclidean", "manhattan", "cosine"):
        own, nearest = np.empty(30), np.empty(30)
        reference_silhouette.mean_distances(X, offsets, metric, own, nearest)
        own_out, nearest_out = run.zeros(30, np.float64), run.zeros(30, np.float64)
        run.device.kernels.silhouette.mean_distances(*run.there(X, offsets), metric, own_out, nearest_out)
        run.close(own_out, own)
        run.close(nearest_out, nearest)


# ---- k-means -------------------------------------------------------------------------------
def _clusters(run, n_samples, n_features, n_clusters, weighted, offset=0.0):
    X = run.normal(n_samples, n_features, offset=offset)
    weights = run.rng.randint(0, 4, n_samples).astype(run.dtype) if weighted else None
    plan = run.device.kernels.kmeans.plan(*run.there(X, weights, X.mean(axis=0)))
    moved = X - run.device.to_host(plan.offset)
    return plan, moved, weights, moved[:n_clusters] + run.dtype.type(0.25)


def lloyd_step_moves_rows(run):
    for weighted in (False, True):
        plan, X, weights, centers = _clusters(run, 70, 9, 37, weighted)
        old, labels = run.there(np.full(70, -1, np.int32)), run.zeros(70, np.int32)
        sums, totals = run.zeros((37, 9), np.float64), run.zeros(37, np.float64)
        counts = run.zeros(37, np.int64)
        args = run.there(centers), old, labels, sums, totals, counts
        assert run.device.kernels.kmeans.lloyd_step(plan, *args) == 70
        expected = reference_kmeans.assign(X, centers)
        run.equal(labels, expected)
        expected_sums, expected_totals, expected_counts = reference_kmeans.sums(X, weights, expected, 37)
        run.close(sums, expected_sums, scale=10)
        run.close(totals, expected_totals)
        run.equal(counts, expected_counts)


def lloyd_step_without_a_change(run):
    plan, X, _, centers = _clusters(run, 20, 2, 3, False)
    labels = reference_kmeans.assign(X, centers).astype(np.int32)
    out, sums = run.zeros(20, np.int32), run.zeros((3, 2), np.float64)
    totals, counts = run.zeros(3, np.float64), run.zeros(3, np.int64)
    step = run.device.kernels.kmeans.lloyd_step
    assert step(plan, *run.there(centers, labels), out, sums, totals, counts) == 0
    run.equal(out, labels)


def sums_are_divided(run):
    for n_clusters, n_features, n_empty in ((1, 1, 0), (5, 70, 0), (7, 3, 2), (2, 300, 2)):
        centers, sums = run.normal(n_clusters, n_features), run.rng.normal(size=(n_clusters, n_features))
        weights = run.rng.uniform(0.5, 9, n_clusters)
        weights[:n_empty], sums[:n_empty] = 0, 0
        means, shift, empty = run.device.kernels.kmeans.divide_sums(*run.there(sums, weights, centers))
        expected = reference_kmeans.means(sums, weights, centers)
        run.close(means, expected)
        assert means.dtype == run.dtype and empty == n_empty
        moved = expected.astype(run.dtype).astype(np.float64) - centers
        np.testing.assert_allclose(shift, (moved**2).sum(), rtol=1e-6)


def assign_takes_the_lowest_of_equals(run):
    X = run.small_integers(40, 3)
    plan = run.device.kernels.kmeans.plan(run.there(X), None, run.zeros(3))
    centers = np.concatenate([X[:20], X[:20]])
    labels = run.zeros(40, np.int32)
    changed = run.device.kernels.kmeans.assign(plan, run.there(centers), labels, labels)
    expected = reference_kmeans.assign(X, centers)
    run.equal(labels, expected)
    assert changed == (expected != 0).sum()


def statistics_for_a_plan(run):
    offset = 1e3 if run.dtype == np.float32 else 1e8
    X = run.normal(600, 3, offset=offset)
    X[:, 1] = run.dtype.type(offset)
    means, variances = map(run.device.to_host, run.device.kernels.kmeans.column_statistics(run.there(X)))
    exact = X.astype(np.longdouble)
    np.testing.assert_allclose(means, exact.mean(axis=0).astype(np.float64), rtol=1e-14)
    np.testing.assert_allclose(variances, exact.var(axis=0).astype(np.float64), rtol=1e-6)
    assert variances[1] == 0


def distances_from_centers(run):
    for weighted in (False, True):
        plan, X, weights, centers = _clusters(run, 11, 40, 4, weighted)
        labels = reference_kmeans.assign(X, centers).astype(np.int32)
        distances = run.zeros(11)
        inertia = run.device.kernels.kmeans.row_distances(plan, *run.there(centers, labels), distances)
        expected, total = reference_kmeans.row_distances(X, weights, centers, labels)
        run.close(distances, expected)
        assert abs(inertia - total) < 64 * run.eps * total
        assert run.device.kernels.kmeans.inertia(plan, *run.there(centers, labels)) == inertia


def seeds_of_kmeans_plusplus(run):
    for weighted in (False, True):
        plan, X, weights, _ = _clusters(run, 150, 3, 5, weighted)
        kernels = run.device.kernels.kmeans_plusplus
        uniforms = run.rng.uniform(size=(4, 5))
        seeds = kernels.start_seeds(plan, 17, 5)
        found = [17] + [kernels.add_seed(plan, seeds, u) for u in uniforms]
        expected, potential = reference_seeds.choose_seeds(X, weights, 17, uniforms)
        assert found == expected
        assert abs(seeds.potential - potential) < 64 * run.eps * potential


# ---- neighbours ----------------------------------------------------------------------------
def _find_nearest(run, X, Y, k):
    distances, indices = reference_neighbors.find_nearest(X, Y, k)
    distances_out, indices_out = run.zeros((len(X), k), np.float64), run.zeros((len(X), k), np.int64)
    run.device.kernels.neighbors.find_nearest(*run.there(X, Y), distances_out, indices_out)
    run.equal(indices_out, indices)
    np.testing.assert_allclose(run.device.to_host(distances_out), distances, rtol=1e-12)


def nearest_neighbors(run):
    X, Y = run.normal(20, 9), run.normal(67, 9)
    for k in (1, 5):
        _find_nearest(run, X, Y, k)
    _find_nearest(run, X[:3].copy(), Y, 10)


def nearest_neighbors_with_ties(run):
    _find_nearest(run, run.small_integers(18, 2), run.small_integers(50, 2), 4)


def nearest_neighbors_all_of_them(run):
    Y = run.normal(40, 3)
    _find_nearest(run, Y[:3].copy(), Y, 40)
    _find_nearest(run, Y[:17].copy(), Y[:2].copy(), 2)


def nearest_neighbors_far_from_the_origin(run):
    offset = 1e4 if run.dtype == np.float32 else 1e8
    _find_nearest(run, run.normal(17, 4, offset=offset), run.normal(30, 4, offset=offset), 2)


def nearest_neighbors_at_distances_that_overflow(run):
    huge = run.dtype.type(1e30 if run.dtype == np.float32 else 1e150)
    _find_nearest(run, run.normal(17, 3) * huge, run.normal(9, 3) * huge, 2)


def neighbors_within_a_radius(run):
    X, Y = run.small_integers(21, 3), run.small_integers(45, 3)
    limits = np.concatenate([run.rng.randint(0, 9, 19), [0, np.inf]]).astype(np.float64)
    starts, distances, indices = reference_neighbors.list_within(X, Y, limits)
    there = *run.there(X, Y, limits), run.zeros(21, np.int64)
    run.device.kernels.neighbors.count_within(*there)
    run.equal(there[3], np.diff(starts))
    distances_out, indices_out = run.zeros(len(distances), np.float64), run.zeros(len(distances), np.int64)
    run.device.kernels.neighbors.list_within(*there[:3], run.there(starts), distances_out, indices_out)
    run.equal(indices_out, indices)
    run.equal(distances_out, distances)


def rows_sorted_by_distance(run):
    starts = np.array([0, 0, 5, 6, 30])
    distances = run.rng.randint(0, 4, 30).astype(np.float64)
    indices = run.rng.permutation(30)
    expected = reference_neighbors.sort_rows(starts, distances, indices)
    distances_out, indices_out = run.there(distances.copy(), indices.copy())
    run.device.kernels.neighbor_lists.sort_rows(run.there(starts), distances_out, indices_out)
    run.equal(distances_out, expected[0])
    run.equal(indices_out, expected[1])


def panels_merged_into_lists(run):
    panel = run.small_integers(9, 70)
    distances_out, indices_out = run.zeros((9, 6), np.float64), run.zeros((9, 6), np.int64)
    distances_out.fill(np.inf)
    indices_out.fill(np.iinfo(np.int64).max)
    for first in (0, 40):
        part = run.there(panel[:, first : first + 40].copy())
        run.device.kernels.neighbor_lists.merge_panel(part, first, distances_out, indices_out)
    run.device.kernels.neighbor_lists.sort_rows(
        run.there(np.arange(0, 55, 6)), distances_out.reshape(-1), indices_out.reshape(-1)
    )
    expected = reference_neighbors.nearest_of(panel.astype(np.float64), 6)
    run.equal(distances_out, expected[0])
    run.equal(indices_out, expected[1])


def votes_and_averages(run):
    starts = np.array([0, 3, 3, 8])
    indices = run.rng.randint(0, 10, 8)
    labels, y = run.rng.randint(0, 3, 10), run.rng.standard_normal((10, 2))
    for weights in (None, run.rng.uniform(1, 2, 8)):
        there = run.there(starts, indices, weights)
        votes, means = run.zeros((3, 3), np.float64), run.zeros((3, 2), np.float64)
        run.device.kernels.neighbor_lists.count_votes(*there, run.there(labels), votes)
        run.close(votes, reference_neighbors.count_votes(starts, indices, weights, labels, 3))
        run.device.kernels.neighbor_lists.average_neighbors(*there, run.there(y), means)
        run.close(means, reference_neighbors.average_neighbors(starts, indices, weights, y))


# ---- columns and scaling -------------------------------------------------------------------
def _with_gaps(run, n_samples=600, n_features=35):
    X = run.normal(n_samples, n_features, offset=1e3)
    X[run.rng.uniform(size=X.shape) < 0.1] = np.nan
    X[:, 3] = np.nan
    X[:, 4] = 7.3
    return X


def moments_of_columns(run):
    X = _with_gaps(run)
    for weights in (None, run.rng.randint(0, 3, 600).astype(np.float64)):
        found = run.device.kernels.columns.column_moments(*run.there(X, weights))
        counts, means, squares = reference_columns.column_moments(X, weights)
        run.equal(found[0], counts)
        run.close(found[1], means, factor=4)
        np.testing.assert_allclose(run.device.to_host(found[2]), squares, rtol=1e-9)
        assert run.device.to_host(found[2])[4] == 0


def moments_of_one_row(run):
    X = run.normal(1, 2)
    counts, means, squares = run.device.kernels.columns.column_moments(run.there(X))
    run.equal(counts, [1, 1])
    run.equal(means, X[0])
    run.equal(squares, [0, 0])


def extremes_of_columns(run):
    X = _with_gaps(run)
    X[5, 6] = np.inf
    for found, expected in zip(
        run.device.kernels.columns.column_extremes(run.there(X)), reference_columns.column_extremes(X)
    ):
        run.equal(found, expected)


def quantiles_of_columns(run):
    X, fractions = _with_gaps(run, 33, 5), [0.0, 0.25, 0.5, 0.9, 1.0]
    found = run.device.kernels.columns.column_quantiles(run.there(X), fractions)
    np.testing.assert_allclose(
        run.device.to_host(found), reference_columns.column_quantiles(X, fractions), rtol=1e-14
    )


def scaling_of_rows(run):
    X, shift, scale = run.normal(50, 7), run.normal(7), np.abs(run.normal(7)) + 1
    X[2, 3] = np.nan
    for name in ("subtract_divide", "multiply_add"):
        for limits in ((), (-0.5, 0.25)):
            expected, out = np.empty_like(X), run.zeros(X.shape)
            getattr(reference_scaling, name)(X, shift, scale, expected, *limits)
            launcher = getattr(run.device.kernels.scaling, name)
            assert launcher(*run.there(X, shift, scale), out, *limits) is False
            run.close(out, expected, factor=4)


def scaling_reports_infinity(run):
    X = run.normal(9, 3)
    X[8, 2] = -np.inf
    there = run.there(X.copy())
    ones = run.there(np.ones(3, run.dtype))
    assert run.device.kernels.scaling.subtract_divide(there, ones, ones, there) is True
    run.equal(there, X - 1)


def rows_divided_by_norms(run):
    X = run.normal(11, 40)
    X[4], X[5, 0] = 0, np.nan
    for norm in ("l1", "l2", "max"):
        expected, out = np.empty_like(X), run.zeros(X.shape)
        norms = reference_scaling.normalize_rows(X, norm, expected)
        run.close(run.device.kernels.scaling.normalize_rows(run.there(X), norm, out), norms, factor=4)
        run.close(out, expected, factor=4)


# ---- counts --------------------------------------------------------------------------------
def pairs_of_labels(run):
    for n_rows, n_columns in ((3, 4), (65, 64)):
        rows, columns = run.rng.randint(-1, n_rows - 1, 500), run.rng.randint(5, n_columns + 5, 500)
        counts = np.ones((n_rows, n_columns), np.int64)
        counts_out = run.there(counts.copy())
        reference_counts.count_pairs(rows, columns, -1, 5, counts)
        run.device.kernels.counts.count_pairs(*run.there(rows, columns), -1, 5, counts_out)
        run.equal(counts_out, counts)


def weights_of_pairs_of_labels(run):
    rows, columns = run.rng.randint(-1, 2, 500), run.rng.randint(5, 9, 500)
    weights, table = run.rng.uniform(size=500), np.ones((3, 4))
    table_out = run.there(table.copy())
    reference_counts.add_pairs(rows, columns, weights, -1, 5, table)
    run.device.kernels.counts.add_pairs(*run.there(rows, columns, weights), -1, 5, table_out)
    np.testing.assert_allclose(run.device.to_host(table_out), table, rtol=1e-13)


def ranges_and_equal_labels(run):
    a, b = run.rng.randint(-5, 6, 100), run.rng.randint(-5, 6, 100)
    assert run.device.kernels.counts.find_range(run.there(a)) == reference_counts.find_range(a)
    assert run.device.kernels.counts.count_equal(*run.there(a, b)) == reference_counts.count_equal(a, b)


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
