"""Decision trees. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "DecisionTreeClassifier": "fastml.tree._classification",
        "DecisionTreeRegressor": "fastml.tree._regression",
        "ExtraTreeClassifier": "fastml.tree._classification",
        "ExtraTreeRegressor": "fastml.tree._regression",
    },
    fallback="sklearn.tree",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._classification import DecisionTreeClassifier, ExtraTreeClassifier
    from ._regression import DecisionTreeRegressor, ExtraTreeRegressor
