"""The kernels of trees in files against the definitions."""

import numpy as np
import pytest

from fastml.kernels.cpu import tree_files
from tests.reference import tree_files as reference

each_seed = pytest.mark.parametrize("seed", range(5))


def random_tree(rng, share):
    """Flags of a tree that lies depth first; True for inner nodes."""
    flags, n_open = [], 1
    while n_open:
        flags.append(bool(len(flags) < 40 and rng.uniform() < share))
        n_open += 1 if flags[-1] else -1
    return flags


def forest(seed):
    """Flags, sizes, and the inner nodes with their children."""
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, share) for share in (0.0, 0.4, 0.6, 0.9, 0.0)[: seed + 1]]
    flags, sizes = np.concatenate(trees).astype(bool), np.array([len(tree) for tree in trees])
    return flags, sizes, np.flatnonzero(flags), *reference.link_depth_first(flags, sizes)


@each_seed
def test_children_of_nodes_that_lie_depth_first(seed):
    flags, sizes, _, left, right = forest(seed)
    found = tree_files.link_depth_first(flags, sizes)
    np.testing.assert_array_equal(found[0], left)
    np.testing.assert_array_equal(found[1], right)


def test_what_is_no_tree_is_found():
    rng = np.random.default_rng(0)
    n_trees = 0
    for _ in range(500):
        flags, sizes = rng.uniform(size=9) < 0.45, rng.permutation([1, 3, 5])
        found, expected = (module.link_depth_first(flags, sizes) for module in (tree_files, reference))
        assert (found is None) == (expected is None)
        n_trees += found is not None
    assert 0 < n_trees < 500


@each_seed
def test_levels_and_sums(seed):
    flags, _, inner, left, right = forest(seed)
    found = tree_files.measure_levels(inner, left, right, len(flags))
    np.testing.assert_array_equal(found, reference.measure_levels(inner, left, right, len(flags)))
    values = np.random.default_rng(1).integers(0, 9, (np.count_nonzero(~flags), 2)).astype(np.float64)
    table = np.full((len(flags), 4), -1.0)
    tree_files.spread_leaves(flags, values, table, 1)
    np.testing.assert_array_equal(table[~flags], np.c_[-np.ones(len(values)), values, -np.ones(len(values))])
    assert (table[flags] == -1).all()
    expected = reference.sum_children(inner, left, right, table, 1)
    tree_files.sum_children(inner, left, right, table, 1)
    np.testing.assert_array_equal(table, expected)


@each_seed
def test_nodes_are_filled_in(seed):
    flags, sizes, inner, left, right = forest(seed)
    feature, threshold = np.arange(len(inner)) + 7, np.arange(len(inner)) / 3
    nodes, reals = np.full((len(flags), 5), 99), np.full((len(flags), 4), 99.0)
    tree_files.fill_nodes(flags, sizes, (left, right), feature, threshold, nodes, reals)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)[inner]
    np.testing.assert_array_equal(nodes[inner, :3].T, [left - first, right - first, feature])
    np.testing.assert_array_equal(reals[inner, 0], threshold)
    np.testing.assert_array_equal(nodes[~flags, :3], np.tile([-1, -1, -2], ((~flags).sum(), 1)))
    assert (reals[~flags, 0] == -2).all() and (nodes[:, 3:] == 99).all() and (reals[:, 1:] == 99).all()


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_counts_become_shares(n_outputs):
    counts = np.random.default_rng(0).integers(0, 9, (30, n_outputs, 3)).astype(np.float64)
    counts[:, :, 0] += 30 - counts.sum(axis=2)
    reals = np.concatenate([np.zeros((30, 2)), np.full((30, 1), 30.0), counts.reshape(30, -1)], axis=1)
    expected = reference.share_counts(n_outputs, reals)
    if n_outputs == 1:
        reals[:, -1] = np.nan  # what is left of the weight
    tree_files.share_counts(n_outputs, reals)
    np.testing.assert_allclose(reals, expected, rtol=1e-14)
