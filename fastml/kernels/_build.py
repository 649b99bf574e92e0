"""Compiles every kernel ahead of time, into one shared library for each level of processor.

A kernel's machine code is Numba's; around it goes an entry of one C signature,
`void entry(const word *arguments, word *result)`, which `_call.c` calls. Each kernel module
becomes an object file named by the digest of what it was made from, so that a second build
compiles only what changed. Where CUDA's compilers are, `_build_cuda` runs beside it.

    python -m fastml.kernels._build LEVEL FOLDER OBJECTS     builds one library (a process for each level)
"""

import hashlib
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from . import _build_cuda, _compile, _jit, _library

OBJECTS = os.path.join(_library.FOLDER, "objects")
# LLVM's names. NUMBA_CPU_NAME makes the helpers that kernels call for the same processor.
TARGETS = {"x86_64": {"v3": "x86-64-v3", "v4": "x86-64-v4"}, "aarch64": {"arm64": "generic"}}


_LOCAL = ("private", "internal")  # nobody outside the object sees these anyway


class BuildError(RuntimeError):
    """The library could not be built; the message says why."""


def levels():
    """The levels that this machine builds for, and LLVM's names of them."""
    return TARGETS.get(os.uname().machine, {}) if hasattr(os, "uname") else {}


def linker():
    """The command of the C compiler that links: $CC, Python's own, cc, gcc, clang, or the ziglang package."""
    for command in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc", "gcc", "clang"):
        if command and shutil.which(command.split()[0]):
            return command.split()
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BuildError("no C compiler was found (looked at $CC, cc, gcc, clang and the ziglang package)")


def build(folder=_library.FOLDER, *, objects=OBJECTS, report=print):
    """Build the libraries of all levels, and that of CUDA kernels, into `folder`, side by side.

    Parameters
    ----------
    folder : str
        Where the libraries go.
    objects : str
        Where the object files are kept, for the next build.
    report : callable
        Called with a line of text for each kernel module compiled.

    Raises
    ------
    BuildError
        When there is nothing to build for here, no C compiler, or the compilation fails.
    """
    if not levels():
        raise BuildError("no level of this machine's processors is known")
    linker()
    os.makedirs(folder, exist_ok=True)
    os.makedirs(objects, exist_ok=True)
    processes = {level: _start(__spec__.name, level, folder, objects, level=level) for level in levels()}
    if _build_cuda.can_build():
        processes["cuda"] = _start(_build_cuda.__name__, os.path.join(folder, "cuda"), objects)
    _follow(processes, report)


def n_steps():
    """How many lines `build` reports."""
    n_cuda = len(_build_cuda.kernels()) if _build_cuda.can_build() else 0
    return len(kernel_modules()) * len(levels()) + n_cuda


