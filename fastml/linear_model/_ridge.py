"""Ridge and RidgeClassifier."""

from __future__ import annotations

from typing import Any

from .._base import MultiOutput
from .._linear_predictor import LinearRegressor
from .._validation import Options, check_X_y, fit_method
from ._base_ridge import BaseRidge, RidgeClassifierMixin
from ._linear_model import columns_of, roots_of

__all__ = ["Ridge", "RidgeClassifier"]


class Ridge(MultiOutput, LinearRegressor, BaseRidge):
    """Linear least squares with a penalty on the sum of the squared coefficients.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        The penalty, for all targets or for each, in squared units of the features.
    fit_intercept : bool, default=True
        Whether the model has a constant term, which is not penalised.
    copy_X : bool, default=True
        Has no effect where fastml fits: X is not written to.
    max_iter : int, default=None
        Most iterations of scikit-learn's iterative solvers.
    tol : float, default=1e-4
        Tolerance of those solvers.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default="auto"
        "cholesky" solves the normal equations, or with fewer samples than features their dual; "svd" takes
        the singular values of the data. The others are scikit-learn's, and iterative. "auto" is "cholesky"
        for dense data.
    positive : bool, default=False
        Whether the coefficients are to be positive or zero; scikit-learn's "lbfgs" finds them.
    random_state : int, RandomState instance or None, default=None
        Of "sag" and "saga".
    device : {"auto", "cpu", "cuda"}, default=None
        Where products of the data are summed; None means the configuration's device.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients, of X's dtype.
    intercept_ : float or ndarray of shape (n_targets,)
        The constant terms.
    n_iter_ : None or ndarray of shape (n_targets,)
        Iterations of the iterative solvers.
    solver_ : str
        The solver that was used.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    RidgeCV : Chooses the penalty.
    LinearRegression : Without a penalty.

    Notes
    -----
    The normal equations are summed in float64 over blocks of rows that are centred around their own means.
    Where their Cholesky factor tells that they are as good as singular, the singular value decomposition
    solves the problem, and `solver_` says so.

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
       Technometrics 12, 55-67, 1970.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import Ridge
    >>> model = Ridge(alpha=0.5).fit(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0]))
    >>> model.coef_
    array([0.8])
    """

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : Ridge
            The fitted model.

        Raises
        ------
        ValueError
            If X, y, the weights or the parameters are not valid.
        """
        why = self._not_ours(X)
        if why != "":
            return self._fit_twin(why, X, y, sample_weight)
        rows, targets = check_X_y(self, X, y, y_float=True)
        roots = roots_of(sample_weight, rows)
        if not self._solve(rows, columns_of(targets), roots, flat=targets.ndim == 1):
            return self._fit_twin(None, X, y, sample_weight)
        return self


class RidgeClassifier(RidgeClassifierMixin, BaseRidge):
    """Classification by ridge regression on targets of -1 and 1, one for each of several classes.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        The penalty.
    fit_intercept, copy_X, max_iter, tol : object
        As in `Ridge`.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply those of the samples; "balanced" makes all classes weigh the
        same.
    solver, positive, random_state, device : object
        As in `Ridge`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        The coefficients, of X's dtype.
    intercept_ : float or ndarray of shape (n_targets,)
        The constant terms.
    n_iter_ : None or ndarray of shape (n_targets,)
        Iterations of the iterative solvers.
    solver_ : str
        The solver that was used.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    RidgeClassifierCV : Chooses the penalty.
    Ridge : For numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from fastml.linear_model import RidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> round(RidgeClassifier().fit(X, y).score(X, y), 3)
    0.96
    """

    _constraints = {**BaseRidge._constraints, "class_weight": [dict, Options("balanced"), None]}

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeClassifier:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or label indicator matrix
            The labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : RidgeClassifier
            The fitted model.

        Raises
        ------
        ValueError
            If X, y, the weights or the parameters are not valid.
        """
        why = self._not_ours(X)
        if why != "":
            return self._fit_twin(why, X, y, sample_weight)
        rows, _, Y, weight = self._check_classes(X, y, sample_weight)
        if not self._solve(rows, Y, roots_of(weight, rows), flat=False):
            return self._fit_twin(None, X, y, sample_weight)
        return self
