"""Logistic regression whose penalty is found by cross-validation."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .. import _config
from .._docs import inherit_docs
from .._validation import DEVICE, Interval, Options, check_weight, check_X_y, fit_method, sk
from ..solvers.logistic import SOLVERS
from ._logistic import LogisticRegression
from ._logistic_model import LogisticModel, encode, weigh_classes
from ._logistic_options import check_solver, check_two_classes, resolve_path_options, warn_unless_converged
from ._logistic_paths import Paths, check_keys, make_folds, make_scorer, route

__all__ = ["LogisticRegressionCV"]


@inherit_docs
class LogisticRegressionCV(LogisticModel):
    """Logistic regression whose penalty is found by cross-validation.

    Parameters
    ----------
    Cs : int or array-like of float, default=10
        Inverses of the penalty's strength; a number means so many from 1e-4 to 1e4, evenly spaced on a
        logarithmic scale.

    l1_ratios : array-like of float or None, default="warn"
        Shares of the L1 penalty to try, from 0 (L2) to 1 (L1). None, which is deprecated as in scikit-learn,
        means 0.

    cv : int, cross-validation generator or iterable, default=None
        How samples are split. A number means so many stratified folds, None means five.

    penalty : {"l1", "l2", "elasticnet"}, default="deprecated"
        Deprecated, as in scikit-learn: `l1_ratios` and `Cs` say the same.

    scoring : str, callable or None, default="warn"
        What a good prediction is; None means the accuracy.

    max_iter : int, default=100
        Most iterations for each C.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" makes all weigh the same among all samples.

    refit : bool, default=True
        Whether to fit all samples with the penalty of the best mean score. Otherwise the coefficients of each
        fold's best penalty are averaged.

    use_legacy_attributes : bool, default="warn"
        Whether attributes have the form that they had before scikit-learn 1.10, with a value for each class.

    Attributes
    ----------
    Cs_ : ndarray of shape (n_cs,)
        The inverse strengths that were tried.

    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The shares that were tried.

    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_classes, n_coefficients)
        Coefficients, the intercept last; one class where there are two. The old form is a dict of arrays of
        shape (n_folds, n_cs, n_coefficients) or (n_folds, n_cs, n_l1_ratios, n_coefficients).

    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Of the predictions of the samples that were left out. The old form is a dict of arrays of shape
        (n_folds, n_cs) or (n_folds, n_cs, n_l1_ratios).

    C_ : float
        The best C, or the mean of the folds' best; of old an array.

    l1_ratio_ : float
        The best share; of old an array.

    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Iterations made. The old form is of shape (1, n_folds, n_cs) or (1, n_folds, n_cs, n_l1_ratios).

    See Also
    --------
    LogisticRegression : For a penalty that is known.

    Notes
    -----
    Each fold's problems are solved in the order of `Cs`, each from where the one before ended; folds are
    worked on side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import LogisticRegressionCV
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> y = X[:, 0] > 0
    >>> model = LogisticRegressionCV(l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False)
    >>> model = model.fit(X, y)
    >>> model.scores_.shape
    (5, 1, 10)
    >>> model.predict([[2.0, 0.0, 0.0]])
    array([ True])
    """

    _constraints = {
        "Cs": [Interval(numbers.Integral, 1), "array-like"],
        "l1_ratios": ["array-like", None, Options("warn")],
        "cv": [None, Interval(numbers.Integral, 2), "cv_object"],
        "penalty": [Options("l1", "l2", "elasticnet", "deprecated")],
        "scoring": [str, callable, None],
        "solver": [Options(*SOLVERS)],
        "refit": ["boolean"],
        "use_legacy_attributes": ["boolean", Options("warn")],
        "device": DEVICE,
        **{
            name: LogisticRegression._constraints[name]
            for name in (
                "fit_intercept", "dual", "tol", "max_iter", "class_weight", "n_jobs", "verbose",
                "intercept_scaling", "random_state",
            )
        },
    }  # fmt: skip
    # scikit-learn's word for "nobody has to request or refuse it"
    __metadata_request__score = {"sample_weight": "$UNUSED$"}

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = "deprecated",
        scoring: Any = "warn",
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: bool | str = "warn",
        device: str | None = None,
    ):
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> LogisticRegressionCV:
        """Find the penalty and fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        **params : dict
            For the splitter and the scorer, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        self : LogisticRegressionCV
            The fitted estimator.
        """
        options = resolve_path_options(self)
        X, y = check_X_y(
            self, X, y, y_float=False, accept_sparse="csr", dtype=np.float64,
            accept_large_sparse=self.solver in SOLVERS[2:4],
        )  # fmt: skip
        self.classes_, codes = encode(y)
        check_two_classes(self.classes_)
        split_params, score_params = route(self, sample_weight, params)
        folds = make_folds(self.cv, X, y, codes, split_params)
        check_solver(self.solver, X, len(self.classes_))
        sample_weight = check_weight(sample_weight, X)
        check_keys(self.class_weight, self.classes_)
        weight = weigh_classes(self.class_weight, self.classes_, codes, sample_weight, X.dtype)
        n_jobs = self.n_jobs if self.n_jobs and self.n_jobs > 0 else _config.current()["n_threads"]
        with _config.config_context(n_threads=n_jobs):
            paths = Paths(self, X, codes, weight, options)
            scorer = make_scorer(self, options.scoring, X, y, sample_weight, score_params)
            coefs, scores, n_iter = paths.of_folds(folds, scorer)
            w, best, l1_ratio = self._choose(paths, coefs, scores)
        self._set_coefficients(w, X.shape[1], paths.n_outputs, np.float64)
        self._set_paths(paths, coefs, scores, n_iter, best, l1_ratio)
        return self

    def _choose(self, paths, coefs, scores):
        """Coefficients, and the C and the share of the L1 penalty that they are for."""
        Cs, ratios = paths.Cs, paths.options.l1_ratios
        if not self.refit:
            n_folds = len(scores)
            best = scores.swapaxes(1, 2).reshape(n_folds, -1).argmax(axis=1)
            at_C, at_ratio = np.unravel_index(best, (len(Cs), len(ratios)))
            w = coefs[np.arange(n_folds), at_ratio, at_C].mean(axis=0)
            mixed = paths.options.penalty == "elasticnet"
            return w, np.mean(Cs[at_C]), np.mean(np.asarray(ratios)[at_ratio]) if mixed else 0.0
        at_C, at_ratio = np.unravel_index(scores.sum(axis=0).T.argmax(), (len(Cs), len(ratios)))
        start = coefs[:, at_ratio, at_C].mean(axis=0)
        found = paths.of_all(start, Cs[at_C], at_ratio)
        warn_unless_converged(self, found)
        return found.w, Cs[at_C], ratios[at_ratio]

    def _set_paths(self, paths, coefs, scores, n_iter, C, l1_ratio):
        """Set the attributes that tell of the search, in their present form or in that of old."""
        options, k = paths.options, paths.n_outputs
        self.Cs_ = paths.Cs
        coefs = coefs.reshape(*coefs.shape[:3], -1, k).swapaxes(3, 4)
        self.l1_ratios_ = np.asarray(options.l1_ratios)
        if not options.legacy:
            self.C_, self.scores_, self.n_iter_, self.coefs_paths_ = float(C), scores, n_iter, coefs
            if options.several:
                self.l1_ratio_ = float(l1_ratio)
            else:
                self.l1_ratio_ = 1.0 if self.penalty == "l1" else 0.0
            return
        self.C_, self.l1_ratio_ = np.full(k, C), np.asarray([l1_ratio] * k)
        scores, n_iter, coefs = scores.swapaxes(1, 2), n_iter.swapaxes(1, 2), coefs.swapaxes(1, 2)
        if not options.several:
            scores, n_iter, coefs = scores[:, :, 0], n_iter[:, :, 0], coefs[:, :, 0]
        labels = self.classes_[-k:]
        self.n_iter_ = n_iter[None]
        self.scores_ = dict(zip(labels, np.repeat(scores[None], k, axis=0)))
        self.coefs_paths_ = dict(zip(labels, np.moveaxis(coefs, -2, 0)))

    # ---- what scikit-learn's own class does for any estimator of this form ----
    def score(self, X: Any, y: Any, *, sample_weight: Any = None, **score_params: Any) -> float:
        """Score predictions by the parameter `scoring`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        **score_params : dict
            For the scorer, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        score : float
            The score; the accuracy by default.
        """
        score = sk("sklearn.linear_model.LogisticRegressionCV").score
        return score(self, X, y, sample_weight=sample_weight, **score_params)

    def get_metadata_routing(self) -> Any:
        """Tell how metadata is routed to the splitter and the scorer.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
            The routing.
        """
        return sk("sklearn.linear_model.LogisticRegressionCV").get_metadata_routing(self)

    def _get_scorer(self):
        return sk("sklearn.linear_model.LogisticRegressionCV")._get_scorer(self)
