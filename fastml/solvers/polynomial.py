"""Which products make the monomials up to a degree."""

from __future__ import annotations

import numpy as np

__all__ = ["segments_of"]


def segments_of(n_features: int, degree: int, interaction_only: bool, n_ones: int) -> np.ndarray:
    """List the products that make the monomials from the second degree on.

    The monomials of a degree stand in the order of their features. Those that begin with feature j are the
    monomials of the degree before that begin with feature j or a later one, times feature j.

    Parameters
    ----------
    n_features : int
        Number of features.
    degree : int
        The highest degree.
    interaction_only : bool
        Whether a feature occurs once in a monomial at most.
    n_ones : int
        Columns before those of the first degree.

    Returns
    -------
    segments : int64 ndarray of shape (n_segments, 4)
        First column read, number of columns, feature, first column written.

    Examples
    --------
    >>> from fastml.solvers.polynomial import segments_of
    >>> segments_of(2, 2, False, 1).tolist()
    [[1, 2, 0, 3], [2, 1, 1, 5]]
    """
    segments = []
    # Where the monomials that begin with each feature start, of the degree before, and where the last end
    starts = [n_ones + j for j in range(n_features + 1)]
    for _ in range(2, degree + 1):
        end, at, following = starts[-1], starts[-1], []
        for j in range(n_features):
            source = starts[j + 1] if interaction_only else starts[j]
            following.append(at)
            if end > source:
                segments.append((source, end - source, j, at))
                at += end - source
        starts = [*following, at]
    return np.array(segments, np.int64).reshape(-1, 4)
