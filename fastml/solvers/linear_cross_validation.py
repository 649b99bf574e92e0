"""Paths of coefficients on the training samples of each fold, and their errors on its test samples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import _config
from .._device import is_sparse
from .._threads import for_each_block, one_blas_thread
from .centred import CentredData
from .coordinate_descent import Minimum, Penalty, follow_path
from .least_squares import GramProblem, sum_products

__all__ = ["Fold", "Search", "errors_of_folds"]

# What is left of the squares of a feature, relative to those of all samples, when those of test samples are
# subtracted and the training samples are all the same.
SHORT_SWEEP = 1 << 18  # multiplications, up to which folds gain nothing by a second thread
ROUNDING = 1e-13


class Fold(NamedTuple):
    """What is learnt in a fold, and what it is tested with.

    Attributes
    ----------
    train, test : int64 array
        The samples.
    """

    train: np.ndarray
    test: np.ndarray


class Search(NamedTuple):
    """What is tried in each fold.

    Attributes
    ----------
    l1_ratios : sequence of float
        Shares of the L1 penalty.
    alphas : sequence of float64 array of shape (n_alphas,)
        For each of these, in descending order.
    positive : bool
        Whether coefficients must not be negative.
    seeds : sequence of int, or None
        For each fold, of the features that are drawn; None means that they are swept in their order.
    options : dict
        Of `minimise`.
    """

    l1_ratios: Any
    alphas: Any
    positive: bool
    seeds: Any
    options: dict


class _Products(NamedTuple):
    """Sums over samples: of features times features, targets times features, and so on."""

    gram: np.ndarray
    products: np.ndarray
    target_square: float
    x_sum: np.ndarray
    y_sum: np.ndarray
    total: float


def errors_of_folds(
    data: CentredData, y: np.ndarray, weights: np.ndarray | None, folds: list[Fold], search: Search, gram: Any
) -> tuple[np.ndarray, list[tuple[Minimum, Penalty]], np.ndarray | None]:
    """Follow the paths of all folds, side by side, and test them.

    Where each sample is tested once, the products of training samples are those of all samples less those
    of the test samples, so that the data is multiplied once and not for each fold.

    Parameters
    ----------
    data : CentredData
        All samples.
    y : float64 array of shape (n_samples, n_tasks)
        Their targets.
    weights : float64 array of shape (n_samples,), or None
        Their weights; None means ones.
    folds : list of Fold
        The folds.
    search : Search
        What is tried.
    gram : bool or "auto"
        Whether all products of features are computed first; "auto": where there are more training samples.

    Returns
    -------
    errors : float64 array of shape (n_l1_ratios, n_folds, n_alphas)
        Mean squared errors.
    minima : list of (Minimum, Penalty)
        How each fit ended.
    gram : float64 array of shape (n_features, n_features), or None
        The products of the features over all samples, if they were needed.
    """
    shape = len(search.l1_ratios), len(folds), len(search.alphas[0])
    errors = np.empty(shape)
    minima: list = [None] * len(folds)
    parts, whole = None, None
    if not is_sparse(data.X) and _wants_gram(gram, data, folds) and _can_subtract(data, folds):
        parts = [_sum_up(data, fold.test) for fold in folds]
        whole = _Products(*(sum(values) for values in zip(*parts)))
    rows = data.X.tocsr() if is_sparse(data.X) else data.X
    interrupted: list = []

    def report(k, minimum):
        if interrupted:
            raise InterruptedError("Another fold was interrupted.")

    def task(k, start, stop):
        fold = folds[k]
        try:
            if parts is not None:
                problem, total, x_mean, y_mean = _problem_without(data, whole, parts[k])
            else:
                problem, total, x_mean, y_mean = _problem_of(
                    data, rows[fold.train], y, weights, fold.train, gram
                )
            coefs, minima[k] = _paths(problem, total, data.X.shape[1], y.shape[1], search, k, report)
            residuals = _residuals(data, rows[fold.test], y[fold.test], coefs, x_mean, y_mean)
            test_weights = None if weights is None else weights[fold.test]
            squares = np.average(np.square(residuals), axis=0, weights=test_weights)
            errors[:, k] = squares.reshape(*coefs.shape[:-1]).mean(axis=-1)
        except BaseException:
            interrupted.append(k)
            raise

    with one_blas_thread():
        # One after the other where sweeps are short: threads would wait for each other between them.
        sweep = data.X.nnz if is_sparse(data.X) else data.X.shape[1] ** 2
        for_each_block(task, len(folds), 1, work=None if sweep > SHORT_SWEEP else 0.0)
    return errors, [ended for found in minima for ended in found], None if whole is None else whole.gram


def _wants_gram(gram, data, folds):
    if gram == "auto":
        return all(len(fold.train) > data.X.shape[1] for fold in folds) or data.device.name != "cpu"
    return bool(gram)


def _can_subtract(data, folds):
    """Tell whether each sample is tested once, enough are left, and all products fit the memory."""
    n_samples, n_features = data.X.shape
    counts = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=n_samples)
    return (
        bool((counts == 1).all())
        and all(len(fold.train) + len(fold.test) == n_samples for fold in folds)
        and all(2 * len(fold.test) <= n_samples for fold in folds)
        and 8 * n_features**2 * len(folds) <= _config.current()["working_memory"] * 2**20
    )


def _sum_up(data, rows):
    """Sum up some samples."""
    device = data.device
    roots = np.ones(len(rows)) if data.roots is None else data.roots[rows]
    targets = np.vstack([data.Y[:, rows], roots])  # whose products with features are sums of the features
    on_device = None if data.roots is None else device.asarray(roots)
    gram, products = device.kernels.gram.centred_gram(
        data.X[rows], device.asarray(targets.T), device.asarray(data.x_mean), on_device
    )
    products, Y = device.to_host(products), targets[:-1]
    sums = Y @ roots, sum_products(roots, roots)
    return _Products(device.to_host(gram), products[:-1], sum_products(Y, Y), products[-1], *sums)


def _problem_without(data, whole, part):
    """The problem of the samples that are not tested, its sum of weights, and its means."""
    rest = _Products(*(all_of_them - tested for all_of_them, tested in zip(whole, part)))
    gram, products, target_square = rest.gram, rest.products, rest.target_square
    x_mean, y_mean = data.x_mean, data.y_mean
    if data.centre:
        x_shift, y_shift = rest.x_sum / rest.total, rest.y_sum / rest.total
        gram -= rest.total * np.outer(x_shift, x_shift)
        products -= rest.total * np.outer(y_shift, x_shift)
        target_square -= rest.total * sum_products(y_shift, y_shift)
        x_mean, y_mean = x_mean + x_shift, y_mean + y_shift
    constant = gram.diagonal() <= ROUNDING * whole.gram.diagonal()
    gram[constant], gram[:, constant], products[:, constant] = 0.0, 0.0, 0.0
    return GramProblem(gram, products, target_square), rest.total, x_mean, y_mean


def _problem_of(data, X, y, weights, train, gram):
    """The problem of the training samples, its sum of weights, and its means."""
    weights = None if weights is None else weights[train]
    X = X.tocsc() if is_sparse(X) else X
    part = CentredData(data.device, X, y[train], weights, centre=data.centre)
    gram = not is_sparse(X) and (X.shape[0] > X.shape[1] if gram == "auto" else bool(gram))
    return part.problem(gram or data.device.name != "cpu"), part.total, part.x_mean, part.y_mean


def _paths(problem, total, n_features, n_tasks, search, k, report):
    """Coefficients, (n_l1_ratios, n_alphas, n_tasks, n_features), and how each fit ended."""
    coefs, ended = [], []
    for l1_ratio, alphas in zip(search.l1_ratios, search.alphas):
        penalties = [
            Penalty(float(alpha * total * l1_ratio), float(alpha * total * (1.0 - l1_ratio)), search.positive)
            for alpha in alphas
        ]
        rng = None if search.seeds is None else np.random.RandomState(search.seeds[k])
        coef = np.zeros((n_tasks, n_features))
        found, minima = follow_path(problem, coef, penalties, report, rng=rng, **search.options)
        coefs.append(found)
        ended += zip(minima, penalties)
    return np.stack(coefs), ended


def _residuals(data, X, y, coefs, x_mean, y_mean):
    """Of test samples, (n_samples, n_l1_ratios * n_alphas * n_tasks)."""
    flat = coefs.reshape(-1, coefs.shape[-1])
    y = np.tile(y - y_mean, len(flat) // y.shape[1])
    if is_sparse(X):
        return y - (X @ flat.T - flat @ x_mean)
    device = data.device
    centred = X - device.asarray(x_mean.astype(X.dtype))
    return y - device.to_host(centred @ device.asarray(flat.T.astype(X.dtype)))
