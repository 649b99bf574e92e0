"""Linear regression by stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import Options, check_weight, check_X_y, fit_method, random_state
from ._sgd import MAX_SEED, BaseSGD

__all__ = ["BaseSGDRegressor", "SGDRegressor"]


class BaseSGDRegressor(LinearRegressor, BaseSGD):
    """Base class of regressors that are fitted by stochastic gradient descent.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The coefficients.

    intercept_ : ndarray of shape (1,)
        The intercept.
    """

    _margin_loss = "epsilon_insensitive"

    def _partial_fit(self, X, y, sample_weight, max_iter, inits=(None, None)):
        first = "coef_" not in vars(self)
        X, y = check_X_y(
            self, X, y, y_float=True, multi_output=False, accept_sparse="csr", accept_large_sparse=False,
            reset=first,
        )  # fmt: skip
        weight = check_weight(sample_weight, X)
        target = np.ones((len(y), 2), X.dtype)
        target[:, 0] = y
        if weight is not None:
            target[:, 1] = weight
        begin = self._begin(1, X.shape[1], X.dtype, *inits)
        training = self._hold_out(y, weight, "ShuffleSplit")
        seed = int(random_state(self.random_state).randint(0, MAX_SEED))
        models = self._descend(X, [target], weight, [seed], training, begin, max_iter)
        (self.coef_,), self.intercept_ = self._take_models(models)
        return self

    @staticmethod
    def _score_held_out(truth, predicted, weight):
        spread = np.average((truth - np.average(truth, weights=weight)) ** 2, weights=weight)
        missed = np.average((truth - predicted) ** 2, weights=weight)
        return 1 - missed / spread if spread > 0 else float(missed == 0)

    def _continue(self, X, y, sample_weight):
        if "coef_" not in vars(self):
            self._check_parameters(for_partial_fit=True)
            self.t_ = 1.0
        return self._partial_fit(X, y, sample_weight, 1)

    @fit_method
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Go through some samples once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._continue(X, y, sample_weight)

    def _predict_linear(self, X):
        return super()._predict_linear(X).ravel()  # sparse coefficients have two axes


@inherit_docs
class SGDRegressor(BaseSGDRegressor):
    """Linear regression by stochastic gradient descent.

    Samples are visited one after the other, in random order, and each moves the coefficients along the
    gradient of its own loss. Features should have similar scales.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive", \
            "absolute_error"}, default="squared_error"
        What an error costs. "huber" is linear beyond `epsilon`; the "epsilon_insensitive" losses are zero up
        to there. "absolute_error", which scikit-learn has not, moves by the same length for each error (the
        absolute trick, as "squared_error" is the square trick).

    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}, default="invscaling"
        How far steps go; see `SGDClassifier`. "pa1" and "pa2" are for the loss "epsilon_insensitive".

    power_t : float, default=0.25
        See `learning_rate`.

    See Also
    --------
    SGDClassifier : The same for classification.
    fastml.svm.LinearSVR : Support vector regression, solved to a tolerance.

    Notes
    -----
    The order of the samples is scikit-learn's for the same `random_state`; so is every step, up to rounding.

    References
    ----------
    Bottou, L. (2012). Stochastic gradient descent tricks. Neural networks: tricks of the trade.

    Examples
    --------
    Plain gradient descent on a line, and its history:

    >>> import numpy as np
    >>> from fastml.linear_model import SGDRegressor
    >>> X = np.array([[-1.0], [0.0], [1.0]])
    >>> model = SGDRegressor(
    ...     penalty=None, batch_size="full", learning_rate="constant", eta0=0.5, max_iter=4, tol=None
    ... )
    >>> model.fit(X, 2 * X[:, 0]).coef_.round(3)
    array([1.605])
    >>> model.loss_curve_.round(3)
    array([1.333, 0.593, 0.263, 0.117])
    """

    _constraints = {
        **BaseSGD._constraints,
        **BaseSGD._constraints_of_sgd,
        "loss": [
            Options(
                "squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive",
                "absolute_error",
            )
        ],
    }  # fmt: skip

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: Any = None,
        momentum: float = 0.0,
        device: str | None = None,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.momentum = momentum
        self.device = device
