"""Compiles a CUDA kernel without a GPU and reads what came out.

Numba emits PTX through NVVM, `ptxas` makes machine code of it and reports registers and spills, `cuobjdump`
lists the instructions.

    python -m tests.kernels.cuda_lint            a table of all kernels on sm_90
    python -m tests.kernels.cuda_lint kmeans     of those with this in their name
"""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import types
from collections import Counter

# What NVVM compiles for, and the machines that its PTX is then assembled for.
ARCHITECTURES = {(7, 5): ("sm_75", "sm_80"), (9, 0): ("sm_90",)}
DOUBLE = ("DFMA", "DADD", "DMUL", "DSETP", "DMNMX", "MUFU.RCP64H", "MUFU.RSQ64H")


def tool(name):
    """Path of a tool of the CUDA toolkit, or None."""
    installed = os.path.join(sysconfig.get_paths()["purelib"], "nvidia", "cu13", "bin", name)
    return installed if os.path.exists(installed) else shutil.which(name)


def missing():
    """What the lint needs and does not find; empty when it can run."""
    return ", ".join(name for name in ("ptxas", "cuobjdump") if tool(name) is None)


def kernels():
    """All CUDA kernels by name."""
    from fastml.kernels import _cuda, cuda

    for module in pkgutil.iter_modules(cuda.__path__):
        importlib.import_module(f"{cuda.__name__}.{module.name}")
    return _cuda._KERNELS


def arguments_of(kernel, dtype):
    """Numba's types of a kernel's annotated arguments."""
    return [_argument_type(note, dtype) for note in kernel.arguments.values()]


def _argument_type(note, dtype):
    from numba.cuda import types as nb

    from fastml.kernels._compile import ArrayOf, variant_name

    if isinstance(note, ArrayOf):
        return nb.Array(_argument_type(note.element, dtype), note.ndim, "C")
    return getattr(nb, {"T": variant_name(dtype)}.get(note.name, note.name))


def run(*command):
    """A command's output."""
    path = os.path.dirname(command[0]) + os.pathsep + os.environ["PATH"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compile_kernel(kernel, dtype, capability):
    """A kernel's variant as PTX."""
    from numba import cuda
    from numba.cuda import dispatcher
    from numba.cuda import types as nb

    from fastml.kernels import _cuda

    # Numba asks the GPU in use what device functions are to be compiled for.
    dispatcher.get_current_device = lambda: types.SimpleNamespace(compute_capability=capability)
    _cuda.device_function.cache_clear()
    signature = nb.void(*arguments_of(kernel, dtype))
    ptx, _ = cuda.compile(
        kernel.specialised(dtype), signature, device=False, abi="numba", cc=capability, output="ptx"
    )
    return ptx


def instructions(sass):
    """How often each instruction occurs."""
    return Counter(re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)", sass))


def lint(kernel, dtype, capability):
    """What a kernel's variant needs of the machine.

    Returns
    -------
    reports : dict
        For each of the capability's architectures: registers; shared, stack and spill (bytes); double
        (float64 instructions), local (accesses of local memory), shared_loads and shared_loads_128
        (instructions); total (instructions).
    """
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "kernel.ptx")
        with open(source, "w") as file:
            file.write(compile_kernel(kernel, dtype, capability))
        return {architecture: assemble(source, architecture) for architecture in ARCHITECTURES[capability]}


def assemble(source, architecture):
    """A report of `lint`."""
    binary = source + architecture
    log = run(tool("ptxas"), "-v", f"-arch={architecture}", source, "-o", binary)
    counts = instructions(run(tool("cuobjdump"), "--dump-sass", binary))

    def read(pattern):
        return max(map(int, re.findall(pattern, log)), default=0)

    def count(*names):
        return sum(n for name, n in counts.items() if name.startswith(names))

    return {
        "registers": read(r"Used (\d+) registers"),
        "shared": read(r"(\d+) bytes smem"),
        "stack": read(r"(\d+) bytes stack frame"),
        "spill": read(r"(\d+) bytes spill stores") + read(r"(\d+) bytes spill loads"),
        "double": count(*DOUBLE),
        "local": count("LDL", "STL"),
        "shared_loads": count("LDS"),
        "shared_loads_128": sum(n for name, n in counts.items() if name.startswith("LDS") and ".128" in name),
        "total": sum(counts.values()),
    }


def main():
    """Print the table."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    row = "{:62} {:>8} {:>9} {:>7} {:>12} {:>6}"
    print(row.format("kernel", "dtype", "registers", "shared", "instructions", "double"))
    for name, kernel in kernels().items():
        for dtype in kernel.variants if wanted in name else ():
            report = lint(kernel, dtype, (9, 0))["sm_90"]
            numbers = (report[column] for column in ("registers", "shared", "total", "double"))
            print(row.format(name, str(dtype or "-"), *numbers), flush=True)


if __name__ == "__main__":
    main()
