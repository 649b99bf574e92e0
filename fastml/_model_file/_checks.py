"""What compiled code takes for granted of a fitted model, checked when it comes from a file.

Kernels do not ask whether an array is as long as another one: fitting made them so.
"""

from __future__ import annotations

import numpy as np

from ._columns import require

__all__ = ["check_model"]

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
REAL_KINDS = "iuf"


def check_model(est):
    """Raise `Damaged` unless an estimator's attributes fit each other.

    Parameters
    ----------
    est : estimator
        As it was loaded.
    """
    state = vars(est)
    for attribute, check in CHECKS:
        if attribute in state:
            n_features = state.get("n_features_in_")
            require(type(n_features) is int and n_features > 0, "n_features_in_ is no number of features")
            check(est, n_features)


def _is_array(value, shape, kinds="f"):
    right = isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.flags.c_contiguous
    right = right and (kinds != "f" or value.dtype in FLOATS) and value.ndim == len(shape)
    return right and all(n in (None, m) for n, m in zip(shape, value.shape))


# ---- tables of numbers -----------------------------------------------------------------------------------
def _check_centers(est, n_features):
    require(_is_array(est.cluster_centers_, (None, n_features)), "cluster_centers_ has another shape")
    k = len(est.cluster_centers_)
    require(k > 0, "there are no clusters")
    require("_counts" not in vars(est) or _is_array(est._counts, (k,)), "_counts has another shape")


PER_FEATURE = (
    "center_", "data_max_", "data_min_", "data_range_", "max_abs_", "mean_", "min_", "n_samples_seen_",
    "scale_", "var_",
)  # fmt: skip


def _check_scaler(est, n_features):
    if "outliers_" in vars(est):  # the scale of a regression's errors is a number, used as that
        return
    for name in PER_FEATURE:
        value = vars(est).get(name)
        if value is None or (name == "n_samples_seen_" and np.ndim(value) == 0):
            continue
        kinds = REAL_KINDS if name == "n_samples_seen_" else "f"
        require(_is_array(value, (n_features,), kinds), f"{name} has another shape")


def _check_neighbors(est, n_features):
    points = est._fit_X
    require(_is_array(points, (None, n_features)), "_fit_X has another shape")
    n = len(points)
    require(n > 0 and est.n_samples_fit_ == n, "n_samples_fit_ is not the number of points")
    require(est._sklearn is None, "scikit-learn's search is no part of a file")
    tree = est._tree
    require(tree is None or getattr(tree, "data", None) is points, "the kd-tree is of other points")
    require((est._fit_method == "kd_tree") == (tree is not None), "_fit_method is not how the search is done")
    require(est._fit_method in ("kd_tree", "brute", "ball_tree"), "_fit_method is unknown")
    if "_y" not in vars(est):
        return
    y, classes = est._y, getattr(est, "classes_", None)
    right = (
        isinstance(y, np.ndarray) and y.dtype.kind in REAL_KINDS + "b" and y.ndim in (1, 2) and len(y) == n
    )
    require(right, "_y has another shape")
    if classes is not None:
        lists = classes if est.outputs_2d_ else [classes]
        require(y.dtype.kind in "iu" and (y.ndim == 2) == bool(est.outputs_2d_), "_y holds no classes")
        require(len(lists) == (y.shape[1] if y.ndim == 2 else 1), "classes_ has another length")
        for column, labels in zip(y.reshape(n, -1).T, lists):
            require(0 <= column.min() and column.max() < len(labels), "a sample's class is none")


# ---- linear models and machines ----------------------------------------------------------------------------
def _is_sparse_rows(value, shape):
    right = hasattr(value, "tocsr") and value.data.dtype in FLOATS and value.indices.dtype == np.int32
    return right and all(n in (None, m) for n, m in zip(shape, value.shape))


def _is_table(value, shape):
    """Whether a value is an array of that shape, in either order, or a sparse matrix."""
    if not isinstance(value, np.ndarray):
        return _is_sparse_rows(value, shape)
    return _is_array(value.T, shape[::-1]) or _is_array(value, shape)


