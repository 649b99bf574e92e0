"""The workloads that have a speed target, at their exact sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._lazy import sk
from . import scores
from .data import Data
from .measure import Entry
from .workloads import Workload, some_rows

__all__ = ["TARGETS"]


def _clouds(n, d, k, spread, dtype):
    """Overlapping Gaussian clouds around k centres."""
    random = np.random.default_rng(0)
    centers = random.normal(size=(k, d))
    y = random.integers(0, k, n)
    return (centers[y] * spread + random.normal(size=(n, d))).astype(dtype), y


def _kmeans(n, d, k, dtype, goals, spread=1.0, passes=20):
    def load(quick: bool) -> Data:
        X, y = _clouds(n // 10 if quick else n, d, k, spread, dtype)
        return Data("clouds", X, y, X, y)

    def parameters(data):
        return {"n_clusters": k, "init": some_rows(data, k), "n_init": 1, "max_iter": passes, "tol": 0}

    workload = Workload("cluster.KMeans", (), scores.INERTIA, "predict", parameters)
    return _entry(f"KMeans Lloyd {n // 1000}k x {d}, k {k}", dtype, workload, load, ("fit",), goals)


def _neighbors(queries, n, d, dtype, goals, algorithm="brute"):
    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        made = random.normal if algorithm == "brute" else random.uniform
        X = made(size=(n // 10 if quick else n, d)).astype(dtype)
        asked = made(size=(queries // 10 if quick else queries, d)).astype(dtype) if queries else X
        return Data("points", X, np.zeros(len(X)), asked, np.zeros(len(asked)))

    parameters = {"n_neighbors": 10, "algorithm": algorithm, "n_jobs": -1}
    workload = Workload("neighbors.NearestNeighbors", (), scores.DISTANCES, "kneighbors", parameters)
    size = f"{queries // 1000}k x {n // 1000}k x {d}" if queries else f"{n // 1000}k x {d}"
    kind = "brute" if algorithm == "brute" else "tree"
    return _entry(f"{kind} k-NN {size}, k 10", dtype, workload, load, ("fit", "answer"), goals)


def _function(title, name, arguments, n, d, dtype, goals, score=scores.SAME):
    def load(quick: bool) -> Data:
        X, y = _clouds(n // 10 if quick else n, d, 10, 1.0, dtype)
        return Data("clouds", X, y, X, y)

    workload = Workload(name, (), score, arguments=arguments)
    return _entry(title, dtype, workload, load, ("answer",), goals)


def _scaler(n, d, dtype, goals):
    def load(quick: bool) -> Data:
        X, y = _clouds(n // 10 if quick else n, d, 10, 1.0, dtype)
        return Data("clouds", X, y, X, y)

    workload = Workload("preprocessing.StandardScaler", (), scores.SAME, "transform")
    return _entry(f"StandardScaler {n // 1000}k x {d}", dtype, workload, load, ("fit", "answer"), goals)


def _forest(n, d, goals):
    def load(quick: bool) -> Data:
        make = sk("sklearn.datasets.make_classification")
        informative, redundant = d // 2, d // 5
        X, y = make(
            n + 10_000, d, n_informative=informative, n_redundant=redundant, flip_y=0.05, random_state=0
        )
        X, learnt = X.astype(np.float32), n // 10 if quick else n
        return Data("made", X[:learnt], y[:learnt], X[n:], y[n:])

    parameters = {"n_estimators": 100, "random_state": 0, "n_jobs": -1}
    workload = Workload("ensemble.RandomForestClassifier", (), scores.ACCURACY, "predict", parameters)
    return _entry(f"random forest {n // 1000}k x {d}, 100 trees", np.float32, workload, load, ("fit",), goals)


def _labels(n, goals):
    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        truth, guess = random.integers(0, 10, (2, n // 10 if quick else n))
        return Data("labels", truth[:, None], truth, guess[:, None], guess)

    workload = Workload(
        "metrics.confusion_matrix", (), scores.SAME, arguments=lambda data: (data.y, data.y_test)
    )
    return _entry(
        f"confusion_matrix {n:.0e} labels".replace("+0", ""), None, workload, load, ("answer",), goals
    )


def _entry(title, dtype, workload, load: Callable[[bool], Data], timed, goals):
    kind = "" if dtype is None else f", {np.dtype(dtype).name}"
    peers = {"sk": "sklearn", "sx": "sklearnex"}
    return Entry(
        title + kind, "", workload, load, timed, {peers.get(name, name): goal for name, goal in goals.items()}
    )


F32, F64 = np.float32, np.float64

TARGETS = (
    _kmeans(100_000, 20, 10, F32, {"sk": 2, "sx": 1.3}, passes=10),
    _kmeans(200_000, 50, 100, F32, {"sk": 2.5, "sx": 2, "faiss": 6}),
    _kmeans(200_000, 50, 100, F64, {"sk": 2.5, "sx": 2}),
    _kmeans(50_000, 784, 256, F32, {"sk": 2.5, "sx": 1.2, "faiss": 1.1}, spread=0.15, passes=6),
    _kmeans(50_000, 784, 256, F64, {"sk": 2.5, "sx": 1.0}, spread=0.15, passes=6),
    _neighbors(20_000, 100_000, 32, F32, {"sk": 10, "sx": 1.7, "faiss": 5}),
    _neighbors(20_000, 100_000, 32, F64, {"sk": 4, "sx": 1.7}),
    _neighbors(5_000, 50_000, 784, F32, {"sk": 4.5, "sx": 1.0, "faiss": 1.1}),
    _neighbors(0, 100_000, 3, F64, {"sk": 3.5, "cKDTree": 2}, algorithm="kd_tree"),
    _function(
        "euclidean 8192 x 8192 x 16",
        "metrics.euclidean_distances",
        lambda d: (d.X,),
        8192,
        16,
        F32,
        {"sk": 10},
    ),
    _function(
        "euclidean 8192 x 8192 x 16",
        "metrics.euclidean_distances",
        lambda d: (d.X,),
        8192,
        16,
        F64,
        {"sk": 8},
    ),
    _function(
        "silhouette 20k x 16", "metrics.silhouette_score", lambda d: (d.X, d.y), 20_000, 16, F64, {"sk": 7}
    ),
    _scaler(100_000, 100, F64, {"sk": 4}),
    _forest(50_000, 20, {"sk": 6, "sx": 1.4}),
    _labels(10_000_000, {"sk": 19}),
)
