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


def draw(how, seed, draw_few):
    """Draw the features and samples of an estimator.

    Parameters
    ----------
    how : Draw
        How.
    seed : int
        The estimator's.
    draw_few : callable
        What draws very few, or nearly all, of many without replacement: called with the number, how many, and
        the generator.

    Returns
    -------
    features, samples : ndarray of int
        Their numbers.
    """
    rng = np.random.RandomState(seed)
    features = draw_some(rng, how.bootstrap_features, how.n_features, how.max_features, draw_few)
    if how.weight is None:
        return features, draw_some(rng, how.bootstrap, how.n_samples, how.max_samples, draw_few)
    shares = how.weight / np.sum(how.weight)
    return features, rng.choice(how.n_samples, how.max_samples, replace=how.bootstrap, p=shares)


def draw_some(rng, with_replacement, n, n_drawn, draw_few):
    """Draw some of `n` numbers; the arguments are those of `draw`."""
    if with_replacement:
        return rng.randint(0, n, n_drawn)
    if n_drawn == n:
        return np.arange(n)
    if 0.01 < n_drawn / n < 0.99:
        return rng.permutation(n)[:n_drawn]
    return draw_few(n, n_drawn, rng)
