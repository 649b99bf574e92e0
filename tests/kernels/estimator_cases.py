"""Whole computations on a device: what estimators and functions give there is what they give on the CPU.

Data comes from the host, and then lives on the device already; results are of the kind of their input.
"""

import functools
import inspect
import sys

import numpy as np

from fastml import metrics, preprocessing
from fastml.cluster import KMeans, MiniBatchKMeans, kmeans_plusplus
from fastml.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from fastml.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)


def _blobs(run, n_samples=40, n_features=3):
    y = np.arange(n_samples) % 3
    return run.normal(n_samples, n_features) + (4 * y[:, None]).astype(run.dtype), y


def _same(run, call, *arrays, exact=False, factor=64):
    """Call on the CPU, on the device with host data, and with data that lives there."""
    expected = call("cpu", *arrays)
    compare = run.equal if exact else functools.partial(run.close, factor=factor)
    for found in (call(run.device.name, *arrays), call(None, *run.there_if_elsewhere(*arrays))):
        for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (found, expected))):
            compare(np.asarray(run.device.to_host(a)), b)
    if run.device.name == "cuda":
        from fastml._device import is_cuda_array

        first = found[0] if isinstance(found, tuple) else found
        assert is_cuda_array(first) or np.ndim(first) == 0 or not _gives_arrays(call), type(first)


def _gives_arrays(call):
    """Whether results are arrays of their input's kind; fitted attributes are on the host always."""
    return not getattr(call, "fitted", False)


def _fitted(call):
    call.fitted = True
    return call


def kmeans_is_fitted(run):
    X, _ = _blobs(run)
    for init in ("k-means++", "random"):

        @_fitted
        def fit(device, X, init=init):
            model = KMeans(3, init=init, n_init=2, random_state=0, device=device).fit(X)
            assert type(model.cluster_centers_) is type(model.labels_) is np.ndarray
            return model.labels_, model.cluster_centers_, model.inertia_

        _same(run, fit, X)


def kmeans_predicts_and_transforms(run):
    X, _ = _blobs(run)
    model = KMeans(3, n_init=1, random_state=0, device="cpu").fit(X)

    def predict(device, X):
        return model.set_params(device=device).predict(X)

    def transform(device, X):
        return model.set_params(device=device).transform(X)

    def score(device, X):
        return model.set_params(device=device).score(X)

    _same(run, predict, X, exact=True)
    _same(run, transform, X)
    _same(run, score, X)


def kmeans_in_batches(run):
    X, _ = _blobs(run)

    @_fitted
    def fit(device, X):
        model = MiniBatchKMeans(3, batch_size=32, n_init=1, max_iter=2, random_state=0, device=device).fit(X)
        return model.labels_, model.cluster_centers_, model.inertia_

    _same(run, fit, X)


def seeds_are_chosen(run):
    X, _ = _blobs(run)
    _same(run, lambda device, X: kmeans_plusplus(X, 3, random_state=0, device=device)[::-1], X)


def neighbors_are_found(run):
    X, _ = _blobs(run)

    def search(device, X):
        model = NearestNeighbors(n_neighbors=4, algorithm="brute", device=device).fit(X)
        return model.kneighbors(X[:9])

    def search_without_self(device, X):
        return NearestNeighbors(n_neighbors=2, metric="manhattan", device=device).fit(X[:9]).kneighbors()

    _same(run, search, X)
    _same(run, _fitted(search_without_self), X)


def neighbors_vote(run):
    X, y = _blobs(run)
    for weights in ("uniform", "distance"):

        def classify(device, X, weights=weights):
            model = KNeighborsClassifier(3, weights=weights, device=device).fit(X, y)
            return model.predict_proba(X[:9])

        def regress(device, X, weights=weights):
            return KNeighborsRegressor(3, weights=weights, device=device).fit(X, y * 1.5).predict(X[:9])

        _same(run, classify, X)
        _same(run, regress, X)


