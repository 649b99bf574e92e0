"""Parameters of logistic regressions: which combinations there are, and what they mean."""

from __future__ import annotations

import numbers
import warnings
from typing import Any, NamedTuple

import numpy as np

from .._device import is_sparse
from .._validation import sk

__all__ = [
    "FitTasks",
    "PathOptions",
    "check_penalty",
    "check_solver",
    "check_two_classes",
    "resolve_path_options",
    "resolve_penalty",
    "warn_unless_converged",
]

LARGEST = 1e30  # value that "liblinear" takes


# ---- penalties ------------------------------------------------------------------------------------------
def resolve_penalty(est) -> tuple:
    """Work out the penalty of a LogisticRegression, with scikit-learn's warnings.

    Parameters
    ----------
    est : LogisticRegression
        Its parameters are validated one by one.

    Returns
    -------
    C : float
        Inverse strength; infinite without a penalty.
    l1_ratio : float
        Share of the L1 penalty.

    Raises
    ------
    ValueError
        For combinations that scikit-learn refuses.
    """
    given, l1_ratio = est.penalty, est.l1_ratio
    penalty = _penalty_name(est) if given == "deprecated" else given
    if given != "deprecated":
        warn_of_penalty("l1_ratio", "C", "")
    check_penalty(est.solver, penalty, est.dual)
    if penalty != "elasticnet" and l1_ratio is not None and 0 < l1_ratio < 1:
        warnings.warn(
            f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})",
            stacklevel=4,
        )
    if (given == "l2" and l1_ratio != 0) or (given == "l1" and l1_ratio != 1):
        warnings.warn(
            f"Inconsistent values: penalty={given} with l1_ratio={l1_ratio}. penalty is deprecated. Please "
            "use l1_ratio only.",
            stacklevel=4,
        )
    if penalty == "elasticnet" and l1_ratio is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
    if given is None and est.C != 1.0:
        warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=4)
    if est.n_jobs is not None:
        warnings.warn(
            "'n_jobs' has no effect since 1.8 and will be removed in 1.10. You provided "
            f"'n_jobs={est.n_jobs}', please leave it unspecified.",
            FutureWarning,
            stacklevel=4,
        )
    C = np.inf if penalty is None else est.C
    return C, {"l1": 1.0, "elasticnet": l1_ratio}.get(penalty, 0.0)


def _penalty_name(est):
    """The old name of what `C` and `l1_ratio` say."""
    if est.l1_ratio is None:
        warnings.warn(
            "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use "
            "0<=l1_ratio<=1 instead.",
            FutureWarning,
            stacklevel=5,
        )
    if np.inf == est.C:
        return None
    return {0: "l2", None: "l2", 1: "l1"}.get(est.l1_ratio, "elasticnet")


def warn_of_penalty(ratio, strength, plural):
    """Warn that a parameter `penalty` was given; say what to use instead."""

    def value(x):
        return f"({x},)" if plural else str(x)

    warnings.warn(
        "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
        f"'penalty' set to its default value and use '{ratio}' {'and' if plural else 'or'} '{strength}' "
        f"instead. Use {ratio}={value(0)} instead of penalty='l2', {ratio}={value(1)} instead of "
        f"penalty='l1', {ratio} set to {'floats' if plural else 'a float'} between 0 and 1 instead of "
        f"penalty='elasticnet', and {strength}={value('np.inf')} instead of penalty=None.",
        FutureWarning,
        stacklevel=5,
    )


def check_penalty(solver, penalty, dual):
    """Raise scikit-learn's errors for penalties that a solver does not take.

    Parameters
    ----------
    solver : str
        The solver.
    penalty : {"l1", "l2", "elasticnet"} or None
        The penalty.
    dual : bool
        The parameter of that name.
    """
    if solver not in ("liblinear", "saga") and penalty not in ("l2", None):
        raise ValueError(f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty.")
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if penalty == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if solver == "liblinear" and penalty is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")
    if penalty == "l1" and dual:
        raise ValueError(
            "Unsupported set of arguments: The combination of penalty='l1' and "
            "loss='logistic_regression' are not supported when dual=True, Parameters: penalty='l1', "
            "loss='logistic_regression', dual=True"
        )


# ---- searches for a penalty -----------------------------------------------------------------------------
class PathOptions(NamedTuple):
    """What a LogisticRegressionCV is asked to do.

    Attributes
    ----------
    penalty : str
        "l1", "l2" or "elasticnet".
    l1_ratios : sequence
        Shares of the L1 penalty to report; None where none were given.
    several : bool
        Whether there is a dimension of them.
    scoring : object
        None is the accuracy.
    legacy : bool
        Whether attributes have their old form.
    """

    penalty: str
    l1_ratios: Any
    several: bool
    scoring: Any
    legacy: bool

    def share(self, l1_ratio) -> float:
        """The share of the L1 penalty that one of `l1_ratios` stands for."""
        return {"l1": 1.0, "l2": 0.0}.get(self.penalty, l1_ratio)


def resolve_path_options(est) -> PathOptions:
    """Work out what a LogisticRegressionCV is asked to do, with scikit-learn's warnings.

    Parameters
    ----------
    est : LogisticRegressionCV
        Its parameters are validated one by one.

    Returns
    -------
    options : PathOptions
        The answer.

    Raises
    ------
    ValueError
        For combinations that scikit-learn refuses.
    """
    ratios, given = est.l1_ratios, est.penalty
    if isinstance(ratios, str):
        ratios = None
        _warn_of_default(
            "The default value for l1_ratios will change from None to (0.0,) in version 1.10. From version "
            "1.10 onwards, only array-like with values in [0, 1] will be allowed, None will be forbidden. To "
            "avoid this warning, explicitly set a value, e.g. l1_ratios=(0,)."
        )
    penalty = given
    if given != "deprecated":
        warn_of_penalty("l1_ratios", "Cs", "s")
    else:
        if est.l1_ratios is None:
            _warn_of_default(
                "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use an "
                "array-like with values in [0, 1] instead."
            )
        penalty = _name_of_ratios(ratios)
    if isinstance(est.scoring, str) and est.scoring == "warn":
        _warn_of_default(
            "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to "
            "'neg_log_loss' in version 1.11. To silence this warning, explicitly set the scoring parameter: "
            "scoring='neg_log_loss' for the new, scoring='accuracy' or scoring=None for the old default."
        )
    if est.use_legacy_attributes == "warn":
        _warn_of_default(
            f"The fitted attributes of {type(est).__name__} will be simplified in scikit-learn 1.10 to "
            "remove redundancy. Set `use_legacy_attributes=False` to enable the new behavior now, or set "
            "it to `True` to silence this warning during the transition period while keeping the "
            "deprecated behavior for the time being. The default value of use_legacy_attributes will "
            "change from True to False in scikit-learn 1.10. See the docstring of "
            f"{type(est).__name__} for more details."
        )
    check_penalty(est.solver, penalty, est.dual)
    if penalty == "elasticnet":
        _check_ratios(ratios)
    elif ratios is not None and given != "deprecated":
        warnings.warn(
            f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})",
            stacklevel=4,
        )
    scoring = None if isinstance(est.scoring, str) and est.scoring == "warn" else est.scoring
    several = ratios is not None
    return PathOptions(
        penalty, ratios if several else [None], several, scoring, bool(est.use_legacy_attributes)
    )


