"""Reference cases of rankings, errors, products of columns, and polynomials; see `cases`."""

import inspect
import sys

import numpy as np

from tests.reference import errors as reference_errors
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


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
