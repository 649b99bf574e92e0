"""Support vector machines in ONNX's operators."""

from __future__ import annotations

import numpy as np

from ..kernels.cpu.platt import COUPLING_STEPS, COUPLING_TOL
from ..svm._classification import LEAST_PROBABILITY, members_of
from ..svm._decision import dense, pairs_of
from ._results import COLUMNS, add_labels, add_outliers, flat, indices_of, sigmoid, sum_rows

__all__ = ["check", "finish_classifier", "finish_detector", "finish_regressor"]


def check(est):
    """Refuse what operators cannot express.

    Parameters
    ----------
    est : estimator
        A support vector machine.

    Raises
    ------
    ValueError
        For a kernel that is a callable, and for parameters that `predict` refuses.
    """
    name = type(est).__name__
    if callable(est.kernel):
        raise ValueError(f"{name} has a callable for its kernel, which operators of ONNX cannot be made of")
    if getattr(est, "break_ties", False) and est.decision_function_shape == "ovo":
        raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")


# ---- decision values -------------------------------------------------------------------------------------
def _kernel_values(graph, rows, est):
    """Kernel values of the rows with the support vectors, of shape (n_samples, n_support)."""
    if est.kernel == "precomputed":
        return graph.add("Gather", rows, est.support_.astype(np.int64), axis=1)
    vectors = dense(est.support_vectors_)
    if est.kernel == "rbf":
        return _gaussian(graph, rows, vectors, est._gamma)
    products = graph.add("MatMul", rows, np.ascontiguousarray(est._gamma * vectors.T))
    products = graph.add("Add", products, np.array([float(est.coef0)]))
    if est.kernel == "sigmoid":
        return graph.add("Tanh", products)
    return graph.add("Pow", products, np.array([float(est.degree)]))


def _gaussian(graph, rows, vectors, gamma):
    if len(vectors):  # centred, so that little cancels
        center = vectors.mean(axis=0)
        rows, vectors = graph.add("Sub", rows, center), vectors - center
    squares = graph.add("ReduceSumSquare", rows, COLUMNS, keepdims=1)
    squares = graph.add("Add", squares, (vectors * vectors).sum(axis=1))
    distances = graph.add("Add", squares, graph.add("MatMul", rows, np.ascontiguousarray(-2 * vectors.T)))
    return graph.add("Exp", graph.add("Mul", graph.add("Max", distances, np.zeros(1)), np.array([-gamma])))


def _decision(graph, est):
    """The decision values of the machines, of shape (n_samples, n_machines)."""
    rows, groups = graph.cast(graph.at, np.float64), est._groups()
    if est.kernel == "linear":
        weights = est._join_groups([dense(part) for part in est._group_weights(groups)])
        sums = graph.add("MatMul", rows, np.ascontiguousarray(weights.T))
    else:
        values, dual = _kernel_values(graph, rows, est), dense(est._dual_coef_)
        sums = _join(graph, [_sums(graph, values, dual, group) for group in groups])
    return graph.add("Add", sums, est._intercept_)


def _sums(graph, values, dual, group):
    """Kernel values of one group of support vectors, times their dual coefficients."""
    bounds = (np.array([bound]) for bound in (group.start, group.stop, 1))  # the last is the axis
    own = graph.add("Slice", values, *bounds)
    return graph.add("MatMul", own, np.ascontiguousarray(dual[:, group].T))


def _join(graph, parts):
    """From what each class adds to the machines that it is in, to the machines, one a column."""
    if len(parts) == 1:
        return parts[0]
    sums, width = graph.add("Concat", *parts, axis=1), len(parts) - 1
    first, second = pairs_of(len(parts))
    of_first, of_second = first * width + second - 1, second * width + first
    return graph.add("Add", *(graph.add("Gather", sums, at, axis=1) for at in (of_first, of_second)))


# ---- results ---------------------------------------------------------------------------------------------
def finish_regressor(graph, est):
    """Add the predictions.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : SVR or NuSVR
        The fitted estimator.
    """
    graph.output(flat(graph, _decision(graph, est)), "variable", np.float64, [None])


def finish_detector(graph, est):
    """Add the labels and the scores.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : OneClassSVM
        The fitted estimator.
    """
    scores = flat(graph, _decision(graph, est))
    add_outliers(graph, scores, graph.add("LessOrEqual", scores, np.zeros(1)))


