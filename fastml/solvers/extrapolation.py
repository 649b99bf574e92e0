"""Extrapolation of the points that coordinate descent comes by, where it makes its way in small steps."""

from __future__ import annotations

import numpy as np

__all__ = ["Extrapolation"]

MEMORY = 5  # steps between points that are combined
REGULARISATION = 1e-12  # of the system of MEMORY equations, relative to its trace


class Extrapolation:
    """The last points that sweeps came by, and attempts to see from them where these lead.

    The combination of points is taken in which the steps between them cancel best. What a problem keeps up
    to date is affine in the coefficients, and combined in the same way.

    Parameters
    ----------
    problem : GramProblem, ColumnsProblem or SparseProblem
        What is swept.
    coef : float64 array of shape (n_tasks, n_features)
        The coefficients, which extrapolation changes.
    penalty : Penalty
        The penalty.

    References
    ----------
    Bertrand, Q., Massias, M. (2021). Anderson acceleration of coordinate descent. AISTATS.
    """

    def __init__(self, problem, coef: np.ndarray, penalty):
        self.problem, self.coef, self.penalty = problem, coef, penalty
        self._points = [self._point()]

    def add(self) -> None:
        """Add the present point; after MEMORY of them, go to their combination if that is better."""
        self._points.append(self._point())
        if len(self._points) > MEMORY:
            self._combine()
            self._points = [self._point()]

    def _point(self):
        return self.coef.copy(), self.problem.state.copy()

    def _go(self, coef, state):
        self.coef[:], self.problem.state[:] = coef, state

    def _combine(self):
        coefs, states = (np.stack(parts) for parts in zip(*self._points))
        steps = np.diff(coefs.reshape(len(coefs), -1), axis=0)
        products = steps @ steps.T
        size = products.trace()
        if not (0 < size < np.inf):
            return
        products[np.diag_indices(MEMORY)] += REGULARISATION * size
        weights = np.linalg.solve(products, np.ones(MEMORY))
        weights /= weights.sum()
        before = self._objective()
        self._go(np.tensordot(weights, coefs[1:], 1), np.tensordot(weights, states[1:], 1))
        if not self._objective() < before or (self.penalty.positive and self.coef.min() < 0):
            self._go(coefs[-1], states[-1])

    def _objective(self):
        l1, l2, _ = self.penalty
        norms = np.abs(self.coef) if len(self.coef) == 1 else np.sqrt(np.square(self.coef).sum(axis=0))
        residual_square, _ = self.problem.residual_squares(self.coef)
        return 0.5 * residual_square + l1 * norms.sum() + 0.5 * l2 * np.vdot(self.coef, self.coef)
