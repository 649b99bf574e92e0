"""Classification by linear support vector machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import report_fallback
from .._docs import inherit_docs
from .._linear_predictor import LinearClassifier, SparseCoefficients
from .._validation import Options, check_weight, check_X_y, fit_method, sk
from ._linear import BaseLinearSVM

__all__ = ["LinearSVC"]


@inherit_docs
class LinearSVC(LinearClassifier, SparseCoefficients, BaseLinearSVM):
    """Linear support vector classification, each class against the rest.

    It minimises ``|w|^2 / 2 + C sum(loss)``, or with ``|w|_1`` in the place of the first term, where the
    intercept is the coefficient of one more feature, which is constant.

    Parameters
    ----------
    penalty : {"l1", "l2"}, default="l2"
        What large coefficients cost: their absolute values (many become zero), or their squares.

    loss : {"hinge", "squared_hinge"}, default="squared_hinge"
        What a margin below one costs; "hinge" with the penalty "l2" only.

    dual : "auto" or bool, default="auto"
        Whether to solve the dual problem, with a variable for each sample. "auto" does where there are more
        features than samples; "hinge" is always solved so, and the penalty "l1" never. Where there are fewer,
        dense, the squared hinge loss is minimised directly all the same: the solution is the same one.

    multi_class : {"ovr", "crammer_singer"}, default="ovr"
        Each class against the rest, or one problem for all, which scikit-learn solves.

    class_weight : dict, "balanced" or None, default=None
        What C is multiplied by for each class; "balanced" gives all the same in sum.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients, float64.

    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        The intercepts; 0.0 without.

    n_iter_ : int
        Iterations; the most of all classes.

    See Also
    --------
    LinearSVR : The same for regression.
    fastml.linear_model.SGDClassifier : The same objective, roughly minimised, and others.

    Notes
    -----
    Squared losses of more samples than features are minimised by Newton's method; else coordinates are
    visited in random order, and those that are out of the question rest.

    References
    ----------
    Fan, R.-E., Chang, K.-W., Hsieh, C.-J., Wang, X.-R., Lin, C.-J. (2008). LIBLINEAR: a library for large
    linear classification. Journal of Machine Learning Research 9.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import LinearSVC
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> LinearSVC(random_state=0).fit(X, np.array([1, 1, 2, 2])).predict([[-0.8, -1.0]])
    array([1])
    """

    _constraints = {
        **BaseLinearSVM._constraints,
        "penalty": [Options("l1", "l2")],
        "loss": [Options("hinge", "squared_hinge")],
        "multi_class": [Options("ovr", "crammer_singer")],
        "class_weight": [None, dict, Options("balanced")],
    }

    def __init__(
        self,
        penalty: str = "l2",
        loss: str = "squared_hinge",
        *,
        dual: Any = "auto",
        tol: float = 1e-4,
        C: float = 1.0,
        multi_class: str = "ovr",
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
        device: str | None = None,
    ):
        self.penalty = penalty
        self.loss = loss
        self.dual = dual
        self.tol = tol
        self.C = C
        self.multi_class = multi_class
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearSVC:
        """Fit the classifier.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            What C is multiplied by for each sample; None means ones.

        Returns
        -------
        self : LinearSVC
            The fitted estimator.
        """
        X, y = check_X_y(self, X, y, y_float=False, accept_sparse="csr", accept_large_sparse=False)
        weight = check_weight(sample_weight, X)
        self.classes_ = np.unique(y)
        if self.multi_class == "crammer_singer":
            return self._fit_twin(X, y, weight)
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {self.classes_[0]!r}"
            )
        class_weight = self._class_weight(y, weight)
        several = len(self.classes_) > 2
        positives = self.classes_ if several else self.classes_[1:]
        factors = [(own, 1.0) for own in class_weight] if several else [class_weight[::-1]]
        # LIBLINEAR leaves samples out whose weights are not positive.
        base = self.C * (np.ones(len(y)) if weight is None else np.maximum(weight, 0.0))
        targets = [np.where(y == label, 1.0, -1.0) for label in positives]
        costs = [base * np.where(target > 0, *pair) for target, pair in zip(targets, factors)]
        self.coef_, self.intercept_ = self._solve(X, targets, costs)
        return self

    def _class_weight(self, y, weight):
        if self.class_weight is None:
            return np.ones(len(self.classes_))
        return sk("sklearn.utils.compute_class_weight")(
            self.class_weight, classes=self.classes_, y=y, sample_weight=weight
        )

    def _fit_twin(self, X, y, weight):
        """Let scikit-learn solve one problem for all classes."""
        report_fallback("scikit-learn's LinearSVC", "'crammer_singer' is one problem for all classes")
        parameters = {name: value for name, value in self.get_params().items() if name != "device"}
        twin = sk("sklearn.svm.LinearSVC")(**parameters).fit(X, y, sample_weight=weight)
        self.coef_, self.intercept_, self.n_iter_ = twin.coef_, twin.intercept_, twin.n_iter_
        return self
