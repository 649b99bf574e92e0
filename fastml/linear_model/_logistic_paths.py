"""Cross-validation of logistic regressions: folds, scores, and the paths of coefficients of each fold."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from .._device import CPU, is_sparse
from .._threads import for_each_block
from .._validation import sk
from ..solvers.logistic import solve_path
from ._logistic import LogisticRegression
from ._logistic_model import logistic_objective
from ._logistic_options import warn_unless_converged
from ._rows import choose_device

__all__ = ["Paths", "check_keys", "make_folds", "make_scorer", "route"]

FOLDS = 5  # where no number is given


class _StoppedError(Exception):
    """Raised in a fold when another has failed or was interrupted."""


class Paths:
    """Solves for each strength and each kind of penalty, for some samples or for all.

    Parameters
    ----------
    est : LogisticRegressionCV
        Whose parameters count.
    X : array or CSR matrix of shape (n_samples, n_features)
        The data.
    codes : int array of shape (n_samples,)
        Numbers of the classes.
    weight : array of shape (n_samples,) or None
        Weights; None means ones.
    options : PathOptions
        The penalties to try.
    """

    def __init__(self, est, X, codes, weight, options):
        self.est, self.options = est, options
        self.codes, self.weight = codes, weight
        self.Cs = np.logspace(-4, 4, est.Cs) if isinstance(est.Cs, (int, np.integer)) else np.asarray(est.Cs)
        self.n_outputs = len(est.classes_) if len(est.classes_) > 2 else 1
        self.n_coefficients = (X.shape[1] + est.fit_intercept) * self.n_outputs
        self.device = choose_device(est, X, self.n_outputs)
        self.X = X if is_sparse(X) else self.device.asarray(X)
        self.stopped = False

    def of_folds(self, folds, scorer) -> tuple:
        """Solve for the training samples of each fold, and score the predictions of the others.

        Parameters
        ----------
        folds : list of pairs of arrays
            Training and test samples.
        scorer : callable
            Called with coefficients of shape (n_features + 1 or n_features, n_outputs) and test samples.

        Returns
        -------
        coefs : float64 array of shape (n_folds, n_l1_ratios, n_cs, n_coefficients)
            What was found.
        scores : float64 array of shape (n_folds, n_l1_ratios, n_cs)
            How good it is.
        n_iter : int32 array of shape (n_folds, n_l1_ratios, n_cs)
            In how many iterations.
        """
        ratios = self.options.l1_ratios
        shape = (len(folds), len(ratios), len(self.Cs))
        coefs, scores = np.empty((*shape, self.n_coefficients)), np.empty(shape)
        n_iter, failed = np.empty(shape, np.int32), {}

        def solve(number):
            fold, at_ratio = divmod(number, len(ratios))
            train, test = folds[fold]
            weight = None if self.weight is None else self.weight[train]
            start = np.zeros(self.n_coefficients)
            X = self.X[self.device.asarray(train)]
            path = self._solve(X, self.codes[train], weight, start, self.Cs, at_ratio)
            for at, found in enumerate(path):
                coefs[fold, at_ratio, at], n_iter[fold, at_ratio, at] = found.w, found.n_iter
                scores[fold, at_ratio, at] = scorer(found.w.reshape(-1, self.n_outputs), test)
                if found.failure is not None:
                    failed[number, at] = found

        self._for_each(solve, len(folds) * len(ratios))
        for key in sorted(failed):
            warn_unless_converged(self.est, failed[key])
        return coefs, scores, n_iter

    def of_all(self, start, C, at_ratio):
        """Solve for all samples and one penalty."""
        (found,) = self._solve(self.X, self.codes, self.weight, start, [C], at_ratio)
        return found

    def _solve(self, X, codes, weight, start, Cs, at_ratio):
        est = self.est
        objective = logistic_objective(
            self.device, X, codes, weight, len(est.classes_), est.fit_intercept, self._stop_if_asked
        )
        l1_ratio = self.options.share(self.options.l1_ratios[at_ratio])
        options = LogisticRegression._solver_options(est)
        return solve_path(objective, start, Cs, l1_ratio, est.solver, **options)

    def _for_each(self, solve, n):
        """Solve side by side on the CPU, one after the other on a GPU."""
        if self.device.name != "cpu":
            for number in range(n):
                solve(number)
            return

        def task(number, start, stop):
            try:
                solve(number)
            except _StoppedError:
                pass  # the error that it was stopped for is raised where it occurred
            except BaseException:
                self.stopped = True  # folds on other threads end at their next pass over the data
                raise

        for_each_block(task, n, 1)

    def _stop_if_asked(self):
        if self.stopped:
            raise _StoppedError


# ---- folds ----------------------------------------------------------------------------------------------
def make_folds(cv, X, y, codes, params) -> list:
    """Split samples into training and test samples, several times.

    Parameters
    ----------
    cv : int, None, splitter or iterable
        As scikit-learn's ``check_cv`` takes it.
    X, y : array
        Data and labels.
    codes : int array of shape (n_samples,)
        Numbers of the labels.
    params : dict
        For the splitter.

    Returns
    -------
    folds : list of pairs of int arrays
        Training and test samples.
    """
    n_folds = FOLDS if cv is None else cv
    plain = isinstance(n_folds, int) and not params and n_folds >= 2
    if plain and n_folds <= np.bincount(codes).min():
        return _stratified_folds(codes, n_folds)
    splitter = sk("sklearn.model_selection.check_cv")(cv, y, classifier=True)
    return list(splitter.split(X, y, **params))


def _stratified_folds(codes, n_folds):
    """The folds of scikit-learn's StratifiedKFold: of each class about equally many samples, in order."""
    _, first = np.unique(codes, return_index=True)
    by_appearance = np.argsort(np.argsort(first))[codes]
    in_order = np.sort(by_appearance)
    n_classes = len(first)
    sizes = np.array([np.bincount(in_order[i::n_folds], minlength=n_classes) for i in range(n_folds)])
    fold = np.empty(len(codes), np.intp)
    for k in range(n_classes):
        fold[by_appearance == k] = np.arange(n_folds).repeat(sizes[:, k])
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_folds)]


