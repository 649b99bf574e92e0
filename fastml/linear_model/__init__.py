"""Linear models; what is not here is handed on from scikit-learn. Names are loaded when first used."""

from .._lazy import lazy_names

__all__ = [
    "HuberRegressor",
    "LogisticRegression",
    "LogisticRegressionCV",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "HuberRegressor": "fastml.linear_model._huber",
        "LogisticRegression": "fastml.linear_model._logistic",
        "LogisticRegressionCV": "fastml.linear_model._logistic_cv",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._huber import HuberRegressor
    from ._logistic import LogisticRegression
    from ._logistic_cv import LogisticRegressionCV
