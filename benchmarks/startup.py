"""How long it takes until the first result: fresh processes, warm disk.

Run as ``python -m benchmarks.startup``; with ``--kernels`` it also compiles every kernel and prints the
slowest.
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

IMPORTED = f"{DATA}; from fastml.cluster import KMeans"
THEIRS = f"{DATA}; from sklearn.cluster import KMeans"

# title, what runs before the clock starts, what is timed, target in seconds, where kernels may come from
EVERYWHERE = "library,cache,jit"
ROWS = (
    ("import fastml", "pass", "import fastml", 0.010, EVERYWHERE),
    (
        "from fastml.cluster import KMeans, after NumPy",
        DATA,
        "from fastml.cluster import KMeans",
        0.060,
        EVERYWHERE,
    ),
    ("first fit after that", IMPORTED, FIT, 0.050, EVERYWHERE),
    ("second fit", f"{IMPORTED}; {FIT}", FIT, None, EVERYWHERE),
    ("first fit, kernels in the cache only", IMPORTED, FIT, None, "cache,jit"),
    ("first fit, no kernel compiled (JIT)", IMPORTED, FIT, 2.5, "jit"),
    ("scikit-learn: import, after NumPy", DATA, "from sklearn.cluster import KMeans", None, ""),
    ("scikit-learn: first fit", THEIRS, FIT, None, ""),
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
for kernel in _compile.declared():
    for dtype in kernel.variants:
        start = time.process_time()
        kernel._load(dtype)
        print(time.process_time() - start, kernel.name, _compile.variant_name(dtype))
"""


def run(source, sources, cache):
    """Run Python source in a fresh process, with kernels from `sources`, and return what it prints."""
    environment = {**os.environ, "FASTML_CACHE_DIR": cache, "FASTML_KERNELS": sources}
    return subprocess.run(
        [sys.executable, "-c", source], env=environment, check=True, capture_output=True, text=True
    ).stdout


def first_results(rounds, cache):
    """Print the table; every round runs each row once."""
    print(*busy_lines(load_average()), sep="\n")
    times = {row[0]: [] for row in ROWS}
    for turn in range(rounds + 1):
        for title, before, timed, _, sources in ROWS:
            took = float(run(CLOCK.format(before=before, timed=timed), sources, cache))
            if turn:  # the first round fills the disk's cache and ours
                times[title].append(took)
    print(f"{'median of ' + str(rounds):<50} {'time':>9} {'target':>9}")
    for title, _, _, target, _ in ROWS:
        shown = "" if target is None else seconds(target)
        print(f"{title:<50} {seconds(median(times[title])):>9} {shown:>9}")


def compile_times(shown=15):
    """Print the kernels that take longest to compile, in CPU time."""
    with tempfile.TemporaryDirectory() as cache:
        lines = [line.split() for line in run(EVERY_KERNEL, "jit", cache).splitlines()]
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
    with tempfile.TemporaryDirectory() as cache:
        first_results(options.rounds, cache)
    if options.kernels:
        compile_times()


if __name__ == "__main__":
    main()
