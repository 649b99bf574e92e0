"""All cases on CUDA, simulated in child processes: twins do what the reference does, estimators what they do
on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import cases, estimator_cases

pytest.importorskip("numba_cuda", reason="the simulator comes with numba-cuda")

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


@pytest.fixture(scope="module")
def errors():
    """Errors of all cases; a process for each dtype."""
    children = [start("--dtype", dtype) for dtype in ("float32", "float64")]
    return {**finish(children[0]), **finish(children[1])}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", [*cases.CASES, *estimator_cases.CASES])
def test_case(errors, case, dtype):
    assert not errors[case, dtype], errors[case, dtype]


def test_whole_tiles():
    """Tiles as they are on a GPU, for the kernels that have them."""
    found = finish(start("--whole-tiles", "pairwise_far_from_the_origin", "nearest_by_angle"))
    assert not any(found.values()), found
    assert len(found) == 4
