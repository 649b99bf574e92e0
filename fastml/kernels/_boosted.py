"""Grown trees of gradient boosting, for CPU and CUDA alike: what their nodes hold, how they are kept, and how
they are laid out for prediction."""

from typing import NamedTuple

import numpy as np

# ---- losses ------------------------------------------------------------------------------------------
SQUARED_ERROR, ABSOLUTE_ERROR, QUANTILE, POISSON, GAMMA, BINOMIAL, MULTINOMIAL = range(7)
LOSSES = {
    "squared_error": SQUARED_ERROR,
    "absolute_error": ABSOLUTE_ERROR,
    "quantile": QUANTILE,
    "poisson": POISSON,
    "gamma": GAMMA,
    "binomial": BINOMIAL,
    "multinomial": MULTINOMIAL,
}

# ---- nodes while they are grown: words and numbers ---
START, STOP, DEPTH, LEFT, FEATURE, BIN, MISSING_LEFT, CATEGORICAL, SLOT, WORDS = range(10)
NODE_INTS = 13  # four words say which categories go left
VALUE, GAIN, GRADIENT, HESSIAN, LOWER, UPPER, LEFT_GRADIENT, LEFT_HESSIAN = range(8)
NODE_FLOATS = 8

# ---- kinds of features: bits -------------------------------------------------------------------------
HAS_MISSING, IS_CATEGORICAL, INCREASING, DECREASING = 1, 2, 4, 8

# ---- nodes as they are kept --------------------------------------------------------------------------
# A node as it is kept, and as scikit-learn's trees have it. Siblings stand side by side.
NODE = np.dtype([
    ("value", np.float64), ("count", np.uint32), ("feature_idx", np.intp), ("num_threshold", np.float64),
    ("missing_go_to_left", np.uint8), ("left", np.uint32), ("right", np.uint32), ("gain", np.float64),
    ("depth", np.uint32), ("is_leaf", np.uint8), ("bin_threshold", np.uint8), ("is_categorical", np.uint8),
    ("bitset_idx", np.uint32),
])  # fmt: skip

# A node is a word: the feature's column, how far on its left child stands, its bin, and two flags. The right
# child stands behind the left one. A leaf has itself for a left child, where every code goes.
OFFSET_BITS, BIN_BITS, FLAG_BITS = 24, 8, 2
BIN_AT, OFFSET_AT, FEATURE_AT = FLAG_BITS, FLAG_BITS + BIN_BITS, FLAG_BITS + BIN_BITS + OFFSET_BITS
TO_LEFT, IS_SET = 1, 2  # missing values go left; the bin is a set of categories, whose number is the value
LEAF = 255 << BIN_AT


class Records(NamedTuple):
    """Trees as they are kept: nodes, one tree after the other."""

    nodes: np.ndarray  # NODE (n_nodes,): children count from the tree's first node, sets from its first set
    sets: np.ndarray  # uint32 (n_sets, 8): bits of the codes that go left
    sizes: np.ndarray  # int64 (n_trees, 2): nodes and sets of each tree


class Forest(NamedTuple):
    """Trees as `pack_trees` lays them out for prediction."""

    words: np.ndarray  # uint64 (n_nodes,)
    values: np.ndarray  # float64 (n_nodes,)
    sets: np.ndarray  # uint64 (n_sets, 4): bits
    trees: np.ndarray  # int64 (n_trees, 3): first node, depth, how many sets
    columns: np.ndarray  # int64 (n_columns,): the features that are asked for
    thresholds: np.ndarray  # float64 (n_columns, 256): of their bins
    n_categories: np.ndarray  # int64 (n_columns,)
    missing: int  # the code of missing values
    feature_words: np.ndarray  # uint64 (n_nodes,): words that name features in the place of columns
    limits: dict  # dtype of X -> (n_nodes,): the largest value that goes left


