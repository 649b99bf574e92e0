"""What a GPU gives: the workloads with speed targets on the CPU, on the GPU, and with the data there already.

Run as ``python -m benchmarks.gpu`` where there is a GPU. Peers are not raced: the table says how many times
slower this machine's CPU is with all its threads, and whether both come to the same score. Below the table
stand the measured counterparts of what ``device="auto"`` assumes.
"""

import argparse
import dataclasses
import re
import subprocess
import sys
import time
from statistics import median

import fastml
from fastml._cli.libraries import FASTML
from fastml._cli.racing import race, seconds
from fastml._cli.targets import TARGETS
from fastml._device import CUDA, why_no_cuda
from fastml._threads import effective_threads

ROW = "{:<52} {:>10} {:>10} {:>10} {:>7} {:>7} {:>12} {:>12}"
HEAD = ("", "CPU", "GPU", "data there", "ratio", "there", "score, CPU", "score, GPU")
# Without CUDA kernels
ON_THE_CPU = re.compile("tree k-NN|forest (50k|100k x)|SGD|linear SVC|sparse|lasso path")
FIRST_FIT = """
import time
import numpy as np
from fastml.cluster import KMeans
X = np.random.default_rng(0).random((1000, 8), dtype=np.float32)
start = time.perf_counter()
KMeans(3, n_init=1, random_state=0, device="cuda").fit(X)
print(time.perf_counter() - start)
"""


def moved(data, workload):
    """The data with its arrays on the GPU; labels too where they are all that there is."""
    there = {"X": CUDA.asarray(data.X), "X_test": CUDA.asarray(data.X_test)}
    if not workload.method:
        there |= {"y": CUDA.asarray(data.y), "y_test": CUDA.asarray(data.y_test)}
    return dataclasses.replace(data, **there)


def on_host(answer):
    """An array, or a tuple of them, as NumPy's."""
    return tuple(map(CUDA.to_host, answer)) if isinstance(answer, tuple) else CUDA.to_host(answer)


def contestant(entry, device, host, data):
    """A call that does the entry's timed part on `device`, and the last model and answer."""
    workload, last = entry.workload, {"model": None}

    def fit():
        with fastml.config_context(device=device):
            if workload.method:
                last["model"] = workload.make(FASTML, host).fit(data.X, data.y)
        CUDA.synchronize()

    def answer():
        with fastml.config_context(device=device):
            last["answer"] = workload.answer(FASTML, data, last["model"])
        CUDA.synchronize()

    def timed():
        for part in entry.timed:
            {"fit": fit, "answer": answer}[part]()

    fit()
    answer()
    return timed, last


def measure(entry, quick, rounds):
    """Print the entry's row."""
    host = entry.load(quick)
    there = moved(host, entry.workload)
    ways = {
        "CPU": contestant(entry, "cpu", host, host),
        "GPU": contestant(entry, "cuda", host, host),
        "there": contestant(entry, "cuda", host, there),
    }
    took = race({name: timed for name, (timed, _) in ways.items()}, rounds)
    times = [seconds(took[name]) for name in ways]
    ratios = [f"{took['CPU'] / took[name]:.1f}" for name in ("GPU", "there")]
    answers = {name: on_host(last["answer"]) for name, (_, last) in ways.items()}
    scored = [
        f"{entry.workload.score.of(host, ways[name][1]['model'], answers[name], answers['CPU']):.6g}"
        for name in ("CPU", "GPU")
    ]
    print(ROW.format(entry.title, *times, *ratios, *scored), flush=True)


def assumptions():
    """Print what `auto` only assumes: the start, a short computation, the transfer."""
    import numpy as np

    from fastml.cluster import KMeans

    first = subprocess.run([sys.executable, "-c", FIRST_FIT], check=True, capture_output=True, text=True)
    print(f"the first fit of a process: {seconds(float(first.stdout))}")
    X = np.random.default_rng(0).random((1000, 8), dtype=np.float32)
    model = KMeans(3, n_init=1, max_iter=5, tol=0, random_state=0, device="cuda")
    print(f"a fit of 1000 x 8, five passes: {seconds(clock(lambda: model.fit(X)))}")
    block = np.zeros(2**27, np.float32)
    rate = block.nbytes / clock(lambda: (CUDA.asarray(block), CUDA.synchronize()))
    print(f"from the host's memory: {rate / 1e9:.1f} GB/s")


def clock(call):
    """Median seconds of five calls after a first one."""
    call()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", type=re.compile, default=re.compile(""), help="titles, a regular expression"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    options = parser.parse_args(argv)
    if why_no_cuda():
        parser.error(f"there is no GPU to measure: {why_no_cuda()}")
    print(f"{effective_threads()} threads")
    print(ROW.format(*HEAD))
    for entry in TARGETS:
        if options.only.search(entry.title) and not ON_THE_CPU.search(entry.title):
            measure(entry, options.quick, options.rounds)
    assumptions()
    return 0


if __name__ == "__main__":
    sys.exit(main())
