"""Support vector machines; what is not here is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__: list[str] = []

__getattr__, __dir__ = lazy_names(
    __name__,
    {},
    fallback="sklearn.svm",
)
