"""What the compiler would not do by itself with scalars."""

from numba.core import types
from numba.extending import intrinsic

__all__ = ["pick"]


@intrinsic
def pick(typing, condition, x, y):
    """`x if condition else y` without a branch, for conditions that no processor foresees."""
    if isinstance(condition, types.Boolean) and x == y:

        def generate(context, builder, sig, args):
            chosen = builder.select(*args)
            chosen.set_metadata("unpredictable", builder.module.add_metadata([]))
            return chosen

        return x(condition, x, y), generate
