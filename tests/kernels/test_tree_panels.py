"""Walks in panels give to the last bit what walks of single rows give."""

import numpy as np
import pytest

from fastml.kernels.cpu import _tree_panels, tree, tree_columns, tree_predict


def grown(X, seed, n_classes=3, **limits):
    y = np.random.RandomState(seed).randint(n_classes, size=(len(X), 1)).astype(float)
    limits = tree.Limits(1, **limits)
    return tree.grow_tree(tree_columns.rank_columns(X), y, None, "gini", n_classes, limits, seed)


def packed(trees):
    roots = np.cumsum([0] + [len(t.nodes) for t in trees])
    words = np.empty((roots[-1], 2), np.int64)
    for t, root in zip(trees, roots.tolist()):
        tree_predict.pack_tree(t.nodes, t.reals, words, root)
    return words, roots[:-1], np.concatenate([t.reals[:, 3:] for t in trees])


def data(n_rows, n_features, missing, seed=0):
    random = np.random.RandomState(seed)
    X = random.standard_normal((n_rows, n_features)).astype(np.float32)
    X[:, 0] = random.randint(3, size=n_rows)
    if missing:
        X[random.uniform(size=X.shape) < 0.2] = np.nan
    return X


def expected(X, words, roots, values):
    leaves, sums = np.empty((len(X), len(roots)), np.int64), np.ones((len(X), values.shape[1]))
    tree_predict.find_leaves(X, words, roots, leaves)
    for t, root in enumerate(roots):
        sums += values[root + leaves[:, t]]
    return sums


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_features", [1, 2, 33])
@pytest.mark.parametrize("n_rows", [1, 15, 16, 131])
def test_panels(n_rows, n_features, missing):
    X = data(200, n_features, missing)
    words, roots, values = packed([grown(X, seed) for seed in range(5)])
    asked = data(n_rows, n_features, missing, 1)
    compressed = _tree_panels.compress(words, roots, values, n_features)
    sums = np.ones((n_rows, 3))
    _tree_panels.add_values(asked, compressed, roots, sums)
    np.testing.assert_array_equal(sums, expected(asked, words, roots, values))


@pytest.mark.parametrize("limits", [{}, {"max_leaf_nodes": 20}])
def test_many_rows_go_through_panels_where_the_trees_fit(limits, monkeypatch):
    X = data(1500, 4, True)
    words, roots, values = packed([grown(X[:100], seed, **limits) for seed in range(7)])
    made = []
    monkeypatch.setattr(
        _tree_panels, "add_values", lambda *args, add=_tree_panels.add_values: made.append(add(*args))
    )
    sums = np.ones((len(X), 3))
    tree_predict.add_leaf_values(X, words, roots, values, sums)
    np.testing.assert_array_equal(sums, expected(X, words, roots, values))
    assert len(made) == (not limits)  # trees that grow best first do not fit


def test_trees_that_do_not_fit():
    X = data(200, 3, False)
    words, roots, values = packed([grown(X, 0)])
    assert _tree_panels.compress(words, roots, values, 3) is not None
    assert _tree_panels.compress(words, roots, values, 1 << 27) is None  # no bits are left for distances
    far = words.copy()
    far[0, 1] += 1 << 26
    assert _tree_panels.compress(far, roots, values, 3) is None
