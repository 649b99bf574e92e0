"""How long it takes until the first result: fresh processes with an empty HOME, warm disk.

Run as ``python -m benchmarks.startup``; with ``--kernels`` it also compiles every kernel and prints the
slowest. umap-learn, which compiles with Numba too, is measured where it is installed.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from fastml._cli.racing import busy_lines, load_average, seconds

ROOT = Path(__file__).resolve().parents[1]
TARGETS = (0.010, 0.060, 0.050)  # seconds: import the package, import the class after NumPy, first fit
JIT_TARGET = 2.5
HEAVY = ("numpy", "scipy", "sklearn", "numba", "llvmlite", "joblib", "pandas", "fastml", "umap")

# Fits once more after the first result, and tells how long each step took and what is imported by then.
CLOCK = """
import json, sys, time
def timed(source, names={{}}):
    start = time.perf_counter()
    exec(source, names)
    return time.perf_counter() - start
took = [timed({package!r})]
exec("import numpy as np; X = np.random.RandomState(0).standard_normal((500, 8))", timed.__defaults__[0])
took += [timed({name!r}), timed({fit!r})]
loaded = [m for m in {heavy} if m in sys.modules]
took.append(timed({fit!r}))
print(json.dumps([took, loaded, len(sys.modules)]))
"""


@dataclass(frozen=True)
class Start:
    """How a library starts, and under what circumstances."""

    title: str
    package: str
    name: str
    fit: str
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    at_once: int = 1

    def source(self):
        """The program that is timed."""
        return CLOCK.format(package=self.package, name=self.name, fit=self.fit, heavy=HEAVY)

    def run(self):
        """Start it in a fresh process, or in several at once: what the slowest told."""
        with tempfile.TemporaryDirectory() as home:
            command = [*self.prefix, sys.executable, "-c", self.source()]
            environment = {**os.environ, "HOME": home, "PYTHONPATH": str(ROOT), **self.environment}
            # An installed package comes with its bytecode: the first round writes it.
            for name in ("FASTML_CACHE_DIR", "PYTHONDONTWRITEBYTECODE"):
                environment.pop(name, None)
            children = [
                subprocess.Popen(command, env=environment, cwd=home, stdout=subprocess.PIPE, text=True)
                for _ in range(self.at_once)
            ]
            told = [child.communicate()[0] for child in children]
        assert not any(child.returncode for child in children), self.title
        return max((json.loads(line) for line in told), key=lambda result: sum(result[0]))


def fastml_starts(title, **circumstances):
    """fastml's start under some circumstances."""
    fit = "KMeans(n_clusters=4, n_init=1, random_state=0).fit(X)"
    return Start(title, "import fastml", "from fastml.cluster import KMeans", fit, **circumstances)


# Works without privileges where user namespaces are allowed.
READ_ONLY = (
    "unshare", "--user", "--map-root-user", "--mount",
    "sh", "-c", 'mount -o remount,ro,bind / && exec "$@"', "sh",
)  # fmt: skip


def can_be_read_only():
    """Tell whether a process of ours may see the file system as a read-only one."""
    probe = "import pathlib; pathlib.Path('here').touch()"
    if shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        works = subprocess.run([*READ_ONLY, "true"], cwd=folder, capture_output=True).returncode == 0
        writes = subprocess.run([*READ_ONLY, sys.executable, "-c", probe], cwd=folder, capture_output=True)
    return works and writes.returncode != 0


def starts(folder):
    """What is measured; `folder` is for a copy of the package."""
    spaces = Path(folder) / "a path with spaces"
    shutil.copytree(
        ROOT / "fastml", spaces / "fastml", ignore=shutil.ignore_patterns("objects", "__pycache__")
    )
    bare = Path(folder) / "bare"
    bare.mkdir()
    yield fastml_starts("fastml")
    if can_be_read_only():
        yield fastml_starts("fastml, read-only file system", prefix=READ_ONLY)
    yield fastml_starts("fastml, no compiler (empty PATH)", environment={"PATH": str(bare)})
    yield fastml_starts("fastml, two processes at once", at_once=2)
    yield fastml_starts("fastml, path with spaces", environment={"PYTHONPATH": str(spaces)})
    yield fastml_starts("fastml, no library: JIT", environment={"FASTML_KERNELS": "jit"})
    fit = "KMeans(n_clusters=4, n_init=1, random_state=0).fit(X)"
    yield Start("scikit-learn", "import sklearn", "from sklearn.cluster import KMeans", fit)
    if importlib.util.find_spec("umap"):
        fit = "UMAP(n_neighbors=5, random_state=0, n_jobs=1).fit(X)"
        yield Start("umap-learn", "import umap", "from umap import UMAP", fit)


def first_results(rounds):
    """Print the table; every round runs each row once."""
    print(*busy_lines(load_average()), sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        rows = list(starts(folder))
        # The first round fills the cache of the disk.
        found = [[row.run() for row in rows] for _ in range(rounds + 1)][1:]
    line = "{:<34} {:>9} {:>12} {:>9} {:>9}  {}"
    print(line.format(f"median of {rounds}", "package", "estimator", "first fit", "next fit", "imported"))
    for row, results in zip(rows, zip(*found)):
        steps = [seconds(median(took)) for took in zip(*(result[0] for result in results))]
        _, loaded, n_modules = results[0]
        print(line.format(row.title, *steps, f"{n_modules} modules; {', '.join(loaded)}"))
    print(line.format("target", *map(seconds, TARGETS), "", f"JIT: {seconds(JIT_TARGET)} for the first fit"))


EVERY_KERNEL = """
import time
import numba, llvmlite.binding
from fastml.kernels import _build, _compile, simd
_build.import_kernels()
for kernel in _compile.declared():
    for dtype in kernel.variants:
        start = time.process_time()
        kernel._load(dtype)
        print(time.process_time() - start, kernel.name, _compile.variant_name(dtype))
"""


def compile_times(shown=15):
    """Print the kernels that take longest to compile, in CPU time."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "FASTML_CACHE_DIR": cache, "FASTML_KERNELS": "jit"}
        command = [sys.executable, "-c", EVERY_KERNEL]
        told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in told.splitlines()]
    lines = sorted(((float(took), name, variant) for took, name, variant in lines), reverse=True)
    total = seconds(sum(line[0] for line in lines))
    print(f"\n{len(lines)} kernel variants, {total} in CPU time; the slowest:")
    for took, name, variant in lines[:shown]:
        print(f"{seconds(took):>9}  {name} {variant}")


def main(argv=None):
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--kernels", action="store_true", help="compile every kernel too")
    options = parser.parse_args(argv)
    first_results(options.rounds)
    if options.kernels:
        compile_times()


if __name__ == "__main__":
    main()
