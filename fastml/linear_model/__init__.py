"""Linear models; what is not here is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "PassiveAggressiveClassifier",
    "PassiveAggressiveRegressor",
    "Perceptron",
    "SGDClassifier",
    "SGDRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "PassiveAggressiveClassifier": f"{__name__}._passive_aggressive",
        "PassiveAggressiveRegressor": f"{__name__}._passive_aggressive",
        "Perceptron": f"{__name__}._perceptron",
        "SGDClassifier": f"{__name__}._sgd_classification",
        "SGDRegressor": f"{__name__}._sgd_regression",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._passive_aggressive import PassiveAggressiveClassifier, PassiveAggressiveRegressor
    from ._perceptron import Perceptron
    from ._sgd_classification import SGDClassifier
    from ._sgd_regression import SGDRegressor