def _check_linear(est, n_features):
    coef, state = est.coef_, vars(est)
    flat = _is_array(coef, (n_features,))
    require(flat or _is_table(coef, (None, n_features)), "coef_ has another shape")
    n_rows = 1 if flat else coef.shape[0]
    intercept = np.asarray(est.intercept_)
    right = intercept.dtype in FLOATS and intercept.shape in ((), (1,), (n_rows,))
    require(right and n_rows > 0, "intercept_ has another shape")
    if "classes_" in state:
        classes = est.classes_
        require(isinstance(classes, np.ndarray) and classes.ndim == 1, "classes_ is no array")
        require(n_rows == len(classes) or (n_rows, len(classes)) == (1, 2), "classes_ has another length")
    for name in ("_standard", "_average"):
        if name in state:
            own, constants = state[name]
            right = _is_array(own, (n_rows, n_features)) and _is_array(constants, (n_rows,))
            require(right, f"{name} has another shape")


def _check_machine(est, n_features):
    vectors, coefficients, sparse = est.support_vectors_, est._dual_coef_, est._sparse
    require(type(sparse) is bool, "_sparse is no bool")
    fits = _is_sparse_rows if sparse else _is_array
    k = len(est.support_)
    away = est.kernel == "precomputed" and not sparse and vectors.size == 0
    require(away or fits(vectors, (k, n_features)), "vectors have another shape")
    require(fits(coefficients, (None, k)) and coefficients.shape[0] > 0, "_dual_coef_ has another shape")
    require(_is_array(est.support_, (k,), "iu"), "support_ has another shape")
    require(isinstance(est._gamma, (float, int, np.floating)), "_gamma is no number")
    _check_pairs(est, k, coefficients.shape[0])


def _check_pairs(est, k, n_rows):
    counts = est._n_support
    require(_is_array(counts, (None,), "iu") and counts.min() >= 0, "_n_support is no number of vectors")
    if not est.__class__.__name__.endswith("SVC"):
        require(n_rows == 1 and _is_array(est._intercept_, (1,)), "an intercept is missing")
        return
    right = counts.sum() == k and len(counts) == n_rows + 1 == len(est.classes_)
    require(right, "_n_support is not the number of vectors")
    n_pairs = n_rows * (n_rows + 1) // 2
    require(_is_array(est._intercept_, (n_pairs,)), "an intercept is missing")
    sizes = (n_pairs,) if len(est._probA) else (0,)
    require(_is_array(est._probA, sizes) and _is_array(est._probB, sizes), "a sigmoid is missing")


def _check_polynomial(est, n_features):
    low, high = est._min_degree, est._max_degree
    require(type(low) is int and type(high) is int and 0 <= low <= high, "a degree is no number")
    counts = est._count(n_features, 0, high), est._count(n_features, low, high)
    require((est._n_out_full, est.n_output_features_) == counts, "the number of products is another")


# ---- trees -------------------------------------------------------------------------------------------------
def _check_classes(est, n_classes):
    """Check the labels of a classifier's outputs against the number of classes in its trees."""
    if not getattr(est, "_classifies", False):
        require(set(n_classes) == {1}, "a regression tree has classes")
        return
    lists = est.classes_ if est.n_outputs_ > 1 else [est.classes_]
    require([len(labels) for labels in lists] == list(n_classes), "classes_ has another length")
    require(
        all(isinstance(labels, np.ndarray) and labels.ndim == 1 for labels in lists), "classes_ is no array"
    )


def _check_tree(est, n_features):
    _check_trees(est, [est.tree_], n_features)


def _check_forest(est, n_features):
    require(type(est._forest).__name__ == "Trees", "a forest has no trees")
    trees = est._forest.trees
    if "_how" in vars(est):
        _check_isolation(est, trees, n_features)
        return
    require(est._n_classes == trees[0].n_classes.tolist(), "_n_classes is not that of the trees")
    _check_trees(est, trees, n_features)


def _check_trees(est, trees, n_features):
    for tree in trees:
        require(hasattr(tree, "node_count") and tree.n_features == n_features, "a tree is of other features")
        require(tree.n_outputs == est.n_outputs_, "a tree is of other outputs")
    _check_classes(est, trees[0].n_classes.tolist())


def _check_isolation(est, trees, n_features):
    require(type(est._how).__name__ == "Draw", "no samples were drawn")
    require(len(est.estimators_features_) == len(trees), "a tree has no features")
    for tree, features in zip(trees, est.estimators_features_):
        require(tree.n_classes.tolist() == [1], "an isolation tree has classes")
        _check_drawn(features, tree.n_features, n_features)


