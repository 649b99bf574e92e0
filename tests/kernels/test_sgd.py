"""The kernels of stochastic gradient descent against the definition."""

import itertools

import numpy as np
import pytest
import scipy.sparse

from fastml.kernels.cpu import sgd
from tests.reference import sgd as reference

HOW = {
    "loss": "log_loss", "rate": "invscaling", "epsilon": 0.3, "l2": 0.0, "l1": 0.0, "alpha": 0.1,
    "eta0": 0.05, "power_t": 0.4, "average": 0, "intercept_rate": 1.0, "batch": 1, "momentum": 0.0,
}  # fmt: skip
SIZES = [(1, 1), (7, 1), (1, 9), (40, 8), (33, 17), (25, 70)]
MARGINS = ("hinge", "perceptron", "squared_hinge", "modified_huber", "log_loss")


def make(n, d, dtype, kind="normal", loss="log_loss"):
    rng = np.random.RandomState(n + d)
    X = rng.normal(size=(n, d))
    if kind == "duplicates":
        X = X[rng.randint(0, n // 3 + 1, n)]
    elif kind == "constant column":
        X[:, 0] = 5
    elif kind == "sparse":
        X[rng.uniform(size=X.shape) < 0.7] = 0
    y = np.sign(X[:, 0] - 0.1) if loss in MARGINS else X[:, 0] + rng.normal(size=n)
    return X.astype(dtype), np.column_stack([y, rng.uniform(0.5, 2, n)]).astype(dtype), rng.normal(size=d)


def rows_of(X, stored):
    if stored == "dense":
        return (X,)
    csr = scipy.sparse.csr_matrix(X)
    return csr.data, csr.indices.astype(np.int32), csr.indptr.astype(np.int64)


def assert_descends(X, targets, weights, stored, *, in_batches=False, repeat=1, rtol=None, **changed):
    how = {**HOW, **changed}
    name = "descend_in_batches" if in_batches else "descend"
    order = np.tile(np.random.RandomState(1).permutation(len(X)), repeat).astype(np.int32)
    expected = getattr(reference, name)(X, targets, order, weights, 0.2, how)
    zeros = np.zeros(len(weights), X.dtype)
    model = sgd.Descent(weights.astype(X.dtype), 0.2, zeros, 0.0, 1.0, **how)
    getattr(sgd, name)(rows_of(X, stored), targets, order, model)
    found = (
        model.weights, model.intercept, model.means, model.mean_intercept, model.loss_sum, model.penalty_sum,
    )  # fmt: skip
    rtol = rtol or (1e-9 if X.dtype == np.float64 else 2e-4)
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stored", ["dense", "csr"])
@pytest.mark.parametrize("in_batches", [False, True])
@pytest.mark.parametrize("loss", sgd.LOSSES)
def test_losses(loss, in_batches, stored, dtype):
    for n, d in SIZES:
        X, targets, weights = make(n, d, dtype, loss=loss)
        assert_descends(X, targets, weights, stored, in_batches=in_batches, loss=loss, l2=0.1, batch=4)


@pytest.mark.parametrize("stored", ["dense", "csr"])
@pytest.mark.parametrize(
    ("in_batches", "rate"),
    [*itertools.product([False, True], ["constant", "optimal"]), (False, "pa1"), (False, "pa2")],
)
def test_rates(rate, in_batches, stored):
    for loss in ("hinge", "epsilon_insensitive"):
        for kind in ("normal", "duplicates", "constant column"):
            X, targets, weights = make(33, 5, np.float64, kind, loss)
            assert_descends(
                X, targets, weights, stored, in_batches=in_batches, loss=loss, rate=rate, batch=10
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stored", ["dense", "csr"])
@pytest.mark.parametrize("average", [0, 1, 20])
def test_averages_and_decay(average, stored, dtype):
    X, targets, weights = make(60, 11, dtype, "sparse")
    assert_descends(X, targets, weights, stored, average=average, l2=0.5)
    # Where the scale of the weights has to be multiplied out, and where it becomes zero
    assert_descends(
        X, targets, weights, stored, average=average, l2=5.0, rate="constant", repeat=20, rtol=1e-3
    )
    assert_descends(X, targets, weights, stored, average=average, l2=30.0, rate="constant")
    assert_descends(
        X, targets, weights, stored, in_batches=True, average=average, l2=0.5, l1=0.1, batch=7, momentum=0.6
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_penalties_that_make_zeros(l2, dtype):
    X, targets, weights = make(60, 11, dtype)
    assert_descends(X, targets, weights, "dense", l1=0.2, l2=l2)
    assert_descends(X, targets, weights, "csr", l1=0.2, l2=l2)


def test_a_large_offset_of_one_column():
    X, targets, weights = make(30, 4, np.float64)
    X[:, 2] += 1e8
    assert_descends(X, targets, weights, "dense", eta0=1e-17, rate="constant", loss="squared_error")


def test_many_values_go_in_parts(monkeypatch):
    X, targets, weights = make(33, 17, np.float64)
    monkeypatch.setattr(sgd, "CHUNK", 17 * 5)
    assert_descends(X, targets, weights, "dense", average=1, l2=0.1)
    assert_descends(X, targets, weights, "csr", in_batches=True, l2=0.1, batch=3)


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 2])
def test_shuffles(n, seed):
    found, expected = np.arange(n, dtype=np.int32), np.arange(n)
    for _ in range(2):
        sgd.shuffle(found, seed)
        reference.shuffle(expected, seed)
    np.testing.assert_array_equal(found, expected)
