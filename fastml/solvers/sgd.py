"""Stochastic gradient descent: epochs, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ._side_by_side import run_side_by_side

__all__ = ["Diverged", "Plan", "Problem", "solve"]

SLOWEST = 1e-6  # an adaptive learning rate below this is not lowered any more


class Diverged(ArithmeticError):
    """The weights or the intercept overflowed; the argument is the number of the epoch."""


class Plan(NamedTuple):
    """How problems are to be solved.

    Attributes
    ----------
    max_iter : int
        Most epochs.
    tol : float
        Improvement that counts as one; -inf to make all epochs.
    patience : int
        Epochs without improvement, in a row, that end the descent.
    adaptive : bool
        Whether the learning rate is lowered instead, until it is very small.
    shuffle : bool
        Whether rows are shuffled before each epoch.
    in_batches : bool
        Whether there are batches, or momentum.
    say : callable or None
        Called with each line of a report on the progress.
    """

    max_iter: int
    tol: float
    patience: int
    adaptive: bool
    shuffle: bool
    in_batches: bool
    say: Callable | None = None


class Problem(NamedTuple):
    """A model and what it learns from.

    Attributes
    ----------
    descent : Descent
        The model of the kernels.
    targets : array of shape (n_samples, 2)
        What is to be predicted, and weights.
    seed : int
        Of the shuffling.
    training : bool array of shape (n_samples,) or None
        The rows to learn from; None means all.
    score : callable or None
        Takes weights and intercept, and tells how good they are for the other rows.
    """

    descent: object
    targets: np.ndarray
    seed: int
    training: np.ndarray | None = None
    score: Callable | None = None


def solve(device, rows, problems, plan) -> list[list[float]]:
    """Let models descend, side by side.

    Parameters
    ----------
    device : Device
        Where the arrays are.
    rows : tuple of array
        See ``kernels.cpu.sgd.descend``.
    problems : list of Problem
        Their models are brought up to date.
    plan : Plan
        How.

    Returns
    -------
    curves : list of list of float
        For each model the mean loss and penalty of every epoch, as many as there were.

    Raises
    ------
    Diverged
        If a model is not finite any more.
    """
    work = 4.0 * (rows[0].size + len(problems[0].targets))
    return run_side_by_side([_epochs(device, rows, problem, plan) for problem in problems], work)


def _epochs(device, rows, problem, plan):
    """One model's epochs; a generator that yields after each."""
    kernels = device.kernels.sgd
    visit = kernels.descend_in_batches if plan.in_batches else kernels.descend
    descent, training = problem.descent, problem.training
    order = np.arange(len(problem.targets), dtype=np.int32)
    watch = _Watch(plan, improves_upward=problem.score is not None)
    curve: list[float] = []
    began = time.perf_counter()
    while len(curve) < plan.max_iter:
        if plan.shuffle:
            kernels.shuffle(order, problem.seed)
        own = order if training is None else order[training[order]]
        visit(rows, problem.targets, own, descent)
        if not descent.is_finite():
            raise Diverged(len(curve) + 1)
        curve.append((descent.loss_sum + descent.penalty_sum) / len(own))
        value = problem.score(descent.weights, descent.intercept) if problem.score else curve[-1]
        if plan.say:
            _report(plan.say, curve, descent, len(own), value if problem.score else None, began)
        if watch.should_stop(value):
            if not (plan.adaptive and descent.eta > SLOWEST):
                if plan.say:
                    seconds = time.perf_counter() - began
                    plan.say(f"Convergence after {len(curve)} epochs took {seconds:.2f} seconds")
                break
            descent.slow_down()
            watch.waited = 0
        yield
    return curve


class _Watch:
    """Counts epochs that improved nothing."""

    def __init__(self, plan, improves_upward):
        self.tol, self.patience = plan.tol, plan.patience
        self.sign = -1.0 if improves_upward else 1.0
        self.best = np.inf
        self.waited = 0

    def should_stop(self, value):
        value = self.sign * value
        self.waited = self.waited + 1 if value > self.best - self.tol else 0
        self.best = min(self.best, value)
        return self.waited >= self.patience


def _report(say, curve, descent, n_rows, score, began):
    """Report an epoch in scikit-learn's words."""
    weights = descent.weights
    line = (
        f"Norm: {np.sqrt(weights @ weights):.2f}, NNZs: {np.count_nonzero(weights)}, "
        f"Bias: {descent.intercept:.6f}, T: {len(curve) * n_rows}, "
        f"Avg. loss: {descent.loss_sum / n_rows:f}, Objective: {curve[-1]:f}"
    )
    say(f"-- Epoch {len(curve)}")
    say(line if score is None else f"{line}, Validation score: {score:f}")
    say(f"Total training time: {time.perf_counter() - began:.2f} seconds.")
