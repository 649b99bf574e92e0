"""A process that can write nowhere: one warning, the same results, and Ctrl-C while it compiles."""

import signal
import sys
import warnings

from common import check, data, fit, little, pretend, serial

from fastml.cluster import KMeans
from fastml.preprocessing import MinMaxScaler, StandardScaler


def interrupted_at_first():
    """Fit until no Ctrl-C strikes any more; return how many did."""
    n_interrupted = 0
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    while True:
        try:
            if n_interrupted == 5:
                signal.setitimer(signal.ITIMER_REAL, 0)
            fit(KMeans, X, y)
            return n_interrupted
        except KeyboardInterrupt:
            n_interrupted += 1


pretend(3)
X, y = data()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    StandardScaler().fit_transform(X)
    MinMaxScaler().fit_transform(X)
messages = [str(warning.message) for warning in caught]
assert len(messages) == 1 and "cache" in messages[0], messages

# Ctrl-C is lost where it strikes in a destructor or a callback, which Python says and nobody can help.
sys.unraisablehook = lambda unraisable: None
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
assert interrupted_at_first() == 5
check(little(), serial(little))
