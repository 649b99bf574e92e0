"""A process that can write nowhere: one warning, the same results."""

import warnings

from common import check, data, little, pretend, serial

from fastml.preprocessing import MinMaxScaler, StandardScaler

pretend(3)
X, _ = data()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    StandardScaler().fit_transform(X)
    MinMaxScaler().fit_transform(X)
messages = [str(warning.message) for warning in caught]
assert len(messages) == 1 and "cache" in messages[0], messages
check(little(), serial(little))
