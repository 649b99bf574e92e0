"""Exponential and logarithm that vectorise, which the library's do not: arithmetic and no branch."""

import numpy as np

from .._compile import float64, helper, simd

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 * 2**52: added to a number, it leaves the nearest integer in the last bits
_SQRT_HALF = 0x3FE6A09E667F3BCD  # as bits


@helper(fastmath={"contract"})
def exponential(x):
    """`exp(x)` in float64, to one unit in the last place; 0 and infinity beyond what float64 can hold."""
    # Cody and Waite: x = k ln 2 + r, |r| <= ln 2 / 2; Taylor's series of exp(r) to the thirteenth power.
    y = min(max(x, -708.0), 709.0)
    shifted = y * _LOG2_E + _ROUND
    k = shifted - _ROUND
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r * r + r + 1.0
    scaled = simd.from_bits(simd.as_bits(p) + (simd.as_bits(shifted) << 52))
    return 0.0 if x < -708.0 else (np.inf if x > 709.0 else scaled)


@helper(fastmath={"contract"})
def logarithm(x):
    """`log(x)` of a positive, normal float64, to one unit in the last place."""
    # The method of FreeBSD's e_log.c: x = 2**k (1 + f), and a polynomial in (f / (2 + f))**2.
    bits = simd.as_bits(x)
    k = (bits - _SQRT_HALF) >> 52
    f = simd.from_bits(bits - (k << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    n = float64(k)
    return n * _LN2_HIGH - ((half - (s * (half + p * z) + n * _LN2_LOW)) - f)