def _start(module, *arguments, level=""):
    """Start a builder, in a process of its own."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = dict(os.environ, PYTHONPATH=root)
    if level:
        environment |= {
            "FASTML_BUILD_LEVEL": level, "NUMBA_CPU_NAME": levels()[level],
            "NUMBA_CPU_FEATURES": "", "NUMBA_DISABLE_INTEL_SVML": "1",
        }  # fmt: skip
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _follow(processes, report):
    """Pass on what the builders print; raise if one failed, when all have ended."""
    import selectors

    lines = {level: [] for level in processes}
    with selectors.DefaultSelector() as selector:
        for level, process in processes.items():
            selector.register(process.stdout, selectors.EVENT_READ, level)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()
                if not line:
                    selector.unregister(key.fileobj)
                    continue
                lines[key.data].append(line)
                report(f"{key.data}: {line.rstrip()}")
    failed = [level for level, process in processes.items() if process.wait()]
    if failed:
        raise BuildError("\n".join(f"{level}: " + "".join(lines[level][-30:]) for level in failed))


# ---- one level, in a process of its own ------------------------------------------------------
def build_level(level, folder, objects):
    """Compile what has changed for one level, and link its library."""
    import_kernels()
    files = [_object(name, level, objects) for name in kernel_modules()]
    target = _library.path(level, folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        linked = os.path.join(scratch, "library")
        command = [*linker(), "-shared", "-s", "-o", linked, *files, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BuildError(f"linking failed: {done.stderr}")
        with open(os.path.join(scratch, "sum"), "w") as f:
            f.write(_library.checksum(linked))
        os.replace(linked, target)
        os.replace(os.path.join(scratch, "sum"), target + ".sha256")
    _library.keep_only(objects, files, level + "-")


def kernel_modules():
    """The names of the modules that may hold CPU kernels."""
    package = importlib.import_module("fastml.kernels.cpu")
    return [f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)]


def import_kernels():
    """Import every module of CPU kernels, which declares the kernels."""
    for name in kernel_modules():
        importlib.import_module(name)


def _object(module_name, level, objects):
    """The object file of a kernel module, compiled if it is not there."""
    import llvmlite
    import numba

    from . import _inlined

    variants = {
        _library.symbol(kernel, dtype): (kernel, dtype)
        for kernel in _compile.declared()
        if kernel.py_func.__module__ == module_name
        for dtype in kernel.variants
    }
    compilers = [_library.checksum(file) for file in (__file__, _inlined.__file__)]
    key = (sorted(variants), level, numba.__version__, llvmlite.__version__, compilers)
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    name = module_name.rpartition(".")[2]
    file = os.path.join(objects, f"{level}-{name}-{digest}.o")
    if not os.path.exists(file):
        code = _machine_code(name, variants)
        with open(file + ".part", "wb") as f:
            f.write(code)
        os.replace(file + ".part", file)
    sys.stdout.write(f"{name}: {len(variants)} kernels\n")
    sys.stdout.flush()
    return file


def _machine_code(name, variants):
    """The object code of kernel variants, {symbol: (kernel, dtype)}."""
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target

    with global_compiler_lock:
        context = cpu_target.target_context.with_aot_codegen(name, cpu_name=os.environ["NUMBA_CPU_NAME"])
        library = context.codegen().create_library(name)
        for symbol, (kernel, dtype) in variants.items():
            compiled = _compile_into(library, context, kernel, dtype)
            with context.push_code_library(library):
                _add_entry(library, context, compiled.fndesc, symbol)
        library.finalize()
        for function in library.get_defined_functions():
            if function.name not in variants and function.linkage.name not in _LOCAL:
                function.visibility = "hidden"
        return library.emit_native_object()


def _compile_into(library, context, kernel, dtype):
    from numba.core import compiler
    from numba.core.cpu_options import FastMathOptions
    from numba.core.registry import cpu_target

    flags = compiler.Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.nrt = False
    flags.error_model = "numpy"
    if kernel.fastmath:
        flags.fastmath = FastMathOptions(set(kernel.fastmath))
    signature = _jit.signature(kernel, dtype)
    return compiler.compile_extra(
        cpu_target.typing_context, context, _compile.specialise(kernel.py_func, dtype),
        signature.args, signature.return_type, flags, locals={}, library=library,
    )  # fmt: skip


def _add_entry(library, context, fndesc, symbol):
    """Define the C function `symbol`, which unpacks the words and calls the kernel."""
    from llvmlite import ir
    from numba.core import types

    word = ir.IntType(64)
    module = library.create_ir_module(symbol)
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), [word.as_pointer()] * 2), symbol)
    builder = ir.IRBuilder(entry.append_basic_block())
    words, result = entry.args
    count = iter(range(10**6))

    def next_word():
        return builder.load(builder.gep(words, [ir.Constant(word, next(count))]))

    arguments = [_unpack(context, builder, ty, next_word) for ty in fndesc.argtypes]
    callee = ir.Function(
        module, context.call_conv.get_function_type(fndesc.restype, fndesc.argtypes), fndesc.llvm_func_name
    )
    _, value = context.call_conv.call_function(builder, callee, fndesc.restype, fndesc.argtypes, arguments)
    if fndesc.restype != types.none:
        wide = types.float64 if isinstance(fndesc.restype, types.Float) else types.int64
        value = context.cast(builder, value, fndesc.restype, wide)
        builder.store(value, builder.bitcast(result, value.type.as_pointer()))
    builder.ret_void()
    library.add_ir_module(module)


def _unpack(context, builder, ty, next_word):
    """An argument of type `ty` from the words that hold it."""
    from llvmlite import ir
    from numba.core import types
    from numba.np.arrayobj import populate_array

    first = next_word()
    if isinstance(ty, types.Float):
        return context.cast(builder, builder.bitcast(first, ir.DoubleType()), types.float64, ty)
    if not isinstance(ty, types.Array):
        return context.cast(builder, first, types.int64, ty)
    array = context.make_array(ty)(context, builder)
    itemsize = ir.Constant(first.type, context.get_abi_sizeof(context.get_data_type(ty.dtype)))
    shape = [next_word() for _ in range(ty.ndim)]
    strides = [itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        array, data=builder.inttoptr(first, array.data.type), shape=shape, strides=strides,
        itemsize=itemsize, meminfo=None,
    )  # fmt: skip
    return array._getvalue()


if __name__ == "__main__":
    build_level(*sys.argv[1:])
