"""The reference cases of boosting: bins, losses, trees and their predictions."""

import inspect
import sys

import numpy as np

from fastml._device import CPU
from tests.kernels.cases import Run
from tests.reference import binning as reference_binning
from tests.reference import boosted_trees as reference_trees
from tests.reference import boosting as reference_boosting
from tests.reference import losses as reference_losses


# ---- bins ------------------------------------------
def _columns(run, n):
    """Columns of all kinds: many values, few, one, ties, missing ones, infinite ones, far from zero."""
    X = run.normal(n, 9)
    X[:, 1] = run.rng.randint(0, 3, n)
    X[:, 2] = 7
    X[:, 3] = np.round(X[:, 3], 1)
    X[run.rng.uniform(size=n) < 0.3, 4] = np.nan
    X[:, 5] = np.nan
    X[::7, 6], X[1::7, 6] = np.inf, -np.inf
    X[:, 7] += run.dtype.type(1e4 if run.dtype == np.float32 else 1e8)
    X[:, 8] = np.where(X[:, 8] > 0, np.inf, -np.inf)
    return X


def thresholds_of_columns(run):
    for n, max_bins in ((1, 255), (7, 4), (300, 16), (700, 255)):
        X = _columns(run, n)
        found = run.device.kernels.binning.find_thresholds(run.there(X), np.arange(9), max_bins)
        for j, thresholds in enumerate(found):
            np.testing.assert_array_equal(thresholds, reference_binning.thresholds(X[:, j], max_bins), str(j))


def thresholds_of_weighted_and_chosen_rows(run):
    X = _columns(run, 200)
    weights = run.rng.randint(0, 4, 200).astype(np.float64)
    rows = run.rng.randint(0, 200, 150)
    find = run.device.kernels.binning.find_thresholds
    columns = np.array([0, 3, 4, 7])
    there = run.there(X)
    for j, thresholds in zip(columns, find(there, columns, 8, None, run.there(weights))):
        np.testing.assert_array_equal(thresholds, reference_binning.thresholds(X[:, j], 8, weights))
    for j, thresholds in zip(columns, find(there, columns, 8, run.there(rows))):
        np.testing.assert_array_equal(thresholds, reference_binning.thresholds(X[rows, j], 8))


def bins_of_values(run):
    for n in run.bearable(1, 37, 3000):
        X = _columns(run, n)
        X[:, 1] -= 1
        categories = np.array([0, 2, 0, 0, 0, 0, 0, 0, 0])
        there = run.there(X)
        thresholds = run.device.kernels.binning.find_thresholds(there, np.arange(9), 20)
        thresholds[1] = np.arange(2.0)
        expected = reference_binning.bins(X, thresholds, categories, 20)
        padded = run.device.kernels.binning.pad_thresholds(thresholds)
        bin_features = run.device.kernels.binning.bin_features
        codes, blocks = run.zeros((n, 9), np.uint8), run.zeros((3, n, 4), np.uint8)
        missing = bin_features(there, padded, categories, 20, codes)
        run.equal(codes, expected)
        run.equal(missing, (expected == 20).any(axis=0))
        bin_features(there, padded, categories, 20, blocks)
        blocks = run.device.to_host(blocks)
        run.equal(blocks.transpose(1, 0, 2).reshape(n, 12)[:, :9], expected)
        some = np.array([7, 1])
        codes = run.zeros((n, 2), np.uint8)
        bin_features(there, padded[some], categories[some], 20, codes, some)
        run.equal(codes, expected[:, some])


