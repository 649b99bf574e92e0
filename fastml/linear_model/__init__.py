"""Linear models; the rest is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "HuberRegressor",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "HuberRegressor": "fastml.linear_model._huber",
        "LinearRegression": "fastml.linear_model._least_squares",
        "LogisticRegression": "fastml.linear_model._logistic",
        "LogisticRegressionCV": "fastml.linear_model._logistic_cv",
        "Ridge": "fastml.linear_model._ridge",
        "RidgeCV": "fastml.linear_model._ridge_cv",
        "RidgeClassifier": "fastml.linear_model._ridge",
        "RidgeClassifierCV": "fastml.linear_model._ridge_cv",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._huber import HuberRegressor
    from ._least_squares import LinearRegression
    from ._logistic import LogisticRegression
    from ._logistic_cv import LogisticRegressionCV
    from ._ridge import Ridge, RidgeClassifier
    from ._ridge_cv import RidgeClassifierCV, RidgeCV
