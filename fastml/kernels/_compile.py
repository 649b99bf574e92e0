"""How a Python function becomes machine code on the CPU.

`@kernel` declares a compiled function; its annotations are its signature and `T` in them
stands for float32 and float64, one variant each. `@helper` declares a small function that
kernels call. Declaring costs nothing: Numba is imported when a variant is first needed and
nobody has compiled it before.

A variant is looked for in the library that was compiled when fastml was installed
(`_library`), then in the per-user cache, then compiled just in time (`_jit`). Both keep it
under a digest of every source file that the kernel reaches, so an edited kernel or helper
never runs old machine code. `FASTML_KERNELS` names the sources to use: "library,cache,jit".
"""

import functools
import importlib
import os
import threading
import types
from typing import NamedTuple

import numpy as np

from ._processor import TILE_ROWS, cpu_level, lanes, tile_vectors, tile_width, vector_bytes

__all__ = [
    "LANES",
    "TILE_ROWS",
    "TILE_VECTORS",
    "TILE_WIDTH",
    "IntT",
    "T",
    "boolean",
    "cpu_level",
    "float32",
    "float64",
    "helper",
    "int8",
    "int32",
    "int64",
    "kernel",
    "lanes",
    "simd",
    "status",
    "tile_width",
    "uint8",
    "uint64",
    "vector_bytes",
]


# ---- the vocabulary of signatures -----------------------------------------------------
class ArrayOf(NamedTuple):
    """A C-contiguous array argument."""

    element: "Scalar"
    ndim: int


class Scalar(NamedTuple):
    """A scalar argument, `int64`; indexed, `int64[:, :]`, an array argument."""

    name: str

    def __getitem__(self, axes):
        return ArrayOf(self, len(axes) if isinstance(axes, tuple) else 1)

    def __call__(self, value):
        """Convert, as the compiled code does."""
        return getattr(np, self.name)(value)


T = Scalar("T")
IntT = Scalar("IntT")  # the integer as wide as T
boolean, uint8, int8, int32, int64, uint64, float32, float64 = map(
    Scalar, ("bool_", "uint8", "int8", "int32", "int64", "uint64", "float32", "float64")
)


class Constant(NamedTuple):
    """A name that kernels read as an integer, which depends on the variant's dtype."""

    value: object  # dtype -> int


LANES = Constant(lanes)
TILE_VECTORS = Constant(lambda dtype: tile_vectors())
TILE_WIDTH = Constant(tile_width)


class _LazyModule:
    """A module that is imported when a kernel that names it is compiled; ours are packages here."""

    def __init__(self, name):
        self.name = name

    def files(self):
        folder = os.path.join(os.path.dirname(__file__), self.name)
        return [os.path.join(folder, file) for file in os.listdir(folder) if file.endswith(".py")]

    def load(self):
        return importlib.import_module(f"{__package__}.{self.name}")


simd = _LazyModule("simd")

_FLOATS = {np.dtype(np.float32): "float32", np.dtype(np.float64): "float64"}
_INTEGERS = {np.dtype(np.float32): "int32", np.dtype(np.float64): "int64"}


def variant_name(dtype):
    """How a variant is told apart from the others of its kernel: its dtype, or "plain" for the only one."""
    return _FLOATS.get(dtype, "plain")


def scalar_name(scalar, dtype):
    """NumPy's name of a signature's scalar in the variant for `dtype`."""
    return {"T": _FLOATS.get(dtype), "IntT": _INTEGERS.get(dtype)}.get(scalar.name, scalar.name)


# ---- declarations -----------------------------------------------------------------------
class Helper:
    """A function that kernels call; `@helper` makes it."""

    def __init__(self, function, fastmath=(), apart=False):
        functools.update_wrapper(self, function)
        self.py_func = function
        self.fastmath = frozenset(fastmath)
        self.apart = apart
        self._compiled = {}

    def __call__(self, *args):
        return self.py_func(*args)

    def compiled(self, dtype):
        """The Numba function for kernels of `dtype`."""
        if dtype not in self._compiled:
            from ._inlined import called, inlined

            made = called if self.apart else inlined
            self._compiled[dtype] = made(specialise(self.py_func, dtype), set(self.fastmath))
        return self._compiled[dtype]


class Kernel:
    """A compiled function; `@kernel` makes it."""

    def __init__(self, function, fastmath=()):
        functools.update_wrapper(self, function)
        self.py_func = function
        self.fastmath = frozenset(fastmath)
        self.name = f"{function.__module__.removeprefix('fastml.kernels.')}.{function.__qualname__}"
        notes = dict(function.__annotations__)
        self.returns = notes.pop("return", None)
        self.arguments = notes
        self._key_position = next(
            (i for i, a in enumerate(notes.values()) if isinstance(a, ArrayOf) and a.element is T), None
        )
        self._entries = {}
        self._compiled = {}
        self.sources = {}
        _KERNELS[self.name] = self

    def __call__(self, *args):
        dtype = None if self._key_position is None else args[self._key_position].dtype
        entry = self._entries.get(dtype)
        if entry is None:
            entry = self._load(dtype)
        return entry(*args)

    @property
    def variants(self):
        """The dtypes that the kernel is compiled for; (None,) for one without `T`."""
        return (None,) if self._key_position is None else tuple(_FLOATS)

    def _load(self, dtype):
        if dtype not in self.variants:
            raise TypeError(f"{self.name} takes float32 or float64 data, got {dtype}.")
        from ._signals import interrupt_held_back

        with _lock, interrupt_held_back():
            for source, find in _sources().items():
                entry = self._entries.get(dtype) or find(self, dtype)
                if entry is not None:
                    self.sources.setdefault(dtype, source)
                    self._entries[dtype] = entry
                    return entry
        raise not_compiled(self.name)

    def compiled(self, dtype):
        """The Numba function, for kernels of `dtype` that call this one."""
        if dtype not in self._compiled:
            from ._inlined import called

            self._compiled[dtype] = called(specialise(self.py_func, dtype), set(self.fastmath))
        return self._compiled[dtype]


