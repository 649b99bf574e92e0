"""Vectors of which only some lanes are memory."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ._codegen import (
    I32,
    IR,
    Mask,
    Vector,
    address,
    call_llvm,
    cell_pointers,
    each_cell,
    fused_multiply_add,
    llvm,
    load_column,
    splat_of,
    suffix,
    vector_type,
)


@intrinsic
def first_lanes(typing, n, like):
    """The mask of the first `n` lanes of a vector like `like`."""

    def generate(context, builder, sig, args):
        limit = splat_of(
            builder, context.cast(builder, args[0], n, types.int32), ir.VectorType(I32, like.lanes)
        )
        return builder.icmp_signed("<", ir.Constant(limit.type, list(range(like.lanes))), limit)

    return Mask(like.lanes)(n, like), generate


def _pointer(context, builder, array_type, array, i, index_type, vector):
    pointer = address(context, builder, array_type, array, i, index_type)
    return builder.bitcast(pointer, ir.PointerType(llvm(vector)))


def _masked_load(builder, vector, pointer, mask):
    zeros = ir.Constant(llvm(vector), [0] * vector.lanes)
    align = ir.Constant(I32, vector.dtype.bitwidth // 8)
    return call_llvm(
        builder, f"llvm.masked.load.{suffix(vector)}.p0", llvm(vector), [pointer, align, mask, zeros]
    )


def masked_store(builder, vector, value, pointer, mask):
    """Write the lanes of `value` that `mask` names."""
    align = ir.Constant(I32, vector.dtype.bitwidth // 8)
    name = f"llvm.masked.store.{suffix(vector)}.p0"
    call_llvm(builder, name, ir.VoidType(), [value, pointer, align, mask])


@intrinsic
def load_where(typing, array, i, mask):
    """Like `load`, but zero, and not read, where the mask is false."""
    vector = vector_type(array.dtype)

    def generate(context, builder, sig, args):
        pointer = _pointer(context, builder, array, args[0], args[1], i, vector)
        return _masked_load(builder, vector, pointer, args[2])

    return vector(array, i, mask), generate


@intrinsic
def store_where(typing, array, i, vector, mask):
    """Like `store`, for the lanes where the mask is true."""

    def generate(context, builder, sig, args):
        pointer = _pointer(context, builder, array, args[0], args[1], i, vector)
        masked_store(builder, vector, args[2], pointer, args[3])
        return context.get_dummy_value()

    return types.void(array, i, vector, mask), generate


@intrinsic
def add_where(typing, doubles, i, vector, mask):
    """Add the lanes of a vector to `doubles[i : i + LANES]`, float64, where the mask is true."""
    wide = Vector(types.float64, vector.lanes)

    def generate(context, builder, sig, args):
        pointer = _pointer(context, builder, doubles, args[0], args[1], i, wide)
        value = (
            args[2] if vector == wide else builder.fpext(args[2], ir.VectorType(IR[wide.dtype], wide.lanes))
        )
        total = builder.fadd(_masked_load(builder, wide, pointer, args[3]), value)
        masked_store(builder, wide, total, pointer, args[3])
        return context.get_dummy_value()

    return types.void(doubles, i, vector, mask), generate


@intrinsic
def add_rows_where(typing, acc, factors, f, array, i, stride, mask):
    """acc[r, :] += factors[f + r] * array[i + r * stride : ... + LANES] where the mask is true."""
    vector = acc.vector

    def generate(context, builder, sig, args):
        factor = load_column(
            context, builder, acc, factors, args[1], args[2], f, ir.Constant(ir.IntType(64), 1), types.intp
        )
        pointers = cell_pointers(context, builder, acc, array, args[3], args[4], i, args[5], stride)
        rows = [builder.bitcast(pointer, ir.PointerType(llvm(vector))) for _, _, pointer in pointers]

        def add(r, v, old):
            row = _masked_load(builder, vector, rows[r], args[6])
            return fused_multiply_add(builder, vector, factor[r], row, old)

        return each_cell(builder, acc, args[0], add)

    return acc(acc, factors, f, array, i, stride, mask), generate


@intrinsic
def sum_rows(typing, acc):
    """The sum of the rows of a tile of one vector a row."""

    def generate(context, builder, sig, args):
        rows = [builder.extract_value(args[0], r) for r in range(acc.rows)]
        while len(rows) > 1:
            rows = [builder.fadd(*rows[k : k + 2]) for k in range(0, len(rows), 2)]
        return rows[0]

    return acc.vector(acc), generate


@intrinsic
def zip_low(typing, x, y):
    """The first halves of two vectors, lanes in turns."""
    return x(x, y), lambda context, builder, sig, args: _zip(builder, x.lanes, 0, *args)


@intrinsic
def zip_high(typing, x, y):
    """The second halves of two vectors, lanes in turns."""
    return x(x, y), lambda context, builder, sig, args: _zip(builder, x.lanes, x.lanes // 2, *args)


def _zip(builder, lanes, first, x, y):
    turns = [lane for i in range(first, first + lanes // 2) for lane in (i, lanes + i)]
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, lanes), turns))
