"""How time grows with the number of rows, and what a second thread gives.

Run as ``python -m benchmarks.scaling``.
"""

import numpy as np

from fastml import config_context
from fastml._cli.racing import busy_lines, load_average, race, seconds
from fastml._threads import effective_threads
from fastml.cluster import KMeans
from fastml.metrics import silhouette_score
from fastml.neighbors import NearestNeighbors
from fastml.preprocessing import StandardScaler

ROW = "{:<24} {:>9} {:>11} {:>9} {:>12} {:>10}"


def tasks(X, y):
    """Return what is timed: name and call."""
    centers = X[:32]
    return {
        "KMeans 32 clusters": lambda: KMeans(32, init=centers, n_init=1, max_iter=10, tol=0).fit(X),
        "brute 10-NN": lambda: (
            NearestNeighbors(n_neighbors=10, algorithm="brute").fit(X).kneighbors(X[:2000])
        ),
        "tree 10-NN, 3 features": lambda: NearestNeighbors(n_neighbors=10).fit(X[:, :3]).kneighbors(X[:, :3]),
        "StandardScaler": lambda: StandardScaler().fit_transform(X),
        "silhouette": lambda: silhouette_score(X[:20_000], y[:20_000]),
    }


def with_threads(call, n_threads):
    """Return the call with a number of threads."""

    def run():
        with config_context(n_threads=n_threads):
            call()

    return run


def main(sizes=(5_000, 10_000, 20_000, 40_000, 80_000)):
    """Print the table."""
    random = np.random.RandomState(0)
    most = effective_threads()
    print(*busy_lines(load_average()), sep="\n")
    print(ROW.format("", "rows", "1 thread", "growth", f"{most} threads", "speed-up"))
    before = {}
    for n in sizes:
        X, y = random.standard_normal((n, 32)).astype(np.float32), random.randint(8, size=n)
        for name, call in tasks(X, y).items():
            call()
            times = race({str(t): with_threads(call, t) for t in sorted({1, most})})
            one, all_threads = times["1"], times[str(most)]
            growth = f"{one / before[name]:.1f}" if name in before else ""
            speedup = f"{one / all_threads:.2f}"
            print(ROW.format(name, f"{n:,}", seconds(one), growth, seconds(all_threads), speedup), flush=True)
            before[name] = one


if __name__ == "__main__":
    main()
