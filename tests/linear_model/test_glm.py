"""Poisson and Gamma regression against scikit-learn."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import linear_model as theirs
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from fastml import linear_model

NAMES = ("PoissonRegressor", "GammaRegressor")


@pytest.fixture(scope="module")
def data(diabetes):
    return StandardScaler().fit_transform(diabetes[0]), diabetes[1]


def both(name, **params):
    return getattr(linear_model, name)(**params), getattr(theirs, name)(**params)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "params", [{}, {"fit_intercept": False}, {"alpha": 1e-3}, {"solver": "newton-cholesky", "alpha": 0.0}]
)
@pytest.mark.parametrize("kind", [np.array, np.float32, scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_models(name, params, kind, weighted, data):
    X, y = kind(data[0]), data[1]
    weight = np.random.RandomState(0).randint(0, 3, len(y)) if weighted else None
    single = kind is np.float32
    ours, other = both(name, tol=1e-4 if single else 1e-6, max_iter=500, **params)
    ours.fit(X, y, weight)
    other.fit(X, y, weight)
    assert ours.coef_.dtype == X.dtype and ours.coef_.shape == other.coef_.shape
    assert np.ndim(ours.intercept_) == np.ndim(other.intercept_) == 0
    near = {"rtol": 2e-2, "atol": 1e-2} if single else {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(ours.coef_, other.coef_, **near)
    np.testing.assert_allclose(ours.intercept_, other.intercept_, **near)
    np.testing.assert_allclose(ours.predict(X), other.predict(X), **near)
    assert ours.score(X, y, weight) == pytest.approx(other.score(X, y, weight), rel=1e-3, abs=1e-3)


def objective(name, model, X, y):
    margins = X @ model.coef_ + model.intercept_
    losses = np.exp(margins) - y * margins if name == "PoissonRegressor" else margins + y * np.exp(-margins)
    return losses.mean() + model.alpha / 2 * (model.coef_**2).sum()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_objectives(name, solver, data):
    X, y = data
    for columns in (X, np.hstack([X, X[:, :3]]), np.hstack([X, X[:, :1] + 1e-6 * X[:, 1:2]])):
        ours, other = both(name, alpha=1e-4, solver=solver, tol=1e-9, max_iter=5000)
        found, expected = (objective(name, model.fit(columns, y), columns, y) for model in (ours, other))
        assert found <= expected + 1e-6 * abs(expected)


@pytest.mark.parametrize("name", NAMES)
def test_targets_out_of_range(name, data):
    X, y = data
    wrong = np.where(np.arange(len(y)) == 3, 0.0 if name == "GammaRegressor" else -1.0, y)
    ours, other = both(name)
    with pytest.raises(ValueError) as expected:
        other.fit(X, wrong)
    with pytest.raises(ValueError) as found:
        ours.fit(X, wrong)
    assert str(found.value) == str(expected.value)
    with pytest.raises(ValueError, match="out of the valid range"):
        ours.fit(X, y).score(X, wrong)


def test_counts_may_be_zero(data):
    X, y = data
    ours, other = both("PoissonRegressor", tol=1e-8, max_iter=1000)
    np.testing.assert_allclose(ours.fit(X, y // 100).coef_, other.fit(X, y // 100).coef_, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_warm_start_goes_on(name, data):
    model = both(name, warm_start=True)[0].fit(*data)
    first = model.n_iter_
    assert model.fit(*data).n_iter_ < first


@pytest.mark.parametrize("name", NAMES)
def test_an_end_before_convergence_is_told(name, data):
    with pytest.warns(ConvergenceWarning):
        assert both(name, max_iter=1, alpha=0)[0].fit(*data).n_iter_ == 1


@pytest.mark.parametrize("name", NAMES)
def test_to_sklearn(name, data):
    model = both(name)[0].fit(*data)
    twin = model.to_sklearn()
    np.testing.assert_allclose(twin.predict(data[0]), model.predict(data[0]), rtol=1e-12)
    assert twin.score(*data) == pytest.approx(model.score(*data))
