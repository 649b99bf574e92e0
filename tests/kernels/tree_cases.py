"""The reference cases of walks through trees of exact splits."""

import numpy as np

from fastml._device import CPU
from tests.reference import tree_predict as reference


def _random_tree(run, depth, n_features, n_values):
    """Words and numbers of a tree, as `tree.grow_tree` returns them: nodes are split at random."""
    nodes, reals = [], []

    def grow(left):
        at = len(nodes)
        nodes.append([-1, -1, run.rng.randint(n_features), 1, run.rng.randint(2)])
        threshold = run.rng.choice([-1.0, -0.1, 0.3, 1e-40, 1.0])
        reals.append([threshold, 0.0, 1.0, *run.rng.normal(size=n_values)])
        if left and (left == depth or run.rng.uniform() < 0.8):
            nodes[at][:2] = grow(left - 1), grow(left - 1)
        return at

    grow(depth)
    return np.array(nodes, np.int64), np.array(reals)


def _packed(trees):
    sizes = np.array([len(nodes) for nodes, _ in trees])
    roots = np.cumsum(sizes) - sizes
    words = np.empty((sizes.sum(), 2), np.int64)
    for (nodes, reals), root in zip(trees, roots.tolist()):
        CPU.kernels.tree_predict.pack_tree(nodes, reals, words, root)
    return words, roots, np.ascontiguousarray(np.concatenate([reals for _, reals in trees])[:, 3:])


def walks_of_trees(run):
    kernels = run.device.kernels.tree_predict
    for n, n_trees, depth in ((1, 1, 0), (70, 3, 5), (37, 40, 2)):
        trees = [_random_tree(run, depth, 3, 2) for _ in range(n_trees)]
        X = run.rng.choice([-1.0, 0.3, 1.0, 2.0, np.nan], (n, 3)).astype(np.float32)
        words, roots, values = _packed(trees)
        there = run.there(X, words, roots)
        leaves, sums = run.zeros((n, n_trees), np.int64), run.zeros((n, 2), np.float64)
        kernels.find_leaves(*there, leaves)
        run.equal(leaves, reference.find_leaves(trees, X))
        kernels.add_leaf_values(*there, run.there(values), sums)
        np.testing.assert_allclose(run.device.to_host(sums), reference.add_leaf_values(trees, X), rtol=1e-12)
        starts, path = kernels.list_paths(there[0], run.there(_packed(trees[:1])[0]))
        expected_starts, expected = reference.list_paths(*trees[0], X)
        run.equal(starts, expected_starts)
        run.equal(path, expected)


CASES = {"walks_of_trees": walks_of_trees}
