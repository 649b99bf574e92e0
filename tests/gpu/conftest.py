"""Tests in this folder need a GPU; elsewhere they are skipped, with the reason."""

import pytest

from fastml._device import CUDA, why_no_cuda


@pytest.fixture(autouse=True)
def gpu():
    """The CUDA device."""
    if why_no_cuda():
        pytest.skip(f"no CUDA: {why_no_cuda()}")
    return CUDA
