"""What becomes of an accumulated tile while it is still in registers: minima, comparisons, sums."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ._codegen import (
    IR,
    Vector,
    address,
    call_llvm,
    cell,
    llvm,
    load_at,
    load_column,
    splat_of,
    store_at,
    suffix,
)


@intrinsic
def keep_smallest(typing, acc, first, best, best_index, i):
    """Lane by lane over the tile's columns, keep the smallest value of each row and its column.

    Row r's running minima are the vector at `best[i + r * LANES]` and their columns, counted
    from `first`, the one at `best_index[i + r * LANES]`. The first of equal values stays.
    """
    vector = acc.vector
    index_vector = Vector(best_index.dtype, vector.lanes)

    def generate(context, builder, sig, args):
        start = splat_of(builder, context.cast(builder, args[1], first, best_index.dtype), llvm(index_vector))
        columns = [
            builder.add(start, ir.Constant(llvm(index_vector), list(range(lane, lane + vector.lanes))))
            for lane in range(0, acc.vectors * vector.lanes, vector.lanes)
        ]
        for r in range(acc.rows):
            at_best = address(context, builder, best, args[2], args[4], i, r * vector.lanes)
            at_index = address(context, builder, best_index, args[3], args[4], i, r * vector.lanes)
            smallest, where = load_at(builder, at_best, vector), load_at(builder, at_index, index_vector)
            for v in range(acc.vectors):
                value = builder.extract_value(args[0], cell(acc, r, v))
                smaller = builder.fcmp_ordered("<", value, smallest)
                smallest = builder.select(smaller, value, smallest)
                where = builder.select(smaller, columns[v], where)
            store_at(builder, at_best, smallest, best.dtype)
            store_at(builder, at_index, where, best_index.dtype)
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
            value = builder.extract_value(tile, cell(acc, r, v))
            index = splat_of(builder, builder.add(first, ir.Constant(first.type, r)), llvm(index_vector))
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
        column = load_column(context, builder, acc, limits, args[1], args[2], i, args[3], stride)
        found = ir.Constant(ir.IntType(64), 0)
        for r in range(acc.rows):
            below = None
            for v in range(acc.vectors):
                value = builder.extract_value(args[0], cell(acc, r, v))
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
        element = IR[acc.vector.dtype]
        for r in range(acc.rows):
            total = builder.extract_value(args[0], cell(acc, r, 0))
            for v in range(1, acc.vectors):
                total = builder.fadd(total, builder.extract_value(args[0], cell(acc, r, v)))
            value = call_llvm(
                builder, f"llvm.vector.reduce.fadd.{suffix(acc.vector)}", element,
                [ir.Constant(element, 0.0), total], fastmath=("reassoc",),
            )  # fmt: skip
            pointer = builder.gep(data, [builder.add(index, builder.mul(step, ir.Constant(step.type, r)))])
            value = context.cast(builder, value, acc.vector.dtype, array.dtype)
            builder.store(builder.fadd(builder.load(pointer), value), pointer)
        return context.get_dummy_value()

    return types.void(acc, array, i, stride), generate


@intrinsic
def bits_below(typing, acc, limit):
    """Bit i is set where the i-th value of the tile's first row is below the scalar `limit`."""

    def generate(context, builder, sig, args):
        bound = splat_of(builder, args[1], llvm(acc.vector))
        found = ir.Constant(ir.IntType(64), 0)
        for v in range(acc.vectors):
            less = builder.fcmp_ordered("<", builder.extract_value(args[0], v), bound)
            lanes = builder.zext(builder.bitcast(less, ir.IntType(acc.vector.lanes)), ir.IntType(64))
            found = builder.or_(found, builder.shl(lanes, ir.Constant(ir.IntType(64), v * acc.vector.lanes)))
        return found

    return types.int64(acc, limit), generate
