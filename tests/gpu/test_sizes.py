"""Real sizes on a GPU against the CPU, twice, to see that results do not depend on how threads race."""

import numpy as np
import pytest

from fastml import metrics, preprocessing
from fastml.cluster import KMeans
from fastml.neighbors import KNeighborsClassifier, NearestNeighbors

pytestmark = pytest.mark.gpu
DTYPES = ("float32", "float64")


def normal(dtype, *shape):
    return np.random.RandomState(0).standard_normal(shape).astype(dtype)


def both(call):
    """What a call gives on the CPU and on the GPU; there it gives the same bits again."""
    first, again = call("cuda"), call("cuda")
    np.testing.assert_array_equal(first, again)
    return call("cpu"), first


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n_samples", "n_features", "n_clusters"), [(100_000, 20, 10), (200_000, 50, 100)])
def test_kmeans(dtype, n_samples, n_features, n_clusters):
    X = normal(dtype, n_samples, n_features)

    def fit(device):
        model = KMeans(n_clusters, init="random", n_init=1, max_iter=10, tol=0, random_state=0, device=device)
        model.fit(X)
        return np.append(model.cluster_centers_.ravel(), model.inertia_)

    cpu, cuda = both(fit)
    assert abs(cuda[-1] - cpu[-1]) < 1e-4 * cpu[-1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_kmeans_assignment(dtype):
    X = normal(dtype, 200_000, 50)
    model = KMeans(100, init=X[:100], n_init=1, max_iter=1, device="cpu").fit(X)
    cpu, cuda = both(lambda device: model.set_params(device=device).predict(X))
    assert np.mean(cpu == cuda) > 0.9999  # rows midway between centers may fall to either side


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("n_queries", "n_samples", "n_features"), [(20_000, 100_000, 32), (5_000, 50_000, 784)]
)
def test_nearest_neighbors(dtype, n_queries, n_samples, n_features):
    Y, X = normal(dtype, n_samples, n_features), normal(dtype, n_queries, n_features)
    model = NearestNeighbors(n_neighbors=10, algorithm="brute", device="cpu").fit(Y)

    def search(device):
        distances, indices = model.set_params(device=device).kneighbors(X)
        return np.hstack([distances, indices])

    cpu, cuda = both(search)
    np.testing.assert_allclose(cuda[:, :10], cpu[:, :10], rtol=1e-6)
    assert np.mean(cuda[:, 10:] == cpu[:, 10:]) > 0.9999


def test_neighbors_within_a_radius():
    X = normal("float32", 20_000, 8)
    model = NearestNeighbors(radius=1.5, algorithm="brute", device="cpu").fit(X)

    def search(device):
        return np.concatenate(model.set_params(device=device).radius_neighbors(X[:5000])[1])

    cpu, cuda = both(search)
    np.testing.assert_array_equal(cpu, cuda)


def test_votes():
    X = normal("float32", 50_000, 16)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    model = KNeighborsClassifier(5, algorithm="brute", device="cpu").fit(X, y)
    cpu, cuda = both(lambda device: model.set_params(device=device).predict_proba(X[:10_000]))
    np.testing.assert_allclose(cpu, cuda)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine", "canberra", "minkowski"])
def test_pairwise_distances(dtype, metric):
    X = normal(dtype, 8192, 16)
    options = {"p": 3} if metric == "minkowski" else {}
    cpu, cuda = both(lambda device: metrics.pairwise_distances(X, metric=metric, device=device, **options))
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(cuda, cpu, rtol=tolerance, atol=tolerance)


def test_silhouettes():
    X = normal("float32", 20_000, 16)
    labels = X[:, :5].argmax(axis=1)
    cpu, cuda = both(lambda device: metrics.silhouette_samples(X, labels, device=device))
    np.testing.assert_allclose(cuda, cpu, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scaling(dtype):
    X = normal(dtype, 1_000_000, 20) * 3 + 1000
    for scaler in (
        preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(),
        preprocessing.RobustScaler(),
    ):
        cpu, cuda = both(lambda device, scaler=scaler: scaler.set_params(device=device).fit_transform(X))
        np.testing.assert_allclose(cuda, cpu, rtol=1e-3, atol=2e3 * np.finfo(dtype).eps)


def test_confusion_matrix():
    a, b = np.random.RandomState(0).randint(0, 50, (2, 5_000_000))
    cpu, cuda = both(lambda device: metrics.confusion_matrix(a, b, device=device))
    np.testing.assert_array_equal(cpu, cuda)


def test_more_elements_than_32_bits_count(gpu):
    """Offsets of elements beyond 2**32, in a matrix of 17 GB."""
    n_features = 4096
    X = gpu.zeros((2**20 + 128, n_features), np.float32)
    X[-1] = 3
    labels = gpu.zeros(X.shape[0], np.int32)
    centers = gpu.xp.stack([X[0], X[-1]])
    plan = gpu.kernels.kmeans.plan(X, None, gpu.zeros(n_features, np.float32))
    gpu.kernels.kmeans.assign(plan, centers, labels, labels)
    assert int(labels.sum()) == int(labels[-1]) == 1
    gpu.kernels.scaling.subtract_divide(X, X[-1], X[-1], X)
    assert float(X[-1].sum()) == 0 and float(X[0, 0]) == -1
