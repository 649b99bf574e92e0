"""What it costs to call a kernel: eight arrays, two integers and no rows.

Run as ``python -m benchmarks.calls``.
"""

import timeit
from statistics import median

import numpy as np

from fastml.kernels import _jit, _library
from fastml.kernels.cpu.kmeans import move_rows


def main():
    """Print microseconds for each way, medians of 21 runs that take turns."""
    float64 = np.dtype(np.float64)
    labels = np.zeros(0, np.int32)
    arguments = (
        np.zeros((0, 4)), np.zeros(4), np.zeros(0), labels, labels,
        np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64), 0, 1,
    )  # fmt: skip
    ways = {
        "library, through the extension": _library.entry(move_rows, float64),
        "Numba's dispatcher (cache or JIT)": _jit.just_in_time(move_rows, float64),
    }
    times = {name: [] for name in ways}
    for _ in range(21):
        for name, way in ways.items():
            times[name].append(timeit.timeit(lambda way=way: way(*arguments), number=10_000) / 10_000)
    for name, taken in times.items():
        print(f"{name:36} {median(taken) * 1e6:.2f} us")


if __name__ == "__main__":
    main()
