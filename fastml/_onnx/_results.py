"""Results of models, made of scores, in ONNX's operators."""

from __future__ import annotations

import numpy as np

__all__ = ["add_labels", "add_outliers", "flat", "indices_of", "probabilities_of", "sigmoid", "sum_rows"]

COLUMNS = np.array([1])  # the axis


def flat(graph, value) -> str:
    """Reshape a value to one axis.

    Parameters
    ----------
    graph : Graph
        The graph.
    value : str
        Its name.

    Returns
    -------
    name : str
        Of the result.
    """
    return graph.add("Reshape", value, np.array([-1], np.int64))


def sum_rows(graph, value) -> str:
    """Sum each row.

    Parameters
    ----------
    graph : Graph
        The graph.
    value : str
        The name of a value of shape (n_samples, n).

    Returns
    -------
    name : str
        Of the sums, of shape (n_samples, 1).
    """
    return graph.add("ReduceSum", value, COLUMNS, keepdims=1)


def sigmoid(graph, value) -> str:
    """Compute ``1 / (1 + exp(-x))``.

    The operator Sigmoid of onnxruntime makes small results of the difference of two numbers near one, which
    leaves not even their order of magnitude.

    Parameters
    ----------
    graph : Graph
        The graph.
    value : str
        The name of a float64 value.

    Returns
    -------
    name : str
        Of the result.
    """
    exponential = graph.add("Exp", graph.add("Neg", value))
    return graph.add("Reciprocal", graph.add("Add", exponential, np.ones(1)))


def indices_of(graph, scores, n_scores) -> str:
    """Find the class with the highest score, of equal ones the first.

    Parameters
    ----------
    graph : Graph
        The graph.
    scores : str
        The name of the scores, of shape (n_samples, n_scores).
    n_scores : int
        1 for two classes: the second is meant where the score is positive.

    Returns
    -------
    name : str
        Of the classes' numbers, of shape (n_samples,).
    """
    if n_scores > 1:
        return graph.add("ArgMax", scores, axis=1, keepdims=0)
    return graph.cast(flat(graph, graph.add("Greater", scores, np.zeros(1))), np.int64)


def probabilities_of(graph, scores, n_scores) -> str:
    """Make probabilities of log-odds.

    Parameters
    ----------
    graph : Graph
        The graph.
    scores : str
        Their name; they are of shape (n_samples, n_scores).
    n_scores : int
        1 for two classes.

    Returns
    -------
    name : str
        Of the probabilities, of shape (n_samples, n_classes).
    """
    if n_scores > 1:
        return graph.add("Softmax", scores, axis=1)
    both = graph.add("Neg", scores), scores
    return graph.add("Concat", *(sigmoid(graph, one) for one in both), axis=1)


def add_labels(graph, est, indices):
    """Make the labels of classes, by their numbers, a result.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : classifier
        Whose labels.
    indices : str
        The name of the numbers, of shape (n_samples,).
    """
    classes = np.asarray(est.classes_)
    classes = classes.astype(str) if classes.dtype == object else classes
    found = graph.add("Gather", classes, indices, axis=0)
    graph.output(found, "label", classes.dtype, [None])


def add_outliers(graph, scores, is_outlier):
    """Make -1 for outliers and 1 for others a result, and the scores.

    Parameters
    ----------
    graph : Graph
        The graph.
    scores : str
        Their name; they are float64 of shape (n_samples,).
    is_outlier : str
        The name of what is true for outliers.
    """
    label = graph.add("Where", is_outlier, np.array([-1]), np.array([1]))
    graph.output(label, "label", np.int64, [None])
    graph.output(scores, "scores", np.float64, [None])
