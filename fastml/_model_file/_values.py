"""Models as JSON and arrays: what they consist of, written down without a trace of code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._discovery import all_estimators
from .._lazy import sk
from .._parameters import validate_params
from ._checks import check_model
from ._columns import require
from ._kinds import KINDS, kind_of

__all__ = ["Reader", "Writer"]

ARRAYS = {np.dtype(name) for name in ("?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8")}
ITEMS = (type(None), bool, int, float, str)  # of an array of objects
CODE_POINTS = 0x110000
DEEPEST = 100  # values within values
INFINITIES = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


# What their kernels rely on (the features of each tree, which samples were drawn) is not checked on loading.
UNCHECKED = {
    f"{name}{kind}"
    for name in ("AdaBoost", "Bagging", "GradientBoosting")
    for kind in ("Classifier", "Regressor")
} | {"NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"}


def _class_of(name) -> Any:
    """Return the class of that name that can be saved: one of fastml's, or the pipeline; else None."""
    if name == "Pipeline":
        return sk("sklearn.pipeline.Pipeline")
    return None if name in UNCHECKED else dict(all_estimators()).get(name)


# ---- writing --------------------------------------------------------------------------------------------
class Writer:
    """Turns a value into JSON; arrays are put aside.

    Attributes
    ----------
    arrays : dict of str to ndarray
        What the JSON refers to by name.
    """

    def __init__(self):
        self.arrays: dict = {}
        self._names: dict = {}  # an array that occurs twice is kept once
        self._alive: list = []  # so that no other array gets the id of one that was seen

    def write(self, value, where) -> Any:
        """Write a value.

        Parameters
        ----------
        value : object
            The value.
        where : tuple of str
            How to get to it, for errors.

        Returns
        -------
        written : object
            What `json` takes.

        Raises
        ------
        TypeError
            For a value that cannot be saved.
        """
        if len(where) > DEEPEST:
            raise TypeError(f"{_path(where[:5])} holds values within values, too deep to be saved")
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, np.generic):
            return self._write_scalar(value, where)
        if kind is np.ndarray:
            return self._write_array(value, where)
        name = kind_of(value)
        if name is not None:
            return {"kind": [name, self.write(KINDS[name].save(value), where)]}
        if kind in (list, tuple, set, frozenset):
            items = sorted(value, key=repr) if kind in (set, frozenset) else value
            written = [self.write(item, (*where, f"[{i}]")) for i, item in enumerate(items)]
            return written if kind is list else {kind.__name__: written}
        if kind is dict:
            return {
                "dict": [
                    [self.write(k, where), self.write(v, (*where, f"[{k!r}]"))] for k, v in value.items()
                ]
            }
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self.write_estimator(value, where)
        raise TypeError(
            f"{_path(where)} cannot be saved: it is {_describe(value)}. Models consist of numbers, strings, "
            "arrays, collections of these, and fastml's own estimators."
        )

    def write_estimator(self, est, where=()) -> dict:
        """Write an estimator.

        Parameters
        ----------
        est : estimator
            One of fastml's.
        where : tuple of str, default=()
            How to get to it, for errors.

        Returns
        -------
        written : dict
            What `json` takes.

        Raises
        ------
        TypeError
            For a class that cannot be saved, or an estimator with a parameter or an attribute that cannot.
        """
        name = type(est).__name__
        if _class_of(name) is not type(est):
            at = f"{_path(where)}: " if where else ""
            raise TypeError(
                f"{at}{_describe(est)} cannot be saved: only fastml's own estimators and pipelines can, but "
                f"not {', '.join(sorted(UNCHECKED))}"
            )
        params = est.get_params(deep=False)
        state = {key: value for key, value in est.__getstate__().items() if key not in params}
        where = where or (name,)
        written = {
            part: {key: self.write(value, (*where, f".{key}")) for key, value in values.items()}
            for part, values in (("params", params), ("state", state))
        }
        return {"estimator": {"class": name, **written}}

    def _write_scalar(self, value, where):
        if isinstance(value, np.str_):
            return {"scalar": ["str", str(value)]}
        if value.dtype not in ARRAYS:
            raise TypeError(f"{_path(where)} cannot be saved: it is a number of the dtype {value.dtype}")
        return {"scalar": [value.dtype.name, self.write(value.item(), where)]}

    def _write_array(self, array, where):
        if array.dtype == object:
            items = array.ravel().tolist()
            strange = next((item for item in items if type(item) not in ITEMS), None)
            if strange is not None:
                raise TypeError(f"{_path(where)} cannot be saved: an array that holds {_describe(strange)}")
            return {"objects": [self.write(item, where) for item in items], "shape": list(array.shape)}
        written = {"array": self._put(array, where)}
        if array.flags.fnc:  # contiguous the Fortran way only
            written["order"] = "F"
        if not array.dtype.isnative or array.dtype.kind in "US":
            written["dtype"] = array.dtype.str
        return written

    def _put(self, array, where):
        """Put an array aside, under a name."""
        name = self._names.get(id(array))
        if name is not None:
            return name
        plain = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
        plain = np.require(plain.T if plain.flags.fnc else plain, requirements="C")
        if plain.dtype.kind in "US":
            unit = np.uint32 if plain.dtype.kind == "U" else np.uint8
            plain = plain.reshape(*plain.shape, 1).view(unit)
        if plain.dtype not in ARRAYS:
            raise TypeError(f"{_path(where)} cannot be saved: it is an array of the dtype {array.dtype}")
        name = self._names[id(array)] = str(len(self.arrays))
        self._alive.append(array)
        self.arrays[name] = plain
        return name


def _path(where):
    return "".join(where)


