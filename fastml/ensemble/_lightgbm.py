"""LightGBM's models, read from their text.

The format is that of ``Booster.save_model``, version 4: a header, then a block of lines ``name=values`` for
each tree.
"""

from __future__ import annotations

import numpy as np

from ._foreign import MAX_BINS, ForeignTree, Model, read_text

__all__ = ["read_lightgbm"]

IS_CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2  # bits of a node's decision_type
NOTHING, ZERO, NAN = range(3)  # what counts as missing
IDENTITY = {
    **dict.fromkeys(("regression", "regression_l2", "huber", "fair", "quantile", "mape"), "squared_error"),
    "regression_l1": "absolute_error",
}
LOG = {"poisson": "poisson", "gamma": "gamma", "tweedie": "poisson"}


def read_lightgbm(model) -> Model:
    """Read a model of LightGBM's.

    Parameters
    ----------
    model : str, bytes or path-like
        The text, or the path of its file.

    Returns
    -------
    model : Model
        What it says.

    Raises
    ------
    ValueError
        If it is no such model, or one that is not representable.
    """
    text = read_text(model, lambda text: "\n" in text)
    head, *blocks = text.split("end of trees")[0].split("\nTree=")
    header = _fields(head)
    if not head.startswith("tree") or "num_class" not in header:
        raise ValueError("this is no model of LightGBM's")
    _refuse_pandas(text)
    n_outputs = int(header["num_tree_per_iteration"])
    if not 1 <= n_outputs <= max(1, len(blocks)):
        raise ValueError("the rounds have not the same number of trees")
    loss, n_classes, factor = _objective(header, n_outputs)
    if "average_output" in head.split("\n"):
        factor /= len(blocks) // n_outputs
    names = header.get("feature_names", "").split()
    n_features = int(header["max_feature_idx"]) + 1
    if len(names) != n_features:
        raise ValueError("not every feature has a name")
    trees = [_tree(_fields(block), factor) for block in blocks]
    made_up = names == [f"Column_{i}" for i in range(n_features)]
    return Model(
        "LightGBM", trees, n_features, None if made_up else names, [0.0] * n_outputs, loss, n_classes
    )


def _fields(block):
    return dict(line.split("=", 1) for line in block.split("\n") if "=" in line)


def _refuse_pandas(text):
    _, found, rest = text.rpartition("\npandas_categorical:")
    if found and rest.strip() not in ("null", "[]"):
        raise ValueError("the model's categories are those of a pandas data frame: train it with their codes")


def _objective(header, n_outputs):
    """The loss of ours, the number of classes, and a factor of the raw predictions."""
    name, *options = header.get("objective", "none").split()
    settings = dict(option.split(":") for option in options if ":" in option)
    if "sqrt" in options:
        raise ValueError("the model predicts square roots (reg_sqrt)")
    if name == "binary" and n_outputs == 1:
        return "log_loss", 2, float(settings.get("sigmoid", 1))
    if name in ("multiclass", "softmax") and n_outputs > 2:
        return "log_loss", n_outputs, 1.0
    if n_outputs == 1 and (name in IDENTITY or name in LOG):
        return {**IDENTITY, **LOG}[name], 0, 1.0
    raise ValueError(f"the objective {name!r} with {n_outputs} trees a round has no counterpart here")


def _tree(fields, factor):
    """A tree whose leaves stand behind its inner nodes."""
    if int(fields.get("is_linear", 0)):
        raise ValueError("leaves are linear models (linear_tree)")
    n_leaves = int(fields["num_leaves"])
    n_inner = n_leaves - 1

    def column(name, kind, n):
        values = [kind(value) for value in fields.get(name, "").split()]
        if len(values) != n:
            raise ValueError(f"a tree of {n_leaves} leaves has {len(values)} values of {name}")
        return values

    value = [factor * v for v in column("leaf_value", float, n_leaves)]
    if n_inner == 0:
        return ForeignTree([-1], [-1], [0], [0.0], [False], {}, value, [0], [0.0])
    decisions = column("decision_type", int, n_inner)
    thresholds = column("threshold", float, n_inner)
    children = [
        [place if place >= 0 else n_inner + ~place for place in column(name, int, n_inner)]
        for name in ("left_child", "right_child")
    ]
    count = [0] * (n_inner + n_leaves)
    if "leaf_count" in fields and "internal_count" in fields:
        count = column("internal_count", int, n_inner) + column("leaf_count", int, n_leaves)
    leaf = [0] * n_leaves
    return ForeignTree(
        children[0] + [-1] * n_leaves,
        children[1] + [-1] * n_leaves,
        column("split_feature", int, n_inner) + leaf,
        thresholds + leaf,
        [_missing_left(*pair) for pair in zip(decisions, thresholds)] + leaf,
        _sets(fields, decisions, thresholds),
        [0.0] * n_inner + value,
        count,
        (column("split_gain", float, n_inner) if "split_gain" in fields else [0.0] * n_inner) + leaf,
    )


def _missing_left(decision, threshold):
    """Where NaN goes: by categories to the right; where it is not what counts as missing it is zero."""
    if decision & IS_CATEGORICAL:
        return False
    default, zero = bool(decision & DEFAULT_LEFT), threshold >= 0
    missing = decision >> MISSING_SHIFT & 3
    if missing == ZERO and default != zero:
        raise ValueError("zeros count as missing (zero_as_missing)")
    return default if missing == NAN else zero


def _sets(fields, decisions, thresholds):
    if not any(decision & IS_CATEGORICAL for decision in decisions):
        return {}
    ends = [int(v) for v in fields["cat_boundaries"].split()]
    words = [int(v) for v in fields["cat_threshold"].split()]
    sets = {}
    for node, decision in enumerate(decisions):
        if decision & IS_CATEGORICAL:
            which = int(thresholds[node])
            if not 0 <= which < len(ends) - 1:
                raise ValueError("a split has no set of categories")
            own = np.array(words[ends[which] : ends[which + 1]], np.uint32)
            bits = np.unpackbits(own.view(np.uint8), bitorder="little").astype(bool)
            if bits[MAX_BINS:].any():
                raise ValueError(f"there are categories above {MAX_BINS - 1}")
            sets[node] = np.zeros(MAX_BINS, bool)
            sets[node][: len(bits)] = bits[:MAX_BINS]
    return sets