def finish_classifier(graph, est):
    """Add the labels, and probabilities or scores.

    Parameters
    ----------
    graph : Graph
        The graph.
    est : SVC or NuSVC
        The fitted estimator.
    """
    decision, k = _decision(graph, est), len(est.classes_)
    if k == 2:
        scores = graph.add("Neg", decision)
        chosen = indices_of(graph, scores, 1)
        scores, shape = flat(graph, scores), [None]
    else:
        scores, shape = _votes_and_confidences(graph, decision, k), [None, k]
        votes = scores if est.break_ties else _votes(graph, graph.add("Greater", decision, np.zeros(1)), k)
        chosen = indices_of(graph, votes, k)
        if est.decision_function_shape == "ovo":
            scores, shape = decision, [None, len(est._intercept_)]
    add_labels(graph, est, chosen)
    if len(est._probA):
        graph.output(_probabilities(graph, decision, est), "probabilities", np.float64, [None, k])
    else:
        graph.output(scores, "scores", np.float64, shape)


def _votes(graph, first_wins, n_classes):
    """Count the machines that are for each class: those where it is the second, more and fewer."""
    for_first, for_second = members_of(n_classes)
    changes = graph.add("MatMul", graph.cast(first_wins, np.float64), for_first - for_second)
    return graph.add("Add", changes, for_second.sum(axis=0))


def _votes_and_confidences(graph, decision, n_classes):
    for_first, for_second = members_of(n_classes)
    votes = _votes(graph, graph.add("GreaterOrEqual", decision, np.zeros(1)), n_classes)
    confidences = graph.add("MatMul", decision, for_first - for_second)
    sizes = graph.add("Add", graph.add("Abs", confidences), np.ones(1))
    return graph.add("Add", votes, graph.add("Div", confidences, graph.add("Mul", sizes, np.array([3.0]))))


# ---- probabilities ---------------------------------------------------------------------------------------
def _probabilities(graph, decision, est):
    z = graph.add("Sub", graph.add("Mul", decision, -est._probA), est._probB)
    bounds = np.array(LEAST_PROBABILITY), np.array(1 - LEAST_PROBABILITY)
    return _couple(graph, graph.add("Clip", sigmoid(graph, z), *bounds), len(est.classes_))


def _couple(graph, pairwise, k):
    """Find the classes' probabilities that agree best with those of pairs, as `couple_probabilities` does."""
    form = _quadratic_form(graph, pairwise, k)

    def step(number, p, products, moves):
        """Correct the probability of one class, in turn; rows that agree at the start of a turn stay."""
        at = graph.add("Mod", number, np.array([k]))
        errors = graph.add("Sub", sum_rows(graph, graph.add("Mul", p, products)), products)
        error = graph.add("ReduceMax", graph.add("Abs", errors), COLUMNS, keepdims=1)
        agrees = graph.add("Less", error, np.array([COUPLING_TOL / k]))
        begins = graph.add("Equal", at, np.array([0]))
        moves = graph.add("And", moves, graph.add("Not", graph.add("And", agrees, begins)))
        which = graph.cast(graph.add("Equal", np.arange(k), at), np.float64)
        column = graph.add("Squeeze", graph.add("Gather", form, at, axis=2), np.array([2]))
        by = graph.add("Div", *(graph.add("Gather", of, at, axis=1) for of in (errors, column)))
        by = graph.add("Where", moves, by, np.zeros(1))
        whole = graph.add("Add", by, np.ones(1))
        added = [(p, which), (products, column)]
        sums = [graph.add("Add", value, graph.add("Mul", by, more)) for value, more in added]
        n_moving = graph.add("ReduceSum", graph.cast(moves, np.int64), keepdims=0)
        goes_on = graph.add("Greater", n_moving, np.array(0))
        return goes_on, *(graph.add("Div", value, whole) for value in sums), moves

    products = graph.add("Div", graph.add("ReduceSum", form, np.array([2]), keepdims=0), np.array([float(k)]))
    nothing = graph.add("Mul", products, np.zeros(1))
    p = graph.add("Add", nothing, np.full(1, 1 / k))
    moves = graph.add("Equal", sum_rows(graph, nothing), np.zeros(1))
    shape = [None, k]
    values = [(p, np.float64, shape), (products, np.float64, shape), (moves, bool, [None, 1])]
    return graph.repeat(k * max(COUPLING_STEPS, k), step, values)[0]


def _quadratic_form(graph, pairwise, k):
    """The matrices whose quadratic forms are to be smallest, of shape (n_samples, k, k)."""
    n_pairs, (first, second) = k * (k - 1) // 2, pairs_of(k)
    where = np.zeros((k, k), np.int64)  # of the probability of the row's class against the column's
    where[first, second], where[second, first] = np.arange(n_pairs), n_pairs + np.arange(n_pairs)
    both = graph.add("Concat", pairwise, graph.add("Sub", np.ones(1), pairwise), axis=1)
    against = graph.add("Mul", graph.add("Gather", both, where, axis=1), 1 - np.eye(k))
    products = graph.add("Mul", against, graph.add("Transpose", against, perm=[0, 2, 1]))
    squares = graph.add("ReduceSumSquare", against, COLUMNS, keepdims=1)
    return graph.add("Sub", graph.add("Mul", squares, np.eye(k)), products)
