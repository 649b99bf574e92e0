"""Distances between rows; what is not here is handed on from scikit-learn's module of this name."""

from .._lazy import lazy_names

__all__ = [
    "cosine_distances",
    "euclidean_distances",
    "manhattan_distances",
    "pairwise_distances",
    "pairwise_distances_argmin",
    "pairwise_distances_argmin_min",
    "pairwise_distances_chunked",
]

_NAMES = {
    "cosine_distances": "fastml.metrics._distances",
    "euclidean_distances": "fastml.metrics._distances",
    "manhattan_distances": "fastml.metrics._distances",
    "pairwise_distances": "fastml.metrics._distances",
    "pairwise_distances_argmin": "fastml.metrics._nearest",
    "pairwise_distances_argmin_min": "fastml.metrics._nearest",
    "pairwise_distances_chunked": "fastml.metrics._chunks",
}

__getattr__, __dir__ = lazy_names(__name__, _NAMES, fallback="sklearn.metrics.pairwise")

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from ._chunks import pairwise_distances_chunked
    from ._distances import cosine_distances, euclidean_distances, manhattan_distances, pairwise_distances
    from ._nearest import pairwise_distances_argmin, pairwise_distances_argmin_min
