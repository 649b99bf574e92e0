"""Scaling, normalising and polynomials; what is not here is handed on from scikit-learn."""

from .._lazy import lazy_names

__all__ = [
    "MaxAbsScaler",
    "MinMaxScaler",
    "Normalizer",
    "PolynomialFeatures",
    "RobustScaler",
    "StandardScaler",
]

_NAMES = {
    "MaxAbsScaler": "fastml.preprocessing._minmax",
    "MinMaxScaler": "fastml.preprocessing._minmax",
    "Normalizer": "fastml.preprocessing._normalizer",
    "PolynomialFeatures": "fastml.preprocessing._polynomial",
    "RobustScaler": "fastml.preprocessing._robust",
    "StandardScaler": "fastml.preprocessing._standard",
}

__getattr__, __dir__ = lazy_names(__name__, _NAMES, fallback="sklearn.preprocessing")

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from ._minmax import MaxAbsScaler, MinMaxScaler
    from ._normalizer import Normalizer
    from ._polynomial import PolynomialFeatures
    from ._robust import RobustScaler
    from ._standard import StandardScaler
