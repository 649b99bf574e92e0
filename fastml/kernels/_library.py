"""The library of kernels that were compiled when fastml was installed.

One shared library for each level of processor; a symbol carries the digest of everything
that its machine code was made from, so an edited kernel is simply not found in it. Nothing
here imports Numba.
"""

import ctypes
import functools
import hashlib
import os
import re
import warnings

from ._compile import IntT, Scalar, T, source_digest, variant_name
from ._processor import cpu_level

FOLDER = os.path.join(os.path.dirname(__file__), "_lib")
SUFFIX = ".so"


def path(level, folder=FOLDER):
    """The library's file for a level of processor."""
    return os.path.join(folder, level + SUFFIX)


def symbol(kernel, dtype):
    """The name of a variant in the library."""
    made_from = (source_digest(kernel), repr(kernel.arguments), repr(kernel.returns), sorted(kernel.fastmath))
    digest = hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
    return f"{re.sub(r'[^0-9A-Za-z_]', '_', kernel.name)}_{variant_name(dtype)}_{digest}"


def signature(kernel, dtype):
    """What `_call.call` wants to know of the result and the arguments."""
    arguments = (_argument(name, note, dtype) for name, note in kernel.arguments.items())
    return (_result(kernel.returns) + "".join(arguments)).encode()


def _result(note):
    return "n" if note is None else _kind(note)


def _kind(scalar):
    return "f" if scalar is T or scalar.name.startswith("float") else "i"


def _argument(name, note, dtype):
    if isinstance(note, Scalar):
        return _kind(note) + "  "
    access = "w" if name.endswith(("_out", "_work")) else "r"
    return f"{access}{note.ndim}{_itemsize(note.element, dtype)}"


def _itemsize(scalar, dtype):
    if scalar is T or scalar is IntT:
        return dtype.itemsize
    return 1 if scalar.name == "bool_" else int(re.sub(r"\D", "", scalar.name)) // 8


def checksum(file):
    """SHA-256 of a file's content."""
    with open(file, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def keep_only(folder, files, prefix=""):
    """Remove the files and folders in a folder that have this prefix, but for some."""
    import shutil

    kept = {os.path.basename(file) for file in files}
    for entry in os.scandir(folder):
        if entry.name.startswith(prefix) and entry.name not in kept:
            (shutil.rmtree if entry.is_dir() else os.unlink)(entry.path)


@functools.cache
def library():
    """The loaded library for this processor; None, after one warning, where it cannot be used."""
    if cpu_level() == "baseline":
        return None
    file = path(cpu_level())
    try:
        with open(file + ".sha256") as f:
            expected = f.read().strip()
        if checksum(file) != expected:
            raise OSError(f"{file} is damaged")
        from ._call import call  # noqa: F401  (it must be there too)

        return ctypes.CDLL(file)
    except (OSError, ImportError) as error:
        warnings.warn(
            f"fastml's compiled kernels cannot be loaded ({error}); they are compiled when first used, which "
            "takes seconds. `python -m fastml compile` builds them once and for all.",
            RuntimeWarning,
        )
        return None


def entry(kernel, dtype):
    """What calls a variant's machine code, or None where the library does not hold it."""
    loaded = library()
    function = loaded and getattr(loaded, symbol(kernel, dtype), None)
    if not function:
        return None
    from ._call import call

    return functools.partial(call, ctypes.cast(function, ctypes.c_void_p).value, signature(kernel, dtype))
