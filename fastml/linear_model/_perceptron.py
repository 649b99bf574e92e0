"""The perceptron."""

from __future__ import annotations

import numbers
from typing import Any

from .._validation import Interval
from ._sgd import BaseSGD
from ._sgd_classification import BaseSGDClassifier

__all__ = ["Perceptron"]


class Perceptron(BaseSGDClassifier):
    """The perceptron: what was predicted wrongly is added to the coefficients, or subtracted.

    It is `SGDClassifier` with ``loss="perceptron"`` and ``learning_rate="constant"``.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        What large coefficients cost: their squares, their absolute values (many become zero), or both.

    alpha : float, default=0.0001
        Strength of the penalty.

    l1_ratio : float, default=0.15
        Share of the L1 penalty, for "elasticnet".

    fit_intercept : bool, default=True
        Whether there is an intercept.

    max_iter : int, default=1000
        Most epochs of `fit`.

    tol : float or None, default=1e-3
        An epoch that does not lower the mean loss by as much improves nothing; None makes all epochs.

    shuffle : bool, default=True
        Whether to shuffle before each epoch.

    verbose : int, default=0
        Whether to print the progress.

    eta0 : float, default=1.0
        What wrongly predicted samples are multiplied by.

    n_jobs : int or None, default=None
        For compatibility: classes are learnt side by side, on as many threads as `fastml.set_config` allows.

    random_state : int, RandomState instance or None, default=0
        Of the shuffling. An int makes the result reproducible, on any number of threads.

    early_stopping : bool, default=False
        Whether to hold samples out, and to judge epochs by the accuracy for them.

    validation_fraction : float, default=0.1
        The share of samples held out.

    n_iter_no_change : int, default=5
        So many epochs in a row without improvement end the fit.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives all the same in sum.

    warm_start : bool, default=False
        Whether `fit` begins where the last one ended.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Steps are made on the CPU.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Coefficients of the classes.

    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        Their intercepts.

    n_iter_ : int
        Epochs made; the most of all classes.

    classes_ : ndarray of shape (n_classes,)
        The labels.

    t_ : float
        Samples visited, plus one.

    loss_curve_ : ndarray of shape (n_epochs,), or (n_classes, n_epochs) for more than two classes
        As `SGDClassifier` has it.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the features, if X had any.

    See Also
    --------
    SGDClassifier : Other losses and learning rates.

    References
    ----------
    Rosenblatt, F. (1958). The perceptron: a probabilistic model for information storage and organization in
    the brain. Psychological Review 65(6).

    Examples
    --------
    The AND of two bits:

    >>> import numpy as np
    >>> from fastml.linear_model import Perceptron
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> Perceptron(tol=None, max_iter=20).fit(X, np.array([0, 0, 0, 1])).predict(X)
    array([0, 0, 0, 1])
    """

    _constraints = {
        **BaseSGDClassifier._constraints,
        **BaseSGD._constraints_of_penalty,
        "l1_ratio": [Interval(numbers.Real, 0, 1, closed="both")],
    }
    loss = "perceptron"
    learning_rate = "constant"

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        device: str | None = None,
    ):
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.device = device
