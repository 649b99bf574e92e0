"""What the support vector machines share: parameters, data, kernels, and the use of what was trained."""

from __future__ import annotations

import contextlib
import numbers
import warnings
from typing import Any

import numpy as np

from .._device import CPU, choose, is_cuda_array, is_sparse
from .._shared_work import SharesWork, borrow
from .._validation import DEVICE, Interval, Options, check_X_y, sk
from ..solvers import svm as solver
from ..solvers.kernel_matrix import GivenMatrix, KeptRows
from ._decision import CHECKS, Decisions, dense

__all__ = ["BaseSVM"]

USUAL_SHARE = 0.5  # of kernel rows that are computed, for estimating the work of a fit
WIDE = 256  # dense features from which keeping kernel values for another fit is faster than computing them
CONSTRAINTS = {  # of the parameters that only some machines have
    "C": [Interval(numbers.Real, 0.0, closed="right")],
    "nu": [Interval(numbers.Real, 0.0, 1.0, closed="right")],
    "epsilon": [Interval(numbers.Real, 0.0)],
}


def _csr_class():
    """Return the class of sparse results that scikit-learn is configured for."""
    from scipy import sparse

    wanted = sk("sklearn.get_config")().get("sparse_interface", "spmatrix")
    return sparse.csr_array if wanted == "sparray" else sparse.csr_matrix


