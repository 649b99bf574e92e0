"""Detection of outliers by the one-class support vector machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import OutlierDetector
from .._device import is_sparse, like_input
from .._docs import inherit_docs
from .._validation import check_X, fit_method
from ..solvers import svm as solver
from ._base import CONSTRAINTS, BaseSVM
from ._decision import CHECKS

__all__ = ["OneClassSVM"]


@inherit_docs
class OneClassSVM(OutlierDetector, BaseSVM):
    """Detection of outliers: the support of a distribution.

    Parameters
    ----------
    nu : float, default=0.5
        Lower bound on the share of support vectors, and upper bound on that of the outliers; in (0, 1].

    Attributes
    ----------
    offset_ : ndarray of shape (1,)
        What is subtracted from the result of `score_samples` by `decision_function`: minus the intercept.

    See Also
    --------
    SVC : Classification.

    Notes
    -----
    Trained as `SVC` is, after the same references.

    Examples
    --------
    >>> from fastml.svm import OneClassSVM
    >>> X = [[0.0], [0.44], [0.45], [0.46], [1.0]]
    >>> model = OneClassSVM(gamma="auto").fit(X)
    >>> model.predict(X)
    array([-1,  1,  1,  1, -1])
    >>> model.score_samples(X).round(2)
    array([1.78, 2.05, 2.06, 2.06, 1.73])
    """

    _constraints = {**BaseSVM._constraints, "nu": CONSTRAINTS["nu"]}

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        nu: float = 0.5,
        shrinking: bool = True,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
        device: str | None = None,
    ):
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> OneClassSVM:
        """Find the region in which most samples lie.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            The samples, or for kernel="precomputed" their kernel matrix.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples without a positive one are left out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if is_sparse(X) and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported.")
        if not callable(self.kernel):
            X = check_X(self, X, reset=True, **CHECKS)
        n_samples = X.shape[0] if hasattr(X, "shape") else len(X)
        self._fit_one(X, solver.one_class(self.nu), np.ones(n_samples), sample_weight)
        self.offset_ = -self._intercept_
        return self

    def decision_function(self, X: Any) -> Any:
        """Evaluate the decision function: positive for inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            The values.
        """
        return like_input(self._raw_decision(self._check_asked(X))[:, 0], X)

    def score_samples(self, X: Any) -> Any:
        """Evaluate the decision function without its constant.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        score : ndarray of shape (n_samples,)
            The larger, the more usual.
        """
        return self.decision_function(X) + float(self.offset_[0])

    def predict(self, X: Any) -> Any:
        """Tell inliers from outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples_fit)
            The samples, or for kernel="precomputed" their kernel matrix with those learnt from.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            1 for inliers, -1 for outliers.
        """
        return like_input(np.where(self._raw_decision(self._check_asked(X))[:, 0] > 0, 1, -1), X)
