"""RidgeCV and RidgeClassifierCV."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .._base import MultiOutput
from .._device import choose, is_sparse
from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import DEVICE, Interval, Options, check_X_y, fit_method, sk
from ..solvers.leave_one_out import leave_one_out
from ..solvers.normal_equations import Solution
from ._base_ridge import RidgeClassifierMixin
from ._linear_model import LinearModel, columns_of, roots_of
from ._ridge import Ridge, RidgeClassifier

__all__ = ["RidgeCV", "RidgeClassifierCV"]


class _Scoring:
    """Constraint: a scorer's name."""

    def accepts(self, value) -> bool:
        return isinstance(value, str) and value in sk("sklearn.metrics.get_scorer_names")()

    def to_sklearn(self):
        names = set(sk("sklearn.metrics.get_scorer_names")())
        return sk("sklearn.utils._param_validation.StrOptions")(names)


class BaseRidgeCV(LinearModel):
    """Base of the ridge regressions that choose their penalty.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        The penalties to choose from, in squared units of the features; above zero if `cv` is None.

    scoring : str, callable or None, default=None
        The score to maximise; None is minus the mean squared error if `cv` is None, else
        what `score` returns.

    cv : int, cross-validation generator or iterable, default=None
        How samples are divided; None leaves out one after the other, which costs about as much as one fit.

    store_cv_results : bool, default=False
        Whether `cv_results_` is kept.

    Attributes
    ----------
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        Squared errors of the samples when they are left out; predictions, if there is a `scoring`.

    alpha_ : float or ndarray of shape (n_targets,)
        The chosen penalty.

    best_score_ : float or ndarray of shape (n_targets,)
        Its score.
    """

    _constraints: dict = {
        "alphas": ["array-like", Interval(numbers.Real, 0, closed="neither")],
        "fit_intercept": ["boolean"],
        "scoring": [None, callable, _Scoring()],
        "cv": [None, "cv_object"],
        "store_cv_results": ["boolean"],
        "device": DEVICE,
    }
    alphas: Any
    fit_intercept: bool
    scoring: Any
    cv: Any
    store_cv_results: bool
    gcv_mode: str | None = None
    alpha_per_target: bool = False
    alpha_: Any
    best_score_: Any
    _with_one_penalty: type
    _check_data: Callable[..., tuple]  # X and y, validated; targets in numbers; weights or None

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
        """Choose the penalty and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets, or the labels: a column of them or an indicator matrix.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples.
        **params : dict
            Metadata for the scorer and the splitter, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        self : estimator
            The fitted model.

        Raises
        ------
        ValueError
            If X, y, the weights or the parameters are not valid.
        """
        why = self._why_not(X, params)
        if why != "":
            return self._fit_twin(why, X, y, sample_weight, **params)
        X, y, targets, weight = self._check_data(X, y, sample_weight)
        if self.cv is None:
            self._leave_one_out(X, targets, weight)
        else:
            model = self._with_one_penalty(fit_intercept=self.fit_intercept, device=self.device)
            self._search(model, X, y, weight)
        return self

    def _alphas(self):
        """The penalties, or None where scikit-learn has an error."""
        alphas = np.atleast_1d(np.asarray(self.alphas))
        plain = alphas.ndim == 1 and alphas.dtype.kind in "fiu" and len(alphas) > 0
        if not plain or not np.isfinite(alphas).all():
            return None
        valid = (alphas >= 0 if self.cv is not None else alphas > 0).all()
        return alphas.astype(np.float64) if valid else None

    def _why_not(self, X, params):
        """Why scikit-learn is to fit, None for what it refuses; an empty str if it is not."""
        if self._alphas() is None or params:
            return None
        config = sys.modules.get("sklearn._config")
        if config is not None and config.get_config().get("enable_metadata_routing"):
            return "metadata is to be routed"
        if is_sparse(X):
            return "the data is sparse"
        conflict = self.cv is not None and (self.store_cv_results or self.alpha_per_target)
        return None if conflict else ""

    def _leave_one_out(self, X, y, sample_weight):
        """Choose the penalty by the errors of samples that are left out."""
        Y, roots = columns_of(y), roots_of(sample_weight, X)
        device = choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] ** 2)
        there = [None if a is None else device.asarray(a) for a in (X, Y, roots)]
        alphas = self._alphas()
        found = leave_one_out(device, *there, alphas, self.fit_intercept, self.gcv_mode == "svd")
        apart = self.alpha_per_target and Y.shape[1] > 1
        if self.scoring is None:
            results = found.errors**2
            scores = -results.mean(axis=0)  # (n_alphas, n_targets)
            scores = scores if apart else scores.mean(axis=1)
        else:
            root = 1.0 if roots is None else roots[:, None, None]
            results = Y[:, None, :] - found.errors / root
            scores = self._scores_of(results, Y, y, sample_weight, apart)
        best = scores.argmax(axis=0)
        if apart:
            targets = np.arange(Y.shape[1])
            self.alpha_, self.best_score_ = alphas[best], scores[best, targets]
            coef = found.coef[best, :, targets].T
        else:
            self.alpha_, self.best_score_, coef = float(alphas[best]), scores[best], found.coef[best]
        if self.store_cv_results:
            results = results.transpose(0, 2, 1).astype(X.dtype)
            self.cv_results_ = results[:, 0] if y.ndim == 1 else results
        self._set_solution(Solution(coef, found.means), X.dtype, flat=y.ndim == 1)
        if Y.shape[1] == 1:
            self.coef_ = self.coef_.reshape(-1)

    def _scores_of(self, predictions, Y, y, sample_weight, apart):
        """The scorer's numbers for each penalty, and for each target if they are chosen `apart`."""
        scorer = sk("sklearn.metrics.check_scoring")(estimator=self, scoring=self.scoring)
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        if isinstance(self, RidgeClassifierMixin):
            identity = sk("sklearn.linear_model._ridge._IdentityClassifier")(classes=np.arange(Y.shape[1]))
            truth = Y.argmax(axis=1)
        else:
            identity, truth = sk("sklearn.linear_model._ridge._IdentityRegressor")(), y
        scores = []
        for a in range(predictions.shape[1]):
            guess = predictions[:, a]
            if apart:
                columns = range(Y.shape[1])
                scores.append([scorer(identity, guess[:, k], Y[:, k], **options) for k in columns])
            else:
                scores.append(scorer(identity, guess[:, 0] if y.ndim == 1 else guess, truth, **options))
        return np.array(scores)

    def _search(self, model, X, y, sample_weight):
        """Choose the penalty by cross-validation in folds."""
        search = sk("sklearn.model_selection.GridSearchCV")
        search = search(model, {"alpha": self._alphas()}, cv=self.cv, scoring=self.scoring)
        search.fit(X, y, **({} if sample_weight is None else {"sample_weight": sample_weight}))
        best = search.best_estimator_
        self.alpha_, self.best_score_ = best.alpha, search.best_score_
        self.coef_, self.intercept_ = best.coef_, best.intercept_

    def get_metadata_routing(self) -> Any:
        """Return what metadata the scorer and the splitter ask for, as scikit-learn's estimator does.

        Returns
        -------
        routing : MetadataRouter
            The routing information.
        """
        twin = self._twin()
        if hasattr(self, "_metadata_request"):
            twin._metadata_request = self._metadata_request
        return twin.get_metadata_routing()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@inherit_docs
