"""Compiled kernels and their launchers: `cpu` and, with the same file names and parameters, `cuda`."""

_SPARSE = "sparse matrices come as SciPy's, on the host"
_TREE = "walks through a tree diverge; on a GPU brute force in registers is faster while the data fits"
_GROWN = "trees of exact splits are grown and walked on the CPU; their CUDA kernels are not written yet"

# Launchers without a CUDA twin, and why. Computations on a GPU never ask for them.
CPU_ONLY = {
    "gradient_boosting.draw_mask": _GROWN,
    "gradient_boosting.measure_losses": _GROWN,
    "gradient_boosting.sum_leaves": _GROWN,
    "kd_tree.build_kd_tree": _TREE,
    "kd_tree.count_kd_tree": _TREE,
    "kd_tree.list_kd_tree": _TREE,
    "kd_tree.query_kd_tree": _TREE,
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
    "tree_predict.add_leaf_values": _GROWN,
    "tree_predict.find_leaves": _GROWN,
    "tree_predict.list_paths": _GROWN,
    "tree_predict.pack_tree": _GROWN,
    "tree_pruning.partial_dependence": _GROWN,
    "tree_pruning.prune_tree": _GROWN,
    "tree_pruning.pruning_path": _GROWN,
}
