"""What threads need that share work inside compiled loops: atomic operations on int64 words, and waiting."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from ._codegen import address

I64 = ir.IntType(64)


def _word(context, builder, sig, args):
    return address(context, builder, sig.args[0], args[0], args[1], sig.args[1])


@intrinsic
def atomic_load(typing, words, i):
    """`words[i]`, read before whatever follows."""

    def generate(context, builder, sig, args):
        return builder.load_atomic(_word(context, builder, sig, args), "acquire", 8)

    return types.int64(words, i), generate


@intrinsic
def atomic_store(typing, words, i, value):
    """`words[i] = value`, written after whatever came before."""

    def generate(context, builder, sig, args):
        stored = context.cast(builder, args[2], value, types.int64)
        builder.store_atomic(stored, _word(context, builder, sig, args), "release", 8)
        return context.get_dummy_value()

    return types.void(words, i, value), generate


@intrinsic
def atomic_add(typing, words, i, value):
    """Add to `words[i]`; return what it was before."""

    def generate(context, builder, sig, args):
        added = context.cast(builder, args[2], value, types.int64)
        return builder.atomic_rmw("add", _word(context, builder, sig, args), added, "acq_rel")

    return types.int64(words, i, value), generate


@intrinsic
def compare_exchange(typing, words, i, old, new):
    """Set `words[i]` to `new` if it is `old`; return whether it was."""

    def generate(context, builder, sig, args):
        before, after = (context.cast(builder, a, ty, types.int64) for a, ty in zip(args[2:], (old, new)))
        pointer = _word(context, builder, sig, args)
        return builder.extract_value(builder.cmpxchg(pointer, before, after, "acq_rel", "acquire"), 1)

    return types.boolean(words, i, old, new), generate


@intrinsic
def yield_thread(typing):
    """Let another thread have this processor."""

    def generate(context, builder, sig, args):
        signature = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, signature, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def prefetch(typing, array, i):
    """Ask for `array[i]` to be brought into the cache."""

    def generate(context, builder, sig, args):
        pointer = builder.bitcast(_word(context, builder, sig, args), ir.IntType(8).as_pointer())
        i32 = ir.IntType(32)
        signature = ir.FunctionType(ir.VoidType(), [pointer.type, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, signature, "llvm.prefetch.p0")
        builder.call(function, [pointer, i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(array, i), generate
