"""Linear models; the rest is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LinearRegression": "fastml.linear_model._least_squares",
        "Ridge": "fastml.linear_model._ridge",
        "RidgeCV": "fastml.linear_model._ridge_cv",
        "RidgeClassifier": "fastml.linear_model._ridge",
        "RidgeClassifierCV": "fastml.linear_model._ridge_cv",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._least_squares import LinearRegression
    from ._ridge import Ridge, RidgeClassifier
    from ._ridge_cv import RidgeClassifierCV, RidgeCV
