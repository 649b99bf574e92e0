"""What it costs to call a kernel: eight arrays, two integers and no rows, in the ways there are.

Run as ``python -m benchmarks.calls``. cffi takes part where it is installed.
"""

import ctypes
import importlib.util
import timeit
from statistics import median

import numpy as np

from fastml.kernels import _jit, _library
from fastml.kernels.cpu.kmeans import move_rows

FLOAT64 = np.dtype(np.float64)


def packed(arguments, address):
    """The words of an entry's arguments: address and shape of each array."""
    words = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            words.append(address(argument))
            words += argument.shape
        else:
            words.append(argument)
    return words


def through_ctypes(address):
    """Call the library's entry with a structure that Python fills."""
    function = getattr(_library.library(), _library.symbol(move_rows, FLOAT64))
    result = ctypes.c_int64()

    def call(*arguments):
        words = packed(arguments, address)
        function((ctypes.c_int64 * len(words))(*words), ctypes.byref(result))

    return call


def through_cffi():
    """The same with cffi."""
    import cffi

    ffi = cffi.FFI()
    symbol = _library.symbol(move_rows, FLOAT64)
    ffi.cdef(f"void {symbol}(const int64_t *arguments, int64_t *result);")
    function = getattr(ffi.dlopen(_library.library()._name), symbol)
    result = ffi.new("int64_t[1]")

    def address(array):
        return int(ffi.cast("intptr_t", ffi.from_buffer(array, require_writable=False)))

    def call(*arguments):
        function(ffi.new("int64_t[]", packed(arguments, address)), result)

    return call


def main():
    """Print microseconds for each way, medians of 21 runs that take turns."""
    labels = np.zeros(0, np.int32)
    arguments = (
        np.zeros((0, 4)), np.zeros(4), np.zeros(0), labels, labels,
        np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64), 0, 1,
    )  # fmt: skip
    ways = {
        "library, through the extension": _library.entry(move_rows, FLOAT64),
        "library, ctypes and __array_interface__": through_ctypes(
            lambda array: array.__array_interface__["data"][0]
        ),
        "library, ctypes and array.ctypes.data": through_ctypes(lambda array: array.ctypes.data),
        "Numba's dispatcher (cache or JIT)": _jit.just_in_time(move_rows, FLOAT64),
    }
    if importlib.util.find_spec("cffi"):
        ways["library, cffi"] = through_cffi()
    times = {name: [] for name in ways}
    for _ in range(21):
        for name, way in ways.items():
            times[name].append(timeit.timeit(lambda way=way: way(*arguments), number=10_000) / 10_000)
    for name, taken in times.items():
        print(f"{name:40} {median(taken) * 1e6:.2f} us")


if __name__ == "__main__":
    main()
