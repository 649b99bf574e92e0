"""Mini-batch k-means clustering."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from .._device import is_sparse
from .._validation import Interval, callback_context, check_weight, check_X, fit_method, random_state
from ..solvers import kmeans as solver
from ._base_kmeans import BaseKMeans

__all__ = ["MiniBatchKMeans"]


class MiniBatchKMeans(BaseKMeans):
    """K-means clustering through random batches of the samples.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of centers.

    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), \
            default="k-means++"
        The initial centers, chosen among `init_size` random samples. "k-means++" draws rows with probability
        proportional to the squared distance from those drawn before, and takes the best of several each time;
        "random" draws rows. A callable is called as ``init(X, n_clusters, random_state)`` and returns
        centers.

    max_iter : int, default=100
        Most passes over the samples.

    batch_size : int, default=1024
        Samples in a batch.

    verbose : int, default=0
        Whether to print the progress.

    compute_labels : bool, default=True
        Whether to label all samples in the end, and compute their inertia.

    random_state : int, RandomState instance or None, default=None
        Where the random numbers come from. An int makes the result reproducible, on any number of threads.

    tol : float, default=0.0
        Stop when the squared movements of the centers sum to no more than this times the mean variance of the
        features; 0 means not to stop for this reason.

    max_no_improvement : int, default=10
        Stop after this many batches in a row without a smaller average inertia; None means not to stop for
        this reason.

    init_size : int, default=None
        Samples among which the initial centers are chosen. None means 3 batches, or ``3 * n_clusters`` if
        that is fewer than `n_clusters`.

    n_init : "auto" or int, default="auto"
        How many initial centers to try; those of the smallest inertia on a random subset are taken. "auto"
        means 3 for "random" and callables, 1 otherwise.

    reassignment_ratio : float, default=0.01
        Centers that have had fewer samples than this times the most that any has had are now and then moved
        to a random sample.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centers, in X's dtype.

    labels_ : int32 ndarray of shape (n_samples,)
        The closest center of each sample, if `compute_labels`.

    inertia_ : float
        Weighted sum of the squared distances of the samples from their centers; without `compute_labels`, an
        estimate from the batches.

    n_iter_ : int
        Passes over the samples.

    n_steps_ : int
        Batches.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, when all are strings.

    See Also
    --------
    KMeans : Works through all samples in each iteration.

    References
    ----------
    Sculley, D. (2010). Web-scale k-means clustering. WWW 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.cluster import MiniBatchKMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0],
    ...               [4, 2], [4, 0], [4, 4],
    ...               [4, 5], [0, 1], [2, 2],
    ...               [3, 2], [5, 5], [1, -1]])
    >>> kmeans = MiniBatchKMeans(n_clusters=2, random_state=0, batch_size=6)
    >>> kmeans = kmeans.partial_fit(X[0:6, :])
    >>> kmeans = kmeans.partial_fit(X[6:12, :])
    >>> kmeans.cluster_centers_
    array([[3.375, 3.   ],
           [0.75 , 0.5  ]])
    >>> kmeans.predict([[0, 0], [4, 4]])
    array([1, 0], dtype=int32)
    """

    _constraints = {
        **BaseKMeans._constraints,
        "batch_size": [Interval(numbers.Integral, 1)],
        "compute_labels": ["boolean"],
        "max_no_improvement": [Interval(numbers.Integral, 0), None],
        "init_size": [Interval(numbers.Integral, 1), None],
        "reassignment_ratio": [Interval(numbers.Real, 0)],
    }
    _default_n_init = 3
    _init_sees_offset = False
    _sklearn_name = "sklearn.cluster.MiniBatchKMeans"

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
        device: str | None = None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio
        self.device = device

    # ---- fit ----
    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Compute the cluster centers from random batches of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples: a sample is drawn with probability proportional to its weight.

        Returns
        -------
        self : MiniBatchKMeans
            The fitted estimator.
        """
        X = check_X(self, X, reset=True, accept_sparse="csr", accept_large_sparse=False)
        if is_sparse(X):
            self._take_from(self._sparse_twin().fit(X, sample_weight=sample_weight))
            return self
        n_init = self._check_against(X)
        rng = random_state(self.random_state)
        weight = check_weight(sample_weight, X)
        init = self._check_init(X)
        device = self._choose_device(X, 2)
        X = device.asarray(X)
        weight = None if weight is None else device.asarray(weight)
        context = callback_context(self, max_subtasks=self.max_iter * len(X) // self._batch_size)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self, X=X, metadata={"sample_weight": sample_weight})
        offset, centers = self._best_init(device, X, weight, init, rng, n_init)
        centers = self._run_batches(device, X, weight, offset, centers, rng, context)
        self.cluster_centers_ = device.to_host(centers + offset)
        self.n_iter_ = int(np.ceil(self.n_steps_ * self._batch_size / len(X)))
        self._label(device, X, weight)
        if not self.compute_labels:
            total = float(len(X)) if weight is None else float(weight.sum())
            self.inertia_ = (self._ewa_inertia or 0.0) * total
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, reconstruction_attributes={})
        return self

    def _check_against(self, X):
        """Resolve the parameters that depend on the data; return the number of initial centers to try."""
        self._check_n_clusters(X)
        n_init = self._resolve_n_init(stacklevel=4)
        self._batch_size = min(self.batch_size, X.shape[0])
        size = self.init_size
        if size is None:
            size = 3 * self._batch_size
            if size < self.n_clusters:
                size = 3 * self.n_clusters
        elif size < self.n_clusters:
            warnings.warn(
                f"init_size={size} should be larger than n_clusters={self.n_clusters}. "
                "Setting it to min(3*n_clusters, n_samples)",
                RuntimeWarning,
                stacklevel=4,
            )
            size = 3 * self.n_clusters
        self._init_size = min(size, X.shape[0])
        return n_init

    def _best_init(self, device, X, weight, init, rng, n_init):
        """An offset amid the data, and the initial centers that are best on a random subset."""
        kernels = device.kernels.kmeans
        rows = device.asarray(rng.randint(0, len(X), self._init_size))
        subset, _ = solver.make_plan(device, X[rows], None if weight is None else weight[rows])
        best = None
        for i in range(n_init):
            if self.verbose:
                print(f"Init {i + 1}/{n_init} with method {init}")  # noqa: T201
            centers = self._draw_centers(device, X, weight, subset.offset, init, rng)
            inertia = kernels.inertia(subset, centers, solver.label_rows(device, subset, centers))
            if self.verbose:
                print(f"Inertia for init {i + 1}/{n_init}: {inertia}")  # noqa: T201
            if best is None or inertia < best[0]:
                best = inertia, centers
        return subset.offset, best[1]

    def _draw_centers(self, device, X, weight, offset, init, rng):
        if self._init_size < len(X):
            rows = device.asarray(rng.randint(0, len(X), self._init_size))
            X, weight = X[rows], None if weight is None else weight[rows]
        plan = device.kernels.kmeans.plan(X, weight, offset, keep=self._init_size < len(X))
        return self._first_centers(device, plan, init, rng)

    def _run_batches(self, device, X, weight, offset, centers, rng, context):
        """Draw batches and move the centers until one of the reasons to stop applies."""
        n_samples = len(X)
        n_steps = self.max_iter * n_samples // self._batch_size
        tol = self.tol and self.tol * float(device.kernels.kmeans.column_statistics(X)[1].mean())
        draw = _row_drawer(rng, None if weight is None else device.to_host(weight), n_samples)
        counts = device.zeros(self.n_clusters, X.dtype)
        self._n_since_last_reassign, progress = 0, _Progress(self, n_steps, n_samples)
        for i in range(n_steps):
            task = context and context.subcontext(task_name="batch")
            if task is not None:
                task.call_on_fit_task_begin(estimator=self, X=X)
            batch = device.kernels.kmeans.plan(
                X[device.asarray(draw(self._batch_size))], None, offset, keep=False
            )
            old = centers
            centers, inertia = self._step(device, batch, old, counts, rng)
            shift = float(((centers - old) ** 2).sum()) if tol > 0 else 0.0
            stop = progress.finished(i, inertia / self._batch_size, shift, tol)
            if task is not None:
                state = {"cluster_centers_": device.to_host(centers + offset)}
                stop |= task.call_on_fit_task_end(estimator=self, X=X, reconstruction_attributes=state)
            if stop:
                break
        self.n_steps_, self._ewa_inertia = i + 1, progress.average
        self._counts = device.to_host(counts)
        return centers

    # ---- one batch ----
    def _step(self, device, batch, centers, counts, rng):
        """Move the centers by a batch, and those that have had few samples to random ones of it."""
        self._n_since_last_reassign += self._batch_size
        reassign = self._n_since_last_reassign >= 10 * self.n_clusters or bool((counts == 0).any())
        if reassign:
            self._n_since_last_reassign = 0
        centers, inertia = solver.minibatch_step(device, batch, centers, counts)
        if reassign and self.reassignment_ratio > 0:
            self._reassign(device, batch, centers, counts, rng)
        return centers, inertia

    def _reassign(self, device, batch, centers, counts, rng):
        had = device.to_host(counts).copy()
        few = had < self.reassignment_ratio * had.max()
        half = 0.5 * len(batch.X)
        if few.sum() > half:
            few[np.argsort(had)[int(half) :]] = False
        if not few.any():
            return
        rows = rng.choice(len(batch.X), replace=False, size=int(few.sum()))
        if self.verbose:
            print(f"[MiniBatchKMeans] Reassigning {len(rows)} cluster centers.")  # noqa: T201
        where = device.asarray(np.flatnonzero(few))
        centers[where] = batch.X[device.asarray(rows)] - batch.offset
        # Not so few that they would be moved again at once
        counts[where] = float(had[~few].min())

    @fit_method
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Move the cluster centers by one batch.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The batch.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        self : MiniBatchKMeans
            The estimator.
        """
        first = "cluster_centers_" not in vars(self)
        X = check_X(self, X, reset=first, accept_sparse="csr", accept_large_sparse=False)
        if is_sparse(X):
            self._take_from(self._sparse_twin().partial_fit(X, sample_weight=sample_weight))
            return self
        weight = check_weight(sample_weight, X)
        device = self._choose_device(X)
        data, weight = device.asarray(X), None if weight is None else device.asarray(weight)
        if "_random_state" not in vars(self):
            self._random_state = random_state(self.random_state)
        if first:
            self._begin(device, X, data, weight)
        batch, centers = self._plan(device, data, weight)
        counts = device.asarray(self._counts, data.dtype)
        new, _ = self._step(device, batch, centers, counts, self._random_state)
        kept = (new == centers).all(axis=1)[:, None]  # to the last bit, which the offset would not
        old = device.asarray(self.cluster_centers_, data.dtype)
        self.cluster_centers_ = device.to_host(device.xp.where(kept, old, new + batch.offset))
        self._counts = device.to_host(counts)
        self._label(device, data, weight)
        self.n_steps_ = getattr(self, "n_steps_", 0) + 1
        return self

    def _begin(self, device, X, data, weight):
        """Choose the initial centers from the first batch."""
        self._check_against(X)
        init = self._check_init(X)
        offset = solver.make_plan(device, data, keep=False)[0].offset
        centers = self._draw_centers(device, data, weight, offset, init, self._random_state)
        self.cluster_centers_ = device.to_host(centers + offset)
        self._counts = np.zeros(self.n_clusters, data.dtype)
        self._n_since_last_reassign = 0

    def _label(self, device, X, weight):
        if self.compute_labels:
            plan, centers = self._plan(device, X, weight)
            labels = solver.label_rows(device, plan, centers)
            self.labels_ = device.to_host(labels)
            self.inertia_ = device.kernels.kmeans.inertia(plan, centers, labels)


class _Progress:
    """The moving average of the batches' inertia, and whether it is time to stop."""

    def __init__(self, est, n_steps, n_samples):
        self.say = print if est.verbose else lambda text: None
        self.patience = est.max_no_improvement
        self.n_steps = n_steps
        self.decay = min(est._batch_size * 2.0 / (n_samples + 1), 1)
        self.average = self.smallest = None
        self.without_improvement = 0

    def finished(self, step, inertia, shift, tol):
        """Take in a batch's mean inertia and the centers' squared shift; tell whether to stop."""
        where = f"step {step + 1}/{self.n_steps}"
        if step == 0:  # the inertia of the initial centers
            self.say(f"Minibatch {where}: mean batch inertia: {inertia}")
            return False
        before = inertia if self.average is None else self.average
        self.average = before * (1 - self.decay) + inertia * self.decay
        self.say(f"Minibatch {where}: mean batch inertia: {inertia}, ewa inertia: {self.average}")
        if tol > 0 and shift <= tol:
            self.say(f"Converged (small centers change) at {where}")
            return True
        if self.smallest is None or self.average < self.smallest:
            self.smallest, self.without_improvement = self.average, 0
        else:
            self.without_improvement += 1
        if self.patience is not None and self.without_improvement >= self.patience:
            self.say(f"Converged (lack of improvement in inertia) at {where}")
            return True
        return False


def _row_drawer(rng, weight, n_samples):
    """A function that draws rows as ``rng.choice(n_samples, size, p=weight)`` does, with less preparation."""
    if weight is None:
        return lambda size: np.minimum((rng.random_sample(size) * n_samples).astype(np.intp), n_samples - 1)
    p = weight / weight.sum()
    np.random.RandomState(0).choice(n_samples, p=p)  # whose checks are NumPy's
    ends = p.astype(np.float64).cumsum()
    ends /= ends[-1]
    return lambda size: ends.searchsorted(rng.random_sample(size), side="right")
