"""What the scalers share: validation that leaves infinities to the kernels, and the scaling itself."""

from __future__ import annotations

import copy
import math
import sys
from typing import Any

import numpy as np

from .._base import Estimator, OneToOne, Transformer
from .._device import CPU, choose, like_input, report_fallback
from .._validation import FLOATS, check_X, sk

__all__ = ["Scaler", "compressed", "handle_zeros", "is_sparse", "warn_empty_columns"]

HALF = np.dtype(np.float16)
LONG = 8192  # rows from which on columns that lie together are taken one by one
DTYPES = (*FLOATS, HALF)  # what scikit-learn's scalers leave as it is


class Scaler(OneToOne, Transformer, Estimator):
    """Base of the transformers that keep every value in its place."""

    copy: bool
    device: str | None
    _sklearn_name: str  # in sklearn.preprocessing

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same statistics.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        params = self.get_params(deep=False)
        del params["device"]
        twin = sk(f"sklearn.preprocessing.{self._sklearn_name}")(**params)
        for name, value in vars(self).items():
            if name.endswith("_") and not name.startswith("_"):
                setattr(twin, name, copy.deepcopy(value))
        return twin

    def _check(self, X: Any, *, reset: bool = False, inverse: bool = False, **kw: Any) -> Any:
        """Validate X; NaN may be in it, and in dense X infinities, which the kernels find on their way."""
        finite: Any = "allow-nan" if is_sparse(X) else False
        options = {"dtype": DTYPES, "order": None, "ensure_all_finite": finite, **kw}
        X = check_X(None if inverse else self, X, reset=reset, **options)
        if type(X) is np.ndarray and not (X.flags.f_contiguous and len(X) >= LONG):
            X = np.ascontiguousarray(X)
        return X

    def _refuse_infinite(self, X: Any, **kw: Any) -> None:
        """Let scikit-learn raise its error where a kernel met an infinity; it may have been an overflow."""
        self._check(X, **{**kw, "ensure_all_finite": "allow-nan"})

    def _check_fitted(self) -> None:
        if "scale_" not in self.__dict__:
            sk("sklearn.utils.validation.check_is_fitted")(self)

    def _to_device(self, X: Any) -> tuple:
        """The device to compute on, and dense X there, as float32 or float64."""
        device = choose(self.device, X, work=4.0 * X.size)
        if X.dtype == HALF:
            X = X.astype(np.float32)
        # The CPU's kernels take columns that lie together too.
        return device, X if device.name == "cpu" else device.asarray(X)

    def _host_kernels(self) -> Any:
        """The CPU's kernels, for sparse matrices."""
        if choose(self.device).name != "cpu":
            report_fallback("the CPU", "sparse matrices live on the host")
        return CPU.kernels

    def _scale(self, X, operation, shift, scale, *, copy, low=-math.inf, high=math.inf, **kw):
        """Scale dense or sparse X by a launcher of `kernels.scaling`; in place unless `copy`.

        None for `shift` or `scale` means that there is none.
        """
        Z = self._check(X, **kw if copy else {**kw, "ensure_all_finite": "allow-nan"})
        if is_sparse(Z):
            return self._scale_sparse(Z, operation, scale, copy, low, high)
        device, data = self._to_device(Z)
        n_features = Z.shape[1]
        out = self._room_for(data, copy, device)
        # Subtracting 0.0 and adding -0.0 leave every number as it is, zeros of both signs too.
        zero = 0.0 if operation == "subtract_divide" else -0.0
        shift = np.full(n_features, zero) if shift is None else _for_columns(shift, n_features)
        scale = np.ones(n_features) if scale is None else _for_columns(scale, n_features)
        parameters = (shift, scale) if operation == "subtract_divide" else (scale, shift)
        launch = getattr(device.kernels.scaling, operation)
        infinite = launch(data, *map(device.asarray, parameters), out, low, high)
        if infinite and copy:
            self._refuse_infinite(X, **kw)
        return self._hand_back(out, Z, X, copy)

    def _room_for(self, data, copy, device):
        """Where the scaled data goes: into new memory, or into the data itself."""
        writeable = not isinstance(data, np.ndarray) or data.flags.writeable
        return device.xp.empty_like(data) if copy or not writeable else data

    def _hand_back(self, out, Z, X, copy):
        """`out` as the dtype of Z and the kind of array that X is; in the memory of Z unless `copy`."""
        if out is Z:
            return like_input(out, X)
        if not copy and isinstance(Z, np.ndarray) and Z.flags.writeable:
            Z[...] = CPU.to_host(out)
            return Z
        return like_input(out if out.dtype == Z.dtype else out.astype(Z.dtype), X)

    def _scale_sparse(self, X, operation, scale, copy, low, high):
        X = X.copy() if copy or not X.data.flags.writeable else X
        if scale is not None:
            data, indices, indptr = compressed(X)
            scale = _for_columns(scale, X.shape[1])
            factors = np.asarray(1.0 / scale if operation == "subtract_divide" else scale, np.float64)
            kernels = self._host_kernels().sparse_scaling
            if X.format == "csr":
                kernels.csr_multiply_columns(data, indices, factors)
            else:
                kernels.csc_multiply_columns(data, indptr, factors)
            X.data = data
        if math.isfinite(low):
            np.clip(X.data, low, high, out=X.data)
        return X


