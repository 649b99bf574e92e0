"""Ctrl-C during long fits, and at thousands of moments of short ones."""

import os
import random
import signal
import threading
import time
import warnings

import numpy as np
from common import blas_threads, check, data, is_parallel, little, pretend, serial

import fastml
from fastml import _threads
from fastml.cluster import KMeans
from fastml.metrics import silhouette_samples
from fastml.neighbors import NearestNeighbors
from fastml.preprocessing import RobustScaler

N_ROWS = 400_000
AFTER = 0.3  # seconds from the start of a fit to Ctrl-C
WITHIN = 1.0  # seconds from Ctrl-C to the exception


def interrupted(work):
    """Send Ctrl-C while `work` runs, and return how long the exception took."""
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(AFTER, interrupt)
    timer.start()
    try:
        work(N_ROWS)
    except KeyboardInterrupt:
        return time.monotonic() - sent[0]
    raise AssertionError("the fit was over before Ctrl-C")


def repeat(times, function, *args):
    for _ in range(times):
        function(*args)


def long_fits():
    """Yield names and functions of a number of rows; a few rows are for compiling, all take very long."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(N_ROWS, 32)).astype(np.float32)
    labels = random_state.randint(20, size=N_ROWS)
    brute = NearestNeighbors(algorithm="brute").fit(X)
    tree = NearestNeighbors(algorithm="kd_tree").fit(X[:, :3])
    long_k_means = KMeans(64, n_init=1, max_iter=100_000, tol=0, random_state=0)
    short_k_means = KMeans(8, max_iter=5, n_init=1, random_state=0)
    yield "one long fit", lambda n: long_k_means.fit(X[:n])
    yield "many short fits", lambda n: repeat(n // 50, short_k_means.fit, X[:1000])
    yield "brute neighbours", lambda n: brute.kneighbors(X[:n])
    yield "neighbours in a tree", lambda n: repeat(n // 1000, tree.kneighbors, X[:n, :3])
    yield "silhouette", lambda n: silhouette_samples(X[:n], labels[:n])
    yield "quantiles", lambda n: repeat(n // 1000, RobustScaler().fit_transform, X[:n])


def strike_at_random(seconds):
    """Let signals come at random moments of many short calls; return how many there were."""
    moments = random.Random(0)
    X, _ = data(2000)
    rows = np.zeros(200)

    def task(block, start, stop):
        rows[start:stop] = np.sum(X[start:stop])

    n_interrupted, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, moments.uniform(2e-5, 2e-3))
                while True:
                    with _threads.one_blas_thread():
                        _threads.for_each_block(task, 200, 10)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            n_interrupted += 1
        if n_interrupted % 20 == 0:  # its threads are started anew, which may be interrupted too
            _threads._pool.close()
            _threads._pool = _threads._Pool()
    return n_interrupted


pretend(3)
warnings.simplefilter("ignore")  # one that is interrupted has not converged
expected = serial(little)
for name, work in long_fits():
    work(2000)
    took = interrupted(work)
    assert took < WITHIN, f"{name}: {took:.2f} s"
    check(little(), expected)
    assert is_parallel(3)
    with fastml.config_context(n_threads=1):
        took = interrupted(work)
    assert took < WITHIN, f"{name}, one thread: {took:.2f} s"

before = blas_threads()
signal.signal(signal.SIGALRM, signal.default_int_handler)
assert strike_at_random(3.0) > 100
assert is_parallel(3)
assert _threads._pool.job is None
with _threads.one_blas_thread():
    pass  # it puts right what the last interrupt may have left
assert blas_threads() == before
check(little(), expected)
