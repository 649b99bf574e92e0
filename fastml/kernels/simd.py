"""SIMD vectors and register tiles for kernels.

A `Vector` is as many values as fit in a register (`LANES`); a `Tile` is rows of vectors that
stay in registers while a loop accumulates into them. Arrays are addressed flat, whatever
their shape: `load(A, i)` reads from the i-th value of the C-contiguous A. Nothing checks
bounds.

Operators work lane by lane: `+ - * /` on vectors and tiles of one shape, `<` and `==` on
vectors (giving a `Mask`), `|` and `&` on masks.

Importing this module imports Numba: kernels name it through `_compile.simd`.
"""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

from ._compile import vector_bytes

_IR = {
    types.float32: ir.FloatType(), types.float64: ir.DoubleType(),
    types.int32: ir.IntType(32), types.int64: ir.IntType(64), types.uint8: ir.IntType(8),
}  # fmt: skip
_I32 = ir.IntType(32)
_INTEGER = {32: types.int32, 64: types.int64}


# ---- types --------------------------------------------------------------------------------
class Vector(types.Type):
    """`lanes` values of `dtype` in one register."""

    def __init__(self, dtype, lanes):
        self.dtype, self.lanes = dtype, lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


class Mask(types.Type):
    """One truth value for each lane."""

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


class Tile(types.Type):
    """`rows` x `vectors` vectors."""

    def __init__(self, vector, rows, vectors):
        self.vector, self.rows, self.vectors = vector, rows, vectors
        super().__init__(name=f"Tile({vector}, {rows}, {vectors})")

    @property
    def cells(self):
        return [(r, v) for r in range(self.rows) for v in range(self.vectors)]


def _vector_type(dtype):
    return Vector(dtype, vector_bytes() * 8 // dtype.bitwidth)


def _llvm(ty):
    if isinstance(ty, Vector):
        return ir.VectorType(_IR[ty.dtype], ty.lanes)
    if isinstance(ty, Mask):
        return ir.VectorType(ir.IntType(1), ty.lanes)
    return ir.ArrayType(_llvm(ty.vector), ty.rows * ty.vectors)


def _model(manager, ty):
    return models.PrimitiveModel(manager, ty, _llvm(ty))


for _type in (Vector, Mask, Tile):
    register_model(_type)(_model)


# ---- code generation helpers ----------------------------------------------------------------
def _address(context, builder, array_type, array, index, index_type, offset=0):
    """Pointer to the flat element `index + offset`."""
    data = context.make_array(array_type)(context, builder, array).data
    index = context.cast(builder, index, index_type, types.intp)
    return builder.gep(data, [builder.add(index, ir.Constant(index.type, offset)) if offset else index])


def _load(builder, pointer, vector):
    loaded = builder.load(builder.bitcast(pointer, ir.PointerType(_llvm(vector))))
    loaded.align = vector.dtype.bitwidth // 8
    return loaded


def _store(builder, pointer, value, dtype):
    stored = builder.store(value, builder.bitcast(pointer, ir.PointerType(value.type)))
    stored.align = dtype.bitwidth // 8


def _splat(builder, scalar, vector):
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, one, zeros)


def _call(builder, name, result, args, **kwargs):
    """Call LLVM's intrinsic `name`."""
    f = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [a.type for a in args]), name)
    return builder.call(f, args, **kwargs)


def _suffix(vector):
    return f"v{vector.lanes}{'f' if isinstance(vector.dtype, types.Float) else 'i'}{vector.dtype.bitwidth}"


def _fma(builder, vector, x, y, z):
    return _call(builder, f"llvm.fma.{_suffix(vector)}", _llvm(vector), [x, y, z])


def _cell(tile, r, v):
    return r * tile.vectors + v


def _each(builder, tile, value, change):
    """The tile with `change(row, vector index, vector)` in each cell."""
    out = value
    for r, v in tile.cells:
        new = change(r, v, builder.extract_value(value, _cell(tile, r, v)))
        out = builder.insert_value(out, new, _cell(tile, r, v))
    return out


