"""Ensembles; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__ = [
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "HistGradientBoostingClassifier": "fastml.ensemble._hist_gradient_boosting",
        "HistGradientBoostingRegressor": "fastml.ensemble._hist_gradient_boosting",
    },
    fallback="sklearn.ensemble",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._hist_gradient_boosting import HistGradientBoostingClassifier, HistGradientBoostingRegressor
