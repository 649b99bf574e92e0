"""asv suites of fastml.svm."""

from .common import Estimators, names


class SupportVectorMachines(Estimators):
    params = (names("svm", estimators=True), Estimators.libraries)
