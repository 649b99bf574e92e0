"""What linear models share that choose their penalty by cross-validation."""

from __future__ import annotations

import contextlib
import numbers
import sys
from typing import Any

import numpy as np

from .. import _config
from .._validation import Interval, Options, fit_method, random_state, sk
from ..solvers.centred import CentredData
from ..solvers.coordinate_descent import Penalty, alpha_grid, minimise
from ..solvers.linear_cross_validation import Fold, Search, errors_of_folds
from ._coordinate_descent import COMMON_CONSTRAINTS, CoordinateDescent, check_data, warn_unless_met

__all__ = ["CV_CONSTRAINTS", "L1_RATIO_CONSTRAINTS", "SINGLE_CONSTRAINTS", "CoordinateDescentCV"]

CV_CONSTRAINTS = {
    **COMMON_CONSTRAINTS,
    "eps": [Interval(numbers.Real, 0, closed="neither")],
    "alphas": [Interval(numbers.Integral, 1), "array-like"],
    "max_iter": [Interval(numbers.Integral, 1)],
    "cv": [None, Interval(numbers.Integral, 2), "cv_object"],
    "verbose": ["verbose"],
    "n_jobs": [numbers.Integral, None],
}
SINGLE_CONSTRAINTS = {"precompute": [Options("auto"), "array-like", "boolean"], "positive": ["boolean"]}

L1_RATIO_CONSTRAINTS = {"l1_ratio": [Interval(numbers.Real, 0, 1, closed="both"), "array-like"]}


