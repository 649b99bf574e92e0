"""Trees that ensembles keep as estimators: one of these, without its tree, and all trees."""

from __future__ import annotations

import math

import numpy as np

from ._checks import check_model
from ._columns import require
from ._trees import load_trees, save_trees

__all__ = ["are_alike", "load_estimators", "save_estimators"]

OWN = {"random_state", "tree_"}  # what each has of its own


def are_alike(value):
    """Tell whether a value is a list, or an array, of fitted trees that differ by their own attributes only.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    are_alike : bool
        Whether `save_estimators` takes it.
    """
    estimators = _as_list(value)
    if not estimators or "tree_" not in getattr(estimators[0], "__dict__", ()):
        return False
    from .._tree_rounds import is_tree

    first = estimators[0]
    return is_tree(first) and all(
        type(est) is type(first) and _same(_shared(est), _shared(first)) for est in estimators
    )


def _as_list(value):
    if type(value) is np.ndarray and value.dtype == object:
        return value.ravel().tolist()
    return value if type(value) is list else []


def _shared(est):
    return {name: value for name, value in vars(est).items() if name not in OWN}


def _same(a, b):
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)


def save_estimators(value):
    """Describe trees by plain values, arrays and one estimator.

    Parameters
    ----------
    value : list or ndarray of estimators
        They are alike.

    Returns
    -------
    state : dict
        For `load_estimators`.
    """
    from .._tree_rounds import copy_tree

    estimators = _as_list(value)
    states = [est.random_state for est in estimators]
    template = copy_tree(estimators[0], random_state=None)
    del template.tree_
    return {
        "template": template,
        "trees": save_trees([est.tree_ for est in estimators]),
        "random_states": states[:1] if all(state is states[0] for state in states) else states,
        "shape": list(value.shape) if isinstance(value, np.ndarray) else None,
    }


def load_estimators(state):
    """Make the trees' estimators again.

    Parameters
    ----------
    state : dict
        What `save_estimators` returned.

    Returns
    -------
    estimators : list or ndarray of estimators
        The estimators.

    Raises
    ------
    Damaged
        If these are no trees, or not such as their estimators say.
    """
    from .._tree_rounds import copy_tree, is_tree

    template, shape, states = state["template"], state["shape"], state["random_states"]
    require(is_tree(template), "an ensemble has no trees")
    trees = load_trees(state["trees"])
    require(isinstance(states, list) and len(states) in (1, len(trees)), "trees have no random states")
    states = states * len(trees) if len(states) == 1 else states
    estimators = [copy_tree(template, random_state=own, tree_=tree) for own, tree in zip(states, trees)]
    check_model(estimators[0])  # the trees are of one kind
    if shape is None:
        return estimators
    require(isinstance(shape, list) and all(type(n) is int and n > 0 for n in shape), "trees have no shape")
    require(math.prod(shape) == len(trees), "an array of trees has another shape")
    table = np.empty(len(trees), object)
    table[:] = estimators
    return table.reshape(shape)
