"""Classification by a decision tree."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _trees
from .._base import stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._tree_estimators import TreeClassifier
from .._validation import Options, sk
from ._base import BaseTree

__all__ = ["DecisionTreeClassifier", "ExtraTreeClassifier"]


@inherit_docs
class DecisionTreeClassifier(TreeClassifier, BaseTree):
    """A decision tree for classification.

    Parameters
    ----------
    splitter : {"best", "random"}, default="best"
        Whether to try all thresholds of a feature, or one that is drawn between its smallest and largest
        value.

    max_features : int, float or {"sqrt", "log2"}, default=None
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    random_state : int, RandomState instance or None, default=None
        Of the order in which features are tried, and of random thresholds. An int gives the tree that
        scikit-learn grows from it, where sums of weights are exact.

    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes (for several outputs a dict each), which multiply those of the samples;
        "balanced" makes all classes weigh the same. None means ones.

    Attributes
    ----------
    n_classes_ : int, or ndarray of int
        The number of labels.

    See Also
    --------
    ExtraTreeClassifier : Draws thresholds.

    Notes
    -----
    Values are compared as float32; NaN is a missing value, which goes to the better side. Of equally good
    splits the one tried first is taken: features in the order in which they are drawn, thresholds from low to
    high, missing values right before left.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and regression trees.

    Examples
    --------
    >>> from fastml.tree import DecisionTreeClassifier
    >>> model = DecisionTreeClassifier(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[1.2], [1.8]])
    array([0, 1])
    >>> float(model.tree_.threshold[0])
    1.5
    """

    _constraints: dict = {
        **TreeClassifier._constraints,
        **BaseTree._constraints,
        "class_weight": [dict, list, Options("balanced"), None],
    }
    _sklearn_name = "sklearn.tree.DecisionTreeClassifier"

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.device = device

    def _encode(self, y):
        codes, self.classes_ = _trees.encode_classes(y)
        n_classes = [len(labels) for labels in self.classes_]
        self.n_classes_ = np.array(n_classes, np.intp)
        weight = None
        if self.class_weight == "balanced":
            weight = _trees.balanced_weight(codes, n_classes)
        elif self.class_weight is not None:
            weight = sk("sklearn.utils.compute_sample_weight")(self.class_weight, y)
        if len(n_classes) == 1:
            self.classes_, self.n_classes_ = self.classes_[0], self.n_classes_[0]
        return codes, n_classes, weight

    def predict(self, X: Any, check_input: bool = True) -> Any:
        """Predict labels: the heaviest class in the leaf, of equal ones the first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.
        check_input : bool, default=True
            Whether to validate X.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The labels.
        """
        rows = self._rows(X, check_input)
        return like_input(self._largest(self.tree_.predict(rows)), X)

    def predict_proba(self, X: Any, check_input: bool = True) -> Any:
        """Predict probabilities: the shares of the classes in the leaf.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.
        check_input : bool, default=True
            Whether to validate X.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such, one for each output
            Classes in the order of `classes_`.
        """
        rows = self._rows(X, check_input)
        shares = self.tree_.predict(rows)
        if self.n_outputs_ == 1:
            return like_input(shares[:, : self.n_classes_], X)
        return [like_input(shares[:, k, :n], X) for k, n in enumerate(self.n_classes_)]


@inherit_docs
class ExtraTreeClassifier(DecisionTreeClassifier):
    """A decision tree for classification that draws its thresholds.

    For each of the features that a split considers one threshold is drawn, between the smallest and the
    largest value in the node; the best of these splits is taken. Such trees are for ensembles.

    Parameters
    ----------
    splitter : {"random", "best"}, default="random"
        Whether to draw a threshold for each feature, or to try all.

    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    random_state : int, RandomState instance or None, default=None
        Of the features and thresholds. An int gives the tree that scikit-learn grows from it, where sums of
        weights are exact.

    See Also
    --------
    DecisionTreeClassifier : Tries all thresholds.

    References
    ----------
    Geurts, P., Ernst, D., Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63(1).

    Examples
    --------
    >>> from fastml.tree import ExtraTreeClassifier
    >>> model = ExtraTreeClassifier(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.0], [3.0]])
    array([0, 1])
    """

    _sklearn_name = "sklearn.tree.ExtraTreeClassifier"

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "random",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = "sqrt",
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        device: str | None = None,
    ):
        super().__init__(
            criterion=criterion,
            splitter=splitter,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            random_state=random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            class_weight=class_weight,
            ccp_alpha=ccp_alpha,
            monotonic_cst=monotonic_cst,
            device=device,
        )

    def _takes_nan(self):
        return self.splitter == "random"


for _cls in (DecisionTreeClassifier, ExtraTreeClassifier):
    stand_for(_cls, _cls._sklearn_name.replace(".tree.", ".tree._classes."))
