"""Paths of coefficients from large penalties to small ones."""

from __future__ import annotations

import numbers
import sys
import warnings
from typing import Any

import numpy as np

from .._device import CPU, is_sparse, report_fallback
from .._plain import plain_target
from .._validation import Interval, Options, check_array_fast, random_state, sk
from ..solvers.centred import CentredData
from ..solvers.coordinate_descent import Penalty, alpha_grid, follow_path
from ..solvers.least_squares import GramProblem, sum_products
from ._coordinate_descent import canonical, laid_out, resolve_gram, warn_unless_met

__all__ = ["enet_path", "lasso_path"]

_NOT_NEGATIVE, _COUNT = Interval(numbers.Real, 0), Interval(numbers.Integral, 1)
_MAY_BE = {
    "l1_ratio": Interval(numbers.Real, 0, 1, closed="both"),
    "eps": Interval(numbers.Real, 0, closed="neither"),
    "tol": _NOT_NEGATIVE,
    "max_iter": _COUNT,
    "selection": Options("cyclic", "random"),
}
_DEFAULTS = {"tol": 1e-4, "max_iter": 1000, "random_state": None, "selection": "cyclic", "do_screening": True}


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple:
    """Compute the coefficients of an elastic net for a sequence of alphas.

    What is minimised is said at `ElasticNet`, or at `MultiTaskElasticNet` if there are several targets.
    There is no intercept: X and y should be centred.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The targets.
    l1_ratio : float, default=0.5
        The share of the L1 penalty, from 0 to 1.
    eps : float, default=1e-3
        The last alpha of a grid, relative to the first.
    n_alphas : int, default="deprecated"
        Deprecated: `alphas` may be a number.
    alphas : int or array-like of shape (n_alphas,), default="warn"
        The alphas; or the number of a grid of them, 100 by default.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), default="auto"
        Whether to compute the products of all features first, or these products; "auto": if there are more
        samples.
    Xy : array-like of shape (n_features,) or (n_features, n_targets), default=None
        Products of features and targets, where those of features are given.
    copy_X : bool, default=True
        For compatibility: X is never modified.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Coefficients to begin with.
    verbose : bool or int, default=False
        Whether to write a dot for each alpha to the standard error; from 2 on a line.
    return_n_iter : bool, default=False
        Whether to return the number of sweeps.
    positive : bool, default=False
        Whether coefficients must not be negative; for one target.
    check_input : bool, default=True
        For compatibility: the data is checked in any case.
    **params : dict
        As parameters of `ElasticNet`: `tol`, `max_iter`, `random_state`, `selection`. With others, which
        scikit-learn's estimators pass, its function is called.

    Returns
    -------
    alphas : float64 array of shape (n_alphas,)
        In descending order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        The coefficients, in X's dtype.
    dual_gaps : float64 array of shape (n_alphas,)
        By how much, at most, each objective is above its minimum.
    n_iters : list of int
        The numbers of sweeps; if `return_n_iter`.

    See Also
    --------
    ElasticNetCV : Chooses alpha by cross-validation.
    lasso_path : The L1 penalty alone.

    Examples
    --------
    >>> from fastml.linear_model import enet_path
    >>> X, y = [[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]], [-1.0, 0.0, 1.0]
    >>> alphas, coefs, _ = enet_path(X, y, alphas=[0.1, 0.5])
    >>> alphas
    array([0.5, 0.1])
    >>> coefs.round(2)
    array([[0.45, 0.86],
           [0.  , 0.  ]])
    """
    given = {
        **{"l1_ratio": l1_ratio, "eps": eps, "precompute": precompute, "Xy": Xy, "copy_X": copy_X},
        **{"coef_init": coef_init, "verbose": verbose, "return_n_iter": return_n_iter, "positive": positive},
        **{"check_input": check_input, **params},
    }
    alphas = _resolve_alphas(n_alphas, alphas)
    reason = _why_not(given, alphas, params)
    if reason:
        report_fallback("scikit-learn's enet_path", reason)
        return sk("sklearn.linear_model.enet_path")(X, y, alphas=alphas, **given)
    X, y = _check(X, y)
    if positive and y.ndim > 1:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    data = CentredData(CPU, X, y, centre=False)
    problem = _pose(data, precompute, Xy)
    if isinstance(alphas, numbers.Integral):
        products = problem.products if isinstance(problem, GramProblem) else data.products()
        alphas = alpha_grid(
            products, data.total, l1_ratio=l1_ratio, eps=eps, n_alphas=int(alphas), positive=positive
        )
    else:
        alphas = np.sort(alphas)[::-1] if len(alphas) > 1 else np.asarray(alphas)
    scales = (alphas * data.total).tolist()
    penalties = [Penalty(scale * l1_ratio, scale * (1.0 - l1_ratio), positive) for scale in scales]
    coef = np.zeros((len(data.Y), X.shape[1]))
    if coef_init is not None:
        coef[:] = coef_init
    coefs, minima = follow_path(problem, coef, penalties, _reporter(penalties, verbose), **_options(params))
    coefs = np.moveaxis(coefs, 0, -1).astype(X.dtype, order="C")
    gaps = np.array([minimum.gap for minimum in minima]) / data.total
    found = alphas, coefs[0] if y.ndim == 1 else coefs, gaps
    return (*found, [minimum.n_iter for minimum in minima]) if return_n_iter else found


