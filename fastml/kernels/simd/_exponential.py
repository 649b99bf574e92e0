"""The exponential function and the logarithm, of vectors and tiles."""

import math

from llvmlite import ir
from numba.extending import intrinsic

from ._codegen import Tile, each_cell, fused_multiply_add, llvm

# For x = k ln 2 + r: the number that shifts k into the last bits, ln 2 in two parts, the degree of Taylor's
# series of exp(r), the ends beyond which the result is 0 or stays, where the exponent's bits are, and the
# terms of the logarithm's series.
_PLANS = {
    32: (1.5 * 2.0**23, 0.693359375, -2.12194440e-4, 7, -86.0, 88.0, 23, 5),
    64: (1.5 * 2.0**52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 12, -708.0, 709.0, 52, 10),
}
_ROOT_HALF_BITS = {23: 0x3F3504F3, 52: 0x3FE6A09E667F3BCD}  # by where the exponent's bits are


def _of_each(doc, make):
    """An intrinsic that does to each vector what `make(vector)` returns."""

    def op(typing, x):
        one = make(x.vector if isinstance(x, Tile) else x)

        def generate(context, builder, sig, args):
            if isinstance(x, Tile):
                return each_cell(builder, x, args[0], lambda r, v, value: one(builder, value))
            return one(builder, args[0])

        return x(x), generate

    op.__doc__ = doc
    return intrinsic(op)


def _constants(vector):
    return lambda value: ir.Constant(llvm(vector), [value] * vector.lanes)


def _polynomial(builder, vector, x, coefficients):
    """The polynomial whose coefficients these are, the highest power's first."""
    constant = _constants(vector)
    p = constant(coefficients[0])
    for coefficient in coefficients[1:]:
        p = fused_multiply_add(builder, vector, p, x, constant(coefficient))
    return p


def _exponential(vector):
    magic, high, low, degree, least, most, shift, _ = _PLANS[vector.dtype.bitwidth]
    integers = ir.VectorType(ir.IntType(vector.dtype.bitwidth), vector.lanes)
    constant = _constants(vector)

    def one(builder, x):
        # Cody and Waite (1980). Software manual for the elementary functions, chapter 6.
        y = builder.select(builder.fcmp_ordered(">", x, constant(least)), x, constant(least))
        y = builder.select(builder.fcmp_ordered("<", y, constant(most)), y, constant(most))
        shifted = fused_multiply_add(builder, vector, y, constant(1 / math.log(2)), constant(magic))
        k = builder.fsub(shifted, constant(magic))
        r = fused_multiply_add(builder, vector, k, constant(-high), y)
        r = fused_multiply_add(builder, vector, k, constant(-low), r)
        p = _polynomial(builder, vector, r, [1 / math.factorial(power) for power in range(degree, -1, -1)])
        exponent = builder.shl(
            builder.bitcast(shifted, integers), ir.Constant(integers, [shift] * vector.lanes)
        )
        scaled = builder.bitcast(builder.add(builder.bitcast(p, integers), exponent), llvm(vector))
        return builder.select(builder.fcmp_ordered("<", x, constant(least)), constant(0.0), scaled)

    return one


def _logarithm(vector):
    _, high, low, *_, shift, terms = _PLANS[vector.dtype.bitwidth]
    integers = ir.VectorType(ir.IntType(vector.dtype.bitwidth), vector.lanes)
    constant = _constants(vector)

    def integer(value):
        return ir.Constant(integers, [value] * vector.lanes)

    def one(builder, x):
        # 1 + x = 2**k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); log(1 + f) = 2 artanh(f / (2 + f)).
        whole = builder.fadd(x, constant(1.0))
        lost = builder.fsub(x, builder.fsub(whole, constant(1.0)))
        bits = builder.bitcast(whole, integers)
        k = builder.ashr(builder.sub(bits, integer(_ROOT_HALF_BITS[shift])), integer(shift))
        f = builder.bitcast(builder.sub(bits, builder.shl(k, integer(shift))), llvm(vector))
        f = builder.fsub(f, constant(1.0))
        s = builder.fdiv(f, builder.fadd(f, constant(2.0)))
        z = builder.fmul(s, s)
        p = _polynomial(builder, vector, z, [2 / (2 * power + 3) for power in range(terms - 1, -1, -1)])
        # 2 s = f - s f: what was rounded away in s is not lost.
        p = builder.fmul(builder.fsub(f, builder.fmul(z, p)), s)
        n = builder.sitofp(k, llvm(vector))
        small = fused_multiply_add(builder, vector, n, constant(low), builder.fdiv(lost, whole))
        return fused_multiply_add(builder, vector, n, constant(high), builder.fadd(f, builder.fsub(small, p)))

    return one


exp = _of_each(
    "`exp(x)` of each value, to about a unit in the last place; 0 below the normal numbers.", _exponential
)
log1p = _of_each(
    "`log(1 + x)` of each value from 0 to finite ones, to about a unit in the last place.", _logarithm
)
