"""Which device runs a computation, and what that device offers.

`choose` answers with a `Device`: its kernels, its array library and the moves to and from the host. Solvers
are written against that object and never ask which device it is. On a GPU, CuPy owns the memory.

Importing this module touches neither CUDA nor CuPy nor Numba. They are looked for when a computation first
asks, and only where a CUDA driver library is on the machine.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from typing import Any

import numpy as np

from . import _config
from ._dispatch import Dispatch, FallbackError, last_dispatch, record, report_fallback

__all__ = [
    "Device",
    "DeviceUnavailableError",
    "Dispatch",
    "FallbackError",
    "check_cuda_array",
    "choose",
    "is_cuda_array",
    "is_sparse",
    "last_dispatch",
    "like_input",
    "report_fallback",
]

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))

# What `auto` assumes when the data is on the host: rough, on purpose in the CPU's favour.
TRANSFER_BYTES_PER_S = 1e10  # pageable host memory over PCIe
CUDA_OPERATIONS_PER_S = 5e12
CPU_OPERATIONS_PER_S = 3e10  # of one thread
CUDA_LAUNCH_S = 1e-3  # launches and answers of a short computation
CUDA_START_S = 3.0  # importing Numba's CUDA target and CuPy, compiling the first kernels


class DeviceUnavailableError(RuntimeError):
    """CUDA was asked for by name and cannot be used."""


# ---- arrays that live on a GPU --------------------------------------------------------
def is_cuda_array(X) -> bool:
    """Tell whether `X` lives in GPU memory.

    Parameters
    ----------
    X : object
        Anything. Told by its type, without importing CuPy or torch.

    Returns
    -------
    on_gpu : bool
        True for CuPy arrays, torch tensors on a CUDA device, and other objects with
        ``__cuda_array_interface__``.
    """
    kind = type(X)
    if kind is np.ndarray:
        return False
    if _library(X) == "torch":
        return bool(getattr(X, "is_cuda", False))
    return hasattr(kind, "__cuda_array_interface__")


def is_sparse(X) -> bool:
    """Tell whether X is one of SciPy's sparse matrices or arrays, without importing SciPy."""
    return not isinstance(X, np.ndarray) and hasattr(X, "tocsr")


def _library(X):
    return type(X).__module__.partition(".")[0]


def like_input(result, X):
    """Give `result` as the kind of array that `X` is.

    Parameters
    ----------
    result : ndarray, CuPy array or scalar
        What a computation returned.

    X : object
        What its caller passed.

    Returns
    -------
    result : array or scalar
        A CuPy array when `X` is one, a torch tensor on the GPU when `X` is one (without a copy), an ndarray
        otherwise. Scalars and None stay as they are.
    """
    if not isinstance(result, np.ndarray) and not is_cuda_array(result):
        return result
    if not is_cuda_array(X):
        return _to_host(result)
    result = CUDA.asarray(result)
    if _library(X) == "torch":
        return importlib.import_module("torch").from_dlpack(result)
    return result


def _to_host(a):
    """An ndarray of `a`, copied only when it is on a GPU."""
    if not is_cuda_array(a):
        return np.asarray(a)
    if _library(a) == "torch":
        return a.detach().cpu().numpy()
    if hasattr(a, "copy_to_host"):
        return a.copy_to_host()
    return importlib.import_module("cupy").asnumpy(a)


# ---- the two devices ---------------------------------------------------------------------
class _Kernels:
    """The kernel modules of a device, each imported when first used."""

    def __init__(self, name):
        self._package = f"fastml.kernels.{name}"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        module = importlib.import_module(f"{self._package}.{name}")
        setattr(self, name, module)
        return module


