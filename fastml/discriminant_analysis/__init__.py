"""Discriminant analysis; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__: list[str] = ["LinearDiscriminantAnalysis"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {"LinearDiscriminantAnalysis": "fastml.discriminant_analysis._linear"},
    fallback="sklearn.discriminant_analysis",
)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from ._linear import LinearDiscriminantAnalysis
