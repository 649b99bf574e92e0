"""asv suite of fastml.tree."""

from .common import Estimators, names


class Trees(Estimators):
    params = (names("tree", estimators=True), Estimators.libraries)
