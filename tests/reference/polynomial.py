"""Monomials, each multiplied by itself."""

import itertools

import numpy as np


def combinations(n_features, degree, interaction_only, include_bias):
    """The features of each monomial, by degree and then in the order of the features."""
    choose = itertools.combinations if interaction_only else itertools.combinations_with_replacement
    degrees = range(0 if include_bias else 1, degree + 1)
    return [combo for d in degrees for combo in choose(range(n_features), d)]


def expand(X, combos):
    """The products of the features of each monomial."""
    columns = [np.prod(X[:, combo].astype(np.float64), axis=1) for combo in map(list, combos)]
    return np.stack(columns, axis=1)
