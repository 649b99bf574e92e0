"""How good a result is, and how much worse than scikit-learn's it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = [
    "ACCURACY",
    "DISTANCES",
    "GRAPH",
    "INERTIA",
    "LOG_LOSS",
    "R2",
    "ROUGH_ACCURACY",
    "ROUGH_INERTIA",
    "ROUGH_R2",
    "SAME",
    "SEEDING",
    "Score",
]


@dataclass(frozen=True)
class Score:
    """
    A way to judge results.

    Parameters
    ----------
    name : str
        As shown in tables.
    of : callable
        Takes the data, the fitted model (None for a function), the answer and scikit-learn's answer;
        returns a number.
    tolerance : float
        How much worse than scikit-learn's the number may be.
    more_is_better : bool, default=False
        Whether a larger number is a better one.
    relative : bool, default=False
        Whether the tolerance is a fraction of scikit-learn's number.

    Examples
    --------
    >>> from fastml._cli.scores import ACCURACY
    >>> ACCURACY.is_worse(0.90, 0.95), ACCURACY.is_worse(0.95, 0.95)
    (True, False)
    """

    name: str
    of: Callable[..., float]
    tolerance: float
    more_is_better: bool = False
    relative: bool = False

    def is_worse(self, ours: float, theirs: float) -> bool:
        """
        Tell whether fastml's score is worse than it may be.

        Parameters
        ----------
        ours : float
            fastml's score.
        theirs : float
            The score that it is held against.

        Returns
        -------
        bool
            True too when ours is not a number.
        """
        margin = self.tolerance * (abs(theirs) if self.relative else 1.0)
        behind = theirs - ours if self.more_is_better else ours - theirs
        return not behind <= margin


def _squared_distances_to_nearest(X, centers):
    X, centers = X.astype(np.float64), centers.astype(np.float64)
    shift = X.mean(axis=0)
    X, centers = X - shift, centers - shift
    nearest = np.empty(len(X))
    for start in range(0, len(X), 8192):
        block = X[start : start + 8192]
        squared = (block**2).sum(axis=1)[:, None] - 2 * block @ centers.T + (centers**2).sum(axis=1)
        nearest[start : start + 8192] = squared.min(axis=1)
    return nearest


def _inertia(data, model, answer, theirs):
    """The sum of squared distances to the nearest centre: computed here, not taken at the model's word."""
    return float(_squared_distances_to_nearest(data.X, model.cluster_centers_).sum())


def _seeding(data, model, answer, theirs):
    return float(_squared_distances_to_nearest(data.X, answer[0]).sum())


def _accuracy(data, model, answer, theirs):
    return float(np.mean(answer == data.y_test))


def _r2(data, model, answer, theirs):
    residual = np.sum((data.y_test - answer) ** 2)
    return float(1 - residual / np.sum((data.y_test - data.y_test.mean()) ** 2))


def _log_loss(data, model, answer, theirs):
    chances = np.take_along_axis(
        np.asarray(answer, np.float64), data.y_test[:, None].astype(np.int64), axis=1
    )
    return float(-np.mean(np.log(np.clip(chances, 1e-15, 1))))


def _distances(data, model, answer, theirs):
    return float(np.mean(answer[0]))


def _graph_distances(data, model, answer, theirs):
    """Not the difference: of neighbours at the same distance each library takes which it likes."""
    return float(np.mean(answer.data))


def _difference(data, model, answer, theirs):
    """The largest difference to scikit-learn's answer, as a fraction of that answer's largest number."""
    if isinstance(answer, tuple):
        return max(_difference(data, model, *parts) for parts in zip(answer, theirs, strict=True))
    ours, theirs = _dense(answer), _dense(theirs)
    if ours.shape != theirs.shape:
        return float("nan")
    scale = np.max(np.abs(theirs), initial=0.0) or 1.0
    return float(np.max(np.abs(ours - theirs), initial=0.0) / scale)


def _penalised_error(data, model, answer, theirs):
    """What linear models with penalties minimise."""
    rest = data.y - model.predict(data.X)
    return float(0.5 * np.mean(rest**2) + _penalty(model.alpha, getattr(model, "l1_ratio", 1.0), model.coef_))


def _penalised_errors(l1_ratio):
    """The mean of what paths of linear models minimise."""

    def mean(data, model, answer, theirs):
        alphas, coefs, *_ = answer
        rest = data.y[:, None] - data.X @ coefs
        values = 0.5 * np.mean(rest**2, axis=0) + _penalty(alphas, l1_ratio, coefs)
        return float(np.mean(values))

    return mean


def _penalty(alpha, l1_ratio, coef):
    return alpha * (l1_ratio * np.abs(coef).sum(axis=0) + 0.5 * (1 - l1_ratio) * (coef**2).sum(axis=0))


def _dense(answer):
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer, dtype=np.float64)


ACCURACY = Score("accuracy", _accuracy, 0.002, more_is_better=True)
R2 = Score("R2", _r2, 1e-4, more_is_better=True)
# Of models that draw features or rows at random.
ROUGH_ACCURACY = Score("accuracy", _accuracy, 0.02, more_is_better=True)
ROUGH_R2 = Score("R2", _r2, 0.02, more_is_better=True)
# Gains that are nearly equal may be ranked the other way round.
LOG_LOSS = Score("log-loss", _log_loss, 0.01, relative=True)
INERTIA = Score("inertia", _inertia, 1e-4, relative=True)
# Both draw their batches, or their seeds, at random: another draw gives another local optimum.
ROUGH_INERTIA = Score("inertia", _inertia, 0.05, relative=True)
SEEDING = Score("inertia", _seeding, 0.05, relative=True)
DISTANCES = Score("mean distance", _distances, 1e-6, relative=True)
GRAPH = Score("mean distance", _graph_distances, 1e-6, relative=True)
SAME = Score("difference", _difference, 2e-6)
# Of what is optimised until a tolerance is reached
NEARLY_SAME = Score("difference", _difference, 1e-3)
# All stop as soon as they are known to be within 1e-4 of the squares of y above the minimum.
PENALISED_ERROR = Score("objective", _penalised_error, 1e-4, relative=True)
LASSO_PATH = Score("mean objective", _penalised_errors(1.0), 1e-4, relative=True)
ENET_PATH = Score("mean objective", _penalised_errors(0.5), 1e-4, relative=True)