def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple:
    """Compute the coefficients of the lasso for a sequence of alphas.

    What is minimised is said at `Lasso`, or at `MultiTaskLasso` if there are several targets. There is no
    intercept: X and y should be centred.

    Parameters
    ----------
    X, y : array-like
        See `enet_path`.
    eps : float
        See `enet_path`.
    n_alphas, alphas, precompute : object
        See `enet_path`.
    Xy : array-like
        See `enet_path`.
    copy_X : bool
        See `enet_path`.
    coef_init : array-like
        See `enet_path`.
    verbose : bool or int
        See `enet_path`.
    return_n_iter, positive : bool
        See `enet_path`.
    **params : dict
        See `enet_path`.

    Returns
    -------
    alphas, coefs, dual_gaps, n_iters : array
        See `enet_path`.

    See Also
    --------
    LassoCV : Chooses alpha by cross-validation.
    enet_path : L1 and L2 penalties.

    Examples
    --------
    >>> from fastml.linear_model import lasso_path
    >>> X, y = [[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]], [-1.0, 0.0, 1.0]
    >>> alphas, coefs, _ = lasso_path(X, y, alphas=[0.1, 0.5])
    >>> coefs.round(2)
    array([[0.25, 0.85],
           [0.  , 0.  ]])
    """
    return enet_path(
        X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, precompute=precompute, Xy=Xy,
        copy_X=copy_X, coef_init=coef_init, verbose=verbose, return_n_iter=return_n_iter, positive=positive,
        **params,
    )  # fmt: skip


def _resolve_alphas(n_alphas, alphas):
    """What is meant by the two parameters, with scikit-learn's warnings."""
    if n_alphas != "deprecated":
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11. 'alphas' now accepts an integer "
            "value which removes the need to pass 'n_alphas'. The default value of 'alphas' will change from "
            "None to 100 in 1.11. Pass an explicit value to 'alphas' and leave 'n_alphas' to its default "
            "value to silence this warning.",
            FutureWarning,
            stacklevel=3,
        )
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11, at which point the default value will "
            "be set to 100. Set 'alphas=100' to silence this warning.",
            FutureWarning,
            stacklevel=3,
        )
    if alphas is None or (isinstance(alphas, str) and alphas == "warn"):
        return 100 if n_alphas == "deprecated" else n_alphas
    return alphas


def _why_not(given, alphas, params):
    """Why scikit-learn's function is called: for what its own estimators pass, and to raise its errors."""
    unknown = {name for name, value in params.items() if value is not None} - _DEFAULTS.keys()
    if unknown:
        return f"it knows what is meant by {', '.join(sorted(unknown))}"
    wrong = [name for name, term in _MAY_BE.items() if name in given and not term.accepts(given[name])]
    wrong += [name for name in ("positive", "return_n_iter") if not isinstance(given[name], bool)]
    if not (_COUNT.accepts(alphas) or isinstance(alphas, (list, tuple, np.ndarray))):
        wrong.append("alphas")
    precompute = given["precompute"]
    if not (
        isinstance(precompute, (bool, np.ndarray)) or (isinstance(precompute, str) and precompute == "auto")
    ):
        wrong.append("precompute")
    return f"a closer look at {', '.join(wrong)}" if wrong else ""


def _check(X, y):
    X = check_array_fast(X, order=None, accept_sparse="csc", accept_large_sparse=False)
    if not plain_target(y, X.shape[0], True, True):
        y = sk("sklearn.utils.check_array")(y, dtype=X.dtype.type, ensure_2d=False)
        sk("sklearn.utils.check_consistent_length")(X, y)
    return canonical(X) if is_sparse(X) else laid_out(X), y


def _pose(data, precompute, Xy):
    gram = resolve_gram(data, precompute, False)
    if Xy is not None and isinstance(gram, np.ndarray):
        products = np.asarray(Xy, np.float64).reshape(len(gram), -1).T
        return GramProblem(gram, np.ascontiguousarray(products), sum_products(data.Y, data.Y))
    return data.problem(gram)


def _options(params):
    """Options of `minimise`."""
    params = {**_DEFAULTS, **params}
    rng = random_state(params["random_state"]) if params["selection"] == "random" else None
    return {"tol": params["tol"], "max_iter": params["max_iter"], "rng": rng}


def _reporter(penalties, verbose):
    """What is called for each alpha: to warn, and to tell the progress."""

    def report(k, minimum):
        warn_unless_met(minimum, penalties[k])
        if verbose:
            sys.stderr.write(f"Path: {k:03d} out of {len(penalties):03d}\n" if verbose > 1 else ".")

    return report
