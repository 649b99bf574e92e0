"""Classification by forests."""

from __future__ import annotations

from typing import Any

from .. import tree
from .._base import stand_for
from .._validation import Options
from ._forest_votes import ForestClassifier

__all__ = ["ExtraTreesClassifier", "RandomForestClassifier"]


class RandomForestClassifier(ForestClassifier):
    """A random forest for classification.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.

    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity that splits lower: Gini's, or the entropy under either name.

    max_depth : int, default=None
        Most splits above a leaf. None means no bound.

    min_samples_split : int or float, default=2
        Fewest samples in a node that is split; a float is a fraction of all samples.

    min_samples_leaf : int or float, default=1
        Fewest samples in a leaf; a float is a fraction of all samples.

    min_weight_fraction_leaf : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of the tree's samples.

    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    max_leaf_nodes : int, default=None
        Most leaves of a tree; the splits that lower the impurity most come first. None means no bound.

    min_impurity_decrease : float, default=0.0
        Least by which a split must lower the impurity, weighed by the node's share of the samples.

    bootstrap : bool, default=True
        Whether each tree gets samples that are drawn with replacement, or all.

    oob_score : bool or callable, default=False
        Whether to score the prediction of each sample by the trees that have not seen it; a callable is the
        score, called with the targets and the predictions. Needs `bootstrap`.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    random_state : int, RandomState instance or None, default=None
        Of the draws of samples, features and thresholds. An int makes the result reproducible, on any number
        of threads; the trees are those that scikit-learn grows from
        it, where sums are exact and `splitter` is "exact".

    verbose : int, default=0
        From 2 on, a line is printed for each tree.

    warm_start : bool, default=False
        Whether `fit` keeps the trees that are there, and grows only those that `n_estimators` asks for
        beyond.

    class_weight : dict, list of dict, {"balanced", "balanced_subsample"} or None, default=None
        Weights of the classes (for several outputs a dict each), which multiply those of the samples;
        "balanced" makes all classes weigh the same, "balanced_subsample" among the samples drawn for each
        tree.

    ccp_alpha : float, default=0.0
        The price of a leaf in minimal cost-complexity pruning.

    max_samples : int or float, default=None
        How many samples are drawn for a tree; a float is a fraction of all samples. None means as many as
        there are.

    monotonic_cst : array-like of int of shape (n_features,), default=None
        1 where the probability of the second class must not fall with the feature, -1 where it must not rise,
        0 where it may.

    splitter : {"exact", "hist"}, default="exact"
        Which thresholds are tried. "exact" tries each between two neighbouring values, as scikit-learn does.
        "hist" cuts the values of each feature into at most 255 bins of about equally many samples, once for
        all trees, and tries only what lies between bins: faster on many samples, with about the same score,
        and trees that differ from scikit-learn's. Features of fewer values lose nothing.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    estimators_ : list of DecisionTreeClassifier
        The trees, made into estimators when they are asked for.

    estimator_ : DecisionTreeClassifier
        An unfitted one.

    classes_ : ndarray of shape (n_classes,), or list of such
        The labels; a list where there are several outputs.

    n_classes_ : int, or list of int
        The number of labels.

    n_outputs_ : int
        The number of outputs.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity, in the mean of the trees; in sum 1.

    estimators_samples_ : list of ndarray
        The samples that each tree was grown from.

    oob_score_ : float
        The out-of-bag score, if asked for.

    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or (n_samples, n_classes, n_outputs)
        The out-of-bag probabilities, if asked for.

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


class ExtraTreesClassifier(ForestClassifier):
    """A forest of randomized trees for classification: thresholds are drawn.

    For each of the features that a split considers one threshold is drawn, between the smallest and the
    largest value in the node; the best of these splits is taken.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.

    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity that splits lower: Gini's, or the entropy under either name.

    max_depth : int, default=None
        Most splits above a leaf. None means no bound.

    min_samples_split : int or float, default=2
        Fewest samples in a node that is split; a float is a fraction of all samples.

    min_samples_leaf : int or float, default=1
        Fewest samples in a leaf; a float is a fraction of all samples.

    min_weight_fraction_leaf : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of the tree's samples.

    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    max_leaf_nodes : int, default=None
        Most leaves of a tree; the splits that lower the impurity most come first. None means no bound.

    min_impurity_decrease : float, default=0.0
        Least by which a split must lower the impurity, weighed by the node's share of the samples.

    bootstrap : bool, default=False
        Whether each tree gets samples that are drawn with replacement, or all.

    oob_score : bool or callable, default=False
        Whether to score the prediction of each sample by the trees that have not seen it; a callable is the
        score, called with the targets and the predictions. Needs `bootstrap`.

    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    random_state : int, RandomState instance or None, default=None
        Of the draws of samples, features and thresholds. An int makes the result reproducible, on any number
        of threads; the trees are those that scikit-learn grows from
        it, where sums are exact.

    verbose : int, default=0
        From 2 on, a line is printed for each tree.

    warm_start : bool, default=False
        Whether `fit` keeps the trees that are there, and grows only those that `n_estimators` asks for
        beyond.

    class_weight : dict, list of dict, {"balanced", "balanced_subsample"} or None, default=None
        Weights of the classes (for several outputs a dict each), which multiply those of the samples;
        "balanced" makes all classes weigh the same, "balanced_subsample" among the samples drawn for each
        tree.

    ccp_alpha : float, default=0.0
        The price of a leaf in minimal cost-complexity pruning.

    max_samples : int or float, default=None
        How many samples are drawn for a tree; a float is a fraction of all samples. None means as many as
        there are.

    monotonic_cst : array-like of int of shape (n_features,), default=None
        1 where the probability of the second class must not fall with the feature, -1 where it must not rise,
        0 where it may.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    estimators_ : list of ExtraTreeClassifier
        The trees, made into estimators when they are asked for.

    estimator_ : ExtraTreeClassifier
        An unfitted one.

    classes_ : ndarray of shape (n_classes,), or list of such
        The labels; a list where there are several outputs.

    n_classes_ : int, or list of int
        The number of labels.

    n_outputs_ : int
        The number of outputs.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity, in the mean of the trees; in sum 1.

    estimators_samples_ : list of ndarray
        The samples that each tree was grown from.

    oob_score_ : float
        The out-of-bag score, if asked for.

    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or (n_samples, n_classes, n_outputs)
        The out-of-bag probabilities, if asked for.

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
