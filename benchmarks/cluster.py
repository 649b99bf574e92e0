"""asv suites of fastml.cluster."""

from .common import Estimators, Functions, names


class Clusterers(Estimators):
    params = (names("cluster", estimators=True), Estimators.libraries)


class Seeding(Functions):
    params = (names("cluster", estimators=False), Functions.libraries)
