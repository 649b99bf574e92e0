"""Clustering. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = ["KMeans", "MiniBatchKMeans", "kmeans_plusplus"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "KMeans": "fastml.cluster._kmeans",
        "MiniBatchKMeans": "fastml.cluster._minibatch_kmeans",
        "kmeans_plusplus": "fastml.cluster._kmeans_plusplus",
    },
    fallback="sklearn.cluster",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._kmeans import KMeans
    from ._kmeans_plusplus import kmeans_plusplus
    from ._minibatch_kmeans import MiniBatchKMeans
