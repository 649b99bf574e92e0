"""Rankings of the samples of two classes, by looking at every pair and every threshold."""

import numpy as np


def count_wins(scores, positive):
    """Twice the pairs that the positive wins, plus the pairs of equal scores."""
    wins = 0
    for high in scores[positive]:
        for low in scores[~positive]:
            wins += 2 * int(high > low) + int(high == low)
    return wins, int(positive.sum()), int((~positive).sum())


def class_curve(scores, positive, weights=None):
    """Weights of the positives and of the negatives from each distinct score on."""
    weights = np.ones(len(scores)) if weights is None else weights
    thresholds = np.unique(scores)[::-1]
    curve = [[weights[(scores >= t) & mask].sum() for t in thresholds] for mask in (positive, ~positive)]
    return np.array(curve), thresholds
