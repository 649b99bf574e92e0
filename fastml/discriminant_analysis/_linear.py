"""LinearDiscriminantAnalysis."""

from __future__ import annotations

import copy
import numbers
from typing import Any

import numpy as np

from .._base import ClassNamePrefix, Estimator, Transformer
from .._device import CPU, choose, like_input
from .._docs import inherit_docs
from .._linear_predictor import LinearClassifier
from .._parameters import HasMethods
from .._validation import DEVICE, Interval, Options, check_fitted, check_X, check_X_y, fit_method, sk
from ..solvers import discriminant as solver

__all__ = ["LinearDiscriminantAnalysis"]


@inherit_docs
class LinearDiscriminantAnalysis(ClassNamePrefix, LinearClassifier, Transformer, Estimator):
    """Classification by normal distributions of one covariance, and projection to where classes differ.

    Parameters
    ----------
    solver : {"svd", "lsqr", "eigen"}, default="svd"
        "svd" whitens the samples within the classes, without their covariance; "lsqr" solves for the
        coefficients, and cannot `transform`; "eigen" compares the covariances. Only the latter two shrink.
    shrinkage : "auto", float or None, default=None
        How far the covariance is drawn to a multiple of the identity, from 0 to 1; "auto" is the estimate of
        Ledoit and Wolf [2]_.
    priors : array-like of shape (n_classes,), default=None
        Probabilities of the classes; None means their shares of the samples.
    n_components : int, default=None
        Number of directions that `transform` gives; None means ``min(n_classes - 1, n_features)``.
    store_covariance : bool, default=False
        Whether solver "svd" keeps `covariance_`.
    tol : float, default=1e-4
        Singular values of the standardised samples below count as zero in solver "svd".
    covariance_estimator : estimator, default=None
        What estimates covariances instead, such as one of `sklearn.covariance`.
    device : {"auto", "cpu", "cuda"}, default=None
        Where products of the data are summed; None means the configuration's device.

    Attributes
    ----------
    covariance_ : ndarray of shape (n_features, n_features)
        Covariance within the classes, the mean of the classes' own weighted with the priors.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the variance between classes that each direction holds; not with solver "lsqr".
    means_ : ndarray of shape (n_classes, n_features)
        Means of the classes.
    priors_ : ndarray of shape (n_classes,)
        Probabilities of the classes.
    scalings_ : ndarray of shape (n_features, n_directions)
        The directions, each up to its sign; not with solver "lsqr".
    xbar_ : ndarray of shape (n_features,)
        Mean of the class means weighted with the priors, with solver "svd".

    See Also
    --------
    fastml.linear_model.RidgeClassifier : Least squares on targets of -1 and 1.

    Notes
    -----
    With more samples than features, solver "svd" takes the singular values from the eigenvalues of products
    that are summed in float64, around the class means: those that count, above `tol`, keep all their digits.
    Else, or with a `tol` below 1e-6, the samples themselves are decomposed.

    References
    ----------
    .. [1] R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7,
       179-188, 1936.
    .. [2] O. Ledoit, M. Wolf, "Honey, I shrunk the sample covariance matrix", Journal of Portfolio Management
       30, 110-119, 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastml.discriminant_analysis import LinearDiscriminantAnalysis
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearDiscriminantAnalysis().fit(X, y)
    >>> model.score(X, y)
    0.98
    >>> model.transform(X).shape
    (150, 2)
    """

    _constraints = {
        "solver": [Options("svd", "lsqr", "eigen")],
        "shrinkage": [Options("auto"), Interval(numbers.Real, 0, 1, closed="both"), None],
        "n_components": [Interval(numbers.Integral, 1), None],
        "priors": ["array-like", None],
        "store_covariance": ["boolean"],
        "tol": [Interval(numbers.Real, 0)],
        "covariance_estimator": [HasMethods("fit"), None],
        "device": DEVICE,
    }

    def __init__(
        self,
        solver: str = "svd",
        shrinkage: Any = None,
        priors: Any = None,
        n_components: int | None = None,
        store_covariance: bool = False,
        tol: float = 1e-4,
        covariance_estimator: Any = None,
        device: str | None = None,
    ):
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator
        self.device = device

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any) -> LinearDiscriminantAnalysis:
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            The labels.

        Returns
        -------
        self : LinearDiscriminantAnalysis
            The fitted model.

        Raises
        ------
        ValueError
            If X, y or the parameters are not valid.
        NotImplementedError
            If solver "svd" is to shrink.
        """
        given = X, y
        X, y = check_X_y(self, X, y, y_float=False, ensure_min_samples=2)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._max_components = min(len(self.classes_) - 1, X.shape[1])
        if not self._set_priors(codes) or self._is_refused(len(X)):
            return self._twin().fit(*given)  # an error
        self._max_components = self.n_components or self._max_components
        device = choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] ** 2)
        keep_rows = X.shape[0] <= X.shape[1] or (self.solver == "svd" and self.tol < solver.SMALLEST_TOL)
        classes = solver.summarize(device, device.asarray(X), codes, len(self.classes_), keep_rows)
        with np.errstate(divide="ignore"):  # of priors of zero
            self._set_discriminant(self._solve(classes, X, codes), classes, X.dtype)
        return self

    def _set_priors(self, codes):
        """Set `priors_`; False where scikit-learn has an error or a warning."""
        if self.priors is None:
            self.priors_ = np.bincount(codes) / len(codes)
            return True
        self.priors_ = np.asarray(self.priors, np.float64)
        return self.priors_.shape == self.classes_.shape and self.priors_.min() >= 0

    def _is_refused(self, n_samples):
        """Tell whether scikit-learn has an error for the parameters."""
        shrinks = self.shrinkage is not None or self.covariance_estimator is not None
        doubly = self.covariance_estimator is not None and self.shrinkage not in (None, 0)
        return (
            n_samples == len(self.classes_)
            or (self.n_components or 0) > self._max_components
            or (self.solver == "svd" and shrinks)
            or doubly
        )

    def _solve(self, classes, X, codes):
        if abs(self.priors_.sum() - 1.0) > 1e-5:
            import warnings

            warnings.warn("The priors do not sum to 1. Renormalizing", UserWarning, stacklevel=5)
            self.priors_ = self.priors_ / self.priors_.sum()
        if self.solver == "svd":
            if self.store_covariance:
                self.covariance_ = self._covariance(classes, X, codes)
            self.xbar_ = self.priors_ @ classes.means
            return solver.by_singular_values(classes, self.priors_, self.tol)
        self.covariance_ = self._covariance(classes, X, codes)
        if self.solver == "lsqr":
            return solver.by_least_squares(classes.means, self.covariance_, self.priors_)
        total = self._total_covariance(classes, X)
        return solver.by_eigenvalues(classes.means, self.covariance_, total, self.priors_)

    def _estimates(self):
        """Whether covariances are not just those of the samples."""
        return self.shrinkage is not None or self.covariance_estimator is not None

    def _covariance(self, classes, X, codes):
        """The mean of the classes' covariances weighted with the priors."""
        if self._estimates() or classes.rows is not None:
            estimate = sk("sklearn.discriminant_analysis._class_cov")
            rows = CPU.to_host(X)
            return estimate(rows, codes, self.priors_, self.shrinkage, self.covariance_estimator)
        shares = self.priors_ / classes.counts
        return sum(share * scatter for share, scatter in zip(shares, classes.scatters))

    def _total_covariance(self, classes, X):
        if self._estimates() or classes.rows is not None:
            estimate = sk("sklearn.discriminant_analysis._cov")
            return estimate(CPU.to_host(X), self.shrinkage, self.covariance_estimator)
        shares = classes.counts / classes.counts.sum()
        apart = classes.means - shares @ classes.means
        return sum(classes.scatters) / classes.counts.sum() + (shares[:, None] * apart).T @ apart

    def _set_discriminant(self, found, classes, dtype):
        coef, intercept = found.coef, found.intercept
        if len(self.classes_) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        self.coef_, self.intercept_ = coef.astype(dtype), intercept.astype(dtype)
        self.means_, self.priors_ = classes.means.astype(dtype), self.priors_.astype(dtype)
        if found.scalings is not None:
            self.scalings_ = found.scalings.astype(dtype)
            self.explained_variance_ratio_ = found.ratios[: self._max_components].astype(dtype)
        if self.solver == "svd":
            self.xbar_ = self.xbar_.astype(dtype)
        self._n_features_out = self._max_components

    # ---- using the model ----
    def transform(self, X: Any) -> Any:
        """Project samples to the directions in which the classes differ most.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_components)
            Their places; fewer columns with solver "svd" if the class means have a lower rank.

        Raises
        ------
        NotImplementedError
            With solver "lsqr".
        """
        if self.solver == "lsqr":
            return self._twin().transform(X)  # an error
        check_fitted(self, "scalings_")
        data = CPU.to_host(check_X(self, X, reset=False))
        data = data - self.xbar_ if self.solver == "svd" else data
        return like_input((data @ self.scalings_)[:, : self._max_components], X)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        scores = self._scores(X)
        raw = np.ascontiguousarray(np.atleast_2d(scores.T), np.float64)
        return like_input(CPU.kernels.losses.probabilities(raw).astype(scores.dtype, copy=False), X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
            Natural ones; of a probability of zero, that of the smallest normal number.
        """
        probabilities = CPU.to_host(self.predict_proba(X))
        smallest = np.finfo(probabilities.dtype).tiny
        return like_input(np.log(np.where(probabilities == 0, smallest, probabilities)), X)

    # ---- scikit-learn's twin ----
    def _twin(self):
        params = self.get_params(deep=False)
        del params["device"]
        return sk("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")(**params)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.discriminant_analysis.LinearDiscriminantAnalysis
            It needs fastml no more.
        """
        twin = self._twin()
        for name, value in vars(self).items():
            if name.endswith("_") or name in ("_max_components", "_n_features_out"):
                setattr(twin, name, copy.deepcopy(value))
        return twin
