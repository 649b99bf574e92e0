"""The kernel of stumps against the definition, and against the kernel of trees."""

import numpy as np
import pytest

from fastml.kernels.cpu import stump, tree, tree_columns
from tests.reference import stump as reference

KINDS = ("normal", "ties", "constant column", "duplicates", "far away")
LIMITS = [
    {},
    {"max_features": 1},
    {"min_samples_leaf": 5},
    {"min_weight_leaf": 4.0},
    {"min_samples_split": 1000},
    {"min_impurity_decrease": 0.1},
]


def make(kind, n, d, dtype):
    rng = np.random.RandomState(n + d)
    X = rng.normal(size=(n, d))
    if kind == "ties":
        X = np.round(X)
    elif kind == "constant column":
        X[:, 0] = 5
    elif kind == "duplicates":
        X = X[rng.randint(0, n // 3 + 1, n)]
    elif kind == "far away":
        X = np.round(X * 4) * 8 + 1e8
    return np.ascontiguousarray(X.astype(dtype)), rng.uniform(0.1, 1, n)


def grow_both(X, y, weight, n_classes, limits, seed=5):
    table = tree_columns.rank_columns(X)
    limits = tree.Limits(**{"max_features": X.shape[1], **limits, "max_depth": 1})
    ours = stump.grow_stump(table, stump.order_rows(table), y, weight, n_classes, limits, seed)
    return ours, tree.grow_tree(table, y[:, None], weight, "gini", n_classes, limits, seed), limits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 3), (70, 1), (333, 5)])
@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_stumps(dtype, kind, n, d, n_classes):
    X, weight = make(kind, n, d, dtype)
    y = np.random.RandomState(0).randint(0, n_classes, n).astype(float)
    for limits in LIMITS:
        ours, same, limits = grow_both(X, y, weight, n_classes, limits)
        assert len(ours.nodes) == len(same.nodes) and ours.max_depth == same.max_depth
        if len(ours.nodes) == 1:
            np.testing.assert_allclose(ours.reals, same.reals, rtol=1e-12, atol=1e-12)
            continue
        gain = ours.reals[0, 1] * ours.reals[0, 2] - (ours.reals[1:, 1] * ours.reals[1:, 2]).sum()
        if limits.max_features == d:
            best = reference.grow_stump(X, y, weight, n_classes, limits)
            assert gain == pytest.approx(best, rel=1e-9, abs=1e-12)
        if kind == "normal":  # no two splits are equally good
            np.testing.assert_array_equal(ours.nodes, same.nodes)
            np.testing.assert_allclose(ours.reals, same.reals, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_of_equal_splits_that_drawn_first_is_taken(seed):
    X = np.repeat(np.random.RandomState(0).normal(size=(50, 1)), 4, axis=1)
    y = (X[:, 0] > 0.1).astype(float)
    ours, same, _ = grow_both(X, y, np.full(50, 0.5), 2, {}, seed)
    np.testing.assert_array_equal(ours.nodes, same.nodes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d"), [(1, 1), (70, 1), (333, 5), (2000, 3)])
def test_rows_are_sorted(kind, n, d):
    X, _ = make(kind, n, d, np.float32)
    found = stump.order_rows(tree_columns.rank_columns(X))
    np.testing.assert_array_equal(found, reference.order_rows(X))
