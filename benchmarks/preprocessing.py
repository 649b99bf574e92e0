"""asv suite of fastml.preprocessing."""

from .common import Estimators, names


class Scalers(Estimators):
    params = (names("preprocessing", estimators=True), Estimators.libraries)
