"""The types of SIMD values, and how LLVM instructions for them are written."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import models, register_model

from .._compile import vector_bytes

IR = {
    types.float32: ir.FloatType(), types.float64: ir.DoubleType(),
    types.int32: ir.IntType(32), types.int64: ir.IntType(64), types.uint8: ir.IntType(8),
}  # fmt: skip
I32 = ir.IntType(32)
INTEGER = {32: types.int32, 64: types.int64}


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


def vector_type(dtype):
    return Vector(dtype, vector_bytes() * 8 // dtype.bitwidth)


def llvm(ty):
    if isinstance(ty, Vector):
        return ir.VectorType(IR[ty.dtype], ty.lanes)
    if isinstance(ty, Mask):
        return ir.VectorType(ir.IntType(1), ty.lanes)
    return ir.ArrayType(llvm(ty.vector), ty.rows * ty.vectors)


def _model(manager, ty):
    return models.PrimitiveModel(manager, ty, llvm(ty))


for _type in (Vector, Mask, Tile):
    register_model(_type)(_model)


# ---- code generation helpers ----------------------------------------------------------------
def address(context, builder, array_type, array, index, index_type, offset=0):
    """Pointer to the flat element `index + offset`."""
    data = context.make_array(array_type)(context, builder, array).data
    index = context.cast(builder, index, index_type, types.intp)
    return builder.gep(data, [builder.add(index, ir.Constant(index.type, offset)) if offset else index])


def load_at(builder, pointer, vector):
    loaded = builder.load(builder.bitcast(pointer, ir.PointerType(llvm(vector))))
    loaded.align = vector.dtype.bitwidth // 8
    return loaded


def store_at(builder, pointer, value, dtype):
    stored = builder.store(value, builder.bitcast(pointer, ir.PointerType(value.type)))
    stored.align = dtype.bitwidth // 8


def splat_of(builder, scalar, vector):
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, one, zeros)


def call_llvm(builder, name, result, args, **kwargs):
    """Call LLVM's intrinsic `name`."""
    f = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [a.type for a in args]), name)
    return builder.call(f, args, **kwargs)


def suffix(vector):
    return f"v{vector.lanes}{'f' if isinstance(vector.dtype, types.Float) else 'i'}{vector.dtype.bitwidth}"


def fused_multiply_add(builder, vector, x, y, z):
    return call_llvm(builder, f"llvm.fma.{suffix(vector)}", llvm(vector), [x, y, z])


def cell(tile, r, v):
    return r * tile.vectors + v


def each_cell(builder, tile, value, change):
    """The tile with `change(row, vector index, vector)` in each cell."""
    out = value
    for r, v in tile.cells:
        new = change(r, v, builder.extract_value(value, cell(tile, r, v)))
        out = builder.insert_value(out, new, cell(tile, r, v))
    return out


def load_row(context, builder, ty, array_type, array, index, index_type):
    return [
        load_at(
            builder,
            address(context, builder, array_type, array, index, index_type, v * ty.vector.lanes),
            ty.vector,
        )
        for v in range(ty.vectors)
    ]


def load_column(context, builder, ty, array_type, array, index, index_type, stride, stride_type):
    """One splat for each row r: `array[index + r * stride]`."""
    index = context.cast(builder, index, index_type, types.intp)
    stride = context.cast(builder, stride, stride_type, types.intp)
    data = context.make_array(array_type)(context, builder, array).data
    column = []
    for r in range(ty.rows):
        at = builder.add(index, builder.mul(stride, ir.Constant(stride.type, r)))
        column.append(splat_of(builder, builder.load(builder.gep(data, [at])), llvm(ty.vector)))
    return column


def cell_pointers(context, builder, ty, array_type, array, index, index_type, stride, stride_type):
    index = context.cast(builder, index, index_type, types.intp)
    stride = context.cast(builder, stride, stride_type, types.intp)
    data = context.make_array(array_type)(context, builder, array).data
    for r, v in ty.cells:
        at = builder.add(index, builder.mul(stride, ir.Constant(stride.type, r)))
        yield r, v, builder.gep(data, [builder.add(at, ir.Constant(at.type, v * ty.vector.lanes))])
