"""Metrics and distances; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__ = [
    "accuracy_score",
    "adjusted_rand_score",
    "auc",
    "average_precision_score",
    "confusion_matrix",
    "euclidean_distances",
    "f1_score",
    "fbeta_score",
    "hinge_loss",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "pair_confusion_matrix",
    "pairwise_distances",
    "pairwise_distances_argmin",
    "pairwise_distances_argmin_min",
    "pairwise_distances_chunked",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "rand_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "root_mean_squared_error",
    "silhouette_samples",
    "silhouette_score",
]

_NAMES = {
    "accuracy_score": "fastml.metrics._classification",
    "adjusted_rand_score": "fastml.metrics._clusterings",
    "auc": "fastml.metrics._ranking",
    "average_precision_score": "fastml.metrics._roc_auc",
    "cluster": "fastml.metrics.cluster",
    "confusion_matrix": "fastml.metrics._classification",
    "euclidean_distances": "fastml.metrics._distances",
    "f1_score": "fastml.metrics._set_wise",
    "fbeta_score": "fastml.metrics._set_wise",
    "hinge_loss": "fastml.metrics._losses",
    "log_loss": "fastml.metrics._losses",
    "mean_absolute_error": "fastml.metrics._regression",
    "mean_squared_error": "fastml.metrics._regression",
    "pair_confusion_matrix": "fastml.metrics._clusterings",
    "pairwise": "fastml.metrics.pairwise",
    "pairwise_distances": "fastml.metrics._distances",
    "pairwise_distances_argmin": "fastml.metrics._nearest",
    "pairwise_distances_argmin_min": "fastml.metrics._nearest",
    "pairwise_distances_chunked": "fastml.metrics._chunks",
    "precision_recall_curve": "fastml.metrics._ranking",
    "precision_recall_fscore_support": "fastml.metrics._set_wise",
    "precision_score": "fastml.metrics._set_wise",
    "r2_score": "fastml.metrics._regression",
    "rand_score": "fastml.metrics._clusterings",
    "recall_score": "fastml.metrics._set_wise",
    "roc_auc_score": "fastml.metrics._roc_auc",
    "roc_curve": "fastml.metrics._ranking",
    "root_mean_squared_error": "fastml.metrics._regression",
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
    from ._losses import hinge_loss, log_loss
    from ._nearest import pairwise_distances_argmin, pairwise_distances_argmin_min
    from ._ranking import auc, precision_recall_curve, roc_curve
    from ._regression import mean_absolute_error, mean_squared_error, r2_score, root_mean_squared_error
    from ._roc_auc import average_precision_score, roc_auc_score
    from ._set_wise import (
        f1_score,
        fbeta_score,
        precision_recall_fscore_support,
        precision_score,
        recall_score,
    )
    from ._silhouette import silhouette_samples, silhouette_score
