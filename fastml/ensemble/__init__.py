"""Ensembles of trees. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ExtraTreesClassifier": "fastml.ensemble._forest_classification",
        "ExtraTreesRegressor": "fastml.ensemble._forest_regression",
        "RandomForestClassifier": "fastml.ensemble._forest_classification",
        "RandomForestRegressor": "fastml.ensemble._forest_regression",
    },
    fallback="sklearn.ensemble",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._forest_classification import ExtraTreesClassifier, RandomForestClassifier
    from ._forest_regression import ExtraTreesRegressor, RandomForestRegressor
