"""When boosting stops early: scores after each round, on the training data and on data that is held out."""

from __future__ import annotations

import numpy as np

from .._device import CPU
from .._validation import sk

__all__ = ["Losses", "Scores", "should_stop"]

SMALL_TRAINING_SET = 10_000  # rows that a scorer sees


def should_stop(scores, n_iter_no_change, tol):
    """Tell whether none of the last rounds was better than the one before them by more than `tol`."""
    if len(scores) <= n_iter_no_change:
        return False
    best = max(scores[-n_iter_no_change:])
    return not best > scores[-n_iter_no_change - 1] + tol


class Losses:
    """Scores that are losses, with a minus.

    Parameters
    ----------
    device : Device
        Where the arrays are.
    boosting : Boosting
        What is scored.
    held : tuple or None
        Target, weights and raw predictions of the rows that are held out.
    """

    name, factor = "loss", -1

    def __init__(self, device, boosting, held):
        self.kernels, self.boosting, self.held = device.kernels.losses, boosting, held

    def training(self):
        """Minus the mean loss of the training data."""
        return -self._mean(self.boosting.loss_sum, self.boosting.y, self.boosting.sample_weight)

    def validation(self):
        """Minus the mean loss of the rows that are held out."""
        y, weight, raw = self.held
        boosting = self.boosting
        total = self.kernels.gradients(boosting.loss, y, raw, weight, None, quantile=boosting.quantile)
        return -self._mean(total, y, weight)

    @staticmethod
    def _mean(total, y, weight):
        return total / (len(y) if weight is None else float(weight.sum()))


class Scores:
    """Scores of a scorer, which sees at most 10,000 rows of the training data.

    Parameters
    ----------
    est : estimator
        It is scored.
    data : tuple
        Rows, target as the user gave it, and weights of the training data.
    raw : float64 array of shape (n_outputs, n_samples)
        Its raw predictions, kept up to date by the rounds; where the trees are grown.
    held : tuple or None
        The same four for the rows that are held out.
    seed : int
        Of the choice among the training data.
    stratify : bool
        Whether that choice keeps the classes' proportions.
    """

    name, factor = "score", 1

    def __init__(self, est, data, raw, held, seed, stratify):
        self.est = est
        self.scorer = sk("sklearn.metrics.check_scoring")(est, est.scoring)
        # What scikit-learn knows by name asks for the predictions of just these rows.
        self.known = est.scoring in sk("sklearn.metrics._scorer._SCORERS")
        X, y, weight = data
        self.rows = slice(None)
        if len(y) > SMALL_TRAINING_SET:
            self.rows = sk("sklearn.utils.resample")(
                np.arange(len(y)), n_samples=SMALL_TRAINING_SET, replace=False, random_state=seed,
                stratify=y if stratify else None,
            )  # fmt: skip
        self.data = X[self.rows], y[self.rows], None if weight is None else weight[self.rows]
        self.raw, self.held = raw, held

    def training(self):
        """The score of the training data, or of some of it."""
        return self._score(*self.data, CPU.to_host(self.raw)[:, self.rows])

    def validation(self):
        """The score of the rows that are held out."""
        return self._score(*self.held[:-1], CPU.to_host(self.held[-1]))

    def _score(self, X, y, weight, raw):
        options = {} if weight is None else {"sample_weight": weight}
        if not self.known:
            return self.scorer(self.est, X, y, **options)
        self.est._raw_predict = lambda _: raw
        try:
            return self.scorer(self.est, X, y, **options)
        finally:
            del self.est._raw_predict
