"""All cases on CUDA, simulated in child processes: twins do what the reference does, estimators what they do
on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import boosting_cases
from tests.kernels.known_cases import TWINS

pytest.importorskip("numba_cuda", reason="the simulator tells numba-cuda to ask for no driver")
pytest.importorskip("greenlet", reason="the simulator's threads are greenlets")

ROOT = Path(__file__).parents[2]


def start(*arguments):
    """Start a child process that runs cases in the simulator."""
    command = [sys.executable, "-m", "tests.kernels.run_cases", "simulator", *arguments]
    env = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(child):
    """What the cases of a child process told, by case and dtype."""
    out, err = child.communicate(timeout=600)
    assert child.returncode == 0, err
    told = map(json.loads, out.splitlines())
    return {(line["case"], line["dtype"]): line["error"] for line in told}


DTYPES = ("float32", "float64")
OTHERS = [name for name in TWINS if name not in boosting_cases.CASES]


@pytest.fixture(scope="module")
def errors():
    """Errors of all cases; a process for each dtype."""
    children = [start(*OTHERS, "--dtype", dtype) for dtype in DTYPES]
    return {**finish(children[0]), **finish(children[1])}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", OTHERS)
def test_case(errors, case, dtype):
    assert not errors[case, dtype], errors[case, dtype]


@pytest.fixture(scope="module")
def errors_of_boosting():
    """Errors of boosting's cases; trees are grown from codes, without regard to the dtype."""
    with_dtype = [name for name in boosting_cases.CASES if name not in boosting_cases.WITHOUT_DTYPE]
    children = [start(*with_dtype), start(*sorted(boosting_cases.WITHOUT_DTYPE), "--dtype", "float32")]
    return {**finish(children[0]), **finish(children[1])}


@pytest.mark.parametrize("case", boosting_cases.CASES)
def test_case_of_boosting(errors_of_boosting, case):
    told = [error for (name, _), error in errors_of_boosting.items() if name == case]
    assert told
    assert not any(told), told


def test_whole_tiles():
    """Tiles as they are on a GPU, for the kernels that have them."""
    found = finish(start("--whole-tiles", "pairwise_far_from_the_origin", "nearest_by_angle"))
    assert not any(found.values()), found
    assert len(found) == 4
