"""The k-means kernels on the CPU beyond the shared cases: sizes, packing, bounds, threads, hard data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastml
from fastml.kernels._compile import TILE_ROWS, lanes, tile_width
from fastml.kernels.cpu import _bounds, _panels, kmeans, kmeans_plusplus
from tests.reference import kmeans as reference
from tests.reference import kmeans_plusplus as reference_seeds

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def make(kind, n_samples, n_features, n_clusters, seed=0):
    """Rows, and centers among them: of a kind that makes comparisons err."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    if kind == "clusters":
        X += 4 * rng.normal(size=(n_clusters, n_features))[rng.integers(0, n_clusters, n_samples)]
    elif kind == "ties":
        X = rng.integers(0, 4, size=X.shape).astype(float)
    elif kind == "duplicates":
        X = X[rng.integers(0, n_samples // 5 + 1, n_samples)]
    elif kind == "constant":
        X[:] = 3
    elif kind == "constant column":
        X[:, 0] = 5
    elif kind == "far away":
        X = np.round(X * 4) * 8 + 1e8  # float32 holds multiples of 8 there
    elif kind == "an outlier":
        X[0] = 1e6
    return X, X[rng.choice(n_samples, n_clusters, replace=False)]


KINDS = [
    "normal", "clusters", "ties", "duplicates", "constant", "constant column", "far away", "an outlier",
]  # fmt: skip


def layout(X, dtype, weights=None, keep=True):
    X = X.astype(dtype)
    return kmeans.plan(X, weights, X.mean(axis=0, dtype=np.float64).astype(dtype), keep=keep)


class Run:
    """The state that a solver keeps between steps."""

    def __init__(self, plan, centers):
        self.plan = plan
        self.centers = centers.astype(plan.X.dtype) - plan.offset
        self.old, self.labels = np.empty(len(plan.X), np.int32), np.full(len(plan.X), -1, np.int32)
        self.sums, self.weights = np.zeros(centers.shape), np.zeros(len(centers))
        self.counts = np.zeros(len(centers), np.int64)

    def step(self):
        self.old, self.labels = self.labels, self.old
        sums = self.sums, self.weights, self.counts
        changed = kmeans.lloyd_step(self.plan, self.centers, self.old, self.labels, *sums)
        occupied = self.weights > 0
        self.centers = self.centers.copy()
        self.centers[occupied] = self.sums[occupied] / self.weights[occupied, None]
        return changed

    def steps(self, n):
        """Labels after each of n steps, and after the rows were assigned to the last centers."""
        found = [(self.step(), self.labels.copy()) for _ in range(n)]
        kmeans.assign(self.plan, self.centers, self.labels, self.labels)
        return [labels for _, labels in found] + [self.labels], [changed for changed, _ in found]


def check_nearest(X, centers, labels, dtype):
    """The labelled center is as near as any, up to rounding."""
    distances = reference.squared_distances(X, centers)
    nearest = distances.min(axis=1)
    size = (X.astype(np.float64) ** 2).sum(axis=1) + (centers.astype(np.float64) ** 2).sum(axis=1).max()
    room = 4 * (X.shape[1] + 2) * np.finfo(dtype).eps * size
    assert np.all(distances[np.arange(len(X)), labels] <= nearest + room)


# ---- packing ------------------------------------------------------------------------------
@each_dtype
def test_rows_are_packed_feature_by_feature(dtype):
    width = tile_width(dtype)
    for n_features in (1, lanes(dtype) - 1, lanes(dtype), lanes(dtype) + 3, 3 * lanes(dtype)):
        X = np.random.default_rng(0).normal(size=(2 * width + lanes(dtype) + 1, n_features)).astype(dtype)
        offset = X[3].copy()
        expected = np.zeros((3 * width, n_features), dtype)
        expected[: len(X)] = X - offset
        picks = np.random.default_rng(1).permutation(len(X)).astype(np.int32)
        panels = np.full((3, n_features, width), np.nan, dtype)
        packed = panels.transpose(0, 2, 1)
        _panels.pack_rows(X, offset, panels.reshape(-1), 0, len(X))
        np.testing.assert_array_equal(packed.reshape(-1, n_features), expected)
        panels[:] = np.nan
        _panels.pack_picked_rows(X, offset, picks, panels.reshape(-1), 0, len(X))
        expected[: len(X)] = expected[picks]
        np.testing.assert_array_equal(packed.reshape(-1, n_features), expected)


@each_dtype
@pytest.mark.parametrize("n_centers", range(1, 2 * TILE_ROWS + 2))
def test_padding_never_wins(dtype, n_centers):
    packed, norms = _panels.packed_centers(np.ones((n_centers, 3), dtype))
    assert n_centers <= len(norms) <= n_centers + 1
    np.testing.assert_array_equal(norms[:n_centers], 3)
    assert np.all(np.isinf(norms[n_centers:]))
    assert np.isfinite(packed).all()


# ---- assigning and summing ----------------------------------------------------------------
@each_dtype
@pytest.mark.parametrize("keep", [True, False])
def test_sizes_around_a_panel(dtype, keep):
    width = tile_width(dtype)
    for n_samples in (1, 2, width - 1, width, width + 1, 2 * width + 7):
        for n_features, n_clusters in ((1, 1), (3, 2), (5, 7), (17, 13), (40, 30)):
            n_clusters = min(n_clusters, n_samples)
            X, centers = make("normal", n_samples, n_features, n_clusters)
            plan = layout(X, dtype, keep=keep)
            run = Run(plan, centers)
            given_centers = run.centers
            assert run.step() == n_samples
            moved = plan.X - plan.offset
            check_nearest(moved, given_centers, run.labels, dtype)
            sums, weights, counts = reference.sums(moved, None, run.labels, n_clusters)
            np.testing.assert_array_equal(run.counts, counts)
            np.testing.assert_array_equal(run.weights, weights)
            np.testing.assert_allclose(run.sums, sums, rtol=1e-12, atol=1e-12)


@each_dtype
@pytest.mark.parametrize("kind", KINDS)
def test_hard_data(dtype, kind):
    X, centers = make(kind, 300, 4, 11)
    plan = layout(X, dtype)
    run = Run(plan, centers)
    given_centers = run.centers
    run.step()
    moved = plan.X - plan.offset
    check_nearest(moved, given_centers, run.labels, dtype)
    if kind in ("ties", "far away"):  # exact in either dtype, so equal distances go to the lowest index
        plan = kmeans.plan(plan.X, None, np.full(4, 1e8 if kind == "far away" else 0, dtype))
        labels = np.zeros(300, np.int32)
        exact = plan.X - plan.offset, centers.astype(dtype) - plan.offset
        kmeans.assign(plan, exact[1], labels, labels)
        np.testing.assert_array_equal(labels, reference.assign(*exact))


@each_dtype
def test_sums_stay_exact_as_rows_move(dtype):
    X, centers = make("clusters", 2000, 3, 20)
    weights = np.random.default_rng(1).integers(0, 3, 2000).astype(dtype)
    plan = layout(X, dtype, weights)
    run = Run(plan, centers)
    for _ in range(8):
        run.step()
    sums, total, counts = reference.sums(plan.X - plan.offset, weights, run.labels, 20)
    np.testing.assert_allclose(run.sums, sums, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(run.weights, total)
    np.testing.assert_array_equal(run.counts, counts)


def test_a_cluster_that_loses_its_rows_is_exactly_empty():
    X = np.array([[0.1], [0.2], [0.7], [5.3]])
    plan = kmeans.plan(X, np.array([0.1, 0.2, 0.3, 0.4]), np.zeros(1))
    run = Run(plan, np.array([[0.3], [0.35], [5.0]]))
    run.step()
    assert run.counts.tolist() == [2, 1, 1]
    run.centers = np.array([[100.0], [1.0], [5.0]])
    run.step()
    assert run.counts.tolist() == [0, 3, 1]
    assert run.weights[0] == 0
    assert run.sums[0, 0] == 0


@each_dtype
@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_and_blocks_change_no_bit(dtype, n_threads, monkeypatch):
    X, centers = make("clusters", 6000, 9, 23)
    whole = Run(layout(X, dtype), centers)
    expected = whole.steps(4)[0]
    monkeypatch.setattr(kmeans, "BOUNDS_OPERATIONS", 0)
    monkeypatch.setattr(kmeans, "BOUNDS_BYTES", 0)
    monkeypatch.setattr(_panels, "BLOCK_OPERATIONS", 1)
    monkeypatch.setattr(_bounds, "BLOCK_ROWS", (512, 512))
    monkeypatch.setattr("fastml._machine.WORK_PER_THREAD", 1, raising=False)
    monkeypatch.setattr("fastml._threads.WORK_PER_THREAD", 1, raising=False)
    for keep in (True, False):
        with fastml.config_context(n_threads=n_threads):
            parts = Run(layout(X, dtype, keep=keep), centers)
            found = parts.steps(4)[0]
        for a, b in zip(found, expected):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(parts.sums, whole.sums)


# ---- bounds ---------------------------------------------------------------------------------
@each_dtype
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [True, False])
def test_bounds_change_no_label(dtype, kind, keep, monkeypatch):
    for n_features, n_clusters in ((1, 9), (3, 25), (20, 40)):
        X, centers = make(kind, 3000, n_features, n_clusters)
        expected = Run(layout(X, dtype), centers).steps(12)
        with monkeypatch.context() as patch:
            patch.setattr(kmeans, "BOUNDS_OPERATIONS", 0)
            patch.setattr(kmeans, "BOUNDS_BYTES", 0)
            run = Run(layout(X, dtype, keep=keep), centers)
            found = run.steps(12)
            assert run.plan.bounds is not None
        assert found[1] == expected[1]
        for a, b in zip(found[0], expected[0]):
            np.testing.assert_array_equal(a, b)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(3, 400),
    st.integers(1, 6),
    st.integers(3, 30),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_bounds_change_no_label_of_any_data(seed, n_samples, n_features, n_clusters, kind, narrow):
    dtype = np.float32 if narrow else np.float64
    X, centers = make(kind, n_samples, n_features, min(n_clusters, n_samples), seed)
    expected = Run(layout(X, dtype), centers).steps(8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kmeans, "BOUNDS_OPERATIONS", 0)
        patch.setattr(kmeans, "BOUNDS_BYTES", 0)
        found = Run(layout(X, dtype), centers).steps(8)
    assert found[1] == expected[1]
    for a, b in zip(found[0], expected[0]):
        np.testing.assert_array_equal(a, b)


def test_bounds_spare_most_comparisons(monkeypatch):
    X, centers = make("clusters", 20_000, 8, 40)
    run = Run(layout(X, np.float32), centers)
    monkeypatch.setattr(kmeans, "BOUNDS_OPERATIONS", 0)
    monkeypatch.setattr(kmeans, "BOUNDS_BYTES", 0)
    compared = []

    def nearest_two(panels, packed, norms, scores, where, n_features, n_rows):
        compared[-1] += n_rows * len(norms)
        _nearest_two(panels, packed, norms, scores, where, n_features, n_rows)

    _nearest_two = _bounds.nearest_two
    monkeypatch.setattr(_bounds, "nearest_two", nearest_two)
    for _ in range(40):
        compared.append(0)
        run.step()
    assert compared[1] >= 20_000 * 40
    assert sum(compared[20:]) < 0.3 * 20 * 20_000 * 40


def test_bounds_are_forgotten_with_a_new_run(monkeypatch):
    monkeypatch.setattr(kmeans, "BOUNDS_OPERATIONS", 0)
    monkeypatch.setattr(kmeans, "BOUNDS_BYTES", 0)
    X, centers = make("clusters", 2000, 5, 15)
    plan = layout(X, np.float64)
    Run(plan, centers).steps(5)
    again, fresh = Run(plan, centers[::-1]), Run(layout(X, np.float64), centers[::-1])
    for a, b in zip(again.steps(5)[0], fresh.steps(5)[0]):
        np.testing.assert_array_equal(a, b)


# ---- distances and statistics ---------------------------------------------------------------
@each_dtype
def test_inertia_does_not_cancel(dtype):
    offset = 1e4 if dtype == np.float32 else 1e8
    X, centers = make("normal", 500, 3, 4)
    X, centers = (X + offset).astype(dtype), (centers + offset).astype(dtype)
    plan = layout(X, dtype)
    labels = np.zeros(500, np.int32)
    distances = np.empty(500, dtype)
    total = kmeans.row_distances(plan, centers - plan.offset, labels, distances)
    expected, inertia = reference.row_distances(X, None, centers, labels)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    assert total == pytest.approx(inertia, rel=1e-6)


@each_dtype
def test_statistics_of_one_row_and_one_column(dtype):
    for shape in ((1, 1), (1, 5), (300, 1)):
        X = np.random.default_rng(0).normal(size=shape).astype(dtype)
        means, variances = kmeans.column_statistics(X)
        np.testing.assert_allclose(means, X.mean(axis=0, dtype=np.float64), rtol=1e-12)
        np.testing.assert_allclose(variances, X.var(axis=0, dtype=np.float64), rtol=1e-10, atol=1e-15)


# ---- seeds ------------------------------------------------------------------------------------
@each_dtype
@pytest.mark.parametrize("kind", ["normal", "ties", "duplicates", "constant", "an outlier"])
def test_seeds_are_those_of_the_definition(dtype, kind):
    for n_samples in (1, 3, 70, kmeans_plusplus.SEED_ROWS + 5):
        X, _ = make(kind, n_samples, 3, 1)
        X = X.astype(dtype)
        weights = np.random.default_rng(1).integers(0, 3, n_samples).astype(dtype)
        weights[0] = 1
        plan = kmeans.plan(X, weights, np.zeros(3, dtype))
        uniforms = np.random.default_rng(2).uniform(size=(5, 9))
        seeds = kmeans_plusplus.start_seeds(plan, 0, 9)
        found = [0] + [kmeans_plusplus.add_seed(plan, seeds, u) for u in uniforms]
        expected, potential = reference_seeds.choose_seeds(X, weights, 0, uniforms)
        if kind in ("ties", "constant") or dtype == np.float64:
            assert found == expected
        assert seeds.potential == pytest.approx(
            potential, rel=1e-3 if dtype == np.float32 else 1e-9, abs=1e-9
        )
