"""The reference cases of coordinate descent on the CPU, and its solvers."""

import numpy as np
import pytest

from fastml._device import CPU
from fastml.solvers.centred import CentredData
from fastml.solvers.coordinate_descent import Penalty, minimise
from tests.kernels.cases import Run
from tests.kernels.coordinate_descent_cases import CASES
from tests.reference import coordinate_descent as reference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_launcher_does_as_the_reference(case, dtype):
    case(Run("cpu", dtype))
