"""Register tiles: made, accumulated into, stored."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ._codegen import (
    I32,
    Tile,
    Vector,
    address,
    call_llvm,
    cell,
    cell_pointers,
    each_cell,
    fused_multiply_add,
    llvm,
    load_at,
    load_column,
    load_row,
    splat_of,
    store_at,
    suffix,
    vector_type,
)
from ._parts import masked_store


@intrinsic(prefer_literal=True)
def tile(typing, value, rows, vectors):
    """A tile of `rows` x `vectors` vectors of copies of the scalar `value`; both are constants."""
    ty = Tile(vector_type(value), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        vector = splat_of(builder, args[0], llvm(ty.vector))
        return each_cell(builder, ty, ir.Constant(llvm(ty), ir.Undefined), lambda r, v, _: vector)

    return ty(value, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_row(typing, array, i, rows, vectors):
    """A tile each of whose rows is `array[i : i + vectors * LANES]`."""
    ty = Tile(vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        row = load_row(context, builder, ty, array, args[0], args[1], i)
        return each_cell(builder, ty, ir.Constant(llvm(ty), ir.Undefined), lambda r, v, _: row[v])

    return ty(array, i, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_column(typing, array, i, rows, vectors):
    """A tile whose row r is copies of `array[i + r]`."""
    ty = Tile(vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        one = ir.Constant(context.get_value_type(types.intp), 1)
        column = load_column(context, builder, ty, array, args[0], args[1], i, one, types.intp)
        return each_cell(builder, ty, ir.Constant(llvm(ty), ir.Undefined), lambda r, v, _: column[r])

    return ty(array, i, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_rows(typing, array, i, stride, rows, vectors):
    """A tile whose row r is `array[i + r * stride : ... + vectors * LANES]`."""
    ty = Tile(vector_type(array.dtype), rows.literal_value, vectors.literal_value)

    def generate(context, builder, sig, args):
        out = ir.Constant(llvm(ty), ir.Undefined)
        pointers = cell_pointers(context, builder, ty, array, args[0], args[1], i, args[2], stride)
        for r, v, pointer in pointers:
            out = builder.insert_value(out, load_at(builder, pointer, ty.vector), cell(ty, r, v))
        return out

    return ty(array, i, stride, rows, vectors), generate


@intrinsic(prefer_literal=True)
def tile_of_picked_rows(typing, array, stride, i, picks, first, rows):
    """A tile of one vector a row: row r is `array[picks[first + r] * stride + i : ... + LANES]`."""
    ty = Tile(vector_type(array.dtype), rows.literal_value, 1)

    def generate(context, builder, sig, args):
        step = context.cast(builder, args[1], stride, types.intp)
        start = context.cast(builder, args[2], i, types.intp)
        data = context.make_array(array)(context, builder, args[0]).data
        out = ir.Constant(llvm(ty), ir.Undefined)
        for r in range(ty.rows):
            pick = builder.load(address(context, builder, picks, args[3], args[4], first, r))
            pick = context.cast(builder, pick, picks.dtype, types.intp)
            pointer = builder.gep(data, [builder.add(builder.mul(pick, step), start)])
            out = builder.insert_value(out, load_at(builder, pointer, ty.vector), r)
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
                        builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, lanes), picked))
                        for picked in (low, high)
                    )
            width *= 2
        out = ir.Constant(llvm(acc), ir.Undefined)
        for r, row in enumerate(rows):
            out = builder.insert_value(out, row, r)
        return out

    return acc(acc), generate


def _outer(doc, combine):
    """An update of a tile by a column of A and a row of B."""

    def op(typing, acc, A, a, stride, B, b):
        def generate(context, builder, sig, args):
            row = load_row(context, builder, acc, B, args[4], args[5], b)
            column = load_column(context, builder, acc, A, args[1], args[2], a, args[3], stride)
            return each_cell(
                builder, acc, args[0], lambda r, v, old: combine(builder, acc.vector, old, column[r], row[v])
            )

        return acc(acc, A, a, stride, B, b), generate

    op.__doc__ = doc
    return intrinsic(op)


def _add_square(builder, vector, old, x, y):
    difference = builder.fsub(y, x)
    return fused_multiply_add(builder, vector, difference, difference, old)


def _magnitude(builder, vector, x):
    return call_llvm(builder, f"llvm.fabs.{suffix(vector)}", llvm(vector), [x])


def _distance(builder, vector, x, y):
    return _magnitude(builder, vector, builder.fsub(y, x))


def _count_difference(builder, vector, old, x, y):
    one, zero = (ir.Constant(llvm(vector), [float(value)] * vector.lanes) for value in (1, 0))
    return builder.fadd(old, builder.select(builder.fcmp_unordered("!=", x, y), one, zero))


def _max_distance(builder, vector, old, x, y):
    new = _distance(builder, vector, x, y)
    return builder.select(builder.fcmp_unordered("<", old, new), new, old)  # keeps a NaN


add_products = _outer(
    "acc[r, :] += A[a + r * stride] * B[b : b + width]: a rank-1 update.",
    lambda builder, vector, old, x, y: fused_multiply_add(builder, vector, x, y, old),
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
        row = load_row(context, builder, acc, array, args[1], args[2], i)
        return each_cell(builder, acc, args[0], lambda r, v, old: builder.fadd(old, row[v]))

    return acc(acc, array, i), generate


@intrinsic
def multiply_row(typing, acc, array, i):
    """acc[r, :] *= array[i : i + width]."""

    def generate(context, builder, sig, args):
        row = load_row(context, builder, acc, array, args[1], args[2], i)
        return each_cell(builder, acc, args[0], lambda r, v, old: builder.fmul(old, row[v]))

    return acc(acc, array, i), generate


@intrinsic
def add_column(typing, acc, array, i):
    """acc[r, :] += array[i + r]."""

    def generate(context, builder, sig, args):
        one = ir.Constant(context.get_value_type(types.intp), 1)
        column = load_column(context, builder, acc, array, args[1], args[2], i, one, types.intp)
        return each_cell(builder, acc, args[0], lambda r, v, old: builder.fadd(old, column[r]))

    return acc(acc, array, i), generate


@intrinsic
def store_tile(typing, acc, array, i, stride):
    """`array[i + r * stride : ... + width] = acc[r, :]`."""

    def generate(context, builder, sig, args):
        for r, v, pointer in cell_pointers(
            context, builder, acc, array, args[1], args[2], i, args[3], stride
        ):
            store_at(builder, pointer, builder.extract_value(args[0], cell(acc, r, v)), array.dtype)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride), generate


@intrinsic
def store_tile_part(typing, acc, array, i, stride, first_row, stop_row, n_columns):
    """Like `store_tile`, for the tile's rows first_row..stop_row and its first n_columns columns."""

    def generate(context, builder, sig, args):
        n_columns_ = context.cast(builder, args[6], n_columns, types.int32)
        limit = splat_of(builder, n_columns_, ir.VectorType(I32, acc.vector.lanes))
        inside = [
            builder.icmp_signed(
                "<",
                ir.Constant(limit.type, list(range(v * acc.vector.lanes, (v + 1) * acc.vector.lanes))),
                limit,
            )
            for v in range(acc.vectors)
        ]
        first, stop = (context.cast(builder, args[k], sig.args[k], types.int32) for k in (4, 5))
        for r, v, pointer in cell_pointers(
            context, builder, acc, array, args[1], args[2], i, args[3], stride
        ):
            row = ir.Constant(I32, r)
            wanted = builder.and_(builder.icmp_signed("<=", first, row), builder.icmp_signed("<", row, stop))
            mask = builder.and_(inside[v], splat_of(builder, wanted, inside[v].type))
            pointer = builder.bitcast(pointer, ir.PointerType(llvm(acc.vector)))
            masked_store(builder, acc.vector, builder.extract_value(args[0], cell(acc, r, v)), pointer, mask)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride, first_row, stop_row, n_columns), generate


