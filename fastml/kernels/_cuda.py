"""How a Python function becomes a CUDA kernel. The only module that imports `numba.cuda`.

`@cuda_kernel` declares a kernel; `kernel[blocks, threads](*arguments)` launches it on CuPy arrays. In it `T`
stands for float32 or float64, whichever the arrays annotated with it hold, and functions declared with
`@helper` become device functions. Declaring costs nothing: Numba is imported at the first launch of a kernel
that was not compiled when fastml was installed (`_cuda_library`).
"""

import functools
import importlib
import types
import warnings

import numpy as np

from . import _cuda_library
from ._compile import (
    ArrayOf,
    Constant,
    Helper,
    T,
    float32,
    float64,
    helper,
    int32,
    int64,
    not_compiled,
    specialise,
    uint8,
    uint64,
    wanted_sources,
)

__all__ = [
    "BLOCK", "Constant", "Helper", "T", "blocks_for", "cp", "cuda", "cuda_kernel", "float32", "float64",
    "helper", "int32", "int64", "u32", "uint8", "uint64",
]  # fmt: skip

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
# Indices: unsigned, because signed ones cost a select each, and converted once, where they are made.
u32 = np.uint32
BLOCK = 256  # threads of a block, in every kernel of ours


class _NumbaCuda:
    def load(self):
        """Import `numba.cuda`: half a second, and only where there is a driver."""
        if not hasattr(np, "row_stack"):
            _import_without_row_stack("numba.cuda.np.arrayobj")
        return importlib.import_module("numba.cuda")


class _CuPy:
    def __getattr__(self, name):
        return getattr(importlib.import_module("cupy"), name)


@functools.cache
def _import_without_row_stack(module):
    """Import a module of numba-cuda that asks for a name which NumPy 2.5 has dropped."""
    np.row_stack = np.vstack  # noqa: NPY201
    try:
        importlib.import_module(module)
    finally:
        del np.row_stack  # noqa: NPY201


cuda = _NumbaCuda()
cp = _CuPy()


def blocks_for(n_items, per_block=None):
    """How many blocks it takes, of BLOCK items each if not said otherwise."""
    return -(-n_items // (per_block or BLOCK))


@functools.cache
def device_function(used, dtype):
    """The device function that a helper becomes in kernels of `dtype`."""
    return cuda.load().jit(for_device(used.py_func, dtype), device=True)


@functools.lru_cache(maxsize=1)  # kernels of one capability share the device functions
def pretend_gpu(capability):
    """Compile device functions for this capability: Numba would ask the GPU in use, and there may be none."""
    present = types.SimpleNamespace(compute_capability=capability)
    cuda.load().dispatcher.get_current_device = lambda: present
    device_function.cache_clear()


def for_device(function, dtype):
    """`function` with the names in its body bound to what Numba's CUDA compiler understands."""
    special = specialise(function, dtype, device_function)
    if special.__globals__.get("cuda") is cuda:
        special.__globals__["cuda"] = cuda.load()
    return special


class CudaKernel:
    """A kernel; `@cuda_kernel` makes it."""

    returns = None
    fastmath = frozenset()

    def __init__(self, function, bound):
        functools.update_wrapper(self, function)
        variant = "".join(f"[{getattr(value, '__name__', value)}]" for value in bound.values())
        self.name = f"{function.__module__.removeprefix('fastml.kernels.')}.{function.__qualname__}{variant}"
        self.py_func = (
            function
            if not bound
            else types.FunctionType(
                function.__code__, {**function.__globals__, **bound}, function.__name__, function.__defaults__
            )
        )
        self.arguments = dict(function.__annotations__)
        data = (i for i, a in enumerate(self.arguments.values()) if isinstance(a, ArrayOf) and a.element is T)
        self._data_position = next(data, None)
        self._launchers = {}
        self.sources = {}
        _KERNELS[self.name] = self

    @property
    def variants(self):
        """The dtypes that `T` stands for; (None,) for a kernel without."""
        return (None,) if self._data_position is None else FLOATS

    def specialised(self, dtype):
        """The kernel's Python function for data of `dtype`, with its helpers turned into device functions."""
        return for_device(self.py_func, dtype)

    def __getitem__(self, shape):
        return functools.partial(self._launch, *shape)

    def _launch(self, blocks, threads, *args):
        if 0 in blocks:
            return
        dtype = None if self._data_position is None else np.dtype(args[self._data_position].dtype)
        launcher = self._launchers.get(dtype) or self._find(dtype)
        launcher(blocks, threads, args)

    def _find(self, dtype):
        found = {"library": _cuda_library.entry, "jit": just_in_time}
        for source in wanted_sources():
            launcher = source in found and found[source](self, dtype)
            if launcher:
                self.sources[dtype] = source
                self._launchers[dtype] = launcher
                return launcher
        raise not_compiled(self.name)


def needed_packages():
    """The packages without which nothing is launched; Numba's target only where kernels are not compiled."""
    return ("cupy",) if _cuda_library.checksums() else ("numba_cuda", "cupy")


def why_not_compiling():
    """Say why kernels cannot be compiled on this GPU; empty when they can, or are compiled already."""
    if "library" in wanted_sources() and _cuda_library.checksums():
        return ""
    numba_cuda = cuda.load()
    if numba_cuda.is_available():
        return ""
    return f"the CUDA driver or compiler is unusable: {numba_cuda.cuda_error()}"


def just_in_time(kernel, dtype):
    """What launches a variant that Numba compiles now."""
    # From PTX, as the compile lint reads it; link-time optimisation would need one more library.
    dispatcher = cuda.load().jit(kernel.specialised(dtype), lto=False)

    def launch(blocks, threads, args):
        stream = _stream(cp.cuda.get_current_stream().ptr)
        _configured(dispatcher, blocks, threads, stream)(*map(_argument, args))

    return launch


def cuda_kernel(function, **bound):
    """Declare a CUDA kernel whose arguments' annotations say what they are, as those of a `@kernel` do.

    Parameters
    ----------
    function : callable
        The kernel's body.

    **bound : dict
        Helpers and constants for names that the body leaves open: one body, several kernels.
    """
    return CudaKernel(function, bound)


_KERNELS = {}


def declared():
    """The kernels of the imported modules, by name."""
    return _KERNELS


@functools.lru_cache(maxsize=1024)
def _configured(dispatcher, blocks, threads, stream):
    """The dispatcher, ready to launch."""
    with warnings.catch_warnings():
        # Small data makes small grids; Numba has a performance warning for that.
        warnings.simplefilter("ignore")
        return dispatcher[blocks, threads, stream]


@functools.cache
def _stream(pointer):
    """Numba's object for CuPy's current stream."""
    numba_cuda = cuda.load()
    return numba_cuda.external_stream(pointer) if pointer else numba_cuda.legacy_default_stream()


def _argument(arg):
    """Numba's view of an array; scalars as they are."""
    if not getattr(arg, "ndim", 0):
        return arg
    # Launched on the array's own stream, a kernel need not wait for it; Numba would, once for each array.
    interface = {**arg.__cuda_array_interface__, "stream": None}
    return cuda.load().from_cuda_array_interface(interface, owner=arg, sync=False)