# ---- losses ------------------------------------------
def gradients_of_each_loss(run):
    for n in run.bearable(1, 70, 5000):
        y, raw = run.rng.gamma(2, size=n), run.rng.normal(0, 3, (4, n))
        raw[0, 0] = 40.0
        for weight in (None, run.rng.uniform(size=n)):
            for loss in run.device.kernels.losses.LOSSES:
                target, own = y, raw[:1]
                if loss == "binomial":
                    target = (y > 1).astype(float)
                if loss == "multinomial":
                    target, own = np.minimum(y.astype(int), 3).astype(float), raw
                out, there = run.zeros((len(own), n, 2), np.float32), run.there(target, own, weight)
                total = run.device.kernels.losses.gradients(loss, *there, out, quantile=0.3)
                expected_total, expected = reference_losses.gradients(loss, target, own, weight, 0.3)
                np.testing.assert_allclose(total, expected_total, rtol=1e-12)
                np.testing.assert_allclose(run.device.to_host(out), expected, rtol=1e-6, atol=1e-30)
                alone = run.device.kernels.losses.gradients(loss, *there, None, quantile=0.3)
                np.testing.assert_allclose(alone, total, rtol=1e-12)


def probabilities_of_classes(run):
    for n_outputs in (1, 5):
        raw = run.rng.normal(0, 4, (n_outputs, 5000))
        raw[0, :4] = 800, -800, 40, -40
        found = run.device.to_host(run.device.kernels.losses.probabilities(run.there(raw)))
        logs = np.stack([np.zeros(5000), raw[0]]) if n_outputs == 1 else raw
        shares = np.exp(logs - logs.max(axis=0))
        np.testing.assert_allclose(found, (shares / shares.sum(axis=0)).T, rtol=1e-13, atol=1e-300)


def quantiles_of_residuals(run):
    quantile_of = run.device.kernels.losses.quantile_of
    for n in (1, 2, 9, 9000):
        values, weights = run.rng.normal(size=n), run.rng.randint(0, 3, n).astype(float)
        weights[0] = 1
        for level in (0.0, 0.1, 0.5, 1.0):
            expected = reference_losses.quantile(values, None, level)
            there, heavy = run.there(values.copy(), weights)
            np.testing.assert_allclose(quantile_of(there, None, level), expected, rtol=1e-14)
            expected = reference_losses.quantile(values, weights, level)
            assert quantile_of(run.there(values.copy()), heavy, level) == expected


