"""Boosted trees and their bins in a file."""

from __future__ import annotations

import numpy as np

from .._device import CPU
from ..kernels._boosted import NODE, Records
from ..solvers.boosting import Bins
from ._columns import pack, pack_flags, require, unpack, unpack_flags
from ._trees import Shape, load_sums, sum_up

__all__ = ["load_bins", "load_records", "save_bins", "save_records"]

MOST_BINS = 255
MOST_NODES = 2**24  # of a tree: how far a packed node's child may stand


# ---- bins -----------------------------------------------------------------------------------------------
def save_bins(bins):
    """Describe bins by plain values and arrays.

    Parameters
    ----------
    bins : Bins
        The bins.

    Returns
    -------
    state : dict
        For `load_bins`.
    """
    numbers = [values for values, n in zip(bins.thresholds, bins.n_categories) if n == 0]
    sizes = [len(values) for values in numbers]
    return {
        "n_categories": bins.n_categories,
        "sizes": np.array(sizes, np.uint8),
        "thresholds": pack(np.concatenate([np.empty(0), *numbers])),
        "max_bins": bins.max_bins,
    }


def load_bins(state):
    """Make bins again.

    Parameters
    ----------
    state : dict
        What `save_bins` returned.

    Returns
    -------
    bins : Bins
        The bins.

    Raises
    ------
    Damaged
        If these are no bins.
    """
    n_categories, sizes, max_bins = state["n_categories"], state["sizes"], state["max_bins"]
    require(type(max_bins) is int and 2 <= max_bins <= MOST_BINS, "bins have no number")
    for array, dtype in ((n_categories, np.int64), (sizes, np.uint8)):
        right = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == 1
        require(right, "bins have no sizes")
    require(((0 <= n_categories) & (n_categories <= max_bins)).all(), "a feature has too many categories")
    require(len(sizes) == (n_categories == 0).sum(), "bins have not one size a feature")
    found = unpack(state["thresholds"], int(sizes.sum(dtype=np.int64)), np.float64)
    parts = iter(np.split(found, np.cumsum(sizes, dtype=np.int64)[:-1]) if len(sizes) else ())
    thresholds = [np.arange(n, dtype=np.float64) if n else next(parts).copy() for n in n_categories]
    padded = CPU.kernels.binning.pad_thresholds(thresholds)
    counts = np.array([len(values) for values in thresholds], np.int64) + (n_categories == 0)
    return Bins(thresholds, padded, n_categories, counts, max_bins)


# ---- trees ----------------------------------------------------------------------------------------------
def save_records(records):
    """Describe boosted trees by plain values and arrays.

    Parameters
    ----------
    records : Records
        The trees.

    Returns
    -------
    state : dict
        For `load_records`.
    """
    nodes, sizes = records.nodes, records.sizes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    kept = nodes[inner]
    left = kept["left"].astype(np.int64)
    shape = _shape(sizes[:, 0].copy(), nodes["is_leaf"] == 0, left)
    count = nodes["count"].astype(np.int64)
    summed = count.astype(np.float64)
    sum_up(shape, summed)
    if not np.array_equal(summed, count):
        shape = None
    gains = nodes["gain"].copy()
    has_gain = gains.view(np.int64) != 0
    return {
        "sizes": pack(sizes[:, 0].copy(), constant=False),
        "n_sets": pack(sizes[:, 1].copy()),
        "inner": pack_flags(nodes["is_leaf"] == 0),
        "left": pack(left),
        "feature": pack(kept["feature_idx"].astype(np.int64)),
        "bin": kept["bin_threshold"].copy(),
        "threshold": pack(kept["num_threshold"].copy()),
        "missing": pack_flags(kept["missing_go_to_left"]),
        "categorical": pack_flags(kept["is_categorical"]),
        "counts": {"nodes": pack(count)} if shape is None else {"leaves": pack(count[shape.is_leaf])},
        "has_gain": pack_flags(has_gain),
        "gain": pack(gains[has_gain]),
        "value": pack(nodes["value"].copy(), constant=False),
        "sets": records.sets,
    }  # fmt: skip


