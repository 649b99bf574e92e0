"""The exponential function of a tile."""

import math

from llvmlite import ir
from numba.extending import intrinsic

from ._codegen import each_cell, fused_multiply_add, llvm

# For x = k ln 2 + r: the number that shifts k into the last bits, ln 2 in two parts, the degree of Taylor's
# series of exp(r), the ends beyond which the result is 0 or stays, and where the exponent's bits are.
_PLANS = {
    32: (1.5 * 2.0**23, 0.693359375, -2.12194440e-4, 7, -86.0, 88.0, 23),
    64: (1.5 * 2.0**52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 12, -708.0, 709.0, 52),
}


@intrinsic
def exp(typing, acc):
    """`exp(x)` of each value, to about a unit in the last place; 0 below the normal numbers."""
    vector = acc.vector
    magic, high, low, degree, least, most, shift = _PLANS[vector.dtype.bitwidth]
    integers = ir.VectorType(ir.IntType(vector.dtype.bitwidth), vector.lanes)

    def constant(value):
        return ir.Constant(llvm(vector), [value] * vector.lanes)

    def one(builder, x):
        # Cody and Waite (1980). Software manual for the elementary functions, chapter 6.
        y = builder.select(builder.fcmp_ordered(">", x, constant(least)), x, constant(least))
        y = builder.select(builder.fcmp_ordered("<", y, constant(most)), y, constant(most))
        shifted = fused_multiply_add(builder, vector, y, constant(1 / math.log(2)), constant(magic))
        k = builder.fsub(shifted, constant(magic))
        r = fused_multiply_add(builder, vector, k, constant(-high), y)
        r = fused_multiply_add(builder, vector, k, constant(-low), r)
        p = constant(1 / math.factorial(degree))
        for power in range(degree - 1, -1, -1):
            p = fused_multiply_add(builder, vector, p, r, constant(1 / math.factorial(power)))
        exponent = builder.shl(
            builder.bitcast(shifted, integers), ir.Constant(integers, [shift] * vector.lanes)
        )
        scaled = builder.bitcast(builder.add(builder.bitcast(p, integers), exponent), llvm(vector))
        return builder.select(builder.fcmp_ordered("<", x, constant(least)), constant(0.0), scaled)

    def generate(context, builder, sig, args):
        return each_cell(builder, acc, args[0], lambda r, v, x: one(builder, x))

    return acc(acc), generate
