"""The kinds of objects that models hold besides plain values, arrays and estimators."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._lazy import sk
from ._columns import require

__all__ = ["KINDS", "kind_of"]


TWISTER = "MT19937"  # NumPy's name of the Mersenne twister
SPARSE_CLASSES = ("csr_array", "csr_matrix")
MOST_COLUMNS = np.iinfo(np.int64).max


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


# ---- sparse matrices ------------------------------------------------------------------------------------
def _is_sparse_rows(value):
    kind = type(value)
    return kind.__module__.startswith("scipy.sparse.") and kind.__name__ in SPARSE_CLASSES and value.ndim == 2


def _save_sparse(matrix):
    return {
        "class": type(matrix).__name__,
        "shape": tuple(map(int, matrix.shape)),
        **{name: getattr(matrix, name) for name in ("data", "indices", "indptr")},
    }


def _load_sparse(state):
    """Make a matrix whose rows and columns are where SciPy's compiled code, and ours, will look for them."""
    from scipy import sparse

    shape, data, indices, indptr = (state[name] for name in ("shape", "data", "indices", "indptr"))
    require(state["class"] in SPARSE_CLASSES, "a sparse matrix is of an unknown class")
    right = isinstance(shape, tuple) and len(shape) == 2 and all(type(n) is int for n in shape)
    require(right and min(shape) >= 0 and shape[1] <= MOST_COLUMNS, "a sparse matrix has no shape")
    for part in (data, indices, indptr):
        require(isinstance(part, np.ndarray) and part.ndim == 1, "a part of a sparse matrix is no array")
    right = indices.dtype == indptr.dtype and indices.dtype in (np.int32, np.int64)
    require(right, "a sparse matrix has no indices")
    n_rows, n_columns = shape
    right = len(indptr) == n_rows + 1 and indptr[0] == 0 and indptr[-1] == len(data) == len(indices)
    require(right and (indptr[:-1] <= indptr[1:]).all(), "a sparse matrix has other rows")
    right = not len(indices) or 0 <= indices.min() <= indices.max() < n_columns
    require(right, "a number is in no column of its sparse matrix")
    # A copy: what SciPy sorts in one matrix must not be a part of another one, or another part.
    made = getattr(sparse, state["class"])
    return made((data, indices, indptr), shape=shape, copy=True)


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


def _save_binarizer(binarizer):
    names = ("classes_", "y_type_", "sparse_input_")
    return {"params": binarizer.get_params(), **{name: getattr(binarizer, name) for name in names}}


def _load_binarizer(state):
    params, classes = state["params"], state["classes_"]
    right = isinstance(params, dict) and all(type(value) in (bool, int) for value in params.values())
    require(right, "labels are encoded in an unknown way")
    require(isinstance(classes, np.ndarray) and classes.ndim == 1, "labels have no classes")
    require(type(state["y_type_"]) is str and type(state["sparse_input_"]) is bool, "labels are of no type")
    made = sk("sklearn.preprocessing.LabelBinarizer")(**params)
    made.classes_, made.y_type_, made.sparse_input_ = classes, state["y_type_"], state["sparse_input_"]
    return made


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
    "label binarizer": Kind(
        _is("sklearn.preprocessing._label.LabelBinarizer"), _save_binarizer, _load_binarizer
    ),
    "sparse matrix": Kind(_is_sparse_rows, _save_sparse, _load_sparse),
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
