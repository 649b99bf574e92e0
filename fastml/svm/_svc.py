"""Classification by support vector machines with a bound C, or with a share nu of support vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._docs import inherit_docs
from ..solvers import svm as solver
from ._base import CONSTRAINTS
from ._classification import BaseSVC

__all__ = ["SVC", "NuSVC"]


@inherit_docs
class SVC(BaseSVC):
    """C-support vector classification.

    Parameters
    ----------
    C : float, default=1.0
        Bound on a dual coefficient for a sample of weight 1: the smaller, the wider the margin.

    See Also
    --------
    NuSVC : Takes a share of support vectors in the place of C.
    SVR : Regression.

    Notes
    -----
    Sequential minimal optimisation over working sets of several hundred samples, whose kernel rows are
    computed together and kept as float32. They are computed in float32 where that is exact enough for `tol`,
    and in float64 otherwise; decision functions in X's dtype, or float64 likewise. Memory: `cache_size`, and
    a few copies of X.

    In a parameter search within one process, kernel rows are computed once for each fold and kernel, not for
    each C again, if X is sparse or has 256 features and more: see `fastml.set_config` for the memory that
    they take.

    References
    ----------
    Chang, C.-C., Lin, C.-J. (2011). LIBSVM: a library for support vector machines. ACM Transactions on
    Intelligent Systems and Technology 2(3).

    Fan, R.-E., Chen, P.-H., Lin, C.-J. (2005). Working set selection using second order information for
    training support vector machines. JMLR 6.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import SVC
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = SVC(gamma="auto").fit(X, [1, 1, 2, 2])
    >>> model.predict([[-0.8, -1.0]])
    array([1])
    >>> model.support_
    array([0, 1, 2, 3], dtype=int32)
    """

    _constraints = {"C": CONSTRAINTS["C"], **BaseSVC._constraints}

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: Any = "deprecated",
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
        self.device = device

    def _bounds(self, weight, codes):
        return weight * (self.C * self.class_weight_)[codes]

    def _dual(self):
        return solver.c_svc()

    def _check_classes(self, codes, weight, kept):
        if kept is not None and len(np.unique(codes[kept])) < 2:
            raise ValueError("Invalid input - all samples with positive weights belong to the same class.")


@inherit_docs
class NuSVC(BaseSVC):
    """Nu-support vector classification.

    Parameters
    ----------
    nu : float, default=0.5
        Lower bound on the share of support vectors, and upper bound on that of the samples within the margin
        or beyond it; in (0, 1].

    See Also
    --------
    SVC : Takes a bound C on the dual coefficients in the place of nu.
    NuSVR : Regression.

    Notes
    -----
    Trained as `SVC` is, after the same references.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import NuSVC
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = NuSVC().fit(X, [1, 1, 2, 2])
    >>> model.predict([[-0.8, -1.0]])
    array([1])
    """

    _constraints = {"nu": CONSTRAINTS["nu"], **BaseSVC._constraints}

    def __init__(
        self,
        *,
        nu: float = 0.5,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: Any = "deprecated",
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.nu = nu
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
        self.device = device

    def _dual(self):
        return solver.nu_svc(self.nu)

    def _check_classes(self, codes, weight, kept):
        totals = np.sort(np.bincount(codes, weights=weight))
        if self.nu * (totals[0] + totals[-1]) / 2 > totals[0]:
            raise ValueError("specified nu is infeasible")
