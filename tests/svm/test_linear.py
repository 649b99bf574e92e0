"""Linear support vector machines against scikit-learn's LIBLINEAR: the same objective or less."""

import itertools

import numpy as np
import pytest
import scipy.sparse
import sklearn.svm as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures, scale

import fastml
import fastml.svm as ours
from fastml._device import FallbackError
from fastml.solvers import linear_svm as solver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSIFIERS = (
    {"loss": "hinge"},
    {"dual": False},
    {"dual": True},
    {"penalty": "l1"},
)
REGRESSORS = (
    {"epsilon": 0.3},
    {"loss": "squared_epsilon_insensitive", "epsilon": 0.3, "dual": False},
    {"loss": "squared_epsilon_insensitive", "epsilon": 0.3, "dual": True},
)


def objectives(model, X, y, weight=1.0):
    """What is minimised, for each class."""
    found = []
    scaled = np.atleast_1d(model.intercept_) / model.intercept_scaling
    values = (X @ np.atleast_2d(model.coef_).T + model.intercept_).T
    for k, (w, b) in enumerate(zip(np.atleast_2d(model.coef_), np.broadcast_to(scaled, len(values)))):
        if hasattr(model, "classes_"):
            target = np.where(y == model.classes_[k if len(values) > 1 else 1], 1, -1)
            loss = np.maximum(0, 1 - target * values[k])
        else:
            loss = np.maximum(0, np.abs(y - values[k]) - model.epsilon)
        loss = loss**2 if "squared" in model.loss else loss
        w = np.append(w, b)
        penalty = np.abs(w).sum() if getattr(model, "penalty", "l2") == "l1" else w @ w / 2
        found.append(penalty + model.C * (weight * loss).sum())
    return np.array(found)


def fit_both(name, X, y, sample_weight=None, **params):
    params = {"random_state": 0, "tol": 1e-6, "max_iter": 3000, **params}
    return [getattr(module, name)(**params).fit(X, y, sample_weight) for module in (ours, theirs)]


def assert_no_worse(pair, X, y, rel=1e-6, weight=1.0):
    mine, other = pair
    for attribute in ("coef_", "intercept_"):
        found, expected = getattr(mine, attribute), getattr(other, attribute)
        assert np.shape(found) == np.shape(expected)
        assert np.asarray(found).dtype == np.asarray(expected).dtype
    assert (objectives(mine, X, y, weight) <= (1 + rel) * objectives(other, X, y, weight)).all()


@pytest.mark.parametrize("params", CLASSIFIERS)
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_real_classes(load, params):
    X, y = load(return_X_y=True)
    X = scale(X)
    mine, other = pair = fit_both("LinearSVC", X, y, **params)
    assert_no_worse(pair, X, y)
    assert np.mean(mine.predict(X) == other.predict(X)) > 0.99
    sparse = fit_both("LinearSVC", scipy.sparse.csr_matrix(X), y, **params)
    assert_no_worse((sparse[0], other), X, y)


def test_many_classes():
    X, y = load_digits(return_X_y=True)
    pair = fit_both("LinearSVC", X / 16, y)
    assert_no_worse(pair, X / 16, y)
    assert pair[0].n_iter_ <= 100


@pytest.mark.parametrize("params", REGRESSORS)
def test_real_numbers(params):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    mine, other = pair = fit_both("LinearSVR", X, y, **params)
    # Two orders of visits to the corners of absolute values do not end at the same digit.
    rel = 1e-6 if "loss" in params else 1e-4
    assert_no_worse(pair, X, y, rel)
    np.testing.assert_allclose(mine.predict(X), other.predict(X), atol=0.01)
    sparse = fit_both("LinearSVR", scipy.sparse.csr_matrix(X), y, **params)
    assert_no_worse((sparse[0], other), X, y, rel)


@pytest.mark.parametrize("params", CLASSIFIERS)
@pytest.mark.parametrize("C", [1e-4, 1e6])
@pytest.mark.parametrize("kind", ["overlapping", "separable", "duplicates", "small", "large", "scales"])
def test_hard_problems(kind, C, params):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 4))
    y = X[:, 0] + (0 if kind == "separable" else 1) * rng.normal(size=60) > 0
    if kind == "duplicates":
        X, y = np.repeat(X, 3, axis=0), np.tile(y, 3)
    X *= {"small": 1e-6, "large": 1e4, "scales": np.array([1e-6, 1, 1e3, 1])}.get(kind, 1.0)
    if "loss" not in params and "penalty" not in params:
        assert_no_worse(fit_both("LinearSVC", X, y, C=C, max_iter=500, **params), X, y)
        return
    # Where neither of them converges, the order of visits decides who is nearer.
    tried = [fit_both("LinearSVC", X, y, C=C, max_iter=500, random_state=s, **params) for s in range(7)]
    mine, other = np.median([[objectives(model, X, y)[0] for model in pair] for pair in tried], axis=0)
    assert mine <= 1.5 * other


