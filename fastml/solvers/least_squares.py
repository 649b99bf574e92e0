"""Least squares as coordinate descent sees it: in products of features, in dense features, in sparse ones.

Features and targets are centred, and multiplied by the square roots of the samples' weights, all without a
copy of the data. Every problem tells `slopes`, the products of residuals and features. Those that can be
swept keep a `state` up to date, which is affine in the coefficients; a dense problem is swept in a small
one of chosen features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._device import CPU

__all__ = ["GRAM_FEATURES", "ColumnsProblem", "DenseProblem", "GramProblem", "SparseProblem", "sum_products"]

# Up to how many chosen features are swept by their products; with more, these take too much memory.
GRAM_FEATURES = 4096
NARROW = 0.7  # the share of active features from which on a smaller Gram matrix is not worth a copy
RENEWED = 0.3  # the share of chosen features that must still be active, or else they are chosen anew
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


class ChosenProducts:
    """Products of chosen features with each other, where ever more are chosen.

    Parameters
    ----------
    n_features : int
        How many features there are.

    Attributes
    ----------
    features : int64 array of shape (n_chosen,)
        The chosen ones.
    """

    def __init__(self, n_features: int):
        self.features = np.empty(0, np.int64)
        self._is_chosen = np.zeros(n_features, bool)
        self._gram = np.empty((0, 0))
        self._n_known = 0  # of how many features there are products

    def are_new(self, features: np.ndarray) -> np.ndarray:
        """Tell which features are not chosen yet.

        Parameters
        ----------
        features : int64 array
            The features.

        Returns
        -------
        new : bool array
            Whether each one is not.
        """
        return ~self._is_chosen[features]

    def add(self, features: np.ndarray) -> np.ndarray:
        """Choose more features.

        Parameters
        ----------
        features : int64 array
            Some of them may be chosen already.

        Returns
        -------
        new : int64 array
            Those that were not, which are now the last ones.
        """
        new = features[self.are_new(features)]
        if len(new):
            self._is_chosen[new] = True
            self.features = np.concatenate([self.features, new])
        return new

    def gram(self, multiply: Callable[[slice], np.ndarray]) -> np.ndarray:
        """Multiply chosen features with each other.

        Parameters
        ----------
        multiply : callable
            Returns, for a slice of the chosen features, their products with all chosen ones up to there.

        Returns
        -------
        gram : float64 array of shape (n_chosen, at least n_chosen)
            The products, in the order in which they were chosen.
        """
        n_known, n_chosen = self._n_known, len(self.features)
        if len(self._gram) < n_chosen:
            room = max(n_chosen, 2 * len(self._gram))
            wider = np.empty((room, room))
            wider[:n_known, :n_known] = self._gram[:n_known, :n_known]
            self._gram = wider
        if n_known < n_chosen:
            new = slice(n_known, n_chosen)
            self._gram[new, :n_chosen] = multiply(new)
            self._gram[:n_known, new] = self._gram[new, :n_known].T
            self._n_known = n_chosen
        return self._gram[:n_chosen]


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
        self._chosen: ChosenProducts | None = None

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients.
        """
        self.state = CPU.kernels.coordinate_descent.fitted_slopes(self.gram, self.products, coef)

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
        kernels = CPU.kernels.coordinate_descent
        return kernels.residual_squares(self.products, coef, self.state, self.target_square)

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
            A problem of the same targets, started; if it is another one, this one is started anew afterwards.
        features : array of int or slice
            Its features.
        active : int64 array
            Which of them are to be swept now; more than were asked for where that is cheap.
        """
        n_features = len(self.squares)
        if len(active) > NARROW * n_features or n_features < FIRST_FEATURES:
            return self, slice(None), np.arange(n_features)  # those at zero cost next to nothing
        if self._chosen is None or len(active) < RENEWED * len(self._chosen.features):
            self._chosen = ChosenProducts(n_features)
        chosen = self._chosen
        chosen.add(active)
        features = chosen.features
        if len(features) > NARROW * n_features:
            return self, slice(None), np.arange(n_features)
        gram = chosen.gram(lambda new: self.gram[features[new]].take(features, axis=1))
        inner = GramProblem(gram, self.products.take(features, axis=1), self.target_square)
        inner.state = slopes.take(features, axis=1)
        return inner, features, np.arange(len(features))

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, memory: tuple) -> int:
        """Sweep over some features.

        Parameters
        ----------
        coef : float64 array of shape (n_tasks, n_features)
            The coefficients, brought up to date.
        active : int64 array of shape (n_active,)
            The features.
        rules : float64 array
            See `fastml.kernels.cpu.coordinate_descent.sweep_gram`.
        memory : tuple of float64 array
            What is remembered from sweep to sweep.

        Returns
        -------
        n_sweeps : int
            How many sweeps were made.
        """
        kernels = CPU.kernels.coordinate_descent
        problem = self.gram, self.products, self.squares
        return kernels.sweep_gram(*problem, rules, active, coef, self.state, *memory)


class ColumnsProblem:
    """Least squares in centred features whose values lie together.

    Parameters
    ----------
    columns : float64 array of shape (n_features, n_samples)
        The features.
    residual : float64 array of shape (n_tasks, n_samples)
        What is left of the targets.
    squares : float64 array of shape (n_features,)
        The squared norms of the features.
    """

    def __init__(self, columns: np.ndarray, residual: np.ndarray, squares: np.ndarray):
        self.columns, self.state, self.squares = columns, residual.copy(), squares
        self.sweep_work = 4 * residual.size

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, memory: tuple) -> int:
        """Sweep over some features: see `GramProblem.sweep`."""
        kernels = CPU.kernels.coordinate_descent
        return kernels.sweep_columns(self.columns, self.squares, rules, active, coef, self.state, *memory)


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
        self._chosen = ChosenProducts(n_features)
        self._columns = np.empty((0, n_samples))  # of chosen features
        self._products = np.empty((len(Y), 0))  # of targets and chosen features

    def start(self, coef: np.ndarray) -> None:
        """Take coefficients to begin with: see `GramProblem.start`."""
        self._copy(np.flatnonzero(coef.any(axis=0)))

    def slopes(self, coef: np.ndarray) -> np.ndarray:
        """Multiply residuals and features: see `GramProblem.slopes`."""
        used = self._chosen.features
        self._residual = self.Y - coef[:, used] @ self._columns[: len(used)] if len(used) else self.Y
        weighted = self._residual if self.roots is None else self._residual * self.roots
        return CPU.kernels.gram.centred_slopes(self.X, self.means, weighted)

    def residual_squares(self, coef: np.ndarray) -> tuple[float, float]:
        """Multiply residuals with themselves and with targets: see `GramProblem.residual_squares`."""
        return sum_products(self._residual, self._residual), sum_products(self._residual, self.Y)

    def narrow(self, active: np.ndarray, slopes: np.ndarray) -> tuple:
        """Find the problem to sweep in, that of the chosen features: see `GramProblem.narrow`.

        Of the active features that are new, those with the steepest slopes are taken at first.
        """
        new = active[self._chosen.are_new(active)]
        n_more = max(FIRST_FEATURES, len(self._chosen.features))
        if len(new) > n_more:
            steepness = np.square(slopes[:, new]).sum(axis=0)
            new = np.sort(new[np.argpartition(-steepness, n_more)[:n_more]])
        self._copy(new)
        features = self._chosen.features
        columns = self._columns[: len(features)]
        inner: GramProblem | ColumnsProblem
        if len(features) <= min(len(self.X), GRAM_FEATURES):
            gram = self._chosen.gram(lambda new: columns[new] @ columns.T)
            inner = GramProblem(gram, self._products, self.target_square)
            inner.state = slopes.take(features, axis=1)
        else:
            inner = ColumnsProblem(columns, self._residual, self.squares[features])
        return inner, features, np.arange(len(features))

    def _copy(self, features):
        """Copy those of the features that are not copied yet."""
        n_copied = len(self._chosen.features)
        new = self._chosen.add(features)
        if not len(new):
            return
        n_wanted = n_copied + len(new)
        if n_wanted > len(self._columns):
            wider = np.empty((max(n_wanted, 2 * len(self._columns)), len(self.X)))
            wider[:n_copied] = self._columns[:n_copied]
            self._columns = wider
        columns = self._columns[n_copied:n_wanted]
        CPU.kernels.gram.centred_columns(self.X, new, self.means, self.roots, columns)
        self._products = np.concatenate([self._products, self.Y @ columns.T], axis=1)


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
        self._moments = np.stack([shifts, squares])
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

    def sweep(self, coef: np.ndarray, active: np.ndarray, rules: np.ndarray, memory: tuple) -> int:
        """Sweep over some features: see `GramProblem.sweep`."""
        return CPU.kernels.coordinate_descent.sweep_sparse(
            *self.X, self._moments, rules, active, coef, self.state, *memory
        )
