"""Rows of tiles between arrays of one dtype and of another."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ._codegen import (
    I32,
    Tile,
    Vector,
    address,
    cell,
    cell_pointers,
    each_cell,
    llvm,
    load_at,
    splat_of,
    store_at,
)
from ._parts import converted, masked_load


@intrinsic
def load_part(typing, like, array, i, n):
    """A tile of one row, as wide as `like` and of its dtype: `array[i : i + n]`, converted, and zeros."""
    ty = Tile(like.vector, 1, like.vectors)
    stored = Vector(array.dtype, ty.vector.lanes)

    def generate(context, builder, sig, args):
        limit = splat_of(builder, context.cast(builder, args[3], n, types.int32), _indices(stored))

        def one(r, v, _):
            lanes = range(v * stored.lanes, (v + 1) * stored.lanes)
            inside = builder.icmp_signed("<", ir.Constant(limit.type, list(lanes)), limit)
            at = address(context, builder, array, args[1], args[2], i, v * stored.lanes)
            at = builder.bitcast(at, ir.PointerType(llvm(stored)))
            return converted(builder, masked_load(builder, stored, at, inside), stored, ty.vector)

        return each_cell(builder, ty, ir.Constant(llvm(ty), ir.Undefined), one)

    return ty(like, array, i, n), generate


@intrinsic
def add_to_doubles(typing, acc, array, i, stride):
    """`array[i + r * stride : ... + width] += acc[r, :]`, in float64."""
    doubles = Vector(types.float64, acc.vector.lanes)

    def generate(context, builder, sig, args):
        for r, v, pointer in cell_pointers(
            context, builder, acc, array, args[1], args[2], i, args[3], stride
        ):
            value = builder.extract_value(args[0], cell(acc, r, v))
            total = builder.fadd(
                load_at(builder, pointer, doubles), converted(builder, value, acc.vector, doubles)
            )
            store_at(builder, pointer, total, types.float64)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride), generate


def _indices(vector):
    return ir.VectorType(I32, vector.lanes)
