"""Linear classification by stochastic gradient descent."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._available import available_if
from .._docs import inherit_docs
from .._linear_predictor import LinearClassifier
from .._validation import Options, check_fitted, check_weight, check_X_y, fit_method, random_state, sk
from ._sgd import MAX_SEED, BaseSGD

__all__ = ["BaseSGDClassifier", "SGDClassifier"]

_ALL = object()  # in the place of classes: those that there are


class BaseSGDClassifier(LinearClassifier, BaseSGD):
    """Base class of classifiers by stochastic gradient descent, each class against the rest.

    Parameters
    ----------
    n_jobs : int or None, default=None
        For compatibility: classes are learnt side by side, on as many threads as `fastml.set_config` allows.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives all the same in sum.
    """

    _constraints = {
        **BaseSGD._constraints,
        "n_jobs": [numbers.Integral, None],
        "class_weight": [Options("balanced"), dict, None],
    }
    _margin_loss = "hinge"
    n_jobs: int | None
    class_weight: Any

    def _partial_fit(self, X, y, sample_weight, max_iter, inits=(None, None), classes=_ALL):
        first = "classes_" not in vars(self)
        X, y = check_X_y(
            self, X, y, y_float=False, accept_sparse="csr", accept_large_sparse=False, reset=first
        )
        self._set_classes(np.unique(y) if classes is _ALL else classes)
        class_weight = self._class_weight(y)
        weight = check_weight(sample_weight, X)
        n_outputs = len(self.classes_) if len(self.classes_) > 2 else 1
        if len(self.classes_) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(self.classes_)} class"
            )
        begin = self._begin(n_outputs, X.shape[1], X.dtype, *inits)
        positives = self.classes_ if n_outputs > 1 else self.classes_[1:]
        factors = [(own, 1.0) for own in class_weight] if n_outputs > 1 else [class_weight[::-1]]
        targets = [
            _make_target(y == positive, weight, *factor, X.dtype)
            for positive, factor in zip(positives, factors)
        ]
        training = self._hold_out(y, weight, "StratifiedShuffleSplit")
        models = self._descend(X, targets, weight, self._seeds(n_outputs), training, begin, max_iter)
        self.coef_, self.intercept_ = self._take_models(models)
        return self

    def _set_classes(self, classes):
        """Set `classes_`, or compare with them."""
        if "classes_" in vars(self) or not isinstance(classes, np.ndarray) or classes.dtype.kind not in "iuU":
            sk("sklearn.utils.multiclass._check_partial_fit_first_call")(self, classes)
        else:
            self.classes_ = np.unique(classes)

    def _class_weight(self, y):
        if self.class_weight is None:
            return np.ones(len(self.classes_))
        return sk("sklearn.utils.compute_class_weight")(self.class_weight, classes=self.classes_, y=y)

    def _seeds(self, n_outputs):
        """Seeds of the shuffling, drawn as scikit-learn draws them: the first number goes elsewhere."""
        rng = random_state(self.random_state)
        if n_outputs == 1:
            return [_second_seed(rng)]
        return [_second_seed(random_state(int(seed))) for seed in rng.randint(MAX_SEED, size=n_outputs)]

    @staticmethod
    def _score_held_out(truth, scores, weight):
        return np.average((scores > 0) == (truth > 0), weights=weight)

    def _check_first_call(self):
        if "classes_" in vars(self):
            return
        self._check_parameters(for_partial_fit=True)
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' "
                "weights, use compute_class_weight('balanced', classes=classes, y=y). In place of y you can "
                "use a large enough sample of the full training set target to properly estimate the class "
                "frequency distributions. Pass the resulting weights as the class_weight parameter."
            )

    @fit_method
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Go through some samples once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; to be given in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, multiplied by those of the classes; None means ones.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        self._check_first_call()
        return self._continue(X, y, classes, sample_weight)

    def _continue(self, X, y, classes, sample_weight):
        if "t_" not in vars(self):
            self.t_ = 1.0
        return self._partial_fit(X, y, sample_weight, 1, classes=classes)


def _second_seed(rng):
    rng.randint(1, MAX_SEED)
    return int(rng.randint(MAX_SEED))


def _make_target(is_positive, weight, positive_weight, negative_weight, dtype):
    """What the kernels are to predict for a class, -1 or 1, and the weights of the samples."""
    target = np.empty((len(is_positive), 2), dtype)
    target[:, 0] = np.where(is_positive, 1, -1)
    target[:, 1] = np.where(is_positive, positive_weight, negative_weight)
    if weight is not None:
        target[:, 1] *= weight
    return target


def _gives_probabilities(est):
    return est.loss in ("log_loss", "modified_huber")


@inherit_docs
class SGDClassifier(BaseSGDClassifier):
    """Linear classifiers (SVM, logistic regression and others) by stochastic gradient descent.

    Samples are visited one after the other, in random order, and each moves the coefficients along the
    gradient of its own loss. Features should have similar scales.

    Parameters
    ----------
    loss : {"hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber", \
            "epsilon_insensitive", "squared_epsilon_insensitive"}, default="hinge"
        What an error costs. "hinge" makes a linear support vector machine, "log_loss" logistic regression;
        "modified_huber" is smooth, bears outliers and gives probabilities too; "perceptron" learns from wrong
        predictions only (the perceptron trick). The last four are those of regression.

    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}, default="optimal"
        How far step t goes: "constant": `eta0`; "optimal": ``1 / (alpha (t0 + t))`` where t0 makes the first
        step as long as a typical coefficient; "invscaling": ``eta0 / t ** power_t``; "adaptive": `eta0`,
        divided by 5 when `n_iter_no_change` epochs improved nothing. "pa1" and "pa2" are the
        passive-aggressive steps of the hinge loss, with `eta0` for their C.

    See Also
    --------
    SGDRegressor : The same for regression.
    Perceptron : The perceptron loss with a constant learning rate.
    fastml.svm.LinearSVC : Support vector machines, solved to a tolerance.

    Notes
    -----
    The order of the samples is scikit-learn's for the same `random_state`; so is every step, up to rounding.

    References
    ----------
    Bottou, L. (2012). Stochastic gradient descent tricks. Neural networks: tricks of the trade.

    Zadrozny, B., Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability
    estimates. KDD 2002.

    Crammer, K., Dekel, O., Keshet, J., Shalev-Shwartz, S., Singer, Y. (2006). Online passive-aggressive
    algorithms. Journal of Machine Learning Research 7.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import SGDClassifier
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = SGDClassifier(random_state=0).fit(X, np.array([1, 1, 2, 2]))
    >>> model.predict([[-0.8, -1.0]])
    array([1])
    """

    _constraints = {
        **BaseSGDClassifier._constraints,
        **BaseSGD._constraints_of_sgd,
        "loss": [
            Options(
                "hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error",
                "huber", "epsilon_insensitive", "squared_epsilon_insensitive",
            )
        ],
    }  # fmt: skip

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.momentum = momentum
        self.device = device

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities, for the losses "log_loss" and "modified_huber".

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`; those of more than two are made to sum to one.
        """
        check_fitted(self, "coef_")
        scores = self.decision_function(X)
        if self.loss == "log_loss":
            with np.errstate(over="ignore"):
                share = 1 / (1 + np.exp(-scores))
        else:
            share = (np.clip(scores, -1, 1) + 1) / 2
        if share.ndim == 1:
            return np.stack([1 - share, share], axis=1)
        share[share.sum(axis=1) == 0] = 1
        return share / share.sum(axis=1, keepdims=True)

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities, for the losses "log_loss" and "modified_huber".

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return np.log(self.predict_proba(X))
