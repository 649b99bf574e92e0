"""Boosted trees in panels predict to the last bit what they predict from bins."""

import numpy as np
import pytest

from fastml._device import CPU
from fastml.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from fastml.kernels.cpu import _boosted_panels, boosted_trees


def data(n_rows, n_features, missing):
    random = np.random.RandomState(0)
    X = random.standard_normal((n_rows, n_features)).astype(np.float32)
    if missing:
        X[random.uniform(size=X.shape) < 0.2] = np.nan
    return X, np.where(np.isnan(X[:, 0]), 1, X[:, 0]) + np.abs(np.nan_to_num(X[:, 1]))


def forest_of(model, kernels=CPU.kernels.boosted_trees):
    return model._pack(kernels, model._records)


def both(model, X, n_outputs):
    """The sums of the trees' values: by the panels, or None, and from bins."""
    forest = forest_of(model)
    found, expected = np.ones((2, n_outputs, len(X)))
    done = _boosted_panels.predict_rows(forest, X, found)
    codes = np.empty((len(X), len(forest.columns)), np.uint8)
    boosted_trees.bin_features(
        X, forest.thresholds, forest.n_categories, forest.missing, codes, forest.columns
    )
    boosted_trees.predict_codes(forest, codes, expected)
    return found if done else None, expected


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_rows", [801, 1600])
def test_one_output(n_rows, missing):
    X, y = data(n_rows, 5, missing)
    model = HistGradientBoostingRegressor(max_iter=12, max_leaf_nodes=9, min_samples_leaf=5).fit(X, y)
    found, expected = both(model, X, 1)
    np.testing.assert_array_equal(found, expected)


def test_several_outputs_and_trees_that_are_leaves():
    X, y = data(2000, 4, True)
    labels = np.digitize(y, [-0.5, 1.5])
    model = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=8).fit(X, labels)
    found, expected = both(model, X, 3)
    np.testing.assert_array_equal(found, expected)
    stump = HistGradientBoostingRegressor(max_iter=9, min_samples_leaf=2000).fit(X, y)
    found, expected = both(stump, X, 1)
    np.testing.assert_array_equal(found, expected)


def test_what_is_not_worth_it_or_does_not_fit():
    X, y = data(1600, 5, False)
    model = HistGradientBoostingRegressor(max_iter=12, max_leaf_nodes=9).fit(X, y)
    assert both(model, X[:5], 1)[0] is None
    assert both(model, X.astype(np.float64), 1)[0] is None
    assert _boosted_panels.compress(forest_of(model), 1, 1 << 27) is None
    sorted_ = HistGradientBoostingRegressor(max_iter=12, categorical_features=[0])
    X[:, 0] = np.arange(len(X)) % 7
    assert both(sorted_.fit(X, y + X[:, 0] % 3), X, 1)[0] is None
