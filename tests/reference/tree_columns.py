"""Ranks of the values of columns, defined."""

import numpy as np


def rank_columns(X):
    """Each column's ranks and different values, as float32; missing values rank last, as infinity."""
    ranks, values = [], []
    for column in X.astype(np.float32).T:
        missing = np.isnan(column)
        different = np.unique(column[~missing] + np.float32(0))
        ranks.append(np.where(missing, len(different), np.searchsorted(different, column)))
        values.append(np.append(different, np.inf) if missing.any() else different)
    return np.array(ranks), values
