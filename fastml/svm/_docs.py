"""What the documentation of all support vector machines says alike: parameters and attributes, by name."""

from __future__ import annotations

import inspect
import textwrap

__all__ = ["documented"]

PARAMETERS = {
    "C": """
        C : float, default={default}
            Bound on a dual coefficient for a sample of weight 1: the smaller, the smoother the result.
        """,
    "kernel": """
        kernel : {{"linear", "poly", "rbf", "sigmoid", "precomputed"}} or callable, default={default}
            The kernel: ``x.y``, ``(gamma x.y + coef0)^degree``, ``exp(-gamma |x - y|^2)``, ``tanh(gamma x.y +
            coef0)``; or X is the kernel matrix; or a function of two arrays of samples that returns their
            kernel matrix.
        """,
    "degree": """
        degree : int, default={default}
            Of the polynomial kernel.
        """,
    "gamma": """
        gamma : {{"scale", "auto"}} or float, default={default}
            Coefficient of the kernels "poly", "rbf" and "sigmoid". "scale" means ``1 / (n_features *
            X.var())``, "auto" means ``1 / n_features``.
        """,
    "coef0": """
        coef0 : float, default={default}
            Constant of the kernels "poly" and "sigmoid".
        """,
    "nu": """
        nu : float, default={default}
            Lower bound on the share of support vectors and upper bound on that of the samples on the wrong
            side of the margin or tube; in (0, 1].
        """,
    "epsilon": """
        epsilon : float, default={default}
            Residuals up to this size cost nothing, in units of y.
        """,
    "shrinking": """
        shrinking : bool, default={default}
            For compatibility: there is nothing to shrink, as only violating samples are worked on.
        """,
    "probability": """
        probability : bool, default={default}
            Whether to fit sigmoids to decision values of fivefold cross-validation, for `predict_proba`.
            Deprecated as in scikit-learn 1.9: ``CalibratedClassifierCV(estimator, ensemble=False)`` does
            that.
        """,
    "tol": """
        tol : float, default={default}
            Training stops when the optimality conditions are violated by less.
        """,
    "cache_size": """
        cache_size : float, default={default}
            Memory for kernel values, in MB.
        """,
    "class_weight": """
        class_weight : dict or "balanced", default={default}
            What weights of samples are multiplied with, by class. "balanced" means
            ``n_samples / (n_classes * np.bincount(y))``.
        """,
    "verbose": """
        verbose : bool, default={default}
            Whether to print how many steps a fit took.
        """,
    "max_iter": """
        max_iter : int, default={default}
            Most steps of a machine, each of a pair of samples; -1 for any number.
        """,
    "decision_function_shape": """
        decision_function_shape : {{"ovo", "ovr"}}, default={default}
            Whether `decision_function` has a column for each pair of classes, or for each class. Machines are
            trained for pairs in either case.
        """,
    "break_ties": """
        break_ties : bool, default={default}
            Whether `predict` decides between classes of equally many votes by `decision_function`, rather
            than for the first.
        """,
    "random_state": """
        random_state : int, RandomState instance or None, default={default}
            Where the random folds for `probability` come from.
        """,
    "device": """
        device : {{"auto", "cpu", "cuda"}}, default={default}
            Where to compute; None means what `fastml.set_config` says.
        """,
}

ATTRIBUTES = {
    "support_": """
        support_ : int32 ndarray of shape (n_support,)
            Which samples are support vectors, class by class if there are classes.
        """,
    "support_vectors_": """
        support_vectors_ : ndarray or sparse matrix of shape (n_support, n_features)
            The support vectors; empty if there is but a kernel matrix. Sparse if X was.
        """,
    "n_support_": """
        n_support_ : int32 ndarray of shape (n_classes,) or (1,)
            Number of support vectors, of each class if there are classes.
        """,
    "dual_coef_": """
        dual_coef_ : ndarray or sparse matrix of shape (n_classes - 1, n_support) or (1, n_support)
            Signed dual coefficients. With more than two classes, a support vector of class i has those of the
            machines for i and each other class, in order.
        """,
    "coef_": """
        coef_ : ndarray or sparse matrix of shape (n_machines, n_features)
            Weights of the features, for the linear kernel only.
        """,
    "intercept_": """
        intercept_ : ndarray of shape (n_machines,)
            Constants of the decision functions; a machine for each pair of classes, or one.
        """,
    "fit_status_": """
        fit_status_ : int
            1 if training stopped because of `max_iter`, 0 otherwise.
        """,
    "n_iter_": """
        n_iter_ : int or int32 ndarray of shape (n_machines,)
            Steps that were made.
        """,
    "shape_fit_": """
        shape_fit_ : tuple of int
            Shape of the X that was learnt from.
        """,
    "classes_": """
        classes_ : ndarray of shape (n_classes,)
            The labels.
        """,
    "class_weight_": """
        class_weight_ : ndarray of shape (n_classes,)
            The weights of the classes.
        """,
    "probA_": """
        probA_ : ndarray of shape (n_machines,)
            Slopes of the sigmoids, for probability=True. Deprecated.
        """,
    "probB_": """
        probB_ : ndarray of shape (n_machines,)
            Intercepts of the sigmoids, for probability=True. Deprecated.
        """,
    "offset_": """
        offset_ : ndarray of shape (1,)
            What is subtracted from the result of `score_samples` by `decision_function`: minus the intercept.
        """,
    "n_features_in_": """
        n_features_in_ : int
            Number of features seen in `fit`.
        """,
    "feature_names_in_": """
        feature_names_in_ : ndarray of shape (n_features_in_,)
            Names of the features, when all are strings.
        """,
}
CLASSES_ONLY = {"classes_", "class_weight_", "probA_", "probB_"}
REFERENCES = """
    Chang, C.-C., Lin, C.-J. (2011). LIBSVM: a library for support vector machines. ACM Transactions on
    Intelligent Systems and Technology 2(3).

    Fan, R.-E., Chen, P.-H., Lin, C.-J. (2005). Working set selection using second order information for
    training support vector machines. JMLR 6.
    """
NOTES = """
    Sequential minimal optimisation over working sets of several hundred samples, whose kernel rows are
    computed together and kept as float32. They are computed in float32 where that is exact enough for `tol`,
    and in float64 otherwise; decision functions in X's dtype, or float64 likewise. Memory: `cache_size`, and
    a few copies of X.
    """


def _section(title, entries):
    text = "\n".join(textwrap.dedent(entry).strip("\n") + "\n" for entry in entries)
    return f"{title}\n{'-' * len(title)}\n{text}\n"


def documented(cls):
    """Fill the sections that all machines share into a class's docstring, each where its name stands in
    braces.

    Parameters
    ----------
    cls : type
        The class. Its parameters are those of its ``__init__``.

    Returns
    -------
    cls : type
        The same class.
    """
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    classifies = "decision_function_shape" in {p.name for p in parameters}
    left_out = set() if classifies else CLASSES_ONLY
    left_out |= set() if hasattr(cls, "score_samples") else {"offset_"}
    wanted = [name for name in ATTRIBUTES if name not in left_out]
    sections = {
        "parameters": _section(
            "Parameters",
            (PARAMETERS[p.name].format(default=repr(p.default).replace("'", '"')) for p in parameters),
        ),
        "attributes": _section("Attributes", (ATTRIBUTES[name] for name in wanted)),
        "notes": _section("Notes", [NOTES]),
        "references": _section("References", [REFERENCES]),
    }
    doc = inspect.cleandoc(cls.__doc__)
    for name, section in sections.items():
        doc = doc.replace(f"{{{name}}}\n", section)
    cls.__doc__ = doc
    return cls
