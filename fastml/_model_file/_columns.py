"""Columns of numbers in as few bytes as hold them exactly."""

from __future__ import annotations

import numpy as np

__all__ = ["Damaged", "pack", "pack_flags", "require", "unpack", "unpack_flags"]

INTEGERS = tuple(map(np.dtype, ("u1", "i1", "u2", "i2", "u4", "i4", "i8")))
FEW = 4  # a table of the distinct values pays where each occurs as often
STEPS = 256  # parts that the distance between two neighbouring float32 is divided into


class Damaged(ValueError):
    """A file holds what no model has."""


def require(condition, what):
    """Raise `Damaged` unless a condition holds.

    Parameters
    ----------
    condition : bool
        What a model that was saved fulfils.
    what : str
        What is wrong otherwise.
    """
    if not condition:
        raise Damaged(what)


def pack(values, constant=True):
    """Bring numbers into the smallest form that `unpack` makes the same numbers of, to the last bit.

    Parameters
    ----------
    values : ndarray of shape (n,)
        int64 or float64.
    constant : bool, default=True
        Whether one number may stand for equal ones. Without it the form is as long as the column.

    Returns
    -------
    packed : dict of str to ndarray
        For `unpack`.
    """
    bits = values.view(np.int64)
    if constant and len(values) > 1 and (bits == bits[0]).all():
        values = values[:1]
    if values.dtype.kind == "i":
        return {"values": values.astype(_smallest(values))}
    with np.errstate(invalid="ignore", over="ignore"):
        for form in (_as_integers, _as_float32, _as_table, _as_fractions):
            packed = form(values)
            if (
                packed
                and (unpack(packed, len(values), np.float64).view(np.int64) == values.view(np.int64)).all()
            ):
                return packed
    return {"values": values}


def _smallest(values):
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    return next(dtype for dtype in INTEGERS if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max)


def _as_integers(values):
    if not np.isfinite(values).all() or (np.abs(values) >= 2**31).any():
        return None
    integers = values.astype(np.int64)
    return {"values": integers.astype(_smallest(integers))}


def _as_float32(values):
    return {"values": values.astype(np.float32)}


def _as_table(values):
    table, codes = np.unique(values.view(np.int64), return_inverse=True)
    if len(table) * FEW > len(values):
        return None
    return {"table": table.view(np.float64), "values": codes.astype(_smallest(codes))}


def _as_fractions(values):
    """The next smaller float32, and how far above it: thresholds lie half-way between two of them."""
    low = values.astype(np.float32)
    low = np.where(low > values, np.nextafter(low, np.float32(-np.inf)), low)
    part = (values - low) / _distance(low)
    codes = np.nan_to_num(part * STEPS, posinf=0.0, neginf=0.0)
    return {"values": low, "fractions": codes.clip(0, STEPS - 1).astype(np.uint8)}


def _distance(low):
    return np.abs(np.spacing(low)).astype(np.float64)


def unpack(packed, n, dtype):
    """Return the numbers that `pack` was given.

    Parameters
    ----------
    packed : dict of str to ndarray
        What it returned.
    n : int
        How many they are.
    dtype : dtype
        Theirs.

    Returns
    -------
    values : ndarray of shape (n,)
        The numbers; a new array.

    Raises
    ------
    Damaged
        If this is no packed column of that length.
    """
    dtype = np.dtype(dtype)
    require(isinstance(packed, dict) and "values" in packed, "a column is missing")
    require(packed.keys() <= {"values", "fractions", "table"}, "a column has unknown parts")
    for part in packed.values():
        require(isinstance(part, np.ndarray) and part.ndim == 1, "a column is no array")
    values = packed["values"]
    require(len(values) in (n, 1), "a column has another length than its tree")
    if dtype.kind == "i" or "table" in packed:
        require(values.dtype.kind in "iu", "a column of integers holds other numbers")
    require(values.dtype.kind in "iuf", "a column holds no numbers")
    if "table" in packed:
        table = packed["table"]
        require(table.dtype == np.float64, "a table holds no numbers")
        require(
            not len(values) or 0 <= values.min() <= values.max() < len(table), "a code is not in its table"
        )
        values = table[values]
    if "fractions" in packed:
        fractions = packed["fractions"]
        right = values.dtype == np.float32 and fractions.dtype == np.uint8 and len(fractions) == len(values)
        require(right, "a column's fractions do not fit it")
        values = values.astype(np.float64) + fractions * (_distance(values) / STEPS)
    out = np.empty(n, dtype)
    out[:] = values
    return out


def pack_flags(flags):
    """Bring flags into a bit each.

    Parameters
    ----------
    flags : ndarray of shape (n,)
        Anything with a truth.

    Returns
    -------
    bits : ndarray of shape (ceil(n / 8),), uint8
        The bits; empty if no flag is set.
    """
    return np.packbits(flags != 0) if np.any(flags) else np.empty(0, np.uint8)


def unpack_flags(bits, n):
    """Return the flags that `pack_flags` was given.

    Parameters
    ----------
    bits : ndarray
        What it returned.
    n : int
        How many they are.

    Returns
    -------
    flags : ndarray of shape (n,), bool
        The flags.

    Raises
    ------
    Damaged
        If there are not as many.
    """
    require(isinstance(bits, np.ndarray) and bits.dtype == np.uint8 and bits.ndim == 1, "flags are no bits")
    if not len(bits):
        return np.zeros(n, bool)
    require(len(bits) == -(-n // 8), "flags have another length than their tree")
    return np.unpackbits(bits, count=n).astype(bool)
