"""How forests and boosting grow with the rows: time, memory for each row, and what a second thread gives.

Run as ``python -m benchmarks.trees``. Memory is the peak of a fresh process above what it held before
``fit``.
"""

import argparse
import json
import subprocess
import sys

from fastml._cli.racing import busy_lines, load_average, seconds
from fastml._threads import effective_threads

SIZES = (20_000, 200_000, 2_000_000)
N_FEATURES = 10
ROW = "{:<30} {:>10} {:>10} {:>8} {:>11} {:>9} {:>10} {:>11}"
MODELS = {
    "boosting, 50 trees": "ensemble.HistGradientBoostingClassifier(max_iter=50, early_stopping=False)",
    "forest, 10 trees, histograms": "ensemble.RandomForestClassifier(10, splitter='hist', random_state=0)",
    "forest, 10 trees, exact": "ensemble.RandomForestClassifier(10, random_state=0)",
    "tree of depth 12, exact": "tree.DecisionTreeClassifier(max_depth=12)",
}

# Fits once on little data to load what is needed, then tells seconds and bytes of the fit that counts.
FIT = """
import json, resource, threading, time
import numpy as np
import fastml
from fastml import ensemble, tree

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

random = np.random.default_rng(0)
X = random.standard_normal(({n_rows}, {n_features}), dtype=np.float32)
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


def fit(model, n_rows, n_threads):
    """Return seconds and bytes of a fit in a fresh process."""
    source = FIT.format(model=model, n_rows=n_rows, n_features=N_FEATURES, n_threads=n_threads)
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the most rows")
    options = parser.parse_args(argv)
    most = effective_threads()
    print(*busy_lines(load_average()), sep="\n")
    head = "rows", "1 thread", "growth", f"{most} threads", "speed-up", "peak", "bytes a row"
    print(ROW.format(f"{N_FEATURES} features, float32", *head))
    for name, model in MODELS.items():
        before = None
        for n_rows in (size for size in SIZES if size <= options.most):
            one, _ = fit(model, n_rows, 1)
            together, peak = fit(model, n_rows, most)
            times = seconds(one), f"{one / before:.1f}" if before else "", seconds(together)
            memory = f"{peak / 1e6:.0f} MB", f"{peak / n_rows:.0f}"
            print(ROW.format(name, f"{n_rows:,}", *times, f"{one / together:.2f}", *memory), flush=True)
            before = one


if __name__ == "__main__":
    main()
