"""Evaluation of clusterings; what is not here is handed on from scikit-learn's module of this name."""

from .._lazy import lazy_names

__all__ = [
    "adjusted_rand_score",
    "contingency_matrix",
    "pair_confusion_matrix",
    "rand_score",
    "silhouette_samples",
    "silhouette_score",
]

_NAMES = {
    "adjusted_rand_score": "fastml.metrics._clusterings",
    "contingency_matrix": "fastml.metrics._clusterings",
    "pair_confusion_matrix": "fastml.metrics._clusterings",
    "rand_score": "fastml.metrics._clusterings",
    "silhouette_samples": "fastml.metrics._silhouette",
    "silhouette_score": "fastml.metrics._silhouette",
}

__getattr__, __dir__ = lazy_names(__name__, _NAMES, fallback="sklearn.metrics.cluster")

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from ._clusterings import adjusted_rand_score, contingency_matrix, pair_confusion_matrix, rand_score
    from ._silhouette import silhouette_samples, silhouette_score