class CoordinateDescentCV(CoordinateDescent):
    """Linear models whose penalty is chosen by cross-validation.

    Parameters
    ----------
    eps : float, default=1e-3
        The last alpha of a grid, relative to the first.

    alphas : int or array-like of shape (n_alphas,), default=100
        The alphas that are tried; or the number of a grid of them, whose first is the smallest that leaves no
        coefficient.

    precompute : "auto", bool or array-like, default="auto"
        Whether to compute the products of all features; "auto": if there are more training samples than
        features. An array counts as "auto": products of all samples are not those of a fold.

    cv : int, cross-validation generator or iterable, default=None
        The folds. An int is their number, of samples that follow each other; None means 5.

    verbose : bool or int, default=0
        Whether to write the result to the standard error.

    Attributes
    ----------
    alpha_ : float
        The alpha of the smallest mean squared error.

    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The alphas, in descending order.

    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        The mean squared errors on the test samples of each fold, and over targets if there are several.

    dual_gap_ : float
        By how much, at most, the objective is above its minimum.

    n_iter_ : int
        The number of sweeps of the last fit.
    """

    _multi_task = False
    eps: float
    alphas: Any
    cv: Any
    verbose: int
    n_jobs: int | None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = not self._multi_task
        tags.target_tags.multi_output = self._multi_task
        return tags

    def get_metadata_routing(self) -> Any:
        """Return scikit-learn's routing of metadata: parameters of `fit` to the splitter.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
            The routing.
        """
        module = "sklearn.utils.metadata_routing"
        router, mapping = sk(f"{module}.MetadataRouter"), sk(f"{module}.MethodMapping")
        splitter = sk("sklearn.model_selection.check_cv")(self.cv)
        return (
            router(owner=self)
            .add_self_request(self)
            .add(splitter=splitter, method_mapping=mapping().add(caller="fit", callee="split"))
        )

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
        """Choose the penalty, and fit the coefficients with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the samples, in fits and in errors; None means ones.
        **params : dict
            Parameters for the splitter, with scikit-learn's metadata routing.

        Returns
        -------
        self : object
            The fitted model.
        """
        given_weight = sample_weight
        device, X, y, weight = check_data(self, X, y, sample_weight, many=True)
        y = self._check_targets(y)
        folds = self._folds(X, y, given_weight, params)
        data = CentredData(device, X, y, weight, centre=self.fit_intercept)
        l1_ratios = np.atleast_1d(getattr(self, "l1_ratio", 1.0))
        search = self._search(data, l1_ratios, len(folds))
        with self._threads():
            gram = getattr(self, "precompute", "auto")
            gram = "auto" if not isinstance(gram, bool) else gram
            tasks = y.reshape(len(y), -1)
            errors, ended, products = errors_of_folds(data, tasks, weight, folds, search, gram)
        for minimum, penalty in ended:
            warn_unless_met(minimum, penalty)
        l1_ratio = self._choose(errors, search)
        self._refit(data, l1_ratio, False if products is None else products, y.ndim == 1)
        return self

    def _check_targets(self, y):
        name = type(self).__name__
        if self._multi_task:
            if y.ndim == 1:
                raise ValueError(f"For mono-task outputs, use {name.removeprefix('MultiTask')}")
            return y
        if y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use MultiTask{name}")
        return sk("sklearn.utils.column_or_1d")(y, warn=True) if y.ndim > 1 else y

    def _folds(self, X, y, sample_weight, params):
        """The samples of each fold; without scikit-learn where these are contiguous parts."""
        n_folds = 5 if self.cv is None else self.cv
        n_samples = X.shape[0]
        plain = isinstance(n_folds, numbers.Integral) and 2 <= n_folds <= n_samples
        if plain and not params and not _routes_metadata():
            every = np.arange(n_samples)
            tests = np.array_split(every, n_folds)
            return [Fold(np.concatenate([every[: test[0]], every[test[-1] + 1 :]]), test) for test in tests]
        splitter = sk("sklearn.model_selection.check_cv")(self.cv)
        sk("sklearn.utils._metadata_requests._raise_for_params")(params, self, "fit")
        routed = {}
        if _routes_metadata():
            route = sk("sklearn.utils.metadata_routing.process_routing")
            routed = route(self, "fit", sample_weight=sample_weight, **params).splitter.split
        every = np.arange(n_samples)
        return [Fold(every[train], every[test]) for train, test in splitter.split(X, y, **routed)]

    def _search(self, data, l1_ratios, n_folds):
        positive = getattr(self, "positive", False)
        if isinstance(self.alphas, numbers.Integral):
            products = data.products()
            options = {"eps": self.eps, "n_alphas": self.alphas, "positive": positive}
            alphas = [
                alpha_grid(products, data.total, l1_ratio=l1_ratio, **options) for l1_ratio in l1_ratios
            ]
        else:
            check = sk("sklearn.utils.check_scalar")
            for k, alpha in enumerate(self.alphas):
                check(alpha, f"alphas[{k}]", numbers.Real, min_val=0.0, include_boundaries="left")
            alphas = [np.sort(np.asarray(self.alphas, np.float64))[::-1]] * len(l1_ratios)
        seeds = None
        if self.selection == "random":
            seeds = random_state(self.random_state).randint(np.iinfo(np.int32).max, size=n_folds)
        return Search(l1_ratios, alphas, positive, seeds, {"tol": self.tol, "max_iter": self.max_iter})

    def _choose(self, errors, search):
        """Keep the errors and the alpha of the smallest mean; return the share of the L1 penalty."""
        self.mse_path_ = np.squeeze(np.moveaxis(errors, 2, 1))
        means = errors.mean(axis=1)
        best = means.argmin(axis=1)
        which = int(np.argmin(means.min(axis=1)))
        self.alpha_ = search.alphas[which][best[which]]
        grid = isinstance(self.alphas, numbers.Integral) and len(search.alphas) > 1
        self.alphas_ = np.asarray(search.alphas) if grid else search.alphas[0]
        l1_ratio = search.l1_ratios[which]
        if hasattr(self, "l1_ratio"):
            self.l1_ratio_ = l1_ratio
        if self.verbose:
            sys.stderr.write(
                f"{type(self).__name__}: alpha {self.alpha_:.6g}, error {means[which].min():.6g}\n"
            )
        return l1_ratio

    def _refit(self, data, l1_ratio, gram, single):
        scale = float(self.alpha_ * data.total)
        penalty = Penalty(scale * l1_ratio, scale * (1.0 - l1_ratio), getattr(self, "positive", False))
        problem = data.problem(gram)
        coef = np.zeros((len(data.Y), data.X.shape[1]))
        problem.start(coef)
        minimum = minimise(problem, coef, penalty, **self._sweeps())
        warn_unless_met(minimum, penalty)
        self._set_coef(coef, data, single)
        if self._multi_task:
            self.coef_ = np.asfortranarray(np.atleast_2d(self.coef_))
        self.dual_gap_ = self.coef_.dtype.type(minimum.gap / data.X.shape[0])
        self.n_iter_ = minimum.n_iter

    def _threads(self):
        """Make a context that obeys `n_jobs`; None and -1 leave the threads to the configuration."""
        if self.n_jobs is None or self.n_jobs < 1:
            return contextlib.nullcontext()
        return _config.config_context(n_threads=int(self.n_jobs))


def _routes_metadata():
    """Tell whether scikit-learn routes metadata, which can only be set where it was imported."""
    config = sys.modules.get("sklearn._config")
    return config is not None and config.get_config().get("enable_metadata_routing", False)
