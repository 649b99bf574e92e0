"""What the logistic regressions share: their loss, the weights of classes, and the use of fitted models."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier, Estimator
from .._device import CPU, choose, like_input
from .._linear_predictor import LinearPredictor, SparseCoefficients
from .._validation import sk
from ._rows import make_objective

__all__ = ["LogisticModel", "encode", "logistic_objective", "weigh_classes"]


def logistic_objective(device, X, codes, sample_weight, n_classes, fit_intercept, watch=None):
    """Make the logistic loss of validated data.

    Parameters
    ----------
    device : Device
        Where to compute.
    X : array or CSR matrix of shape (n_samples, n_features)
        The data.
    codes : int array of shape (n_samples,)
        Numbers of the classes.
    sample_weight : array of shape (n_samples,) or None
        Weights; None means ones.
    n_classes : int
        How many there are: two have one margin, more have one each.
    fit_intercept : bool
        Whether there are intercepts.
    watch : callable, default=None
        Called before each pass over the data.

    Returns
    -------
    objective : Objective
        Without a penalty.
    """
    several = n_classes > 2
    return make_objective(
        device,
        "multinomial" if several else "binomial",
        X,
        codes,
        sample_weight,
        n_outputs=n_classes if several else 1,
        fit_intercept=fit_intercept,
        watch=watch,
    )


def encode(y) -> tuple:
    """Number the classes.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The labels, in ascending order.
    codes : int ndarray of shape (n_samples,)
        Numbers of the samples' labels.
    """
    least, most = (int(y.min()), int(y.max())) if y.dtype.kind in "iu" else (0, len(y))
    if most - least >= len(y) or most > np.iinfo(np.int64).max:
        return np.unique(y, return_inverse=True)
    # Few integers are counted faster than they are sorted.
    offsets = y.astype(np.int64) - least
    present = np.bincount(offsets) > 0
    return (np.flatnonzero(present) + least).astype(y.dtype), (np.cumsum(present) - 1)[offsets]


def weigh_classes(class_weight, classes, codes, sample_weight, dtype):
    """Multiply the weights of samples by those of their classes.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights of the classes.
    classes : ndarray of shape (n_classes,)
        The labels.
    codes : int array of shape (n_samples,)
        Numbers of the samples' classes.
    sample_weight : array of shape (n_samples,) or None
        Weights; None means ones.
    dtype : dtype
        Of the result.

    Returns
    -------
    weight : ndarray of shape (n_samples,) or None
        None where all would be one.
    """
    if class_weight is None:
        return sample_weight
    if isinstance(class_weight, str):
        counts = np.bincount(codes, sample_weight, minlength=len(classes))
        by_class = counts.sum() / (len(classes) * np.maximum(counts, np.finfo(np.float64).tiny))
    else:
        by_class = sk("sklearn.utils.compute_class_weight")(class_weight, classes=classes, y=classes)
    weight = by_class[codes].astype(dtype)
    return weight if sample_weight is None else weight * sample_weight


class LogisticModel(Classifier, LinearPredictor, SparseCoefficients, Estimator):
    """A fitted linear classifier whose scores are log-odds.

    Parameters
    ----------
    dual : bool, default=False
        For compatibility: the dual problem of "liblinear" has the same solution.

    tol : float, default=1e-4
        "lbfgs", "newton-cg" and "newton-cholesky" stop when no derivative of the mean loss is larger than
        this, others at a hundredth of it.

    fit_intercept : bool, default=True
        Whether there are intercepts.

    intercept_scaling : float, default=1
        With "liblinear" the intercept divided by this is penalised like any coefficient.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply those of the samples; "balanced" makes all classes weigh the
        same.

    random_state : int, RandomState instance or None, default=None
        For compatibility: nothing is random here.

    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}, default="lbfgs"
        How the loss is minimised. "lbfgs", "newton-cg" and "newton-cholesky" are what they say. The other
        names stand for what scikit-learn's solvers minimise: "liblinear" for two classes and a penalised
        intercept, "sag" without an L1 penalty, "saga" with any. The minimum is found by Newton's method, or
        by L-BFGS-B where there is an L1 penalty.

    verbose : int, default=0
        Whether Newton's method prints its progress.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Sparse data stays on the CPU.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients of the features; of two classes for the second.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts, zero where none are fitted.
    """

    classes_: Any
    coef_: Any
    intercept_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _set_coefficients(self, w, n_features, n_outputs, dtype):
        """Set the attributes from a solver's coefficients."""
        W = w.reshape(-1, n_outputs).astype(dtype)
        self.coef_ = np.ascontiguousarray(W[:n_features].T)
        self.intercept_ = W[n_features].copy() if len(W) > n_features else np.zeros(n_outputs, dtype)

    def _start(self, objective):
        """A solver's coefficients from the attributes."""
        W = self.coef_
        if self.fit_intercept:
            W = np.concatenate([W, self.intercept_[:, None]], axis=1)
        expected = (objective.n_outputs, objective.n_features + self.fit_intercept)
        if W.shape != expected:
            raise ValueError(f"Initialization coef is of shape {W.shape}, expected shape {expected}")
        return W.T.astype(np.float64).reshape(-1)

    # ---- using the model ----
    def decision_function(self, X: Any) -> Any:
        """Compute the scores of classes: their log-odds, up to a term that is common to all.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of the second, positive where it is predicted.
        """
        margins = self._ask("margins", X, (self.device,))
        return like_input(margins[:, 0] if margins.shape[1] == 1 else margins, X)

    def predict(self, X: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The most probable class of each sample, of equally probable ones the first.
        """
        best = self._ask("best_classes", X, (self.device,))
        return like_input(self.classes_.take(CPU.to_host(best)), X)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return like_input(self._ask("probabilities", X, (self.device,)), X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        shares = self._ask("probabilities", X, (self.device,))
        with np.errstate(divide="ignore"):
            return like_input(choose(self.device, shares).xp.log(shares), X)