class Device:
    """What solvers need of a device; `choose` gives one.

    Attributes
    ----------
    name : str
        ``"cpu"`` or ``"cuda"``.

    kernels : namespace
        ``device.kernels.kmeans`` is the module of k-means launchers for this device.

    xp : module
        The array library: NumPy or CuPy.
    """

    name: str
    xp: Any

    def __init__(self):
        self.kernels = _Kernels(self.name)

    def __repr__(self):
        return f"<device {self.name}>"

    def asarray(self, a, dtype=None):
        """Bring `a` to the device, C-contiguous; no copy when it is there already.

        Parameters
        ----------
        a : array-like
            Host or GPU data.

        dtype : dtype, default=None
            Wanted element type; None keeps the one it has.

        Returns
        -------
        a : array of the device
        """
        return self.xp.asarray(self._bring(a), dtype, order="C")

    def _bring(self, a):
        return _to_host(a)

    def to_host(self, a):
        """Give `a` as an ndarray; a copy only when it is on a GPU."""
        return _to_host(a)

    def empty(self, shape, dtype):
        """Make an uninitialised array on the device."""
        return self.xp.empty(shape, dtype)

    def zeros(self, shape, dtype):
        """Make an array of zeros on the device."""
        return self.xp.zeros(shape, dtype)

    def synchronize(self):
        """Wait until the device has finished what it was given."""


class _CPU(Device):
    name = "cpu"
    xp = np


class _CUDA(Device):
    name = "cuda"

    @functools.cached_property
    def xp(self):
        return importlib.import_module("cupy")

    def _bring(self, a):
        if _library(a) != "torch":
            return a
        return self.xp.from_dlpack(a.detach()) if a.is_cuda else a.detach().numpy()

    def synchronize(self):
        self.xp.cuda.get_current_stream().synchronize()


CPU = _CPU()
CUDA = _CUDA()


_unusable: str | None = None  # why, once the driver was asked


def why_no_cuda() -> str:
    """Say why CUDA cannot be used in this process.

    Returns
    -------
    reason : str
        Empty when it can. Costs some microseconds where there is no driver library; where there is one, the
        first call imports CuPy, and Numba's CUDA target if kernels have to be compiled.
    """
    global _unusable
    if _why_no_driver():
        return _why_no_driver()
    if _unusable is None:
        _unusable = "" if _is_simulated() else _why_driver_unusable()
    return _unusable


def _after_fork():
    global _unusable
    if _unusable == "":
        _unusable = "CUDA was in use before this process was forked"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _is_simulated():
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


@functools.cache
def _why_no_driver():
    """Say why there is nothing to ask; asks nobody, so that a process which stays on the CPU can fork."""
    if "1" in (os.environ.get("FASTML_DISABLE_CUDA"), os.environ.get("NUMBA_DISABLE_CUDA")):
        return "CUDA is disabled by the environment"
    if _is_simulated():
        return _why_not_importable("cupy")
    import ctypes

    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return "no CUDA driver library on this machine"
    from .kernels import _cuda

    return _why_not_importable(*_cuda.needed_packages())


def _why_not_importable(*modules):
    for name in modules:
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            return f"{name.replace('_', '-')} is not installed (pip install 'fastml[cuda]')"
    return ""


def _why_driver_unusable():
    try:
        if not _load_cupy().cuda.runtime.getDeviceCount():
            return "no GPU"
        from .kernels import _cuda

        return _cuda.why_not_compiling()
    except Exception as error:  # the driver stack raises many kinds, some not derived from one another
        return f"{type(error).__name__}: {error}"


def _load_cupy():
    """Import CuPy; its sums along an axis without CUB, unless someone else has imported it or asks for CUB.

    With CUB they are compiled anew in every process, 0.7 s each: the first fit took 7 s instead of 0.8.
    """
    ours = "cupy" not in sys.modules and "CUPY_ACCELERATORS" not in os.environ
    cupy = importlib.import_module("cupy")
    if ours and hasattr(cupy, "_core"):
        cupy._core.set_reduction_accelerators([])
    return cupy


# ---- the choice ----------------------------------------------------------------------------
_ASKED_CPU = Dispatch("cpu", "asked for")
_ASKED_CUDA = Dispatch("cuda", "asked for")
_DATA_ON_GPU = Dispatch("cuda", "the data lives on the GPU")
_WORK_UNKNOWN = Dispatch("cpu", "the data is on the host and the work is not known")