def _warn_of_default(message):
    warnings.warn(message, FutureWarning, stacklevel=5)


def _name_of_ratios(ratios):
    if ratios is None or np.all(np.asarray(ratios) == 0):
        return "l2"
    return "l1" if np.all(np.asarray(ratios) == 1) else "elasticnet"


def _check_ratios(ratios):
    fine = ratios is not None and len(ratios) > 0
    if not fine or any(not isinstance(r, numbers.Number) or not 0 <= r <= 1 for r in ratios):
        raise ValueError(
            f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={ratios!r})"
        )


# ---- data -----------------------------------------------------------------------------------------------
def check_solver(solver, X, n_classes):
    """Raise scikit-learn's errors for data that "liblinear" does not take."""
    if solver != "liblinear":
        return
    if n_classes != 2:
        raise ValueError(
            "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Either use "
            "another solver or wrap the estimator in a OneVsRestClassifier to keep applying a "
            "one-versus-rest scheme."
        )
    if (X.max() if is_sparse(X) or len(X) else 0) > LARGEST:
        raise ValueError(
            "Using the 'liblinear' solver while X contains a maximum value > 1e30 results in a frozen fit. "
            "Please choose another solver or rescale the input X."
        )


def check_two_classes(classes):
    """Raise scikit-learn's error for a target of one class."""
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains only one "
            f"class: {classes[0]!r}"
        )


# ---- progress -------------------------------------------------------------------------------------------
def warn_unless_converged(est, solution):
    """Warn as scikit-learn does where a solver ended before it had converged."""
    if solution.failure is None:
        return
    if not isinstance(solution.failure, str):
        sk("sklearn.utils.optimize._check_optimize_result")(
            "lbfgs",
            solution.failure,
            est.max_iter,
            extra_warning_msg="Please also refer to the documentation for alternative solver options:\n"
            "    https://scikit-learn.org/stable/modules/linear_model.html#logistic-regression",
        )
        return
    warnings.warn(
        f"{est.solver} failed to converge: {solution.failure}. Increase the number of iterations.",
        sk("sklearn.exceptions.ConvergenceWarning"),
        stacklevel=4,
    )


class FitTasks:
    """The tasks that callbacks hear of: the fit, and each iteration.

    Parameters
    ----------
    est : LogisticRegression
        The estimator.
    context : sklearn.callback.CallbackContext
        That of the fit.
    X, y, sample_weight : array
        The data.
    w : float64 array
        Where the iterations start.
    """

    def __init__(self, est, context, X, y, sample_weight, w):
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.est, self.context, self.shape = est, context, X.shape
        self.data = {"estimator": est, "X": X, "y": y, "metadata": metadata}
        self.iteration = None
        context.call_on_fit_task_begin(**self.data)
        if est.solver == "lbfgs":
            self._begin(w)

    def _state(self, w):
        n_classes = len(self.est.classes_)
        W = w.reshape(-1, n_classes if n_classes > 2 else 1).T
        n_features = self.shape[1]
        intercept = W[:, n_features] if W.shape[1] > n_features else np.zeros(len(W))
        return {
            "reconstruction_attributes": {"coef_": W[:, :n_features].copy(), "intercept_": intercept.copy()}
        }

    def _begin(self, w):
        self.iteration = self.context.subcontext(task_name="lbfgs-iter")
        self.iteration.call_on_fit_task_begin(**self.data, **self._state(w))

    def __call__(self, w):
        """End an iteration, and begin the next."""
        self.iteration.call_on_fit_task_end(**self.data, **self._state(w))
        self._begin(w)

    def end(self):
        """End the fit, and the iteration that was begun but never made."""
        if self.iteration is not None:
            self.iteration.call_on_fit_task_end(estimator=self.est)
        self.context.call_on_fit_task_end(**self.data, reconstruction_attributes={})
