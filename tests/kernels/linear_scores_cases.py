"""The reference cases of the scores of linear models."""

import inspect
import sys

import numpy as np

from tests.kernels.cases import Run
from tests.reference import linear_scores as reference

# Rows, features, outputs: by BLAS, and by kernels with what is left of tiles, vectors and blocks.
SHAPES = (
    (1, 1, 1),
    (9, 3, 11),
    (40, 4, 2),
    (20_001, 53, 1),
    (400_003, 3, 1),
    (25_007, 30, 3),
    (1009, 65, 17),
)
WIDE = (5, 30_000, 8)  # fewer rows than a tile has


def _problem(run, shape):
    n, d, k = shape
    X = run.normal(n, d)
    X[n // 2 :] = X[: n - n // 2]
    coef = (run.rng.standard_normal((k, d)) * 3).astype(run.dtype)
    if k > 2:
        coef[-1] = coef[-2]  # ties
    intercept = run.rng.standard_normal(k).astype(run.dtype)
    intercept[-1] = intercept[max(k - 2, 0)]
    return X, coef, intercept


def _shapes(run):
    return SHAPES[:3] if run.simulated else (*SHAPES, WIDE)


def _ask(run, launcher, X, coef, intercept):
    found, all_finite = getattr(run.device.kernels.linear_scores, launcher)(*run.there(X, coef, intercept))
    assert all_finite is True
    return run.device.to_host(found)


def margins_of_rows(run):
    for shape in _shapes(run):
        X, coef, intercept = _problem(run, shape)
        found = _ask(run, "margins", X, coef, intercept)
        assert found.dtype == run.dtype
        expected = reference.margins(X, coef, intercept)
        run.close(found, expected, scale=float(abs(coef).sum(axis=1).max()))


def probabilities_of_rows(run):
    for shape in _shapes(run):
        X, coef, intercept = _problem(run, shape)
        found = _ask(run, "probabilities", X, coef, intercept)
        assert found.dtype == run.dtype
        expected = reference.shares(reference.margins(X, coef, intercept))
        run.close(found, expected, scale=float(abs(coef).sum(axis=1).max()))


def best_classes_of_rows(run):
    for shape in _shapes(run):
        X, coef, intercept = _problem(run, shape)
        # Small integers have exact products, so that ties are ties.
        X, coef, intercept = (np.trunc(a).astype(run.dtype) for a in (X, coef, intercept))
        found = _ask(run, "best_classes", X, coef, intercept)
        run.equal(found, reference.best_classes(reference.margins(X, coef, intercept)))


def shares_of_margins(run):
    for n, n_outputs in ((1, 2), (9, 1), (5000, 1), (5000, 3), (40, 11)):
        margins = run.normal(n, n_outputs) * 20
        margins[0, 0] = 800
        found = run.device.kernels.linear_scores.shares(run.there(margins.copy()))
        run.close(found, reference.shares(margins))


def rows_that_are_not_finite(run):
    """A zero coefficient hides nothing."""
    for shape in _shapes(run):
        for bad in (np.nan, np.inf, -np.inf):
            X, coef, intercept = _problem(run, shape)
            X[-1, -1], coef[:, -1] = bad, 0
            for launcher in ("margins", "probabilities", "best_classes"):
                ask = getattr(run.device.kernels.linear_scores, launcher)
                with np.errstate(invalid="ignore"):
                    assert ask(*run.there(X, coef, intercept))[1] is False


CASES = {
    name: case
    for name, case in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if case.__module__ == __name__ and not name.startswith("_") and case is not Run
}
