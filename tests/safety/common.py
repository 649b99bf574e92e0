"""What the scripts in this folder share: every estimator's results, reduced to digests of their bits.

Each script is run in a process of its own by tests/test_safety.py; it fails with a traceback, or succeeds
silently.
"""

import hashlib
import inspect
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

import fastml
from fastml import _threads

sys.path.append(str(Path(__file__).parents[2]))
from tests.names import target_for

SETTINGS = {
    "random_state": 0, "n_clusters": 6, "n_init": 2, "max_iter": 15, "n_neighbors": 5, "radius": 1.5,
    "n_estimators": 10,
}  # fmt: skip
RESULTS = ("predict", "predict_proba", "transform", "kneighbors", "radius_neighbors")


def pretend(n_cores):
    """Let the pool take this machine for one of `n_cores` cores, so that many threads run on few of them."""
    _threads.thread_budget = lambda: n_cores


def data(n_samples=12_000, n_features=8, n_classes=6):
    """Return blobs and their numbers: large enough that every kernel uses the pool."""
    random = np.random.RandomState(7)
    y = random.randint(n_classes, size=n_samples)
    X = random.normal(size=(n_classes, n_features))[y] + 0.3 * random.normal(size=(n_samples, n_features))
    return X.astype(np.float32), y


def _bytes(value):
    """Yield the bytes of the arrays and numbers that make up a result."""
    if isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.dtype == object):
        for item in value:
            yield from _bytes(item)
    elif hasattr(value, "tocsr"):
        yield from _bytes([value.data, value.indices, value.indptr])
    elif hasattr(value, "get_params"):  # an estimator in an ensemble
        yield from _bytes(_fitted(value))
    else:
        array = np.asarray(value)
        yield f"{array.dtype} {array.shape}".encode()
        yield np.ascontiguousarray(array).tobytes()


def digest(value):
    """Return a short text that two results share only if they are equal bit for bit."""
    return hashlib.blake2b(b"".join(_bytes(value)), digest_size=8).hexdigest()


def _make(estimator):
    known = inspect.signature(estimator.__init__).parameters
    return estimator(**{name: value for name, value in SETTINGS.items() if name in known})


def _fitted(model):
    """Return the numbers among a fitted model's attributes."""
    attributes = {name: value for name, value in vars(model).items() if name.endswith("_") and name[0] != "_"}
    numbers = (np.ndarray, np.generic, int, float)
    return [attributes[name] for name in sorted(attributes) if isinstance(attributes[name], numbers)]


def fit(estimator, X, y):
    """Fit an estimator class and return the digest of its attributes and of what its methods return."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations do not converge
        model = _make(estimator).fit(X, target_for(estimator, y))
    results = [getattr(model, method)(X[:600]) for method in RESULTS if hasattr(model, method)]
    return digest([_fitted(model), results])


def estimators():
    """Return every public estimator by name."""
    from fastml._discovery import all_estimators

    return dict(all_estimators())


def functions(X, y):
    """Return the digests of functions that share no code with an estimator."""
    from fastml import metrics

    return {
        "silhouette_samples": digest(metrics.silhouette_samples(X[:3000], y[:3000])),
        "pairwise_distances": digest(metrics.pairwise_distances(X[:1500], metric="manhattan")),
        "confusion_matrix": digest(metrics.confusion_matrix(np.tile(y, 50), np.tile(y[::-1], 50))),
    }


def blocks(X):
    """Return the digest of a sum of squares that Python and NumPy make in the pool."""
    partial = np.zeros((len(X), X.shape[1]))

    def task(block, start, stop):
        partial[block] = np.sum(X[start:stop] * X[start:stop], axis=0)

    _threads.for_each_block(task, len(X), 100)
    return digest(partial.sum(axis=0))


def everything():
    """Return the digests of all of that."""
    X, y = data()
    results = {"blocks": blocks(X), **functions(X, y)}
    results.update((name, fit(estimator, X, y)) for name, estimator in estimators().items())
    return results


def little():
    """Return the digests of a few quick fits: for scripts that repeat them, or that start many processes."""
    from fastml.cluster import KMeans
    from fastml.preprocessing import StandardScaler

    X, y = data()
    return {"blocks": blocks(X), "KMeans": fit(KMeans, X, y), "StandardScaler": fit(StandardScaler, X, y)}


def serial(function):
    """Call a function with one thread."""
    with fastml.config_context(n_threads=1):
        return function()


def differences(results, expected):
    """Return the names whose digests are not the same; missing ones too."""
    return sorted(name for name in results.keys() | expected if results.get(name) != expected.get(name))


def check(results, expected):
    """Fail unless all digests are the same."""
    different = differences(results, expected)
    assert expected and not different, f"not the same result: {different}"


def blas_threads():
    """Return the number of threads of each BLAS library."""
    return [library.num_threads for library in ThreadpoolController().select(user_api="blas").lib_controllers]


def start(function, *args, daemon=True):
    """Start a thread."""
    thread = threading.Thread(target=function, args=args, daemon=daemon)
    thread.start()
    return thread


def is_parallel(n_threads=2):
    """Tell whether `n_threads` threads can be inside tasks at once, which shows that the pool is in order."""
    barrier = threading.Barrier(n_threads)
    try:
        _threads.for_each_block(lambda *block: barrier.wait(20), n_threads, 1)
    except threading.BrokenBarrierError:
        return False
    return True
