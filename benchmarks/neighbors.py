"""asv suites of fastml.neighbors."""

from .common import Estimators, Functions, names


class Neighbors(Estimators):
    params = (names("neighbors", estimators=True), Estimators.libraries)


class Graphs(Functions):
    params = (names("neighbors", estimators=False), Functions.libraries)