@intrinsic(prefer_literal=True)
def load_doubles(typing, array, i, vectors):
    """A tile of one row of `vectors` float64 vectors: the values from `array[i]` on, converted."""
    ty = Tile(vector_type(types.float64), 1, vectors.literal_value)
    narrow = Vector(array.dtype, ty.vector.lanes)

    def generate(context, builder, sig, args):
        def one(r, v, _):
            at = address(context, builder, array, args[0], args[1], i, v * narrow.lanes)
            value = load_at(builder, at, narrow)
            return value if array.dtype == types.float64 else builder.fpext(value, llvm(ty.vector))

        return each_cell(builder, ty, ir.Constant(llvm(ty), ir.Undefined), one)

    return ty(array, i, vectors), generate


def _replace(predicate, doc):
    """`y` where the comparison of x with itself or zero holds, the constant elsewhere."""

    def op(typing, x, y, constant):
        def generate(context, builder, sig, args):
            zero = ir.Constant(llvm(x.vector), [0.0] * x.vector.lanes)
            other = splat_of(
                builder, context.cast(builder, args[2], constant, x.vector.dtype), llvm(x.vector)
            )

            def one(r, v, value):
                holds = builder.fcmp_unordered(predicate, value, zero)
                return builder.select(holds, other, builder.extract_value(args[1], cell(x, r, v)))

            return each_cell(builder, x, args[0], one)

        return x(x, y, constant), generate

    op.__doc__ = doc
    return intrinsic(op)


where_nan = _replace("uno", "A tile: `constant` where x is NaN, y elsewhere.")
where_zero = _replace("==", "A tile: `constant` where x is zero, y elsewhere.")
