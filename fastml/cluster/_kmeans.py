"""K-means clustering."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._device import is_sparse
from .._validation import Options, callback_context, check_weight, check_X, fit_method, random_state, sk
from ..solvers import kmeans as solver
from ._base_kmeans import BaseKMeans

__all__ = ["KMeans"]

USUAL_ITERATIONS = 20  # for estimating the work of a fit
PACKED_ONCE_BYTES = 1024  # one feature of all centers, below which a packed copy of the rows pays


class KMeans(BaseKMeans):
    """K-means clustering.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of centers.

    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), \
            default="k-means++"
        The initial centers. "k-means++" draws rows with probability proportional to the squared distance from
        those drawn before, and takes the best of several each time; "random" draws rows. A callable is called
        as ``init(X, n_clusters, random_state)`` with the data minus its mean, and returns centers.

    n_init : "auto" or int, default="auto"
        How often to run from new initial centers; the run of the smallest inertia is kept. "auto" means 10
        for "random" and callables, 1 otherwise.

    max_iter : int, default=300
        Most iterations of a run.

    tol : float, default=1e-4
        A run stops when the squared movements of the centers sum to no more than this times the mean variance
        of the features.

    verbose : int, default=0
        Whether to print the progress.

    random_state : int, RandomState instance or None, default=None
        Where the random numbers come from. An int makes the result reproducible, on any number of threads.

    copy_x : bool, default=True
        For compatibility: X is never modified, and never copied to be centered.

    algorithm : {"lloyd", "elkan"}, default="lloyd"
        For compatibility: either name runs the same iterations. They skip the comparisons that the triangle
        inequality shows to be needless where that pays, which changes no label.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centers, in X's dtype.

    labels_ : int32 ndarray of shape (n_samples,)
        The closest center of each sample; of several equally close ones the first.

    inertia_ : float
        Weighted sum of the squared distances of the samples from their centers.

    n_iter_ : int
        Iterations of the run that was kept.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, when all are strings.

    See Also
    --------
    MiniBatchKMeans : Works through random batches of the samples.

    Notes
    -----
    Lloyd's algorithm, O(n_samples n_clusters n_features) an iteration. A cluster that loses all its samples
    gets the sample farthest from its center. Distances are computed in X's dtype, means and the inertia in
    float64.

    References
    ----------
    Lloyd, S. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory 28(2).

    Arthur, D., Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA 2007.

    Hamerly, G. (2010). Making k-means even faster. SDM 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.cluster import KMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0],
    ...               [10, 2], [10, 4], [10, 0]])
    >>> kmeans = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> kmeans.labels_
    array([1, 1, 1, 0, 0, 0], dtype=int32)
    >>> kmeans.predict([[0, 0], [12, 3]])
    array([1, 0], dtype=int32)
    >>> kmeans.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
    """

    _constraints = {
        **BaseKMeans._constraints,
        "copy_x": ["boolean"],
        "algorithm": [Options("lloyd", "elkan")],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        device: str | None = None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> KMeans:
        """Compute the cluster centers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones. They do not matter for centers that are given.

        Returns
        -------
        self : KMeans
            The fitted estimator.
        """
        X = check_X(self, X, reset=True, accept_sparse="csr", accept_large_sparse=False)
        if is_sparse(X):
            self._take_from(self._sparse_twin().fit(X, sample_weight=sample_weight))
            return self
        self._check_n_clusters(X)
        n_init = self._resolve_n_init(stacklevel=3)
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warnings.warn(
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                RuntimeWarning,
                stacklevel=3,
            )
        rng = random_state(self.random_state)
        weight = check_weight(sample_weight, X)
        init = self._check_init(X)
        device = self._choose_device(X, USUAL_ITERATIONS * n_init)
        weight = None if weight is None else device.asarray(weight)
        # k-means++ goes over the rows again and again; for many centers, packing rows each time costs little.
        keep = isinstance(init, str) or self.n_clusters * X.dtype.itemsize < PACKED_ONCE_BYTES
        plan, variance = solver.make_plan(device, device.asarray(X), weight, keep=keep)
        context = callback_context(self, max_subtasks=n_init)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self, X=X, metadata={"sample_weight": sample_weight})
        self._set_best(plan, self._best_run(device, plan, self.tol * variance, init, rng, n_init, context))
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, reconstruction_attributes={})
        return self

    def _best_run(self, device, plan, tol, init, rng, n_init, context):
        """The run of the smallest inertia; a later one only if it also is another clustering."""
        say = print if self.verbose else None
        best = None
        for _ in range(n_init):
            begin, end = self._tasks(plan, context)
            centers = self._first_centers(device, plan, init, rng)
            if say:
                say("Initialization complete")
            run = solver.lloyd(
                device, plan, centers, max_iter=self.max_iter, tol=tol, say=say, begin_iteration=begin
            )
            if best is None or (
                run.inertia < best.inertia
                and not solver.same_clustering(device.xp, run.labels, best.labels, self.n_clusters)
            ):
                best = run
            if end(run.centers, run.labels):
                break
        return best

    def _tasks(self, plan, context):
        """Open a run's task for callbacks; return what begins an iteration and what ends the run."""
        if context is None:
            return None, lambda centers, labels: False
        X = plan.X

        def begin(parent, **kw):
            task = parent.subcontext(**kw)
            task.call_on_fit_task_begin(estimator=self, X=X)

            def end(centers, labels):
                return task.call_on_fit_task_end(
                    estimator=self, X=X, reconstruction_attributes=lambda: self._state(plan, centers, labels)
                )

            return task, end

        run, end = begin(context, task_name="run", max_subtasks=self.max_iter)
        return lambda: begin(run, task_name="iteration")[1], end

    @staticmethod
    def _state(plan, centers, labels):
        """Fitted attributes on the host."""
        from .._device import CPU

        return {"cluster_centers_": CPU.to_host(centers + plan.offset), "labels_": CPU.to_host(labels)}

    def _set_best(self, plan, best):
        for name, value in self._state(plan, best.centers, best.labels).items():
            setattr(self, name, value)
        self.inertia_, self.n_iter_ = best.inertia, best.n_iter
        n_distinct = int(np.count_nonzero(np.bincount(self.labels_, minlength=self.n_clusters)))
        if n_distinct < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({n_distinct}) found smaller than n_clusters "
                f"({self.n_clusters}). Possibly due to duplicate points in X.",
                sk("sklearn.exceptions.ConvergenceWarning"),
                stacklevel=4,
            )
