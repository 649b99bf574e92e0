"""Ctrl-C while kernels are compiled and kept in an empty cache: nothing but KeyboardInterrupt comes out."""

import random
import signal
import sys

from common import check, data, fit, little, pretend, serial

from fastml.cluster import KMeans
from fastml.preprocessing import StandardScaler

pretend(3)
X, y = data()
StandardScaler().fit(X)  # Numba is imported by now

# Where Ctrl-C strikes in a destructor it is lost; Python says so, and nobody can help it.
sys.unraisablehook = lambda unraisable: None
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
moments = random.Random(0)
n_interrupted, finished = 0, False
while not finished:
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.02, 0.4))
            fit(KMeans, X, y)
            finished = True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        n_interrupted += 1
assert n_interrupted > 3
check(little(), serial(little))
