"""Compiled kernels and their launchers: `cpu` and, with the same file names and parameters, `cuda`."""

_SPARSE = "sparse matrices come as SciPy's, on the host"
_DEPENDENCE = "it walks through nodes, once for each point of a small grid; a GPU would wait for launches"
_TREE = "walks through a tree diverge; on a GPU brute force in registers is faster while the data fits"
_GROWN = "exact splits sort a node's rows by each column; on a GPU HistGradientBoosting* grows trees"
_PACKED = "grown trees are packed once, on the host, and moved"
_PRUNED = "pruning goes through the nodes of one tree, one after the other"
_STEPS = "each step starts from what the step before it has changed; a GPU would wait for launches"

# Launchers without a CUDA twin, and why. Computations on a GPU never ask for them.
CPU_ONLY = {
    "boosted_trees.average_trees": _DEPENDENCE,
    "dual_coordinate_descent.row_squares": _STEPS,
    "dual_coordinate_descent.sweep_dual": _STEPS,
    "gradient_boosting.draw_mask": _GROWN,
    "gradient_boosting.measure_losses": _GROWN,
    "gradient_boosting.sum_leaves": _GROWN,
    "kd_tree.build_kd_tree": _TREE,
    "kd_tree.count_kd_tree": _TREE,
    "kd_tree.list_kd_tree": _TREE,
    "kd_tree.query_kd_tree": _TREE,
    "l1_svm.column_squares": _STEPS,
    "l1_svm.sweep_columns": _STEPS,
    "sgd.descend": _STEPS,
    "sgd.descend_in_batches": _STEPS,
    "sgd.shuffle": _STEPS,
    "sparse_columns.csc_column_largest": _SPARSE,
    "sparse_columns.csc_column_moments": _SPARSE,
    "sparse_columns.csc_column_quantiles": _SPARSE,
    "sparse_columns.csr_column_largest": _SPARSE,
    "sparse_columns.csr_column_moments": _SPARSE,
    "sparse_scaling.csc_multiply_columns": _SPARSE,
    "sparse_scaling.csr_multiply_columns": _SPARSE,
    "sparse_scaling.csr_normalize_rows": _SPARSE,
    "stump.grow_stump": _GROWN,
    "stump.order_rows": _GROWN,
    "tree.grow_tree": _GROWN,
    "tree_columns.order_columns": _GROWN,
    "tree_columns.rank_columns": _GROWN,
    "tree_predict.pack_tree": _PACKED,
    "tree_pruning.partial_dependence": _DEPENDENCE,
    "tree_pruning.prune_tree": _PRUNED,
    "tree_pruning.pruning_path": _PRUNED,
}
