"""The CUDA kernels that were compiled when fastml was installed: CuPy loads and launches them, without Numba.

A file for each variant, named by its symbol as in the CPU's library: a fat binary with machine code for
several architectures, and PTX, from which the driver compiles for any other.
"""

import functools
import importlib
import os
import warnings

import numpy as np

from . import _library
from ._compile import ArrayOf, scalar_name

FOLDER = os.path.join(_library.FOLDER, "cuda")
SUFFIX = ".fatbin"
SUMS = "SHA256SUMS"  # the file of checksums, as `sha256sum` writes it


def path(symbol, folder=FOLDER):
    """The file of a variant."""
    return os.path.join(folder, symbol + SUFFIX)


@functools.cache
def checksums(folder=FOLDER):
    """Checksums by file name; none where no CUDA kernel was compiled at installation."""
    try:
        with open(os.path.join(folder, SUMS)) as lines:
            return {name: checksum for checksum, name in map(str.split, lines)}
    except OSError:
        return {}


def holds(kernel, dtype):
    """Tell whether the library has a variant of this source."""
    return _library.symbol(kernel, dtype) + SUFFIX in checksums()


def entry(kernel, dtype):
    """What launches a variant's machine code, called with blocks, threads and arguments; None where the
    library does not hold it or it cannot be used."""
    symbol = _library.symbol(kernel, dtype)
    file = path(symbol)
    expected = checksums().get(os.path.basename(file))
    if expected is None:
        return None
    try:
        if _library.checksum(file) != expected:
            raise OSError(f"{file} is damaged")
        function = importlib.import_module("cupy").RawModule(path=file).get_function(symbol)
        function.compile()  # loads it
    except Exception as error:  # CuPy's errors have no common base
        _warn(error)
        return None
    takes = signature(kernel.arguments.values(), dtype)

    def launch(blocks, threads, arguments):
        function(blocks, threads, parameters(takes, arguments))

    return launch


_warned = []


def _warn(error):
    if not _warned:
        _warned.append(error)
        warnings.warn(
            f"fastml's compiled CUDA kernels cannot be loaded ({error}); they are compiled when first used, "
            "which takes seconds.",
            RuntimeWarning,
            stacklevel=2,
        )


def signature(notes, dtype):
    """What a variant takes: for each argument its number of dimensions and dtype; no dimensions for a number.

    Parameters
    ----------
    notes : iterable of ArrayOf and Scalar
        The annotations of the kernel's arguments.
    dtype : dtype or None
        What `T` stands for.

    Returns
    -------
    signature : list of (int, dtype)
    """

    def named(scalar):
        return np.dtype(scalar_name(scalar, dtype).removesuffix("_"))

    return [
        (note.ndim, named(note.element)) if isinstance(note, ArrayOf) else (0, named(note)) for note in notes
    ]


def parameters(signature, arguments):
    """The parameters of a kernel that Numba compiled, as CuPy passes them on: 64 bits for an int.

    Every launch comes through here: looking up the names of dtypes took five times as long as the launch.

    Parameters
    ----------
    signature : list of (int, dtype)
        See `signature`.
    arguments : sequence
        CuPy arrays and numbers.

    Returns
    -------
    parameters : tuple
        For an array, Numba's structure: two addresses that only its host code uses, the number of items,
        their size, the address, the shape, the strides.

    Raises
    ------
    TypeError
        If an argument is not of the signature.
    """
    if len(signature) != len(arguments):
        raise TypeError(f"expected {len(signature)} arguments, got {len(arguments)}")
    made = []
    for (ndim, dtype), argument in zip(signature, arguments):
        if not ndim:
            made.append(dtype.type(argument))
        elif argument.dtype == dtype and argument.ndim == ndim and argument.flags.c_contiguous:
            made += (
                0,
                0,
                argument.size,
                dtype.itemsize,
                argument.data.ptr,
                *argument.shape,
                *argument.strides,
            )
        else:
            raise TypeError(
                f"expected a C-contiguous array of {ndim} dimensions of {dtype}, "
                f"got {argument.ndim} of {argument.dtype}, strides {argument.strides}"
            )
    return tuple(made)
