"""Support vector machines; the rest is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "SVC",
    "SVR",
    "LinearSVC",
    "LinearSVR",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LinearSVC": "fastml.svm._linear_svc",
        "LinearSVR": "fastml.svm._linear_svr",
        "NuSVC": "fastml.svm._svc",
        "NuSVR": "fastml.svm._svr",
        "OneClassSVM": "fastml.svm._one_class",
        "SVC": "fastml.svm._svc",
        "SVR": "fastml.svm._svr",
    },
    fallback="sklearn.svm",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._linear_svc import LinearSVC
    from ._linear_svr import LinearSVR
    from ._one_class import OneClassSVM
    from ._svc import SVC, NuSVC
    from ._svr import SVR, NuSVR
