"""Huber regression against scikit-learn."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import linear_model as theirs
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from fastml.linear_model import HuberRegressor


@pytest.fixture(scope="module")
def data(diabetes):
    X, y = StandardScaler().fit_transform(diabetes[0]), diabetes[1].copy()
    y[::50] += 1000
    return X, y


@pytest.mark.parametrize("params", [{}, {"fit_intercept": False}, {"epsilon": 2.0, "alpha": 0.1}])
@pytest.mark.parametrize("kind", [np.array, np.float32, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
def test_models(params, kind, weighted, data):
    X, y = kind(data[0]), data[1]
    weight = np.random.RandomState(0).randint(0, 3, len(y)) if weighted else None
    ours = HuberRegressor(**params).fit(X, y, weight)
    other = theirs.HuberRegressor(**params).fit(X, y, weight)
    assert ours.coef_.dtype == other.coef_.dtype
    np.testing.assert_allclose(ours.coef_, other.coef_, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose([ours.intercept_, ours.scale_], [other.intercept_, other.scale_], rtol=1e-4)
    np.testing.assert_array_equal(ours.outliers_, other.outliers_)
    np.testing.assert_allclose(ours.predict(X), other.predict(X), rtol=1e-4)
    assert abs(ours.n_iter_ - other.n_iter_) <= 2


def test_warm_start_goes_on(data):
    model = HuberRegressor(warm_start=True).fit(*data)
    first = model.n_iter_
    assert model.fit(*data).n_iter_ < first
    model = HuberRegressor(warm_start=True, fit_intercept=False).fit(*data)
    assert model.fit(*data).n_iter_ < first


def test_an_end_before_convergence_is_told(data):
    with pytest.warns(ConvergenceWarning):
        assert HuberRegressor(max_iter=1).fit(*data).n_iter_ == 1


def test_outliers_far_away_do_not_matter(data):
    X, y = data
    clean = y.copy()
    clean[::50] -= 1000
    far = y.copy()
    far[::50] += 1e6
    found = HuberRegressor(max_iter=1000).fit(X, far)
    expected = HuberRegressor(max_iter=1000).fit(X, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1)
    assert found.outliers_[::50].all()
