"""Polynomial features against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array, csr_array
from sklearn.preprocessing import PolynomialFeatures as Theirs

from fastml import config_context
from fastml._dispatch import FallbackError
from fastml.kernels.cpu import polynomial
from fastml.preprocessing import PolynomialFeatures


def same(X, **params):
    found, wanted = PolynomialFeatures(**params).fit(X), Theirs(**params).fit(X)
    assert found.n_output_features_ == wanted.n_output_features_
    if wanted.n_output_features_:
        np.testing.assert_array_equal(found.powers_, wanted.powers_)
        assert (found.get_feature_names_out() == wanted.get_feature_names_out()).all()
    mine, their = found.transform(X), wanted.transform(X)
    assert mine.dtype == their.dtype and mine.shape == their.shape
    assert (mine.flags.c_contiguous, mine.flags.f_contiguous) == (
        their.flags.c_contiguous,
        their.flags.f_contiguous,
    )
    np.testing.assert_array_equal(mine, their)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("interaction_only", [False, True])
@pytest.mark.parametrize("include_bias", [False, True])
@pytest.mark.parametrize("degree", [1, 2, 3, 4, (0, 2), (1, 3), (2, 2), (2, 4), (3, 3)], ids=str)
def test_every_choice(iris, degree, include_bias, interaction_only, order):
    params = {"interaction_only": interaction_only, "include_bias": include_bias, "order": order}
    for X in (
        iris[0],
        iris[0].astype(np.float32),
        np.asfortranarray(iris[0][:7]),
        iris[0][:1, :1],
        [[1, 2], [3, 4]],
    ):
        same(X, degree=degree, **params)


def test_degree_zero(iris):
    same(iris[0], degree=0)
    same(iris[0], degree=(0, 0))


def test_blocks_of_rows(monkeypatch, diabetes):
    monkeypatch.setattr(polynomial, "BLOCK", 1)
    monkeypatch.setattr(polynomial, "COLUMN", 50)
    for order in "CF":
        same(diabetes[0], order=order, degree=3)


def test_sparse_data_is_scikit_learns():
    X = csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    for data in (X, csc_array(X)):
        model = PolynomialFeatures(3).fit(data)
        np.testing.assert_array_equal(
            model.transform(data).toarray(), Theirs(3).fit_transform(data).toarray()
        )
        with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="sparse"):
            model.transform(data)


def test_names():
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    model = PolynomialFeatures().fit(X).set_output(transform="pandas")
    assert model.transform(X).columns.tolist() == ["1", "a", "b", "a^2", "a b", "b^2"]


@pytest.mark.parametrize(
    "params",
    [
        {"degree": -1},
        {"degree": (2, 1)},
        {"degree": (1, 2, 3)},
        {"degree": (0.5, 2)},
        {"degree": 0, "include_bias": False},
        {"degree": (0, 0), "include_bias": False},
        {"degree": 10**6},
    ],
    ids=str,
)
def test_wrong_degrees(params):
    X = np.ones((2, 10))
    with pytest.raises(ValueError) as wanted:
        Theirs(**params).fit(X)
    with pytest.raises(ValueError) as found:
        PolynomialFeatures(**params).fit(X)
    assert str(found.value) == str(wanted.value)