@pytest.mark.parametrize("C", [1.0, 1e6])
def test_newton_steps_of_many_features(C, monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 100))
    y = X[:, 0] + rng.normal(size=400) > 0
    monkeypatch.setattr(solver, "MOST_FACTORISED", 10)
    assert_no_worse(fit_both("LinearSVC", X, y, C=C, dual=False), X, y)
    target = X[:, 0] + rng.normal(size=400)
    squared = {"loss": "squared_epsilon_insensitive", "epsilon": 0.1, "dual": False}
    assert_no_worse(fit_both("LinearSVR", X, target, C=C, **squared), X, target)


def test_correlated_features():
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(2).fit_transform(X)
    assert_no_worse(fit_both("LinearSVC", X, y > np.median(y), C=100.0), X, y > np.median(y))


@pytest.mark.parametrize("params", CLASSIFIERS)
def test_weights(params):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    weight = np.random.RandomState(0).uniform(size=len(y))
    weight[::7] = 0
    assert_no_worse(fit_both("LinearSVC", X, y, weight, **params), X, y, rel=1e-5, weight=weight)
    class_weight = {0: 3.0, 1: 0.5, 2: 1.0}
    mine, other = fit_both("LinearSVC", X, y, weight, class_weight=class_weight, tol=1e-8, **params)
    np.testing.assert_allclose(mine.coef_, other.coef_, atol=1e-3)
    X, y = X[:100], y[:100]
    mine, other = fit_both("LinearSVC", X + 0.1, y, class_weight="balanced", C=0.1, **params)
    np.testing.assert_allclose(mine.coef_, other.coef_, atol=1e-3)


@pytest.mark.parametrize("params", REGRESSORS)
def test_weights_of_regression(params):
    X, y = load_diabetes(return_X_y=True)
    X, y, weight = scale(X), scale(y), np.random.RandomState(0).uniform(size=len(y))
    pair = fit_both("LinearSVR", X, y, weight, **{"max_iter": 20_000, **params})
    assert_no_worse(pair, X, y, rel=1e-5, weight=weight)


@pytest.mark.parametrize("params", CLASSIFIERS)
def test_intercepts(params):
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    for how in ({"intercept_scaling": 10.0}, {"fit_intercept": False}):
        mine, other = pair = fit_both("LinearSVC", X, y, C=0.01, **how, **params)
        assert_no_worse(pair, X, y, rel=1e-5)
        np.testing.assert_allclose(mine.intercept_, other.intercept_, atol=1e-3)


def test_float32_is_as_exact():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X).astype(np.float32)
    for params in CLASSIFIERS:
        assert_no_worse(fit_both("LinearSVC", X, y, **params), X.astype(float), y)


def test_the_choice_of_a_solver():
    X, y = load_iris(return_X_y=True)
    for rows, dual in itertools.product((X, X[::40]), ("auto", True, False)):
        for params in ({"loss": "hinge"}, {"penalty": "l1"}, {}, {"loss": "hinge", "penalty": "l1"}):
            errors = []
            for module in (ours, theirs):
                try:
                    module.LinearSVC(dual=dual, **params).fit(rows, y[:: len(y) // len(rows)])
                except ValueError as error:
                    errors.append(str(error))
            assert errors in ([], errors[:1] * 2)


def test_one_problem_for_all_classes_is_scikit_learns():
    X, y = load_iris(return_X_y=True)
    mine, other = fit_both("LinearSVC", X, y, multi_class="crammer_singer")
    np.testing.assert_allclose(mine.coef_, other.coef_)
    with fastml.config_context(on_fallback="raise"), pytest.raises(FallbackError, match="crammer_singer"):
        ours.LinearSVC(multi_class="crammer_singer").fit(X, y)


def test_any_number_of_threads():
    X, y = load_digits(return_X_y=True)
    for params in ({"max_iter": 3}, {"loss": "hinge", "max_iter": 5}, {"penalty": "l1", "max_iter": 3}):
        fitted = []
        for n_threads in (1, 2):
            with fastml.config_context(n_threads=n_threads):
                fitted.append(ours.LinearSVC(random_state=0, **params).fit(X, y).coef_)
        np.testing.assert_allclose(fitted[0], fitted[1], rtol=1e-9, atol=1e-12)


def test_errors_warnings_and_reports(capsys):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="needs samples of at least 2 classes"):
        ours.LinearSVC().fit(X, np.ones(150))
    for params in CLASSIFIERS:
        with pytest.warns(ConvergenceWarning, match="Liblinear failed to converge"):
            model = ours.LinearSVC(max_iter=1, verbose=1, **params).fit(X, y)
        assert model.n_iter_ == 1
    assert "iteration 1" in capsys.readouterr().out
    assert not ours.LinearSVC(max_iter=0).fit(X, y).coef_.any()


def test_coefficients_may_be_sparse():
    X, y = load_iris(return_X_y=True)
    model = ours.LinearSVC(penalty="l1", C=0.1).fit(X, y)
    expected = model.predict(X)
    assert scipy.sparse.issparse(model.sparsify().coef_)
    np.testing.assert_array_equal(model.predict(X), expected)
    np.testing.assert_array_equal(model.densify().predict(scipy.sparse.csr_matrix(X)), expected)