# ---- trees ------------------------------------------
def _blocks(codes):
    n, n_features = codes.shape
    blocks = np.zeros((-(-n_features // 4), n, 4), np.uint8)
    for f in range(n_features):
        blocks[f // 4, :, f % 4] = codes[:, f]
    return blocks


def _grow(run, codes, n_bins, kinds, max_bins, gradients, groups=None, l2=0.0, **options):
    kernels = run.device.kernels
    grower = kernels.boosting.make_grower(
        run.there(_blocks(codes)), n_bins, kinds, groups, max_bins=max_bins, l2_regularization=l2, **options
    )
    if not run.simulated or len(gradients) < 50:  # a tree leaves nothing behind
        kernels.boosting.grow_tree(grower, run.there(gradients[::-1].copy()))
    tree = kernels.boosting.grow_tree(grower, run.there(gradients))
    raw = run.zeros(len(codes), np.float64)
    kernels.boosting.add_leaf_values(tree, raw)
    return tree, run.device.to_host(raw)


def _compare(run, codes, n_bins, kinds, max_bins, gradients, **options):
    tree, raw = _grow(run, codes, n_bins, kinds, max_bins, gradients, **options)
    leaves, splits = reference_boosting.grow(codes, n_bins, kinds, max_bins, gradients, **options)
    run_splits = tree.nodes[tree.nodes[:, 3] >= 0]
    assert sorted(run_splits[:, 4]) == sorted(feature for feature, _, _ in splits)
    assert sorted(run_splits[:, 1] - run_splits[:, 0]) == sorted(rows for _, _, rows in splits)
    np.testing.assert_allclose(raw, reference_boosting.predictions(leaves, len(codes)), rtol=1e-9)
    return tree


def _gradients(run, target, hessians=False):
    gradients = np.ones((len(target), 2), np.float32)
    gradients[:, 0] = target.mean() - target
    if hessians:
        gradients[:, 1] = run.rng.uniform(0.1, 1, len(target))
    return gradients


def _codes(run, n, n_bins):
    return np.stack([run.rng.randint(0, b, n) for b in n_bins], axis=1).astype(np.uint8)


def trees_of_numbers(run):
    for n, n_bins in ((1, [1]), (30, [3]), (150, [9, 1, 4, 20, 2]), (260, [20] * 9)):
        if run.simulated and len(n_bins) > 5:
            continue
        codes = _codes(run, n, n_bins)
        target = run.rng.normal(size=n) + codes[:, 0] - codes[:, -1] * codes[:, 0] / 4
        kinds = np.zeros(len(n_bins), int)
        several = (
            {"max_leaf_nodes": 5},
            {"l2": 3.0, "min_samples_leaf": 1, "max_leaf_nodes": 9},
            {},
            {"max_leaf_nodes": None, "min_samples_leaf": 4},
            {"max_depth": 2},
        )
        for options in several[: 2 if run.simulated else None]:
            gradients = _gradients(run, target, hessians="l2" in options)
            _compare(run, codes, np.array(n_bins), kinds, 20, gradients, **options)


def trees_with_missing_values(run):
    n_bins = [6, 20, 3, 9, 5]
    codes = _codes(run, 200, n_bins)
    target = run.rng.normal(size=200) + codes[:, 1] / 4
    codes[run.rng.uniform(size=codes.shape) < 0.2] = 20
    target += 2.0 * (codes[:, 0] == 20)
    kinds = np.ones(5, int)
    several = ({"min_samples_leaf": 5, "max_leaf_nodes": 6}, {"max_leaf_nodes": 8})
    for options in several[: 1 if run.simulated else None]:
        tree = _compare(run, codes, np.array(n_bins), kinds, 20, _gradients(run, target, True), **options)
        assert tree.nodes[:, 6].any(), "missing values never went left"


def trees_of_categories(run):
    n_bins = [12, 5, 18, 2]
    n = 150 if run.simulated else 400
    codes = _codes(run, n, n_bins)
    effect = run.rng.normal(size=12)
    target = run.rng.normal(size=n) + 2 * effect[codes[:, 0]] + (codes[:, 2] % 3 == 0)
    codes[run.rng.uniform(size=n) < 0.2, 1] = 18
    kinds = np.array([2, 3, 2, 0])
    tree = _compare(run, codes, np.array(n_bins), kinds, 18, _gradients(run, target, True), max_leaf_nodes=4)
    assert tree.nodes[:, 7].any()


def trees_under_constraints(run):
    n, n_leaves = (120, 5) if run.simulated else (300, 9)
    n_bins = [16, 16, 16, 16, 16]
    codes = _codes(run, n, n_bins)
    target = np.sin(codes[:, 0]) + codes[:, 1] / 8 - codes[:, 2] / 8 + run.rng.normal(size=n)
    codes[::9, 3] = 16
    gradients = _gradients(run, target)
    for kinds in ([4, 4, 8, 1, 0], [8, 0, 4, 5, 0]):
        _compare(run, codes, np.array(n_bins), np.array(kinds), 16, gradients, max_leaf_nodes=n_leaves)
    groups = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]], bool)
    _compare(
        run,
        codes,
        np.array(n_bins),
        np.array([0, 0, 0, 1, 0]),
        16,
        gradients,
        groups=groups,
        max_leaf_nodes=n_leaves,
    )


def trees_of_few_sums(run):
    """Where memory is short, sums are made anew: the same tree."""
    from fastml._config import config_context

    n, n_features = (48, 1) if run.simulated else (500, 6)
    codes = _codes(run, n, [50] * n_features)
    gradients = _gradients(run, run.rng.normal(size=n) + codes[:, 0] % 7)
    options = (codes, np.full(n_features, 50), np.zeros(n_features, int), 50, gradients)
    _, expected = _grow(run, *options, min_samples_leaf=3)
    with config_context(working_memory=0.001):
        _, raw = _grow(run, *options, min_samples_leaf=3)
    np.testing.assert_allclose(raw, expected, rtol=1e-9)


def trees_by_any_number_of_threads(run):
    from fastml._config import config_context

    n, n_features = (60, 2) if run.simulated else (30_000, 10)
    codes = _codes(run, n, [60] * n_features)
    gradients = _gradients(run, run.rng.normal(size=n) + codes[:, 0] % 7)
    bins, found = np.full(n_features, 60), []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(_grow(run, codes, bins, np.zeros(n_features, int), 60, gradients)[0])
    run.equal(found[0].nodes, found[1].nodes)
    run.equal(found[0].stats, found[1].stats)


def trees_of_some_features(run):
    n_features = 2 if run.simulated else 8
    codes = _codes(run, 300, [16] * n_features)
    gradients = run.there(_gradients(run, run.rng.normal(size=300) + 4.0 * codes[:, 0]))
    kernels = run.device.kernels.boosting
    grower = kernels.make_grower(
        run.there(_blocks(codes)), np.full(n_features, 16), np.zeros(n_features, int), max_bins=16,
        max_features=0.5, min_samples_leaf=5, max_leaf_nodes=2,
    )  # fmt: skip
    seeds = range(8 if run.simulated else 20)
    roots = [kernels.grow_tree(grower, gradients, seed).nodes[0, 4] for seed in seeds]
    again = [kernels.grow_tree(grower, gradients, seed).nodes[0, 4] for seed in seeds[:3]]
    assert roots[:3] == again
    few = len(seeds) // 6
    assert few < roots.count(0) < len(seeds) - few, "the best feature is to be drawn about every other time"


# ---- predictions ------------------------------------------
def _forest(run, n_outputs=2):
    host = Run("cpu", run.dtype)
    n_bins = np.array([12, 5, 18, 2, 9])
    codes = _codes(run, 300, n_bins)
    codes[run.rng.uniform(size=codes.shape) < 0.1] = 18
    kinds = np.array([3, 1, 1, 1, 3])
    trees = []
    for t in range(3 * n_outputs):
        gradients = _gradients(run, run.rng.normal(size=300) + codes[:, t % 5])
        trees.append(_grow(host, codes, n_bins, kinds, 18, gradients, max_leaf_nodes=5 + t)[0])
    gradients = _gradients(run, np.zeros(300))
    trees += [_grow(host, codes, n_bins, kinds, 18, gradients)[0] for _ in range(n_outputs)]  # leaves alone
    thresholds = np.full((5, 256), np.inf)
    for f in range(5):
        thresholds[f, : n_bins[f] - 1] = np.arange(n_bins[f] - 1) + 0.5
    categories = np.array([12, 0, 0, 0, 9])
    return codes, CPU.kernels.boosted_trees.record_trees(trees, thresholds), thresholds, categories


def predictions_of_codes_and_rows(run):
    codes, records, thresholds, categories = _forest(run)
    kernels = run.device.kernels.boosted_trees
    for n in run.bearable(1, 15, 16, 75, 300):
        expected = run.rng.normal(size=(2, n))
        raw, from_rows = run.there(expected.copy(), expected.copy())
        reference_trees.predict_codes(records, codes[:n], 18, expected)
        forest = kernels.pack_trees(records, thresholds, categories, 18, np.arange(5))
        kernels.predict_codes(forest, run.there(codes[:n].copy()), raw)
        run.equal(raw, expected)
        X = codes[:n].astype(run.dtype)
        X[codes[:n] == 18] = np.nan
        kernels.predict_rows(kernels.pack_trees(records, thresholds, categories, 18), run.there(X), from_rows)
        run.equal(from_rows, expected)


def averages_with_given_features(run):
    _, records, _, _ = _forest(run)
    grid = np.array([[0.2, 3.0], [17.0, 1.0], [5.0, 0.0]])
    for targets in (np.array([2, 1]), np.array([3, 0])):
        expected, found = np.zeros((2, 3)), np.zeros((2, 3))
        reference_trees.average_trees(records, grid, targets, expected)
        CPU.kernels.boosted_trees.average_trees(records, grid, targets, found)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
# Those whose launchers see no data of the run's dtype: once is enough where it takes long.
WITHOUT_DTYPE = {name for name in CASES if name.startswith("trees_")} | {"gradients_of_each_loss"}
