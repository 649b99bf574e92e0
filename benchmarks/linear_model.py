"""asv suites of fastml.linear_model and fastml.discriminant_analysis."""

from .common import Estimators, Functions, names


class LinearModels(Estimators):
    params = (
        names("linear_model", estimators=True) + names("discriminant_analysis", estimators=True),
        Estimators.libraries,
    )


class Paths(Functions):
    params = (names("linear_model", estimators=False), Functions.libraries)
