"""How long it takes until the first result: fresh processes, warm disk.

Run as ``python -m benchmarks.startup``; with ``--kernels`` it also compiles every kernel, into an empty
cache, and prints the slowest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

from fastml._cli.racing import busy_lines, load_average, seconds

FIT = "KMeans(n_clusters=4, n_init=1, random_state=0).fit(X)"
DATA = "import numpy as np; X = np.random.RandomState(0).standard_normal((500, 8))"

# title, what runs before the clock starts, what is timed, target in seconds, whether the cache is empty
ROWS = (
    ("import fastml", "pass", "import fastml", 0.010, False),
    (
        "from fastml.cluster import KMeans, after NumPy",
        DATA,
        "from fastml.cluster import KMeans",
        0.060,
        False,
    ),
    ("first fit, kernels in the cache", f"{DATA}; from fastml.cluster import KMeans", FIT, None, False),
    ("first fit, empty cache (JIT)", f"{DATA}; from fastml.cluster import KMeans", FIT, 2.5, True),
    ("second fit", f"{DATA}; from fastml.cluster import KMeans; {FIT}", FIT, None, False),
    ("scikit-learn: import, after NumPy", DATA, "from sklearn.cluster import KMeans", None, False),
    ("scikit-learn: first fit", f"{DATA}; from sklearn.cluster import KMeans", FIT, None, False),
)

CLOCK = """
import time
{before}
start = time.perf_counter()
{timed}
print(time.perf_counter() - start)
"""

EVERY_KERNEL = """
import importlib, pkgutil, time
import numba, llvmlite.binding
from fastml.kernels import _compile, cpu, simd
for module in pkgutil.iter_modules(cpu.__path__):
    importlib.import_module(f"{cpu.__name__}.{module.name}")
for kernel in list(_compile._KERNELS.values()):
    for dtype in kernel.variants:
        start = time.process_time()
        kernel._load(dtype)
        print(time.process_time() - start, kernel.name, _compile.variant_name(dtype))
"""


def run(source, cache):
    """Run Python source in a fresh process and return what it prints."""
    environment = {**os.environ, "FASTML_CACHE_DIR": cache}
    return subprocess.run(
        [sys.executable, "-c", source], env=environment, check=True, capture_output=True, text=True
    ).stdout


def first_results(rounds, warm_cache):
    """Print the table; every round runs each row once."""
    print(*busy_lines(load_average()), sep="\n")
    times = {row[0]: [] for row in ROWS}
    for turn in range(rounds + 1):
        for title, before, timed, _, empty in ROWS:
            with tempfile.TemporaryDirectory() as empty_cache:
                cache = empty_cache if empty else warm_cache
                took = float(run(CLOCK.format(before=before, timed=timed), cache))
            if turn:  # the first round fills the disk's cache and ours
                times[title].append(took)
    print(f"{'median of ' + str(rounds):<50} {'time':>9} {'target':>9}")
    for title, _, _, target, _ in ROWS:
        shown = "" if target is None else seconds(target)
        print(f"{title:<50} {seconds(median(times[title])):>9} {shown:>9}")


def compile_times(shown=15):
    """Print the kernels that take longest to compile, in CPU time."""
    with tempfile.TemporaryDirectory() as cache:
        lines = [line.split() for line in run(EVERY_KERNEL, cache).splitlines()]
    lines = sorted(((float(took), name, variant) for took, name, variant in lines), reverse=True)
    print(
        f"\n{len(lines)} kernel variants, {seconds(sum(line[0] for line in lines))} in CPU time; the slowest:"
    )
    for took, name, variant in lines[:shown]:
        print(f"{seconds(took):>9}  {name} {variant}")


def main(argv=None):
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kernels", action="store_true", help="compile every kernel too")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as warm_cache:
        first_results(options.rounds, warm_cache)
    if options.kernels:
        compile_times()


if __name__ == "__main__":
    main()
