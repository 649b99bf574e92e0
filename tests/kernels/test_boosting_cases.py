"""The reference cases of boosting on the CPU."""

import pytest

from tests.kernels.boosting_cases import CASES
from tests.kernels.cases import Run


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))
