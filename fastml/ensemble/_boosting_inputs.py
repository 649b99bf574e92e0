"""What the boosting estimators make of the data and the constraints that they are given."""

from __future__ import annotations

import itertools
import numbers

import numpy as np

from .._device import CPU, is_cuda_array
from .._plain import plain_target
from .._validation import check_weight, check_X, sk

__all__ = [
    "check_groups",
    "check_monotonic",
    "check_target",
    "check_training_data",
    "check_weights",
    "encode",
    "make_encoder",
]

CHECKS = {"ensure_all_finite": False}


def on_host(data):
    """Data as it is, but copied to the host if it lives on a GPU."""
    return CPU.to_host(data) if is_cuda_array(data) else data


# ---- features ------------------------------------------
def check_training_data(est, X):
    """Validate the training data; encode categories as 0, 1, ...

    Returns X, and for each feature how many categories it has, 0 for numbers.
    """
    est.is_categorical_ = _find_categorical(X, est.categorical_features)
    est._preprocessor = None
    if est.is_categorical_ is None:
        X = check_X(est, X, reset=True, **CHECKS)
        return X, np.zeros(X.shape[1], np.int64)
    est._preprocessor = _make_preprocessor(est.is_categorical_)
    encoded = est._preprocessor.fit_transform(on_host(X))
    est.n_features_in_ = est._preprocessor.n_features_in_
    if hasattr(est._preprocessor, "feature_names_in_"):
        est.feature_names_in_ = est._preprocessor.feature_names_in_
    return _in_order(est, encoded), _count_categories(est)


def _find_categorical(X, categorical_features):
    """Which features are categorical, as scikit-learn finds it; None if none is."""
    if categorical_features is None:
        return None
    by_dtype = isinstance(categorical_features, str) and categorical_features == "from_dtype"
    if by_dtype and (type(X) is np.ndarray or isinstance(X, (list, tuple)) or is_cuda_array(X)):
        return None
    return sk("sklearn.utils.validation._check_categorical_features")(X, categorical_features)


def _make_preprocessor(is_categorical):
    check_array = sk("sklearn.utils.check_array")
    encoder = sk("sklearn.preprocessing.OrdinalEncoder")(
        categories="auto",
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        dtype=np.float64,
    )
    checker = sk("sklearn.preprocessing.FunctionTransformer")(
        check_array, kw_args={"dtype": [np.float64], "ensure_all_finite": False}
    )
    preprocessor = sk("sklearn.compose.ColumnTransformer")(
        [("encoder", encoder, is_categorical), ("numerical", checker, ~is_categorical)]
    )
    return preprocessor.set_output(transform="default")


def make_encoder(is_categorical, categories, names):
    """Make the fitted encoder of a model that comes from a file.

    It is fitted to made-up rows in which all the categories occur. `names` are the features' or None.
    """
    n_rows = max([1, *map(len, categories)])
    X = np.zeros((n_rows, len(is_categorical)), object)
    for feature, values in zip(np.flatnonzero(is_categorical), categories):
        X[: len(values), feature] = values
        X[len(values) :, feature] = values[0] if len(values) else 0
    preprocessor = _make_preprocessor(is_categorical).fit(X)
    encoder = preprocessor.named_transformers_["encoder"]
    if [len(found) for found in encoder.categories_] != [len(values) for values in categories]:
        raise ValueError("categories are not sorted, or occur twice")
    encoder.categories_ = list(categories)
    if names is not None:
        preprocessor.feature_names_in_ = names
        encoder.feature_names_in_ = names[is_categorical]
    return preprocessor


def _in_order(est, encoded):
    """Bring the preprocessor's output, which has the categories first, into the order of the features."""
    X = np.empty(encoded.shape)
    n_categorical = int(est.is_categorical_.sum())
    X[:, est.is_categorical_] = encoded[:, :n_categorical]
    X[:, ~est.is_categorical_] = encoded[:, n_categorical:]
    return X


def _count_categories(est):
    encoder = est._preprocessor.named_transformers_["encoder"]
    counts = np.zeros(est.n_features_in_, np.int64)
    for place, (feature, categories) in enumerate(
        zip(np.flatnonzero(est.is_categorical_), encoder.categories_)
    ):
        if len(categories) and categories[-1] != categories[-1]:  # NaN, always the last one
            categories = categories[:-1]
        if len(categories) > est.max_bins:
            name = f"at index {place}"
            if hasattr(encoder, "feature_names_in_"):
                name = repr(encoder.feature_names_in_[place])
            raise ValueError(
                f"Categorical feature {name} is expected to "
                f"have a cardinality <= {est.max_bins} but actually "
                f"has a cardinality of {len(categories)}."
            )
        counts[feature] = len(categories)
    return counts


def encode(est, X):
    """Validate new data and encode its categories; unknown ones are missing."""
    if est._preprocessor is None:
        return check_X(est, X, reset=False, **CHECKS)
    return _in_order(est, est._preprocessor.transform(on_host(X)))


# ---- targets and weights ------------------------------------------
def check_target(est, X, y, y_float):
    """Validate the target of a regressor or classifier."""
    y = on_host(y)
    if plain_target(y, len(X), y_float, multi_output=False):
        return y
    y = sk("sklearn.utils.validation._check_y")(y, estimator=est)
    sk("sklearn.utils.check_consistent_length")(X, y)
    if not y_float:
        sk("sklearn.utils.multiclass.check_classification_targets")(y)
    return y


def check_weights(sample_weight, X):
    """Validate weights, as float64 whatever X is."""
    return check_weight(on_host(sample_weight), np.broadcast_to(np.zeros(1), (len(X), 1)))


# ---- constraints ------------------------------------------
def check_monotonic(est):
    """Validate the monotonic constraints; None if there are none."""
    if est.monotonic_cst is None:
        return None
    if est.n_trees_per_iteration_ != 1:
        raise ValueError("monotonic constraints are not supported for multiclass classification.")
    monotonic = sk("sklearn.utils.validation._check_monotonic_cst")(est, est.monotonic_cst)
    if est.is_categorical_ is not None and monotonic[est.is_categorical_].any():
        raise ValueError("Categorical features cannot have monotonic constraints.")
    return monotonic if monotonic.any() else None


def check_groups(interaction_cst, n_features):
    """Validate the interaction constraints: bool array of shape (n_groups, n_features), or None."""
    if interaction_cst is None:
        return None
    groups = interaction_cst
    if isinstance(interaction_cst, str):
        size = 1 if interaction_cst == "no_interactions" else 2
        groups = itertools.combinations(range(n_features), size)
    try:
        groups = [set(group) for group in groups]
    except TypeError as error:
        raise ValueError(
            f"Interaction constraints must be a sequence of tuples or lists, got: {interaction_cst!r}."
        ) from error
    for group in groups:
        if not all(isinstance(f, numbers.Integral) and 0 <= f < n_features for f in group):
            raise ValueError(
                "Interaction constraints must consist of integer indices in"
                f" [0, n_features - 1] = [0, {n_features - 1}], specifying the"
                " position of features, got invalid indices:"
                f" {group!r}"
            )
    rest = set(range(n_features)).difference(*groups)
    groups += [rest] if rest else []
    members = np.zeros((len(groups), n_features), bool)
    for row, group in zip(members, groups):
        row[list(group)] = True
    return members
