"""Bagging: the samples and features of each estimator, drawn as scikit-learn draws them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Draw", "draw", "draw_some"]


class Draw(NamedTuple):
    """How samples and features are drawn.

    Attributes
    ----------
    n_samples, n_features : int
        How many there are.
    max_samples, max_features : int
        How many are drawn.
    bootstrap, bootstrap_features : bool
        Whether with replacement.
    weight : ndarray of shape (n_samples,) or None
        By which samples are drawn.
    """

    n_samples: int
    n_features: int
    max_samples: int
    max_features: int
    bootstrap: bool
    bootstrap_features: bool
    weight: Any


def draw(how, seed, rng=None):
    """Draw the features and samples of an estimator.

    Parameters
    ----------
    how : Draw
        How.
    seed : int
        The estimator's.
    rng : RandomState, default=None
        A generator to be seeded: making a new one takes longer than drawing few samples.

    Returns
    -------
    features, samples : ndarray of int
        Their numbers.
    """
    rng = np.random.RandomState(0) if rng is None else rng
    rng.seed(seed)
    features = draw_some(rng, how.bootstrap_features, how.n_features, how.max_features)
    if how.weight is None:
        return features, draw_some(rng, how.bootstrap, how.n_samples, how.max_samples)
    shares = how.weight / np.sum(how.weight)
    return features, rng.choice(how.n_samples, how.max_samples, replace=how.bootstrap, p=shares)


def draw_some(rng, with_replacement, n, n_drawn):
    """Draw some of `n` numbers.

    Parameters
    ----------
    rng : RandomState
        What is drawn from.
    with_replacement : bool
        Whether a number may be drawn again.
    n, n_drawn : int
        How many there are, and how many are drawn.

    Returns
    -------
    numbers : ndarray of shape (n_drawn,)
        From 0 to n - 1.
    """
    if with_replacement:
        return rng.randint(0, n, n_drawn)
    if n_drawn == n:
        return np.arange(n)
    if 0.01 < n_drawn / n < 0.99:
        return rng.permutation(n)[:n_drawn]
    return _draw_few(rng, n, n_drawn) if n_drawn < n / 2 else _draw_most(rng, n, n_drawn)


def _draw_few(rng, n, n_drawn):
    """Draw until enough different numbers have come."""
    drawn = np.empty(0, np.int64)
    while len(drawn) < n_drawn:
        drawn = np.concatenate([drawn, rng.randint(n, size=n_drawn - len(drawn))])
        drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
    return drawn


def _draw_most(rng, n, n_drawn):
    """Let each of the last numbers take the place of one before, or of none: reservoir sampling."""
    kept = np.arange(n_drawn)
    for number in range(n_drawn, n):
        place = rng.randint(0, number + 1)
        if place < n_drawn:
            kept[place] = number
    return kept
