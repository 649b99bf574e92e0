"""What is noted after each stage of gradient boosting, printed, and whether it is time to stop."""

from __future__ import annotations

import sys
from time import time

import numpy as np

from .._device import CPU
from ..solvers import gradient_boosting as solver

__all__ = ["Progress"]


class Progress:
    """Follows a fit stage by stage.

    Parameters
    ----------
    est : estimator
        What is being fitted.
    boosting : solvers.gradient_boosting.Boosting
        The state.
    first : int
        The number of the first stage.
    held_out : tuple of ndarray or None
        Samples, targets and weights for stopping early.
    monitor : callable or None
        A user's, called after each stage.
    """

    def __init__(self, est, boosting, first, held_out, monitor):
        self.est, self.boosting, self.first, self.monitor = est, boosting, first, monitor
        # The losses of the kernels are half of what is reported of squared errors and of two classes.
        self.factor = 2 if boosting.kind in ("squared_error", "binomial") else 1
        self.held_out = held_out
        if held_out is not None:
            self.history = np.full(est.n_iter_no_change, np.inf)
            self.raw = est._raw_start(held_out[0])
            for trees in est.estimators_[:first]:
                self._add([tree.tree_ for tree in trees])
        if est.verbose:
            self._print_header()

    def _add(self, trees):
        solver.add_stage(CPU, trees, self.held_out[0], self.est.learning_rate, self.raw)

    def note(self, i, trees, mask, before):
        """Note a stage.

        Parameters
        ----------
        i : int
            Its number.
        trees : list of Tree
            Its trees.
        mask : bool ndarray of shape (n_samples,) or None
            The samples that it was fitted to.
        before : float
            The loss that the others had before.

        Returns
        -------
        stop : bool
            Whether it is the last.
        """
        est = self.est
        est.train_score_[i] = self.factor * self.boosting.loss(mask)
        if mask is not None:
            est.oob_scores_[i] = self.factor * self.boosting.loss(~mask)
            previous = self.factor * before if i == 0 else est.oob_scores_[i - 1]
            est.oob_improvement_[i] = previous - est.oob_scores_[i]
            est.oob_score_ = est.oob_scores_[-1]
        if est.verbose:
            self._print(i)
        if self.monitor is not None and self.monitor(i, est, self._locals(i, mask)):
            return True
        return self.held_out is not None and self._is_enough(i, trees)

    def _locals(self, i, mask):
        """What scikit-learn's loop has as local variables when it calls a monitor."""
        boosting = self.boosting
        X_val, y_val, weight_val = self.held_out or (None, None, None)
        return {
            "self": self.est, "i": i, "X": boosting.rows, "y": boosting.y, "raw_predictions": boosting.raw,
            "sample_weight": boosting.weight, "random_state": self.est._rng, "X_val": X_val, "y_val": y_val,
            "sample_weight_val": weight_val, "begin_at_stage": self.first, "monitor": self.monitor,
            "n_samples": len(boosting.y), "do_oob": mask is not None, "factor": self.factor,
            "sample_mask": np.ones(len(boosting.y), bool) if mask is None else mask,
            "n_inbag": len(boosting.y) if mask is None else int(mask.sum()),
        }  # fmt: skip

    def _is_enough(self, i, trees):
        """Tell whether the held out samples' loss has stopped falling."""
        self._add(trees)
        boosting = self.boosting
        parameter = boosting.delta if boosting.kind == "huber" else boosting.quantile
        _, y, weight = self.held_out
        loss = self.factor * solver.mean_loss(CPU, boosting.kind, parameter, y, self.raw, weight)
        if not (loss + self.est.tol < self.history).any():
            return True
        self.history[i % len(self.history)] = loss
        return False

    # ---- printing ----
    def _print_header(self):
        names = ["Train Loss", *(["OOB Improve"] if self.est.subsample < 1 else []), "Remaining Time"]
        sys.stdout.write(f"{'Iter':>10s} " + "".join(f"{name:>16s} " for name in names) + "\n")
        self.every, self.begun = 1, time()

    def _print(self, i):
        est, n_done = self.est, i - self.first + 1
        if n_done % self.every == 0:
            left = (est.n_estimators - (i + 1)) * (time() - self.begun) / n_done
            parts = [f"{i + 1:>10d}", f"{est.train_score_[i]:>16.4f}"]
            if est.subsample < 1:
                parts.append(f"{est.oob_improvement_[i]:>16.4f}")
            parts.append(f"{f'{left / 60:.2f}m' if left > 60 else f'{left:.2f}s':>16s}")
            sys.stdout.write(" ".join(parts) + "\n")
            if est.verbose == 1 and n_done // (self.every * 10) > 0:
                self.every *= 10
