"""XGBoost's models, read from their JSON.

The format is that of ``Booster.save_model("model.json")``.
"""

from __future__ import annotations

import json
import math

import numpy as np

from ._foreign import MAX_BINS, ForeignTree, Model, read_text

__all__ = ["read_xgboost"]

LEAST_VERSION = 1, 6  # with which categories came
IDENTITY = {
    "reg:squarederror": "squared_error", "reg:linear": "squared_error", "reg:absoluteerror": "absolute_error",
    "reg:pseudohubererror": "squared_error", "reg:quantileerror": "squared_error",
}  # fmt: skip
LOG = {"count:poisson": "poisson", "reg:gamma": "gamma", "reg:tweedie": "poisson"}
MULTICLASS = ("multi:softprob", "multi:softmax")


def read_xgboost(model) -> Model:
    """Read a model of XGBoost's.

    Parameters
    ----------
    model : str, bytes or path-like
        The JSON, or the path of its file.

    Returns
    -------
    model : Model
        What it says.

    Raises
    ------
    ValueError
        If it is no such model, or one that is not representable.
    """
    described = json.loads(read_text(model, lambda text: text.lstrip().startswith("{")))
    if not isinstance(described, dict) or "learner" not in described:
        raise ValueError("this is no model of XGBoost's")
    if tuple(described["version"][:2]) < LEAST_VERSION:
        raise ValueError(
            f"the model is older than XGBoost {'.'.join(map(str, LEAST_VERSION))}: save it again"
        )
    learner = described["learner"]
    settings = learner["learner_model_param"]
    booster, factors = _booster(learner["gradient_booster"])
    if booster.get("cats", {}).get("enc"):
        raise ValueError("the model's categories are those of a data frame: train it with their codes")
    objective = learner["objective"]["name"]
    loss, n_classes, n_outputs = _objective(objective, settings)
    trees = booster["trees"]
    order = _turns(booster["tree_info"], len(trees), n_outputs)
    factors = np.ones(len(trees)) if factors is None else np.asarray(factors, np.float64)
    return Model(
        "XGBoost",
        [_tree(trees[t], factors[t]) for t in order],
        int(settings["num_feature"]),
        learner.get("feature_names") or None,
        _baseline(objective, settings["base_score"], n_outputs),
        loss,
        n_classes,
    )


def _booster(described):
    """The trees, and what to multiply each by or None."""
    if described["name"] == "gbtree":
        return described["model"], None
    if described["name"] == "dart":
        return described["gbtree"]["model"], described["weight_drop"]
    raise ValueError(f"the booster {described['name']!r} has no trees")


def _objective(name, settings):
    """The loss of ours, and the numbers of classes and of trees a round."""
    n_classes = int(settings["num_class"])
    if int(settings.get("num_target", 1)) > 1:
        raise ValueError("the model has several targets")
    if name == "binary:logistic":
        return "log_loss", 2, 1
    if name in MULTICLASS and n_classes > 2:
        return "log_loss", n_classes, n_classes
    if name in IDENTITY or name in LOG:
        return {**IDENTITY, **LOG}[name], 0, 1
    raise ValueError(f"the objective {name!r} with {n_classes} classes has no counterpart here")


def _baseline(objective, score, n_outputs):
    """The raw predictions before the first tree."""
    scores = json.loads(score) if score.lstrip().startswith("[") else [float(score)]
    scores = [float(s) for s in scores] * (n_outputs if len(scores) == 1 else 1)
    if len(scores) != n_outputs or not all(map(math.isfinite, scores)):
        raise ValueError("there is not one base score an output")
    if objective == "binary:logistic":
        if not 0 < scores[0] < 1:
            raise ValueError("the base score is no probability")
        return [math.log(scores[0] / (1 - scores[0]))]
    return [math.log(s) for s in scores] if objective in LOG else scores


def _turns(outputs, n_trees, n_outputs):
    """An order of the trees in which the outputs take turns."""
    found = np.asarray(outputs, np.int64)
    counts = np.bincount(found, minlength=n_outputs)
    if len(found) != n_trees or len(counts) != n_outputs or len(set(counts.tolist())) != 1:
        raise ValueError("the outputs have not the same number of trees")
    by_output = np.argsort(found, kind="stable").reshape(n_outputs, -1)
    return by_output.T.ravel().tolist()


def _tree(tree, factor):
    left, right = tree["left_children"], tree["right_children"]
    n = len(left)
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise ValueError("leaves have several values")
    for name in ("right_children", "split_indices", "split_conditions", "default_left"):
        if len(tree[name]) != n:
            raise ValueError(f"a tree of {n} nodes has {len(tree[name])} values of {name}")
    conditions = np.array(tree["split_conditions"], np.float32)
    gains = tree.get("loss_changes", [])
    return ForeignTree(
        [int(node) for node in left],
        [int(node) for node in right],
        [int(feature) for feature in tree["split_indices"]],
        _thresholds(conditions).tolist(),
        [bool(default) for default in tree["default_left"]],
        _sets(tree, n),
        (factor * conditions.astype(np.float64)).tolist(),
        [0] * n,
        [float(gain) for gain in gains] if len(gains) == n else [0.0] * n,
    )


def _thresholds(conditions):
    """Thresholds that float64 must not be above, for conditions that float32 must be below.

    Where a value is rounded to a float32 below the condition, it is below the middle between the condition
    and its lower neighbour, or at the middle if the neighbour is even.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        below = np.nextafter(conditions, np.float32(-np.inf))
        middle = (conditions.astype(np.float64) + below) / 2
    even = below.view(np.int32) & 1 == 0
    return np.where(even, middle, np.nextafter(middle, -np.inf))


def _sets(tree, n):
    """Which categories go left: all but those that are listed."""
    sets = {}
    kinds = tree.get("split_type", [])
    listed = (
        dict(
            zip(tree.get("categories_nodes", []), zip(tree["categories_segments"], tree["categories_sizes"]))
        )
        if any(kinds)
        else {}
    )
    for node in range(min(n, len(kinds))):
        if kinds[node] and tree["left_children"][node] >= 0:
            if node not in listed:
                raise ValueError("a split has no set of categories")
            start, size = listed[node]
            found = np.asarray(tree["categories"][start : start + size], np.int64)
            if len(found) and not 0 <= found.min() <= found.max() < MAX_BINS:
                raise ValueError(f"there are categories above {MAX_BINS - 1}")
            sets[node] = np.ones(MAX_BINS, bool)
            sets[node][found] = False
    return sets
