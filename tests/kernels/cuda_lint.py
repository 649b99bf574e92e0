"""Compiles a CUDA kernel without a GPU and reads what came out.

Numba emits PTX through NVVM, `ptxas` makes machine code of it and reports registers and spills, `cuobjdump`
lists the instructions.

    python -m tests.kernels.cuda_lint            a table of all kernels on sm_90
    python -m tests.kernels.cuda_lint kmeans     of those with this in their name
"""

import os
import re
import sys
import tempfile
from collections import Counter

from fastml.kernels import _build_cuda
from fastml.kernels._build_cuda import kernels, ptx, run, tool

# What NVVM compiles for, and the machines that its PTX is then assembled for: the library's PTX, and that of
# a kernel which is compiled just in time on a GPU of the ninth generation.
ARCHITECTURES = {_build_cuda.VIRTUAL: ("sm_75", "sm_80", "sm_90"), (9, 0): ("sm_90",)}
DOUBLE = ("DFMA", "DADD", "DMUL", "DSETP", "DMNMX", "MUFU.RCP64H", "MUFU.RSQ64H")


def missing():
    """What the lint needs and does not find; empty when it can run."""
    return ", ".join(name for name in ("ptxas", "cuobjdump") if tool(name) is None)


def instructions(sass):
    """How often each instruction occurs."""
    return Counter(re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)", sass))


def lint(kernel, dtype, capability):
    """What a kernel's variant needs of the machine, and the PTX's types of its parameters.

    Returns
    -------
    reports : dict
        For each of the capability's architectures: registers; shared, stack and spill (bytes); double
        (float64 instructions), local (accesses of local memory), shared_loads and shared_loads_128
        (instructions); total (instructions).
    parameters : list of str
        "u64", "f32" and the like.
    """
    text, name = ptx(kernel, dtype, capability)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "kernel.ptx")
        with open(source, "w") as file:
            file.write(text)
        reports = {architecture: assemble(source, architecture) for architecture in ARCHITECTURES[capability]}
    head = text.partition(f".visible .entry {name}(")[2].partition(")")[0]
    return reports, re.findall(r"\.param \.(\w+)", head)


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
            report = lint(kernel, dtype, (9, 0))[0]["sm_90"]
            numbers = (report[column] for column in ("registers", "shared", "total", "double"))
            print(row.format(name, str(dtype or "-"), *numbers), flush=True)


if __name__ == "__main__":
    main()
