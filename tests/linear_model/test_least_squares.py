"""Least squares and ridge regression against scikit-learn, and against exact solutions of hard problems."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from scipy.sparse import csr_array
from sklearn.datasets import make_multilabel_classification

import fastml.linear_model as ours
from fastml import config_context
from fastml._device import CPU
from fastml._dispatch import FallbackError
from fastml.solvers import leave_one_out as left_out
from fastml.solvers import normal_equations as solver
from fastml.solvers import positive_definite


def same_model(found, wanted, rtol=1e-7):
    """Two fitted models have the same attributes."""
    for name, value in vars(wanted).items():
        if not name.endswith("_"):
            continue
        mine = getattr(found, name)
        if value is None or isinstance(value, str):
            assert mine == value, name
            continue
        assert np.shape(mine) == np.shape(value), name
        if np.asarray(value).dtype.kind in "OU":
            assert (mine == value).all()
            continue
        assert np.asarray(mine).dtype == np.asarray(value).dtype, name
        scale = np.abs(value).max(initial=0) if np.ndim(value) else abs(value)
        np.testing.assert_allclose(mine, value, rtol=rtol, atol=rtol * scale, err_msg=name)


def fit_both(name, X, y, sample_weight=None, rtol=1e-7, **params):
    found = getattr(ours, name)(**params).fit(X, y, sample_weight)
    wanted = getattr(theirs, name)(**params).fit(X, y, sample_weight)
    same_model(found, wanted, rtol)
    np.testing.assert_allclose(found.predict(X), wanted.predict(X), rtol=10 * rtol, atol=1e3 * rtol)
    return found, wanted


def weights_of(y):
    return np.random.RandomState(0).random_sample(len(y))


MODELS = [
    ("LinearRegression", {}),
    ("LinearRegression", {"fit_intercept": False}),
    ("LinearRegression", {"positive": True}),
    ("Ridge", {}),
    ("Ridge", {"alpha": 1e-3, "fit_intercept": False}),
    ("Ridge", {"solver": "svd", "alpha": 0.1}),
    ("Ridge", {"positive": True, "tol": 1e-10}),
    ("RidgeCV", {}),
    ("RidgeCV", {"gcv_mode": "svd", "alphas": [1e-3, 1e-2], "fit_intercept": False}),
    ("RidgeCV", {"store_cv_results": True, "alphas": 0.5}),
    ("RidgeCV", {"scoring": "r2", "store_cv_results": True}),
    ("RidgeCV", {"cv": 3}),
]


@pytest.mark.parametrize(("name", "params"), MODELS, ids=str)
def test_diabetes(diabetes, name, params):
    X, y = diabetes
    for targets in (y, y[:, None], np.c_[y, y[::-1]]):
        fit_both(name, X, targets, **params)
        fit_both(name, X, targets, weights_of(y), **params)


@pytest.mark.parametrize(("name", "params"), MODELS[:6], ids=str)
def test_single_precision(diabetes, name, params):
    X, y = diabetes
    found, _ = fit_both(name, X.astype(np.float32), y.astype(np.float32), rtol=2e-3, **params)
    exact = getattr(ours, name)(**params).fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(found.coef_, exact.coef_, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_features", [1, 8, 60])
@pytest.mark.parametrize("name", ["LinearRegression", "Ridge", "RidgeCV"])
def test_wide_and_narrow_data(name, n_features):
    random = np.random.RandomState(0)
    X, Y = random.normal(size=(20, n_features)) + 5, random.normal(size=(20, 3))
    fit_both(name, X, Y)
    fit_both(name, X, Y, weights_of(Y))


@pytest.mark.parametrize("name", ["RidgeClassifier", "RidgeClassifierCV"])
def test_classes(name, iris, breast_cancer):
    for X, y in (iris, breast_cancer):
        labels = np.array(["a", "b", "c"])[y]
        for params in ({}, {"class_weight": "balanced"}, {"fit_intercept": False}):
            fit_both_classes(name, X, labels, **params)
        fit_both_classes(name, X, y, weights_of(y), class_weight={0: 2.0})
    X, Y = make_multilabel_classification(60, 6, n_classes=3, random_state=0)
    fit_both_classes(name, X, Y)


def fit_both_classes(name, X, y, sample_weight=None, **params):
    found = getattr(ours, name)(**params).fit(X, y, sample_weight)
    wanted = getattr(theirs, name)(**params).fit(X, y, sample_weight)
    same_model(found, wanted)
    np.testing.assert_allclose(found.decision_function(X), wanted.decision_function(X), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(found.predict(X), wanted.predict(X))


def test_classes_with_a_scorer_and_folds(iris):
    for params in ({"scoring": "accuracy", "store_cv_results": True}, {"cv": 3}):
        found = ours.RidgeClassifierCV(**params).fit(*iris)
        same_model(found, theirs.RidgeClassifierCV(**params).fit(*iris))


def test_penalties_of_targets(diabetes):
    X, y = diabetes
    Y = np.c_[y, np.sin(y), y**2]
    fit_both("Ridge", X, Y, alpha=[0.1, 1.0, 0.1])
    fit_both("Ridge", X[:5], Y[:5], alpha=[0.1, 1.0, 0.1])
    fit_both("RidgeCV", X, Y, alpha_per_target=True, alphas=[1e-3, 0.1, 10])
    fit_both("RidgeCV", X, Y, alpha_per_target=True, scoring="neg_mean_absolute_error")


def test_leaving_out_is_leaving_out(diabetes):
    X, y = diabetes[0][:30], diabetes[1][:30]
    for d in (4, 10):
        weights = weights_of(y)
        for params in ({}, {"gcv_mode": "svd"}, {"fit_intercept": False}):
            model = ours.RidgeCV([0.3], store_cv_results=True, **params).fit(X[:, :d], y, weights)
            for i in (0, 7):
                others = np.arange(30) != i
                kept = ours.Ridge(0.3, fit_intercept=model.fit_intercept)
                kept.fit(X[others, :d], y[others], weights[others])
                error = (y[i] - kept.predict(X[i : i + 1, :d])[0]) ** 2
                assert model.cv_results_[i, 0] == pytest.approx(weights[i] * error, rel=1e-9)


# ---- hard problems ----------------------------------------------------------------------------
def with_condition(condition, n=200, d=6):
    """Features with a condition number, centred."""
    random = np.random.RandomState(1)
    U = np.linalg.qr(random.normal(size=(n, d)) - 0.0)[0]
    U = np.linalg.qr(U - U.mean(axis=0))[0]
    V = np.linalg.qr(random.normal(size=(d, d)))[0]
    return (U * np.geomspace(1, 1 / condition, d)) @ V


@pytest.mark.parametrize("condition", [1e1, 1e3, 3e4, 2e5, 2e6, 3e10])
def test_conditions(condition):
    X = with_condition(condition)
    truth = np.arange(1.0, 7.0)
    y = X @ truth + 2
    for tol in (1e-6, 1e-15):
        found = ours.LinearRegression(tol=tol).fit(X, y)
        wanted = theirs.LinearRegression(tol=tol).fit(X, y)
        assert found.rank_ == wanted.rank_
        np.testing.assert_allclose(found.singular_, wanted.singular_, rtol=1e-6, atol=1e-14)
        ours_off, theirs_off = (abs(model.coef_ - truth).max() for model in (found, wanted))
        assert ours_off <= 20 * theirs_off + 1e-10
        np.testing.assert_allclose(found.predict(X), wanted.predict(X), atol=1e-9)


def test_noise_and_conditions():
    for condition in (1e2, 3e4, 1e7):
        X = with_condition(condition)
        y = X.sum(axis=1) + np.random.RandomState(0).normal(size=len(X))
        found, wanted = (m.LinearRegression(tol=1e-14).fit(X, y) for m in (ours, theirs))
        np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-12 * condition)


@pytest.mark.parametrize("name", ["LinearRegression", "Ridge", "RidgeCV"])
def test_offsets(name):
    random = np.random.RandomState(0)
    X = random.randint(-8, 9, (300, 4)).astype(float)
    y = X @ [1.0, -2.0, 3.0, 0.5] + random.normal(size=300)
    near, far = (getattr(ours, name)().fit(X + offset, y + offset) for offset in (0.0, 1e8))
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-6)
    single = getattr(ours, name)().fit((X + 2**20).astype(np.float32), y.astype(np.float32))
    np.testing.assert_allclose(single.coef_, near.coef_, rtol=1e-4)


@pytest.mark.parametrize("repeated", [1, 3])
def test_columns_that_occur_twice(repeated):
    random = np.random.RandomState(0)
    X = random.normal(size=(50, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + 1
    double = np.c_[X, X[:, :repeated], np.ones(50)]
    found, wanted = fit_both("LinearRegression", double, y)
    assert found.rank_ == 4
    fit_both("Ridge", double, y, alpha=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shortest = ours.Ridge(alpha=0.0).fit(double, y)
    assert shortest.solver_ == "svd"
    np.testing.assert_allclose(shortest.coef_, wanted.coef_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["LinearRegression", "Ridge", "RidgeCV"])
def test_scales(name):
    random = np.random.RandomState(0)
    X = random.normal(size=(80, 3)) * [1e-3, 1.0, 1e3]
    fit_both(name, X, X @ [1e3, 1.0, 1e-3] + random.normal(size=80), rtol=1e-6)


def test_constant_and_few_samples():
    for X, y in [(np.ones((5, 2)), np.arange(5.0)), (np.array([[1.0, 2.0]]), np.array([3.0]))]:
        for name in ("LinearRegression", "Ridge"):
            fit_both(name, X, y)


# ---- the house ----------------------------------------------------------------------------------
def test_threads_change_nothing():
    random = np.random.RandomState(0)
    X, y = random.normal(size=(30_000, 6)), random.normal(size=30_000)
    weights = weights_of(y)
    for model in (ours.LinearRegression(), ours.Ridge(), ours.RidgeCV()):
        coefs = []
        for n_threads in (1, 2):
            with config_context(n_threads=n_threads):
                coefs.append(model.fit(X, y, weights).coef_)
        np.testing.assert_array_equal(*coefs)


def test_blocks_of_rows(monkeypatch):
    from fastml.kernels.cpu import _product_panels as panels

    monkeypatch.setattr(panels, "PART_VALUES", 300)
    monkeypatch.setattr(panels, "PACKED", 1)
    monkeypatch.setattr(panels, "PACKED_WIDE", 1)
    monkeypatch.setattr(panels, "STRIPS", 1)
    monkeypatch.setattr(left_out, "BLOCK", 50)
    random = np.random.RandomState(0)
    X, y = random.normal(size=(601, 35)) + 100, random.normal(size=601)
    for narrow in (100, 0):
        monkeypatch.setattr(panels, "NARROW", narrow)
        for name in ("LinearRegression", "RidgeCV"):
            fit_both(name, X, y)
            fit_both(name, X, y, weights_of(y))


def test_rows_far_from_the_others():
    """The rows that are looked at first have values of their own: the products are summed once more."""
    random = np.random.RandomState(0)
    X = random.normal(size=(3200, 3))
    y = X @ [1.0, 2.0, 3.0] + random.normal(size=3200)
    weights = np.ones(3200)
    weights[::25] = 0.0  # rows that do not count, of those that are looked at first
    X[::25] += 1e9
    rest = np.arange(3200) % 25 > 0
    found, wanted = ours.LinearRegression().fit(X, y, weights), ours.LinearRegression().fit(X[rest], y[rest])
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-9)
    launch = CPU.kernels.normal_equations.centred_products
    found, wanted = launch(X, y[:, None], weights), launch(X[rest], y[rest][:, None])
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-9)
    X[::25] -= 1e9 - 1e4
    fit_both("LinearRegression", X, y, rtol=1e-6)


# ---- products in float32 ------------------------------------------------------------------------
def coarse(X, y, condition=np.inf, penalty=0.0):
    data = CPU, X, y[:, None], None
    products = solver.means_and_products(*data, True, single=True)
    return solver._by_coarse_products(*data, products, condition, penalty)


@pytest.mark.parametrize("d", [40, 70, 300])
@pytest.mark.parametrize(("name", "params"), [("LinearRegression", {}), ("Ridge", {"alpha": 10.0})])
def test_products_in_single_precision_have_its_digits(name, params, d):
    random = np.random.RandomState(0)
    X = (random.normal(size=(1500, d)) + 3).astype(np.float32)
    for noise in (0.0, 10.0):
        y = X @ random.normal(size=d) + noise * random.normal(size=1500)
        assert coarse(X, y, solver.COARSE_CONDITION) is not None
        found = getattr(ours, name)(**params).fit(X, y)
        exact = getattr(ours, name)(**params).fit(X.astype(np.float64), y)
        assert abs(found.coef_ - exact.coef_).max() <= 2e-6 * abs(exact.coef_).max()
        if name == "LinearRegression":
            np.testing.assert_allclose(found.singular_, exact.singular_, rtol=1e-5)


@pytest.mark.parametrize("d", [40, 300])
def test_corrections_of_single_precision_are_needed(d):
    X = with_condition(20.0, n=1500, d=d).astype(np.float32)
    y = X.astype(np.float64) @ np.arange(1.0, d + 1)
    corrected, exact = coarse(X, y), solver.least_squares(CPU, X.astype(float), y[:, None], None, True, 1e-6)
    _, gram, right = solver.means_and_products(CPU, X, y[:, None], None, True, single=True)
    plain = np.linalg.solve(gram, right)
    off = [abs(coef - exact.coef).max() / d for coef in (corrected.coef, plain)]
    assert off[0] < 1e-8 < off[1] / 10


@pytest.mark.parametrize("condition", [3e2, 1e5])
def test_products_too_coarse_are_summed_again(condition):
    for d in (40, 100):
        X = with_condition(condition, n=1500, d=d).astype(np.float32)
        y = X.astype(np.float64) @ np.arange(1.0, d + 1)
        assert coarse(X, y, solver.COARSE_CONDITION) is None
        found, exact = (ours.LinearRegression(tol=1e-9).fit(data, y) for data in (X, X.astype(float)))
        np.testing.assert_allclose(found.coef_, exact.coef_, rtol=1e-6)


# ---- the condition number, and what is found later ------------------------------------------------
@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
def test_estimates_are_not_too_small(condition):
    for d in (2, 65, 120):
        X = with_condition(condition, d=d)
        gram = X.T @ X
        estimate = positive_definite._estimate(gram, positive_definite.factored(gram))
        assert condition <= estimate <= 20 * condition * np.sqrt(d)


def test_singular_values_are_found_when_asked_for():
    random = np.random.RandomState(0)
    X = random.normal(size=(300, 100))
    found = ours.LinearRegression().fit(X, X[:, 0])
    assert "singular_" not in vars(found)
    wanted = theirs.LinearRegression().fit(X, X[:, 0]).singular_
    for model in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), found.to_sklearn(), found):
        np.testing.assert_allclose(vars(model).get("singular_", found.singular_), wanted)
    assert "_gram" not in vars(found)
    found.fit(X[:, :3], X[:, 0])
    assert found.singular_.shape == (3,)
    with pytest.raises(AttributeError, match="singular_"):
        ours.LinearRegression().singular_  # noqa: B018


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_that_are_not_finite(value, dtype):
    random = np.random.RandomState(0)
    for d in (3, 40, 100):
        X, y = random.normal(size=(2000, d)).astype(dtype), random.normal(size=2000)
        model = ours.LinearRegression().fit(X[:, 1:], y)
        before = {**vars(model), "singular_": model.singular_}
        before.pop("_gram", None)
        for row in (0, 1111):
            bad = X.copy()
            bad[row, 1] = value
            with pytest.raises(ValueError) as wanted:
                theirs.LinearRegression().fit(bad, y)
            with pytest.raises(ValueError) as found:
                model.fit(bad, y)
            assert str(found.value) == str(wanted.value)
            assert vars(model).keys() == before.keys()
            assert model.n_features_in_ == d - 1


def test_products_that_overflow():
    X = np.random.RandomState(0).normal(size=(2000, 40)) * 1e160
    y = X @ np.ones(40)
    np.testing.assert_allclose(ours.LinearRegression().fit(X, y).coef_, 1.0)
    X = (X / 1e130).astype(np.float32)
    np.testing.assert_allclose(ours.LinearRegression().fit(X, X.sum(axis=1)).coef_, 1.0, rtol=1e-4)


def test_corrected_solution_is_needed():
    """Without the second solution, coefficients would have lost half of their digits."""
    X = with_condition(3e4)
    y = (X @ np.arange(1.0, 7.0))[:, None]
    exact = solver.least_squares(CPU, X, y, None, False, 1e-14)
    assert not exact.by_singular_values
    plain = np.linalg.solve(X.T @ X, X.T @ y)
    off = [abs(coef[:, 0] - np.arange(1.0, 7.0)).max() for coef in (exact.coef, plain)]
    assert off[0] < 1e-10 < 10 * off[1]


@pytest.mark.parametrize(
    "name", ["LinearRegression", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"]
)
def test_sparse_data_is_scikit_learns(name, breast_cancer):
    X, y = csr_array(breast_cancer[0]), breast_cancer[1]
    found, wanted = (getattr(module, name)().fit(X, y) for module in (ours, theirs))
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-6)
    np.testing.assert_allclose(found.predict(X), wanted.predict(X))
    with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="sparse"):
        getattr(ours, name)().fit(X, y)


@pytest.mark.parametrize("solver", ["lsqr", "sparse_cg", "sag", "saga"])
def test_solvers_of_scikit_learn(diabetes, solver):
    fit_both("Ridge", *diabetes, solver=solver, random_state=0)


def test_errors(diabetes):
    X, y = diabetes
    for params, args in [
        ({"solver": "lbfgs"}, (X, y)),
        ({"positive": True, "solver": "svd"}, (X, y)),
        ({"alpha": [1.0, 2.0]}, (X, y)),
        ({"alpha": -1.0}, (X, y)),
        ({}, (X, y[:3])),
        ({}, (X, np.full(len(y), np.nan))),
    ]:
        with pytest.raises(ValueError) as wanted:
            theirs.Ridge(**params).fit(*args)
        with pytest.raises(ValueError) as found:
            ours.Ridge(**params).fit(*args)
        assert str(found.value).splitlines()[0] == str(wanted.value).splitlines()[0]
    for params in (
        {"alphas": [0.0, 1.0]},
        {"cv": 3, "store_cv_results": True},
        {"cv": 3, "alpha_per_target": True},
    ):
        with pytest.raises(ValueError) as wanted:
            theirs.RidgeCV(**params).fit(X, y)
        with pytest.raises(ValueError) as found:
            ours.RidgeCV(**params).fit(X, y)
        assert str(found.value) == str(wanted.value)


@pytest.mark.parametrize(
    "name", ["LinearRegression", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"]
)
def test_twins(name, breast_cancer):
    X, y = breast_cancer
    model = getattr(ours, name)().fit(X, y)
    twin = model.to_sklearn()
    assert type(twin).__module__.startswith("sklearn.")
    np.testing.assert_allclose(twin.predict(X), model.predict(X))