def choose(device: str | None = None, X=None, *, work: float | None = None) -> Device:
    """Choose the device of a computation.

    ``"auto"`` takes CUDA when `X` already lives on a GPU. For data on the host it takes CUDA when the time of
    moving it there, computing and, the first time, compiling is estimated at less than half the time on the
    CPU. The estimates are the constants at the top of this module.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}, default=None
        None means the configuration's ``device``.

    X : array-like, default=None
        The data.

    work : float, default=None
        Estimated floating-point operations of the whole computation. None means unknown, and then data on
        the host stays there.

    Returns
    -------
    device : Device
        Its name and the reason are kept for `last_dispatch`.

    Raises
    ------
    DeviceUnavailableError
        If ``"cuda"`` is asked for and cannot be used.

    FallbackError
        If the data lives on a GPU, CUDA cannot be used, and ``on_fallback="raise"``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._device import choose
    >>> choose("cpu", np.eye(3))
    <device cpu>
    """
    if device is None:
        device = _config.current()["device"]
    if device == "cpu":
        return _take(CPU, _ASKED_CPU)
    if device == "cuda":
        if why_no_cuda():
            raise DeviceUnavailableError(f"device='cuda' was asked for, but {why_no_cuda()}.")
        return _take(CUDA, _ASKED_CUDA)
    if device != "auto":
        raise ValueError(f"device must be one of 'auto', 'cpu', 'cuda' or None. Got {device!r} instead.")
    if is_cuda_array(X):
        if not why_no_cuda():
            return _take(CUDA, _DATA_ON_GPU)
        report_fallback("computing on the CPU data that lives on a GPU", why_no_cuda())
        return _take(CPU, _no_cuda(why_no_cuda()))
    return _choose_for_host_data(X, work)


def _choose_for_host_data(X, work):
    if _why_no_driver():
        return _take(CPU, _no_cuda(_why_no_driver()))
    if work is None:
        return _take(CPU, _WORK_UNKNOWN)
    from ._threads import effective_threads

    on_cpu = work / (CPU_OPERATIONS_PER_S * effective_threads(work))
    on_cuda = CUDA_LAUNCH_S + getattr(X, "nbytes", 0) / TRANSFER_BYTES_PER_S + work / CUDA_OPERATIONS_PER_S
    if "cupy" not in sys.modules:
        on_cuda += CUDA_START_S
    estimate = f"estimated {on_cpu:.2g} s on the CPU, {on_cuda:.2g} s on the GPU with the transfer"
    if 2 * on_cuda >= on_cpu:
        return _take(CPU, Dispatch("cpu", f"the work does not outweigh the transfer: {estimate}"))
    if why_no_cuda():
        return _take(CPU, _no_cuda(why_no_cuda()))
    return _take(CUDA, Dispatch("cuda", f"the work outweighs the transfer: {estimate}"))


@functools.cache
def _no_cuda(reason):
    return Dispatch("cpu", reason)


def _take(device, dispatch):
    record(dispatch)
    return device


# ---- validation of data on a GPU -----------------------------------------------------------
def check_cuda_array(estimator, X, *, reset: bool, **checks):
    """Validate data that lives on a GPU, as scikit-learn validates an ndarray.

    Ordinary data is checked where it is. Anything else is copied to the host and goes through scikit-learn's
    own validation, so that the errors are its errors.

    Parameters
    ----------
    estimator : estimator or None
        Its ``n_features_in_`` is set or compared; None for a function's data.

    X : CuPy array, torch CUDA tensor or the like of shape (n_samples, n_features)
        The data.

    reset : bool
        True in ``fit``, False afterwards.

    **checks : dict
        Passed on to `fastml._validation.check_X` when the data is not ordinary.

    Returns
    -------
    X : CuPy array of shape (n_samples, n_features)
        float32 or float64, C-contiguous; the same memory when it was so already.
    """
    data = CUDA.asarray(X)
    if data.dtype not in FLOATS and data.dtype.kind in "iubf":
        data = data.astype(np.float64)
    known = {} if estimator is None else vars(estimator)
    expected = data.shape[-1] if reset else known.get("n_features_in_", data.shape[-1])
    ordinary = (
        data.ndim == 2
        and data.dtype in FLOATS
        and data.shape[0] > checks.get("ensure_min_samples", 1) - 1
        and 0 < data.shape[1] == expected
        and "feature_names_in_" not in known
        and bool(CUDA.xp.isfinite(data.sum()))
    )
    if not ordinary:
        from ._validation import check_X

        return CUDA.asarray(check_X(estimator, _to_host(data), reset=reset, **checks))
    if reset and estimator is not None:
        estimator.n_features_in_ = data.shape[1]
    return data