def helper(function=None, *, fastmath=(), apart=False):
    """Declare a function that kernels call; it is inlined into them.

    One that stays `apart` is called instead. LLVM optimises a long function better by itself than as a part
    of a longer one, and in less time.
    """
    made = functools.partial(Helper, fastmath=fastmath, apart=apart)
    return made(function) if function else made


def kernel(function=None, *, fastmath=()):
    """Declare a compiled function whose signature is its annotations.

    Arrays are C-contiguous, and readonly unless their name ends in `_out` or `_work`.

    Parameters
    ----------
    fastmath : set of str
        LLVM's fast-math flags that the function may use. Say why where it is declared.
    """
    return Kernel(function, fastmath) if function else functools.partial(Kernel, fastmath=fastmath)


SOURCES = ("library", "cache", "jit")


def wanted_sources():
    """The sources that may be asked for a variant, in this order."""
    wanted = os.environ.get("FASTML_KERNELS", ",".join(SOURCES)).split(",")
    unknown = sorted(set(wanted) - set(SOURCES))
    if unknown:
        raise ValueError(f"FASTML_KERNELS is made of {', '.join(SOURCES)}. Got {unknown} instead.")
    return [source for source in SOURCES if source in wanted]


def not_compiled(name):
    """The error to raise where no source has a kernel."""
    return RuntimeError(
        f"{name} is not compiled, and FASTML_KERNELS={os.environ['FASTML_KERNELS']} lets nobody."
    )


def _sources():
    """What finds a variant's entry, in this order."""
    from . import _jit, _library

    known = {"library": _library.entry, "cache": _jit.from_cache, "jit": _jit.just_in_time}
    return {source: known[source] for source in wanted_sources()}


_KERNELS = {}
_lock = threading.RLock()
# A child forked while another thread compiles would inherit locks that nobody releases.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class Status(NamedTuple):
    """Where a variant of a kernel came from."""

    kernel: str
    variant: str
    source: str


def declared():
    """The kernels of the imported modules."""
    return list(_KERNELS.values())


def status():
    """The kernels of the imported modules: name, variant, and where it was found ("" if unused so far)."""
    return [
        Status(name, variant_name(dtype), k.sources.get(dtype, ""))
        for name, k in sorted(_KERNELS.items())
        for dtype in k.variants
    ]


# ---- specialising a function for a dtype ---------------------------------------------------
def specialise(function, dtype, compiled=None):
    """`function` with the names in its body bound to what the compiler understands.

    `compiled(helper, dtype)` gives what stands for a helper; the CPU's by default.
    """
    compiled = compiled or (lambda used, dtype: used.compiled(dtype))
    bound = {name: _bind(value, dtype, compiled) for name, value in used_globals(function).items()}
    special = types.FunctionType(
        function.__code__, {**bound, "__name__": function.__module__, "__builtins__": __builtins__},
        function.__name__, function.__defaults__,
    )  # fmt: skip
    special.__qualname__ = function.__qualname__
    special.__module__ = function.__module__
    return special


def _bind(value, dtype, compiled):
    if isinstance(value, (Helper, Kernel)):
        return compiled(value, dtype)
    if isinstance(value, Scalar):
        return getattr(np, scalar_name(value, dtype))
    if isinstance(value, Constant):
        return value.value(dtype)
    if isinstance(value, _LazyModule):
        return value.load()
    return value


def used_globals(function):
    """The globals that a function's code names."""
    names, codes = set(), [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}


def _constant(value):
    """What a digest says of a global that is no function; nothing of modules, classes and the like."""
    if isinstance(value, Constant):
        return repr([value.value(dtype) for dtype in _FLOATS])
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{value.tobytes()}"
    if isinstance(value, (bool, int, float, str, tuple, np.generic)) and not isinstance(value, Scalar):
        return repr(value)
    return ""


def source_digest(kernel):
    """SHA-256 of the content of every source file that a kernel reaches, and of the constants it reads."""
    import hashlib

    files, constants, seen, todo = set(), [], set(), [kernel]
    while todo:
        reached = todo.pop()
        if id(reached) in seen:
            continue
        seen.add(id(reached))
        files.add(reached.py_func.__code__.co_filename)
        for name, value in used_globals(reached.py_func).items():
            if isinstance(value, (Helper, Kernel)):
                todo.append(value)
            elif isinstance(value, _LazyModule):
                files.update(value.files())
            else:
                constants.append(f"{reached.__qualname__}.{name}={_constant(value)}")
    digest = hashlib.sha256(repr(sorted(constants)).encode())
    for file in sorted(files):
        with open(file, "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()
