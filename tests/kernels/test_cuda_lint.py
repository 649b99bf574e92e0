"""Every CUDA kernel, compiled without a GPU: what it needs of the machine, and what must not be in it."""

import numpy as np
import pytest

from fastml.kernels import _build_cuda, _cuda_library
from fastml.kernels._compile import ArrayOf, scalar_name, variant_name
from tests.kernels import cuda_lint, simulated_cupy

pytestmark = pytest.mark.cuda_lint
KERNELS = _build_cuda.kernels()
# How PTX calls a parameter.
TYPES = {np.dtype(np.int64): "u64", np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}

# Two blocks of 256 threads share a processor's 65,536 registers; a kernel may ask for more with a reason.
REGISTERS = 128
MORE_REGISTERS = {
    "cuda.neighbors.rank_candidates[28]": {"float64": 168},  # 28 distances of 64 bits, and their indices
}
SHARED_BYTES = 48 * 1024

# float64 in kernels of float32 data: sums over rows and over trees, and exact distances. They wait for
# memory, not for these.
# The loops over a tile are not unrolled around something as long as tanh: the tile is in local memory.
IN_LOCAL_MEMORY = {"cuda.kernel_functions.fill_values[sigmoid]": {"float32"}}
USES_DOUBLE = {
    "cuda._norms.normalize[1]",
    "cuda._norms.normalize[2]",
    "cuda._norms.normalize[3]",
    "cuda._segments.sum_segments",
    "cuda.boosted_trees.walk_rows",
    "cuda.columns.part_moments",
    "cuda.kmeans.divide_by_weights",
    "cuda.kmeans.halve_norms",
    "cuda.kmeans.measure_rows",
    "cuda.kmeans_plusplus.try_seeds",
    "cuda.linear_loss.bend_margins",
    "cuda.linear_loss.share_margins",
    "cuda.neighbor_lists.select_nearest",
    "cuda.neighbors.collect_candidates[False]",
    "cuda.neighbors.collect_candidates[True]",
    "cuda.neighbors.measure_pairs",
    *(name for name in KERNELS if name.startswith("cuda.kernel_functions.sum_values")),
    *(name for name in KERNELS if name.startswith("cuda.silhouette.sum_distances")),
}

# Kernels whose inner loops read shared memory 128 bits at a time.
READS_128_BITS = ("cuda._nearest.", "cuda.distance.fill_tiles")


def variants():
    """Every kernel with every dtype that it is compiled for."""
    for name, kernel in KERNELS.items():
        for dtype in kernel.variants:
            yield pytest.param(name, dtype, id=f"{name}-{variant_name(dtype)}")


@pytest.fixture(scope="module")
def linted():
    if cuda_lint.missing():
        pytest.skip(f"the cuda-lint extra is not installed: no {cuda_lint.missing()}")
    return cuda_lint.lint()


@pytest.mark.parametrize("capability", cuda_lint.ARCHITECTURES, ids="compute_{0[0]}{0[1]}".format)
@pytest.mark.parametrize(("name", "dtype"), list(variants()))
def test_kernel(linted, name, dtype, capability):
    reports, parameters = (found[name, dtype, capability] for found in linted)
    assert parameters == passed_on(KERNELS[name], dtype)
    assert tuple(reports) == cuda_lint.ARCHITECTURES[capability]
    for architecture, report in reports.items():
        told = f"{architecture}: {report}"
        assert report["total"] > 16, "nothing was compiled"
        assert report["spill"] == 0, told
        in_local_memory = variant_name(dtype) in IN_LOCAL_MEMORY.get(name, ())
        assert (report["stack"] > 0) == (report["local"] > 0) == in_local_memory, told
        assert report["registers"] <= MORE_REGISTERS.get(name, {}).get(variant_name(dtype), REGISTERS), told
        assert report["shared"] <= SHARED_BYTES, told
        if dtype == np.float32:
            assert (report["double"] > 0) == (name in USES_DOUBLE), told
        if name.startswith(READS_128_BITS):
            assert report["shared_loads"] == report["shared_loads_128"] > 0, told


def passed_on(kernel, dtype):
    """The types of the parameters that are passed to a kernel of the library."""
    arguments = [example(note, dtype) for note in kernel.arguments.values()]
    takes = _cuda_library.signature(kernel.arguments.values(), dtype)
    made = _cuda_library.parameters(takes, arguments)
    return [TYPES[np.dtype(type(value))] for value in made]


def example(note, dtype):
    """An argument of this kind."""
    element = scalar_name(note.element if isinstance(note, ArrayOf) else note, dtype)
    return simulated_cupy.empty((2,) * note.ndim, element) if isinstance(note, ArrayOf) else 1


def test_exceptions_name_kernels():
    assert set(MORE_REGISTERS) | set(IN_LOCAL_MEMORY) | USES_DOUBLE <= set(KERNELS)
