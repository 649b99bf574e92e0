"""Samples as the leaves that they reach in random trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from .._base import Transformer, stand_for
from .._tree_rounds import leaves_of
from .._validation import check_fitted, fit_method, random_state, sk
from ._forest import Forest
from ._forest_regression import ForestRegressor
from ._tree_ensemble import threads_of

__all__ = ["RandomTreesEmbedding"]

UNUSED = ("bootstrap", "ccp_alpha", "criterion", "max_features", "max_samples", "monotonic_cst", "oob_score")


class RandomTreesEmbedding(Transformer, Forest):
    """An embedding in many dimensions: one for each leaf of random trees, 1 where a sample is in the leaf.

    The trees are grown without a target: a split takes a random feature and a random threshold between the
    smallest and the largest value in the node.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.

    max_depth : int, default=5
        Most splits above a leaf. None means no bound.

    min_samples_split : int or float, default=2
        Fewest samples in a node that is split; a float is a fraction of all samples.

    min_samples_leaf : int or float, default=1
        Fewest samples in a leaf; a float is a fraction of all samples.

    min_weight_fraction_leaf : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of all samples.

    max_leaf_nodes : int, default=None
        Most leaves of a tree; the splits that lower the impurity most come first. None means no bound.

    min_impurity_decrease : float, default=0.0
        Least by which a split must lower the impurity, weighed by the node's share of the samples.

    sparse_output : bool, default=True
        Whether the embedding is a sparse CSR matrix, or an array.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    random_state : int, RandomState instance or None, default=None
        Of the random targets, features and thresholds. An int makes the result reproducible, on any number of
        threads; the trees are those that scikit-learn grows from it.

    verbose : int, default=0
        From 2 on, a line is printed for each tree.

    warm_start : bool, default=False
        Whether `fit` keeps the trees that are there, and grows only those that `n_estimators` asks for
        beyond.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow on the CPU.

    Attributes
    ----------
    estimators_ : list of ExtraTreeRegressor
        The trees, made into estimators when they are asked for.

    estimator_ : ExtraTreeRegressor
        An unfitted one.

    one_hot_encoder_ : sklearn.preprocessing.OneHotEncoder
        From leaves to the embedding, made when it is asked for.

    n_outputs_ : int
        1.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity of the random targets, in the mean of the trees; in sum 1.

    estimators_samples_ : list of ndarray
        The samples that each tree was grown from: all.

    See Also
    --------
    IsolationForest : Random trees that find outliers.

    References
    ----------
    Moosmann, F., Triggs, B., Jurie, F. (2006). Fast discriminative visual codebooks using randomized
    clustering forests. NIPS.

    Examples
    --------
    >>> from fastml.ensemble import RandomTreesEmbedding
    >>> X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
    >>> embedding = RandomTreesEmbedding(n_estimators=5, max_depth=1, random_state=0).fit(X)
    >>> embedding.transform(X).shape
    (5, 10)
    """

    _constraints: dict = {
        **{name: value for name, value in Forest._constraints.items() if name not in UNUSED},
        "sparse_output": ["boolean"],
    }
    _classifies = False
    _random = True
    _sklearn_name = "sklearn.ensemble.RandomTreesEmbedding"
    _encode = ForestRegressor._encode
    # What the other forests have as parameters
    criterion, max_features, bootstrap, oob_score = "squared_error", 1, False, False
    ccp_alpha, monotonic_cst, max_samples = 0.0, None, None

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_depth: int | None = 5,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        sparse_output: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.sparse_output = sparse_output
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.device = device

    def _tree_class(self):
        return tree.ExtraTreeRegressor

    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Grow the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : RandomTreesEmbedding
            The fitted estimator.
        """
        plain = type(X) is np.ndarray and X.ndim > 0
        n_samples = len(X) if plain else sk("sklearn.utils.validation._num_samples")(X)
        targets = random_state(self.random_state).uniform(size=n_samples)
        return self._fit(X, targets, sample_weight)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Grow the trees, and embed the same samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; NaN is a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        embedded : CSR matrix or ndarray of shape (n_samples, n_leaves)
            1 for the leaves of each sample.
        """
        return self.fit(X, y, sample_weight).transform(X)

    def transform(self, X: Any) -> Any:
        """Embed samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        embedded : CSR matrix or ndarray of shape (n_samples, n_leaves)
            1 for the leaves of each sample; leaves in the order of the trees, then of their nodes.
        """
        from scipy.sparse import csr_matrix

        rows, packed = self._rows(X), self._packed_trees()
        with threads_of(self):
            leaves = leaves_of(packed, rows)
        leaves += packed[1]
        columns = self._columns()
        shape = len(leaves), int(columns[-1]) + 1
        n_trees = leaves.shape[1]
        starts = np.arange(0, leaves.size + 1, n_trees)
        embedded = csr_matrix((np.ones(leaves.size), columns[leaves].ravel(), starts), shape=shape)
        return embedded if self.sparse_output else embedded.toarray()

    def _columns(self):
        """For each node, of all trees, how many leaves are before it: a leaf's column. The last is a leaf."""
        return self._forest.derived("columns", lambda: np.cumsum(np.concatenate(self._leaf_flags())) - 1)

    def _leaf_flags(self):
        return [grown.children_left == -1 for grown in self._forest.trees]

    @property
    def _n_features_out(self):
        return int(self._columns()[-1]) + 1

    @property
    def one_hot_encoder_(self):
        """What scikit-learn makes the embedding of the leaves with."""
        check_fitted(self, "_forest")
        leaves = [np.flatnonzero(flags) for flags in self._leaf_flags()]
        longest = max(map(len, leaves))
        table = np.stack([np.pad(own, (0, longest - len(own)), "edge") for own in leaves], axis=1)
        return sk("sklearn.preprocessing.OneHotEncoder")(sparse_output=self.sparse_output).fit(table)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Name the dimensions after the trees and their leaves.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only compared with the names of features that `fit` has seen.

        Returns
        -------
        names : ndarray of object, of shape (n_leaves,)
            `randomtreesembedding_{tree}_{leaf}`, by the numbers of nodes.
        """
        check_fitted(self, "_forest")
        sk("sklearn.utils.validation._check_feature_names_in")(self, input_features, generate_names=False)
        names = [
            f"randomtreesembedding_{t}_{leaf}"
            for t, flags in enumerate(self._leaf_flags())
            for leaf in np.flatnonzero(flags)
        ]
        return np.asarray(names, dtype=object)

    def _give_to(self, twin):
        super()._give_to(twin)
        twin.one_hot_encoder_, twin._n_features_out = self.one_hot_encoder_, self._n_features_out


stand_for(RandomTreesEmbedding, "sklearn.ensemble._forest.RandomTreesEmbedding")
