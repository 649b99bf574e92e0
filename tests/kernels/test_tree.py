"""The kernels of decision trees against the definitions."""

import numpy as np
import pytest

from fastml.kernels.cpu import _tree_sort, tree, tree_columns, tree_predict, tree_pruning
from tests.reference import tree as reference
from tests.reference import tree_columns as reference_columns
from tests.reference import tree_predict as reference_predict
from tests.reference import tree_pruning as reference_pruning

CRITERIA = ("gini", "entropy", "squared_error", "absolute_error", "poisson")
KINDS = ("normal", "ties", "constant column", "duplicates", "far away", "missing", "close together")
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
each_criterion = pytest.mark.parametrize("criterion", CRITERIA)
each_kind = pytest.mark.parametrize("kind", KINDS)


def make(kind, n_samples, n_features, dtype=np.float64, seed=0):
    """Data of a kind that makes searches err."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    if kind == "ties":
        X = np.round(X)
    elif kind == "constant column":
        X[:, 0] = 5
    elif kind == "duplicates":
        X = X[rng.integers(0, n_samples // 3 + 1, n_samples)]
    elif kind == "far away":
        X = np.round(X * 4) * 8 + 1e8
    elif kind == "missing":
        X[rng.uniform(size=X.shape) < 0.3] = np.nan
        X[:, -1] = np.nan
    elif kind == "close together":
        X = np.round(X * 3) * 4e-8
    return np.ascontiguousarray(X.astype(dtype))


def targets(criterion, n_samples, n_outputs=1, n_classes=3, seed=0):
    """Targets, and the number of classes."""
    rng = np.random.default_rng(seed + 1)
    if criterion in ("gini", "entropy"):
        return rng.integers(0, n_classes, (n_samples, n_outputs)).astype(np.float64), n_classes
    return rng.integers(0, 20, (n_samples, n_outputs)).astype(np.float64), 1


def judge(X, y, weight, criterion, n_classes, limits):
    """Grow a tree and compare it with the definition."""
    grown = tree.grow_tree(tree_columns.rank_columns(X), y, weight, criterion, n_classes, limits, 3)
    weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    X = X.astype(np.float32)
    assert reference.faults(grown, X, y, weight, criterion, n_classes, limits) == []
    return grown


# ---- columns -----------------------------------------------------------------------------------------
@each_dtype
@each_kind
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (70, 1), (333, 5)])
def test_columns_are_ranked(dtype, kind, shape):
    X = make(kind, *shape, dtype)
    X[0, 0] = -0.0
    table = tree_columns.rank_columns(X)
    ranks, values = reference_columns.rank_columns(X)
    np.testing.assert_array_equal(table.columns[0], ranks)
    for t, different in enumerate(values):
        np.testing.assert_array_equal(table.columns[1, t].view(np.float32)[: len(different)], different)
        assert table.features[t, 0] == np.isfinite(different).sum()
        assert table.features[t, 1] == np.isnan(X[:, t]).any()


def test_values_too_large_for_float32_are_found():
    assert tree_columns.rank_columns(np.array([[1.0, 2.0], [1e39, 0.0]])) is None
    assert tree_columns.rank_columns(np.array([[1.0, 2.0], [-1e39, 0.0]])) is None
    assert tree_columns.rank_columns(np.array([[3e38, -3e38]])) is not None
    assert tree_columns.order_columns(np.array([[1e39]])) is None
    table = tree_columns.order_columns(np.array([[1e39], [2.0], [-np.inf]]), allow_infinite=True)
    assert table.columns[0, 0, 2] < table.columns[0, 0, 1] < table.columns[0, 0, 0]


# ---- growing -----------------------------------------------------------------------------------------
@each_dtype
@each_criterion
@each_kind
def test_each_split_is_the_best(dtype, criterion, kind):
    X = make(kind, 60, 4, dtype)
    y, n_classes = targets(criterion, 60)
    judge(X, y, None, criterion, n_classes, tree.Limits(4))


@each_criterion
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_weights_and_outputs(criterion, n_outputs):
    X, rng = make("ties", 50, 3), np.random.default_rng(5)
    y, n_classes = targets(criterion, 50, n_outputs)
    for weight in (rng.integers(0, 4, 50), rng.integers(0, 4, 50).astype(float), rng.uniform(0.1, 2, 50)):
        judge(X, y, weight, criterion, n_classes, tree.Limits(3))


@each_criterion
def test_bounds_of_the_growth(criterion):
    X, rng = make("missing", 60, 3), np.random.default_rng(5)
    y, n_classes = targets(criterion, 60)
    for limits in (
        tree.Limits(3, max_depth=2),
        tree.Limits(3, min_samples_leaf=7),
        tree.Limits(3, min_samples_split=20),
        tree.Limits(3, min_weight_leaf=8.5),
        tree.Limits(3, min_impurity_decrease=0.01),
    ):
        judge(X, y, rng.integers(1, 3, 60), criterion, n_classes, limits)


@pytest.mark.parametrize("n_classes", [2, 7])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 2), (23, 1), (26, 2), (150, 2)])
def test_sizes_and_numbers_of_classes(n_classes, shape):
    X = make("normal", *shape)
    y, _ = targets("gini", shape[0], n_classes=n_classes)
    judge(X, y, None, "gini", n_classes, tree.Limits(shape[1]))


def test_without_ties_the_tree_is_the_reference():
    X = make("normal", 40, 1)
    y, n_classes = targets("squared_error", 40)
    grown = judge(X, y, None, "squared_error", n_classes, tree.Limits(1))
    limits, X = tree.Limits(1), X.astype(np.float32)
    expected = reference.grow_tree(X, y, np.ones(40), "squared_error", 1, limits)
    np.testing.assert_array_equal(np.column_stack([grown.nodes[:, :3], grown.reals[:, 0]]), expected)


def test_best_first_splits_the_largest_gain_next():
    X = make("normal", 80, 3)
    y, n_classes = targets("squared_error", 80)
    table = tree_columns.rank_columns(X)
    whole = tree.grow_tree(table, y, None, "squared_error", 1, tree.Limits(3, max_leaf_nodes=80), 3)
    before = np.inf
    for n_leaves in (2, 3, 5, 9, 30):
        part = tree.grow_tree(table, y, None, "squared_error", 1, tree.Limits(3, max_leaf_nodes=n_leaves), 3)
        leaf = part.nodes[:, 0] == -1
        assert leaf.sum() == n_leaves
        np.testing.assert_array_equal(part.reals[:, 1], whole.reals[: len(part.nodes), 1])
        error = (part.reals[leaf, 1] * part.reals[leaf, 2]).sum()
        assert error < before
        before = error


@each_criterion
def test_monotonic_values(criterion):
    X = make("normal", 200, 3)
    rng = np.random.default_rng(2)
    up = X[:, 0] - X[:, 1] + rng.normal(size=200)
    y = (up > 0).astype(float) if criterion in ("gini", "entropy") else np.round(np.exp(up))
    n_classes = 2 if criterion in ("gini", "entropy") else 1
    signs = np.array([1, -1, 0])
    grown = tree.grow_tree(
        tree_columns.rank_columns(X), y[:, None], None, criterion, n_classes, tree.Limits(3), 3, signs
    )
    assert len(grown.nodes) > 20
    for t, sign in ((0, 1), (1, -1)):
        x = np.repeat(rng.normal(size=(30, 1, 3)), 50, axis=1)
        x[:, :, t] = np.linspace(-3, 3, 50)
        sums = predicted(grown, x.reshape(-1, 3).astype(np.float32))[:, 0].reshape(30, 50)
        assert (np.diff(sums, axis=1) * sign >= -1e-12).all()


def test_random_thresholds_lie_between_the_extremes():
    X = make("missing", 300, 4)
    y, n_classes = targets("gini", 300)
    for criterion in CRITERIA:
        y, n_classes = targets(criterion, 300)
        limits = tree.Limits(2, random=True)
        grown = tree.grow_tree(tree_columns.order_columns(X), y, None, criterion, n_classes, limits, 3)
        leaves = reference_predict.find_leaves([grown[:2]], X)[:, 0]
        np.testing.assert_array_equal(
            np.bincount(leaves, minlength=len(grown.nodes))[grown.nodes[:, 0] == -1],
            grown.nodes[grown.nodes[:, 0] == -1, 3],
        )
        inner = grown.nodes[:, 0] != -1
        low, high = np.nanmin(X[:, :3], axis=0), np.nanmax(X[:, :3], axis=0)
        assert (grown.nodes[inner, 2] < 3).all()
        assert (grown.reals[inner, 0] >= low[grown.nodes[inner, 2]].astype(np.float32)).all()
        assert (grown.reals[inner, 0] <= high[grown.nodes[inner, 2]]).all()


@pytest.mark.parametrize("skew", [1, 3, 9])
def test_crowded_ranks_are_sorted(skew):
    """Ranks in a node that are anything but spread evenly."""
    rng = np.random.default_rng(skew)
    x = np.sort(rng.normal(size=4000))
    keep = np.concatenate([np.arange(0, 4000, 400 * skew), rng.integers(1500, 1500 + 400 // skew, 500)])
    y, weight = (rng.uniform(size=(4000, 1)) < 0.5).astype(float), np.bincount(keep, minlength=4000)
    weight = np.minimum(weight, 1)
    limits = tree.Limits(1, max_depth=1)
    judge(x[:, None], y, weight, "gini", 2, limits)
    assert _tree_sort.CROWD < 400


# ---- walks -------------------------------------------------------------------------------------------
def grown_from(kind, criterion, seed=0, n_samples=90):
    X = make(kind, n_samples, 3, seed=seed)
    y, n_classes = targets(criterion, n_samples, seed=seed)
    grown = tree.grow_tree(tree_columns.rank_columns(X), y, None, criterion, n_classes, tree.Limits(3), seed)
    return grown, X.astype(np.float32)


def pack(trees):
    roots = np.cumsum([0] + [len(t.nodes) for t in trees])
    words = np.empty((roots[-1], 2), np.int64)
    for t, root in zip(trees, roots):
        tree_predict.pack_tree(t.nodes, t.reals, words, int(root))
    return words, roots[:-1], np.concatenate([t.reals[:, 3:] for t in trees])


def predicted(grown, X):
    words, roots, values = pack([grown])
    sums = np.zeros((len(X), values.shape[1]))
    tree_predict.add_leaf_values(X, words, roots, values, sums)
    return sums


@each_kind
@pytest.mark.parametrize("n_rows", [1, 3, 4, 90])
def test_walks(kind, n_rows):
    trees = [grown_from(kind, "gini", seed)[0] for seed in (0, 1, 2)]
    X = grown_from(kind, "gini", 1)[1][:n_rows]
    words, roots, values = pack(trees)
    leaves = np.empty((n_rows, 3), np.int64)
    tree_predict.find_leaves(X, words, roots, leaves)
    parts = [t[:2] for t in trees]
    np.testing.assert_array_equal(leaves, reference_predict.find_leaves(parts, X))
    sums = np.ones((n_rows, values.shape[1]))
    tree_predict.add_leaf_values(X, words, roots, values, sums)
    np.testing.assert_allclose(sums, 1 + reference_predict.add_leaf_values(parts, X))
    np.testing.assert_array_equal(tree_predict.measure_depths(words), reference_predict.measure_depths(parts))
    starts, path = tree_predict.list_paths(X, pack(trees[:1])[0])
    expected = reference_predict.list_paths(*parts[0], X)
    np.testing.assert_array_equal(starts, expected[0])
    np.testing.assert_array_equal(path, expected[1])


def test_thresholds_just_beside_a_value():
    """A threshold is compared as float64, though it is kept as float32."""
    one = np.float32(1)
    up, down = np.nextafter(one, np.float32(2)), np.nextafter(one, np.float32(0))
    for x in (one, -one, np.float32(0)):
        for threshold in (1.0 + 1e-9, 1.0 - 1e-9, 1.0, -1.0 + 1e-9, -1.0 - 1e-9, 1e-50, -1e-50, np.inf):
            nodes = np.array([[1, 2, 0, 2, 0], [-1, -1, -2, 1, 0], [-1, -1, -2, 1, 0]])
            reals = np.array([[threshold, 0, 2, 0], [-2, 0, 1, 0], [-2, 0, 1, 1]], np.float64)
            rows = np.array([[x], [up], [down], [-up], [-down]], np.float32)
            grown = tree.Grown(nodes, reals, 1)
            np.testing.assert_array_equal(predicted(grown, rows)[:, 0], rows[:, 0] > np.float64(threshold))


# ---- pruning -----------------------------------------------------------------------------------------
@each_criterion
def test_pruning(criterion):
    grown, _ = grown_from("normal", criterion, n_samples=50)
    alphas, impurities = tree_pruning.pruning_path(*grown[:2])
    _, path = reference_pruning.prune(*grown[:2], np.inf)
    np.testing.assert_allclose(alphas, path[:, 0], atol=1e-12)
    np.testing.assert_allclose(impurities, path[:, 1], atol=1e-12)
    alpha = (alphas[len(alphas) // 2] + alphas[len(alphas) // 2 + 1]) / 2
    nodes, reals = tree_pruning.prune_tree(*grown[:2], alpha)
    pruned, _ = reference_pruning.prune(*grown[:2], alpha)
    leaves = reference_pruning.leaves_below(grown.nodes, 0, pruned)
    assert (nodes[:, 0] == -1).sum() == len(leaves)
    np.testing.assert_array_equal(np.sort(reals[nodes[:, 0] == -1, 1]), np.sort(grown.reals[leaves, 1]))


def test_partial_dependence():
    grown, X = grown_from("normal", "squared_error")
    for features in ([0], [2, 1]):
        grid, out = X[:7, features].copy(), np.ones(7)
        tree_pruning.partial_dependence(*grown[:2], 3, grid, np.array(features), out)
        expected = [1 + reference_pruning.partial_dependence(*grown[:2], x, features) for x in grid]
        np.testing.assert_allclose(out, expected)
