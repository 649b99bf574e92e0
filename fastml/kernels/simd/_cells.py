"""Histogram cells: sums of four values at a time, added to by rows whose features are codes of a byte.

A cell is four values: the sums of gradients, of hessians and of ones, and a place unused. Four features make
a block: a row's four codes lie together, and so do the four cells of a bin.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ._codegen import I32, IR, Tile, Vector, address, llvm, load_at, splat_of, store_at

I8, I64 = ir.IntType(8), ir.IntType(64)
QUAD = Vector(types.float64, 4)
CELL_VALUES = 4
BIN_VALUES = 16  # of the four cells of a bin


def _shuffle(builder, x, y, lanes):
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, len(lanes)), lanes))


@intrinsic
def add_row_to_cells(typing, cells, base, codes, row, gradients, i):
    """Add (gradient, hessian, 1) to the cells of a row's four codes.

    The codes are `codes[4 row : 4 row + 4]`, gradient and hessian `gradients[2 i : 2 i + 2]`; the cells are
    those of one block from `cells[base]` on, of which a bin has 16 values.
    """
    vector = Vector(cells.dtype, CELL_VALUES)
    pair = Vector(gradients.dtype, 2)

    def generate(context, builder, sig, args):
        i64 = types.int64
        four = builder.mul(context.cast(builder, args[3], row, i64), I64(4))
        two = builder.mul(context.cast(builder, args[5], i, i64), I64(2))
        code = builder.load(
            builder.bitcast(address(context, builder, codes, args[2], four, i64), I32.as_pointer()), align=1
        )
        values = load_at(builder, address(context, builder, gradients, args[4], two, i64), pair)
        if cells.dtype != gradients.dtype:
            values = builder.fpext(values, ir.VectorType(IR[cells.dtype], 2))
        element = IR[cells.dtype]
        ones = ir.Constant(ir.VectorType(element, 2), [1.0, 0.0])
        values = _shuffle(builder, values, ones, [0, 1, 2, 3])
        data = address(context, builder, cells, args[0], args[1], base)
        pointers = []
        for f in range(4):
            byte = builder.and_(builder.lshr(code, I32(8 * f)), I32(255))
            at = builder.add(builder.mul(builder.zext(byte, I64), I64(BIN_VALUES)), I64(CELL_VALUES * f))
            pointers.append(builder.gep(data, [at]))
        for pointer in pointers:
            store_at(builder, pointer, builder.fadd(load_at(builder, pointer, vector), values), cells.dtype)
        return context.get_dummy_value()

    return types.void(cells, base, codes, row, gradients, i), generate


@intrinsic
def load_cells(typing, cells, i):
    """The four cells from `cells[i]` on, as rows of (gradients, hessians, counts) of the four features."""
    narrow = Vector(cells.dtype, CELL_VALUES)
    ty = Tile(QUAD, 3, 1)

    def generate(context, builder, sig, args):
        a, b, c, d = (
            load_at(builder, address(context, builder, cells, args[0], args[1], i, CELL_VALUES * f), narrow)
            for f in range(4)
        )
        low = _shuffle(builder, a, b, [0, 4, 1, 5]), _shuffle(builder, c, d, [0, 4, 1, 5])
        high = _shuffle(builder, a, b, [2, 6, 3, 7]), _shuffle(builder, c, d, [2, 6, 3, 7])
        rows = (
            _shuffle(builder, *low, [0, 1, 4, 5]),
            _shuffle(builder, *low, [2, 3, 6, 7]),
            _shuffle(builder, *high, [0, 1, 4, 5]),
        )
        out = ir.Constant(llvm(ty), ir.Undefined)
        for r, value in enumerate(rows):
            if cells.dtype != types.float64:
                value = builder.fpext(value, llvm(QUAD))
            out = builder.insert_value(out, value, r)
        return out

    return ty(cells, i), generate


@intrinsic
def load_sums(typing, sums, i):
    """The rows (gradients, hessians, counts) of four features from `sums[i]` on."""
    ty = Tile(QUAD, 3, 1)

    def generate(context, builder, sig, args):
        out = ir.Constant(llvm(ty), ir.Undefined)
        for r in range(3):
            pointer = address(context, builder, sums, args[0], args[1], i, 4 * r)
            out = builder.insert_value(out, load_at(builder, pointer, QUAD), r)
        return out

    return ty(sums, i), generate


@intrinsic
def store_sums(typing, rows, sums, i):
    """Write the rows (gradients, hessians, counts) of four features from `sums[i]` on."""

    def generate(context, builder, sig, args):
        for r in range(3):
            pointer = address(context, builder, sums, args[1], args[2], i, 4 * r)
            store_at(builder, pointer, builder.extract_value(args[0], r), types.float64)
        return context.get_dummy_value()

    return types.void(rows, sums, i), generate


@intrinsic(prefer_literal=True)
def sums_row(typing, rows, r):
    """Row `r`, a constant, of the sums of four features."""
    which = r.literal_value

    def generate(context, builder, sig, args):
        return builder.extract_value(args[0], which)

    return rows.vector(rows, r), generate


@intrinsic
def zero_sums(typing):
    """Rows (gradients, hessians, counts) of zeros."""
    ty = Tile(QUAD, 3, 1)
    return ty(), lambda context, builder, sig, args: ir.Constant(llvm(ty), [[0.0] * 4] * 3)


@intrinsic
def total_sums(typing, gradient, hessian, count):
    """Rows of four times the same gradient, hessian and count."""
    ty = Tile(QUAD, 3, 1)

    def generate(context, builder, sig, args):
        out = ir.Constant(llvm(ty), ir.Undefined)
        for r in range(3):
            out = builder.insert_value(out, splat_of(builder, args[r], llvm(QUAD)), r)
        return out

    return ty(types.float64, types.float64, types.float64), generate


@intrinsic
def quad(typing, scalar):
    """Four copies of a float64."""
    return QUAD(types.float64), lambda context, builder, sig, args: splat_of(builder, args[0], llvm(QUAD))


@intrinsic
def load_quad(typing, array, i):
    """The four float64 from `array[i]` on."""

    def generate(context, builder, sig, args):
        return load_at(builder, address(context, builder, array, args[0], args[1], i), QUAD)

    return QUAD(array, i), generate


@intrinsic
def any_lane(typing, mask):
    """Whether a mask is true in any lane."""

    def generate(context, builder, sig, args):
        word = builder.bitcast(args[0], ir.IntType(mask.lanes))
        return builder.icmp_unsigned("!=", word, ir.Constant(word.type, 0))

    return types.boolean(mask), generate
