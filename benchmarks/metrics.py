"""asv suite of fastml.metrics."""

from .common import Functions, names


class Metrics(Functions):
    params = (names("metrics", estimators=False), Functions.libraries)
