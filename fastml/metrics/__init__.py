"""Metrics and distances; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__ = [
    "accuracy_score",
    "adjusted_rand_score",
    "confusion_matrix",
    "euclidean_distances",
    "pair_confusion_matrix",
    "pairwise_distances",
    "pairwise_distances_argmin",
    "pairwise_distances_argmin_min",
    "pairwise_distances_chunked",
    "rand_score",
    "silhouette_samples",
    "silhouette_score",
]

_NAMES = {
    "accuracy_score": "fastml.metrics._classification",
    "adjusted_rand_score": "fastml.metrics._clusterings",
    "cluster": "fastml.metrics.cluster",
    "confusion_matrix": "fastml.metrics._classification",
    "euclidean_distances": "fastml.metrics._distances",
    "pair_confusion_matrix": "fastml.metrics._clusterings",
    "pairwise": "fastml.metrics.pairwise",
    "pairwise_distances": "fastml.metrics._distances",
    "pairwise_distances_argmin": "fastml.metrics._nearest",
    "pairwise_distances_argmin_min": "fastml.metrics._nearest",
    "pairwise_distances_chunked": "fastml.metrics._chunks",
    "rand_score": "fastml.metrics._clusterings",
    "silhouette_samples": "fastml.metrics._silhouette",
    "silhouette_score": "fastml.metrics._silhouette",
}

__getattr__, __dir__ = lazy_names(__name__, _NAMES, fallback="sklearn.metrics")

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from ._chunks import pairwise_distances_chunked
    from ._classification import accuracy_score, confusion_matrix
    from ._clusterings import adjusted_rand_score, pair_confusion_matrix, rand_score
    from ._distances import euclidean_distances, pairwise_distances
    from ._nearest import pairwise_distances_argmin, pairwise_distances_argmin_min
    from ._silhouette import silhouette_samples, silhouette_score
