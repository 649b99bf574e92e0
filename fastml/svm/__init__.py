"""Support vector machines; what is not here is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = ["LinearSVC", "LinearSVR"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LinearSVC": "fastml.svm._linear_svc",
        "LinearSVR": "fastml.svm._linear_svr",
    },
    fallback="sklearn.svm",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._linear_svc import LinearSVC
    from ._linear_svr import LinearSVR
