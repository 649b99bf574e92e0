"""What each estimator computes, in ONNX's operators."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..solvers.isolation import average_path_length
from ..solvers.tree import N_REALS, Tree
from . import _boosting, _exact, _linear, _machines, _tables
from ._results import add_labels, add_outliers, flat, indices_of, probabilities_of

__all__ = ["EXPORTS"]


class Export(NamedTuple):
    """How an estimator is exported.

    Attributes
    ----------
    finish : callable
        Adds the results of the last estimator to a graph.
    transform : callable or None
        Makes what an estimator transforms the value that the next one takes.
    check : callable or None
        Raises ValueError for an estimator that operators cannot express.
    """

    finish: Any
    transform: Any = None
    check: Any = None


# ---- trees ------------------------------------------------------------------------------------------------
def _trees_of(est):
    if "tree_" in vars(est):
        return [est.tree_]
    if "_forest" in vars(est):
        return est._forest.trees
    if vars(est).get("_twin") is not None:
        raise ValueError(f"{type(est).__name__} has estimators that are no trees of fastml's")
    return est._whole_trees()


def _trees_finish(graph, est):
    trees = _trees_of(est)
    classifies, n_outputs = hasattr(est, "classes_"), trees[0].n_outputs
    if classifies and n_outputs > 1:
        name = type(est).__name__
        raise ValueError(f"{name} has several outputs, whose classes do not fit into one result")
    means = _exact.add_trees(graph, trees)
    if classifies:
        add_labels(graph, est, graph.add("ArgMax", means, axis=1, keepdims=0))
        graph.output(means, "probabilities", np.float64, [None, len(est.classes_)])
    elif n_outputs == 1:
        graph.output(flat(graph, means), "variable", np.float64, [None])
    else:
        graph.output(means, "variable", np.float64, [None, n_outputs])


def _isolation_finish(graph, est):
    _, roots, lengths = est._packed_trees()
    trees = []
    for tree, own in zip(est._whole_trees(), np.split(lengths, roots[1:])):
        reals = np.concatenate([tree.reals[:, :N_REALS], own], axis=1)
        trees.append(Tree(tree.n_features, [1], tree.nodes, reals, tree.max_depth))
    means = flat(graph, _exact.add_trees(graph, trees))
    expected = average_path_length(np.array([est.max_samples_]))
    # Trees of one sample have no paths: their score is that of an average one.
    exponent = graph.add("Div", means, -expected) if expected > 0 else graph.add("Sub", means, np.ones(1))
    scores = graph.add("Neg", graph.add("Pow", np.array([2.0]), exponent))
    scores = graph.add("Sub", scores, np.array([est.offset_]))
    add_outliers(graph, scores, graph.add("Less", scores, np.zeros(1)))


def _boosting_finish(graph, est):
    raw = _boosting.add_trees(graph, est)
    if not hasattr(est, "classes_"):
        predicted = graph.add("Exp", raw) if est.loss in ("gamma", "poisson") else raw
        graph.output(flat(graph, predicted), "variable", np.float64, [None])
        return
    n_scores = est.n_trees_per_iteration_
    add_labels(graph, est, indices_of(graph, raw, n_scores))
    probabilities = probabilities_of(graph, raw, n_scores)
    graph.output(probabilities, "probabilities", np.float64, [None, max(2, n_scores)])


# ---- which estimator is exported how ---------------------------------------------------------------------
def _transformer(transform):
    return Export(_tables.finish_transformer(transform), transform)


TREES = Export(_trees_finish)
LINEAR_FUNCTIONS = Export(_linear.finish_regressor)
LINEAR_SCORES = Export(_linear.finish_scores)
LOG_LINK = Export(_linear.finish_log_link)
LOGISTIC = Export(_linear.finish_logistic)
MACHINE_FUNCTION = Export(_machines.finish_regressor, check=_machines.check)
MACHINES_OF_PAIRS = Export(_machines.finish_classifier, check=_machines.check)
# How each estimator is exported. A new one gets its line here.
EXPORTS = {
    "BaggingClassifier": TREES,
    "BaggingRegressor": TREES,
    "DecisionTreeClassifier": TREES,
    "DecisionTreeRegressor": TREES,
    "ElasticNet": LINEAR_FUNCTIONS,
    "ElasticNetCV": LINEAR_FUNCTIONS,
    "ExtraTreeClassifier": TREES,
    "ExtraTreeRegressor": TREES,
    "ExtraTreesClassifier": TREES,
    "ExtraTreesRegressor": TREES,
    "HistGradientBoostingClassifier": Export(_boosting_finish),
    "HistGradientBoostingRegressor": Export(_boosting_finish),
    "GammaRegressor": LOG_LINK,
    "HuberRegressor": LINEAR_FUNCTIONS,
    "IsolationForest": Export(_isolation_finish),
    "KMeans": Export(_tables.finish_clusters),
    "Lasso": LINEAR_FUNCTIONS,
    "LassoCV": LINEAR_FUNCTIONS,
    "LinearDiscriminantAnalysis": Export(_linear.finish_logistic, _linear.project),
    "LinearRegression": LINEAR_FUNCTIONS,
    "LinearSVC": LINEAR_SCORES,
    "LinearSVR": LINEAR_FUNCTIONS,
    "LogisticRegression": LOGISTIC,
    "LogisticRegressionCV": LOGISTIC,
    "MaxAbsScaler": _transformer(_tables.divide_by_largest),
    "MinMaxScaler": _transformer(_tables.map_ranges),
    "MiniBatchKMeans": Export(_tables.finish_clusters),
    "MultiTaskElasticNet": LINEAR_FUNCTIONS,
    "MultiTaskElasticNetCV": LINEAR_FUNCTIONS,
    "MultiTaskLasso": LINEAR_FUNCTIONS,
    "MultiTaskLassoCV": LINEAR_FUNCTIONS,
    "Normalizer": _transformer(_tables.divide_by_norms),
    "NuSVC": MACHINES_OF_PAIRS,
    "NuSVR": MACHINE_FUNCTION,
    "OneClassSVM": Export(_machines.finish_detector, check=_machines.check),
    "PassiveAggressiveClassifier": LINEAR_SCORES,
    "PassiveAggressiveRegressor": LINEAR_FUNCTIONS,
    "Perceptron": LINEAR_SCORES,
    "PoissonRegressor": LOG_LINK,
    "PolynomialFeatures": _transformer(_tables.multiply_columns),
    "RandomForestClassifier": TREES,
    "RandomForestRegressor": TREES,
    "Ridge": LINEAR_FUNCTIONS,
    "RidgeCV": LINEAR_FUNCTIONS,
    "RidgeClassifier": LINEAR_SCORES,
    "RidgeClassifierCV": LINEAR_SCORES,
    "RobustScaler": _transformer(_tables.standardize),
    "SGDClassifier": Export(_linear.finish_descent),
    "SGDRegressor": LINEAR_FUNCTIONS,
    "SVC": MACHINES_OF_PAIRS,
    "SVR": MACHINE_FUNCTION,
    "StandardScaler": _transformer(_tables.standardize),
}
