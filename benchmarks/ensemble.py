"""asv suites of fastml.ensemble."""

from .common import Estimators, names


class Ensembles(Estimators):
    params = (names("ensemble", estimators=True), Estimators.libraries)
