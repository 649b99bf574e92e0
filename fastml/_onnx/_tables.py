"""Transformers of tables, and clusters, in ONNX's operators."""

from __future__ import annotations

import numpy as np

from ._results import COLUMNS, sum_rows

__all__ = [
    "divide_by_largest",
    "divide_by_norms",
    "finish_clusters",
    "finish_transformer",
    "map_ranges",
    "multiply_columns",
    "standardize",
]


def finish_transformer(transform):
    """Make a function that adds the results of a transformer.

    Parameters
    ----------
    transform : callable
        Makes what an estimator transforms the value that the next one takes.

    Returns
    -------
    finish : callable
        Takes a graph and an estimator.
    """

    def finish(graph, est):
        transform(graph, est)
        width = vars(est).get("n_output_features_", est.n_features_in_)
        graph.output(graph.at, "transformed", graph.dtype, [None, width])

    return finish


def _subtract_and_divide(graph, shift, scale):
    for operator, values in (("Sub", shift), ("Div", scale)):
        if values is not None:
            graph.at = graph.add(operator, graph.at, values.astype(graph.dtype))


def _clip(graph, low, high):
    graph.at = graph.add("Clip", graph.at, *(np.array(bound, graph.dtype) for bound in (low, high)))


def standardize(graph, est):
    """Subtract means or medians, and divide by scales, as far as the estimator does.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : StandardScaler or RobustScaler
        The fitted estimator.
    """
    if hasattr(est, "center_"):
        _subtract_and_divide(graph, est.center_, est.scale_)
    else:
        mean, scale = est.mean_ if est.with_mean else None, est.scale_ if est.with_std else None
        _subtract_and_divide(graph, mean, scale)


def map_ranges(graph, est):
    """Map ranges to a range.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : MinMaxScaler
        The fitted estimator.
    """
    scaled = graph.add("Mul", graph.at, est.scale_.astype(graph.dtype))
    graph.at = graph.add("Add", scaled, est.min_.astype(graph.dtype))
    if est.clip:
        _clip(graph, *est.feature_range)


def divide_by_largest(graph, est):
    """Divide by the largest absolute values.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : MaxAbsScaler
        The fitted estimator.
    """
    _subtract_and_divide(graph, None, est.scale_)
    if est.clip:
        _clip(graph, -1, 1)


def divide_by_norms(graph, est):
    """Divide rows by their norms, but zeros.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : Normalizer
        The estimator.
    """
    rows = graph.cast(graph.at, np.float64)
    if est.norm == "l2":
        norms = graph.add("Sqrt", graph.add("ReduceSumSquare", rows, COLUMNS, keepdims=1))
    elif est.norm == "l1":
        norms = sum_rows(graph, graph.add("Abs", rows))
    else:
        norms = graph.add("ReduceMax", graph.add("Abs", rows), COLUMNS, keepdims=1)
    norms = graph.add("Where", graph.add("Equal", norms, np.zeros(1)), np.ones(1), norms)
    graph.at = graph.cast(graph.add("Div", rows, norms), graph.dtype)


def multiply_columns(graph, est):
    """Multiply columns to polynomials.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : PolynomialFeatures
        The fitted estimator.
    """
    powers = est.powers_
    n_factors = max(1, int(powers.sum(axis=1).max()))
    with_ones = np.column_stack([powers, n_factors - powers.sum(axis=1)])
    columns = np.arange(with_ones.shape[1])
    factors = np.array([np.repeat(columns, own) for own in with_ones])  # one row for each product
    padded = graph.add("Pad", graph.at, np.array([0, 0, 0, 1]), np.array(1, graph.dtype))
    graph.at, *others = (graph.add("Gather", padded, own, axis=1) for own in factors.T)
    for other in others:
        graph.at = graph.add("Mul", graph.at, other)


def finish_clusters(graph, est):
    """Add the numbers of the nearest centres: the product with one, less half its square, is largest.

    All is centred, so that little cancels.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : KMeans or MiniBatchKMeans
        The fitted estimator.
    """
    centers = est.cluster_centers_.astype(np.float64)
    middle = centers.mean(axis=0)
    centers = centers - middle
    rows = graph.add("Sub", graph.cast(graph.at, np.float64), middle)
    products = graph.add("MatMul", rows, np.ascontiguousarray(centers.T))
    scores = graph.add("Sub", products, 0.5 * (centers * centers).sum(axis=1))
    nearest = graph.add("ArgMax", scores, axis=1, keepdims=0)
    graph.output(graph.cast(nearest, np.int32), "variable", np.int32, [None])
