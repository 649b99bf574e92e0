"""The library of CUDA kernels that were compiled at installation, on a GPU."""

import json

import pytest

from fastml.kernels import _cuda_library

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not _cuda_library.checksums(), reason="no CUDA kernels were compiled at installation"),
]

SCRIPT = """
    import json, sys
    import numpy as np
    from fastml.cluster import KMeans
    from fastml.kernels import _cuda
    X = np.random.RandomState(0).standard_normal((3000, 8)).astype(np.float32)
    model = KMeans(3, n_init=1, random_state=0, device="cuda").fit(X)
    sources = {source for kernel in _cuda.declared().values() for source in kernel.sources.values()}
    print(json.dumps([model.inertia_, sorted(sources), "numba" in sys.modules]))
"""


def test_a_fit_loads_the_library_and_not_numba(python):
    inertia, sources, numba = json.loads(python(SCRIPT))
    assert sources == ["library"]
    assert not numba
    compiled, sources, _ = json.loads(python(SCRIPT, env={"FASTML_KERNELS": "jit"}))
    assert sources == ["jit"]
    assert inertia == pytest.approx(compiled, rel=1e-5)
