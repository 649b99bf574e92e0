"""Four small estimators in NumPy, one of each kind, to test the estimator base with.

They go through all of scikit-learn's checks, so that a failure of a real estimator is the estimator's own.
"""

import numbers

import numpy as np

from fastml._base import (
    Classifier,
    ClassNamePrefix,
    Clusterer,
    Estimator,
    MultiOutput,
    OneToOne,
    Regressor,
    Transformer,
)
from fastml._validation import (
    Interval,
    Options,
    callback_context,
    check_array_fast,
    check_fitted,
    check_weight,
    check_X,
    check_X_y,
    fit_method,
    random_state,
)


def squared_distances(X, C):
    return np.maximum((X * X).sum(1)[:, None] - 2.0 * (X @ C.T) + (C * C).sum(1), 0)


class Centers(ClassNamePrefix, Transformer, Clusterer, Estimator):
    """K-means, with callbacks after each iteration."""

    _constraints = {
        "n_clusters": [Interval(numbers.Integral, 1)],
        "init": [Options("farthest", "random"), callable],
        "max_iter": [Interval(numbers.Integral, 1)],
        "tol": [Interval(numbers.Real, 0)],
        "random_state": ["random_state"],
    }

    def __init__(self, n_clusters=2, *, init="farthest", max_iter=100, tol=1e-4, random_state=None):
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _start(self, X, w):
        X = X[w > 0]
        if self.init == "random":
            rng = random_state(self.random_state)
            return X[rng.choice(len(X), self.n_clusters, replace=False)]
        if callable(self.init):
            return self.init(X, self.n_clusters)
        C = [np.average(X, 0, w[w > 0])]
        for _ in range(self.n_clusters):
            C.append(X[squared_distances(X, np.array(C[-self.n_clusters :])).min(1).argmax()])
        return np.array(C[1:])

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        X = check_X(self, X, reset=True)
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        w = check_weight(sample_weight, X)
        w = np.ones(len(X), X.dtype) if w is None else w
        context = callback_context(self, max_subtasks=self.max_iter)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self, X=X, metadata={"sample_weight": w})
        C = self._start(X, w)
        n_iter, done = 0, False
        while not done and n_iter < self.max_iter:
            n_iter += 1
            step = context and context.subcontext(task_name="iteration").call_on_fit_task_begin(
                estimator=self, X=X
            )
            member = np.zeros((len(X), len(C)), X.dtype)
            member[np.arange(len(X)), squared_distances(X, C).argmin(1)] = w
            mass = member.sum(0)[:, None]
            new = np.where(mass > 0, member.T @ X / np.where(mass, mass, 1), C)
            shift = ((new - C) ** 2).sum()
            C = new
            attributes = {"cluster_centers_": C}
            stop = step is not None and step.call_on_fit_task_end(
                estimator=self, X=X, reconstruction_attributes=attributes
            )
            done = bool(stop) or shift <= self.tol * X.var(0).mean()
        D = squared_distances(X, C)
        self.cluster_centers_, self.n_iter_ = C, n_iter
        self.labels_ = D.argmin(1).astype(np.int32)
        self.inertia_ = float((D.min(1) * w).sum())
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, reconstruction_attributes={})
        return self

    @property
    def _n_features_out(self):
        return self.cluster_centers_.shape[0]

    def _distances(self, X):
        check_fitted(self, "cluster_centers_")
        X = check_X(self, X, reset=False)
        return squared_distances(X, self.cluster_centers_.astype(X.dtype, copy=False))

    def predict(self, X):
        return self._distances(X).argmin(1).astype(np.int32)

    def transform(self, X):
        return np.sqrt(self._distances(X))

    def score(self, X, y=None, sample_weight=None):
        D = self._distances(X)
        w = check_weight(sample_weight, D)
        return -float((D.min(1) if w is None else D.min(1) * w).sum())


class Centroids(Classifier, Estimator):
    """Nearest centroid with probabilities; leaves reporting to callbacks to `fit_method`."""

    _constraints = {"temperature": [Interval(numbers.Real, 0, closed="neither")]}

    def __init__(self, *, temperature=1.0):
        self.temperature = temperature

    @fit_method
    def fit(self, X, y, sample_weight=None):
        X, y = check_X_y(self, X, y, y_float=False)
        w = check_weight(sample_weight, X)
        self.classes_, code = np.unique(y, return_inverse=True)
        member = np.zeros((len(X), len(self.classes_)), X.dtype)
        member[np.arange(len(X)), code] = 1 if w is None else w
        mass = member.sum(0)
        self.centroids_ = member.T @ X / np.where(mass, mass, 1)[:, None]
        return self

    def predict_proba(self, X):
        check_fitted(self, "centroids_")
        X = check_X(self, X, reset=False)
        C = self.centroids_
        logits = (2.0 * (X @ C.T) - (C * C).sum(1)) / self.temperature
        P = np.exp(logits - logits.max(1, keepdims=True))
        return P / P.sum(1, keepdims=True)

    def predict(self, X):
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]


