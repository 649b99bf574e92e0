"""What classification by support vector machines adds: pairs of classes, votes, probabilities."""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._base import Classifier
from .._device import CPU, is_sparse, like_input
from .._validation import Options, check_fitted, fit_method, random_state, sk
from ..solvers import svm as solver
from ._base import BaseSVM
from ._decision import pairs_of

__all__ = ["BaseSVC"]

LEAST_PROBABILITY = 1e-7  # of a class against another
SEEDS = np.iinfo(np.int32).max


class _WithProbability:
    """A method that is there only with ``probability=True``."""

    def __init__(self, method):
        functools.update_wrapper(self, method)
        self.method = method

    def __get__(self, est, owner):
        if est is None:
            return self.method
        if est.probability == "deprecated" or not est.probability:
            raise AttributeError("predict_proba is not available when probability=False")
        return types.MethodType(self.method, est)


def _deprecated(name):
    """Warn of the use of a parameter of the sigmoids, as scikit-learn does."""
    warnings.warn(
        f"Attribute `{name}` was deprecated in version 1.9 and will be removed in 1.11 as the"
        " `probability=True` option for SVC and NuSVC was deprecated and will be removed in 1.11.",
        FutureWarning,
        stacklevel=3,
    )


class BaseSVC(Classifier, BaseSVM):
    """Base class of classification by support vector machines.

    Parameters
    ----------
    probability : bool, default="deprecated"
        Whether to fit sigmoids to decision values of fivefold cross-validation, for `predict_proba`.
        Deprecated as in scikit-learn 1.9: ``CalibratedClassifierCV(estimator, ensemble=False)`` does
        that.

    class_weight : dict or "balanced", default=None
        What weights of samples are multiplied with, by class. "balanced" means
        ``n_samples / (n_classes * np.bincount(y))``.

    decision_function_shape : {"ovo", "ovr"}, default="ovr"
        Whether `decision_function` has a column for each pair of classes, or for each class. Machines are
        trained for pairs in either case.

    break_ties : bool, default=False
        Whether `predict` decides between classes of equally many votes by `decision_function`, rather
        than for the first.

    random_state : int, RandomState instance or None, default=None
        Where the random folds for `probability` come from.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    class_weight_ : ndarray of shape (n_classes,)
        The weights of the classes.

    probA_ : ndarray of shape (n_machines,)
        Slopes of the sigmoids, for probability=True. Deprecated.

    probB_ : ndarray of shape (n_machines,)
        Intercepts of the sigmoids, for probability=True. Deprecated.
    """

    _constraints = {
        **BaseSVM._constraints,
        "probability": ["boolean", Options("deprecated")],
        "class_weight": [Options("balanced"), dict, None],
        "decision_function_shape": [Options("ovr", "ovo")],
        "break_ties": ["boolean"],
        "random_state": ["random_state"],
    }
    probability: Any
    class_weight: Any
    decision_function_shape: str
    break_ties: bool
    random_state: Any
    _dual: Callable[[], solver.Dual]  # the kind of machine

    # ---- fit -------------------------------------------------------------------------------------------
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseSVC:
        """Train a machine for each pair of classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            The samples, or for kernel="precomputed" their kernel matrix.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples without a positive one are left out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        rng = random_state(self.random_state)
        X, y = self._check_data(X, y, y_float=False)
        codes = self._encode(y)
        self._warn_of_probability()
        weight, kept = self._check_weight(sample_weight, X)
        self._check_classes(codes, weight, kept)
        order = np.argsort(codes, kind="stable")
        order = order if kept is None else order[weight[order] > 0]
        starts = np.searchsorted(codes[order], np.arange(len(self.classes_) + 1))
        bounds = self._bounds(weight[order], codes[order])
        device, source = self._make_source(X, order, bounds)
        seed = rng.randint(SEEDS)
        permutations = _permutations(starts, seed) if self._effective_probability else None
        machines, decisions = solver.train_pairs(
            device, self._dual(), source, starts, bounds, self._limits(), permutations
        )
        self._fit_sigmoids(starts, decisions)
        self._set_pairs(X, order, starts, machines)
        return self

    def _encode(self, y):
        """Number the classes and weigh them."""
        y = y if isinstance(y, np.ndarray) and y.ndim == 1 else sk("sklearn.utils.column_or_1d")(y, warn=True)
        if callable(self.kernel):
            sk("sklearn.utils.multiclass.check_classification_targets")(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if self.class_weight is None:
            self.class_weight_ = np.ones(len(self.classes_))
        else:
            self.class_weight_ = sk("sklearn.utils.compute_class_weight")(
                self.class_weight, classes=self.classes_, y=y
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(self.classes_)} class"
            )
        return codes

    def _warn_of_probability(self):
        self._effective_probability = self.probability != "deprecated" and bool(self.probability)
        if self.probability != "deprecated":
            name = type(self).__name__
            warnings.warn(
                "The `probability` parameter was deprecated in 1.9 and will be removed in version 1.11. Use"
                f" `CalibratedClassifierCV({name}(), ensemble=False)` instead of `{name}(probability=True)`",
                FutureWarning,
                stacklevel=4,
            )

    def _check_classes(self, codes, weight, kept):
        """Refuse weights that leave too little of the classes."""

    def _bounds(self, weight, codes):
        """Return the bounds of the dual coefficients."""
        return weight

    def _fit_sigmoids(self, starts, decisions):
        self._probA, self._probB = np.empty((2, 0))
        if self._effective_probability:
            fit = CPU.kernels.platt.fit_sigmoid
            counts = np.diff(starts)
            firsts = [counts[i] for i in range(len(counts)) for _ in range(i + 1, len(counts))]
            sigmoids = [fit(said, np.arange(len(said)) < first) for said, first in zip(decisions, firsts)]
            self._probA, self._probB = np.array(sigmoids).T.copy()

    def _set_pairs(self, X, order, starts, machines):
        n_classes, n_rows = len(self.classes_), len(order)
        coefficients = np.zeros((n_classes - 1, n_rows))
        pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
        for (i, j), machine in zip(pairs, machines):
            n_first = starts[i + 1] - starts[i]
            coefficients[j - 1, starts[i] : starts[i + 1]] = machine.coefficients[:n_first]
            coefficients[i, starts[j] : starts[j + 1]] = machine.coefficients[n_first:]
        support = np.flatnonzero(coefficients.any(axis=0))
        self._n_support = np.diff(np.searchsorted(support, starts)).astype(np.int32)
        self.n_iter_ = np.array([machine.n_iter for machine in machines], np.int32)
        self._set_machines(X, order[support], np.ascontiguousarray(coefficients[:, support]), machines)
        if n_classes == 2:  # positive for the second class, as everywhere in scikit-learn
            self.intercept_ *= -1
            self.dual_coef_ = -self.dual_coef_

    # ---- use -------------------------------------------------------------------------------------------
    def decision_function(self, X: Any) -> Any:
        """Evaluate the decision functions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        decision : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_machines)
            For two classes positive for the second. For more: with decision_function_shape="ovr" the votes
            for each class, and less than half a vote by the sums of its machines' values; with "ovo" those
            values.
        """
        decision = self._raw_decision(self._check_asked(X))
        if len(self.classes_) == 2:
            return like_input(-decision.ravel(), X)
        if self.decision_function_shape == "ovr":
            decision = self._votes_and_confidences(decision)
        return like_input(decision, X)

    def _votes_and_confidences(self, decision):
        """Votes for each class, with a fraction by which ties are broken."""
        for_first, for_second = members_of(len(self.classes_))
        confidences = decision @ (for_first - for_second)
        return self._votes(decision >= 0) + confidences / (3 * (np.abs(confidences) + 1))

    def _votes(self, first_wins):
        for_first, for_second = members_of(len(self.classes_))
        return first_wins @ for_first + ~first_wins @ for_second

    def predict(self, X: Any) -> Any:
        """Predict labels: the class with most votes of its machines.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        check_fitted(self, "support_")
        if self.break_ties and self.decision_function_shape == "ovo":
            raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")
        decision = self._raw_decision(self._check_asked(X))
        if len(self.classes_) == 2:
            which = (decision[:, 0] <= 0).astype(np.intp)
        elif self.break_ties:
            which = self._votes_and_confidences(decision).argmax(axis=1)
        else:
            which = self._votes(decision > 0).argmax(axis=1)
        return like_input(self.classes_.take(which), X)

    @_WithProbability
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities, by sigmoids of the machines' values, coupled for more than two classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        data = self._check_asked(X)
        if not len(self._probA):
            raise sk("sklearn.exceptions.NotFittedError")(
                "predict_proba is not available when fitted with probability=False"
            )
        z = np.clip(self._raw_decision(data) * self._probA + self._probB, -700, 700)
        pairwise = np.clip(1 / (1 + np.exp(z)), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        probabilities = np.empty((len(z), len(self.classes_)))
        CPU.kernels.platt.couple_probabilities(pairwise, probabilities)
        return like_input(probabilities, X)

    @_WithProbability
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return like_input(np.log(CPU.to_host(self.predict_proba(X))), X)

    def _counts_support(self):
        if "_n_support" not in self.__dict__:
            raise AttributeError("n_support_")
        return self._n_support

    def _coef(self):
        parts = self._group_weights(self._groups())
        if len(parts) == 1:
            return -parts[0]
        if not is_sparse(parts[0]):
            return self._join_groups(parts)
        rows = [parts[i][[j - 1]] + parts[j][[i]] for i, j in zip(*pairs_of(len(parts)))]
        from scipy.sparse import vstack

        return vstack(rows).tocsr()

    @property
    def probA_(self) -> np.ndarray:
        """Slopes of the sigmoids."""
        _deprecated("probA_")
        return self._probA

    @property
    def probB_(self) -> np.ndarray:
        """Intercepts of the sigmoids."""
        _deprecated("probB_")
        return self._probB


@functools.cache
def members_of(n_classes):
    """For each machine, a row, a 1 where its first class is; and where its second one is."""
    return [np.eye(n_classes)[which] for which in pairs_of(n_classes)]


def _permutations(starts, seed):
    """For each pair of classes a random order of its rows, as LIBSVM draws it from the same seed."""
    sizes = np.diff(starts)
    pairs = [(i, j) for i in range(len(sizes)) for j in range(i + 1, len(sizes))]
    return [_permutation(np.random.RandomState(seed), int(sizes[i] + sizes[j])) for i, j in pairs]


def _permutation(rng, n):
    """Fisher and Yates's shuffle."""
    order, numbers = list(range(n)), _numbers(rng)
    for i in range(n):
        j = i + _below(numbers, n - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order)


def _numbers(rng):
    while True:
        yield from rng.randint(0, 2**32, 1024, np.uint32).tolist()


def _below(numbers, high):
    """An integer below `high`, by the method of Lemire (2019), ACM TOMACS 29(1)."""
    for number in numbers:
        product = number * high
        if product % 2**32 >= 2**32 % high:
            return product >> 32
