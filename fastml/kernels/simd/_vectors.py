"""Operations on vectors: lane by lane, across lanes, to and from memory."""

import operator

from llvmlite import ir
from numba.core import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic

from ._codegen import (
    I32,
    INTEGER,
    IR,
    Mask,
    Tile,
    Vector,
    address,
    call_llvm,
    cell,
    each_cell,
    fused_multiply_add,
    llvm,
    load_at,
    splat_of,
    store_at,
    suffix,
    vector_type,
)


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
            x, y = args
            return each_cell(
                builder, ty, x,
                lambda r, v, one: generate(builder, ty.vector, one, builder.extract_value(y, cell(ty, r, v))),
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
    vector = vector_type(array.dtype)

    def generate(context, builder, sig, args):
        return load_at(builder, address(context, builder, array, args[0], args[1], i), vector)

    return vector(array, i), generate


@intrinsic
def store(typing, array, i, vector):
    """`array[i : i + LANES] = vector`."""

    def generate(context, builder, sig, args):
        store_at(builder, address(context, builder, array, args[0], args[1], i), args[2], array.dtype)
        return context.get_dummy_value()

    return types.void(array, i, vector), generate


@intrinsic
def splat(typing, scalar):
    """A vector of copies of `scalar`."""
    vector = vector_type(scalar)

    def generate(context, builder, sig, args):
        return splat_of(builder, args[0], llvm(vector))

    return vector(scalar), generate


@intrinsic
def splat_index(typing, index, like):
    """A vector of copies of the integer `index`, one for each lane of `like`."""
    vector = Vector(INTEGER[like.dtype.bitwidth], like.lanes)

    def generate(context, builder, sig, args):
        return splat_of(builder, context.cast(builder, args[0], index, vector.dtype), llvm(vector))

    return vector(index, like), generate


@intrinsic
def indices(typing, first, like):
    """The integer vector `first, first + 1, ...`, one for each lane of `like`."""
    vector = Vector(INTEGER[like.dtype.bitwidth], like.lanes)

    def generate(context, builder, sig, args):
        start = splat_of(builder, context.cast(builder, args[0], first, vector.dtype), llvm(vector))
        return builder.add(start, ir.Constant(llvm(vector), list(range(like.lanes))))

    return vector(first, like), generate


# ---- lane by lane ----------------------------------------------------------------------------
@intrinsic
def fma(typing, x, y, z):
    """`x * y + z`, rounded once."""
    return x(x, y, z), lambda context, builder, sig, args: fused_multiply_add(builder, x, *args)


def _unary(name, doc):
    def op(typing, x):
        def one(builder, vector, value):
            return call_llvm(builder, f"llvm.{name}.{suffix(vector)}", llvm(vector), [value])

        def generate(context, builder, sig, args):
            if isinstance(x, Tile):
                return each_cell(builder, x, args[0], lambda r, v, value: one(builder, x.vector, value))
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
        exponents = splat_of(builder, context.cast(builder, args[1], exponent, vector.dtype), llvm(vector))
        name = f"llvm.pow.{suffix(vector)}"
        return each_cell(
            builder, acc, args[0], lambda r, v, x: call_llvm(builder, name, llvm(vector), [x, exponents])
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
            return each_cell(
                builder, x, args[0],
                lambda r, v, a: one(builder, x.vector, a, builder.extract_value(other, cell(x, r, v))),
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


@intrinsic
def as_bits(typing, x):
    """The bits of a float64, as an int64."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def from_bits(typing, x):
    """The float64 that has the bits of the int64 x."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def count_bits(typing, x):
    """The number of bits set in the int64 x."""

    def generate(context, builder, sig, args):
        return builder.ctpop(args[0])

    return types.int64(types.int64), generate


# ---- across lanes -----------------------------------------------------------------------------
def _reduction(name, doc, start=None, flags=()):
    def op(typing, x):
        def generate(context, builder, sig, args):
            before = [] if start is None else [ir.Constant(IR[x.dtype], start)]
            return call_llvm(
                builder,
                f"llvm.vector.reduce.{name}.{suffix(x)}",
                IR[x.dtype],
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


@intrinsic
def shift_in(typing, before, vector):
    """The last lane of `before`, then the lanes of `vector` but its last."""

    def generate(context, builder, sig, args):
        lanes = ir.Constant(
            ir.VectorType(I32, vector.lanes), list(range(vector.lanes - 1, 2 * vector.lanes - 1))
        )
        return builder.shuffle_vector(args[0], args[1], lanes)

    return vector(before, vector), generate


@intrinsic
def prefer_wide(typing):
    """Let LLVM vectorise the loops of this function with the widest registers; it prefers 256 bits."""

    def generate(context, builder, sig, args):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite knows no such name
        return context.get_dummy_value()

    return types.void(), generate
