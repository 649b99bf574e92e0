"""Normalizer."""

from __future__ import annotations

from typing import Any

from .._validation import DEVICE, Options, fit_method
from ._scaler import Scaler, compressed, is_sparse

__all__ = ["Normalizer"]


class Normalizer(Scaler):
    """Scale every sample to unit norm.

    Parameters
    ----------
    norm : {"l1", "l2", "max"}, default="l2"
        Sum of the absolute values, Euclidean norm, or largest absolute value.
    copy : bool, default=True
        If False, scale in place where that is possible.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute dense data; None means the configuration's device.

    Attributes
    ----------
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    StandardScaler : Scale features instead of samples.

    Notes
    -----
    Samples of zeros stay as they are. The norm of float32 samples is summed in float64. There is nothing to
    fit: `fit` only validates.

    Examples
    --------
    >>> from fastml.preprocessing import Normalizer
    >>> X = [[4, 1, 2, 2], [1, 3, 9, 3], [5, 7, 5, 1]]
    >>> Normalizer().fit_transform(X)
    array([[0.8, 0.2, 0.4, 0.4],
           [0.1, 0.3, 0.9, 0.3],
           [0.5, 0.7, 0.5, 0.1]])
    """

    _sklearn_name = "Normalizer"
    _constraints = {"norm": [Options("l1", "l2", "max")], "copy": ["boolean"], "device": DEVICE}

    def __init__(self, norm: str = "l2", *, copy: bool = True, device: str | None = None):
        self.norm = norm
        self.copy = copy
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> Normalizer:
        """Validate the parameters and the data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self : Normalizer
            The scaler itself.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check(X, reset=True, accept_sparse="csr", dtype="numeric", ensure_all_finite=True)
        return self

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        """Divide every sample by its norm.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; sparse data best in CSR format.
        copy : bool, default=None
            Overrides the parameter of that name.

        Returns
        -------
        X_new : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled data, of X's dtype.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        copy = self.copy if copy is None else copy
        sparse_or_in_place = {"ensure_all_finite": True} if is_sparse(X) or not copy else {}
        Z = self._check(X, accept_sparse="csr", **sparse_or_in_place)
        if is_sparse(Z):
            return self._transform_sparse(Z, copy)
        device, data = self._to_device(Z)
        out = self._room_for(data, copy, device)
        norms = device.kernels.scaling.normalize_rows(data, self.norm, out)
        if copy and not device.xp.isfinite(norms).all():
            self._check(X, accept_sparse="csr", ensure_all_finite=True)
        return self._hand_back(out, Z, X, copy)

    def _transform_sparse(self, X, copy):
        X = X.copy() if copy or not X.data.flags.writeable else X
        data, _, indptr = compressed(X)
        self._host_kernels().sparse_scaling.csr_normalize_rows(data, indptr, self.norm)
        X.data = data
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.requires_fit = False
        return tags