class RidgeCV(MultiOutput, LinearRegressor, BaseRidgeCV):
    """Ridge regression that chooses its penalty by leaving out samples.

    Parameters
    ----------
    gcv_mode : {"auto", "svd", "eigen"} or None, default=None
        Whether the leaving out works on singular values of the data, or on eigenvalues of its products, as by
        default; with no more samples than features it always works on singular values.
    alpha_per_target : bool, default=False
        Whether each target gets a penalty of its own, if `cv` is None.

    See Also
    --------
    Ridge : With a given penalty.
    RidgeClassifierCV : For classes.

    References
    ----------
    .. [1] G. H. Golub, M. Heath, G. Wahba, "Generalized cross-validation as a method for choosing a good
       ridge parameter", Technometrics 21, 215-223, 1979.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.linear_model import RidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeCV(alphas=[1e-3, 1e-2, 1e-1, 1]).fit(X, y)
    >>> model.alpha_, round(model.score(X, y), 3)
    (0.01, 0.517)
    """

    _constraints = {
        **BaseRidgeCV._constraints,
        "gcv_mode": [Options("auto", "svd", "eigen"), None],
        "alpha_per_target": ["boolean"],
    }
    _with_one_penalty = Ridge

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        device: str | None = None,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.device = device

    def _check_data(self, X, y, sample_weight):
        X, y = check_X_y(self, X, y, y_float=True)
        return X, y, y, sample_weight


@inherit_docs
class RidgeClassifierCV(RidgeClassifierMixin, BaseRidgeCV):
    """Classification by ridge regression that chooses its penalty by leaving out samples.

    See Also
    --------
    RidgeClassifier : With a given penalty.
    RidgeCV : For numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from fastml.linear_model import RidgeClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifierCV(alphas=[1e-3, 1e-2, 1e-1, 1]).fit(X, y)
    >>> round(model.score(X, y), 3)
    0.963
    """

    _constraints = {**BaseRidgeCV._constraints, "class_weight": [dict, Options("balanced"), None]}
    _with_one_penalty = RidgeClassifier

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        class_weight: Any = None,
        store_cv_results: bool = False,
        device: str | None = None,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results
        self.device = device

    def _check_data(self, X, y, sample_weight):
        X, y, targets, weight = super()._check_data(X, y, sample_weight)
        if self.cv is None and weight is None:
            weight = np.ones(len(X), X.dtype)
        return X, y, targets, weight
