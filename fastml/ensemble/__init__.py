"""Ensembles; what is not here is handed on from scikit-learn. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ExtraTreesClassifier": "fastml.ensemble._forest_classification",
        "ExtraTreesRegressor": "fastml.ensemble._forest_regression",
        "HistGradientBoostingClassifier": "fastml.ensemble._boosting_classification",
        "HistGradientBoostingRegressor": "fastml.ensemble._boosting_regression",
        "RandomForestClassifier": "fastml.ensemble._forest_classification",
        "RandomForestRegressor": "fastml.ensemble._forest_regression",
    },
    fallback="sklearn.ensemble",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._boosting_classification import HistGradientBoostingClassifier
    from ._boosting_regression import HistGradientBoostingRegressor
    from ._forest_classification import ExtraTreesClassifier, RandomForestClassifier
    from ._forest_regression import ExtraTreesRegressor, RandomForestRegressor