def _for_columns(values, n_features):
    """`values`, of which there must be one for each column or one for all."""
    values = np.asarray(values)
    return values if values.shape == (n_features,) else np.broadcast_to(values, (n_features,))


def is_sparse(X: Any) -> bool:
    """Tell whether X is a SciPy sparse matrix or array.

    Parameters
    ----------
    X : object
        Anything.

    Returns
    -------
    sparse : bool
        Found out without importing SciPy.
    """
    scipy_sparse = None if type(X) is np.ndarray else sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and scipy_sparse.issparse(X)


def compressed(X: Any) -> tuple:
    """Return the arrays of a CSR or CSC matrix as the kernels take them.

    Parameters
    ----------
    X : sparse matrix or array
        CSR or CSC.

    Returns
    -------
    data : ndarray of shape (n_stored,)
        The values, in the matrix's own memory where they lie together.
    indices : int32 ndarray of shape (n_stored,)
        Their columns, in CSC their rows.
    indptr : int64 ndarray
        Where each row begins, in CSC each column.

    Raises
    ------
    ValueError
        If there are more rows or columns than an int32 counts.
    """
    if max(X.shape) >= 2**31:
        raise ValueError(
            f"Sparse matrices of 2**31 rows or columns and more are not supported, got {X.shape}."
        )
    return (
        np.ascontiguousarray(X.data),
        np.ascontiguousarray(X.indices, np.int32),
        np.ascontiguousarray(X.indptr, np.int64),
    )


def handle_zeros(scale: np.ndarray, constant: np.ndarray | None = None) -> np.ndarray:
    """Return a copy of `scale` with 1 for columns that do not vary.

    Parameters
    ----------
    scale : ndarray of shape (n_features,)
        What columns will be divided by.
    constant : ndarray of bool of shape (n_features,), default=None
        Which columns do not vary; by default those whose scale is below 10 times the machine epsilon.

    Returns
    -------
    scale : ndarray of shape (n_features,)
        Without zeros.
    """
    if constant is None:
        constant = scale < 10 * np.finfo(scale.dtype).eps
    return np.where(constant, scale.dtype.type(1), scale)


def warn_empty_columns(empty: np.ndarray, message: str) -> None:
    """Warn the caller of fastml, as NumPy would, if columns have no values.

    Parameters
    ----------
    empty : ndarray of bool of shape (n_features,)
        Which columns have nothing but NaN.
    message : str
        What NumPy says.
    """
    if empty.any():
        import warnings

        level, frame = 1, sys._getframe()
        while frame.f_back and frame.f_globals.get("__name__", "").startswith("fastml."):
            level, frame = level + 1, frame.f_back
        warnings.warn(message, RuntimeWarning, stacklevel=level)