class Ridge(MultiOutput, Regressor, Estimator):
    """Least squares with a squared penalty."""

    _constraints = {"alpha": [Interval(numbers.Real, 0)], "fit_intercept": ["boolean"]}

    def __init__(self, alpha=1.0, *, fit_intercept=True):
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    @fit_method
    def fit(self, X, y, sample_weight=None):
        X, y = check_X_y(self, X, y, y_float=True)
        w = check_weight(sample_weight, X)
        context = callback_context(self)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        y = y.astype(X.dtype, copy=False)
        X_mean, y_mean = np.zeros(X.shape[1], X.dtype), np.zeros(y.shape[1:], X.dtype)
        if self.fit_intercept:
            X_mean, y_mean = np.average(X, 0, w), np.average(y, 0, w)
        Z = X - X_mean
        weighted = Z if w is None else Z * w[:, None]
        A = weighted.T @ Z
        A.flat[:: len(A) + 1] += self.alpha
        coef = np.linalg.lstsq(A, weighted.T @ (y - y_mean), rcond=None)[0]
        self.coef_ = coef.T
        self.intercept_ = y_mean - X_mean @ coef
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes={})
        return self

    def predict(self, X):
        check_fitted(self, "coef_")
        return check_X(self, X, reset=False) @ self.coef_.T + self.intercept_


class Scaler(OneToOne, Transformer, Estimator):
    """Zero mean and unit variance; takes missing values, sparse data, and data in parts."""

    _constraints = {"with_mean": ["boolean"], "copy": ["boolean"]}
    _checks = {"accept_sparse": ("csr", "csc"), "ensure_all_finite": "allow-nan", "order": None}

    def __init__(self, *, copy=True, with_mean=True):
        self.copy = copy
        self.with_mean = with_mean

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = not self.with_mean
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _dense(self, X):
        if isinstance(X, np.ndarray):
            return X
        if self.with_mean:
            raise ValueError("Cannot center sparse matrices: pass `with_mean=False` instead.")
        return X.toarray()

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        return self._update(X, sample_weight, first=True)

    @fit_method
    def partial_fit(self, X, y=None, sample_weight=None):
        return self._update(X, sample_weight, first="n_samples_seen_" not in self.__dict__)

    def _update(self, X, sample_weight, first):
        X = self._dense(check_X(self, X, reset=first, **self._checks))
        w = check_weight(sample_weight, X)
        Z = X.astype(np.float64, copy=False)
        W = np.where(np.isnan(Z), 0.0, 1.0 if w is None else w[:, None])
        Z = np.where(np.isnan(Z), 0.0, Z)
        n = W.sum(0)
        mean = (W * Z).sum(0) / np.where(n, n, 1)
        var = (W * (Z - mean) ** 2).sum(0) / np.where(n, n, 1)
        if not first:
            n0, mean0, var0 = self.n_samples_seen_, self.mean_, self.var_
            total = np.where(n + n0, n + n0, 1)
            var = (n0 * var0 + n * var) / total + n0 * n * (mean - mean0) ** 2 / total**2
            mean, n = (n0 * mean0 + n * mean) / total, n + n0
        self.n_samples_seen_, self.mean_, self.var_ = n, mean, var
        eps = np.finfo(np.float64).eps
        constant = var <= 10 * eps * (var + (n * mean) ** 2 * eps)
        self.scale_ = np.where(constant, 1.0, np.sqrt(var))
        return self

    def transform(self, X, copy=None):
        check_fitted(self, "n_samples_seen_")
        X = check_X(self, X, reset=False, **self._checks)
        if not isinstance(X, np.ndarray):
            self._dense(X)
            return X.multiply(1 / self.scale_).asformat(X.format).astype(X.dtype)
        mean = self.mean_ if self.with_mean else np.zeros_like(self.mean_)
        return (X - mean.astype(X.dtype)) / self.scale_.astype(X.dtype)

    def inverse_transform(self, X, copy=None):
        check_fitted(self, "n_samples_seen_")
        X = check_array_fast(X, **self._checks)
        if not isinstance(X, np.ndarray):
            return X.multiply(self.scale_).asformat(X.format)
        mean = self.mean_ if self.with_mean else np.zeros_like(self.mean_)
        return X * self.scale_.astype(X.dtype) + mean.astype(X.dtype)


CLASSES = [Centers, Centroids, Ridge, Scaler]
TOYS = [Centers(), Centroids(), Ridge(), Scaler(), Scaler(with_mean=False)]
