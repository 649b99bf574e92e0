"""Compiled kernels and their launchers: `cpu` and, with the same file names and parameters, `cuda`."""

_SPARSE = "sparse matrices come as SciPy's, on the host"
_DEPENDENCE = "it walks through nodes, once for each point of a small grid; a GPU would wait for launches"
_FACTORED = "the factor of a small matrix is on the host, where LAPACK made it"
_TREE = "walks through a tree diverge; on a GPU brute force in registers is faster while the data fits"
_GROWN = "exact splits sort a node's rows by each column; on a GPU HistGradientBoosting* grows trees"
_PACKED = "grown trees are packed once, on the host, and moved"
_READ = "files are read, and checked, on the host"
_CHAIN = "a step waits for the one before and takes a microsecond; a GPU's barriers alone take longer"
_FEW = "a few rows are asked on the host, wherever the model was trained"
_SIGMOID = "sigmoids are fitted to one number a sample, which is on the host"
_PRUNED = "pruning goes through the nodes of one tree, one after the other"
_IN_TURN = "coordinate descent moves one feature after the other; on a GPU their products are computed"
_STEPS = "each step starts from what the step before it has changed; a GPU would wait for launches"

# Launchers without a CUDA twin, and why. Computations on a GPU never ask for them.
CPU_ONLY = {
    "boosted_trees.average_trees": _DEPENDENCE,
    "coordinate_descent.choose_active": _IN_TURN,
    "coordinate_descent.sweep_columns": _IN_TURN,
    "coordinate_descent.sweep_gram": _IN_TURN,
    "coordinate_descent.sweep_sparse": _IN_TURN,
    "dual_coordinate_descent.row_squares": _STEPS,
    "dual_coordinate_descent.sweep_dual": _STEPS,
    "gradient_boosting.draw_mask": _GROWN,
    "gradient_boosting.measure_losses": _GROWN,
    "gradient_boosting.sum_leaves": _GROWN,
    "kernel_functions.values_of_few": _FEW,
    "gram.centred_columns": _IN_TURN,
    "gram.sparse_slopes": _SPARSE,
    "kd_tree.build_kd_tree": _TREE,
    "kd_tree.count_kd_tree": _TREE,
    "kd_tree.list_kd_tree": _TREE,
    "kd_tree.query_kd_tree": _TREE,
    "normal_equations.solve_factored": _FACTORED,
    "platt.couple_probabilities": _SIGMOID,
    "platt.fit_sigmoid": _SIGMOID,
    "smo.solve_picked": _CHAIN,
    "smo.solve_working_set": _CHAIN,
    "l1_svm.column_squares": _STEPS,
    "l1_svm.sweep_columns": _STEPS,
    "linear_scores.csr_of": _SPARSE,
    "linear_svm.good_length": _STEPS,
    "linear_svm.solve_newton": _STEPS,
    "linear_svm.weigh_errors": _STEPS,
    "sgd.descend": _STEPS,
    "sgd.descend_in_batches": _STEPS,
    "sgd.shuffle": _STEPS,
    "sparse_columns.csc_column_largest": _SPARSE,
    "sparse_columns.csc_column_moments": _SPARSE,
    "sparse_columns.csc_column_quantiles": _SPARSE,
    "sparse_columns.csr_column_largest": _SPARSE,
    "sparse_columns.csr_column_moments": _SPARSE,
    "sparse_kernel_functions.kernel_matrix": _SPARSE,
    "sparse_kernel_functions.kernel_rows": _SPARSE,
    "sparse_kernel_functions.lay_out": _SPARSE,
    "sparse_kernel_functions.sum_kernel_rows": _SPARSE,
    "sparse_kernel_functions.take_points": _SPARSE,
    "sparse_scaling.csc_multiply_columns": _SPARSE,
    "sparse_scaling.csr_multiply_columns": _SPARSE,
    "sparse_scaling.csr_normalize_rows": _SPARSE,
    "stump.grow_stump": _GROWN,
    "stump.order_rows": _GROWN,
    "tree.grow_tree": _GROWN,
    "tree_columns.order_columns": _GROWN,
    "tree_columns.rank_columns": _GROWN,
    "tree_files.fill_nodes": _READ,
    "tree_files.link_depth_first": _READ,
    "tree_files.measure_levels": _READ,
    "tree_files.share_counts": _READ,
    "tree_files.spread_leaves": _READ,
    "tree_files.sum_children": _READ,
    "tree_predict.measure_depths": _PACKED,
    "tree_predict.pack_tree": _PACKED,
    "tree_pruning.partial_dependence": _DEPENDENCE,
    "tree_pruning.prune_tree": _PRUNED,
    "tree_pruning.pruning_path": _PRUNED,
}