# ---- operators ----------------------------------------------------------------------------
def _operator(function, applies, result, generate):
    @infer_global(function)
    class _Typing(AbstractTemplate):
        def generic(self, args, kws):
            if len(args) == 2 and args[0] == args[1] and isinstance(args[0], applies):
                return signature(result(args[0]), *args)

    for ty in applies:

        @lower_builtin(function, ty, ty)
        def _lower(context, builder, sig, args):
            ty = sig.args[0]
            if not isinstance(ty, Tile):
                return generate(builder, ty, *args)
            return _each(
                builder, ty, args[0],
                lambda r, v, x: generate(builder, ty.vector, x, builder.extract_value(args[1], _cell(ty, r, v))),
            )  # fmt: skip


def _float_or_int(floating, integer):
    def generate(builder, ty, x, y):
        return getattr(builder, floating if isinstance(ty.dtype, types.Float) else integer)(x, y)

    return generate


def _compare(symbol):
    def generate(builder, ty, x, y):
        if isinstance(ty.dtype, types.Float):
            return builder.fcmp_ordered(symbol, x, y)
        return builder.icmp_signed(symbol, x, y)

    return generate


for _f, _names in {
    operator.add: ("fadd", "add"), operator.sub: ("fsub", "sub"),
    operator.mul: ("fmul", "mul"), operator.truediv: ("fdiv", "sdiv"),
}.items():  # fmt: skip
    _operator(_f, (Vector, Tile), lambda ty: ty, _float_or_int(*_names))
for _f, _symbol in {operator.lt: "<", operator.le: "<=", operator.eq: "=="}.items():
    _operator(_f, (Vector,), lambda ty: Mask(ty.lanes), _compare(_symbol))
_operator(operator.or_, (Mask,), lambda ty: ty, lambda builder, ty, x, y: builder.or_(x, y))
_operator(operator.and_, (Mask,), lambda ty: ty, lambda builder, ty, x, y: builder.and_(x, y))


# ---- memory ---------------------------------------------------------------------------------
@intrinsic
def load(typing, array, i):
    """The vector `array[i : i + LANES]`."""
    vector = _vector_type(array.dtype)

    def generate(context, builder, sig, args):
        return _load(builder, _address(context, builder, array, args[0], args[1], i), vector)

    return vector(array, i), generate


@intrinsic
def store(typing, array, i, vector):
    """`array[i : i + LANES] = vector`."""

    def generate(context, builder, sig, args):
        _store(builder, _address(context, builder, array, args[0], args[1], i), args[2], array.dtype)
        return context.get_dummy_value()

    return types.void(array, i, vector), generate


@intrinsic
def splat(typing, scalar):
    """A vector of copies of `scalar`."""
    vector = _vector_type(scalar)

    def generate(context, builder, sig, args):
        return _splat(builder, args[0], _llvm(vector))

    return vector(scalar), generate


@intrinsic
def splat_index(typing, index, like):
    """A vector of copies of the integer `index`, one for each lane of `like`."""
    vector = Vector(_INTEGER[like.dtype.bitwidth], like.lanes)

    def generate(context, builder, sig, args):
        return _splat(builder, context.cast(builder, args[0], index, vector.dtype), _llvm(vector))

    return vector(index, like), generate


@intrinsic
def indices(typing, first, like):
    """The integer vector `first, first + 1, ...`, one for each lane of `like`."""
    vector = Vector(_INTEGER[like.dtype.bitwidth], like.lanes)

    def generate(context, builder, sig, args):
        start = _splat(builder, context.cast(builder, args[0], first, vector.dtype), _llvm(vector))
        return builder.add(start, ir.Constant(_llvm(vector), list(range(like.lanes))))

    return vector(first, like), generate


# ---- lane by lane ----------------------------------------------------------------------------
@intrinsic
def fma(typing, x, y, z):
    """`x * y + z`, rounded once."""
    return x(x, y, z), lambda context, builder, sig, args: _fma(builder, x, *args)


