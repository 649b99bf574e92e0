"""fastml's own exceptions, and scikit-learn's exceptions and warnings, loaded on first use.

What scikit-learn has a class for is raised as that class, so that programs written for scikit-learn catch it.
"""

from ._lazy import lazy_names

_OWN = dict.fromkeys(("DeviceUnavailableError", "FallbackError"), "fastml._device")

__getattr__, __dir__ = lazy_names(__name__, _OWN, fallback="sklearn.exceptions")
