"""How fits grow with the rows: time, memory for each row, and what a second thread gives.

Run as ``python -m benchmarks.growth``, with the name of a family for that one alone. Memory is the peak of a
fresh process above what it held before ``fit``.
"""

import argparse
import json
import subprocess
import sys
from typing import NamedTuple

from fastml._cli.racing import busy_lines, load_average, seconds
from fastml._threads import effective_threads

ROW = "{:<30} {:>10} {:>10} {:>8} {:>11} {:>9} {:>10} {:>11}"


class Family(NamedTuple):
    """Models that are fitted to the same data."""

    sizes: tuple
    n_features: int
    dtype: str
    models: dict


BOOSTING = "ensemble.HistGradientBoostingClassifier(max_iter=50, early_stopping=False)"
FOREST = "ensemble.RandomForestClassifier(10, random_state=0)"
FAMILIES = {
    "trees": Family(
        (20_000, 200_000, 2_000_000),
        10,
        "float32",
        {
            "boosting, 50 trees": BOOSTING,
            "forest, 10 trees, histograms": f"{FOREST}.set_params(splitter='hist')",
            "forest, 10 trees, exact": FOREST,
            "tree of depth 12, exact": "tree.DecisionTreeClassifier(max_depth=12)",
        },
    ),
    "svm": Family(
        (12_500, 25_000, 50_000),
        20,
        "float64",
        {"SVC, RBF": "svm.SVC()", "LinearSVC": "svm.LinearSVC()"},
    ),
    "linear_model": Family(
        (20_000, 200_000, 2_000_000),
        20,
        "float64",
        {
            "linear regression": "linear_model.LinearRegression()",
            "lasso": "linear_model.Lasso(alpha=0.01)",
            "logistic regression": "linear_model.LogisticRegression()",
            "SGD, 5 epochs": "linear_model.SGDClassifier(max_iter=5, tol=None, random_state=0)",
        },
    ),
}

# Fits once on little data to load what is needed, then tells seconds and bytes of the fit that counts.
FIT = """
import json, resource, threading, time, warnings
import numpy as np
import fastml
from fastml import ensemble, linear_model, svm, tree

warnings.simplefilter("ignore")  # a fixed number of epochs need not converge

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

random = np.random.default_rng(0)
X = random.standard_normal(({n_rows}, {n_features}), dtype=np.{dtype})
y = (X[:, 0] + X[:, 1] * X[:, 2] + random.logistic(size=len(X)) > 0).astype(np.int64)
fastml.set_config(n_threads={n_threads})
{model}.fit(X[:1000], y[:1000])
before, peak, done = resident(), 0, threading.Event()

def watch():
    global peak
    while not done.wait(0.005):
        peak = max(peak, resident())

watcher = threading.Thread(target=watch)
watcher.start()
start = time.perf_counter()
fitted = {model}.fit(X, y)
took = time.perf_counter() - start
done.set()
watcher.join()
print(json.dumps([took, max(peak, resident()) - before]))
"""


def fit(family, model, n_rows, n_threads):
    """Return seconds and bytes of a fit in a fresh process."""
    what = {"n_features": family.n_features, "dtype": family.dtype, "n_threads": n_threads}
    source = FIT.format(model=model, n_rows=n_rows, **what)
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def show(family, most_rows):
    """Print the table of a family."""
    most = effective_threads()
    head = "rows", "1 thread", "growth", f"{most} threads", "speed-up", "peak", "bytes a row"
    print(ROW.format(f"{family.n_features} features, {family.dtype}", *head))
    for name, model in family.models.items():
        before = None
        for n_rows in (size for size in family.sizes if size <= most_rows):
            one, _ = fit(family, model, n_rows, 1)
            together, peak = fit(family, model, n_rows, most)
            times = seconds(one), f"{one / before:.1f}" if before else "", seconds(together)
            memory = f"{peak / 1e6:.0f} MB", f"{peak / n_rows:.0f}"
            print(ROW.format(name, f"{n_rows:,}", *times, f"{one / together:.2f}", *memory), flush=True)
            before = one


def main(argv=None):
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help=f"of {', '.join(FAMILIES)}; all by default")
    parser.add_argument("--most", type=int, default=2_000_000, help="the most rows")
    options = parser.parse_args(argv)
    if unknown := set(options.families) - set(FAMILIES):
        parser.error(f"no family {', '.join(sorted(unknown))}")
    print(*busy_lines(load_average()), sep="\n")
    for name in options.families or FAMILIES:
        show(FAMILIES[name], options.most)


if __name__ == "__main__":
    main()
