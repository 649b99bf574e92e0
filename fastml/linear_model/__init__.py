"""Linear models; what is not here is handed on from scikit-learn. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "LogisticRegression",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LogisticRegression": "fastml.linear_model._logistic",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._logistic import LogisticRegression
