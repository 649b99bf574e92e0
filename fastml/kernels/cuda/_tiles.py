"""Register tiles: how a block of 256 threads goes through the features of rows of X and of Y.

A square tile pairs TILE rows of X with TILE rows of Y; a thread keeps MICRO x MICRO totals in registers. A
narrow tile pairs BLOCK rows of X, one for each thread, with NARROW rows of Y. Both go through shared memory,
DEPTH features at a time, stored feature by feature, so that a thread reads neighbours in 128-bit loads. What
becomes of a pair of values is said by a step: `total = step(total, x, y, p)`.
"""

from .._cuda import BLOCK, Constant, T, cuda, helper, u32

DEPTH = 8
SIDE = 16  # the threads of a square tile stand in SIDE rows of SIDE


def micro(dtype):
    """Rows, and columns, of a square tile that a thread computes."""
    return 8 if dtype.itemsize == 4 else 4


def narrow(dtype):
    """Columns of a narrow tile."""
    return 16 if dtype.itemsize == 4 else 8


def tile(dtype):
    """Rows, and columns, of a square tile."""
    return SIDE * micro(dtype)


MICRO = Constant(lambda dtype: micro(dtype))
GROUP = Constant(lambda dtype: micro(dtype) // 2)  # values in 128 bits
TILE = Constant(tile)
HALF = Constant(lambda dtype: tile(dtype) // 2)
PITCH = Constant(lambda dtype: tile(dtype) + micro(dtype) // 2)  # a warp's stores fall into different banks
LOADS = Constant(lambda dtype: tile(dtype) * DEPTH // BLOCK)
NARROW = Constant(lambda dtype: narrow(dtype))
ROWS_PITCH = BLOCK + 1
SPAN = BLOCK // DEPTH  # rows that a block loads at a time


# ---- steps -----------------------------------------------------------------------------------
@helper
def product(total, x, y, p):
    """Of a dot product."""
    return total + x * y


@helper
def squared_difference(total, x, y, p):
    """Of a squared distance."""
    return total + (x - y) * (x - y)


@helper
def absolute_difference(total, x, y, p):
    """Of Manhattan distance."""
    return total + abs(x - y)


@helper
def largest_difference(total, x, y, p):
    """Of Chebyshev distance."""
    return max(total, abs(x - y))


# ---- square tiles ----------------------------------------------------------------------------
@helper
def place(i, thread):
    """Where in a square tile a thread's i-th row (or column) lies: two groups, half a tile apart."""
    return thread * u32(GROUP) + u32(i % GROUP) + u32((i // GROUP) * HALF)


@helper
def load(tile, A, offset, first, feature, thread):
    """Load TILE rows of `A` from `first`, DEPTH features from `feature`; zeros outside.

    `offset` is subtracted; it may be empty.
    """
    k = thread & u32(7)
    moved = T(0)
    if feature + k < u32(offset.shape[0]):
        moved = offset[feature + k]
    for r in range(LOADS):
        i = u32(r * SPAN) + (thread >> u32(3))
        value = T(0)
        if first + i < u32(A.shape[0]) and feature + k < u32(A.shape[1]):
            value = A[first + i, feature + k] - moved
        tile[k, i] = value


@helper
def accumulate(step, p, totals, a, b, rows, columns, tx, ty):
    """Take the loaded features into the totals."""
    for k in range(DEPTH):
        for i in range(GROUP):
            a[i] = rows[k, ty * u32(GROUP) + u32(i)]
            a[i + GROUP] = rows[k, ty * u32(GROUP) + u32(i + HALF)]
            b[i] = columns[k, tx * u32(GROUP) + u32(i)]
            b[i + GROUP] = columns[k, tx * u32(GROUP) + u32(i + HALF)]
        for i in range(MICRO):
            for j in range(MICRO):
                totals[i, j] = step(totals[i, j], a[i], b[j], p)


@helper
def square_tile(step, p, totals, a, b, rows, columns, X, offset, Y, none, row, column, tx, ty):
    """Totals over the features for TILE rows of X less `offset` and TILE rows of Y; `none` is empty."""
    thread = ty * u32(SIDE) + tx
    for i in range(MICRO):
        for j in range(MICRO):
            totals[i, j] = T(0)
    for feature in range(u32(0), u32(X.shape[1]), u32(DEPTH)):
        load(rows, X, offset, row, u32(feature), thread)
        load(columns, Y, none, column, u32(feature), thread)
        cuda.syncthreads()
        accumulate(step, p, totals, a, b, rows, columns, tx, ty)
        cuda.syncthreads()


# ---- narrow tiles ----------------------------------------------------------------------------
@helper
def load_narrow(rows, columns, X, offset, Y, row, column, feature, thread):
    """Load BLOCK rows of X, less `offset`, and NARROW rows of Y, DEPTH features of each; zeros outside."""
    k = thread & u32(7)
    inside = feature + k < u32(X.shape[1])
    i = thread >> u32(3)
    if i < u32(NARROW):
        value = T(0)
        if inside and column + i < u32(Y.shape[0]):
            value = Y[column + i, feature + k]
        columns[k, i] = value
    moved = T(0)
    if feature + k < u32(offset.shape[0]):
        moved = offset[feature + k]
    for r in range(DEPTH):
        value = T(0)
        if inside and row + u32(r * SPAN) + i < u32(X.shape[0]):
            value = X[row + u32(r * SPAN) + i, feature + k] - moved
        rows[k, u32(r * SPAN) + i] = value


@helper
def narrow_tile(step, p, totals, rows, columns, X, offset, Y, row, column, thread):
    """Totals over the features for a row of X less `offset`, `row + thread`, and NARROW rows of Y."""
    for j in range(NARROW):
        totals[j] = T(0)
    for feature in range(u32(0), u32(X.shape[1]), u32(DEPTH)):
        load_narrow(rows, columns, X, offset, Y, row, column, u32(feature), thread)
        cuda.syncthreads()
        for k in range(DEPTH):
            value = rows[k, thread]
            for j in range(NARROW):
                totals[j] = step(totals[j], value, columns[k, j], p)
        cuda.syncthreads()
