"""Ensembles; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__ = [
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "HistGradientBoostingClassifier": "fastml.ensemble._boosting_classification",
        "HistGradientBoostingRegressor": "fastml.ensemble._boosting_regression",
    },
    fallback="sklearn.ensemble",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._boosting_classification import HistGradientBoostingClassifier
    from ._boosting_regression import HistGradientBoostingRegressor
