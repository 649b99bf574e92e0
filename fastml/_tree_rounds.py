"""Decision trees grown round after round from the same data, which is validated and ranked once."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _trees
from ._device import CPU
from ._parameters import validate_params
from .solvers import tree as solver

__all__ = ["TreeRounds", "copy_tree", "is_tree", "leaves_of", "pack_values", "to_sklearn", "with_features"]


def is_tree(estimator: Any) -> bool:
    """Tell whether an estimator is one of fastml's own decision trees, and no subclass of a user's.

    Parameters
    ----------
    estimator : object
        Any object.

    Returns
    -------
    is_tree : bool
        Whether it is.
    """
    from .tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

    return type(estimator) in (
        DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
    )  # fmt: skip


def copy_tree(template: Any, **changes: Any) -> Any:
    """Copy a tree estimator, with its parameters and attributes as they are.

    Parameters
    ----------
    template : estimator
        The tree.
    **changes : dict
        What the copy has instead.

    Returns
    -------
    estimator : estimator
        The copy.
    """
    made = object.__new__(type(template))
    vars(made).update(vars(template), **changes)
    return made


class TreeRounds:
    """Grows one tree estimator after the other from the same data.

    Parameters
    ----------
    prototype : estimator
        An unfitted tree of fastml's: the parameters.
    X : float32 or float64 ndarray of shape (n_samples, n_features)
        Validated data.
    y : ndarray of shape (n_samples,)
        Validated targets.

    Attributes
    ----------
    codes : float64 ndarray of shape (n_samples, 1)
        The targets; for classification the classes' numbers.
    rows : float32 ndarray of shape (n_samples, n_features)
        The data as trees see it.
    """

    def __init__(self, prototype, X, y):
        validate_params(prototype)
        X = CPU.to_host(X)
        made = self.template = copy_tree(prototype)
        made.n_features_in_, made.n_outputs_ = X.shape[1], 1
        classifies = made._classifies
        self.codes, n_classes, self.class_weight = made._encode(y[:, None])
        random = made.splitter == "random"
        self.table = _trees.rank_table(made, X, random=random)
        self.plan = _trees.make_plan(made, X.shape, n_classes, classifies, 0.0, random)
        made.max_features_ = self.plan.limits.max_features
        if made.criterion == "poisson":
            _trees.check_poisson(y, "positive")
        self.rows = X.astype(np.float32, copy=False)
        self.order = None
        if solver.is_stump(self.plan) and not np.isnan(np.min(self.rows)):
            self.order = CPU.kernels.stump.order_rows(self.table)

    def grow(self, weight, seed):
        """Grow a tree.

        Parameters
        ----------
        weight : float64 ndarray of shape (n_samples,) or None
            Weights of the samples; None means ones.
        seed : int
            The `random_state` of the tree.

        Returns
        -------
        estimator : estimator
            The fitted tree.
        """
        made = self.template
        if self.class_weight is not None:
            weight = self.class_weight if weight is None else weight * self.class_weight
        first = np.random.RandomState(seed).randint(0, _trees.MAX_SEED)
        tree = self.grow_tree(self.codes, weight, first)
        return copy_tree(made, random_state=seed, tree_=tree)

    def grow_tree(self, targets, weight, seed):
        """Grow a tree to targets other than those of the data.

        Parameters
        ----------
        targets : float64 ndarray of shape (n_samples, 1)
            The targets.
        weight : float64 ndarray of shape (n_samples,) or None
            Weights of the samples; None means ones.
        seed : int
            Of the features' order and of random thresholds.

        Returns
        -------
        tree : Tree
            The tree, pruned if the prototype is to be.
        """
        made, plan = self.template, self.plan
        if made.min_weight_fraction_leaf:
            total = len(self.rows) if weight is None else weight.sum()
            least = made.min_weight_fraction_leaf * total
            plan = plan._replace(limits=plan.limits._replace(min_weight_leaf=least))
        if self.order is not None and weight is not None and weight.min() > 0:
            weight = np.asarray(weight, np.float64)
            tree = solver.grow_stump(CPU, self.table, self.order, targets[:, 0], weight, plan, seed)
        else:
            tree = solver.grow(CPU, self.table, targets, weight, plan, seed)
        return tree.pruned(made.ccp_alpha) if made.ccp_alpha > 0 else tree

    def grow_drawn(self, rows, seed):
        """Grow a tree from samples that were drawn with replacement, as if they were different ones.

        Parameters
        ----------
        rows : ndarray of shape (n_samples,)
            The drawn samples.
        seed : int
            The `random_state` of the tree.

        Returns
        -------
        estimator : estimator
            The fitted tree.
        """
        made = self.template
        if made.min_samples_leaf != 1 or made.min_samples_split != 2 or made.criterion == "absolute_error":
            return copy_tree(made, random_state=seed).fit(self.rows[rows], self.codes[rows, 0])
        # A sample that was drawn several times stays together, so it may as well weigh more.
        estimator = self.grow(np.bincount(rows, minlength=len(self.rows)).astype(np.float64), seed)
        tree = estimator.tree_
        tree.nodes[:, 3] = tree.weighted_n_node_samples
        return estimator

    def values(self, estimator):
        """Give the value of each sample's leaf.

        Parameters
        ----------
        estimator : estimator
            A tree that was grown here.

        Returns
        -------
        values : float64 ndarray of shape (n_samples, n_values)
            Shares of the classes, or the target.
        """
        tree = estimator.tree_
        return tree.reals[:, solver.N_REALS :].take(tree.apply(self.rows), axis=0)


def pack_values(trees: list, values: list) -> tuple:
    """Pack trees for walks with values of their nodes other than their own.

    Parameters
    ----------
    trees : list of Tree
        The trees.
    values : list of float64 ndarray of shape (n_nodes, n_values)
        What is added for a row that ends in a node, tree by tree.

    Returns
    -------
    packed : tuple
        Words, roots and values, as `solvers.tree.pack` returns them.
    """
    words, roots, _ = solver.pack(CPU, trees)
    return words, roots, np.ascontiguousarray(np.concatenate(values))


def with_features(tree: Any, features: np.ndarray) -> Any:
    """Make a tree of some features one of all.

    Parameters
    ----------
    tree : Tree
        The tree.
    features : ndarray of shape (tree.n_features,)
        Which features it was grown from.

    Returns
    -------
    tree : Tree
        It asks for these.
    """
    nodes = tree.nodes.copy()
    inner = nodes[:, 0] != -1
    nodes[inner, 2] = features[nodes[inner, 2]]
    return solver.Tree(tree.n_features, tree.n_classes, nodes, tree.reals, tree.max_depth)


def leaves_of(packed: tuple, X: Any) -> np.ndarray:
    """Find the leaf of each row in each of some packed trees.

    Parameters
    ----------
    packed : tuple
        The trees, as `solvers.tree.pack` returns them.
    X : float32 ndarray or sparse matrix of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    leaves : int64 ndarray of shape (n_samples, n_trees)
        Numbers of nodes in the trees.
    """
    words, roots, _ = packed
    leaves = np.empty((X.shape[0], len(roots)), np.int64)
    for rows, block in solver.dense_blocks(X):
        CPU.kernels.tree_predict.find_leaves(block, words, roots, leaves[rows])
    return leaves


def to_sklearn(estimator: Any) -> Any:
    """Return what an estimator's own ``to_sklearn`` makes of it, or the estimator where it has none.

    Parameters
    ----------
    estimator : object
        An estimator.

    Returns
    -------
    estimator : object
        One that needs no fastml, where there is one.
    """
    return estimator.to_sklearn() if hasattr(estimator, "to_sklearn") else estimator
