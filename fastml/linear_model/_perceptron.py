"""The perceptron."""

from __future__ import annotations

import numbers
from typing import Any

from .._docs import inherit_docs
from .._validation import Interval
from ._sgd import BaseSGD
from ._sgd_classification import BaseSGDClassifier

__all__ = ["Perceptron"]


@inherit_docs
class Perceptron(BaseSGDClassifier):
    """The perceptron: what was predicted wrongly is added to the coefficients, or subtracted.

    It is `SGDClassifier` with ``loss="perceptron"`` and ``learning_rate="constant"``.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        What large coefficients cost: their squares, their absolute values (many become zero), or both.

    eta0 : float, default=1.0
        What wrongly predicted samples are multiplied by.

    random_state : int, RandomState instance or None, default=0
        Of the shuffling. An int makes the result reproducible, on any number of threads.

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
