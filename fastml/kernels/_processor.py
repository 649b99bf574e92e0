"""The processor: which SIMD instructions it has, and so how wide vectors and register tiles are."""

import functools
import os

import numpy as np


@functools.cache
def cpu_level():
    """The x86-64 level of this processor ("v4", "v3"), "arm64", or "baseline" for any other.

    `FASTML_CPU_LEVEL` asks for a lower one. A build for other processors than its own says
    which in `FASTML_BUILD_LEVEL`.
    """
    from numpy._core._multiarray_umath import __cpu_features__ as features

    if "FASTML_BUILD_LEVEL" in os.environ:
        return os.environ["FASTML_BUILD_LEVEL"]
    if features.get("ASIMD"):
        return "arm64"
    level = os.environ.get("FASTML_CPU_LEVEL", "v4")
    if level == "v4" and features.get("AVX512_SKX"):
        return "v4"
    if level in ("v4", "v3") and features.get("AVX2") and features.get("FMA3"):
        return "v3"
    return "baseline"


def vector_bytes():
    """Bytes in a SIMD vector: 64 with AVX-512, 32 otherwise."""
    return 64 if cpu_level() == "v4" else 32


def lanes(dtype):
    """Values of `dtype` in a SIMD vector."""
    return vector_bytes() // np.dtype(dtype).itemsize


# A register tile is TILE_ROWS x TILE_VECTORS vectors: 24 of the 32 registers of AVX-512,
# 12 of the 16 of AVX2; the others hold the operands.
TILE_ROWS = 6


def tile_vectors():
    """Vectors in a row of a register tile."""
    return 4 if vector_bytes() == 64 else 2


def tile_width(dtype):
    """Columns of a register tile of `dtype`."""
    return lanes(dtype) * tile_vectors()