def _check_drawn(features, n_drawn, n_features):
    right = _is_array(features, (n_drawn,), "iu") and n_drawn > 0
    require(right and 0 <= features.min() <= features.max() < n_features, "a tree has no features")


# ---- ensembles that keep estimators ----------------------------------------------------------------------
def _check_estimators(est, n_features):
    estimators = est.estimators_
    check = next((check for name, check in ENSEMBLES if type(est).__name__.startswith(name)), None)
    if check is None:
        return
    parts = estimators.ravel().tolist() if isinstance(estimators, np.ndarray) else estimators
    require(isinstance(parts, list) and len(parts) > 0, "an ensemble has no estimators")
    check(est, parts, n_features)


def _check_adaboost(est, estimators, n_features):
    weights = est.estimator_weights_
    right = _is_array(weights, (None,)) and weights.dtype == np.float64 and len(weights) >= len(estimators)
    require(right, "an estimator has no weight")
    for part in estimators:
        if "tree_" in vars(part):
            right = part.n_features_in_ == n_features and part.n_outputs_ == 1
            require(right, "a tree is of other features or outputs")
    if est._classifies:
        require(isinstance(est.classes_, np.ndarray) and est.classes_.ndim == 1, "classes_ is no array")
        require(est.n_classes_ == len(est.classes_), "n_classes_ is not the number of classes")


def _check_bagging(est, estimators, n_features):
    require(len(est.estimators_features_) == len(estimators), "an estimator has no features")
    for part, features in zip(estimators, est.estimators_features_):
        require("tree_" in vars(part) and part.n_outputs_ == 1, "an estimator has no tree")
        _check_drawn(features, part.n_features_in_, n_features)


def _check_gradient_boosting(est, estimators, n_features):
    k = est.n_trees_per_iteration_
    require(
        type(k) is int and est.estimators_.shape == (len(estimators) // k, k), "a stage has not as many trees"
    )
    for part in estimators:
        right = "tree_" in vars(part) and part.n_features_in_ == n_features and not part._classifies
        require(right and part.n_outputs_ == 1, "a stage has other trees")
    start = est._raw_start(np.zeros((1, n_features), np.float32))
    require(start.shape == (1, k), "a stage has not one tree for each raw prediction")


ENSEMBLES = (
    ("AdaBoost", _check_adaboost),
    ("Bagging", _check_bagging),
    ("GradientBoosting", _check_gradient_boosting),
)


# ---- histogram gradient boosting -------------------------------------------------------------------------
def _check_boosting(est, n_features):
    records, bins, k = est._records, est._bins, est.n_trees_per_iteration_
    require(type(records).__name__ == "Records" and type(bins).__name__ == "Bins", "there are no trees")
    require(type(k) is int and k > 0 and len(records.sizes) % k == 0, "a round has not as many trees")
    require(
        _is_array(est._baseline, (k,)) and est._baseline.dtype == np.float64, "_baseline has another shape"
    )
    require(len(bins.n_categories) == n_features, "there are not as many bins as features")
    features = records.nodes["feature_idx"][records.nodes["is_leaf"] == 0]
    require(
        not len(features) or 0 <= features.min() <= features.max() < n_features, "a tree asks for no feature"
    )
    if "classes_" in vars(est):
        n = len(est.classes_)
        require(k == (1 if n <= 2 else n), "classes_ has another length")
    categorical = est.is_categorical_
    right = categorical is None or _is_array(categorical, (n_features,), "b")
    require(right, "is_categorical_ has another shape")
    n_categorical = 0 if categorical is None else int(categorical.sum())
    encoder = est._preprocessor
    require((encoder is None) == (categorical is None), "categories have no encoder")
    require(encoder is None or encoder.n_features_in_ == n_features, "the encoder is of other features")
    require(n_categorical or not bins.n_categories.any(), "numbers are binned as categories")


# What is checked where an estimator has an attribute. A new estimator whose kernels rely on the shape of
# an attribute gets its line here.
CHECKS = (
    ("cluster_centers_", _check_centers),
    ("scale_", _check_scaler),
    ("_fit_X", _check_neighbors),
    ("coef_", _check_linear),
    ("support_vectors_", _check_machine),
    ("_n_out_full", _check_polynomial),
    ("tree_", _check_tree),
    ("_forest", _check_forest),
    ("estimators_", _check_estimators),
    ("_records", _check_boosting),
)
