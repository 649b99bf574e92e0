"""The libraries that can be raced: fastml, scikit-learn, and what others offer for the same work."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._device import is_sparse

__all__ = ["FASTML", "SKLEARN", "Library", "installed_peers"]


@dataclass(frozen=True)
class Library:
    """
    A library and where its counterpart of a name of scikit-learn's is.

    Parameters
    ----------
    name : str
        As shown in tables.
    module : str
        The module whose presence says that the library is installed.
    distribution : str
        The name under which it is installed.
    find : callable
        Takes a name such as ``"cluster.KMeans"`` and returns the library's own class or function of that
        use and signature, or None.
    takes : callable, default: always
        Takes the features and tells whether the library is meant for their dtype and number.
    did_it_itself : callable, default: always
        Takes a fitted model and tells whether the library computed it, or handed over to scikit-learn.

    Examples
    --------
    >>> from fastml._cli.libraries import SKLEARN
    >>> SKLEARN.find("cluster.KMeans").__name__
    'KMeans'
    """

    name: str
    module: str
    distribution: str
    find: Callable[[str], Callable | None]
    takes: Callable[[np.ndarray], bool] = lambda X: True
    did_it_itself: Callable[[object], bool] = lambda model: True


def installed_peers() -> list[Library]:
    """
    Return the peers, other than scikit-learn, that are installed here.

    Returns
    -------
    list of Library
        In the order of the tables' lines.
    """
    return [peer for peer in _PEERS if importlib.util.find_spec(peer.module) is not None]


def _in_package(package, name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(f"{package}.{module}"), attribute)


_ONEDAL = {
    "cluster.KMeans",
    "ensemble.ExtraTreesClassifier",
    "ensemble.ExtraTreesRegressor",
    "ensemble.RandomForestClassifier",
    "ensemble.RandomForestRegressor",
    "linear_model.LinearRegression",
    "linear_model.LogisticRegression",
    "linear_model.Ridge",
    "metrics.roc_auc_score",
    "neighbors.KNeighborsClassifier",
    "neighbors.KNeighborsRegressor",
    "neighbors.NearestNeighbors",
    "svm.NuSVC",
    "svm.NuSVR",
    "svm.SVC",
    "svm.SVR",
}


_DAAL4PY = {"linear_model.ElasticNet", "linear_model.Lasso"}


def _in_sklearnex(name):
    if name in _DAAL4PY:
        return _in_package("daal4py.sklearn", name)
    return _in_package("sklearnex", name) if name in _ONEDAL else None


def _sklearnex_did_it(model):
    if type(model).__name__ == "LogisticRegression":  # the one that does not tell; sparse data it hands over
        return True
    return model is None or hasattr(model, "_onedal_estimator") or hasattr(model, "daal_model_")


class _FaissKMeans:
    """faiss's k-means on all rows; it never ends early."""

    def __init__(self, n_clusters, init, max_iter, **others):
        self.n_clusters, self.init, self.max_iter = n_clusters, init, max_iter

    def fit(self, X, y=None):
        import faiss

        X = np.asarray(X, dtype=np.float32)
        self.model_ = faiss.Kmeans(
            X.shape[1],
            self.n_clusters,
            niter=self.max_iter,
            min_points_per_centroid=1,
            max_points_per_centroid=len(X),
        )
        self.model_.train(X, init_centroids=np.asarray(self.init, dtype=np.float32))
        self.cluster_centers_ = self.model_.centroids
        self.n_iter_ = self.max_iter
        return self

    def predict(self, X):
        return self.model_.index.search(np.asarray(X, dtype=np.float32), 1)[1].ravel()


class _FaissNeighbors:
    def __init__(self, n_neighbors=5, **others):
        self.n_neighbors = n_neighbors

    def fit(self, X, y=None):
        import faiss

        self.index_ = faiss.IndexFlatL2(X.shape[1])
        self.index_.add(np.asarray(X, dtype=np.float32))
        return self

    def kneighbors(self, X):
        squared, indices = self.index_.search(np.asarray(X, dtype=np.float32), self.n_neighbors)
        return np.sqrt(squared), indices


