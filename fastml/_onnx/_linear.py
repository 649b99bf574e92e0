"""Linear models in ONNX's operators."""

from __future__ import annotations

import numpy as np

from ..svm._decision import dense
from ._results import add_labels, flat, indices_of, probabilities_of, sigmoid, sum_rows

__all__ = [
    "finish_descent",
    "finish_log_link",
    "finish_logistic",
    "finish_regressor",
    "finish_scores",
    "project",
]


def _functions(graph, est, coef):
    """Linear functions of the rows; one without an axis for it if the coefficients have none."""
    rows = graph.cast(graph.at, np.float64)
    products = graph.add("MatMul", rows, np.ascontiguousarray(coef.T, np.float64))
    return graph.add("Add", products, np.asarray(est.intercept_, np.float64))


def _scores(graph, est):
    """The scores of the classes, of shape (n_samples, n_scores), and n_scores."""
    coef = np.atleast_2d(dense(est.coef_))
    return _functions(graph, est, coef), len(coef)


def finish_regressor(graph, est):
    """Add the predictions of linear functions.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : regressor
        With `coef_` and `intercept_`.
    """
    coef = dense(est.coef_)
    shape = [None, *coef.shape[:-1]]
    graph.output(_functions(graph, est, coef), "variable", np.float64, shape)


def finish_log_link(graph, est):
    """Add the predictions of a regressor whose linear function is the logarithm of the mean.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : regressor
        With `coef_` and `intercept_`.
    """
    means = graph.add("Exp", _functions(graph, est, est.coef_))
    graph.output(means, "variable", np.float64, [None])


def finish_scores(graph, est):
    """Add the labels and the scores of a classifier without probabilities.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : classifier
        With `coef_` and `intercept_`.

    Raises
    ------
    ValueError
        If a sample has several labels.
    """
    if getattr(est, "_is_multilabel", bool)():
        name = type(est).__name__
        raise ValueError(f"{name} has several outputs, whose classes do not fit into one result")
    scores, n_scores = _scores(graph, est)
    add_labels(graph, est, indices_of(graph, scores, n_scores))
    if n_scores > 1:
        graph.output(scores, "scores", np.float64, [None, n_scores])
    else:
        graph.output(flat(graph, scores), "scores", np.float64, [None])


def finish_logistic(graph, est):
    """Add the labels and the probabilities of a classifier whose scores are log-odds.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : classifier
        With `coef_` and `intercept_`.
    """
    scores, n_scores = _scores(graph, est)
    _finish(graph, est, scores, n_scores, probabilities_of(graph, scores, n_scores))


def finish_descent(graph, est):
    """Add the labels of a classifier by stochastic gradient descent, and probabilities or scores.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : SGDClassifier
        The fitted estimator.
    """
    if not hasattr(est, "predict_proba"):
        finish_scores(graph, est)
        return
    scores, n_scores = _scores(graph, est)
    if est.loss == "log_loss":
        share = sigmoid(graph, scores)
    else:
        clipped = graph.add("Clip", scores, np.array(-1.0), np.array(1.0))
        share = graph.add("Div", graph.add("Add", clipped, np.ones(1)), np.array([2.0]))
    if n_scores == 1:
        probabilities = graph.add("Concat", graph.add("Sub", np.ones(1), share), share, axis=1)
    else:
        are_none = graph.add("Equal", sum_rows(graph, share), np.zeros(1))
        share = graph.add("Where", are_none, np.ones(1), share)
        probabilities = graph.add("Div", share, sum_rows(graph, share))
    _finish(graph, est, scores, n_scores, probabilities)


def _finish(graph, est, scores, n_scores, probabilities):
    add_labels(graph, est, indices_of(graph, scores, n_scores))
    graph.output(probabilities, "probabilities", np.float64, [None, len(est.classes_)])


def project(graph, est):
    """Make the projections of discriminant analysis the value that the next estimator takes.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : LinearDiscriminantAnalysis
        The fitted estimator.

    Raises
    ------
    ValueError
        With solver "lsqr".
    """
    if est.solver == "lsqr":
        raise ValueError("LinearDiscriminantAnalysis does not transform with solver 'lsqr'")
    rows = graph.cast(graph.at, np.float64)
    if est.solver == "svd":
        rows = graph.add("Sub", rows, est.xbar_.astype(np.float64))
    directions = est.scalings_[:, : est._max_components]
    graph.at = graph.cast(
        graph.add("MatMul", rows, np.ascontiguousarray(directions, np.float64)), graph.dtype
    )
