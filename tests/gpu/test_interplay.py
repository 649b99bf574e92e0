"""Streams, torch and memory: what a simulation does not have."""

import pickle

import numpy as np
import pytest

from fastml.cluster import KMeans
from fastml.metrics import pairwise_distances

pytestmark = pytest.mark.gpu
X = np.random.RandomState(0).standard_normal((2000, 8)).astype(np.float32)


def test_kernels_run_on_the_current_stream(gpu):
    expected = pairwise_distances(X, device="cpu")
    with gpu.xp.cuda.Stream(non_blocking=True):
        distances = pairwise_distances(gpu.asarray(X))
        np.testing.assert_allclose(gpu.to_host(distances), expected, rtol=1e-5, atol=1e-5)


def test_torch_tensors_share_memory(gpu):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch does not see the GPU")
    tensor = torch.from_numpy(X).cuda()
    there = gpu.asarray(tensor)
    assert there.data.ptr == tensor.data_ptr()
    labels = KMeans(3, n_init=1, random_state=0).fit(tensor).predict(tensor)
    assert isinstance(labels, torch.Tensor) and labels.is_cuda
    np.testing.assert_array_equal(
        labels.cpu().numpy(), KMeans(3, n_init=1, random_state=0, device="cpu").fit(X).predict(X)
    )


def test_models_leave_the_gpu():
    model = pickle.loads(pickle.dumps(KMeans(3, random_state=0, device="cuda").fit(X)))
    labels = model.set_params(device="cpu").predict(X)
    np.testing.assert_array_equal(labels, model.labels_)


def test_memory_stays_flat(gpu):
    pool = gpu.xp.get_default_memory_pool()
    used = []
    for _ in range(50):
        KMeans(8, n_init=1, max_iter=3, random_state=0, device="cuda").fit(X)
        used.append(pool.used_bytes())
    assert used[-1] == used[5]


def test_last_dispatch_tells_of_the_gpu(gpu):
    import fastml

    pairwise_distances(gpu.asarray(X))
    assert fastml.last_dispatch() == ("cuda", "the data lives on the GPU")
