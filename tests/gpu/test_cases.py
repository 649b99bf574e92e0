"""The case lists on a GPU: small data, but real tiles, real warps and real CuPy."""

import pytest

from tests.kernels import boosting_cases, cases, estimator_cases, svm_cases, tree_cases
from tests.kernels.cases import Run

pytestmark = pytest.mark.gpu
CASES = {**cases.CASES, **boosting_cases.CASES, **tree_cases.CASES, **estimator_cases.CASES}
CASES.update(svm_cases.TWINS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case, dtype):
    case(Run("cuda", dtype))
