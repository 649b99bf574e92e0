"""Kernel matrices, of which some rows are needed: data that they are computed from, and what was computed."""

from __future__ import annotations

import numpy as np

from .._device import CPU, is_sparse

__all__ = ["GivenMatrix", "KeptRows", "RowCache", "Source"]


class Source:
    """Data and a kernel function, laid out for computing their matrix.

    Parameters
    ----------
    device : Device
        Where the data is.
    kernels : module
        `kernel_functions` or `sparse_kernel_functions` of the device.
    points : Points
        The rows, laid out by that module.
    """

    def __init__(self, device, kernels, points):
        self.device = device
        self.kernels = kernels
        self.points = points
        self.n_rows = points.n_rows

    @property
    def nbytes(self) -> int:
        """Memory of the rows as they are laid out."""
        rows, *others = self.points[:-3]
        stored = (rows.data, rows.indices, rows.indptr) if is_sparse(rows) else (rows,)
        return sum(array.nbytes for array in (*stored, *others) if array is not None)

    def part(self, picks):
        """Take some of the rows, as another source."""
        return Source(self.device, self.kernels, self.kernels.take_points(self.points, self._there(picks)))

    def cache(self, capacity):
        """Make what the rows are asked of, which keeps as many of them."""
        return RowCache(self, capacity)

    def whole(self):
        """Compute all rows."""
        values = self.device.empty((self.n_rows, self.n_rows), np.float32)
        self.kernels.kernel_matrix(self.points, values)
        return GivenMatrix(self.device, values)

    def on_host(self):
        """Compute the matrix; return what `GivenMatrix.on_host` does."""
        return self.whole().on_host()

    def fill(self, picks, slots, values_out):
        """Compute some rows, each into a row of `values_out`."""
        self.kernels.kernel_rows(self.points, self._there(picks), self._there(slots), values_out)

    def decide(self, asked, picks, coefficients):
        """Sum the kernel values of rows with some others, times coefficients."""
        left = self.kernels.take_points(self.points, self._there(asked), pack_columns=False)
        right = self.kernels.take_points(self.points, self._there(picks))
        sums = self.device.empty((1, len(asked)), np.float64)
        self.kernels.sum_kernel_rows(left, right, self.device.asarray(coefficients[None]), sums)
        return self.device.to_host(sums)[0]

    def _there(self, picks):
        return self.device.asarray(picks)


class KeptRows:
    """A source that keeps the rows it has computed, for machines that are trained with the same ones.

    Parameters
    ----------
    source : Source
        What computes them.
    """

    def __init__(self, source):
        self.source = source
        self.n_rows = source.n_rows
        self._whole = self._some = None

    @property
    def nbytes(self) -> int:
        """Memory of the source, and for the rows."""
        matrices = [matrix for matrix in (self._whole, self._some) if matrix is not None]
        return self.source.nbytes + sum(matrix.values.nbytes for matrix in matrices)

    def part(self, picks):
        """Take some of the rows, as another source, which keeps nothing."""
        return self.source.part(picks)

    def cache(self, capacity):
        """Return what the rows are asked of, which keeps as many of them."""
        if self._some is None or self._some.capacity != min(capacity, self.n_rows):
            self._some = self.source.cache(capacity)
        return self._some

    def whole(self):
        """Return all rows."""
        if self._whole is None:
            self._whole = self.source.whole()
        return self._whole

    def on_host(self):
        """Compute the matrix; return what `GivenMatrix.on_host` does."""
        return self.whole().on_host()

    def decide(self, asked, picks, coefficients):
        """Sum the kernel values of rows with some others, times coefficients."""
        return self.source.decide(asked, picks, coefficients)


class GivenMatrix:
    """A kernel matrix that is there: a source of its rows, and in the place of a cache.

    Parameters
    ----------
    device : Device
        Where it is.
    values : float32 array of shape (n_all, n_all)
        A matrix.
    picks : int64 ndarray of shape (n_rows,), default=None
        The rows and columns of it that count; None means all.
    """

    def __init__(self, device, values, picks=None):
        self.device = device
        self.values = values
        self.picks = picks
        self.n_rows = self.capacity = len(values) if picks is None else len(picks)

    def part(self, picks):
        """Take the matrix of some of the rows."""
        return GivenMatrix(self.device, self.values, self._named(picks))

    def cache(self, capacity):
        """Return what the rows are asked of: this matrix."""
        return self if self.picks is None else GivenMatrix(self.device, self._block(self.picks, self.picks))

    def whole(self):
        """Return all rows."""
        return self

    def on_host(self):
        """Return a matrix on the host, and the rows and columns of it that count."""
        if self.device is CPU and self.picks is not None:
            return self.values, self.picks
        values = self.values if self.picks is None else self._block(self.picks, self.picks)
        return self.device.to_host(values), np.arange(self.n_rows)

    def fetch(self, picks):
        """Return where in `values` the rows are."""
        return picks

    def decide(self, asked, picks, coefficients):
        """Sum the kernel values of rows with some others, times coefficients."""
        block = self._block(self._named(asked), self._named(picks))
        return self.device.to_host(block) @ coefficients

    def _named(self, picks):
        return picks if self.picks is None else self.picks[picks]

    def _block(self, rows, columns):
        rows, columns = self.device.asarray(rows), self.device.asarray(columns)
        return self.device.xp.ascontiguousarray(self.values[rows[:, None], columns])


class RowCache:
    """Kernel rows, computed when they are first asked for; the least recently used make room.

    Parameters
    ----------
    source : Source
        What computes them.
    capacity : int
        How many rows are kept.
    """

    def __init__(self, source, capacity):
        self.source = source
        self.n_rows = source.n_rows
        self.capacity = min(capacity, self.n_rows)
        self.values = source.device.empty((self.capacity, self.n_rows), np.float32)
        self._slot = np.full(self.n_rows, -1)
        self._row = np.full(self.capacity, -1)
        self._last_use = np.zeros(self.capacity, np.int64)
        self._now = 0

    def fetch(self, picks):
        """Return where in `values` the rows are, of which there are no more than `capacity`."""
        self._now += 1
        picks, where = np.unique(picks, return_inverse=True)
        slots = self._slot[picks]
        self._last_use[slots[slots >= 0]] = self._now
        missing = picks[slots < 0]
        if len(missing):
            free = np.sort(np.argpartition(self._last_use, len(missing) - 1)[: len(missing)])
            evicted = self._row[free]
            self._slot[evicted[evicted >= 0]] = -1
            self._row[free] = -1  # until they are computed, which may be interrupted
            self.source.fill(missing, free, self.values)
            self._row[free], self._slot[missing], self._last_use[free] = missing, free, self._now
            slots = self._slot[picks]
        return slots[where]
