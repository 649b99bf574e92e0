"""Discriminant analysis; what is not here is handed on from scikit-learn."""

from ._lazy import lazy_names

__all__: list[str] = []

__getattr__, __dir__ = lazy_names(
    __name__,
    {},
    fallback="sklearn.discriminant_analysis",
)
