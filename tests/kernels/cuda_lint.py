"""Reads what the CUDA kernels were compiled to, without a GPU.

Numba emits PTX through NVVM, `ptxas` makes machine code of it and tells of registers and spills, `nvdisasm`
lists the instructions. What the build of the library has compiled is not compiled again.

    python -m tests.kernels.cuda_lint            a table of all kernels on sm_90
    python -m tests.kernels.cuda_lint kmeans     of those with this in their name
"""

import os
import re
import sys
import tempfile
from collections import Counter
from itertools import accumulate

import numpy as np

from fastml.kernels import _build, _build_cuda
from fastml.kernels._build_cuda import run, tool

# What NVVM compiles for, and the machines that its PTX is then assembled for: the library's PTX, and that of
# a kernel which is compiled just in time on a GPU of the ninth generation.
ARCHITECTURES = {_build_cuda.VIRTUAL: _build_cuda.ARCHITECTURES, (9, 0): ("sm_90",)}
DOUBLE = ("DFMA", "DADD", "DMUL", "DSETP", "DMNMX", "MUFU.RCP64H", "MUFU.RSQ64H")
INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)")
# ELF's header of a section, and the flag of those that hold instructions.
SECTION = np.dtype({
    "names": ["flags", "offset", "size"], "formats": ["<u8"] * 3, "offsets": [8, 24, 32], "itemsize": 64,
})  # fmt: skip
EXECUTABLE = 4


def missing():
    """What the lint needs and does not find; empty when it can run."""
    return ", ".join(name for name in ("ptxas", "nvdisasm") if tool(name) is None)


def machine_code(cubin):
    """The instructions in an ELF file, as bytes."""
    with open(cubin, "rb") as file:
        data = file.read()
    at, count = int.from_bytes(data[40:48], "little"), int.from_bytes(data[60:62], "little")
    sections = np.frombuffer(data, SECTION, count, at)
    code = (data[s["offset"] :][: s["size"]] for s in sections if s["flags"] & EXECUTABLE)
    return b"".join(code)


def instructions(cubins, architecture):
    """How often each instruction occurs in each of the files."""
    # All at once: nvdisasm takes longer to start than to list a kernel.
    codes = [machine_code(cubin) for cubin in cubins]
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(codes))
        file.flush()
        listing = run(tool("nvdisasm"), "--binary", architecture.replace("sm_", "SM"), file.name)
    counts = [Counter() for _ in codes]
    ends = list(accumulate(map(len, codes)))
    of = 0
    for address, name in INSTRUCTION.findall(listing):
        while int(address, 16) >= ends[of]:
            of += 1
        counts[of][name] += 1
    return counts


def lint():
    """What every kernel needs of the machine, and the PTX's types of its parameters.

    Returns
    -------
    reports : dict
        By name, dtype and capability; each a dict by architecture of what `report` returns.
    parameters : dict
        By name, dtype and capability: "u64", "f32" and the like.
    """
    reports, parameters = {}, {}
    for capability, architectures in ARCHITECTURES.items():
        found = _build_cuda.compiled(_build.OBJECTS, capability, architectures)
        folders = {
            (name, dtype, capability): folder
            for name, variants in found
            for dtype, folder in variants.items()
        }
        parameters |= {variant: _parameters(folder) for variant, folder in folders.items()}
        for architecture in architectures:
            cubins = [os.path.join(folder, architecture) for folder in folders.values()]
            for variant, cubin, counts in zip(folders, cubins, instructions(cubins, architecture)):
                reports.setdefault(variant, {})[architecture] = report(cubin, counts)
    return reports, parameters


def _parameters(folder):
    with open(os.path.join(folder, _build_cuda.PTX)) as file:
        head = file.read().partition(".visible .entry ")[2].partition(")")[0]
    return re.findall(r"\.param \.(\w+)", head)


def report(cubin, counts):
    """What a kernel needs of a machine.

    Returns
    -------
    report : dict
        registers; shared, stack and spill (bytes); double (float64 instructions), local (accesses of local
        memory), shared_loads and shared_loads_128 (instructions); total (instructions).
    """
    with open(cubin + _build_cuda.LOG) as file:
        log = file.read()

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
    for (name, dtype, capability), reports in sorted(lint()[0].items(), key=str):
        if wanted in name and capability == (9, 0):
            numbers = (reports["sm_90"][column] for column in ("registers", "shared", "total", "double"))
            print(row.format(name, str(dtype or "-"), *numbers))


if __name__ == "__main__":
    main()
