"""The losses of linear models on the CPU: the reference cases, CSR matrices, any number of threads."""

import numpy as np
import pytest
import scipy.sparse

from fastml import config_context
from fastml.kernels._linear import BINOMIAL, MULTINOMIAL
from fastml.kernels.cpu import linear_loss
from tests.kernels import linear_loss_cases
from tests.kernels.cases import Run

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", linear_loss_cases.CASES.values(), ids=linear_loss_cases.CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))


def csr(X):
    X = scipy.sparse.csr_matrix(X)
    return linear_loss.Csr(X.data, X.indices.astype(np.int32), X.indptr.astype(np.int64), X.shape, X.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [BINOMIAL, MULTINOMIAL])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (70, 5), (1300, 30)])
def test_sparse_rows(loss, n, d, dtype):
    run = Run("cpu", dtype)
    X, y, weight, W = linear_loss_cases._problem(run, loss, n, d)
    X[run.rng.uniform(size=X.shape) < 0.7] = 0
    linear_loss_cases._check(run, loss, X, y, weight, W, csr(X))


@pytest.mark.parametrize("loss", [BINOMIAL, MULTINOMIAL])
@pytest.mark.parametrize("sparse", [False, True])
def test_threads_change_nothing(loss, sparse):
    run = Run("cpu", "float64")
    X, y, weight, W = linear_loss_cases._problem(run, loss, 30_000, 20)
    rows = csr(X) if sparse else X
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            gradient, curvature = np.empty(W.shape), np.empty((len(y), W.shape[1]))
            total = linear_loss.loss_gradient(
                linear_loss_cases._formula(loss), rows, y, weight, W, gradient, curvature
            )
            hessian = linear_loss.hessian(linear_loss_cases._formula(loss), rows, weight, curvature)
            found.append((total, gradient.tobytes(), hessian.tobytes()))
    assert found[0] == found[1]