def _describe(value):
    kind = type(value)
    if isinstance(value, type) or callable(value) and hasattr(value, "__qualname__"):
        return f"{getattr(value, '__module__', '')}.{value.__qualname__}"
    return f"an object of the class {kind.__module__}.{kind.__qualname__}"


# ---- reading --------------------------------------------------------------------------------------------
class Reader:
    """Turns what `Writer` wrote into values. Nothing but what is listed here is ever made.

    Parameters
    ----------
    get_array : callable
        Returns the array of a name.
    """

    def __init__(self, get_array):
        self._get_array = get_array
        self._arrays: dict = {}

    def read(self, written, depth=0) -> Any:
        """Read a value.

        Parameters
        ----------
        written : object
            JSON.
        depth : int, default=0
            How many values this one is in.

        Returns
        -------
        value : object
            The value.

        Raises
        ------
        Damaged
            For what no `Writer` has written.
        """
        require(depth <= 2 * DEEPEST, "values are within values, too deep")
        if written is None or type(written) in (bool, int, float, str):
            return written
        if type(written) is list:
            return [self.read(item, depth + 1) for item in written]
        require(type(written) is dict and len(written) > 0, "a value is of an unknown form")
        tag = next(iter(written))
        require(tag in self._TAGS, f"a value is of the unknown kind {tag!r}")
        return self._TAGS[tag](self, written, depth + 1)

    def _read_float(self, written, depth):
        return INFINITIES[written["float"]]

    def _read_scalar(self, written, depth):
        name, value = written["scalar"]
        if name == "str":
            return np.str_(value)
        dtype = np.dtype(str(name))
        require(dtype in ARRAYS, f"a number has the dtype {name}")
        return dtype.type(self.read(value, depth))

    def _read_tuple(self, written, depth):
        return tuple(self.read(item, depth) for item in written["tuple"])

    def _read_set(self, written, depth):
        return set(self._read_items(written["set"], depth))

    def _read_frozenset(self, written, depth):
        return frozenset(self._read_items(written["frozenset"], depth))

    def _read_items(self, items, depth):
        return [self.read(item, depth) for item in items]

    def _read_dict(self, written, depth):
        return {self.read(key, depth): self.read(value, depth) for key, value in written["dict"]}

    def _read_objects(self, written, depth):
        items, shape = self._read_items(written["objects"], depth), written["shape"]
        require(all(type(item) in ITEMS for item in items), "an array holds objects")
        require(all(type(n) is int and n >= 0 for n in shape), "an array has no shape")
        require(math.prod(shape) == len(items), "an array has another shape")
        array = np.empty(len(items), object)
        array[:] = items
        return array.reshape(shape)

    def _read_array(self, written, depth):
        name, order, dtype = written["array"], written.get("order"), written.get("dtype")
        key = name, order, dtype
        if key not in self._arrays:
            self._arrays[key] = self._make_array(name, order, dtype)
        return self._arrays[key]

    def _make_array(self, name, order, dtype):
        array = np.array(self._get_array(name), order="C")
        require(array.dtype in ARRAYS, "an array is of an unknown dtype")
        if dtype is not None:
            array = _restore_dtype(array, np.dtype(str(dtype)))
        return array.T if order == "F" else array

    def _read_kind(self, written, depth):
        name, state = written["kind"]
        require(name in KINDS, f"a value is of the unknown kind {name!r}")
        return KINDS[name].load(self.read(state, depth))

    def read_estimator(self, written, depth=0) -> Any:
        """Read an estimator.

        Parameters
        ----------
        written : dict
            JSON.
        depth : int, default=0
            How many values this one is in.

        Returns
        -------
        est : estimator
            The estimator.

        Raises
        ------
        Damaged
            If it is none of fastml's, or is not one that could have been saved.
        """
        require(type(written) is dict and type(written.get("estimator")) is dict, "there is no estimator")
        described = written["estimator"]
        name = described["class"]
        require(isinstance(name, str), "an estimator has no class")
        cls = _class_of(name)
        require(cls is not None, f"{name!r} is no estimator of fastml's")
        params, state = (
            {key: self.read(value, depth + 1) for key, value in described[part].items()}
            for part in ("params", "state")
        )
        unknown = params.keys() - set(cls._get_param_names())
        require(not unknown, f"{name} has no parameter {', '.join(sorted(unknown))}")
        for key in state:
            require(key.isidentifier() and not key.startswith("__"), f"{key!r} is no attribute")
            require(
                key not in params and not hasattr(cls, key), f"{key!r} is no attribute of a fitted {name}"
            )
        made = cls(**params)
        if name != "Pipeline":
            validate_params(made)
        made.__setstate__({**vars(made), **state})
        check_model(made)
        return made

    _TAGS = {
        "array": _read_array,
        "dict": _read_dict,
        "estimator": read_estimator,
        "float": _read_float,
        "frozenset": _read_frozenset,
        "kind": _read_kind,
        "objects": _read_objects,
        "scalar": _read_scalar,
        "set": _read_set,
        "tuple": _read_tuple,
    }


def _restore_dtype(array, dtype):
    """Make an array of strings, or one of another byte order, from its plain form."""
    if dtype.kind not in "US":
        require(dtype.kind in "iuf" and dtype.newbyteorder("=") == array.dtype, "an array has another dtype")
        return array.astype(dtype)
    unit = np.uint32 if dtype.kind == "U" else np.uint8
    right = array.dtype == unit and array.ndim > 0 and array.shape[-1] * array.itemsize == dtype.itemsize > 0
    require(right, "an array of strings has another width")
    require(dtype.kind == "S" or not array.size or array.max() < CODE_POINTS, "a string holds no character")
    native = array.view(dtype.newbyteorder("="))[..., 0]
    return native if dtype.isnative else native.astype(dtype)
