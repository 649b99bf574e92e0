"""What tests of all estimators share: targets for each, names of parametrized tests."""

import re

import numpy as np


def target_for(cls, y):
    """A target like `y` that a class of estimators can be fitted to: of several tasks, or positive."""
    if cls.__name__.startswith("MultiTask"):
        return np.stack([y, y[::-1]], axis=1)
    return y + 1 if cls.__name__ == "GammaRegressor" else y


def without_addresses(value):
    """Write a value in the same way in every process that collects the tests."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))
