"""Compiles every CUDA kernel ahead of time, where the compilers are: the extra `cuda-lint`. No GPU is needed.

Numba emits PTX through NVVM, `ptxas` makes machine code of it for each architecture, `fatbinary` packs both
into one file. What came out is kept among the objects, so that a second build compiles only what changed.

    python -m fastml.kernels._build_cuda FOLDER OBJECTS
"""

import hashlib
import importlib
import importlib.util
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
    os.makedirs(objects, exist_ok=True)
    sums, kept = {}, []
    for name, kernel in kernels().items():
        for dtype in kernel.variants:
            symbol = _library.symbol(kernel, dtype)
            kept.append(_object(kernel, dtype, symbol, objects))
            target = _cuda_library.path(symbol, folder)
            shutil.copyfile(kept[-1], target)
            sums[os.path.basename(target)] = _library.checksum(target)
        sys.stdout.write(f"{name}: {len(kernel.variants)} kernels\n")
        sys.stdout.flush()
    with open(os.path.join(folder, _cuda_library.SUMS), "w") as file:
        file.writelines(f"{checksum}  {name}\n" for name, checksum in sums.items())
    _library.keep_only(folder, [*sums, _cuda_library.SUMS])
    _library.keep_only(objects, kept, "cuda-")


def _object(kernel, dtype, symbol, objects):
    """The fat binary of a variant, compiled if it is not there."""
    import numba_cuda

    key = symbol, numba_cuda.__version__, VIRTUAL, ARCHITECTURES, _library.checksum(__file__)
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    file = os.path.join(objects, f"cuda-{symbol}-{digest}.o")
    if not os.path.exists(file):
        source, name = ptx(kernel, dtype, VIRTUAL)
        _pack(source.replace(name, symbol), file + ".part")
        os.replace(file + ".part", file)
    return file


def _pack(source, target):
    """Assemble PTX for every architecture, into one file with the PTX itself."""
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "kernel.ptx")
        with open(text, "w") as file:
            file.write(source)
        images = [f"--image3=kind=ptx,sm={VIRTUAL[0]}{VIRTUAL[1]},file={text}"]
        for architecture in ARCHITECTURES:
            run(tool("ptxas"), f"-arch={architecture}", text, "-o", text + architecture)
            sm = architecture.removeprefix("sm_")
            images.append(f"--image3=kind=elf,sm={sm},file={text + architecture}")
        run(tool("fatbinary"), "-64", f"--create={target}", *images)


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
