"""asv suite of fastml.ensemble."""

from .common import Estimators, names


class Forests(Estimators):
    params = (names("ensemble", estimators=True), Estimators.libraries)
