"""The scores of linear models on the CPU: the reference cases, CSR matrices, other dtypes, any threads."""

import numpy as np
import pytest
import scipy.sparse

from fastml import config_context
from fastml.kernels.cpu import linear_scores
from tests.kernels import linear_scores_cases
from tests.kernels.cases import Run

DTYPES = ["float32", "float64"]
LAUNCHERS = ["margins", "probabilities", "best_classes"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", linear_scores_cases.CASES.values(), ids=linear_scores_cases.CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))


def problem(shape, dtype="float64"):
    X, coef, intercept = linear_scores_cases._problem(Run("cpu", dtype), shape)
    X[abs(X) < 1] = 0
    return X, coef, intercept


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("shape", [(1, 3, 1), (3000, 40, 1), (3000, 40, 11), (70_001, 9, 3)])
def test_sparse_rows(shape, launcher):
    X, coef, intercept = problem(shape)
    rows = linear_scores.csr_of(scipy.sparse.csr_array(X))
    found, expected = (getattr(linear_scores, launcher)(data, coef, intercept) for data in (rows, X))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
    assert found[1] and expected[1]
    rows.data[-1] = np.inf
    assert not getattr(linear_scores, launcher)(rows, coef, intercept)[1]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("of_X", "of_coef"), [DTYPES, DTYPES[::-1]])
@pytest.mark.parametrize("shape", [(9, 3, 2), (30_003, 40, 1), (25_006, 30, 3)])
def test_the_wider_dtype_counts(shape, of_X, of_coef, sparse):
    X, coef, intercept = problem(shape)
    X, coef = X.astype(of_X), coef.astype(of_coef)
    rows = linear_scores.csr_of(scipy.sparse.csr_array(X)) if sparse else X
    found, _ = linear_scores.margins(rows, coef, intercept)
    expected = X.astype("float64") @ coef.astype("float64").T + intercept
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-11)


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("shape", [(300_000, 9, 1), (100_000, 9, 5)])
def test_threads_change_nothing(shape, launcher):
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(getattr(linear_scores, launcher)(*problem(shape))[0].tobytes())
    assert found[0] == found[1]