def _shape(sizes, is_inner, left):
    """The shape of trees whose siblings stand side by side; children are counted from their tree's root."""
    left = left + np.repeat(np.cumsum(sizes) - sizes, sizes)[is_inner]
    return Shape(sizes, is_inner, left, left + 1)


def load_records(state):
    """Make boosted trees again.

    Parameters
    ----------
    state : dict
        What `save_records` returned.

    Returns
    -------
    records : Records
        The trees. Which features they ask for is for the caller to check.

    Raises
    ------
    Damaged
        If a walk through these trees could leave them, or something else is not as it was saved.
    """
    sizes, sets = _load_sizes(state)
    n_nodes = int(sizes[:, 0].sum())
    flags = unpack_flags(state["inner"], n_nodes if len(state["inner"]) else len(sizes))
    require(len(flags) == n_nodes, "nodes make no trees")
    inner = np.flatnonzero(flags)
    left = unpack(state["left"], len(inner), np.int64)
    size = np.repeat(sizes[:, 0], sizes[:, 0])[inner]
    require(((0 < left) & (left + 1 < size)).all(), "a child is not in its tree")  # before it is an index
    first = np.repeat(np.cumsum(sizes[:, 0]) - sizes[:, 0], sizes[:, 0])[inner]
    require(
        len(np.unique(left + first)) == len(left) and (inner < left + first).all(), "a node has two parents"
    )
    shape = _shape(sizes[:, 0].copy(), flags, left).check()
    nodes = np.zeros(n_nodes, NODE)
    nodes["is_leaf"], nodes["depth"] = ~flags, shape.depths
    nodes["left"][inner], nodes["right"][inner] = left, left + 1
    nodes["feature_idx"][inner] = unpack(state["feature"], len(inner), np.int64)
    bins = state["bin"]
    require(
        isinstance(bins, np.ndarray) and bins.dtype == np.uint8 and bins.shape == inner.shape,
        "bins are missing",
    )
    nodes["bin_threshold"][inner] = bins
    nodes["num_threshold"][inner] = unpack(state["threshold"], len(inner), np.float64)
    nodes["missing_go_to_left"][inner] = unpack_flags(state["missing"], len(inner))
    nodes["value"] = unpack(state["value"], n_nodes, np.float64)
    has_gain = unpack_flags(state["has_gain"], n_nodes)
    nodes["gain"][has_gain] = unpack(state["gain"], int(has_gain.sum()), np.float64)
    nodes["count"] = _load_counts(state["counts"], shape)
    _number_sets(nodes, unpack_flags(state["categorical"], len(inner)), inner, sizes)
    return Records(nodes, sets, sizes)


def _load_sizes(state):
    packed, sets = state["sizes"], state["sets"]
    require(isinstance(packed, dict) and set(packed) == {"values"}, "trees have no sizes")
    n_trees = len(packed["values"])
    sizes = np.empty((n_trees, 2), np.int64)
    sizes[:, 0], sizes[:, 1] = unpack(packed, n_trees, np.int64), unpack(state["n_sets"], n_trees, np.int64)
    require(n_trees > 0 and 1 <= sizes[:, 0].min() and sizes[:, 0].max() < MOST_NODES, "trees have no sizes")
    right = isinstance(sets, np.ndarray) and sets.dtype == np.uint32 and sets.ndim == 2 and sets.shape[1] == 8
    require(right, "sets of categories are missing")
    require(sizes[:, 1].min() >= 0 and sizes[:, 1].sum() == len(sets), "trees have other sets of categories")
    return sizes, sets


def _load_counts(packed, shape):
    counts = load_sums(packed, shape)
    require(0 <= counts.min() and counts.max() < 2**32, "trees have no counts")
    return counts


def _number_sets(nodes, categorical, inner, sizes):
    """Say which nodes split by a set, and by which: they are in the order of the nodes."""
    nodes["is_categorical"][inner] = categorical
    by_set = nodes["is_categorical"] != 0
    firsts = np.cumsum(sizes[:, 0]) - sizes[:, 0]
    n_sets = np.add.reduceat(by_set, firsts, dtype=np.int64)
    require(np.array_equal(n_sets, sizes[:, 1]), "trees have other sets of categories")
    nodes["bitset_idx"][by_set] = np.arange(by_set.sum()) - np.repeat(np.cumsum(n_sets) - n_sets, n_sets)
