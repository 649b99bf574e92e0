"""Platt's sigmoid and the coupling of pairwise probabilities, by general optimisers."""

import numpy as np
from scipy.optimize import minimize


def loss(parameters, decision, positive):
    """Cross entropy between smoothed labels and the sigmoid."""
    n_positive = np.count_nonzero(positive)
    n_negative = len(positive) - n_positive
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    z = parameters[0] * decision + parameters[1]
    return np.sum(target * z + np.logaddexp(0, -z))


def fit_sigmoid(decision, positive):
    """The sigmoid's parameters."""
    return minimize(loss, np.zeros(2), (decision, positive), tol=1e-12).x


def couple_probabilities(pairwise, n_classes):
    """Minimise the squares of ``r_ji p_i - r_ij p_j`` with sum 1 (Wu, Lin, Weng, equation 19), row by row."""
    rows = []
    for values in pairwise:
        r = np.zeros((n_classes, n_classes))
        r[np.triu_indices(n_classes, 1)] = values
        r += np.tril(1 - r.T, -1)
        Q = -r.T * r
        np.fill_diagonal(Q, [sum(r[j, t] ** 2 for j in range(n_classes) if j != t) for t in range(n_classes)])
        system = np.block([[Q, np.ones((n_classes, 1))], [np.ones((1, n_classes)), np.zeros((1, 1))]])
        rows.append(np.linalg.solve(system, np.r_[np.zeros(n_classes), 1])[:n_classes])
    return np.array(rows)
