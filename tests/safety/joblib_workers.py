"""Searches under joblib's backends, nested too: one thread in a worker, the same scores."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import common
import joblib
import numpy as np

from fastml import _threads
from fastml.cluster import KMeans
from fastml.model_selection import GridSearchCV
from fastml.neighbors import KNeighborsClassifier
from fastml.pipeline import make_pipeline
from fastml.preprocessing import StandardScaler


def fit_and_count(depth=0, backend="threading"):
    """Fit, and return the results and the number of threads; inside further parallel calls if `depth`."""
    common.pretend(4)
    if depth:
        nested = joblib.Parallel(n_jobs=2, backend=backend)
        return nested(joblib.delayed(fit_and_count)(depth - 1, backend) for _ in range(2))[1]
    return common.little(), _threads.effective_threads()


def search(n_jobs):
    X, y = common.data(3000)
    scores = []
    for model, grid in (
        (KNeighborsClassifier(), {"kneighborsclassifier__n_neighbors": [3, 9]}),
        (KMeans(random_state=0), {"kmeans__n_clusters": [4, 6]}),
    ):
        found = GridSearchCV(
            make_pipeline(StandardScaler(), model), grid, cv=2, n_jobs=n_jobs, error_score="raise"
        )
        scores.append(found.fit(X, y).cv_results_["mean_test_score"])
    return np.array(scores)


def main():
    common.pretend(4)
    logging.basicConfig(level=logging.ERROR)
    expected = common.serial(common.little)
    scores = search(1)
    for backend in ("loky", "threading", "multiprocessing"):
        with joblib.parallel_config(backend=backend):
            assert _threads.effective_threads() == 4  # outside the workers
            assert np.array_equal(search(2), scores)
        for depth in (0, 1):
            parallel = joblib.Parallel(n_jobs=2, backend=backend)
            for results, n_threads in parallel(joblib.delayed(fit_and_count)(depth) for _ in range(4)):
                common.check(results, expected)
                assert n_threads == 1, (backend, depth, n_threads)
    for results, n_threads in joblib.Parallel(n_jobs=1)(joblib.delayed(fit_and_count)() for _ in range(1)):
        common.check(results, expected)
        assert n_threads == 4  # nobody else is at work

    with ThreadPoolExecutor(2) as executor:
        assert executor.submit(_threads.effective_threads).result() == 1
    with ThreadPool(2) as pool:
        assert pool.apply(_threads.effective_threads) == 1
    assert asyncio.run(_in_thread()) == 4
    assert common.is_parallel(4)


async def _in_thread():
    return await asyncio.to_thread(_threads.effective_threads)


if __name__ == "__main__":
    main()
