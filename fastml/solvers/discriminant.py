"""Linear discriminant analysis, from the means of the classes and the products of features within them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Classes", "Discriminant", "by_eigenvalues", "by_least_squares", "by_singular_values", "summarize"]

# Singular values are taken as roots of eigenvalues: those below are rounding errors.
SMALLEST_TOL = 1e-6


class Classes(NamedTuple):
    """What discriminants need to know of the samples.

    Attributes
    ----------
    counts : int64 ndarray of shape (n_classes,)
        Samples of each class.
    means : float64 ndarray of shape (n_classes, n_features)
        Their means.
    scatters : list of float64 ndarray of shape (n_features, n_features)
        Products of the features of each class, around its mean; empty if `rows` are there instead.
    rows : float64 ndarray of shape (n_samples, n_features) or None
        The samples of all classes, less their class's mean; None if the products serve.
    """

    counts: np.ndarray
    means: np.ndarray
    scatters: list
    rows: np.ndarray | None


class Discriminant(NamedTuple):
    """Linear functions of the features, one for each class, and directions that tell the classes apart.

    Attributes
    ----------
    coef : float64 ndarray of shape (n_classes, n_features)
        Coefficients.
    intercept : float64 ndarray of shape (n_classes,)
        Constant terms.
    scalings : float64 ndarray of shape (n_features, n_directions) or None
        The directions; None where the solver has none.
    ratios : float64 ndarray of shape (n_directions,) or None
        The share of the variance between classes in each direction, falling.
    """

    coef: np.ndarray
    intercept: np.ndarray
    scalings: np.ndarray | None = None
    ratios: np.ndarray | None = None


def summarize(device: Any, X: Any, codes: np.ndarray, n_classes: int, keep_rows: bool) -> Classes:
    """Take the means of the classes, and multiply the features within them.

    Parameters
    ----------
    device : Device
        Where X is.
    X : array of shape (n_samples, n_features)
        The samples.
    codes : int64 ndarray of shape (n_samples,)
        The class of each sample.
    n_classes : int
        How many classes there are; each has a sample.
    keep_rows : bool
        Whether to keep the centred samples instead of their products.

    Returns
    -------
    classes : Classes
        The counts, the means, and products or samples.
    """
    counts, means, scatters, rows = np.bincount(codes, minlength=n_classes), [], [], []
    launch = device.kernels.normal_equations.centred_products
    for k in range(n_classes):
        members = X if n_classes == 1 else X[device.asarray(np.flatnonzero(codes == k))]
        if keep_rows:
            members = device.to_host(members).astype(np.float64)
            first = members[0].copy()  # without it, an offset would cost digits
            mean = first + (members - first).mean(axis=0)
            rows.append(members - mean)
        else:
            found = launch(members, device.empty((members.shape[0], 0), np.float64))
            mean, scatter = map(device.to_host, found)
            scatters.append(scatter)
        means.append(mean)
    return Classes(counts, np.array(means), scatters, np.concatenate(rows) if keep_rows else None)


def by_singular_values(classes: Classes, priors: np.ndarray, tol: float) -> Discriminant:
    """Whiten the samples within the classes, then find the directions in which the means differ.

    Parameters
    ----------
    classes : Classes
        With rows where `tol` is very small or there are few samples.
    priors : float64 ndarray of shape (n_classes,)
        Probabilities of the classes.
    tol : float
        Singular values of the standardised samples below count as zero.

    Returns
    -------
    discriminant : Discriminant
        With scalings and ratios.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", section 4.3.3, 2009.
    """
    n_samples, n_classes = classes.counts.sum(), len(classes.means)
    singular, directions, deviations = _within(classes, n_samples)
    kept = singular > tol
    whitening = directions[:, kept] / deviations[:, None] / singular[kept]
    center = priors @ classes.means
    apart = classes.means - center
    spread = np.sqrt(n_samples * priors / max(n_classes - 1, 1))[:, None] * apart @ whitening
    _, between, Vt = np.linalg.svd(spread, full_matrices=False)
    rank = int((between > tol * between[:1].sum()).sum())
    scalings = whitening @ Vt.T[:, :rank]
    placed = apart @ scalings
    coef = placed @ scalings.T
    intercept = -0.5 * (placed**2).sum(axis=1) + np.log(priors) - coef @ center
    with np.errstate(invalid="ignore"):
        return Discriminant(coef, intercept, scalings, between**2 / (between**2).sum())


def _within(classes, n_samples):
    """Singular values of the standardised samples within the classes, falling, and their directions."""
    if classes.rows is not None:
        deviations = classes.rows.std(axis=0)
        deviations[deviations == 0] = 1.0
        standard = classes.rows / (np.sqrt(n_samples) * deviations)
        _, singular, Vt = np.linalg.svd(standard, full_matrices=False)
        return singular, Vt.T, deviations
    scatter = sum(classes.scatters) / n_samples
    deviations = np.sqrt(scatter.diagonal())
    deviations[deviations == 0] = 1.0
    values, vectors = np.linalg.eigh(scatter / np.outer(deviations, deviations))
    return np.sqrt(np.maximum(values[::-1], 0.0)), vectors[:, ::-1], deviations


def by_least_squares(means: np.ndarray, covariance: np.ndarray, priors: np.ndarray) -> Discriminant:
    """Solve for the coefficients directly.

    Parameters
    ----------
    means : float64 ndarray of shape (n_classes, n_features)
        Means of the classes.
    covariance : float64 ndarray of shape (n_features, n_features)
        Covariance within the classes.
    priors : float64 ndarray of shape (n_classes,)
        Probabilities of the classes.

    Returns
    -------
    discriminant : Discriminant
        Without scalings and ratios.

    References
    ----------
    .. [1] R. O. Duda, P. E. Hart, D. G. Stork, "Pattern Classification", section 2.6.2, 2001.
    """
    coef = np.linalg.lstsq(covariance, means.T, rcond=np.finfo(np.float64).eps)[0].T
    return Discriminant(coef, _intercept(means, coef, priors))


def by_eigenvalues(
    means: np.ndarray, covariance: np.ndarray, total: np.ndarray, priors: np.ndarray
) -> Discriminant:
    """Find the directions of the largest ratios of the variance between classes to that within.

    Parameters
    ----------
    means, covariance, priors : ndarray
        As for `by_least_squares`.
    total : float64 ndarray of shape (n_features, n_features)
        Covariance of all samples.

    Returns
    -------
    discriminant : Discriminant
        With scalings and ratios.

    References
    ----------
    .. [1] R. O. Duda, P. E. Hart, D. G. Stork, "Pattern Classification", section 3.8.3, 2001.
    """
    from scipy.linalg import eigh

    values, vectors = eigh(total - covariance, covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    coef = means @ vectors @ vectors.T
    return Discriminant(coef, _intercept(means, coef, priors), vectors, values / values.sum())


def _intercept(means, coef, priors):
    return -0.5 * (means * coef).sum(axis=1) + np.log(priors)
