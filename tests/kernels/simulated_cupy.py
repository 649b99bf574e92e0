"""What fastml uses of CuPy, over NumPy, for machines without a GPU.

As strict as CuPy about where data lives: an array of this module and an ndarray do not mix, and only `get`,
`asnumpy` and `item` lead back to the host. Reductions give arrays of no dimensions, as CuPy's do.
"""

import types

import numpy as np

DTYPES = "bool_ int8 uint8 int32 int64 uint32 uint64 float32 float64 inf nan newaxis pi"
FUNCTIONS = """
    abs add all any arange argmax argmin argsort bincount broadcast_to clip concatenate cumsum diff divide dot
    empty empty_like exp expand_dims fill_diagonal flatnonzero floor full full_like isfinite isinf isnan
    lexsort log log1p log2 matmul max maximum mean min minimum multiply nan_to_num nanmax nanmin nextafter
    ones ones_like prod ravel repeat rint round searchsorted sign sort sqrt square stack subtract sum take
    take_along_axis unique where
    zeros zeros_like
"""
OPERATORS = """
    add sub mul truediv floordiv mod pow matmul and or xor lshift rshift lt le gt ge eq ne neg pos abs invert
    radd rsub rmul rtruediv rfloordiv rpow rand ror iadd isub imul itruediv ior iand
"""
METHODS = """
    all any argmax argmin argsort astype clip copy cumsum dot fill max mean min prod ravel repeat reshape
    round sort squeeze std sum swapaxes take transpose var view
"""


class ndarray:
    """An array that lives "on the GPU"."""

    __array_priority__ = 100
    __hash__ = None

    def __init__(self, host):
        self.host = host

    shape = property(lambda self: self.host.shape)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    dtype = property(lambda self: self.host.dtype)
    nbytes = property(lambda self: self.host.nbytes)
    itemsize = property(lambda self: self.host.itemsize)
    flags = property(lambda self: self.host.flags)
    strides = property(lambda self: self.host.strides)
    data = property(lambda self: types.SimpleNamespace(ptr=self.host.ctypes.data))
    T = property(lambda self: wrap(self.host.T))
    __cuda_array_interface__ = property(lambda self: self.host.__array_interface__)

    def get(self):
        """Copy to the host."""
        return self.host.copy()

    def item(self, *index):
        """Copy a value to the host."""
        return self.host.item(*index)

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Use `.get()`.")

    def __getitem__(self, index):
        return wrap(self.host[_index(index)])

    def __setitem__(self, index, value):
        self.host[_index(index)] = unwrap(value)

    def __len__(self):
        return len(self.host)

    def __bool__(self):
        return bool(self.host)

    def __int__(self):
        return int(self.host)

    def __float__(self):
        return float(self.host)

    def __index__(self):
        raise TypeError("CuPy arrays are no indices on the host")

    def __repr__(self):
        return f"simulated {self.host!r}"


def _index(index):
    """An index for NumPy; CuPy takes index arrays from the host too."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    return index.host if isinstance(index, ndarray) else index


def wrap(value):
    """What a NumPy function returned, as CuPy returns it."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(wrap, value))
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    return value


def unwrap(value):
    """What NumPy computes with; host arrays are refused."""
    if isinstance(value, ndarray):
        return value.host
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError(f"Unsupported type {np.ndarray}: the array is on the host")
    if isinstance(value, (tuple, list)):
        return type(value)(map(unwrap, value))
    return value


def _on_device(function):
    def call(*args, **kwargs):
        return wrap(function(*map(unwrap, args), **{name: unwrap(value) for name, value in kwargs.items()}))

    return call


for _name in FUNCTIONS.split():
    globals()[_name] = _on_device(getattr(np, _name))
for _name in DTYPES.split():
    globals()[_name] = getattr(np, _name)
for _name in OPERATORS.split():
    setattr(ndarray, f"__{_name}__", _on_device(getattr(np.ndarray, f"__{_name}__")))
for _name in METHODS.split():
    setattr(ndarray, _name, _on_device(getattr(np.ndarray, _name)))
ndarray.__module__ = "cupy"


def asarray(a, dtype=None, order=None):
    """Copy to the device, or take what is there."""
    if isinstance(a, ndarray):
        host = np.asarray(a.host, dtype, order=order or "K")
        return a if host is a.host else ndarray(host)
    return ndarray(np.array(a, dtype, order=order or "K"))


def ascontiguousarray(a, dtype=None):
    """`asarray` in C order."""
    return asarray(a, dtype, order="C")


array = asarray


def asnumpy(a):
    """Copy to the host."""
    return a.get()


def _current_stream():
    return types.SimpleNamespace(ptr=0, synchronize=lambda: None)


cuda = types.SimpleNamespace(get_current_stream=_current_stream)