def _unary(name, doc):
    def op(typing, x):
        def one(builder, vector, value):
            return _call(builder, f"llvm.{name}.{_suffix(vector)}", _llvm(vector), [value])

        def generate(context, builder, sig, args):
            if isinstance(x, Tile):
                return _each(builder, x, args[0], lambda r, v, value: one(builder, x.vector, value))
            return one(builder, x, args[0])

        return x(x), generate

    op.__doc__ = doc
    op.__name__ = name
    return intrinsic(op)


sqrt = _unary("sqrt", "Square root of a vector or a tile.")
fabs = _unary("fabs", "Absolute value of a vector or a tile.")


@intrinsic
def power(typing, acc, exponent):
    """Each value of a tile raised to the scalar `exponent`, one library call a value."""
    vector = acc.vector

    def generate(context, builder, sig, args):
        exponents = _splat(builder, context.cast(builder, args[1], exponent, vector.dtype), _llvm(vector))
        name = f"llvm.pow.{_suffix(vector)}"
        return _each(
            builder, acc, args[0], lambda r, v, x: _call(builder, name, _llvm(vector), [x, exponents])
        )

    return acc(acc, exponent), generate


@intrinsic
def select(typing, mask, x, y):
    """x where the mask is true, y elsewhere."""
    return x(mask, x, y), lambda context, builder, sig, args: builder.select(*args)


def _pick(symbol, doc):
    def op(typing, x, y):
        def one(builder, vector, a, b):
            return builder.select(_compare(symbol)(builder, vector, a, b), a, b)

        def generate(context, builder, sig, args):
            if not isinstance(x, Tile):
                return one(builder, x, *args)
            other = args[1]
            return _each(
                builder, x, args[0],
                lambda r, v, a: one(builder, x.vector, a, builder.extract_value(other, _cell(x, r, v))),
            )  # fmt: skip

        return x(x, y), generate

    op.__doc__ = doc
    return intrinsic(op)


minimum = _pick("<", "The smaller of two vectors or tiles, lane by lane; the second where either is NaN.")
maximum = _pick(">", "The larger of two vectors or tiles, lane by lane; the second where either is NaN.")


@intrinsic
def bits(typing, mask):
    """The mask as an integer: bit i is lane i."""

    def generate(context, builder, sig, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(mask.lanes)), ir.IntType(64))

    return types.int64(mask), generate


