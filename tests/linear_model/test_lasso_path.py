"""Paths, and penalties chosen by cross-validation, against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn
import sklearn.linear_model as theirs
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

import fastml
import fastml.linear_model as ours

X, Y = load_diabetes(return_X_y=True)
WEIGHT = np.random.RandomState(0).uniform(size=len(Y))
WIDE = np.random.RandomState(0).standard_normal((len(Y), 500)) + np.outer(Y / 100, np.arange(500) % 50 == 0)
BOTH = np.column_stack([Y, Y**2 / 100])
NEW = pytest.mark.skipif("sklearn.__version__ < '1.9'", reason="alphas are numbers since scikit-learn 1.9")


def quietly(function, *args, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return function(*args, **params)


@NEW
@pytest.mark.parametrize(
    "data", [X, WIDE[:100], sparse.csc_array(X), np.asfortranarray(X.astype(np.float32))]
)
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lasso_path", {"alphas": 30}),
        ("lasso_path", {"alphas": [0.1, 1.0, 0.5], "positive": True}),
        ("enet_path", {"alphas": 20, "eps": 0.01}),
        (
            "enet_path",
            {"alphas": 10, "l1_ratio": 0.9, "precompute": False, "selection": "random", "random_state": 0},
        ),
    ],
)
def test_paths(data, name, params):
    y = Y[: data.shape[0]] - Y[: data.shape[0]].mean()
    for target in (y, np.column_stack([y, -y])):
        if target.ndim > 1 and "positive" in params:
            continue
        results = [
            quietly(getattr(module, name), data, target, return_n_iter=True, tol=1e-6, **params)
            for module in (ours, theirs)
        ]
        for found, expected in zip(*results):
            assert np.shape(found) == np.shape(expected)
        (alphas, coefs, gaps, n_iters), (their_alphas, their_coefs, *_) = results
        np.testing.assert_allclose(alphas, their_alphas, rtol=1e-5)
        assert coefs.dtype == their_coefs.dtype
        np.testing.assert_allclose(coefs, their_coefs, atol=5e-2 * np.abs(their_coefs).max())
        limit = 1e-6 * np.square(target).sum() / len(y) if data.dtype == np.float64 else np.inf
        assert all(gap <= limit * 1.001 or n == 1000 for gap, n in zip(gaps, n_iters))


def test_paths_of_products_and_from_coefficients():
    y = Y - Y.mean()
    gram, products = X.T @ X, X.T @ y
    expected = ours.lasso_path(X, y, alphas=5, precompute=False, tol=1e-8)[1]
    found = ours.lasso_path(X, y, alphas=5, precompute=gram, Xy=products, tol=1e-8)[1]
    np.testing.assert_allclose(found, expected, atol=1e-2)
    alphas, coefs, _, n_iters = ours.lasso_path(
        X, y, alphas=[0.1], coef_init=expected[:, -1], return_n_iter=True
    )
    assert (alphas.shape, coefs.shape) == ((1,), (10, 1))


def test_words_of_paths(capfd):
    with pytest.warns(FutureWarning, match="'n_alphas' was deprecated"):
        assert len(ours.lasso_path(X, Y, n_alphas=3)[0]) == 3
    with pytest.warns(FutureWarning, match="'alphas=None' is deprecated"):
        assert len(ours.enet_path(X, Y, alphas=None)[0]) == 100
    ours.lasso_path(X, Y, alphas=3, verbose=True)
    assert capfd.readouterr().err == "..."
    for params in (
        {"l1_ratio": 2.0},
        {"alphas": 0},
        {"precompute": "never"},
        {"selection": "none"},
        {"wrong": 1},
    ):
        errors = []
        for module in (ours, theirs):
            with pytest.raises((ValueError, TypeError)) as caught:
                module.enet_path(X, Y, **params)
            errors.append((type(caught.value), str(caught.value)))
        assert errors[0] == errors[1]
    with pytest.raises(ValueError, match="positive=True is not allowed for multi-output"):
        ours.enet_path(X, BOTH, positive=True)
    with fastml.config_context(on_fallback="raise"), pytest.raises(fastml.exceptions.FallbackError):
        ours.enet_path(sparse.csc_array(X), Y, X_offset=X.mean(axis=0), X_scale=np.ones(10))


@NEW
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("LassoCV", {}),
        ("LassoCV", {"alphas": [1.0, 0.1, 0.5], "positive": True, "fit_intercept": False}),
        ("LassoCV", {"alphas": 10, "cv": ShuffleSplit(3, random_state=0)}),
        ("LassoCV", {"alphas": 10, "cv": KFold(4, shuffle=True, random_state=0), "selection": "random"}),
        ("LassoCV", {"alphas": 10, "cv": 3, "precompute": False, "n_jobs": 1}),
        ("ElasticNetCV", {"alphas": 10, "l1_ratio": [0.5, 0.9]}),
        ("ElasticNetCV", {"alphas": [0.1, 0.5], "cv": 2, "l1_ratio": 0.0}),
    ],
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weight"])
def test_cross_validation(name, params, weight):
    kinds = [X, X + 1e6, sparse.csr_array(X)] if "cv" in params else [X, X.astype(np.float32), WIDE]
    for data in kinds:
        options = {"tol": 1e-6, "random_state": 0, **params}
        if data is WIDE:
            options["eps"] = 0.1
        model, other = (
            quietly(getattr(module, name)(**options).fit, data, Y, weight) for module in (ours, theirs)
        )
        assert {key for key in vars(model) if key.endswith("_")} == {
            key for key in vars(other) if key.endswith("_")
        }
        assert model.mse_path_.shape == other.mse_path_.shape
        assert model.alphas_.shape == other.alphas_.shape
        np.testing.assert_allclose(model.alphas_, other.alphas_, rtol=1e-5)
        np.testing.assert_allclose(model.mse_path_, other.mse_path_, rtol=2e-3)
        np.testing.assert_allclose(model.alpha_, other.alpha_, rtol=1e-5)
        np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-2 * np.abs(other.coef_).max())
        assert getattr(model, "l1_ratio_", None) == getattr(other, "l1_ratio_", None)
        assert model.dual_gap_ <= 1e-6 * np.var(Y) * 1.2 or len(params) > 2


@NEW
@pytest.mark.parametrize("name", ["MultiTaskLassoCV", "MultiTaskElasticNetCV"])
@pytest.mark.parametrize("data", [X, WIDE[:100], sparse.csc_array(X)])
def test_cross_validation_of_many_tasks(name, data):
    targets = BOTH[: data.shape[0]]
    model, other = (
        quietly(getattr(module, name)(alphas=8, eps=0.05, tol=1e-6).fit, data, targets)
        for module in (ours, theirs)
    )
    np.testing.assert_allclose(model.mse_path_, other.mse_path_, rtol=2e-3)
    np.testing.assert_allclose(model.alpha_, other.alpha_)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-2 * np.abs(other.coef_).max())
    for module in (ours, theirs):
        with pytest.raises(ValueError, match=f"mono-task outputs, use {name[9:]}"):
            getattr(module, name)().fit(data, targets[:, 0])
    with pytest.raises(ValueError, match=f"multi-task outputs, use MultiTask{name[9:]}"):
        getattr(ours, name[9:])().fit(data, targets)


def test_constant_in_the_training_samples():
    """A feature whose only other values are in one fold."""
    data = X.copy()
    data[:, 3] = 7.0
    data[:20, 3] = 8.0
    model = ours.LassoCV(alphas=[0.5, 1e-3], tol=1e-8, max_iter=10_000).fit(data, Y)
    other = theirs.LassoCV(alphas=[0.5, 1e-3], tol=1e-8, max_iter=10_000).fit(data, Y)
    np.testing.assert_allclose(model.mse_path_, other.mse_path_, rtol=1e-3)


def test_groups_are_routed():
    groups = np.arange(len(Y)) % 7
    with sklearn.config_context(enable_metadata_routing=True):
        model = ours.LassoCV(cv=GroupKFold(3), alphas=4).fit(X, Y, groups=groups)
    expected = ours.LassoCV(cv=list(GroupKFold(3).split(X, Y, groups)), alphas=4).fit(X, Y)
    np.testing.assert_allclose(model.mse_path_, expected.mse_path_)
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing=True"):
        ours.LassoCV(alphas=4).fit(X, Y, groups=groups)
    with pytest.raises(ValueError, match="Cannot have number of splits n_splits=5"):
        ours.LassoCV().fit(X[:3], Y[:3])
    with pytest.raises(ValueError, match=r"alphas\[1\] == -1"):
        ours.LassoCV(alphas=[0.1, -1]).fit(X, Y)
    with pytest.raises(ValueError, match="not supported for l1_ratio=0"):
        ours.ElasticNetCV(l1_ratio=0.0).fit(X, Y)
