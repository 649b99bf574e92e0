"""Decision functions of support vector machines: sums of kernel values with the support vectors."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._base import Estimator
from .._device import CPU, choose, is_sparse
from .._validation import check_fitted, check_X
from ..solvers.kernel_matrix import Source

__all__ = ["CHECKS", "Decisions"]

CHECKS: dict[str, Any] = {"accept_sparse": "csr", "accept_large_sparse": False}
FEW_ROWS = 8  # for which laying support vectors out takes longer than meeting them as they are
FINE = 1e-4  # how exact decision values of float32 data are


def dense(A):
    """Return an ndarray of a matrix that may be sparse."""
    return A.toarray() if is_sparse(A) else np.asarray(A)


@functools.cache
def pairs_of(n_classes):
    """Return the first and the second class of each machine."""
    return np.triu_indices(n_classes, 1)


class Decisions(Estimator):
    """What is computed with a kernel function and with support vectors."""

    kernel: Any
    degree: int
    coef0: float
    device: str | None
    support_: np.ndarray
    support_vectors_: Any
    dual_coef_: Any
    intercept_: np.ndarray
    shape_fit_: tuple
    _dual_coef_: Any
    _intercept_: np.ndarray
    _n_support: np.ndarray
    _gamma: float
    _sparse: bool
    _X_fit: Any

    # ---- kernel functions ------------------------------------------------------------------------------
    def _call_kernel(self, X):
        K = self.kernel(X, self._X_fit)
        if is_sparse(K):
            K = K.toarray()
        return np.asarray(CPU.to_host(K), dtype=np.float64, order="C")

    def _lay_out(self, device, X, offset, dtype, order=None, pack_columns=True):
        """Lay rows out for the kernel function, as a source of kernel values."""
        if self._sparse:
            kernels, offset = device.kernels.sparse_kernel_functions, None
        else:
            kernels, X = device.kernels.kernel_functions, device.asarray(X)
            offset = device.asarray(offset) if self.kernel == "rbf" else None
        if order is not None:
            X = X[order if self._sparse else device.asarray(order)]
        parameters = self.kernel, self._gamma, self.coef0, self.degree
        points = kernels.lay_out(X, *parameters, offset, dtype, pack_columns)
        return Source(device, kernels, points)

    def _choose_device(self, X, n_others):
        if is_sparse(X):
            return choose("cpu", X)
        return choose(self.device, X, work=2.0 * X.shape[0] * n_others * (X.shape[1] + 24))

    def _precision(self, means, spread, coefficients, tol):
        """Return in which dtype kernel values suffice.

        float32 if its rounding errors, taken as independent and weighted with the coefficients, stay below
        half of `tol`.
        `spread` is the mean squared distance of the rows from their means, or for None from the origin.
        """
        square = spread if means is None else spread + float(means @ means)
        if self.kernel == "rbf":
            largest = 1 + 4 * self._gamma * spread
        elif self.kernel == "linear":
            largest = 2 * square
        else:
            largest = 2 * self._gamma * square + abs(self.coef0) + 1
            largest = largest**self.degree * max(self.degree, 1) if self.kernel == "poly" else largest
        error = np.finfo(np.float32).eps * largest * float(np.linalg.norm(coefficients))
        return np.dtype(np.float32 if error <= tol / 2 else np.float64)

    # ---- use -------------------------------------------------------------------------------------------
    def _check_asked(self, X):
        check_fitted(self, "support_")
        if callable(self.kernel):
            return X
        X = check_X(self, X, reset=False, **CHECKS)
        if self._sparse and not is_sparse(X):
            X = type(self.support_vectors_)(CPU.to_host(X))
        elif is_sparse(X) and not self._sparse:
            raise ValueError(f"cannot use sparse input in {type(self).__name__!r} trained on dense data")
        if self.kernel == "precomputed" and X.shape[1] != self.shape_fit_[0]:
            self._refuse_width(X)
        vectors = self.support_vectors_
        if not self._sparse and vectors.size > 0 and self.n_support_.sum() != vectors.shape[0]:
            raise ValueError(f"The internal representation of {type(self).__name__} was altered")
        return X

    def _refuse_width(self, X):
        raise ValueError(
            f"X.shape[1] = {X.shape[1]} should be equal to {self.shape_fit_[0]}, the number of samples at"
            " training time"
        )

    def _sums(self, X, groups):
        """For each group of support vectors kernel values times dual coefficients: (n_dual, n_samples)."""
        if self.kernel == "precomputed" or callable(self.kernel):
            K = self._call_kernel(X) if callable(self.kernel) else CPU.to_host(X)
            if K.shape[1] != self.shape_fit_[0]:
                self._refuse_width(K)
            return [self._dual_coef_[:, g] @ K[:, self.support_[g]].T for g in groups]
        if self.kernel == "linear":
            columns = (X if self._sparse else CPU.to_host(X)).T
            return [dense(weights @ columns) for weights in self._group_weights(groups)]
        if not self._dual_coef_.shape[1]:
            return [np.zeros((len(self._intercept_), X.shape[0]))]
        if X.shape[0] <= FEW_ROWS and not self._sparse:
            values = self._values_of_few(CPU.to_host(X))
            return [self._dual_coef_[:, g] @ values[:, g].T for g in groups]
        return self._kernel_sums(X, groups)

    def _values_of_few(self, X):
        values = np.empty((len(X), len(self.support_)))
        parameters = self.kernel, self._gamma, self.coef0, self.degree
        X = np.ascontiguousarray(X, np.float64)
        CPU.kernels.kernel_functions.values_of_few(X, self.support_vectors_, *parameters, values)
        return values

    def _kernel_sums(self, X, groups):
        dual, vectors = dense(self._dual_coef_), self.support_vectors_
        device = self._choose_device(X, dual.size)
        center = None if self._sparse else vectors.mean(axis=0)
        dtype = X.dtype if X.dtype == np.float64 else self._asked_precision(center, dual)
        asked = self._lay_out(device, X, center, dtype, pack_columns=False)
        parts = []
        for g in groups:
            sums = device.zeros((len(dual), X.shape[0]), np.float64)
            if g.start < g.stop:
                points = self._lay_out(device, vectors[g], center, dtype).points
                coefficients = device.asarray(np.ascontiguousarray(dual[:, g]))
                asked.kernels.sum_kernel_rows(asked.points, points, coefficients, sums)
            parts.append(device.to_host(sums))
        return parts

    def _asked_precision(self, center, dual):
        """Return in which dtype decision values of float32 data are computed."""
        vectors = self.support_vectors_
        total = vectors.multiply(vectors).sum() if self._sparse else np.square(vectors - center).sum()
        return self._precision(center, float(total) / vectors.shape[0], dual, FINE)

    def _groups(self):
        """Slices of the support vectors that are summed by themselves."""
        n_support = self.n_support_ if self._dual_coef_.shape[0] > 1 else [len(self.support_)]
        stops = np.cumsum(n_support)
        return [slice(int(stop - n), int(stop)) for n, stop in zip(n_support, stops)]

    def _group_weights(self, groups):
        """For each group the weights of the features in the primal problem, for each dual coefficient."""
        return [self._dual_coef_[:, g] @ self.support_vectors_[g] for g in groups]

    def _raw_decision(self, X):
        """Decision values of shape (n_samples, n_machines)."""
        machines = self._join_groups(self._sums(X, self._groups()))
        return np.ascontiguousarray((machines + self._intercept_[:, None]).T)

    def _join_groups(self, parts):
        """From what each group adds to the machines that it is in, to the machines, one a row."""
        if len(parts) == 1:
            return parts[0]
        first, second = pairs_of(len(parts))
        stacked = np.stack(parts)
        return stacked[first, second - 1] + stacked[second, first]

    @property
    def n_support_(self) -> np.ndarray:
        """Number of support vectors, for each class if there are classes."""
        return self._counts_support()

    def _counts_support(self):
        if "_n_support" not in self.__dict__:
            raise AttributeError("n_support_")
        return self._n_support[:1]

    @property
    def coef_(self) -> Any:
        """Weights of the features in the primal problem, for kernel="linear" only."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        coef = self._coef()
        (coef.data if is_sparse(coef) else coef).flags.writeable = False
        return coef

    def _coef(self):
        return self._group_weights(self._groups())[0]