@intrinsic
def lowest_bit(typing, x):
    """The position of the lowest bit set in the nonzero int64 x."""

    def generate(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


# ---- across lanes -----------------------------------------------------------------------------
def _reduction(name, doc, start=None, flags=()):
    def op(typing, x):
        def generate(context, builder, sig, args):
            before = [] if start is None else [ir.Constant(_IR[x.dtype], start)]
            return _call(
                builder,
                f"llvm.vector.reduce.{name}.{_suffix(x)}",
                _IR[x.dtype],
                before + list(args),
                fastmath=flags,
            )

        return x.dtype(x), generate

    op.__doc__ = doc
    return intrinsic(op)


lane_min = _reduction("fmin", "Smallest lane of a floating vector without NaN.", flags=("nnan", "nsz"))
lane_max = _reduction("fmax", "Largest lane of a floating vector without NaN.", flags=("nnan", "nsz"))
lane_sum = _reduction("fadd", "Sum of the lanes of a floating vector.", start=0.0, flags=("reassoc",))
lane_min_index = _reduction("smin", "Smallest lane of an integer vector.")


# ---- tiles --------------------------------------------------------------------------------------
@intrinsic(prefer_literal=True)
def tile(typing, value, rows, vectors):
    """A tile of `rows` x `vectors` vectors of copies of the scalar `value`; both are constants."""
    ty = Tile(_vector_type(value), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        vector = _splat(builder, args[0], _llvm(ty.vector))
        return _each(builder, ty, ir.Constant(_llvm(ty), ir.Undefined), lambda r, v, _: vector)

    return ty(value, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_row(typing, array, i, rows, vectors):
    """A tile each of whose rows is `array[i : i + vectors * LANES]`."""
    ty = Tile(_vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        row = _load_row(context, builder, ty, array, args[0], args[1], i)
        return _each(builder, ty, ir.Constant(_llvm(ty), ir.Undefined), lambda r, v, _: row[v])

    return ty(array, i, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_column(typing, array, i, rows, vectors):
    """A tile whose row r is copies of `array[i + r]`."""
    ty = Tile(_vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        one = ir.Constant(context.get_value_type(types.intp), 1)
        column = _load_column(context, builder, ty, array, args[0], args[1], i, one, types.intp)
        return _each(builder, ty, ir.Constant(_llvm(ty), ir.Undefined), lambda r, v, _: column[r])

    return ty(array, i, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_rows(typing, array, i, stride, rows, vectors):
    """A tile whose row r is `array[i + r * stride : ... + vectors * LANES]`."""
    ty = Tile(_vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        out = ir.Constant(_llvm(ty), ir.Undefined)
        pointers = _cell_pointers(context, builder, ty, array, args[0], args[1], i, args[2], stride)
        for r, v, pointer in pointers:
            out = builder.insert_value(out, _load(builder, pointer, ty.vector), _cell(ty, r, v))
        return out

    return ty(array, i, stride, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_picked_rows(typing, array, stride, i, picks, first, rows):
    """A tile of one vector a row: row r is `array[picks[first + r] * stride + i : ... + LANES]`."""
    ty = Tile(_vector_type(array.dtype), rows.literal_value, 1)

    def generate(context, builder, sig, args):
        step = context.cast(builder, args[1], stride, types.intp)
        start = context.cast(builder, args[2], i, types.intp)
        data = context.make_array(array)(context, builder, args[0]).data
        out = ir.Constant(_llvm(ty), ir.Undefined)
        for r in range(ty.rows):
            pick = builder.load(_address(context, builder, picks, args[3], args[4], first, r))
            pick = context.cast(builder, pick, picks.dtype, types.intp)
            pointer = builder.gep(data, [builder.add(builder.mul(pick, step), start)])
            out = builder.insert_value(out, _load(builder, pointer, ty.vector), r)
        return out

    return ty(array, stride, i, picks, first, rows), generate


@intrinsic
def transpose(typing, acc):
    """The transpose of a tile of LANES rows of one vector."""
    lanes = acc.vector.lanes

    def generate(context, builder, sig, args):
        rows = [builder.extract_value(args[0], r) for r in range(lanes)]
        width = 1
        while width < lanes:
            # In pairs of rows, exchange the off-diagonal blocks of this width.
            low = [c if not c & width else c - width + lanes for c in range(lanes)]
            high = [c + width if not c & width else c + lanes for c in range(lanes)]
            for r in range(lanes):
                if not r & width:
                    a, b = rows[r], rows[r + width]
                    rows[r], rows[r + width] = (
                        builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, lanes), picked))
                        for picked in (low, high)
                    )
            width *= 2
        out = ir.Constant(_llvm(acc), ir.Undefined)
        for r, row in enumerate(rows):
            out = builder.insert_value(out, row, r)
        return out

    return acc(acc), generate


def _load_row(context, builder, ty, array_type, array, index, index_type):
    return [
        _load(
            builder,
            _address(context, builder, array_type, array, index, index_type, v * ty.vector.lanes),
            ty.vector,
        )
        for v in range(ty.vectors)
    ]


def _load_column(context, builder, ty, array_type, array, index, index_type, stride, stride_type):
    """One splat for each row r: `array[index + r * stride]`."""
    index = context.cast(builder, index, index_type, types.intp)
    stride = context.cast(builder, stride, stride_type, types.intp)
    data = context.make_array(array_type)(context, builder, array).data
    column = []
    for r in range(ty.rows):
        at = builder.add(index, builder.mul(stride, ir.Constant(stride.type, r)))
        column.append(_splat(builder, builder.load(builder.gep(data, [at])), _llvm(ty.vector)))
    return column


def _outer(doc, combine):
    """An update of a tile by a column of A and a row of B."""

    def op(typing, acc, A, a, stride, B, b):
        def generate(context, builder, sig, args):
            row = _load_row(context, builder, acc, B, args[4], args[5], b)
            column = _load_column(context, builder, acc, A, args[1], args[2], a, args[3], stride)
            return _each(
                builder, acc, args[0], lambda r, v, old: combine(builder, acc.vector, old, column[r], row[v])
            )

        return acc(acc, A, a, stride, B, b), generate

    op.__doc__ = doc
    return intrinsic(op)


def _add_square(builder, vector, old, x, y):
    difference = builder.fsub(y, x)
    return _fma(builder, vector, difference, difference, old)


def _magnitude(builder, vector, x):
    return _call(builder, f"llvm.fabs.{_suffix(vector)}", _llvm(vector), [x])


def _distance(builder, vector, x, y):
    return _magnitude(builder, vector, builder.fsub(y, x))


def _count_difference(builder, vector, old, x, y):
    one, zero = (ir.Constant(_llvm(vector), [float(value)] * vector.lanes) for value in (1, 0))
    return builder.fadd(old, builder.select(builder.fcmp_unordered("!=", x, y), one, zero))


def _max_distance(builder, vector, old, x, y):
    new = _distance(builder, vector, x, y)
    return builder.select(builder.fcmp_unordered("<", old, new), new, old)  # keeps a NaN


add_products = _outer(
    "acc[r, :] += A[a + r * stride] * B[b : b + width]: a rank-1 update.",
    lambda builder, vector, old, x, y: _fma(builder, vector, x, y, old),
)
add_squared_differences = _outer("acc[r, :] += (A[a + r * stride] - B[b : b + width]) ** 2.", _add_square)
add_absolute_differences = _outer(
    "acc[r, :] += abs(A[a + r * stride] - B[b : b + width]).",
    lambda builder, vector, old, x, y: builder.fadd(old, _distance(builder, vector, x, y)),
)
add_absolute_sums = _outer(
    "acc[r, :] += abs(A[a + r * stride] + B[b : b + width]).",
    lambda builder, vector, old, x, y: builder.fadd(old, _magnitude(builder, vector, builder.fadd(x, y))),
)
count_differences = _outer("acc[r, :] += A[a + r * stride] != B[b : b + width].", _count_difference)
max_absolute_differences = _outer(
    "acc[r, :] = max(acc[r, :], abs(A[a + r * stride] - B[b : b + width])).", _max_distance
)


@intrinsic
def add_row(typing, acc, array, i):
    """acc[r, :] += array[i : i + width]."""

    def generate(context, builder, sig, args):
        row = _load_row(context, builder, acc, array, args[1], args[2], i)
        return _each(builder, acc, args[0], lambda r, v, old: builder.fadd(old, row[v]))

    return acc(acc, array, i), generate


@intrinsic
def multiply_row(typing, acc, array, i):
    """acc[r, :] *= array[i : i + width]."""

    def generate(context, builder, sig, args):
        row = _load_row(context, builder, acc, array, args[1], args[2], i)
        return _each(builder, acc, args[0], lambda r, v, old: builder.fmul(old, row[v]))

    return acc(acc, array, i), generate


@intrinsic
def add_column(typing, acc, array, i):
    """acc[r, :] += array[i + r]."""

    def generate(context, builder, sig, args):
        one = ir.Constant(context.get_value_type(types.intp), 1)
        column = _load_column(context, builder, acc, array, args[1], args[2], i, one, types.intp)
        return _each(builder, acc, args[0], lambda r, v, old: builder.fadd(old, column[r]))

    return acc(acc, array, i), generate


@intrinsic
def store_tile(typing, acc, array, i, stride):
    """`array[i + r * stride : ... + width] = acc[r, :]`."""

    def generate(context, builder, sig, args):
        for r, v, pointer in _cell_pointers(
            context, builder, acc, array, args[1], args[2], i, args[3], stride
        ):
            _store(builder, pointer, builder.extract_value(args[0], _cell(acc, r, v)), array.dtype)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride), generate


@intrinsic
def store_tile_part(typing, acc, array, i, stride, first_row, stop_row, n_columns):
    """Like `store_tile`, for the tile's rows first_row..stop_row and its first n_columns columns."""

    def generate(context, builder, sig, args):
        n_columns_ = context.cast(builder, args[6], n_columns, types.int32)
        limit = _splat(builder, n_columns_, ir.VectorType(_I32, acc.vector.lanes))
        inside = [
            builder.icmp_signed(
                "<",
                ir.Constant(limit.type, list(range(v * acc.vector.lanes, (v + 1) * acc.vector.lanes))),
                limit,
            )
            for v in range(acc.vectors)
        ]
        first, stop = (context.cast(builder, args[k], sig.args[k], types.int32) for k in (4, 5))
        for r, v, pointer in _cell_pointers(
            context, builder, acc, array, args[1], args[2], i, args[3], stride
        ):
            row = ir.Constant(_I32, r)
            wanted = builder.and_(builder.icmp_signed("<=", first, row), builder.icmp_signed("<", row, stop))
            mask = builder.and_(inside[v], _splat(builder, wanted, inside[v].type))
            _masked_store(
                builder, acc.vector, builder.extract_value(args[0], _cell(acc, r, v)), pointer, mask
            )
        return context.get_dummy_value()

    return types.void(acc, array, i, stride, first_row, stop_row, n_columns), generate


def _masked_store(builder, vector, value, pointer, mask):
    pointer = builder.bitcast(pointer, ir.PointerType(value.type))
    arguments = [value.type, pointer.type, _I32, mask.type]
    name = f"llvm.masked.store.{_suffix(vector)}.p0"
    store = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), arguments), name)
    builder.call(store, [value, pointer, ir.Constant(_I32, vector.dtype.bitwidth // 8), mask])


def _cell_pointers(context, builder, ty, array_type, array, index, index_type, stride, stride_type):
    index = context.cast(builder, index, index_type, types.intp)
    stride = context.cast(builder, stride, stride_type, types.intp)
    data = context.make_array(array_type)(context, builder, array).data
    for r, v in ty.cells:
        at = builder.add(index, builder.mul(stride, ir.Constant(stride.type, r)))
        yield r, v, builder.gep(data, [builder.add(at, ir.Constant(at.type, v * ty.vector.lanes))])


@intrinsic
def keep_smallest(typing, acc, first, best, best_index, i):
    """Lane by lane over the tile's columns, keep the smallest value of each row and its column.

    Row r's running minima are the vector at `best[i + r * LANES]` and their columns, counted
    from `first`, the one at `best_index[i + r * LANES]`. The first of equal values stays.
    """
    vector = acc.vector
    index_vector = Vector(best_index.dtype, vector.lanes)

    def generate(context, builder, sig, args):
        start = _splat(builder, context.cast(builder, args[1], first, best_index.dtype), _llvm(index_vector))
        columns = [
            builder.add(start, ir.Constant(_llvm(index_vector), list(range(v * vector.lanes, (v + 1) * vector.lanes))))
            for v in range(acc.vectors)
        ]  # fmt: skip
        for r in range(acc.rows):
            at_best = _address(context, builder, best, args[2], args[4], i, r * vector.lanes)
            at_index = _address(context, builder, best_index, args[3], args[4], i, r * vector.lanes)
            smallest, where = _load(builder, at_best, vector), _load(builder, at_index, index_vector)
            for v in range(acc.vectors):
                value = builder.extract_value(args[0], _cell(acc, r, v))
                smaller = builder.fcmp_ordered("<", value, smallest)
                smallest = builder.select(smaller, value, smallest)
                where = builder.select(smaller, columns[v], where)
            _store(builder, at_best, smallest, best.dtype)
            _store(builder, at_index, where, best_index.dtype)
        return context.get_dummy_value()

    return types.void(acc, first, best, best_index, i), generate


@intrinsic
def smallest_row(typing, acc, first, best, where):
    """Lane by lane over the tile's rows, the smaller of `best` and each row, and whose row it is.

    `best` and `where`, tiles of one row, are the minima so far and the rows they came from; the tile's
    rows count from `first`. The first of equal values stays. Returns the new pair.
    """

    def generate(context, builder, sig, args):
        new = _fold_rows(context, builder, acc, first, args[0], args[1], args[2:], where.vector)
        return context.make_tuple(builder, sig.return_type, new)

    return types.Tuple([best, where])(acc, first, best, where), generate


@intrinsic
def smallest_two_rows(typing, acc, first, best, where, second):
    """As `smallest_row`, and the second smallest value too. Returns the new triple."""

    def generate(context, builder, sig, args):
        new = _fold_rows(context, builder, acc, first, args[0], args[1], args[2:], where.vector)
        return context.make_tuple(builder, sig.return_type, new)

    return types.Tuple([best, where, second])(acc, first, best, where, second), generate


def _fold_rows(context, builder, acc, first_type, tile, first, tiles, index_vector):
    """Fold the tile's rows into [best, where] or [best, where, second]."""
    first = context.cast(builder, first, first_type, index_vector.dtype)
    tiles = list(tiles)
    for v in range(acc.vectors):
        low, row, *second = (builder.extract_value(one, v) for one in tiles)
        for r in range(acc.rows):
            value = builder.extract_value(tile, _cell(acc, r, v))
            index = _splat(builder, builder.add(first, ir.Constant(first.type, r)), _llvm(index_vector))
            smaller = builder.fcmp_ordered("<", value, low)
            if second:
                loser = builder.select(smaller, low, value)
                second = [builder.select(builder.fcmp_ordered("<", loser, second[0]), loser, second[0])]
            low = builder.select(smaller, value, low)
            row = builder.select(smaller, index, row)
        tiles = [builder.insert_value(one, new, v) for one, new in zip(tiles, (low, row, *second))]
    return tiles


@intrinsic
def rows_below(typing, acc, limits, i, stride):
    """Bit r is set where any value of row r is below `limits[i + r * stride]`."""

    def generate(context, builder, sig, args):
        column = _load_column(context, builder, acc, limits, args[1], args[2], i, args[3], stride)
        found = ir.Constant(ir.IntType(64), 0)
        for r in range(acc.rows):
            below = None
            for v in range(acc.vectors):
                value = builder.extract_value(args[0], _cell(acc, r, v))
                less = builder.fcmp_ordered("<", value, column[r])
                below = less if below is None else builder.or_(below, less)
            any_lane = builder.icmp_unsigned(
                "!=",
                builder.bitcast(below, ir.IntType(acc.vector.lanes)),
                ir.Constant(ir.IntType(acc.vector.lanes), 0),
            )
            found = builder.or_(found, builder.select(
                any_lane, ir.Constant(ir.IntType(64), 1 << r), ir.Constant(ir.IntType(64), 0)))  # fmt: skip
        return found

    return types.int64(acc, limits, i, stride), generate


@intrinsic
def add_row_sums(typing, acc, array, i, stride):
    """`array[i + r * stride] += sum of row r`."""

    def generate(context, builder, sig, args):
        index = context.cast(builder, args[2], i, types.intp)
        step = context.cast(builder, args[3], stride, types.intp)
        data = context.make_array(array)(context, builder, args[1]).data
        element = _IR[acc.vector.dtype]
        for r in range(acc.rows):
            total = builder.extract_value(args[0], _cell(acc, r, 0))
            for v in range(1, acc.vectors):
                total = builder.fadd(total, builder.extract_value(args[0], _cell(acc, r, v)))
            value = _call(
                builder, f"llvm.vector.reduce.fadd.{_suffix(acc.vector)}", element,
                [ir.Constant(element, 0.0), total], fastmath=("reassoc",),
            )  # fmt: skip
            pointer = builder.gep(data, [builder.add(index, builder.mul(step, ir.Constant(step.type, r)))])
            value = context.cast(builder, value, acc.vector.dtype, array.dtype)
            builder.store(builder.fadd(builder.load(pointer), value), pointer)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride), generate


# ---- hints to the compiler --------------------------------------------------------------------------
@intrinsic
def prefer_wide(typing):
    """Let LLVM vectorise the loops of this function with the widest registers; it prefers 256 bits."""

    def generate(context, builder, sig, args):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite knows no such name
        return context.get_dummy_value()

    return types.void(), generate


# ---- float64 whatever the data ------------------------------------------------------------------------
@intrinsic(prefer_literal=True)
def load_doubles(typing, array, i, vectors):
    """A tile of one row of `vectors` float64 vectors: the values from `array[i]` on, converted."""
    ty = Tile(_vector_type(types.float64), 1, vectors.literal_value)
    narrow = Vector(array.dtype, ty.vector.lanes)

    def generate(context, builder, sig, args):
        def one(r, v, _):
            at = _address(context, builder, array, args[0], args[1], i, v * narrow.lanes)
            value = _load(builder, at, narrow)
            return value if array.dtype == types.float64 else builder.fpext(value, _llvm(ty.vector))

        return _each(builder, ty, ir.Constant(_llvm(ty), ir.Undefined), one)

    return ty(array, i, vectors), generate


def _replace(predicate, doc):
    """`y` where the comparison of x with itself or zero holds, the constant elsewhere."""

    def op(typing, x, y, constant):
        def generate(context, builder, sig, args):
            zero = ir.Constant(_llvm(x.vector), [0.0] * x.vector.lanes)
            other = _splat(builder, context.cast(builder, args[2], constant, x.vector.dtype), _llvm(x.vector))

            def one(r, v, value):
                holds = builder.fcmp_unordered(predicate, value, zero)
                return builder.select(holds, other, builder.extract_value(args[1], _cell(x, r, v)))

            return _each(builder, x, args[0], one)

        return x(x, y, constant), generate

    op.__doc__ = doc
    return intrinsic(op)


where_nan = _replace("uno", "A tile: `constant` where x is NaN, y elsewhere.")
where_zero = _replace("==", "A tile: `constant` where x is zero, y elsewhere.")


# ---- sorted lists -------------------------------------------------------------------------------------
@intrinsic
def shift_in(typing, before, vector):
    """The last lane of `before`, then the lanes of `vector` but its last."""

    def generate(context, builder, sig, args):
        lanes = ir.Constant(
            ir.VectorType(_I32, vector.lanes), list(range(vector.lanes - 1, 2 * vector.lanes - 1))
        )
        return builder.shuffle_vector(args[0], args[1], lanes)

    return vector(before, vector), generate


@intrinsic
def bits_below(typing, acc, limit):
    """Bit i is set where the i-th value of the tile's first row is below the scalar `limit`."""

    def generate(context, builder, sig, args):
        bound = _splat(builder, args[1], _llvm(acc.vector))
        found = ir.Constant(ir.IntType(64), 0)
        for v in range(acc.vectors):
            less = builder.fcmp_ordered("<", builder.extract_value(args[0], v), bound)
            lanes = builder.zext(builder.bitcast(less, ir.IntType(acc.vector.lanes)), ir.IntType(64))
            found = builder.or_(found, builder.shl(lanes, ir.Constant(ir.IntType(64), v * acc.vector.lanes)))
        return found

    return types.int64(acc, limit), generate
