"""The reference cases of support vector machines on the CPU."""

import pytest

from tests.kernels.cases import Run
from tests.kernels.svm_cases import CASES


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))
