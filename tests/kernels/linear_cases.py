"""Reference cases of rankings, errors, products of columns, and polynomials; see `cases`."""

import inspect
import sys

import numpy as np

from fastml import metrics
from fastml.discriminant_analysis import LinearDiscriminantAnalysis
from fastml.linear_model import LinearRegression, Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV
from fastml.preprocessing import PolynomialFeatures
from fastml.solvers.polynomial import segments_of
from tests.kernels.estimator_cases import _fitted, _same
from tests.reference import errors as reference_errors
from tests.reference import normal_equations as reference_products
from tests.reference import polynomial as reference_polynomial
from tests.reference import ranking as reference_ranking


# ---- ranking -------------------------------------------------------------------------------
def _scores(run):
    """Scores and classes: ragged, tied, of one class, alone, of both zeros and infinities."""
    for n in run.bearable(1, 2, 37, 300):
        yield run.normal(n), run.rng.rand(n) < 0.4
        yield run.small_integers(n), run.rng.rand(n) < 0.5
    yield run.normal(9, offset=1e8), np.arange(9) % 2 == 0
    yield np.full(7, 0.5, run.dtype), np.arange(7) < 3
    yield run.normal(5), np.ones(5, bool)
    yield np.array([0.0, -0.0, 1e-30, -1e-30, np.inf, -np.inf], run.dtype), np.arange(6) % 2 == 1


def wins_are_counted(run):
    for scores, positive in _scores(run):
        found = run.device.kernels.ranking.count_wins(*run.there(scores, positive))
        assert found == reference_ranking.count_wins(scores, positive)


def curves_are_counted(run):
    for scores, positive in _scores(run):
        curve, thresholds = run.device.kernels.ranking.class_curve(*run.there(scores, positive))
        expected = reference_ranking.class_curve(scores, positive)
        run.equal(curve, expected[0])
        run.equal(thresholds, expected[1])
        assert thresholds.dtype == run.dtype


def curves_are_weighed(run):
    for scores, positive in _scores(run):
        weights = run.rng.rand(len(scores))
        there = run.there(scores, positive, weights)
        curve, thresholds = run.device.kernels.ranking.class_curve(*there)
        expected = reference_ranking.class_curve(scores, positive, weights)
        np.testing.assert_allclose(run.device.to_host(curve), expected[0], rtol=1e-12)
        run.equal(thresholds, expected[1])


# ---- errors --------------------------------------------------------------------------------
def residuals_are_summed(run):
    for n, k in [(1, 1), (17, 1), (40, 3)]:
        truth, predicted = run.normal(n, k, offset=100.0), run.normal(n, k, offset=100.0)
        for weights in (None, run.rng.rand(n)):
            found = run.device.kernels.errors.residual_sums(*run.there(truth, predicted, weights))
            expected = reference_errors.residual_sums(truth, predicted, weights)
            np.testing.assert_allclose(run.device.to_host(found), expected, rtol=1e-12)


def log_losses_are_summed(run):
    for n, k in [(1, 2), (33, 2), (20, 5)]:
        probabilities = run.rng.dirichlet(np.ones(k), n).astype(run.dtype)
        probabilities[0] = np.eye(k)[0]
        codes = run.rng.randint(0, k, n)
        codes[0] = 1
        for weights in (None, run.rng.rand(n)):
            found = run.device.kernels.errors.log_loss_sums(*run.there(probabilities, codes, weights))
            expected = reference_errors.log_loss_sums(probabilities, codes, weights)
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


# ---- normal equations ------------------------------------------------------------------------
def _rows(run):
    """Features, targets and roots of weights: ragged, alone, constant columns, duplicates, far from zero."""
    for n, d, k in [
        (1, 1, 1),
        (5, 1, 0),
        (17, 3, 2),
        *[(n, 11, 1) for n in run.bearable(40, 1000)],
        (300, 71, 3),
    ]:
        X, Y = run.normal(n, d), run.rng.standard_normal((n, k))
        X[:, -1] = X[:, 0]
        for roots in (None, run.rng.rand(n)):
            yield X, Y, roots
    yield np.ones((6, 2), run.dtype), run.rng.standard_normal((6, 1)), None
    yield run.small_integers(30, 4) + run.dtype.type(2**23), run.rng.standard_normal((30, 1)) + 1e8, None
    yield run.normal(8, 2), run.rng.standard_normal((8, 1)), np.arange(8) % 2.0


def products_are_summed(run):
    for X, Y, roots in _rows(run):
        for centre in (True, False):
            launch = run.device.kernels.normal_equations.centred_products
            means, products = map(run.device.to_host, launch(*run.there(X, Y, roots), centre=centre))
            expected = reference_products.centred_products(X, Y, roots, centre=centre)
            np.testing.assert_allclose(means, expected[0] if centre else 0 * means, rtol=1e-13, atol=1e-13)
            scale = np.sqrt(np.outer(expected[1].diagonal(), expected[1].diagonal()))
            np.testing.assert_allclose(products, expected[1], atol=1e-12 * max(scale.max(), 1e-9), rtol=1e-9)
            found = run.device.to_host(launch(*run.there(X, Y, roots), centre=centre, single=True)[1])
            np.testing.assert_allclose(found, expected[1], atol=4 * run.eps * max(scale.max(), 1e-9))


