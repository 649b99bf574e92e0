"""The reference cases of trees, rankings and linear models on the CPU."""

import pytest

from tests.kernels import boosting_cases, linear_cases, tree_cases
from tests.kernels.cases import Run

CASES = {**boosting_cases.CASES, **tree_cases.CASES, **linear_cases.CASES}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))
