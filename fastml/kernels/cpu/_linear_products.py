"""Products of rows and coefficients, by kernels or BLAS: whichever is faster for rows of that kind."""

import numpy as np

from .._compile import TILE_ROWS, lanes
from ._csr_rows import Csr, csr_margins, csr_products
from ._linear_passes import add_class_products, add_row_products, class_margins, row_margins


def calls_blas(X, n_outputs):
    """Tell whether products are BLAS's: tiles need some rows, and some columns."""
    return not isinstance(X, Csr) and n_outputs > 1 and min(X.shape) < TILE_ROWS


class Coefficients:
    """Coefficients, laid out for products with rows.

    Parameters
    ----------
    W : array of shape (n_features + 1, n_outputs)
        Float32 or float64, the intercepts last.
    X : array of shape (n_samples, n_features), or Csr
        The rows, which decide on the layout.
    """

    def __init__(self, W, X):
        self.n_features, self.n_outputs = len(W) - 1, W.shape[1]
        vector = lanes(W.dtype)
        self.width = 1 if self.n_outputs == 1 else -(-self.n_outputs // vector) * vector
        self.W = W
        if not isinstance(X, Csr):
            self.laid_out = self._one_output() if self.n_outputs == 1 else self._panels()

    def _one_output(self):
        """Zeros behind the coefficients and the intercept."""
        return np.concatenate([self.W[:, 0], np.zeros(lanes(self.W.dtype), self.W.dtype)])

    def _panels(self):
        """Coefficients of as many outputs as a vector has lanes side by side, filled up with zeros."""
        padded = np.zeros((len(self.W), self.width), self.W.dtype)
        padded[:, : self.n_outputs] = self.W
        return np.ascontiguousarray(padded.reshape(len(padded), -1, lanes(padded.dtype)).swapaxes(0, 1))

    def margins(self, X, start, stop):
        """Compute the margins of rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features), or Csr
            The rows, of the coefficients' dtype.
        start, stop : int
            Which of them.

        Returns
        -------
        margins : array of shape (stop - start,) or (stop - start, width)
            Of several outputs filled up to whole vectors.
        """
        out = np.empty((stop - start, self.width), self.W.dtype)
        out[:, self.n_outputs :] = 0
        if isinstance(X, Csr):
            csr_margins(X.data, X.indices, X.indptr, self.W, out, start, stop)
        elif self.n_outputs == 1:
            row_margins(X, self.laid_out, out.reshape(-1), start, stop)
        elif X.shape[0] >= TILE_ROWS:
            class_margins(X, self.laid_out, out, start, stop)
        else:
            out[:, : self.n_outputs] = X[start:stop] @ self.W[:-1]
            out[:, : self.n_outputs] += self.W[-1]
        return out[:, 0] if self.n_outputs == 1 else out

    def margins_of(self, X, dtype, start, stop):
        """Compute the margins of rows of any dtype."""
        if X.dtype == dtype:
            return self.margins(X, start, stop)
        if isinstance(X, Csr):
            return self.margins(X._replace(data=X.data.astype(dtype), dtype=dtype), start, stop)
        return self.margins(X[start:stop].astype(dtype), 0, stop - start)

    def add_products(self, X, slopes, sums_out, start, stop):
        """Add X.T @ slopes, and the sums of the slopes for the intercepts.

        Parameters
        ----------
        X : array of shape (n_samples, n_features), or Csr
            The rows, of the coefficients' dtype.
        slopes : array like the margins
            A slope for each margin.
        sums_out : float64 array of shape (at least (n_features + 1) n_outputs,)
            What is added to.
        start, stop : int
            Which rows.
        """
        if isinstance(X, Csr):
            slopes = slopes.reshape(stop - start, -1)
            csr_products(
                X.data, X.indices, X.indptr, slopes, sums_out, self.n_outputs, self.n_features, start, stop
            )
        elif self.n_outputs == 1:
            add_row_products(X, slopes, sums_out, start, stop)
        elif self.n_features >= TILE_ROWS:
            work = np.empty(TILE_ROWS * lanes(X.dtype), X.dtype)
            add_class_products(X, slopes, sums_out, work, self.n_outputs, start, stop)
        else:
            inner, size = slopes[:, : self.n_outputs], self.n_features * self.n_outputs
            sums_out[:size] += (X[start:stop].T @ inner).reshape(-1)
            sums_out[size : size + self.n_outputs] += inner.sum(axis=0)
