"""The kinds of objects that models hold besides plain values, arrays and estimators."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._columns import require

__all__ = ["KINDS", "kind_of"]


TWISTER = "MT19937"  # NumPy's name of the Mersenne twister


class Kind(NamedTuple):
    """How objects of one kind are saved.

    Attributes
    ----------
    accepts : callable
        Tells whether an object is of the kind.
    save, load : callable
        From the object to plain values and arrays, and back.
    """

    accepts: Any
    save: Any
    load: Any


def _is(name):
    """Tell by the name of its class, which need not be loaded otherwise."""
    return lambda value: f"{type(value).__module__}.{type(value).__qualname__}" == name


def kind_of(value):
    """Return the name of an object's kind, or None.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    name : str or None
        A key of `KINDS`.
    """
    return next((name for name, kind in KINDS.items() if kind.accepts(value)), None)


# ---- trees ----------------------------------------------------------------------------------------------
_is_tree = _is("fastml.solvers.tree.Tree")


def _save_trees(trees):
    from . import _trees

    return _trees.save_trees(trees)


def _load_trees(state):
    from . import _trees

    return _trees.load_trees(state)


def _load_forest(state):
    from ..solvers.forest import Trees

    trees, seeds = _load_trees(state["trees"]), state["seeds"]
    right = isinstance(seeds, np.ndarray) and seeds.dtype == np.int64 and seeds.shape == (len(trees),)
    require(right, "a forest has not one seed a tree")
    return Trees(trees, seeds)


def _load_tree(state):
    trees = _load_trees(state)
    require(len(trees) == 1, "one tree is several")
    return trees[0]


def _save_estimators(value):
    from . import _ensembles

    return _ensembles.save_estimators(value)


def _load_estimators(state):
    from . import _ensembles

    return _ensembles.load_estimators(state)


def _are_trees(value):
    if type(value) not in (list, np.ndarray) or not len(value):
        return False
    from . import _ensembles

    return _ensembles.are_alike(value)


# ---- boosting -------------------------------------------------------------------------------------------
def _boosting(name):
    def call(value):
        from . import _boosting

        return getattr(_boosting, name)(value)

    return call


def _save_encoder(preprocessor):
    """Describe what encodes categories: the ColumnTransformer of histogram gradient boosting."""
    encoder = preprocessor.named_transformers_["encoder"]
    columns = next(columns for name, _, columns in preprocessor.transformers_ if name == "encoder")
    return {
        "is_categorical": np.asarray(columns),
        "categories": list(encoder.categories_),
        "names": getattr(preprocessor, "feature_names_in_", None),
    }


def _load_encoder(state):
    from ..ensemble._boosting_inputs import make_encoder

    return make_encoder(state["is_categorical"], state["categories"], state["names"])


# ---- others ---------------------------------------------------------------------------------------------
def _load_sampling(state):
    from ..solvers.forest import Sampling

    n_samples, n_drawn, weight = state["n_samples"], state["n_drawn"], state["weight"]
    require(type(n_samples) is int and n_samples > 0, "a forest has no number of samples")
    require(n_drawn is None or (type(n_drawn) is int and n_drawn > 0), "a forest draws no samples")
    right = weight is None or (isinstance(weight, np.ndarray) and weight.shape == (n_samples,))
    require(right, "a forest has not one weight a sample")
    return Sampling(n_samples, n_drawn, weight)


def _load_draw(state):
    from ..solvers.bagging import Draw

    how = Draw(**state)
    for number in (how.n_samples, how.n_features, how.max_samples, how.max_features):
        require(type(number) is int and number >= 0, "an ensemble draws no samples")
    for flag in (how.bootstrap, how.bootstrap_features):
        require(isinstance(flag, (bool, np.bool_)), "an ensemble draws no samples")
    right = how.weight is None or (
        isinstance(how.weight, np.ndarray) and how.weight.shape == (how.n_samples,)
    )
    require(right, "an ensemble has not one weight a sample")
    return how


def _load_kd_tree(state):
    from ..neighbors import KDTree

    data, arguments = state["data"], state["arguments"]
    require(isinstance(data, np.ndarray) and data.ndim == 2, "a kd-tree has no points")
    require(
        isinstance(arguments, dict) and all(isinstance(k, str) for k in arguments), "a kd-tree has no metric"
    )
    return KDTree(data, **arguments)


def _is_mersenne_twister(value):
    return (
        isinstance(value, np.random.RandomState) and value.get_state(legacy=False)["bit_generator"] == TWISTER
    )


def _load_random_state(state):
    require(state["bit_generator"] == TWISTER, "a random state is of an unknown kind")
    inner = state["state"]
    key, place = inner["key"], inner["pos"]
    right = isinstance(key, np.ndarray) and key.dtype == np.uint32 and key.shape == (624,)
    require(right and type(place) is int and 0 <= place <= 624, "a random state has no key")
    made = np.random.RandomState()
    made.set_state(state)
    return made


KINDS = {
    "tree": Kind(_is_tree, lambda tree: _save_trees([tree]), _load_tree),
    "forest": Kind(
        _is("fastml.solvers.forest.Trees"),
        lambda forest: {"trees": _save_trees(forest.trees), "seeds": forest.seeds},
        _load_forest,
    ),
    "bins": Kind(_is("fastml.solvers.boosting.Bins"), _boosting("save_bins"), _boosting("load_bins")),
    "boosted trees": Kind(
        _is("fastml.kernels._boosted.Records"), _boosting("save_records"), _boosting("load_records")
    ),
    "encoder": Kind(
        _is("sklearn.compose._column_transformer.ColumnTransformer"), _save_encoder, _load_encoder
    ),
    "sampling": Kind(
        _is("fastml.solvers.forest.Sampling"), lambda sampling: sampling._asdict(), _load_sampling
    ),
    "draw": Kind(_is("fastml.solvers.bagging.Draw"), lambda how: how._asdict(), _load_draw),
    "estimators": Kind(_are_trees, _save_estimators, _load_estimators),
    "kd-tree": Kind(
        _is("fastml.neighbors._kd_tree.KDTree"),
        lambda tree: {"data": tree.data, "arguments": tree._arguments},
        _load_kd_tree,
    ),
    "random state": Kind(_is_mersenne_twister, lambda rng: rng.get_state(legacy=False), _load_random_state),
}
