"""Classification by forests."""

from __future__ import annotations

from typing import Any

from .. import tree
from .._base import stand_for
from .._docs import inherit_docs
from .._validation import Options
from ._forest_votes import ForestClassifier

__all__ = ["ExtraTreesClassifier", "RandomForestClassifier"]


@inherit_docs
class RandomForestClassifier(ForestClassifier):
    """A random forest for classification.

    Parameters
    ----------
    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    bootstrap : bool, default=True
        Whether each tree gets samples that are drawn with replacement, or all.

    Attributes
    ----------
    estimators_ : list of DecisionTreeClassifier
        The trees, made into estimators when they are asked for.

    estimator_ : DecisionTreeClassifier
        An unfitted one.

    See Also
    --------
    ExtraTreesClassifier : Draws thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to the better side. Predictions of the
    trees are added up one tree after the other; no array of n_samples x n_estimators is made.

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning 45(1).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastml.ensemble import RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = RandomForestClassifier(n_estimators=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    _constraints = {**ForestClassifier._constraints, "splitter": [Options("exact", "hist")]}
    _sklearn_name = "sklearn.ensemble.RandomForestClassifier"

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        max_samples: Any = None,
        monotonic_cst: Any = None,
        splitter: str = "exact",
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.splitter = splitter
        self.device = device

    def _tree_class(self):
        return tree.DecisionTreeClassifier


@inherit_docs
class ExtraTreesClassifier(ForestClassifier):
    """A forest of randomized trees for classification: thresholds are drawn.

    For each of the features that a split considers one threshold is drawn, between the smallest and the
    largest value in the node; the best of these splits is taken.

    Parameters
    ----------
    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    bootstrap : bool, default=False
        Whether each tree gets samples that are drawn with replacement, or all.

    Attributes
    ----------
    estimators_ : list of ExtraTreeClassifier
        The trees, made into estimators when they are asked for.

    estimator_ : ExtraTreeClassifier
        An unfitted one.

    See Also
    --------
    RandomForestClassifier : Tries all thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to a random side. Predictions of the
    trees are added up one tree after the other; no array of n_samples x n_estimators is made.

    References
    ----------
    Geurts, P., Ernst, D., Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63(1).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastml.ensemble import ExtraTreesClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ExtraTreesClassifier(n_estimators=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    _random = True
    _sklearn_name = "sklearn.ensemble.ExtraTreesClassifier"

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = False,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        max_samples: Any = None,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.device = device

    def _tree_class(self):
        return tree.ExtraTreeClassifier


for _cls in (ExtraTreesClassifier, RandomForestClassifier):
    stand_for(_cls, _cls._sklearn_name.replace(".ensemble.", ".ensemble._forest."))
