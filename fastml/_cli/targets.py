"""The workloads that have a speed target, at their exact sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from .._threads import effective_threads
from . import scores
from .data import Data
from .measure import Entry
from .workloads import Workload, some_rows

__all__ = ["TARGETS"]

F32, F64 = np.float32, np.float64


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


def _scores_of_two(n, goals):
    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        truth = random.integers(0, 2, n // 10 if quick else n)
        guess = random.normal(size=len(truth)) + truth
        return Data("scores", truth[:, None], truth, guess[:, None], guess)

    workload = Workload(
        "metrics.roc_auc_score", (), scores.SAME, arguments=lambda data: (data.y, data.y_test)
    )
    return _entry(f"roc_auc {n:.0e} scores".replace("+0", ""), None, workload, load, ("answer",), goals)


def _linear(name, n, d, dtype, n_classes, goals, timed=("fit",), ask=None):
    score = scores.SAME if ask else scores.ACCURACY if n_classes else scores.R2
    workload = Workload(name, (), score, "predict")
    load = _supervised(n, d, dtype, n_classes)
    what = f"asked for {ask} row" if ask else f"{n // 1000}k x {d}" if n >= 1000 else f"{n} x {d}"
    title = f"{name.partition('.')[2]} {what}"
    return _entry(title, dtype, workload, _ask(load, ask) if ask else load, timed, goals)


def _signal(X, random):
    """A smooth function of some of the columns, with interactions, and noise."""
    strong = X[:, : max(4, X.shape[1] // 4)]
    total = (
        strong @ np.linspace(1, 0.2, strong.shape[1]) + X[:, 0] * X[:, 1] + np.abs(X[:, 2]) - X[:, 3] ** 2 / 2
    )
    return total - np.median(total) + random.logistic(size=len(X))


def _supervised(n, d, dtype, n_classes):
    """Load data to learn from, and a tenth as much to ask; classes, or numbers if there are none."""

    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        n_learnt = n // 10 if quick else n
        X = random.normal(size=(n_learnt + max(n_learnt // 10, 1000), d)).astype(dtype)
        y = _signal(X, random)
        if n_classes:
            y = np.searchsorted(np.quantile(y, np.arange(1, n_classes) / n_classes), y)
        return Data("signal", X[:n_learnt], y[:n_learnt], X[n_learnt:], y[n_learnt:])

    return load


def _ask(load, rows):
    """The same data with another number of rows to ask."""

    def load_rows(quick: bool) -> Data:
        data = load(quick)
        pick = np.arange(rows // 10 if quick and rows > 1 else rows) % len(data.X)
        return dataclasses.replace(data, X_test=data.X[pick], y_test=data.y[pick])

    return load_rows


def _boosting(what, n, d, dtype, n_classes, goals, trees=100, timed=("fit",), ask=None):
    kind, method, score = (
        ("Classifier", "predict_proba", scores.LOG_LOSS)
        if n_classes
        else ("Regressor", "predict", scores.ROUGH_R2)
    )
    parameters = {"max_iter": trees, "early_stopping": False, "random_state": 0}
    workload = Workload(f"ensemble.HistGradientBoosting{kind}", (), score, method, parameters)
    load = _supervised(n, d, dtype, n_classes)
    return _entry(
        f"boosting {what}, {trees} trees", dtype, workload, _ask(load, ask) if ask else load, timed, goals
    )


def _forest(what, n, d, dtype, goals, splitter="exact", timed=("fit",), ask=None):
    def parameters(data):
        return {"n_estimators": 100, "random_state": 0, "n_jobs": effective_threads()}

    workload = Workload(
        "ensemble.RandomForestClassifier", (), scores.ROUGH_ACCURACY, "predict", parameters,
        ours={"splitter": splitter},
    )  # fmt: skip
    load = _supervised(n, d, dtype, 2)
    return _entry(f"forest {what}", dtype, workload, _ask(load, ask) if ask else load, timed, goals)


def _isolation(what, n, d, goals, timed=("fit",), ask=None):
    parameters = {"random_state": 0, "n_jobs": effective_threads()}
    workload = Workload("ensemble.IsolationForest", (), scores.SAME, "score_samples", parameters)
    load = _supervised(n, d, F32, 2)
    return _entry(f"isolation forest {what}", F32, workload, _ask(load, ask) if ask else load, timed, goals)


def _logistic(n, d, dtype, n_classes, goals):
    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        X = random.normal(size=(n // 10 if quick else n, d)).astype(dtype)
        margins = X @ (random.normal(size=(d, n_classes)) * 0.3)
        y = (margins + random.gumbel(size=margins.shape)).argmax(axis=1)
        return Data("margins", X, y, X[:1000], y[:1000])

    workload = Workload(
        "linear_model.LogisticRegression", (), scores.LOG_LOSS, "predict_proba", {"max_iter": 1000}
    )
    return _entry(f"logistic {n // 1000}k x {d}, {n_classes} classes", dtype, workload, load, ("fit",), goals)


def _sparse_logistic(n, d, density, goals):
    def load(quick: bool) -> Data:
        from scipy import sparse

        random = np.random.default_rng(0)
        X = sparse.random(n // 10 if quick else n, d, density, format="csr", random_state=0)
        y = (X @ random.normal(size=d) > 0).astype(int)
        return Data("margins", X, y, X[:1000], y[:1000])

    workload = Workload(
        "linear_model.LogisticRegression", (), scores.LOG_LOSS, "predict_proba", {"max_iter": 1000}
    )
    return _entry(f"logistic {n // 1000}k x {d // 1000}k, sparse", F64, workload, load, ("fit",), goals)


def _machine(n, d, goals, timed=("fit",)):
    workload = Workload("svm.SVC", (), scores.ACCURACY, "predict", {"C": 1.0})
    title = f"SVC RBF {n // 1000}k x {d}" + ("" if "fit" in timed else ", predict")
    return _entry(title, F64, workload, _supervised(n, d, F64, 2), timed, goals)


def _correlated(n, d):
    """Load features with a common part, of which some matter, for linear models."""

    def load(quick: bool) -> Data:
        random = np.random.default_rng(0)
        rows = n // 10 if quick else n
        X = random.normal(size=(rows, d)) + 0.5 * random.normal(size=(rows, 1))
        y = X[:, : d // 10] @ random.normal(size=d // 10) + 2 * random.normal(size=rows)
        return Data("correlated", X - X.mean(axis=0), y - y.mean(), X, y)

    return load


def _words(n, d):
    """Load a sparse matrix with a thousandth of its places filled, for linear models."""

    def load(quick: bool) -> Data:
        from scipy import sparse

        random = np.random.default_rng(0)
        X = sparse.random_array((n // 10 if quick else n, d), density=1e-3, rng=random, format="csc")
        y = X[:, :200] @ random.normal(size=200) + 0.1 * random.normal(size=X.shape[0])
        return Data("words", X, y, X, y)

    return load


def _lasso(what, load, goals, alpha=0.05):
    parameters = {"alpha": alpha}
    workload = Workload("linear_model.Lasso", (), scores.PENALISED_ERROR, "predict", parameters)
    return _entry(f"lasso {what}", F64, workload, load, ("fit",), goals)


def _descent(title, name, parameters, load, goals, dtype=F64):
    workload = Workload(name, (), scores.ROUGH_ACCURACY, "predict", {"random_state": 0, **parameters})
    return _entry(title, dtype, workload, load, ("fit",), goals)


def _texts(n, d, stored):
    """Load rows of a sparse matrix with few stored values each, as counts of words are."""

    def load(quick: bool) -> Data:
        from scipy.sparse import csr_matrix

        random = np.random.default_rng(0)
        n_rows = n // 10 if quick else n
        where = (random.integers(0, d, n_rows * stored), np.arange(n_rows + 1) * stored)
        X = csr_matrix((random.exponential(size=n_rows * stored), *where), shape=(n_rows, d))
        X.sum_duplicates()
        y = (X @ random.normal(size=d) > 0).astype(np.int64)
        return Data("words", X, y, X, y)

    return load


def _entry(title, dtype, workload, load: Callable[[bool], Data], timed, goals):
    kind = "" if dtype is None else f", {np.dtype(dtype).name}"
    peers = {"sk": "sklearn", "sx": "sklearnex"}
    return Entry(
        title + kind, "", workload, load, timed, {peers.get(name, name): goal for name, goal in goals.items()}
    )


ANY_BOOSTING = {"sk": 1, "lightgbm": 1, "xgboost": 1}
ANY_FOREST = {"sk": 1, "sx": 1}
ANY_LINEAR = {"sk": 1, "sx": 1}

LASSO_PATH = Workload(
    "linear_model.lasso_path", (), scores.LASSO_PATH, "", {"alphas": 100}, lambda data: (data.X, data.y)
)
LASSO_CV = Workload(
    "linear_model.LassoCV", (), scores.R2, "predict", lambda data: {"cv": 5, "n_jobs": effective_threads()}
)

EPOCHS = {"max_iter": 5, "tol": None}

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
    _labels(10_000_000, {"sk": 19}),
    _boosting("200k x 50", 200_000, 50, F32, 2, {"sk": 1.7, "lightgbm": 1.6, "xgboost": 1.4}),
    _boosting("2k x 2000", 2_000, 2_000, F32, 2, ANY_BOOSTING, trees=20),
    _boosting("20k x 50, 20 classes", 20_000, 50, F32, 20, ANY_BOOSTING, trees=20),
    _boosting("2m x 8, regression", 2_000_000, 8, F32, 0, ANY_BOOSTING, trees=20),
    _boosting("asked for 100k rows", 20_000, 50, F32, 2, ANY_BOOSTING, timed=("answer",), ask=100_000),
    _boosting("asked for 1 row", 20_000, 50, F32, 2, ANY_BOOSTING, timed=("answer",), ask=1),
    _forest("50k x 20, 100 trees", 50_000, 20, F32, {"sk": 6, "sx": 1.4}),
    _forest("50k x 20, 100 trees, histograms", 50_000, 20, F32, {"sk": 10, "sx": 2}, "hist"),
    _forest("of 100 trees, asked for 100k rows", 20_000, 20, F32, ANY_FOREST, timed=("answer",), ask=100_000),
    _forest("of 100 trees, asked for 1 row", 20_000, 20, F32, ANY_FOREST, timed=("answer",), ask=1),
    _isolation("100k x 20", 100_000, 20, {"sk": 8}),
    _isolation("asked for 100k rows", 100_000, 20, {"sk": 3}, timed=("answer",), ask=100_000),
    _isolation("asked for 1 row", 20_000, 20, {"sk": 20}, timed=("answer",), ask=1),
    _scores_of_two(1_000_000, {"sk": 8, "sx": 1}),
    _linear("linear_model.LinearRegression", 200_000, 50, F64, 0, ANY_LINEAR),
    _linear("linear_model.LinearRegression", 200_000, 50, F32, 0, ANY_LINEAR),
    _linear("linear_model.LinearRegression", 100, 10, F64, 0, {"sk": 1}, timed=("fit", "answer")),
    _linear("linear_model.LinearRegression", 1_000, 10, F64, 0, {"sk": 1}, timed=("answer",), ask=1),
    _linear("linear_model.Ridge", 200_000, 50, F64, 0, ANY_LINEAR),
    _linear("linear_model.RidgeCV", 200_000, 50, F64, 0, {"sk": 1}),
    _linear("linear_model.RidgeClassifier", 200_000, 50, F64, 2, {"sk": 1}),
    _linear("discriminant_analysis.LinearDiscriminantAnalysis", 200_000, 50, F64, 5, {"sk": 1}),
    _logistic(200_000, 50, F64, 2, {"sk": 2.5, "sx": 1.5}),
    _logistic(50_000, 100, F64, 10, {"sk": 2, "sx": 2}),
    _sparse_logistic(20_000, 50_000, 0.001, {"sk": 1}),
    _machine(10_000, 20, {"sk": 4, "sx": 2.5}),
    _machine(5_000, 784, {"sk": 6, "sx": 1.2}),
    _machine(10_000, 20, {"sx": 3}, timed=("answer",)),
    _lasso("10k x 500", _correlated(10_000, 500), {"sk": 3, "sx": 1}),
    _lasso("20k x 50k, sparse", _words(20_000, 50_000), {"sk": 10}, alpha=1e-4),
    _entry(
        "lasso path 10k x 500, 100 alphas", F64, LASSO_PATH, _correlated(10_000, 500), ("answer",), {"sk": 2}
    ),
    _entry("lasso of 5 folds, 10k x 500", F64, LASSO_CV, _correlated(10_000, 500), ("fit",), {"sk": 5}),
    _descent(
        "SGD 200k x 50, 5 epochs",
        "linear_model.SGDClassifier",
        EPOCHS,
        _supervised(200_000, 50, F64, 2),
        {"sk": 3},
    ),
    _descent(
        "SGD 200k x 50, 5 epochs",
        "linear_model.SGDClassifier",
        EPOCHS,
        _supervised(200_000, 50, F32, 2),
        {"sk": 3},
        F32,
    ),
    _descent(
        "SGD of words 20k x 50k, 5 epochs",
        "linear_model.SGDClassifier",
        EPOCHS,
        _texts(20_000, 50_000, 50),
        {"sk": 1},
    ),
    _descent("linear SVC 200k x 50", "svm.LinearSVC", {}, _supervised(200_000, 50, F64, 2), {"sk": 1}),
    _descent(
        "linear SVC 50k x 50, hinge",
        "svm.LinearSVC",
        {"loss": "hinge", "max_iter": 50},
        _supervised(50_000, 50, F64, 2),
        {"sk": 1},
    ),
    _descent("linear SVC of words 20k x 50k", "svm.LinearSVC", {}, _texts(20_000, 50_000, 50), {"sk": 1}),
)
