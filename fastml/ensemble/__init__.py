"""Ensembles; what is not here is handed on from scikit-learn. Names are loaded when they are first used.

Voting and stacking are handed on: they fit and ask other estimators, and have no loop of their own.
"""

from .._lazy import lazy_names

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "IsolationForest",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "RandomTreesEmbedding",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AdaBoostClassifier": "fastml.ensemble._adaboost_classification",
        "AdaBoostRegressor": "fastml.ensemble._adaboost_regression",
        "BaggingClassifier": "fastml.ensemble._bagging_classification",
        "BaggingRegressor": "fastml.ensemble._bagging_regression",
        "ExtraTreesClassifier": "fastml.ensemble._forest_classification",
        "ExtraTreesRegressor": "fastml.ensemble._forest_regression",
        "HistGradientBoostingClassifier": "fastml.ensemble._boosting_classification",
        "HistGradientBoostingRegressor": "fastml.ensemble._boosting_regression",
        "GradientBoostingClassifier": "fastml.ensemble._gradient_boosting_classification",
        "GradientBoostingRegressor": "fastml.ensemble._gradient_boosting_regression",
        "IsolationForest": "fastml.ensemble._isolation_forest",
        "RandomForestClassifier": "fastml.ensemble._forest_classification",
        "RandomForestRegressor": "fastml.ensemble._forest_regression",
        "RandomTreesEmbedding": "fastml.ensemble._random_trees_embedding",
    },
    fallback="sklearn.ensemble",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._adaboost_classification import AdaBoostClassifier
    from ._adaboost_regression import AdaBoostRegressor
    from ._bagging_classification import BaggingClassifier
    from ._bagging_regression import BaggingRegressor
    from ._boosting_classification import HistGradientBoostingClassifier
    from ._boosting_regression import HistGradientBoostingRegressor
    from ._forest_classification import ExtraTreesClassifier, RandomForestClassifier
    from ._forest_regression import ExtraTreesRegressor, RandomForestRegressor
    from ._gradient_boosting_classification import GradientBoostingClassifier
    from ._gradient_boosting_regression import GradientBoostingRegressor
    from ._isolation_forest import IsolationForest
    from ._random_trees_embedding import RandomTreesEmbedding
