"""Ridge regression that predicts each sample from all others, for several penalties at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._threads import for_each_block, one_blas_thread
from .normal_equations import centred, means_and_products, means_of

__all__ = ["LeaveOneOut", "leave_one_out"]

BLOCK = 1 << 16  # values in a block of rows


class LeaveOneOut(NamedTuple):
    """What leaving out one sample after the other found.

    Attributes
    ----------
    errors : float64 ndarray of shape (n_samples, n_alphas, n_targets)
        Residuals of the samples when they are left out, times the roots of their weights.
    coef : float64 ndarray of shape (n_alphas, n_features, n_targets)
        Coefficients from all samples.
    means : float64 ndarray of shape (n_features + n_targets,)
        Weighted means of features and targets; zeros if there is no intercept.
    """

    errors: np.ndarray
    coef: np.ndarray
    means: np.ndarray


class _Components(NamedTuple):
    """Samples in orthogonal directions, in which a penalty shrinks each by itself.

    A residual is ``base`` times the target, plus the sum of the sample's components times ``factors`` and
    ``parts``; what is left of one beside the leverage is ``base`` plus the sum of their squares times
    ``factors``.
    """

    of_rows: Any  # (start, stop) -> (n_rows, n_components)
    parts: np.ndarray  # (n_components, n_targets) of the targets
    factors: np.ndarray  # (n_components, n_alphas)
    base: float


def leave_one_out(
    device: Any, X: Any, Y: Any, roots: Any, alphas: np.ndarray, fit_intercept: bool, by_singular_values: bool
) -> LeaveOneOut:
    """Predict each sample by the ridge regression on all others.

    The residual of a sample, left out, is its residual over one less its leverage [1]_. With the eigenvectors
    of the normal equations, a further penalty costs two products of matrices.

    Parameters
    ----------
    device : Device
        Where X, Y and the roots are.
    X : array of shape (n_samples, n_features)
        The features.
    Y : float64 array of shape (n_samples, n_targets)
        The targets.
    roots : float64 array of shape (n_samples,) or None
        Square roots of the samples' weights; None means ones.
    alphas : float64 ndarray of shape (n_alphas,)
        The penalties, above zero.
    fit_intercept : bool
        Whether the models have a constant term, which is not penalised.
    by_singular_values : bool
        Whether to decompose the features themselves, which is slower and has more digits. It is always done
        where there are no more samples than features.

    Returns
    -------
    found : LeaveOneOut
        Errors, coefficients and means.

    References
    ----------
    .. [1] R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025, 2007.
    """
    decompose = _by_singular_values if by_singular_values or X.shape[0] <= X.shape[1] else _by_eigenvalues
    means, coef, components = decompose(device, X, Y, roots, alphas, fit_intercept)
    root = np.ones(X.shape[0]) if roots is None else device.to_host(roots)
    targets = root[:, None] * (device.to_host(Y) - means[X.shape[1] :])
    return LeaveOneOut(_errors(components, targets, root, fit_intercept), coef, means)


def _by_eigenvalues(device, X, Y, roots, alphas, fit_intercept):
    means, gram, right = means_and_products(device, X, Y, roots, fit_intercept)
    values, vectors = np.linalg.eigh(gram)
    shrinkage = 1 / (np.maximum(values, 0.0)[:, None] + alphas)
    parts = vectors.T @ right
    X, roots = device.to_host(X), None if roots is None else device.to_host(roots)

    def of_rows(start, stop):
        rows = X[start:stop] - means[: X.shape[1]]
        return (rows if roots is None else roots[start:stop, None] * rows) @ vectors

    return means, _combine(vectors, shrinkage, parts), _Components(of_rows, parts, -shrinkage, 1.0)


def _by_singular_values(device, X, Y, roots, alphas, fit_intercept):
    means = means_of(device, X, Y, roots, fit_intercept)
    rows, targets = centred(device, X, Y, roots, means)
    U, singular, Vt = np.linalg.svd(rows, full_matrices=False)
    parts = U.T @ targets
    denominators = singular[:, None] ** 2 + alphas
    coef = _combine(Vt.T, singular[:, None] / denominators, parts)
    # A basis of all samples gives residuals by themselves, where a difference would lose their digits.
    base = 0.0 if len(U) <= len(Vt) else 1.0
    factors = alphas / denominators - base
    return means, coef, _Components(lambda start, stop: U[start:stop], parts, factors, base)


def _combine(vectors, factors, parts):
    """For each penalty, the sum of the vectors times factors and parts."""
    return np.stack([vectors @ (factors[:, [a]] * parts) for a in range(factors.shape[1])])


def _errors(components, targets, root, fit_intercept):
    n_samples, n_targets = targets.shape
    n_components, n_alphas = components.factors.shape
    mixed = components.factors[:, :, None] * components.parts[:, None, :]
    mixed = mixed.reshape(n_components, n_alphas * n_targets)
    shares = root**2 / (root @ root) if fit_intercept else np.zeros(n_samples)
    errors = np.empty((n_samples, n_alphas, n_targets))

    def task(_, start, stop):
        found = components.of_rows(start, stop)
        residuals = (found @ mixed).reshape(stop - start, n_alphas, n_targets)
        residuals += components.base * targets[start:stop, None, :]
        rest = components.base + (found * found) @ components.factors - shares[start:stop, None]
        np.divide(residuals, rest[:, :, None], out=errors[start:stop])

    with one_blas_thread():
        work = 2.0 * n_samples * n_components * (n_components + 2 * n_alphas * n_targets)
        for_each_block(task, n_samples, max(1, BLOCK // n_components), work=work)
    return errors