def check_keys(class_weight, classes):
    """Raise scikit-learn's error for class weights of labels that there are not.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        The parameter.
    classes : ndarray
        The labels.
    """
    if isinstance(class_weight, dict) and not set(class_weight) <= set(classes.tolist()):
        raise ValueError(
            "The given class_weight dict must have the class labels as keys; "
            f"classes={classes} but key={class_weight.keys()}"
        )


# ---- scores ---------------------------------------------------------------------------------------------
def route(est, sample_weight, params) -> tuple:
    """Tell what the splitter and the scorer are to be given.

    Parameters
    ----------
    est : LogisticRegressionCV
        The estimator.
    sample_weight : array-like or None
        The argument of `fit`.
    params : dict
        The further arguments of `fit`.

    Returns
    -------
    split_params, score_params : dict
        Arguments.
    """
    config = sys.modules.get("sklearn._config")
    if config is not None and config.get_config()["enable_metadata_routing"]:
        routed = sk("sklearn.utils.metadata_routing.process_routing")(
            est, "fit", sample_weight=sample_weight, **params
        )
        return routed.splitter.split, routed.scorer.score
    if params:
        sk("sklearn.utils.metadata_routing._raise_for_params")(params, est, "fit")
    return {}, {} if sample_weight is None else {"sample_weight": sample_weight}


def make_scorer(est, scoring, X, y, sample_weight, params) -> Any:
    """Make what scores coefficients by the samples that were left out.

    Parameters
    ----------
    est : LogisticRegressionCV
        The estimator.
    scoring : str, callable or None
        The parameter; None means the accuracy.
    X, y : array
        Data and labels.
    sample_weight : array of shape (n_samples,) or None
        Weights for the accuracy.
    params : dict
        For the scorer.

    Returns
    -------
    scorer : callable
        Called with coefficients of shape (n_features + 1 or n_features, n_outputs) and test samples.
    """
    if scoring is not None:
        scoring = _with_labels(sk("sklearn.metrics.get_scorer")(scoring), est.classes_)
        check = sk("sklearn.utils.validation._check_method_params")

    def score(W, test):
        model = LogisticRegression(solver=est.solver, device=est.device)
        model.classes_ = est.classes_
        model._set_coefficients(W, X.shape[1], W.shape[1], np.float64)
        rows = X[test] if is_sparse(X) else CPU.to_host(X)[test]
        if scoring is not None:
            return scoring(model, rows, y[test], **check(X=X, params=params, indices=test))
        right = CPU.to_host(model.predict(rows)) == y[test]
        return np.average(right, weights=None if sample_weight is None else sample_weight[test])

    return score


def _with_labels(scorer, classes):
    """A scorer that knows all labels: a fold may lack some."""
    known = inspect.signature(scorer._score_func).parameters if hasattr(scorer, "_score_func") else {}
    if "labels" not in known:
        return scorer
    further = {"pos_label": classes[-1]} if len(classes) <= 2 and "pos_label" in known else {}
    return sk("sklearn.metrics.make_scorer")(
        scorer._score_func,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        labels=classes,
        **further,
        **getattr(scorer, "_kwargs", {}),
    )
