"""Models as ONNX graphs, which other runtimes and languages compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Estimator
from .._validation import check_fitted

__all__ = ["to_onnx"]

FLOATS = ("float32", "float64")


def to_onnx(estimator: Any, dtype: Any = "float32") -> Any:
    """Return a fitted estimator as an ONNX model.

    Parameters
    ----------
    estimator : estimator
        A decision tree, a forest, bagging of trees, a `HistGradientBoostingClassifier` or
        `HistGradientBoostingRegressor`, an `IsolationForest`, a `LinearDiscriminantAnalysis`, `KMeans` or
        `MiniBatchKMeans`, any estimator of `fastml.linear_model`, `fastml.preprocessing` and `fastml.svm`, or
        a pipeline of such.
    dtype : {"float32", "float64"}, default="float32"
        Of the model's input.

    Returns
    -------
    model : onnx.ModelProto
        Its input is ``X`` of shape (n_samples, n_features). A classifier has the outputs ``label`` and
        ``probabilities``, or in the place of these, if it has none, ``scores``, which are those of
        ``decision_function``; so has a detector of outliers. A regressor or clusterer has ``variable``, a
        transformer ``transformed``.

    Raises
    ------
    TypeError
        For an estimator of another kind.
    ValueError
        For what ONNX's operators do not have: categories that are strings, classifiers with several outputs,
        callable kernels; for bagging of others than trees.
    ImportError
        If onnx is not installed.

    Notes
    -----
    Boosted trees, and trees with one value a leaf, become the operator TreeEnsemble (ai.onnx.ml 5) and are
    computed in float64. Trees with several values a leaf become TreeEnsembleRegressor (ai.onnx.ml 3), whose
    result is float32. NaN is missing, and goes where the estimator sends it. Linear models and support vector
    machines, of sparse data too, become products of matrices, in float64.

    Examples
    --------
    >>> import fastml
    >>> from fastml.tree import DecisionTreeRegressor
    >>> model = fastml.to_onnx(DecisionTreeRegressor().fit([[0.0], [1.0]], [3.0, 4.0]))
    >>> [output.name for output in model.graph.output]
    ['variable']
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ImportError("export to ONNX needs onnx: pip install 'fastml[onnx]'") from error
    from ._graph import Graph
    from ._models import EXPORTS

    dtype = np.dtype(dtype)
    if dtype.name not in FLOATS:
        raise ValueError(f"dtype must be one of {FLOATS}, not {dtype}")
    steps = _steps(estimator)
    for step in steps:
        if type(step).__name__ not in EXPORTS or not isinstance(step, Estimator):
            possible = ", ".join(EXPORTS)
            raise TypeError(f"{type(step).__name__} cannot be exported to ONNX; these can: {possible}")
        check = EXPORTS[type(step).__name__].check
        if check is not None:
            check(step)
        check_fitted(step, "n_features_in_")
    graph = Graph(dtype, steps[0].n_features_in_)
    for step in steps[:-1]:
        transform = EXPORTS[type(step).__name__].transform
        if transform is None:
            raise TypeError(f"{type(step).__name__} can only be exported as the last step of a pipeline")
        transform(graph, step)
    EXPORTS[type(steps[-1]).__name__].finish(graph, steps[-1])
    return graph.to_model()


def _steps(estimator):
    """The estimators of a pipeline, in order; else the estimator alone."""
    if not hasattr(estimator, "steps"):
        return [estimator]
    return [step for _, step in estimator.steps if step is not None and step != "passthrough"]
