"""The parameters that the two boosting estimators share."""

import numbers

from .._validation import DEVICE, Interval, Options

__all__ = ["BoostingParameters"]


class BoostingParameters:
    """Mixin that describes and constrains them.

    Parameters
    ----------
    learning_rate : float, default=0.1
        Factor of the trees' predictions.

    max_iter : int, default=100
        The most rounds.

    max_leaf_nodes : int or None, default=31
        The most leaves of a tree; None means that there is no limit.

    max_depth : int or None, default=None
        The most edges from a tree's root to a leaf; None means that there is no limit.

    min_samples_leaf : int, default=20
        The least samples of a leaf.

    l2_regularization : float, default=0.0
        Added to the sum of second derivatives that a leaf's value is divided by.

    max_features : float, default=1.0
        Part of the features that each split may choose from, drawn at random.

    max_bins : int, default=255
        The most bins of a feature. One more holds missing values.

    categorical_features : array-like of {bool, int, str} of shape (n_features,) or \
            (n_categorical_features,), "from_dtype" or None, default="from_dtype"
        Features of categories: a mask, indices, or names. "from_dtype" takes the columns of a data frame that
        are categorical by their dtype. Each has at most `max_bins` categories.

    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 where predictions must not fall with the feature, -1 where they must not rise, 0 elsewhere; or a
        dict of these by the features' names.

    interaction_cst : {"pairwise", "no_interactions"} or sequence of collections of int, default=None
        Groups of features that may occur together on the way from a tree's root to a leaf. Features in no
        group make one more.

    warm_start : bool, default=False
        Whether to add rounds to those of the previous fit, on the same data.

    early_stopping : "auto" or bool, default="auto"
        Whether to stop when the scores get no better; "auto" does so for more than 10,000 samples.

    scoring : str, callable or None, default="loss"
        What to stop early by: "loss", a scorer, or None for the estimator's own score.

    validation_fraction : int, float or None, default=0.1
        How many samples to hold out to stop early by, or what part. None: none, the training data itself is
        scored.

    n_iter_no_change : int, default=10
        Stop when none of as many rounds was better than the one before them.

    tol : float, default=1e-7
        How much better a score has to be.

    verbose : int, default=0
        1 prints a summary, 2 a line for each round.

    random_state : int, RandomState instance or None, default=None
        Where the random numbers come from that choose the samples held out, those that bins are found from
        when there are more than 200,000, and features.

    Attributes
    ----------
    do_early_stopping_ : bool
        Whether it was tried to stop early.

    n_iter_ : int
        Number of rounds.

    train_score_ : ndarray of shape (n_iter_ + 1,)
        Scores of the training data before the first and after each round, or minus the losses; empty without
        early stopping.

    validation_score_ : ndarray of shape (n_iter_ + 1,)
        The same for the data held out; empty if there is none.

    is_categorical_ : ndarray of shape (n_features,) or None
        Which features are categories; None if none is.
    """

    _constraints: dict = {
        "learning_rate": [Interval(numbers.Real, 0, closed="neither")],
        "max_iter": [Interval(numbers.Integral, 1)],
        "max_leaf_nodes": [Interval(numbers.Integral, 2), None],
        "max_depth": [Interval(numbers.Integral, 1), None],
        "min_samples_leaf": [Interval(numbers.Integral, 1)],
        "l2_regularization": [Interval(numbers.Real, 0)],
        "max_features": [Interval(float, 0, 1, closed="right")],
        "monotonic_cst": ["array-like", dict, None],
        "interaction_cst": [list, tuple, Options("pairwise", "no_interactions"), None],
        "n_iter_no_change": [Interval(numbers.Integral, 1)],
        "validation_fraction": [
            Interval(float, 0, 1, closed="neither"),
            Interval(numbers.Integral, 1),
            None,
        ],
        "tol": [Interval(numbers.Real, 0)],
        "max_bins": [Interval(numbers.Integral, 2, 255, closed="both")],
        "categorical_features": ["array-like", Options("from_dtype"), None],
        "warm_start": ["boolean"],
        "early_stopping": [Options("auto"), "boolean"],
        "scoring": [str, callable, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "device": DEVICE,
    }
