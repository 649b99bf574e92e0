"""Nearest neighbours. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "KDTree",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "NearestNeighbors",
    "RadiusNeighborsClassifier",
    "RadiusNeighborsRegressor",
    "kneighbors_graph",
    "radius_neighbors_graph",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "KDTree": "fastml.neighbors._kd_tree",
        "KNeighborsClassifier": "fastml.neighbors._classification",
        "KNeighborsRegressor": "fastml.neighbors._regression",
        "NearestNeighbors": "fastml.neighbors._unsupervised",
        "RadiusNeighborsClassifier": "fastml.neighbors._radius_classification",
        "RadiusNeighborsRegressor": "fastml.neighbors._regression",
        "kneighbors_graph": "fastml.neighbors._graph",
        "radius_neighbors_graph": "fastml.neighbors._graph",
    },
    fallback="sklearn.neighbors",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._classification import KNeighborsClassifier
    from ._graph import kneighbors_graph, radius_neighbors_graph
    from ._kd_tree import KDTree
    from ._radius_classification import RadiusNeighborsClassifier
    from ._regression import KNeighborsRegressor, RadiusNeighborsRegressor
    from ._unsupervised import NearestNeighbors
