"""Linear discriminant analysis against scikit-learn."""

import numpy as np
import pytest
import sklearn.discriminant_analysis as theirs
from sklearn.covariance import OAS

import fastml.discriminant_analysis as ours
from fastml import config_context
from fastml.solvers import discriminant


def up_to_signs(found, wanted, **tolerance):
    """Columns are equal up to the sign of each."""
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found * signs, wanted, **tolerance)


def same_model(X, y, rtol=1e-7, **params):
    found = ours.LinearDiscriminantAnalysis(**params).fit(X, y)
    wanted = theirs.LinearDiscriminantAnalysis(**params).fit(X, y)
    for name, value in vars(wanted).items():
        if not name.endswith("_"):
            continue
        mine = getattr(found, name)
        assert np.shape(mine) == np.shape(value), name
        if name == "classes_":
            assert (mine == value).all()
        elif name != "scalings_" or params.get("solver") != "eigen":  # whose further directions mean nothing
            compare = up_to_signs if name == "scalings_" else np.testing.assert_allclose
            compare(mine, value, rtol=rtol, atol=rtol * np.abs(value).max(initial=1e-300))
    decision = wanted.decision_function(X)
    near = {"rtol": 100 * rtol, "atol": 100 * rtol * max(1.0, np.abs(decision).max())}
    np.testing.assert_allclose(found.decision_function(X), decision, **near)
    np.testing.assert_allclose(
        found.predict_proba(X), wanted.predict_proba(X), atol=1e-3 if rtol > 1e-5 else 1e-6
    )
    np.testing.assert_array_equal(found.predict(X), wanted.predict(X))
    if params.get("solver") != "lsqr":
        up_to_signs(found.transform(X), wanted.transform(X), **near)
    return found, wanted


PARAMS = [
    {},
    {"store_covariance": True, "n_components": 1},
    {"tol": 1e-9},
    {"solver": "lsqr"},
    {"solver": "lsqr", "shrinkage": "auto"},
    {"solver": "lsqr", "shrinkage": 0.3},
    {"solver": "eigen"},
    {"solver": "eigen", "shrinkage": 0.1, "n_components": 1},
    {"solver": "lsqr", "covariance_estimator": OAS()},
]


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_real_data(params, iris, wine, breast_cancer):
    for X, y in (iris, wine, breast_cancer):
        same_model(X, y, **params)
        same_model(X, np.array(["a", "b", "c"])[y], **params)
        n_classes = len(np.unique(y))
        same_model(X, y, **params, priors=np.full(n_classes, 1 / n_classes))


def test_singular_data(digits):
    """Columns of digits are constant, or combinations of others within a class."""
    X, y = digits
    found, wanted = same_model(X, y)
    assert found.scalings_.shape[1] == wanted.scalings_.shape[1] == 9
    same_model(np.c_[X[:, 10:20], X[:, 10:20]], y, rtol=1e-6)


def test_few_samples():
    random = np.random.RandomState(0)
    X, y = random.normal(size=(20, 50)), np.arange(20) % 3
    same_model(X, y)
    same_model(X, y, solver="lsqr", shrinkage=0.5)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_offset_and_precision(iris, solver):
    X, y = iris
    near, far = (ours.LinearDiscriminantAnalysis(solver).fit(X + offset, y) for offset in (0.0, 1e8))
    near_apart, far_apart = (model.coef_ - model.coef_[0] for model in (near, far))
    np.testing.assert_allclose(far_apart, near_apart, rtol=1e-4, atol=1e-4)
    single, _ = same_model(X.astype(np.float32), y, rtol=2e-3, solver=solver)
    np.testing.assert_allclose(single.coef_, near.coef_, rtol=1e-4)
    assert {single.coef_.dtype, single.means_.dtype, single.predict_proba(X[:2].astype("f4")).dtype} == {
        np.dtype(np.float32)
    }


def test_logarithms(iris):
    X, y = iris
    found, wanted = same_model(X, y)
    np.testing.assert_allclose(found.predict_log_proba(X[:60]), wanted.predict_log_proba(X[:60]), rtol=1e-6)
    far = np.r_[X[:2] * 50, X[:2] - 500]
    np.testing.assert_allclose(found.predict_log_proba(far), wanted.predict_log_proba(far), rtol=1e-6)


def test_wrong_parameters(iris):
    X, y = iris
    for params, targets in [
        ({"shrinkage": 0.5}, y),
        ({"n_components": 3}, y),
        ({"priors": [0.5, 0.6, -0.1]}, y),
        ({"covariance_estimator": OAS()}, y),
        ({"solver": "lsqr", "covariance_estimator": OAS(), "shrinkage": 0.5}, y),
    ]:
        with pytest.raises((ValueError, NotImplementedError)) as wanted:
            theirs.LinearDiscriminantAnalysis(**params).fit(X, targets)
        with pytest.raises(wanted.type) as found:
            ours.LinearDiscriminantAnalysis(**params).fit(X, targets)
        assert str(found.value) == str(wanted.value)
    with pytest.raises(ValueError, match="Unknown label type"):
        ours.LinearDiscriminantAnalysis().fit(X, y + 0.5)
    with pytest.raises(ValueError, match="more than the number of classes"):
        ours.LinearDiscriminantAnalysis().fit(X[::60], np.arange(3))
    with pytest.raises(NotImplementedError, match="transform not implemented"):
        ours.LinearDiscriminantAnalysis("lsqr").fit(X, y).transform(X)
    with pytest.warns(UserWarning, match="The priors do not sum to 1"):
        found = ours.LinearDiscriminantAnalysis(priors=[1.0, 1.0, 2.0]).fit(X, y)
    np.testing.assert_allclose(found.priors_, [0.25, 0.25, 0.5])


def test_twin_and_threads(iris):
    X, y = iris
    model = ours.LinearDiscriminantAnalysis().fit(X, y)
    np.testing.assert_allclose(model.to_sklearn().transform(X), model.transform(X))
    many = np.tile(X, (100, 1)) + np.random.RandomState(0).normal(size=(15_000, 4))
    coefs = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            coefs.append(ours.LinearDiscriminantAnalysis().fit(many, np.tile(y, 100)).coef_)
    np.testing.assert_array_equal(*coefs)


def test_small_tolerances_need_the_samples_themselves():
    """Eigenvalues have lost singular values of 1e-8; the samples have not."""
    random = np.random.RandomState(0)
    X, y = random.normal(size=(90, 3)), np.arange(90) % 3
    X = np.c_[X, X[:, 0] + 1e-8 * random.normal(size=90)]
    assert discriminant.SMALLEST_TOL > 1e-9
    found = ours.LinearDiscriminantAnalysis(tol=1e-12).fit(X, y)
    wanted = theirs.LinearDiscriminantAnalysis(tol=1e-12).fit(X, y)
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-4)