def products_of_residuals_are_summed(run):
    for X, Y, roots in _rows(run):
        means = np.concatenate([X, Y], axis=1).mean(axis=0, dtype=np.float64)
        coef = run.rng.standard_normal((X.shape[1], Y.shape[1]))
        there = run.there(X, Y, roots, means, coef)
        found = run.device.to_host(run.device.kernels.normal_equations.residual_products(*there))
        expected = reference_products.residual_products(X, Y, roots, means, coef)
        np.testing.assert_allclose(
            found, expected, rtol=1e-10, atol=1e-6 if abs(Y).max(initial=0) > 1e6 else 1e-11
        )


def factors_are_solved(run):
    for n, k in [(1, 1), (7, 3), (20, 1)]:
        rows, right = run.rng.standard_normal((n + 5, n)), run.rng.standard_normal((n, k))
        factor = np.linalg.cholesky(rows.T @ rows).T.copy()
        if run.device.name == "cpu":
            found = run.device.kernels.normal_equations.solve_factored(factor, right)
            np.testing.assert_allclose(found, reference_products.solve_factored(factor, right), rtol=1e-9)


def products_are_factored(run):
    if run.device.name != "cpu":
        return
    factor_products = run.device.kernels.normal_equations.factor_products
    for n in (1, 2, 7, 8, 9, 25, 70, 800):
        rows = run.rng.standard_normal((n + 5, n))
        products = rows.T @ rows
        found = np.triu(factor_products(products)[:n, :n])
        expected = reference_products.factor_products(products)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        products[n // 2, n // 2] = -1.0
        assert factor_products(products) is None


# ---- polynomials ---------------------------------------------------------------------------
def monomials_are_multiplied(run):
    for n, d, degree in [(1, 1, 3), (5, 3, 2), (7, 4, 4), (3, 2, 1), (2, 3, 0)]:
        X = run.normal(n, d)
        for interaction_only in (False, True):
            for n_ones in (0, 1) if degree else (1,):
                combos = reference_polynomial.combinations(d, degree, interaction_only, n_ones)
                segments = segments_of(d, degree, interaction_only, n_ones)
                for shape in ((n, len(combos)), (len(combos), n)):
                    out = run.zeros(shape)
                    out = out if shape[0] == n and shape[1] == len(combos) else out.T
                    run.device.kernels.polynomial.expand(run.there(X), segments, n_ones, out)
                    run.close(out, reference_polynomial.expand(X, combos), factor=8)


# ---- whole computations ----------------------------------------------------------------------
def linear_models_are_fitted(run):
    X, y = run.normal(30, 3, offset=2.0), run.normal(30)
    for cls in (LinearRegression, Ridge, RidgeCV):
        for params in ({}, {"fit_intercept": False}):

            @_fitted
            def fit(device, X, y, cls=cls, params=params):
                model = cls(device=device, **params).fit(X, y, np.arange(30) % 4)
                assert type(model.coef_) is np.ndarray
                return model.coef_, model.intercept_

            _same(run, fit, X, y)
            _same(run, lambda device, X, cls=cls: cls(device=device).fit(X, y).predict(X), X)


def linear_classifiers_are_fitted(run):
    y = np.arange(30) % 3
    X = run.normal(30, 4) + (2 * y[:, None]).astype(run.dtype)
    for cls in (RidgeClassifier, RidgeClassifierCV, LinearDiscriminantAnalysis):
        _same(run, lambda device, X, cls=cls: cls(device=device).fit(X, y).predict(X), X, exact=True)
        _same(run, lambda device, X, cls=cls: cls(device=device).fit(X, y).decision_function(X), X)
    _same(run, lambda device, X: LinearDiscriminantAnalysis(device=device).fit(X, y).predict_proba(X), X)


def polynomials_are_computed(run):
    X = run.normal(5, 3)
    for params in ({}, {"degree": (2, 3), "order": "F"}, {"interaction_only": True, "include_bias": False}):
        _same(run, lambda device, X, p=params: PolynomialFeatures(device=device, **p).fit_transform(X), X)


def scores_are_computed(run):
    y, scores = np.arange(40) % 2, run.normal(40)
    for name in ("roc_auc_score", "roc_curve", "average_precision_score", "precision_recall_curve"):
        call = getattr(metrics, name)
        _same(run, lambda device, y, s, call=call: call(y, s, device=device), y, scores)
    chances = np.stack([1 / (1 + np.exp(scores)), 1 / (1 + np.exp(-scores))], axis=1)
    _same(run, lambda device, y, p: metrics.log_loss(y, p, device=device), y, chances)
    _same(run, lambda device, y, p: metrics.f1_score(y, p, device=device), y, (y + (scores > 1)) % 2)
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        call = getattr(metrics, name)
        _same(run, lambda device, a, b, call=call: call(a, b, device=device), run.normal(40), scores)


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
