"""Lasso, ElasticNet and their kin against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import fastml
import fastml.linear_model as ours

RNG = np.random.RandomState(0)
DIABETES = load_diabetes(return_X_y=True)


def expanded():
    """Diabetes with all products of its features: collinear, and hard for coordinate descent."""
    X, y = DIABETES
    return StandardScaler().fit_transform(PolynomialFeatures(2, include_bias=False).fit_transform(X)), y


DATA = {
    "diabetes": lambda: DIABETES,
    "expanded": expanded,
    "wide": lambda: (X := RNG.standard_normal((60, 200)), X[:, :3].sum(axis=1)),
    "far": lambda: (DIABETES[0] + 1e8, DIABETES[1]),
    "columns": lambda: (np.asfortranarray(expanded()[0]), DIABETES[1]),
    "sparse": lambda: (
        sparse.random_array((200, 80), density=0.1, rng=0, format="csr"),
        RNG.standard_normal(200),
    ),
    "wine": lambda: load_wine(return_X_y=True),
    "cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(n_class=3, return_X_y=True),
}


def objective(model, X, y, weight=None):
    """What is minimised, summed over the targets."""
    rest = y - X @ model.coef_.T - model.intercept_
    loss = 0.5 * np.average(np.square(rest), axis=0, weights=weight).sum()
    ratio = model.l1_ratio
    coef = model.coef_.astype(np.float64)
    return loss + model.alpha * (ratio * np.abs(coef).sum() + 0.5 * (1 - ratio) * np.square(coef).sum())


def fit_both(name, X, y, *args, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [getattr(module, name)(**params).fit(X, y, *args) for module in (ours, theirs)]


def assert_alike(model, other):
    """The same attributes, of the same shapes and types."""
    fitted = {name for name in vars(other) if name.endswith("_")}
    assert fitted == {name for name in vars(model) if name.endswith("_")}
    for name in fitted:
        a, b = getattr(model, name), getattr(other, name)
        assert np.shape(a) == np.shape(b), name
        assert np.asarray(a).dtype.kind == np.asarray(b).dtype.kind, name
    assert model.coef_.dtype == other.coef_.dtype
    assert model.sparse_coef_.shape == other.sparse_coef_.shape
    assert type(model.sparse_coef_) is type(other.sparse_coef_)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_objective_is_no_larger(name, ratio):
    X, y = DATA[name]()
    scale = 0.02 * np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
    weight = np.random.RandomState(1).uniform(size=len(y))
    for params in ({}, {"positive": True}, {"fit_intercept": False}, {"precompute": True}):
        if name == "far" and "fit_intercept" in params:
            continue
        for args in ((), (weight,)):
            model, other = fit_both(
                "ElasticNet", X, y, *args, alpha=scale, l1_ratio=ratio, tol=1e-7, **params
            )
            assert objective(model, X, y, *args) <= objective(other, X, y, *args) * (1 + 1e-6), params
            assert_alike(model, other)


@pytest.mark.parametrize("name", ["expanded", "wide", "sparse"])
def test_single_precision(name):
    X, y = DATA[name]()
    single = X.astype(np.float32)
    model, other = fit_both("Lasso", single, y, alpha=0.05)
    exact = ours.Lasso(alpha=0.05, tol=1e-6).fit(X, y)
    assert model.coef_.dtype == other.coef_.dtype == np.float32
    assert model.intercept_.dtype == model.predict(single).dtype == np.float32
    assert objective(model, X, y) <= objective(exact, X, y) * (1 + 1e-4)


def test_unlike_penalties_and_targets():
    X, y = DIABETES
    Y = np.column_stack([y, -y, RNG.standard_normal(len(y))])
    for target in (y[:, None], Y):
        for params in ({}, {"precompute": True}, {"selection": "random", "random_state": 0}):
            model, other = fit_both("Lasso", X, target, alpha=0.1, tol=1e-8, **params)
            np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-2)
            np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-3, atol=1e-3)
            assert_alike(model, other)
    for params in ({"alpha": 0.0}, {"alpha": 0.5, "l1_ratio": 0.0}):  # least squares, and ridge
        with pytest.warns(UserWarning, match="alpha=0") if not params["alpha"] else warnings.catch_warnings():
            warnings.simplefilter("always")
            model = ours.ElasticNet(tol=1e-10, max_iter=20_000, **params).fit(X, y)
        ridge = theirs.Ridge(alpha=params["alpha"] * len(y)).fit(X, y)
        np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("name", ["MultiTaskLasso", "MultiTaskElasticNet"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, np.asfortranarray, lambda X: X[:40]])
def test_many_tasks(name, kind):
    X, y = expanded()
    X = kind(X)
    y = y[: X.shape[0]]
    Y = np.column_stack([y, y**2 / 100, np.zeros(len(y))])
    weight = np.random.RandomState(1).uniform(size=len(y))
    for args in ((), (weight,)):
        model, other = fit_both(name, X, Y, *args, alpha=5.0, tol=1e-7)
        np.testing.assert_allclose(model.coef_, other.coef_, atol=2e-2 * np.abs(other.coef_).max())
        assert np.array_equal(model.coef_[0] != 0, model.coef_[1] != 0)
        np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-2, atol=1e-2 * Y.max())
        assert_alike(model, other)
    with pytest.raises(ValueError, match="mono-task outputs, use ElasticNet"):
        getattr(ours, name)().fit(X, y)


def test_warm_start_and_warnings():
    X, y = expanded()
    model = ours.Lasso(alpha=0.05, warm_start=True, tol=1e-6, max_iter=5000).fit(X, y)
    first = model.coef_.copy()
    assert model.fit(X, y).n_iter_ <= 5
    np.testing.assert_allclose(model.coef_, first, atol=1e-3)
    messages = []
    for module in (ours, theirs):
        with pytest.warns(ConvergenceWarning) as caught:
            module.Lasso(alpha=1e-3, max_iter=2, tol=1e-12).fit(X, y)
        messages.append(str(caught[0].message).partition("Duality gap")[0])
    assert messages[0] == messages[1]


def test_gram_matrix_that_is_given():
    X, y = expanded()
    X, y = X - X.mean(axis=0), y - y.mean()
    gram = X.T @ X
    model = ours.Lasso(0.1, precompute=gram, fit_intercept=False, tol=1e-8).fit(X, y)
    other = ours.Lasso(0.1, fit_intercept=False, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(model.predict(X), other.predict(X), atol=1e-2)
    with pytest.warns(UserWarning, match="recomputing Gram matrix"):
        ours.Lasso(0.1, precompute=gram).fit(X + 1, y)
    with pytest.raises(ValueError, match="Gram matrix passed in via 'precompute'"):
        ours.Lasso(0.1, precompute=2 * gram, fit_intercept=False).fit(X, y)


def test_nothing_is_changed():
    X, y = expanded()
    before = X.copy(), y.copy()
    ours.Lasso(copy_X=False).fit(X, y)
    ours.LassoCV(copy_X=False, alphas=3).fit(X, y)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    readonly = X.copy()
    readonly.flags.writeable = False
    ours.Lasso().fit(readonly, y)


def test_results_do_not_depend_on_threads():
    X, y = expanded()
    X, y = np.tile(X, (40, 1)), np.tile(y, 40) + RNG.standard_normal(40 * len(y))
    found = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            models = [ours.Lasso(5.0), ours.LassoCV(alphas=[20.0, 5.0], selection="random", random_state=0)]
            found.append([model.fit(X, y).coef_ for model in models])
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_twin_of_scikit_learn():
    X, y = DIABETES
    for model in (ours.Lasso(0.1), ours.ElasticNetCV(alphas=3), ours.MultiTaskLassoCV(alphas=3)):
        target = np.column_stack([y, y]) if "MultiTask" in type(model).__name__ else y
        twin = model.fit(X, target).to_sklearn()
        assert type(twin).__module__.startswith("sklearn.")
        np.testing.assert_allclose(twin.predict(X), model.predict(X))


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 30), p=st.integers(1, 40), alpha=st.floats(1e-3, 10), ratio=st.floats(0.1, 1),
    seed=st.integers(0, 99), kind=st.sampled_from([np.asarray, np.asfortranarray, sparse.csc_array]),
)  # fmt: skip
def test_random_data(n, p, alpha, ratio, seed, kind):
    rng = np.random.RandomState(seed)
    X = np.round(rng.standard_normal((n, p)))  # ties, duplicates, constant columns
    y = rng.standard_normal(n)
    params = {"alpha": alpha, "l1_ratio": ratio, "tol": 1e-6, "max_iter": 5000}
    model, other = fit_both("ElasticNet", kind(X), y, **params)
    assert objective(model, X, y) <= objective(other, X, y) * (1 + 1e-5) + 1e-12
