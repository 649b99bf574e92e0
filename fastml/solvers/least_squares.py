"""Least squares as coordinate descent sees it: in products of features, in dense features, in sparse ones.

Features and targets are centred, and multiplied by the square roots of the samples' weights, all without a
copy of the data. Every problem tells `slopes`, the products of residuals and features. Those that can be
swept keep a `state` up to date, which is affine in the coefficients; a dense problem is swept in a small
one of chosen features.
"""

from __future__ import annotations

import numpy as np

from .._device import CPU

__all__ = ["GRAM_FEATURES", "ColumnsProblem", "DenseProblem", "GramProblem", "SparseProblem", "sum_products"]

# Up to how many chosen features are swept by their products; with more, these take too much memory.
GRAM_FEATURES = 4096
NARROW = 0.7  # the share of active features from which on a smaller Gram matrix is not worth a copy
FIRST_FEATURES = 64  # features that are copied at first; later as many as there are already


def sum_products(a, b):
    """Sum products of two arrays' values; BLAS's threads would decide how the sum is rounded.

    Parameters
    ----------
    a, b : array
        Of one shape.

    Returns
    -------
    total : float
    """
    return float(np.einsum("i,i->", a.ravel(), b.ravel()))


class GramProblem:
    """Least squares in products: of features with each other, of targets with features.

    Parameters
    ----------
    gram : float64 array of shape (n_features, at least n_features)
        Products of the features.
    products : float64 array of shape (n_tasks, n_features)
        Products of the targets with the features.
    target_square : float
        Sum of the squares of the targets.
    """

    def __init__(self, gram: np.ndarray, products: np.ndarray, target_square: float):
        self.gram, self.products, self.target_square = gram, products, target_square
        self.squares = gram.diagonal().copy()
        self.sweep_work = 2 * products.size

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients.
        """
        used = np.flatnonzero(coef.any(axis=0))
        fitted = coef[:, used] @ self.gram[used, : len(self.squares)]
        self.state = np.ascontiguousarray(self.products - fitted)

    def slopes(self, coef: np.ndarray) -> np.ndarray:
        """Multiply residuals and features.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients that the last sweep left.

        Returns
        -------
        slopes : float64 array of shape (n_tasks, n_features)
            The products.
        """
        return self.state

    def residual_squares(self, coef: np.ndarray) -> tuple[float, float]:
        """Multiply residuals with themselves and with targets.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients that the last sweep left.

        Returns
        -------
        residual_square : float
            Sum of the squares of the residuals.
        residual_target : float
            Sum of the products of residuals and targets.
        """
        residual_target = self.target_square - sum_products(self.products, coef)
        return residual_target - sum_products(self.state, coef), residual_target

    def narrow(self, active: np.ndarray, slopes: np.ndarray) -> tuple:
        """Find the problem to sweep in.

        Parameters
        ----------
        active : int64 array of shape (n_active,)
            The features that are to be swept.
        slopes : float64 array of shape (n_tasks, n_features)
            What `slopes` returned.

        Returns
        -------
        problem : GramProblem, ColumnsProblem or SparseProblem
            A problem of the same targets; if it is another one, this one is started anew afterwards.
        features : array of int or slice
            Its features.
        active : int64 array
            Which of them are to be swept now; more than were asked for where that is cheap.
        """
        n_features = len(self.squares)
        if len(active) > NARROW * n_features or n_features < FIRST_FEATURES:
            return self, slice(None), np.arange(n_features)  # those at zero cost next to nothing
        gram = self.gram[np.ix_(active, active)]
        products = self.products.take(active, axis=1)
        return GramProblem(gram, products, self.target_square), active, np.arange(len(active))

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, moves: np.ndarray) -> int:
        """Sweep over some features.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients, brought up to date.
        active : int64 array of shape (n_active,)
            The features.
        rules, moves : float64 array
            See `fastml.kernels.cpu.coordinate_descent.sweep_gram`.

        Returns
        -------
        n_sweeps : int
            How many sweeps were made.
        """
        kernels = CPU.kernels.coordinate_descent
        return kernels.sweep_gram(self.gram, self.squares, rules, active, coef, self.state, moves)


class ColumnsProblem:
    """Least squares in centred features whose values lie together.

    Parameters
    ----------
    columns : float64 array of shape (n_features, n_samples)
        The features.
    Y : float64 array of shape (n_tasks, n_samples)
        The targets.
    squares : float64 array of shape (n_features,)
        The squared norms of the features.
    """

    def __init__(self, columns: np.ndarray, Y: np.ndarray, squares: np.ndarray):
        self.columns, self.Y, self.squares = columns, Y, squares
        self.sweep_work = 4 * Y.size

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with: see `GramProblem.start`."""
        self.state = self.Y - coef @ self.columns

    def residual_squares(self, coef: np.ndarray) -> tuple[float, float]:
        """Multiply residuals with themselves and with targets: see `GramProblem.residual_squares`."""
        return sum_products(self.state, self.state), sum_products(self.state, self.Y)

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, moves: np.ndarray) -> int:
        """Sweep over some features: see `GramProblem.sweep`."""
        kernels = CPU.kernels.coordinate_descent
        return kernels.sweep_columns(self.columns, self.squares, rules, active, coef, self.state, moves)


