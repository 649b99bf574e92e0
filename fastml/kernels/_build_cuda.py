"""Compiles every CUDA kernel ahead of time, where the compilers are: the extra `cuda-lint`. No GPU is needed.

Numba emits PTX through NVVM, `ptxas` makes machine code of it for each architecture, `fatbinary` packs both
into one file. What came out is kept among the objects, so that a second build, or the compile lint, compiles
only what changed.

    python -m fastml.kernels._build_cuda FOLDER OBJECTS
"""

import concurrent.futures
import functools
import hashlib
import importlib
import importlib.util
import multiprocessing
import os
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from . import _cuda, _cuda_library, _library
from ._compile import ArrayOf, variant_name

# What the PTX is for: the oldest architecture that CUDA 13 knows. Machine code runs on later ones of its
# generation too; for other generations the driver compiles the PTX.
VIRTUAL = (7, 5)
ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100", "sm_120")
# The files in a variant's folder, besides a cubin for each architecture.
PTX, LOG, PACKED = "kernel.ptx", ".log", "kernel.fatbin"


def tool(name):
    """Path of a tool of the CUDA toolkit, or None."""
    installed = os.path.join(sysconfig.get_paths()["purelib"], "nvidia", "cu13", "bin", name)
    return installed if os.path.exists(installed) else shutil.which(name)


def can_build():
    """Tell whether the compilers are there."""
    return bool(importlib.util.find_spec("numba_cuda") and tool("ptxas") and tool("fatbinary"))


def kernels():
    """All CUDA kernels by name."""
    package = importlib.import_module("fastml.kernels.cuda")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _cuda.declared()


def build(folder, objects):
    """Compile what has changed, and fill the folder.

    Parameters
    ----------
    folder : str
        Where the fat binaries go, and their checksums.
    objects : str
        Where they are kept for the next build.
    """
    os.makedirs(folder, exist_ok=True)
    sums = {}
    for name, variants in compiled(objects):
        for dtype, made in variants.items():
            target = _cuda_library.path(_library.symbol(kernels()[name], dtype), folder)
            shutil.copyfile(os.path.join(made, PACKED), target)
            sums[os.path.basename(target)] = _library.checksum(target)
        sys.stdout.write(f"{name}: {len(variants)} kernels\n")
        sys.stdout.flush()
    with open(os.path.join(folder, _cuda_library.SUMS), "w") as file:
        file.writelines(f"{checksum}  {name}\n" for name, checksum in sorted(sums.items()))
    _library.keep_only(folder, [*sums, _cuda_library.SUMS])


def compiled(objects, capability=VIRTUAL, architectures=ARCHITECTURES):
    """Compile what has changed, in as many processes as there are processors.

    Parameters
    ----------
    objects : str
        Where the results are kept.
    capability : tuple of int
        What NVVM compiles for.
    architectures : tuple of str
        What the PTX is assembled for.

    Yields
    ------
    name : str
        A kernel.
    variants : dict
        For each of its dtypes a folder: PTX, and for each architecture a cubin and what `ptxas` told of it.
    """
    os.makedirs(objects, exist_ok=True)
    modules = {}
    for name, kernel in kernels().items():
        modules.setdefault(kernel.py_func.__module__, []).append(name)
    prefix, kept = f"cuda{''.join(map(str, capability))}-", []
    work = functools.partial(_compile, os.path.join(objects, prefix), capability, architectures)
    with concurrent.futures.ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        # The kernels of a module share device functions; the largest modules first.
        waiting = [pool.submit(work, names) for names in sorted(modules.values(), key=len, reverse=True)]
        for done in concurrent.futures.as_completed(waiting):
            for name, variants in done.result():
                kept += variants.values()
                yield name, variants
    _library.keep_only(objects, kept, prefix)


def _compile(start, capability, architectures, names):
    """For each of the kernels what `compiled` yields; the folders' paths begin with `start`."""
    found = []
    for name in names:
        kernel = kernels()[name]
        found.append(
            (name, {d: _folder(start, kernel, d, capability, architectures) for d in kernel.variants})
        )
    return found


def _folder(start, kernel, dtype, capability, architectures):
    """The folder of a variant, compiled if it is not there."""
    symbol = _library.symbol(kernel, dtype)
    key = symbol, _compilers(), capability, architectures, _library.checksum(__file__)
    folder = f"{start}{symbol}-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"
    if not os.path.exists(folder):
        source, name = ptx(kernel, dtype, capability)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as scratch:
            part = os.path.join(scratch, "part")
            os.mkdir(part)
            _assemble(source.replace(name, symbol), part, capability, architectures)
            os.rename(part, folder)
    return folder


@functools.cache
def _compilers():
    """The versions of what compiles."""
    import numba_cuda

    return numba_cuda.__version__, run(tool("ptxas"), "--version")


def _assemble(source, folder, capability, architectures):
    """Assemble PTX for every architecture, and pack it all into one file with the PTX itself."""
    text = os.path.join(folder, PTX)
    with open(text, "w") as file:
        file.write(source)
    images = [f"--image3=kind=ptx,sm={''.join(map(str, capability))},file={text}"]
    for architecture in architectures:
        cubin = os.path.join(folder, architecture)
        told = run(tool("ptxas"), "-v", f"-arch={architecture}", text, "-o", cubin)
        with open(cubin + LOG, "w") as file:
            file.write(told)
        images.append(f"--image3=kind=elf,sm={architecture.removeprefix('sm_')},file={cubin}")
    run(tool("fatbinary"), "-64", f"--create={os.path.join(folder, PACKED)}", *images)


def run(*command):
    """A command's output.

    Raises
    ------
    RuntimeError
        If it fails; the message is what it printed.
    """
    path = os.path.dirname(command[0]) + os.pathsep + os.environ["PATH"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    if done.returncode:
        raise RuntimeError(f"{os.path.basename(command[0])}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def ptx(kernel, dtype, capability):
    """Compile a variant to PTX.

    Returns
    -------
    source : str
        The PTX.
    name : str
        The name in it that the kernel has.
    """
    numba_cuda = _cuda.cuda.load()
    _cuda.pretend_gpu(capability)
    signature = numba_cuda.types.void(*(_argument(note, dtype) for note in kernel.arguments.values()))
    source, _ = numba_cuda.compile(
        kernel.specialised(dtype), signature, device=False, abi="numba", cc=capability, output="ptx"
    )
    return source, source.partition(".visible .entry ")[2].partition("(")[0]


def _argument(note, dtype):
    """Numba's type of an annotated argument."""
    found = _cuda.cuda.load().types
    if isinstance(note, ArrayOf):
        return found.Array(_argument(note.element, dtype), note.ndim, "C")
    return getattr(found, {"T": variant_name(dtype)}.get(note.name, note.name))


if __name__ == "__main__":
    build(*sys.argv[1:])