class BaseSVM(SharesWork, Decisions):
    """Base class of the support vector machines.

    Parameters
    ----------
    kernel : {"linear", "poly", "rbf", "sigmoid", "precomputed"} or callable, default="rbf"
        The kernel: ``x.y``, ``(gamma x.y + coef0)^degree``, ``exp(-gamma |x - y|^2)``, ``tanh(gamma x.y +
        coef0)``; or X is the kernel matrix; or a function of two arrays of samples that returns their
        kernel matrix.

    degree : int, default=3
        Of the polynomial kernel.

    gamma : {"scale", "auto"} or float, default="scale"
        Coefficient of the kernels "poly", "rbf" and "sigmoid". "scale" means ``1 / (n_features *
        X.var())``, "auto" means ``1 / n_features``.

    coef0 : float, default=0.0
        Constant of the kernels "poly" and "sigmoid".

    shrinking : bool, default=True
        For compatibility: there is nothing to shrink, as only violating samples are worked on.

    tol : float, default=1e-3
        Training stops when the optimality conditions are violated by less.

    cache_size : float, default=200
        Memory for kernel values, in MB.

    verbose : bool, default=False
        Whether to print how many steps a fit took.

    max_iter : int, default=-1
        Most steps of a machine, each of a pair of samples; -1 for any number.

    Attributes
    ----------
    support_ : int32 ndarray of shape (n_support,)
        Which samples are support vectors, class by class if there are classes.

    support_vectors_ : ndarray or sparse matrix of shape (n_support, n_features)
        The support vectors; empty if there is but a kernel matrix. Sparse if X was.

    n_support_ : int32 ndarray of shape (n_classes,) or (1,)
        Number of support vectors, of each class if there are classes.

    dual_coef_ : ndarray or sparse matrix of shape (n_classes - 1, n_support) or (1, n_support)
        Signed dual coefficients. With more than two classes, a support vector of class i has those of the
        machines for i and each other class, in order.

    coef_ : ndarray or sparse matrix of shape (n_machines, n_features)
        Weights of the features, for the linear kernel only.

    intercept_ : ndarray of shape (n_machines,)
        Constants of the decision functions; a machine for each pair of classes, or one.

    fit_status_ : int
        1 if training stopped because of `max_iter`, 0 otherwise.

    n_iter_ : int or int32 ndarray of shape (n_machines,)
        Steps that were made.

    shape_fit_ : tuple of int
        Shape of the X that was learnt from.
    """

    _constraints: dict = {
        "kernel": [Options("linear", "poly", "rbf", "sigmoid", "precomputed"), callable],
        "degree": [Interval(numbers.Integral, 0)],
        "gamma": [Options("scale", "auto"), Interval(numbers.Real, 0.0)],
        "coef0": [Interval(numbers.Real, closed="neither")],
        "tol": [Interval(numbers.Real, 0.0, closed="neither")],
        "shrinking": ["boolean"],
        "cache_size": [Interval(numbers.Real, 0, closed="neither")],
        "verbose": ["verbose"],
        "max_iter": [Interval(numbers.Integral, -1)],
        "device": DEVICE,
    }
    tol: float
    cache_size: float
    max_iter: int
    verbose: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags

    # ---- fit: data -----------------------------------------------------------------------------------
    def _check_data(self, X, y, y_float):
        """Validate what is learnt from; return X and y."""
        if is_sparse(X) and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported.")
        if callable(self.kernel):
            sk("sklearn.utils.check_consistent_length")(X, y)
            return X, CPU.to_host(np.asarray(y) if isinstance(y, (list, tuple)) else y)
        return check_X_y(self, X, y, y_float=y_float, multi_output=False, **CHECKS)

    def _check_weight(self, sample_weight, X):
        """Return weights of the samples, and which of them are positive."""
        n_samples = X.shape[0] if hasattr(X, "shape") else len(X)
        if sample_weight is None:
            return np.ones(n_samples), None
        weight = np.asarray(CPU.to_host(sample_weight), dtype=np.float64)
        if weight.shape != (n_samples,):
            raise ValueError(
                "sample_weight and X have incompatible shapes:"
                f" {weight.shape} vs {getattr(X, 'shape', (n_samples,))}"
            )
        if not np.isfinite(weight).all():
            sk("sklearn.utils.check_array")(weight, ensure_2d=False, input_name="sample_weight")
        kept = np.flatnonzero(weight > 0)
        if not len(kept):
            raise ValueError("Invalid input - all samples have zero or negative weights.")
        return weight, None if len(kept) == n_samples else kept

    def _gram(self, X):
        """Return the kernel matrix, of data that is one or that a callable makes one of; None for other."""
        if callable(self.kernel):
            self._X_fit = X
            K = self._call_kernel(X)
        elif self.kernel == "precomputed":
            K = X
        else:
            return None
        if K.shape[0] != K.shape[1]:
            if callable(self.kernel):
                raise ValueError("X.shape[0] should be equal to X.shape[1]")
            raise ValueError(
                f"Precomputed matrix must be a square matrix. Input is a {K.shape[0]}x{K.shape[1]} matrix."
            )
        return K

    def _moments(self, X):
        """Return the columns' means, the mean squared distance from them, and the variance of all values."""
        if is_sparse(X):
            squares = X.multiply(X)
            return None, float(squares.sum() / X.shape[0]), float(squares.mean() - X.mean() ** 2)
        device = choose("cuda" if is_cuda_array(X) else "cpu", X)
        _, means, squares = map(CPU.to_host, device.kernels.columns.column_moments(X))
        variances = squares / X.shape[0]
        return means, float(variances.sum()), float(variances.mean() + means.var())

    def _set_gamma(self, n_features, variance):
        if self.gamma == "scale":
            self._gamma = 1.0 / (n_features * variance) if variance != 0 else 1.0
        elif self.gamma == "auto":
            self._gamma = 1.0 / n_features
        else:
            self._gamma = self.gamma

    @contextlib.contextmanager
    def _source(self, X, order, bounds):
        """Lay rows out in an order; the bounds on their coefficients say how exact kernel values must be.

        Yields the device and the source of kernel rows.
        """
        K = self._gram(X)
        self._sparse = is_sparse(X) and K is None
        if K is not None:
            self._gamma = 0.0
            K = CPU.to_host(K)[np.ix_(order, order)]
            yield CPU, GivenMatrix(CPU, np.ascontiguousarray(K, np.float32))
            return
        means, spread, variance = self._moments(X)
        self._set_gamma(X.shape[1], variance)
        dtype = self._precision(means, spread, bounds, self.tol)
        device = self._choose_device(X, USUAL_SHARE * X.shape[0])
        what = self.kernel, self._gamma, self.coef0, self.degree, dtype, X.shape
        arrays = None
        if self._sparse:
            arrays = X.data, X.indices, X.indptr, order
        elif device is CPU and not is_cuda_array(X) and X.shape[1] >= WIDE:
            arrays = X, order
        with borrow(
            self, what, arrays, lambda: KeptRows(self._lay_out(device, X, means, dtype, order))
        ) as rows:
            yield device, rows

    def _limits(self):
        return solver.Limits(self.tol, self.max_iter, self.cache_size * 2**20)

    # ---- fit: attributes -----------------------------------------------------------------------------
    def _set_machines(self, X, support, dual_coef, machines):
        """Set the attributes that all machines have."""
        self.support_ = support.astype(np.int32)
        if self.kernel == "precomputed" or callable(self.kernel):
            self.support_vectors_ = np.empty((0, 0))
        else:
            self.support_vectors_ = (X if self._sparse else CPU.to_host(X))[support].astype(np.float64)
        if self._sparse:
            csr = _csr_class()
            self.support_vectors_, dual_coef = csr(self.support_vectors_), csr(dual_coef)
        self._dual_coef_ = self.dual_coef_ = dual_coef
        self.intercept_ = np.array([machine.intercept for machine in machines])
        self._intercept_ = self.intercept_.copy()
        self.shape_fit_ = X.shape if hasattr(X, "shape") else (len(X),)
        if not (np.isfinite(self.intercept_).all() and np.isfinite(dense(dual_coef)).all()):
            raise ValueError(
                "The dual coefficients or intercepts are not finite. The input data may contain large values"
                " and need to be preprocessed."
            )
        self.fit_status_ = int(not all(machine.converged for machine in machines))
        if self.fit_status_:
            warnings.warn(
                f"Solver terminated early (max_iter={self.max_iter}).  Consider pre-processing your data with"
                " StandardScaler or MinMaxScaler.",
                sk("sklearn.exceptions.ConvergenceWarning"),
                stacklevel=5,
            )
        if self.verbose:
            steps = sum(machine.n_iter for machine in machines)
            print(f"[{type(self).__name__}] {steps} steps, {len(support)} support vectors")  # noqa: T201

    def _fit_one(self, X, dual, y, weight, factor=1.0):
        """Train the one machine of a regression, or of one class."""
        weight, kept = self._check_weight(weight, X)
        order = np.arange(len(weight)) if kept is None else kept
        bounds = weight[order] * factor
        with self._source(X, order, bounds) as (device, source):
            machine = solver.train(device, dual, source, y[order], bounds, self._limits())
        support = np.flatnonzero(machine.coefficients)
        self._n_support = np.full(2, len(support), np.int32)
        self._probA = self._probB = np.empty(0)
        self.n_iter_ = machine.n_iter
        self._set_machines(X, order[support], machine.coefficients[None, support], [machine])