class DenseProblem:
    """Least squares in a dense array that is left as it is: features are copied when they are first swept.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    Y : float64 array of shape (n_tasks, n_samples)
        Targets, centred and multiplied by the roots.
    means : float64 array of shape (n_features,)
        What is subtracted from the features.
    squares : float64 array of shape (n_features,)
        The squared norms of the features, centred and multiplied by the roots.
    roots : float64 array of shape (n_samples,), or None
        The square roots of the samples' weights; None means ones.
    """

    def __init__(self, X: np.ndarray, Y: np.ndarray, means, squares, roots=None):
        self.X, self.means, self.squares, self.roots = X, means, squares, roots
        self.Y, self.target_square = Y, sum_products(Y, Y)
        n_samples, n_features = X.shape
        self._place = np.full(n_features, -1)  # of a feature among those copied
        self._features = np.empty(0, np.int64)
        self._columns = np.empty((0, n_samples))
        self._products = np.empty((len(Y), 0))  # of targets and copied features
        self._gram = np.empty((0, 0))  # of the first of those copied
        self._n_multiplied = 0

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with: see `GramProblem.start`."""
        self._copy(np.flatnonzero(coef.any(axis=0)))

    def slopes(self, coef: np.ndarray) -> np.ndarray:
        """Multiply residuals and features: see `GramProblem.slopes`."""
        used = self._features
        self._residual = self.Y - coef[:, used] @ self._columns[: len(used)] if len(used) else self.Y
        weighted = self._residual if self.roots is None else self._residual * self.roots
        return CPU.kernels.gram.centred_slopes(self.X, self.means, weighted)

    def residual_squares(self, coef: np.ndarray) -> tuple[float, float]:
        """Multiply residuals with themselves and with targets: see `GramProblem.residual_squares`."""
        return sum_products(self._residual, self._residual), sum_products(self._residual, self.Y)

    def narrow(self, active: np.ndarray, slopes: np.ndarray) -> tuple:
        """Find the problem to sweep in, that of the copied features: see `GramProblem.narrow`.

        Of the active features that are new, those with the steepest slopes are taken at first.
        """
        new = active[self._place[active] < 0]
        n_more = max(FIRST_FEATURES, len(self._features))
        if len(new) > n_more:
            steepness = np.square(slopes[:, new]).sum(axis=0)
            new = np.sort(new[np.argpartition(-steepness, n_more)[:n_more]])
        self._copy(new)
        n_copied = len(self._features)
        return self._inner(n_copied), self._features, np.arange(n_copied)

    def _inner(self, n_copied):
        """The problem of the copied features."""
        if n_copied <= min(len(self.X), GRAM_FEATURES):
            self._extend_gram()
            return GramProblem(self._gram[:n_copied], self._products, self.target_square)
        return ColumnsProblem(self._columns[:n_copied], self.Y, self.squares[self._features])

    def _copy(self, features):
        """Copy those of the features that are not copied yet."""
        new = features[self._place[features] < 0]
        if not len(new):
            return
        n_copied = len(self._features)
        n_wanted = n_copied + len(new)
        if n_wanted > len(self._columns):
            wider = np.empty((max(n_wanted, 2 * len(self._columns)), len(self.X)))
            wider[:n_copied] = self._columns[:n_copied]
            self._columns = wider
        columns = self._columns[n_copied:n_wanted]
        CPU.kernels.gram.centred_columns(self.X, new, self.means, self.roots, columns)
        self._place[new] = np.arange(n_copied, n_wanted)
        self._features = np.concatenate([self._features, new])
        self._products = np.concatenate([self._products, self.Y @ columns.T], axis=1)

    def _extend_gram(self):
        """Multiply the copied features with those that the Gram matrix does not have yet."""
        n_known, n_copied, room = self._n_multiplied, len(self._features), len(self._columns)
        if len(self._gram) < room:
            wider = np.empty((room, room))
            wider[:n_known, :n_known] = self._gram[:n_known, :n_known]
            self._gram = wider
        if n_known < n_copied:
            known, new = slice(0, n_known), slice(n_known, n_copied)
            self._gram[new, new] = self._columns[new] @ self._columns[new].T
            self._gram[new, known] = self._columns[new] @ self._columns[known].T
            self._gram[known, new] = self._gram[new, known].T
            self._n_multiplied = n_copied


class SparseProblem:
    """Least squares in a CSC matrix whose features are centred without being stored so.

    Parameters
    ----------
    X : tuple of arrays
        The CSC matrix: data, float64 and multiplied by the roots; indices, int32; indptr, int64.
    Y : float64 array of shape (n_tasks, n_samples)
        Targets, centred and multiplied by the roots.
    shifts : float64 array of shape (n_features,)
        Means of the features times the square root of the sum of weights.
    squares : float64 array of shape (n_features,)
        The squared norms of the features, centred and multiplied by the roots.
    """

    def __init__(self, X: tuple, Y: np.ndarray, shifts: np.ndarray, squares: np.ndarray):
        self.X, self.shifts, self.squares = X, shifts, squares
        self.Y, self.target_square = Y, sum_products(Y, Y)
        self.sweep_work = len(Y) * (1 + 4 * len(X[0]) // len(squares))

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with: see `GramProblem.start`."""
        data, indices, indptr = self.X
        self.state = np.append(self.Y, coef @ self.shifts[:, None], axis=1)
        for j in np.flatnonzero(coef.any(axis=0)):
            stored = slice(indptr[j], indptr[j + 1])
            self.state[:, indices[stored]] -= coef[:, j, None] * data[stored]

    def slopes(self, coef: np.ndarray) -> np.ndarray:
        """Multiply residuals and features: see `GramProblem.slopes`."""
        return CPU.kernels.gram.sparse_slopes(*self.X, self.shifts, self.state)

    def residual_squares(self, coef: np.ndarray) -> tuple[float, float]:
        """Multiply residuals with themselves and with targets: see `GramProblem.residual_squares`."""
        residual, shifted = self.state[:, :-1], self.state[:, -1]
        square = sum_products(residual, residual) - sum_products(shifted, shifted)
        return square, sum_products(residual, self.Y)

    def narrow(self, active: np.ndarray, slopes: np.ndarray) -> tuple:
        """Find the problem to sweep in: see `GramProblem.narrow`."""
        return self, slice(None), active

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, moves: np.ndarray) -> int:
        """Sweep over some features: see `GramProblem.sweep`."""
        return CPU.kernels.coordinate_descent.sweep_sparse(
            *self.X, self.shifts, self.squares, rules, active, coef, self.state, moves
        )
