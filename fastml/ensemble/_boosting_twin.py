"""scikit-learn's boosting estimators made from ours."""

from __future__ import annotations

import numpy as np

from .._validation import sk

__all__ = ["make_twin"]

MODULE = "sklearn.ensemble._hist_gradient_boosting"
LOSSES = {
    "binomial": "HalfBinomialLoss",
    "multinomial": "HalfMultinomialLoss",
    "squared_error": "HalfSquaredError",
    "absolute_error": "AbsoluteError",
    "quantile": "PinballLoss",
    "poisson": "HalfPoissonLoss",
    "gamma": "HalfGammaLoss",
}
COPIED = (
    "do_early_stopping_", "train_score_", "validation_score_", "is_categorical_", "n_features_in_",
    "feature_names_in_", "n_trees_per_iteration_", "classes_", "_preprocessor", "_random_seed",
)  # fmt: skip


def make_twin(est):
    """Return scikit-learn's estimator; it shares arrays with ours."""
    params = est.get_params(deep=False)
    del params["device"]
    twin = sk(f"sklearn.ensemble.{type(est).__name__}")(**params)
    if "_records" not in vars(est):
        return twin
    for name in COPIED:
        if name in vars(est):
            setattr(twin, name, getattr(est, name))
    twin._n_features = est.n_features_in_
    twin._baseline_prediction = est._baseline.reshape(1, -1)
    twin._feature_subsample_rng = np.random.default_rng(est._feature_seed)
    twin._use_validation_data = len(est.validation_score_) > 0
    twin._scorer = None
    if est._with_weights:
        twin._fitted_with_sw = True
    twin._loss = _make_loss(est)
    if "classes_" in vars(est):
        twin._label_encoder = sk("sklearn.preprocessing.LabelEncoder")().fit(est.classes_)
    places = _places(est)
    twin._is_categorical_remapped = None
    if est.is_categorical_ is not None:
        twin._is_categorical_remapped = est.is_categorical_[np.argsort(places)]
    twin._bin_mapper = _make_mapper(est, places, twin._is_categorical_remapped)
    trees = _make_predictors(est, places)
    k = est.n_trees_per_iteration_
    twin._predictors = [trees[first : first + k] for first in range(0, len(trees), k)]
    return twin


def _make_loss(est):
    name = est._loss_name()
    options = {}
    if name == "multinomial":
        options["n_classes"] = est.n_trees_per_iteration_
    if name == "quantile":
        options["quantile"] = est.quantile
    return sk(f"sklearn._loss.loss.{LOSSES[name]}")(**options)


def _places(est):
    """Where scikit-learn has each feature: those of categories come first."""
    order = np.arange(est.n_features_in_)
    if est.is_categorical_ is not None:
        order = np.argsort(~est.is_categorical_, kind="stable")
    return np.argsort(order)


def _make_mapper(est, places, is_categorical):
    bins, order = est._bins, np.argsort(places)
    mapper = sk(f"{MODULE}.binning._BinMapper")(
        n_bins=bins.max_bins + 1, is_categorical=is_categorical, random_state=est._random_seed
    )
    mapper.bin_thresholds_ = [bins.thresholds[feature] for feature in order]
    mapper.n_bins_non_missing_ = bins.n_bins[order].astype(np.uint32)
    mapper.is_categorical_ = (bins.n_categories[order] > 0).astype(np.uint8)
    mapper.missing_values_bin_idx_ = bins.max_bins
    return mapper


def _make_predictors(est, places):
    predictor = sk(f"{MODULE}.predictor.TreePredictor")
    node = sk(f"{MODULE}.common.PREDICTOR_RECORD_DTYPE")
    records = est._records
    trees, at, set_at = [], 0, 0
    for n_nodes, n_sets in records.sizes:
        nodes = records.nodes[at : at + n_nodes].astype(node)
        nodes["feature_idx"] = places[nodes["feature_idx"]]
        # Categories are their codes, so that a set of codes is a set of categories.
        raw = records.sets[set_at : set_at + n_sets].copy()
        binned = raw.copy()
        missing = est._bins.max_bins
        raw[:, missing // 32] &= ~np.uint32(1 << missing % 32)
        trees.append(predictor(nodes, binned, raw))
        at, set_at = at + n_nodes, set_at + n_sets
    return trees
