"""SIMD vectors and register tiles for kernels.

A `Vector` is as many values as fit in a register (`LANES`); a `Tile` is rows of vectors that
stay in registers while a loop accumulates into them. Arrays are addressed flat, whatever
their shape: `load(A, i)` reads from the i-th value of the C-contiguous A. Nothing checks
bounds.

Operators work lane by lane: `+ - * /` on vectors and tiles of one shape, `<` and `==` on
vectors (giving a `Mask`), `|` and `&` on masks.

Importing this package imports Numba: kernels name it through `_compile.simd`.
"""

from ._consumers import add_row_sums, bits_below, keep_smallest, rows_below, smallest_row, smallest_two_rows
from ._tiles import (
    add_absolute_differences,
    add_absolute_sums,
    add_column,
    add_products,
    add_row,
    add_squared_differences,
    count_differences,
    load_doubles,
    max_absolute_differences,
    multiply_row,
    store_tile,
    store_tile_part,
    tile,
    tile_of_column,
    tile_of_picked_rows,
    tile_of_row,
    tile_of_rows,
    transpose,
    where_nan,
    where_zero,
)
from ._vectors import (
    bits,
    count_bits,
    fabs,
    fma,
    indices,
    lane_max,
    lane_min,
    lane_min_index,
    lane_sum,
    load,
    lowest_bit,
    maximum,
    minimum,
    power,
    prefer_wide,
    select,
    shift_in,
    splat,
    splat_index,
    sqrt,
    store,
)

__all__ = [
    "add_absolute_differences",
    "add_absolute_sums",
    "add_column",
    "add_products",
    "add_row",
    "add_row_sums",
    "add_squared_differences",
    "bits",
    "bits_below",
    "count_bits",
    "count_differences",
    "fabs",
    "fma",
    "indices",
    "keep_smallest",
    "lane_max",
    "lane_min",
    "lane_min_index",
    "lane_sum",
    "load",
    "load_doubles",
    "lowest_bit",
    "max_absolute_differences",
    "maximum",
    "minimum",
    "multiply_row",
    "power",
    "prefer_wide",
    "rows_below",
    "select",
    "shift_in",
    "smallest_row",
    "smallest_two_rows",
    "splat",
    "splat_index",
    "sqrt",
    "store",
    "store_tile",
    "store_tile_part",
    "tile",
    "tile_of_column",
    "tile_of_picked_rows",
    "tile_of_row",
    "tile_of_rows",
    "transpose",
    "where_nan",
    "where_zero",
]
