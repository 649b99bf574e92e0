"""What the two boosting estimators share."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._base import Estimator
from .._device import CPU, choose, like_input
from .._validation import callback_context, check_fitted, fit_method, random_state, sk
from ..solvers import boosting as solver
from ._boosting_inputs import (
    check_groups,
    check_monotonic,
    check_target,
    check_training_data,
    check_weights,
    encode,
)
from ._boosting_parameters import BoostingParameters
from ._boosting_stopping import Losses, Scores, should_stop
from ._reading import ReadsModels

__all__ = ["BaseHistGradientBoosting"]

SKLEARN_HOME = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting"
SEEDS = np.iinfo(np.uint32).max
LAUNCHES = 2e8  # operations in the 5 ms that a GPU takes for a tree of few rows (docs/gpu.md)
STOPPING_FROM = 10_000  # rows from which "auto" stops early
OPTIONS = ("max_leaf_nodes max_depth min_samples_leaf l2_regularization max_features learning_rate").split()


class BaseHistGradientBoosting(BoostingParameters, ReadsModels, Estimator):
    """What the regressor and the classifier share."""

    _predicts_numbers = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        if "sklearn.inspection._partial_dependence" in sys.modules:
            # Its fast method is for scikit-learn's own classes; it asks for tags before it looks.
            sk(f"{SKLEARN_HOME}.BaseHistGradientBoosting").register(type(self))
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_forests", None)  # made again from the trees
        return state

    @property
    def n_iter_(self) -> int:
        """Number of rounds of the boosting."""
        check_fitted(self, "_records")
        return len(self._records.sizes) // self.n_trees_per_iteration_

    # ---- fitting -------------------------------------------------------------------------------------
    @fit_method
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> BaseHistGradientBoosting:
        """Fit the trees.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data. NaN is a missing value; a data frame may have columns of categories.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        X_val : array-like of shape (n_val, n_features), default=None
            Data to stop early by, in the place of a part of X.
        y_val : array-like of shape (n_val,), default=None
            Its target.
        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If data, constraints or the loss's conditions on the target are not as they should be.
        """
        if self.warm_start and "_read_from" in vars(self):
            raise ValueError(f"a model that was read from {self._read_from} cannot be fitted further")
        self.__dict__.pop("_read_from", None)
        start = time.perf_counter()
        X, n_categories = check_training_data(self, X)
        y = self._encode_target(check_target(self, X, y, self._predicts_numbers))
        weight = self._expand_weights(check_weights(sample_weight, X), y)
        given = self._check_validation_data(X_val, y_val, sample_weight_val)
        device = self._choose_device(X, self.max_iter * self.n_trees_per_iteration_, 30.0 * X.shape[1])
        X = device.asarray(X)
        rng = random_state(self.random_state)
        if not (self.warm_start and "_records" in vars(self)):
            self._random_seed = int(rng.randint(SEEDS, dtype="u8"))
            self._feature_seed = int(rng.randint(SEEDS, dtype="u8"))
            self.__dict__.pop("_records", None)
            self.__dict__.pop("_forests", None)
        self._with_weights = sample_weight is not None
        limits = check_monotonic(self), check_groups(self.interaction_cst, X.shape[1])
        self.do_early_stopping_ = self.early_stopping
        if isinstance(self.early_stopping, str):
            self.do_early_stopping_ = len(X) > STOPPING_FROM
        rows = self._hold_out(y, weight) if self.do_early_stopping_ and given is None else None
        training, held = self._bin(device, (X, y, weight), given, n_categories, rows)
        self._boost(device, training, held, limits)
        n_trees, n_leaves = len(self._records.sizes), int(self._records.nodes["is_leaf"].sum())
        seconds = time.perf_counter() - start
        self._say(f"Fit {n_trees} trees in {seconds:.3f} s, ({n_leaves} total leaves)")
        return self

    def _say(self, text, level=1):
        say = print if self.verbose >= level else None
        if say:
            say(text)

    def _choose_device(self, X, n_trees, a_row):
        """The device for as many trees and operations on each row; a tree's first ones stand for launches."""
        return choose(self.device, X, work=n_trees * max(0.0, a_row * X.shape[0] - LAUNCHES))

    def _check_validation_data(self, X, y, weight):
        """Validate the data to stop early by; None where none was given."""
        if X is None and y is None:
            return None
        if y is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        X = encode(self, X)
        y = self._encode_more_target(check_target(self, X, y, self._predicts_numbers))
        if self.early_stopping is False:
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time "
                "early_stopping is False. When passing X_val and y_val to fit,"
                "early_stopping should be set to either 'auto' or True."
            )
        return X, y, None if weight is None else check_weights(weight, X)

    def _hold_out(self, y, weight):
        """Rows to learn from and rows to stop by; None where the training data itself is to stop by."""
        if self.validation_fraction is None:
            return None
        labels = None if self._predicts_numbers else y
        rows = solver.hold_out(len(y), self.validation_fraction, self._random_seed, labels)
        if rows is None:  # scikit-learn says what is wrong
            sk("sklearn.model_selection.train_test_split")(
                y, test_size=self.validation_fraction, stratify=labels, random_state=self._random_seed
            )
        return rows

    def _bin(self, device, data, given, n_categories, rows):
        """Find bins, and put the training data and the data that is held out into them."""
        X, y, weight = data
        start = time.perf_counter()
        kept = slice(None) if rows is None else rows[0]
        own = y[kept], None if weight is None else weight[kept]
        self._bins = solver.find_bins(
            device, X, self.max_bins, n_categories, self._random_seed, None if rows is None else kept, own[1]
        )
        codes = solver.bin_rows(device, X, self._bins, rows)
        held = None
        if rows is not None:
            held_out = rows[1]
            given = X[device.asarray(held_out)], y[held_out], None if weight is None else weight[held_out]
            held = (device.xp.ascontiguousarray(codes[1].transpose(1, 0, 2)), *given)
        elif given is not None and self.do_early_stopping_:
            found = solver.bin_rows(device, device.asarray(given[0]), self._bins)[0]
            held = (device.xp.ascontiguousarray(found.transpose(1, 0, 2)), *given)
        seconds = time.perf_counter() - start
        self._say(f"Binning {X.nbytes / 1e9:.3f} GB of training data: {seconds:.3f} s")
        rows_needed = self.do_early_stopping_ and not self._stops_by_loss()
        return (codes[0], device.to_host(X)[kept] if rows_needed else None, *own), held

    def _stops_by_loss(self):
        return isinstance(self.scoring, str) and self.scoring == "loss"

    def _boost(self, device, training, held, limits):
        """Grow the trees of all rounds."""
        codes, X, y, weight = training
        k = self.n_trees_per_iteration_
        again = "_records" in vars(self)
        if not again:
            self._baseline = solver.baseline(CPU, self._loss_name(), y, weight, k, self._quantile())
            self.train_score_, self.validation_score_ = [], []
        elif self.max_iter < self.n_iter_:
            raise ValueError(
                f"max_iter={self.max_iter} must be larger than or equal to "
                f"n_iter_={self.n_iter_} when warm_start==True"
            )
        if again:
            self.train_score_ = list(self.train_score_)
            self.validation_score_ = list(self.validation_score_)
        raw = self._start_raw(device, codes.transpose(1, 0, 2))
        boosting = solver.Boosting(
            device, codes, self._bins, *_there(device, y, weight), self._loss_name(), self._quantile(), raw,
            monotonic=limits[0], groups=limits[1], seed=self._feature_seed,
            wants_loss=self.do_early_stopping_ and self._stops_by_loss(),
            **{name: getattr(self, name) for name in OPTIONS},
        )  # fmt: skip
        judge = None
        if self.do_early_stopping_:
            held_raw = None if held is None else self._start_raw(device, held[0])
            judge = self._make_judge(device, boosting, (X, y, weight), held, held_raw)
            if not again:
                self._note_scores(judge, held)
        self._say("Fitting gradient boosted rounds:")
        self._rounds(device, boosting, judge, held)
        self.train_score_ = np.asarray(self.train_score_)
        self.validation_score_ = np.asarray(self.validation_score_)

    def _start_raw(self, device, codes):
        """Raw predictions before the first round, or after those of an earlier fit."""
        raw = self._without_trees(device, len(codes))
        if "_records" in vars(self):
            self._add_from_codes(device, self._records, codes, raw)
        return raw

    def _add_from_codes(self, device, records, codes, raw):
        """Add to raw predictions what trees predict for rows that are in bins, in the order of the rows."""
        kernels = device.kernels.boosted_trees
        n_columns = codes.shape[1] * 4
        forest = self._pack(kernels, records, np.arange(self.n_features_in_))
        kernels.predict_codes(forest, device.xp.ascontiguousarray(codes).reshape(-1, n_columns), raw)

    def _without_trees(self, device, n_samples):
        raw = device.empty((self.n_trees_per_iteration_, n_samples), np.float64)
        raw[:] = device.asarray(self._baseline)[:, None]
        return raw

    def _make_judge(self, device, boosting, training, held, held_raw):
        if self._stops_by_loss():
            return Losses(device, boosting, held and (*_there(device, *held[2:]), held_raw))
        X, y, weight = training
        if held:
            held = (device.to_host(held[1]), self._decode_target(held[2]), held[3], held_raw)
        training = X, self._decode_target(y), weight
        return Scores(self, training, boosting.raw, held, self._random_seed, not self._predicts_numbers)

    def _note_scores(self, judge, held):
        """Note the scores after a round; tell whether to stop."""
        self.train_score_.append(judge.training())
        if held is not None:
            self.validation_score_.append(judge.validation())
        scores = self.train_score_ if held is None else self.validation_score_
        return should_stop(scores, self.n_iter_no_change, self.tol)

    def _rounds(self, device, boosting, judge, held):
        """Add rounds until there are enough of them, or the scores say stop, or somebody who listens does."""
        context = callback_context(self, max_subtasks=self.max_iter)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self)
        first = self.n_iter_ if "_records" in vars(self) else 0
        parts, waiting = [self._records] if first else [], []
        progressive = judge is not None and not self._stops_by_loss()
        watched = held is not None or progressive or context is not None or self.verbose >= 2
        for i in range(first, self.max_iter):
            start = time.perf_counter()
            task = None if context is None else context.subcontext(task_name="iteration")
            if task is not None:
                task.call_on_fit_task_begin(estimator=self)
            waiting += boosting.add_round(i, last=i + 1 == self.max_iter)
            if watched or i + 1 == self.max_iter:  # recording many trees at once is faster
                parts.append(boosting.record(waiting))
                waiting = []
            if held is not None:
                self._add_from_codes(device, parts[-1], held[0], judge.held[-1])
            if progressive:  # a scorer may ask for predictions
                vars(self).update(self._trees_so_far(device, parts))
            stop = judge is not None and self._note_scores(judge, held)
            if self.verbose >= 2:
                self._say_round(i, parts[-1], judge, held, time.perf_counter() - start)
            if task is not None:
                stop |= bool(task.call_on_fit_task_end(
                    estimator=self, reconstruction_attributes=lambda: self._trees_so_far(device, parts)
                ))  # fmt: skip
            if stop:
                break
        if waiting:
            parts.append(boosting.record(waiting))
        vars(self).update(self._trees_so_far(device, parts))
        if context is not None:
            context.call_on_fit_task_end(estimator=self, reconstruction_attributes={})

    def _say_round(self, i, records, judge, held, seconds):
        """Print what a round has made."""
        leaves, k = int(records.nodes["is_leaf"].sum()), len(records.sizes)
        trees = f"{k} tree, {leaves} leaves"
        if k > 1:
            trees = f"{k} trees, {leaves} leaves ({leaves // k} on avg)"
        text = f"[{i + 1}/{self.max_iter}] {trees}, max depth = {records.nodes['depth'].max()}, "
        if judge is not None:
            text += f"train {judge.name}: {judge.factor * self.train_score_[-1]:.5f}, "
            if held is not None:
                text += f"val {judge.name}: {judge.factor * self.validation_score_[-1]:.5f}, "
        self._say(f"{text}in {seconds:0.3f}s", level=2)

    def _trees_so_far(self, device, parts):
        records = solver.join_records(parts)
        packed = self._pack(device.kernels.boosted_trees, records)
        return {"_records": records, "_forests": {device.name: packed}}

    def _pack(self, kernels, records, columns=None):
        bins = self._bins
        return kernels.pack_trees(records, bins.padded, bins.n_categories, bins.max_bins, columns)

    # ---- using the model -------------------------------------------------------------------------------
    def _raw_predict(self, X):
        """Raw predictions of shape (n_outputs, n_samples)."""
        check_fitted(self, "_baseline")
        X = encode(self, X)
        n_trees = len(self._records.sizes) if "_records" in vars(self) else 0
        device = self._choose_device(X, 1, 60.0 * n_trees)
        raw = self._without_trees(device, len(X))
        if n_trees:  # a scorer asks before the first round too
            kernels, forests = device.kernels.boosted_trees, vars(self).setdefault("_forests", {})
            if device.name not in forests:
                forests[device.name] = self._pack(kernels, self._records)
            kernels.predict_rows(forests[device.name], device.asarray(X), raw)
        return device.to_host(raw)

    def _staged_raw_predict(self, X):
        """Yield raw predictions of shape (n_outputs, n_samples) after each round."""
        check_fitted(self, "_records")
        X = encode(self, X)
        k = self.n_trees_per_iteration_
        device = self._choose_device(X, 1, 60.0 * len(self._records.sizes))
        X, kernels = device.asarray(X), device.kernels.boosted_trees
        raw = self._without_trees(device, len(X))
        forest = self._pack(kernels, self._records)
        for first in range(0, len(forest.trees), k):
            kernels.predict_rows(forest._replace(trees=forest.trees[first : first + k]), X, raw)
            yield device.to_host(raw).copy()

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes or targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predictions; of equally probable classes the first.
        """
        return self._like(self._from_raw(self._raw_predict(X)), X)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Predict classes or targets after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            Predictions.
        """
        for raw in self._staged_raw_predict(X):
            yield self._like(self._from_raw(raw), X)

    def _compute_partial_dependence_recursion(self, grid, target_features):
        """Averages over the training data with some features at given values, by walking down the trees."""
        if self._with_weights:
            raise ValueError(
                f"{type(self).__name__} does not support partial dependence with the method 'recursion' "
                "when sample weights were given to fit."
            )
        averages = np.zeros((self.n_trees_per_iteration_, len(grid)))
        CPU.kernels.boosted_trees.average_trees(
            self._records,
            np.ascontiguousarray(grid, np.float64),
            np.ascontiguousarray(target_features, np.int64),
            averages,
        )
        return averages

    # ---- scikit-learn's twin -------------------------------------------------------------------------------
    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        from ._boosting_twin import make_twin

        return copy.deepcopy(make_twin(self))

    # ---- what differs --------------------------------------------------------------------------------------
    def _expand_weights(self, sample_weight, y):
        return sample_weight

    def _decode_target(self, y):
        return y

    def _quantile(self):
        return 0.5

    def _like(self, result, X):
        return like_input(result, X)


def _there(device, *arrays):
    """Arrays, or None, moved to the device."""
    return tuple(None if a is None else device.asarray(a) for a in arrays)
