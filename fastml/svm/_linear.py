"""What linear support vector machines share: how a problem is solved, and by which of LIBLINEAR's methods."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._base import Estimator
from .._device import CPU, choose, report_fallback
from .._validation import DEVICE, Interval, Options, random_state, sk
from ..solvers import linear_svm as solver
from ..solvers._side_by_side import run_side_by_side

__all__ = ["BaseLinearSVM"]

# (loss, penalty, dual) -> how it is solved
SOLVERS = {
    ("hinge", "l2", True): solver.DUAL,
    ("squared_hinge", "l1", False): solver.L1,
    ("squared_hinge", "l2", False): solver.NEWTON,
    ("squared_hinge", "l2", True): solver.DUAL,
    ("epsilon_insensitive", "l2", True): solver.DUAL,
    ("squared_epsilon_insensitive", "l2", False): solver.NEWTON,
    ("squared_epsilon_insensitive", "l2", True): solver.DUAL,
}


class BaseLinearSVM(Estimator):
    """Base class of linear support vector machines.

    Parameters
    ----------
    tol : float, default=1e-4
        When to stop, measured as LIBLINEAR does.

    C : float, default=1.0
        Weight of the losses; a larger one regularises less.

    fit_intercept : bool, default=True
        Whether there is an intercept.

    intercept_scaling : float, default=1
        Value of the constant feature. The larger, the less is the intercept penalised.

    verbose : int, default=0
        Whether to print the progress.

    random_state : int, RandomState instance or None, default=None
        Of the order in which coordinates are visited, if they are. An int makes the result reproducible, on
        any number of threads.

    max_iter : int, default=1000
        Most iterations.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Problems are solved on the CPU.
    """

    _constraints: dict = {
        "dual": ["boolean", Options("auto")],
        "tol": [Interval(numbers.Real, 0.0, closed="neither")],
        "C": [Interval(numbers.Real, 0.0, closed="neither")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(numbers.Real, 0, closed="neither")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "max_iter": [Interval(numbers.Integral, 0)],
        "device": DEVICE,
    }
    _cpu_only = True
    penalty: str = "l2"
    loss: str
    dual: Any
    tol: float
    C: float
    fit_intercept: bool
    intercept_scaling: float
    verbose: int
    random_state: Any
    max_iter: int
    device: str | None
    n_iter_: int

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _solver(self, shape, sparse):
        """How the problem is solved; with scikit-learn's error where it cannot be."""
        prefers_dual = shape[0] < shape[1]
        dual = self.dual
        if dual == "auto":
            dual = prefers_dual if (self.loss, self.penalty, prefers_dual) in SOLVERS else not prefers_dual
        if (self.loss, self.penalty, dual) not in SOLVERS:
            sk("sklearn.svm._base._get_liblinear_solver_type")("ovr", self.penalty, self.loss, dual)
        # The primal problem has the same solution, and Newton's method is faster and exact.
        primal = SOLVERS.get((self.loss, self.penalty, False))
        if primal == solver.NEWTON and not prefers_dual and shape[1] < solver.MOST_FACTORISED and not sparse:
            return primal
        return SOLVERS[self.loss, self.penalty, dual]

    def _solve(self, X, targets, costs, epsilon=None):
        """Solve a problem for each target; return coefficients and intercepts, one row or number for each."""
        if choose(self.device, X).name != "cpu":
            report_fallback(f"fitting {type(self).__name__} on the CPU", "it is solved there only")
        how = self._solver(X.shape, sparse=hasattr(X, "tocsr"))
        bias = float(self.intercept_scaling) if self.fit_intercept else 0.0
        plan = solver.Plan(
            self.tol, self.max_iter, bias, epsilon, "squared" in self.loss, print if self.verbose else None
        )
        seeds = random_state(self.random_state).randint(1, np.iinfo(np.int32).max, size=len(targets))
        tasks = [solver.Task(*task) for task in zip(targets, costs, seeds.tolist())]
        problems = _PROBLEMS[how](X if hasattr(X, "tocsr") else CPU.to_host(X), tasks, plan)
        n_values = X.nnz if hasattr(X, "tocsr") else X.size
        if how == solver.NEWTON:  # its steps hold the interpreter, unless there is much to multiply
            solved = run_side_by_side(problems, 0.2 * n_values, blas_work=float(n_values) * X.shape[1])
        else:
            solved = run_side_by_side(problems, 8.0 * n_values)
        self.n_iter_ = max(n_iter for _, n_iter in solved)
        if self.n_iter_ >= self.max_iter:
            warnings.warn(
                "Liblinear failed to converge, increase the number of iterations.",
                sk("sklearn.exceptions.ConvergenceWarning"),
                stacklevel=4,
            )
        weights = np.array([weights for weights, _ in solved])
        return weights[:, :-1], (bias * weights[:, -1] if self.fit_intercept else 0.0)


def _by_newton(X, tasks, plan):
    X = X.astype(np.float64, copy=False)
    return [solver.solve_by_newton(X, task, plan) for task in tasks]


def _by_dual(X, tasks, plan):
    rows = _arrays(X) if hasattr(X, "tocsr") else (X,)
    squares = CPU.kernels.dual_coordinate_descent.row_squares(rows)
    return [solver.solve_dual(CPU, rows, squares, X.shape[1], task, plan) for task in tasks]


def _by_l1(X, tasks, plan):
    constant = np.full(X.shape[0], plan.bias, X.dtype)
    if hasattr(X, "tocsr"):
        data, indices, indptr = _arrays(X.tocsc())
        columns = (
            np.append(data, constant),
            np.append(indices, np.arange(len(constant), dtype=np.int32)),
            np.append(indptr, len(data) + len(constant)),
        )
    else:
        columns = (np.ascontiguousarray(np.vstack([X.T, constant])),)
    return [solver.solve_l1(CPU, columns, task, plan) for task in tasks]


def _arrays(matrix):
    """The arrays of a CSR or CSC matrix, as kernels take them."""
    indices, indptr = matrix.indices.astype(np.int32, copy=False), matrix.indptr.astype(np.int64, copy=False)
    return matrix.data, indices, indptr


_PROBLEMS = {solver.NEWTON: _by_newton, solver.DUAL: _by_dual, solver.L1: _by_l1}