class _SciPyNeighbors:
    def __init__(self, n_neighbors=5, **others):
        self.n_neighbors = n_neighbors

    def fit(self, X, y=None):
        from scipy.spatial import cKDTree

        self.tree_ = cKDTree(X)
        return self

    def kneighbors(self, X):
        return self.tree_.query(X, self.n_neighbors, workers=_threads())


class _Boosting:
    """Gradient boosting of another library, with the parameters of HistGradientBoosting*."""

    def __init__(
        self,
        max_iter=100,
        max_leaf_nodes=31,
        learning_rate=0.1,
        min_samples_leaf=20,
        l2_regularization=0.0,
        **others,
    ):
        self.model_ = self.make(max_iter, max_leaf_nodes, learning_rate, min_samples_leaf, l2_regularization)

    def fit(self, X, y):
        self.model_.fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


def _lightgbm(name):
    kind = {
        "ensemble.HistGradientBoostingClassifier": "LGBMClassifier",
        "ensemble.HistGradientBoostingRegressor": "LGBMRegressor",
    }.get(name)

    class LightGBM(_Boosting):
        def make(self, max_iter, max_leaf_nodes, learning_rate, min_samples_leaf, l2_regularization):
            return getattr(importlib.import_module("lightgbm"), kind)(
                n_estimators=max_iter, num_leaves=max_leaf_nodes, learning_rate=learning_rate, verbose=-1,
                min_child_samples=min_samples_leaf, reg_lambda=l2_regularization, n_jobs=_threads(),
            )  # fmt: skip

    return kind and LightGBM


def _xgboost(name):
    kind = {
        "ensemble.HistGradientBoostingClassifier": "XGBClassifier",
        "ensemble.HistGradientBoostingRegressor": "XGBRegressor",
    }.get(name)

    class XGBoost(_Boosting):
        def make(self, max_iter, max_leaf_nodes, learning_rate, min_samples_leaf, l2_regularization):
            # It knows no least number of samples of a leaf; the least sum of hessians stays at its default.
            return getattr(importlib.import_module("xgboost"), kind)(
                n_estimators=max_iter, max_leaves=max_leaf_nodes, max_depth=0, learning_rate=learning_rate,
                tree_method="hist", grow_policy="lossguide", reg_lambda=l2_regularization, n_jobs=_threads(),
            )  # fmt: skip

    return kind and XGBoost


def _threads():
    from fastml._threads import effective_threads

    return effective_threads()


def _torch_distances(X, Y=None):
    import torch

    first = torch.from_numpy(X)
    return torch.cdist(first, first if Y is None else torch.from_numpy(Y)).numpy()


_FAISS = {"cluster.KMeans": _FaissKMeans, "neighbors.NearestNeighbors": _FaissNeighbors}

FASTML = Library("fastml", "fastml", "fastml", functools.partial(_in_package, "fastml"))
SKLEARN = Library("sklearn", "sklearn", "scikit-learn", functools.partial(_in_package, "sklearn"))
_PEERS = (
    Library(
        "sklearnex",
        "sklearnex",
        "scikit-learn-intelex",
        _in_sklearnex,
        takes=lambda X: not is_sparse(X),
        did_it_itself=_sklearnex_did_it,
    ),
    # faiss has float32 only; trees are for few features.
    Library(
        "faiss", "faiss", "faiss-cpu", _FAISS.get, takes=lambda X: X.dtype == np.float32 and X.shape[1] > 3
    ),
    Library(
        "cKDTree",
        "scipy.spatial",
        "scipy",
        {"neighbors.NearestNeighbors": _SciPyNeighbors}.get,
        takes=lambda X: X.shape[1] <= 8,
    ),
    Library("lightgbm", "lightgbm", "lightgbm", _lightgbm),
    Library("xgboost", "xgboost", "xgboost-cpu", _xgboost),
    Library("torch", "torch", "torch", {"metrics.euclidean_distances": _torch_distances}.get),
)
