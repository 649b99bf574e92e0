"""Boosted trees of real sizes on a GPU against the CPU's; the same trees when they are grown again."""

import numpy as np
import pytest

from fastml.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

pytestmark = pytest.mark.gpu
SIZES = [(200_000, 50), (2_000_000, 8), (2_000, 2_000)]


def make(n_samples, n_features, dtype="float32"):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_samples, n_features)).astype(dtype)
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + rng.standard_normal(n_samples) / 2
    X[::11, 1] = np.nan
    return X, y


def fit(estimator, X, y, device, **options):
    options = {"max_iter": 20, "early_stopping": False, "random_state": 0, **options}
    return estimator(**options, device=device).fit(X, y)


def assert_same_trees(a, b):
    for ours, theirs in zip(a._records, b._records):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("n_samples", "n_features"), SIZES)
def test_regression(n_samples, n_features):
    X, y = make(n_samples, n_features)
    cuda, again = (fit(HistGradientBoostingRegressor, X, y, "cuda") for _ in range(2))
    assert_same_trees(cuda, again)
    cpu = fit(HistGradientBoostingRegressor, X, y, "cpu")
    # The first tree's gains are far from equal.
    first = cpu._records.sizes[0, 0]
    np.testing.assert_array_equal(
        cuda._records.nodes["feature_idx"][:first], cpu._records.nodes["feature_idx"][:first]
    )
    assert abs(cuda.score(X, y) - cpu.score(X, y)) < 1e-3


def test_predictions_are_those_of_the_cpu():
    X, y = make(200_000, 50)
    model = fit(HistGradientBoostingRegressor, X, y, "cpu")
    expected = model.predict(X)
    np.testing.assert_allclose(model.set_params(device="cuda").predict(X), expected, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 7])
def test_classification(n_classes):
    X, y = make(100_000, 20, "float64")
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    cuda = fit(HistGradientBoostingClassifier, X, labels, "cuda", early_stopping=True)
    cpu = fit(HistGradientBoostingClassifier, X, labels, "cpu", early_stopping=True)
    np.testing.assert_allclose(cuda.validation_score_, cpu.validation_score_, atol=2e-3)
    assert abs(cuda.score(X, labels) - cpu.score(X, labels)) < 5e-3


@pytest.mark.parametrize(
    "options",
    [
        {"max_leaf_nodes": None, "max_depth": 8},
        {"max_leaf_nodes": 255, "min_samples_leaf": 5},
        {"loss": "absolute_error"},
        {"categorical_features": [3]},
        {"interaction_cst": "pairwise"},
        {"monotonic_cst": [0, 0, 1] + [0] * 17},
    ],
    ids=str,
)
def test_options(options):
    X, y = make(50_000, 20)
    X[:, 3] = np.round(3 * np.abs(X[:, 3]))
    cuda, again = (fit(HistGradientBoostingRegressor, X, y, "cuda", **options) for _ in range(2))
    assert_same_trees(cuda, again)
    cpu = fit(HistGradientBoostingRegressor, X, y, "cpu", **options)
    assert abs(cuda.score(X, y) - cpu.score(X, y)) < 2e-3


def test_features_drawn_for_each_split():
    """Other draws than on the CPU, as good on average: single scores differ by 0.05."""
    X, y = make(50_000, 20)

    def mean_score(device):
        options = {"max_features": 0.3, "device": device}
        models = (fit(HistGradientBoostingRegressor, X, y, random_state=seed, **options) for seed in range(8))
        return np.mean([model.score(X, y) for model in models])

    assert abs(mean_score("cuda") - mean_score("cpu")) < 0.08
    cuda, again = (fit(HistGradientBoostingRegressor, X, y, "cuda", max_features=0.3) for _ in range(2))
    assert_same_trees(cuda, again)
