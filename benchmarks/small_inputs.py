"""Small inputs: fit, predict and one row at 100 x 10, for everything that `fastml compare` knows.

Run as ``python -m benchmarks.small_inputs``. The ratios are scikit-learn's time divided by fastml's; the exit
status is 1 when something is slower by more than a tenth, which is more than the noise of the medians.
"""

import argparse
import dataclasses
import sys
import warnings

import numpy as np

from fastml._cli.data import Data
from fastml._cli.libraries import FASTML, SKLEARN
from fastml._cli.racing import busy_lines, load_average, race, same_threads, seconds
from fastml._cli.workloads import WORKLOADS
from fastml._threads import effective_threads

LIBRARIES = (FASTML, SKLEARN)
NOISE = 0.9
ROW = "{:<30} {:<10} {:>9} {:>9} {:>6}"


def small_data(dtype):
    """Return 100 rows of 10 features with three classes, and the same with one row to predict."""
    random = np.random.RandomState(0)
    y = random.randint(3, size=100)
    X = (y[:, None] + random.standard_normal((100, 10))).astype(dtype)
    many = Data("small", X, y, X, y)
    return many, dataclasses.replace(many, X_test=X[:1], y_test=y[:1])


def contests(workload, many, one):
    """Yield, for each part of a workload, its name and the two calls."""
    models = {library: workload.fit(library, many) for library in LIBRARIES}

    def answer(data):
        return {lib.name: (lambda lib=lib: workload.answer(lib, data, models[lib])) for lib in LIBRARIES}

    if workload.method:
        yield "fit", {lib.name: (lambda lib=lib: workload.fit(lib, many)) for lib in LIBRARIES}
        yield workload.method, answer(many)
        yield "one row", answer(one)
    else:
        yield "call", answer(many)


def main(argv=None):
    """Print the table; return 1 when fastml is slower somewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only names that contain this")
    parser.add_argument("--dtype", default="float64", choices=("float32", "float64"))
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    many, one = small_data(options.dtype)
    slower = []
    print(*busy_lines(load_average()), sep="\n")
    print(ROW.format("100 x 10", "", *(library.name for library in LIBRARIES), "x"))
    with same_threads(effective_threads()):
        for workload in WORKLOADS:
            if options.only.lower() not in workload.name.lower():
                continue
            for part, calls in contests(workload, many, one):
                for call in calls.values():
                    call()
                times = race(calls, rounds=101)
                ratio = times[SKLEARN.name] / times[FASTML.name]
                name = workload.name.rpartition(".")[2]
                print(ROW.format(name, part, *map(seconds, times.values()), f"{ratio:.1f}"), flush=True)
                if ratio < NOISE:
                    slower.append(f"{workload.name} {part} {ratio:.2f}")
    print("slower than scikit-learn:", "; ".join(slower) or "nothing")
    return int(bool(slower))


if __name__ == "__main__":
    sys.exit(main())