def record_trees(trees, thresholds):
    """Bring grown trees into the form that is kept.

    Parameters
    ----------
    trees : list of Tree
        Of `boosting.grow_tree`.
    thresholds : float64 array of shape (n_features, 256)
        The thresholds between bins, filled up with infinity.

    Returns
    -------
    records : Records
        For `pack_trees` and `average_trees`.
    """
    nodes = np.concatenate([tree.nodes for tree in trees])
    stats = np.concatenate([tree.stats for tree in trees])
    sizes = np.array([len(tree.nodes) for tree in trees], np.int64)
    leaf, by_set = nodes[:, LEFT] < 0, (nodes[:, CATEGORICAL] != 0) & (nodes[:, LEFT] >= 0)
    firsts = np.cumsum(sizes) - sizes
    n_sets = np.add.reduceat(by_set, firsts, dtype=np.int64)
    out = np.zeros(len(nodes), NODE)
    out["value"], out["gain"] = stats[:, VALUE], stats[:, GAIN]
    out["count"], out["depth"] = nodes[:, STOP] - nodes[:, START], nodes[:, DEPTH]
    out["is_leaf"] = leaf
    inner = ~leaf
    kept = nodes[inner]
    out["feature_idx"][inner], out["bin_threshold"][inner] = kept[:, FEATURE], kept[:, BIN]
    out["num_threshold"][inner] = thresholds[kept[:, FEATURE], kept[:, BIN]]
    out["left"][inner], out["right"][inner] = kept[:, LEFT], kept[:, LEFT] + 1
    out["missing_go_to_left"][inner] = kept[:, MISSING_LEFT]
    if by_set.any():
        out["is_categorical"] = by_set
        out["num_threshold"][by_set] = 0
        out["bitset_idx"][by_set] = np.arange(by_set.sum()) - np.repeat(np.cumsum(n_sets) - n_sets, n_sets)
    sets = np.ascontiguousarray(nodes[by_set, WORDS : WORDS + 4]).view(np.uint32).reshape(-1, 8)
    return Records(out, sets, np.stack([sizes, n_sets], axis=1))


def pack_trees(records, thresholds, n_categories, missing, columns=None):
    """Lay trees out for prediction.

    Parameters
    ----------
    records : Records
        The trees.
    thresholds : float64 array of shape (n_features, 256)
        As for `binning.bin_features`.
    n_categories : int64 array of shape (n_features,)
        Likewise.
    missing : int
        The code of missing values.
    columns : int64 array of shape (n_columns,), default=None
        The features whose codes there will be; None means those that the trees ask for.

    Returns
    -------
    forest : Forest
        For `predict_codes` and `predict_rows`.
    """
    nodes, sizes = records.nodes, records.sizes
    inner = nodes["is_leaf"] == 0
    features = nodes["feature_idx"][inner]
    columns = np.unique(features) if columns is None else columns
    firsts = np.cumsum(sizes[:, 0]) - sizes[:, 0]
    own = np.arange(len(nodes)) - np.repeat(firsts, sizes[:, 0])
    by_set = nodes["is_categorical"] != 0
    words = np.full(len(nodes), LEAF)
    words[inner] = (
        np.searchsorted(columns, features) << FEATURE_AT
        | (nodes["left"][inner] - own[inner]) << OFFSET_AT
        | nodes["bin_threshold"][inner].astype(np.int64) << BIN_AT
        | nodes["missing_go_to_left"][inner] * TO_LEFT
        | by_set[inner] * IS_SET
    )
    values = nodes["value"].copy()
    values[by_set] = np.arange(len(records.sets))
    depths = np.maximum.reduceat(nodes["depth"], firsts)
    sets = records.sets.view(np.uint64).reshape(-1, 4)
    trees = np.stack([firsts, depths, sizes[:, 1]], axis=1).astype(np.int64)
    feature_words = words.copy()
    feature_words[inner] += (features - np.searchsorted(columns, features)) << FEATURE_AT
    limits = {np.dtype(dtype): _rounded_down(nodes["num_threshold"], dtype) for dtype in ("f4", "f8")}
    return Forest(
        words.view(np.uint64), values, sets, trees, columns, thresholds[columns], n_categories[columns],
        missing, feature_words.view(np.uint64), limits,
    )  # fmt: skip


def _rounded_down(thresholds, dtype):
    """The largest values of a dtype that are not above the thresholds."""
    with np.errstate(over="ignore"):
        limits = thresholds.astype(dtype)
    above = limits.astype(np.float64) > thresholds
    limits[above] = np.nextafter(limits[above], limits.dtype.type(-np.inf))
    return limits