def neighbors_within_a_radius_vote(run):
    X, y = _blobs(run)

    def classify(device, X):
        return RadiusNeighborsClassifier(2.5, device=device).fit(X, y).predict_proba(X[:9])

    def regress(device, X):
        return RadiusNeighborsRegressor(2.5, weights="distance", device=device).fit(X, y * 1.5).predict(X[:9])

    _same(run, classify, X)
    _same(run, regress, X)


SMALL_TREES = {"max_iter": 2, "max_leaf_nodes": 3, "min_samples_leaf": 4, "random_state": 0}


def _same_trees(run, call, X):
    """Call here and there; on a GPU gradients are rounded to 36 bits."""
    _same(run, call, X, factor=max(64, 1e-8 / run.eps))


def boosting_regresses(run):
    X, y = _blobs(run, 40, 2)
    X[::7, 1] = np.nan
    for options in ({}, {"loss": "absolute_error", "max_iter": 1}):

        def regress(device, X, options=options):
            model = HistGradientBoostingRegressor(**{**SMALL_TREES, **options}, device=device).fit(X, y * 1.5)
            assert type(model._records.nodes) is np.ndarray
            return model.predict(X)

        _same_trees(run, regress, X)


def boosting_classifies(run):
    X, y = _blobs(run, 40, 2)
    for target, options in ((y, {"max_iter": 1}), (y > 0, {"early_stopping": True})):

        def classify(device, X, target=target, options=options):
            model = HistGradientBoostingClassifier(**{**SMALL_TREES, **options}, device=device).fit(X, target)
            return model.predict_proba(X)

        _same_trees(run, classify, X)


def boosting_scores_and_continues(run):
    X, y = _blobs(run, 40, 2)

    @_fitted
    def fit(device, X):
        model = HistGradientBoostingClassifier(
            **SMALL_TREES, early_stopping=True, scoring="accuracy", warm_start=True, device=device
        ).fit(X, y > 0, np.arange(40) % 3 + 1.0)
        model.set_params(max_iter=3).fit(X, y > 0, np.arange(40) % 3 + 1.0)
        staged = list(model.staged_decision_function(X))
        return model.train_score_, model.validation_score_, np.asarray(run.device.to_host(staged[-1]))

    _same_trees(run, fit, X)


def distances_between_rows(run):
    X, _ = _blobs(run, 18)
    for metric in ("euclidean", "cosine", "canberra"):

        def distances(device, X, metric=metric):
            return metrics.pairwise_distances(X, metric=metric, device=device)

        def nearest(device, X, metric=metric):
            return metrics.pairwise_distances_argmin_min(X, X[:7], metric=metric, device=device)

        _same(run, distances, X)
        _same(run, nearest, X)


def silhouettes(run):
    X, y = _blobs(run, 30)
    _same(run, lambda device, X: metrics.silhouette_samples(X, y, device=device), X)
    _same(run, lambda device, X: metrics.silhouette_score(X, y, device=device), X)


def labels_are_compared(run):
    a, b = run.rng.randint(0, 4, 80), run.rng.randint(0, 4, 80)
    _same(run, lambda device, a, b: metrics.accuracy_score(a, b, device=device), a, b)
    _same(run, _fitted(lambda device, a, b: metrics.confusion_matrix(a, b, device=device)), a, b, exact=True)


def rows_are_scaled(run):
    X, _ = _blobs(run)
    X[7, 1] = np.nan
    for scaler in (
        preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(clip=True),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
    ):

        def transform(device, X, scaler=scaler):
            model = scaler.set_params(device=device)
            scaled = model.fit_transform(X)
            return scaled, model.inverse_transform(scaled)

        _same(run, transform, X)


def rows_are_normalized(run):
    X, _ = _blobs(run)
    for norm in ("l1", "l2", "max"):

        def transform(device, X, norm=norm):
            return preprocessing.Normalizer(norm=norm, device=device).fit_transform(X)

        _same(run, transform, X)


CASES = {
    name: function
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    if function.__module__ == __name__ and not name.startswith("_")
}
