"""Kernels compiled by Numba in the user's process, and the cache that keeps them."""

import os

from ._compile import Scalar, scalar_name, source_digest, specialise
from ._processor import vector_bytes


def signature(kernel, dtype):
    """The Numba signature of a kernel's variant."""
    from numba.core import types as nb

    def scalar(s):
        return getattr(nb, scalar_name(s, dtype).replace("bool_", "boolean"))

    def argument(name, note):
        if isinstance(note, Scalar):
            return scalar(note)
        return nb.Array(scalar(note.element), note.ndim, "C", readonly=not name.endswith(("_out", "_work")))

    arguments = [argument(*item) for item in kernel.arguments.items()]
    return (nb.void if kernel.returns is None else scalar(kernel.returns))(*arguments)


def dispatcher(kernel, dtype):
    """The Numba function of a kernel's variant, not compiled yet."""
    import numba

    return numba.njit(
        specialise(kernel.py_func, dtype),
        error_model="numpy", nogil=True, fastmath=set(kernel.fastmath), _nrt=False,
    )  # fmt: skip


def _compile(kernel, dtype, store):
    """The entry of a variant, its machine code kept by `store`; None where the store does not hold it and
    may only load."""
    made = dispatcher(kernel, dtype)
    made._cache = store
    try:
        made.compile(signature(kernel, dtype))
    except _NotStored:
        return None
    made.disable_compile()
    return made


class _NotStored(Exception):
    """The cache does not hold the variant."""


class _Store:
    """What Numba's dispatcher asks of a cache, over one file of ours."""

    def __init__(self, path, *, only_load):
        self.path = path
        self.only_load = only_load

    def load_overload(self, signature, target_context):
        if not self.only_load:
            return None
        from numba.core.compiler import CompileResult

        from . import _cache

        reduced = _cache.load(self.path)
        if reduced is None:
            raise _NotStored
        target_context.refresh()
        return CompileResult._rebuild(target_context, *reduced)

    def save_overload(self, signature, compile_result):
        from numba.core.serialize import dumps

        from . import _cache

        _cache.save(self.path, dumps(compile_result._reduce()))


def cache_path(kernel, dtype):
    """The variant's file in the user's cache, or None where there is none."""
    import hashlib
    import sys

    import llvmlite
    import numba
    from numba.core.registry import cpu_target

    from . import _cache

    folder = _cache.folder()
    if folder is None:
        return None
    machine = cpu_target.target_context.codegen().magic_tuple()
    key = (source_digest(kernel), kernel.name, str(signature(kernel, dtype)), sorted(kernel.fastmath),
           numba.__version__, llvmlite.__version__, sys.version, machine, vector_bytes())  # fmt: skip
    return os.path.join(folder, hashlib.sha256(repr(key).encode()).hexdigest())


def from_cache(kernel, dtype):
    """The entry of a variant that an earlier process compiled, or None."""
    path = cache_path(kernel, dtype)
    return path and _compile(kernel, dtype, _Store(path, only_load=True))


def just_in_time(kernel, dtype):
    """The entry of a variant, compiled now and kept in the cache."""
    path = cache_path(kernel, dtype)
    return _compile(kernel, dtype, _Store(path, only_load=False))
