"""What clones of one estimator share: work that a parameter search would do again for every candidate.

scikit-learn's searches clone an estimator once, and that clone for every candidate and fold. They keep the
first clone only while they search. So what its clones compute of the same data is kept with it, for each
other: the search itself is scikit-learn's, and when it is over nothing is kept any more. Several levels of
clones there are where an estimator in another one is searched.

Where clones are made for other reasons (the members of an ensemble, say), they live on. So nothing is kept
before a clone has gone, nor when all have. Copies and pickles share nothing: other processes compute for
themselves.

Data is the same if it has the same bits: it is compared with a copy, as arrays may have been written to. What
is kept, those copies included, takes no more than ``working_memory`` of the configuration, in all searches
together; once that is full, what there is stays, because a search comes back to all of it in turn.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._config import current

__all__ = ["SharesWork", "borrow"]

BLOCK = 1 << 15  # values that are compared at once
PROBES = 64  # values of an array that are looked at first

_clones: dict[int, _Clone] = {}  # by the id of the estimator, as long as it lives
_all_shared: weakref.WeakSet[_Shared] = weakref.WeakSet()


class SharesWork:
    """Mixin of estimators whose clones share work; it stands to the left of all that `clone`."""

    def __sklearn_clone__(self):
        clone = super().__sklearn_clone__()
        _link(self, clone)
        return clone


@contextmanager
def borrow(est: Any, what: tuple, arrays: tuple | None, make: Callable[[], Any]) -> Iterator[Any]:
    """Take what a clone of the same estimator has left of the same data; it is left for others in turn.

    Nobody else has it meanwhile, so that it may be added to. If the block raises, it is lost.

    Parameters
    ----------
    est : SharesWork
        Who asks.
    what : tuple
        What it is, with all parameters that it depends on; hashable.
    arrays : tuple of ndarray or None, or None
        The data that it depends on, contiguous; left as it is until the end of the block. Without it
        nothing is shared.
    make : callable
        Called without arguments if there is none. Its result has an attribute ``nbytes``, or is a tuple of
        arrays.

    Yields
    ------
    value : object
        What `make` has returned, now or for another clone.
    """
    shared = None if arrays is None else _shared_by(est)
    if shared is None:
        yield make()
    else:
        with shared.lend(what, arrays, make) as value:
            yield value


def _shared_by(est):
    """Return where a clone shares: in the topmost level from which clones have gone; or None."""
    found = None
    clone = _clones.get(id(est))
    shared = clone.above() if clone else None
    while shared is not None:
        if shared.one_has_gone:
            found = shared
        shared = shared.above()
    return found


# ---- who is whose clone ----------------------------------------------------------------------------------
class _Clone:
    """A living clone: where it shares, and where its own clones do."""

    def __init__(self, est, above):
        self.above = above
        self.shared = None
        key = id(est)
        self._reference = weakref.ref(est, lambda _: _part(key))


def _link(est, clone):
    """Remember a clone; it shares with others of the same estimator if that is a clone itself."""
    if id(clone) in _clones:
        return
    origin, above = _clones.get(id(est)), _nowhere
    if origin is not None:
        if origin.shared is None:
            origin.shared = _Shared(origin.above)
        origin.shared.living.add(id(clone))
        above = weakref.ref(origin.shared)
    _clones[id(clone)] = _Clone(clone, above)


def _part(key):
    """Forget a clone that is gone. No locks: this may happen at any time."""
    shared = _clones.pop(key).above()
    if shared is not None:
        shared.living.discard(key)
        shared.one_has_gone = True
        if not shared.living:
            shared.clear()


def _nowhere():
    return None


# ---- what is kept ----------------------------------------------------------------------------------------
class _Shared:
    """What the clones of an estimator keep for each other."""

    def __init__(self, above):
        self.above = above
        self.living: set = set()
        self._lock = threading.Lock()
        self.clear()
        _all_shared.add(self)

    def clear(self):
        """Begin anew. No locks: see `_part`."""
        self.one_has_gone = False
        self.known = _Known()

    @contextmanager
    def lend(self, what, arrays, make):
        """See `borrow`."""
        known = self.known
        with self._lock:
            copies = [known.copy_of(array) for array in arrays]
            value = known.take(what, copies)
        if value is None:
            value = make()
        yield value
        with self._lock:
            if known is self.known:  # else it was cleared meanwhile
                known.keep(what, arrays, copies, value)


class _Known:
    """Values, and copies of the arrays that they were computed from."""

    def __init__(self):
        self.nbytes = 0
        self._copies: dict = {}  # what is seen of an array at a glance -> copies
        self._values: dict = {}  # (what it is, copies) -> value

    def copy_of(self, array):
        """Find the copy of an array; None if there is none."""
        alike = () if array is None else self._copies.get(_glance(array), ())
        return next((copy for copy in alike if _same_bits(copy.array, array)), None)

    def take(self, what, copies):
        """Return a value, and keep it no longer; None if there is none."""
        value = self._values.pop((what, *copies), None)
        if value is not None:
            self.nbytes -= _size(value)
        return value

    def keep(self, what, arrays, copies, value):
        """Keep a value if there is memory for it, with copies of the arrays that have none."""
        new = [array for array, copy in zip(arrays, copies) if copy is None and array is not None]
        more = _size(value) + sum(array.nbytes for array in new)
        used = sum(shared.known.nbytes for shared in list(_all_shared))
        if (what, *copies) in self._values or used + more > current()["working_memory"] * 2**20:
            return
        self.nbytes += more
        copies = [copy or self._copy(array) for array, copy in zip(arrays, copies)]
        self._values[(what, *copies)] = value

    def _copy(self, array):
        if array is None:
            return None
        copy = _Copy(array)
        self._copies.setdefault(_glance(array), []).append(copy)
        return copy


class _Copy:
    """The copy of an array, which stands for all that are the same."""

    def __init__(self, array):
        self.array = array.copy(order="K")


def _size(value):
    return sum(part.nbytes for part in value) if isinstance(value, tuple) else value.nbytes


def _glance(array):
    """What arrays that are the same have in common, and others hardly ever have."""
    values = _bits(array)
    return array.shape, array.strides, array.dtype, values[:: len(values) // PROBES + 1].tobytes()


def _same_bits(a, b):
    a, b = _bits(a), _bits(b)
    return all(np.array_equal(a[k : k + BLOCK], b[k : k + BLOCK]) for k in range(0, len(a), BLOCK))


def _bits(array):
    return array.ravel(order="K").view(f"u{array.itemsize}")
