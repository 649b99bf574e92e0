"""Decision trees: growing one or many, and what is asked of a grown one."""

from __future__ import annotations

import numpy as np

from .._device import CPU

__all__ = ["Tree", "dense_blocks", "grow", "grow_stump", "is_stump", "pack"]

NODE_DTYPE = np.dtype(  # of scikit-learn's own trees
    {
        "names": ["left_child", "right_child", "feature", "threshold", "impurity", "n_node_samples",
                  "weighted_n_node_samples", "missing_go_to_left"],
        "formats": ["<i8", "<i8", "<i8", "<f8", "<f8", "<i8", "<f8", "u1"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": 64,
    }
)  # fmt: skip
N_REALS = 3  # before a node's values
SPARSE_BLOCK = 4_000_000  # values of a sparse matrix that are made dense at a time


class Tree:
    """A grown tree, with the attributes and methods of scikit-learn's `sklearn.tree._tree.Tree`.

    Attributes
    ----------
    node_count, n_leaves, max_depth : int
        Its size.
    n_features, n_outputs, max_n_classes : int
        What it was grown from.
    n_classes : ndarray of shape (n_outputs,)
        Classes of each output; 1 for regression.
    children_left, children_right : ndarray of shape (node_count,)
        Children of each node; -1 for leaves.
    feature, threshold : ndarray of shape (node_count,)
        A row goes left where the feature is not above the threshold; -2 for leaves.
    missing_go_to_left : ndarray of shape (node_count,)
        Whether missing values go left.
    impurity, weighted_n_node_samples, n_node_samples : ndarray of shape (node_count,)
        Of the training data in each node.
    value : ndarray of shape (node_count, n_outputs, max_n_classes)
        Mean or median target, or shares of the classes.
    """

    def __init__(self, n_features, n_classes, nodes, reals, max_depth):
        self.n_features = n_features
        self.n_classes = np.asarray(n_classes, np.intp)
        self.nodes = nodes
        self.reals = reals
        self.max_depth = max_depth

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    # ---- attributes ----
    node_count = property(lambda self: len(self.nodes))
    capacity = node_count
    n_outputs = property(lambda self: len(self.n_classes))
    max_n_classes = property(lambda self: int(self.n_classes.max()))
    n_leaves = property(lambda self: int(np.count_nonzero(self.nodes[:, 0] == -1)))
    children_left = property(lambda self: self.nodes[:, 0])
    children_right = property(lambda self: self.nodes[:, 1])
    feature = property(lambda self: self.nodes[:, 2])
    n_node_samples = property(lambda self: self.nodes[:, 3])
    missing_go_to_left = property(lambda self: self.nodes[:, 4].astype(np.uint8))
    threshold = property(lambda self: self.reals[:, 0])
    impurity = property(lambda self: self.reals[:, 1])
    weighted_n_node_samples = property(lambda self: self.reals[:, 2])

    @property
    def value(self):
        """The nodes' values, of shape (node_count, n_outputs, max_n_classes)."""
        return self.reals[:, N_REALS:].reshape(len(self.reals), self.n_outputs, -1)

    # ---- using it ----
    def packed(self):
        """Return the tree packed for walks: nodes and values. It is packed once."""
        if "_packed" not in vars(self):
            self._packed = pack(CPU, [self])
        return self._packed

    def apply(self, X):
        """Find the leaf of each row of X, float32 of shape (n_samples, n_features)."""
        words, roots, _ = self.packed()
        leaves = np.empty((X.shape[0], 1), np.intp)
        for rows, block in dense_blocks(X):
            CPU.kernels.tree_predict.find_leaves(block, words, roots, leaves[rows])
        return leaves[:, 0]

    def predict(self, X):
        """Give the value of each row's leaf, of shape (n_samples, max_n_classes) for one output."""
        out = self.packed()[2].take(self.apply(X), axis=0)
        return out if self.n_outputs == 1 else out.reshape(len(out), self.n_outputs, -1)

    def paths(self, X):
        """List the nodes that rows pass: where each row's begin, and the nodes."""
        parts = [CPU.kernels.tree_predict.list_paths(x, self.packed()[0]) for _, x in dense_blocks(X)]
        ends = np.cumsum([0] + [len(path) for _, path in parts])
        starts = [starts[:-1] + end for (starts, _), end in zip(parts, ends)]
        return np.concatenate([*starts, ends[-1:]]), np.concatenate([path for _, path in parts])

    def decision_path(self, X):
        """Mark the nodes that rows pass, in a CSR matrix of shape (n_samples, node_count)."""
        from scipy.sparse import csr_matrix

        starts, path = self.paths(X)
        ones = np.ones(len(path), np.intp)
        return csr_matrix((ones, path, starts), shape=(X.shape[0], self.node_count))

    def compute_feature_importances(self, normalize=True):
        """Sum up how much each feature lowered the impurity; the sums add up to 1 if `normalize`."""
        left, right, weight = self.children_left, self.children_right, self.weighted_n_node_samples
        inner = np.flatnonzero(left != -1)
        impure = weight * self.impurity
        gains = impure[inner] - impure[left[inner]] - impure[right[inner]]
        importances = np.bincount(self.feature[inner], weights=gains, minlength=self.n_features)
        importances = importances / weight[0]
        total = importances.sum() if normalize else 0.0
        return importances / total if total > 0 else importances

    def compute_node_depths(self):
        """Give the depth of each node, the root's being 1."""
        return CPU.kernels.tree_predict.measure_depths(self.packed()[0])

    def compute_partial_dependence(self, X, target_features, out):
        """Add the partial dependence on `target_features` at the points X to `out`."""
        kernels = CPU.kernels.tree_pruning
        kernels.partial_dependence(self.nodes, self.reals, self.n_features, X, target_features, out)

    def pruned(self, alpha):
        """Return the tree after minimal cost-complexity pruning."""
        nodes, reals = CPU.kernels.tree_pruning.prune_tree(self.nodes, self.reals, alpha)
        tree = Tree(self.n_features, self.n_classes, nodes, reals, 0)
        tree.max_depth = int(tree.compute_node_depths().max()) - 1
        return tree

    def pruning_path(self):
        """Return the effective alphas of pruning, and the tree's impurities from each on."""
        return CPU.kernels.tree_pruning.pruning_path(self.nodes, self.reals)

    # ---- scikit-learn's form ----
    def to_state(self):
        """Return what the ``__setstate__`` of scikit-learn's own class takes."""
        nodes = np.zeros(self.node_count, NODE_DTYPE)
        for name, values in zip(NODE_DTYPE.names, self._fields()):
            nodes[name] = values
        values = np.ascontiguousarray(self.value)
        return {
            "max_depth": self.max_depth, "node_count": self.node_count, "nodes": nodes, "values": values
        }  # fmt: skip

    def _fields(self):
        return (
            self.children_left, self.children_right, self.feature, self.threshold, self.impurity,
            self.n_node_samples, self.weighted_n_node_samples, self.missing_go_to_left,
        )  # fmt: skip

    @classmethod
    def from_state(cls, n_features, n_classes, state):
        """Make a tree of what the ``__getstate__`` of scikit-learn's own class returns."""
        theirs, values = state["nodes"], state["values"]
        missing = theirs["missing_go_to_left"] if "missing_go_to_left" in theirs.dtype.names else 0
        nodes = np.empty((len(theirs), 5), np.int64)
        for i, name in enumerate(("left_child", "right_child", "feature", "n_node_samples")):
            nodes[:, i] = theirs[name]
        nodes[:, 4] = missing
        reals = np.empty((len(theirs), N_REALS + values[0].size))
        for i, name in enumerate(("threshold", "impurity", "weighted_n_node_samples")):
            reals[:, i] = theirs[name]
        reals[:, N_REALS:] = values.reshape(len(values), -1)
        return cls(n_features, n_classes, nodes, reals, state["max_depth"])


def dense_blocks(X):
    """Yield rows of X as a slice and as an array for the kernels; a sparse matrix in blocks.

    Parameters
    ----------
    X : float32 ndarray or sparse matrix of shape (n_samples, n_features)
        The rows.

    Yields
    ------
    rows : slice
        Which rows.
    block : float32 ndarray
        The rows.
    """
    if isinstance(X, np.ndarray):
        yield slice(None), np.ascontiguousarray(X)
        return
    X = X.tocsr()
    step = max(1, SPARSE_BLOCK // max(1, X.shape[1]))
    for start in range(0, X.shape[0], step):
        rows = slice(start, start + step)
        yield rows, np.ascontiguousarray(X[rows].toarray())


def pack(device, trees):
    """Pack trees for walks, one after the other.

    Parameters
    ----------
    device : Device
        Where the walks will be.
    trees : list of Tree
        The trees, of one kind.

    Returns
    -------
    words : int64 array of shape (n_nodes, 2)
        The nodes of all trees.
    roots : int64 array of shape (n_trees,)
        Where each begins.
    values : float64 array of shape (n_nodes, n_outputs * max_n_classes)
        Their values.
    """
    sizes = np.array([len(tree.nodes) for tree in trees])
    roots = np.zeros(len(trees), np.int64)
    np.cumsum(sizes[:-1], out=roots[1:])
    words = np.empty((int(sizes.sum()), 2), np.int64)
    values = np.empty((len(words), trees[0].reals.shape[1] - N_REALS))
    for tree, root in zip(trees, roots.tolist()):
        device.kernels.tree_predict.pack_tree(tree.nodes, tree.reals, words, root)
        values[root : root + len(tree.nodes)] = tree.reals[:, N_REALS:]
    return words, roots, values


def grow(device, table, y, sample_weight, plan, seed):
    """Grow a tree.

    Parameters
    ----------
    device : Device
        Where it grows.
    table : Table
        What the device's ``tree_columns.rank_columns`` made of the data.
    y : float64 array of shape (n_samples, n_outputs)
        Targets; for classification the classes' numbers.
    sample_weight : array of shape (n_samples,) or None
        Weights; None means ones.
    plan : Plan
        What kind of tree, see `fastml._trees`.
    seed : int
        Of the features' order and of random thresholds, from 0 to 2**31 - 2.

    Returns
    -------
    tree : Tree
        The tree.
    """
    grown = device.kernels.tree.grow_tree(
        table, y, sample_weight, plan.criterion, int(max(plan.n_classes)), plan.limits, seed, plan.monotonic
    )
    return Tree(plan.n_features, plan.n_classes, grown.nodes, grown.reals, grown.max_depth)


def is_stump(plan) -> bool:
    """Tell whether a plan's trees are such as `grow_stump` grows: of one split by Gini's impurity."""
    limits = plan.limits
    return (
        (plan.criterion, limits.max_depth, limits.max_leaf_nodes, limits.random) == ("gini", 1, -1, False)
        and len(plan.n_classes) == 1
        and plan.monotonic is None
    )


def grow_stump(device, table, order, y, sample_weight, plan, seed):
    """Grow a tree of at most one split from sorted rows.

    Parameters
    ----------
    device : Device
        Where it grows.
    table : Table
        What the device's ``tree_columns.rank_columns`` made of the data, of which no value is missing.
    order : int32 array of shape (n_features, n_samples)
        What the device's ``stump.order_rows`` made of the table.
    y : float64 array of shape (n_samples,)
        The classes' numbers.
    sample_weight : float64 array of shape (n_samples,)
        Positive weights.
    plan : Plan
        What kind of tree, one for which `is_stump`.
    seed : int
        Of the features' order, from 0 to 2**31 - 2.

    Returns
    -------
    tree : Tree
        The tree that `grow` grows.
    """
    grown = device.kernels.stump.grow_stump(
        table, order, y, sample_weight, plan.n_classes[0], plan.limits, seed
    )
    return Tree(plan.n_features, plan.n_classes, grown.nodes, grown.reals, grown.max_depth)
