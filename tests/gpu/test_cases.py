"""The case lists on a GPU: small data, but real tiles, real warps and real CuPy."""

import pytest

from tests.kernels.cases import Run
from tests.kernels.known_cases import TWINS

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", TWINS.values(), ids=TWINS)
def test_case(case, dtype):
    case(Run("cuda", dtype))
