"""What linear models share that are fitted by stochastic gradient descent."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._base import Estimator
from .._device import CPU, choose, report_fallback
from .._linear_predictor import SparseCoefficients
from .._validation import DEVICE, Interval, Options, fit_method, sk
from ..solvers import sgd as solver

__all__ = ["MAX_SEED", "BaseSGD"]

MAX_SEED = np.iinfo(np.int32).max
SPARSE_INTERCEPT_RATE = 0.01  # the intercept, which every sample moves, would swing among rare features


class BaseSGD(SparseCoefficients, Estimator):
    """Base class of linear models that are fitted by stochastic gradient descent.

    A subclass has scikit-learn's parameters, or attributes of these names where they are none.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        What large coefficients cost: their squares, their absolute values (many become zero), or both.

    alpha : float, default=0.0001
        Strength of the penalty; in the learning rate "optimal" too.

    l1_ratio : float, default=0.15
        Share of the L1 penalty, for "elasticnet".

    fit_intercept : bool, default=True
        Whether there is an intercept.

    max_iter : int, default=1000
        Most epochs of `fit`.

    tol : float or None, default=1e-3
        An epoch that does not lower the mean loss and penalty by as much improves nothing; None makes all
        epochs.

    shuffle : bool, default=True
        Whether to shuffle before each epoch.

    verbose : int, default=0
        Whether to print the progress.

    epsilon : float, default=0.1
        From where on "huber" is linear; up to where the "epsilon_insensitive" losses are zero.

    random_state : int, RandomState instance or None, default=None
        Of the shuffling. An int makes the result reproducible, on any number of threads.

    eta0 : float, default=0.01
        See `learning_rate`.

    power_t : float, default=0.5
        See `learning_rate`.

    early_stopping : bool, default=False
        Whether to hold samples out, and to judge epochs by `score` for them.

    validation_fraction : float, default=0.1
        The share of samples held out.

    n_iter_no_change : int, default=5
        So many epochs in a row without improvement end the fit.

    warm_start : bool, default=False
        Whether `fit` begins where the last one ended.

    average : bool or int, default=False
        Whether the coefficients are averages over all steps, or over those from this number on.

    batch_size : int, "full" or None, default=None
        Samples for a step, which goes along the mean of their gradients: mini-batches, or with "full" plain
        gradient descent. None means single samples, whose penalties are applied the way scikit-learn does.

    momentum : float, default=0.0
        Which part of a step is repeated in the next one.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Steps are made on the CPU.

    Attributes
    ----------
    n_iter_ : int
        Epochs made; the most of all classes, if there are any.

    t_ : float
        Steps made, plus one.

    loss_curve_ : ndarray of shape (n_epochs,), or (n_classes, n_epochs) for more than two classes
        Mean loss and penalty of the samples of each epoch, before each sample's step; NaN where a class had
        been finished.
    """

    _constraints: dict = {
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(numbers.Integral, 1)],
        "tol": [Interval(numbers.Real, 0), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(numbers.Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(numbers.Integral, 1)],
        "device": DEVICE,
    }
    _constraints_of_penalty: dict = {
        "penalty": [Options("l2", "l1", "elasticnet"), None],
        "alpha": [Interval(numbers.Real, 0)],
        "eta0": [Interval(numbers.Real, 0, closed="neither")],
    }
    _constraints_of_sgd: dict = {
        **_constraints_of_penalty,
        "l1_ratio": [Interval(numbers.Real, 0, 1, closed="both"), None],
        "average": [Interval(numbers.Integral, 0, closed="neither"), "boolean"],
        "epsilon": [Interval(numbers.Real, 0)],
        "learning_rate": [Options("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2")],
        "power_t": [Interval(numbers.Real, None, None, closed="neither")],
        "batch_size": [Interval(numbers.Integral, 1), Options("full"), None],
        "momentum": [Interval(numbers.Real, 0, 1)],
    }
    _cpu_only = True
    _margin_loss: str  # the loss that passive-aggressive steps make zero
    _n_outputs: Any
    loss: Any
    penalty: Any = None
    alpha: Any = 1.0
    l1_ratio: Any = 0.15
    learning_rate: Any
    eta0: Any
    power_t: Any = 0.5
    epsilon: Any = 0.1
    average: Any = False
    batch_size: Any = None
    momentum: Any = 0.0
    fit_intercept: bool
    max_iter: int
    tol: float | None
    shuffle: bool
    verbose: int
    random_state: Any
    warm_start: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    device: str | None
    coef_: Any
    intercept_: Any
    t_: Any
    n_iter_: Any
    loss_curve_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _loss(self):
        """The loss of the kernels."""
        return self.loss

    @property
    def _in_batches(self):
        return self.batch_size is not None or self.momentum > 0

    # ---- parameters ----
    def _check_parameters(self, for_partial_fit=False):
        """Refuse combinations, mostly in scikit-learn's words."""
        if self.early_stopping and for_partial_fit:
            raise ValueError("early_stopping should be False with partial_fit")
        if self.learning_rate == "optimal" and self.alpha == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal "
                "learning rate."
            )
        if self.learning_rate in ("pa1", "pa2"):
            if self._loss != self._margin_loss:
                raise ValueError(
                    f"Learning rate '{self.learning_rate}' only works with loss '{self._margin_loss}'."
                )
            if self._in_batches:
                raise ValueError(
                    f"Learning rate '{self.learning_rate}' is one of single samples: it has neither "
                    "batch_size nor momentum."
                )
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")

    def _strengths(self):
        """Strengths of the L2 and the L1 penalty."""
        share = {None: None, "l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio}[self.penalty]
        return (0.0, 0.0) if share is None else ((1 - share) * self.alpha, share * self.alpha)

    # ---- fit ----
    @fit_method
    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> Any:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels or targets.
        coef_init : ndarray, default=None
            Where the coefficients begin, in the shape of `coef_`; for two classes (n_features,) will do. None
            means zeros.
        intercept_init : ndarray, default=None
            Where the intercepts begin, in the shape of `intercept_`; None means zeros.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, multiplied by those of the classes, if there are any; None means ones.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, coef_init, intercept_init, sample_weight)

    def _fit(self, X, y, coef_init, intercept_init, sample_weight):
        self._check_parameters()
        inits = self._forget(coef_init, intercept_init)
        self._partial_fit(X, y, sample_weight, self.max_iter, inits)
        self._warn()
        return self

    # ---- where to begin ----
    def _forget(self, coef_init, intercept_init):
        """Prepare for `fit`: return where to begin, and forget what was learnt."""
        if self.warm_start and vars(self).get("coef_") is not None:
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        for name in ("classes_", "coef_", "intercept_", "loss_curve_", "_standard", "_average"):
            vars(self).pop(name, None)
        self.t_ = 1.0
        return coef_init, intercept_init

    def _begin(self, n_outputs, n_features, dtype, coef_init, intercept_init):
        """Where models begin: coefficients, intercepts, and the averages of both."""
        zeros = np.zeros((n_outputs, n_features), dtype), np.zeros(n_outputs)
        if "coef_" in vars(self):
            if n_features != self.coef_.shape[-1]:
                raise ValueError(
                    f"Number of features {n_features} does not match previous data {self.coef_.shape[-1]}."
                )
            here = vars(self).get("_standard") if self.average else None
            coef, intercept = here or (self.coef_.reshape(n_outputs, -1), self.intercept_)
            return (coef, intercept), vars(self).get("_average") or zeros
        coef, intercept = zeros
        if coef_init is not None:
            coef = np.asarray(coef_init, dtype)
            coef = coef.reshape(1, -1) if n_outputs == 1 else coef
            if coef.shape != (n_outputs, n_features):
                name = "coef_init" if n_outputs == 1 else "``coef_``"
                raise ValueError(f"Provided {name} does not match dataset.")
        if intercept_init is not None:
            intercept = np.asarray(intercept_init, dtype)
            intercept = intercept.reshape(1) if intercept.shape == () else intercept
            if intercept.shape != (n_outputs,):
                raise ValueError("Provided intercept_init does not match dataset.")
        return (coef, intercept), zeros

    def _hold_out(self, y, weight, splitter):
        """Which rows are to learn from; None for all of them."""
        if not self.early_stopping:
            return None
        cv = sk(f"sklearn.model_selection.{splitter}")(
            test_size=self.validation_fraction, random_state=self.random_state
        )
        held = next(cv.split(np.zeros((len(y), 1)), y))[1]
        if weight is not None and not (weight[held] > 0).any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different random state."
            )
        training = np.ones(len(y), bool)
        training[held] = False
        return training

    # ---- the descent ----
    def _descend(self, X, targets, weight, seeds, training, begin, max_iter):
        """Learn from rows, with targets and a seed for each output, from what `_begin` returned."""
        if choose(self.device, X).name != "cpu":
            report_fallback(
                f"fitting {type(self).__name__} on the CPU", "each step depends on the one before it"
            )
        is_sparse = hasattr(X, "tocsr")
        if is_sparse:
            rows = X.data, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64, copy=False)
        else:
            X = CPU.to_host(X)
            rows = (X,)
        n_rows = X.shape[0] if training is None else int(training.sum())
        batch = n_rows if self.batch_size == "full" else min(self.batch_size or 1, n_rows)
        intercept_rate = self.fit_intercept * (SPARSE_INTERCEPT_RATE if is_sparse else 1.0)
        models = self._make_models(begin, batch, intercept_rate)
        problems = [
            solver.Problem(model, target, seed, training, self._make_score(X, target[:, 0], weight, training))
            for model, target, seed in zip(models, targets, seeds)
        ]
        plan = solver.Plan(
            max_iter, -np.inf if self.tol is None else self.tol, self.n_iter_no_change,
            self.learning_rate == "adaptive", self.shuffle, self._in_batches, print if self.verbose else None,
        )  # fmt: skip
        try:
            curves = solver.solve(CPU, rows, problems, plan)
        except solver.Diverged as error:
            raise ValueError(
                f"Floating-point under-/overflow occurred at epoch #{error}. Scaling input data with "
                "StandardScaler or MinMaxScaler might help."
            ) from None
        self.n_iter_ = max(map(len, curves))
        self.t_ += self.n_iter_ * (-(-n_rows // batch) if self._in_batches else X.shape[0])
        self._note_curves(curves)
        return models

    def _make_models(self, begin, batch, intercept_rate):
        l2, l1 = self._strengths()
        how = {
            "loss": self._loss, "rate": self.learning_rate, "epsilon": self.epsilon, "l2": l2, "l1": l1,
            "alpha": self.alpha, "eta0": self.eta0, "power_t": self.power_t, "average": int(self.average),
            "intercept_rate": intercept_rate, "batch": batch, "momentum": self.momentum,
        }  # fmt: skip
        (coef, intercept), (means, mean_intercept) = begin
        make = CPU.kernels.sgd.Descent
        return [make(*start, self.t_, **how) for start in zip(coef, intercept, means, mean_intercept)]

    def _make_score(self, X, truth, weight, training):
        """What tells how good weights are for the rows that were held out."""
        if training is None:
            return None
        held = ~training
        rows, truth, weight = X[held], truth[held], None if weight is None else weight[held]
        return lambda coef, intercept: self._score_held_out(truth, rows @ coef + intercept, weight)

    def _note_curves(self, curves):
        told = np.full((len(curves), self.n_iter_), np.nan)
        for own, curve in zip(told, curves):
            own[: len(curve)] = curve
        told = told[0] if len(curves) == 1 else told
        before = vars(self).get("loss_curve_")
        self.loss_curve_ = told if before is None else np.concatenate([before, told], axis=-1)

    def _take_models(self, models):
        """Return coefficients and intercepts of the models, or their averages if there were enough steps."""
        coef = np.array([model.weights for model in models])
        dtype = coef.dtype if len(models) > 1 else np.float64
        intercept = np.array([model.intercept for model in models], dtype)
        if not self.average:
            return coef, intercept
        means = np.array([model.means for model in models])
        mean_intercept = np.array([model.mean_intercept for model in models], dtype)
        self._standard, self._average = (coef, intercept), (means, mean_intercept)
        return self._average if self.average <= self.t_ - 1 else self._standard

    def _warn(self):
        """Give the warnings of a `fit`."""
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to "
                "improve the fit.",
                sk("sklearn.exceptions.ConvergenceWarning"),
                stacklevel=4,
            )
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated in version 1.8 and will raise an error in "
                "1.10. Use values in the range [0.0, inf) instead.",
                FutureWarning,
                stacklevel=4,
            )
