"""No hang, no crash, the same results, whatever happens around a fit. Each case has a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "safety"
ROOT = Path(__file__).parents[1]

# A child that takes longer hangs. The first on a new machine compiles the kernels.
TIMEOUT = 180


ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    # Where the library of kernels was not built, everything below holds too.
    "PYTHONWARNINGS": "ignore:fastml's compiled kernels cannot be loaded:RuntimeWarning",
}


def run(script, *args, timeout=TIMEOUT, expected=0, **environment):
    """Run a script; fail when it hangs, crashes or prints an error. Return what it prints."""
    command = [sys.executable, "-X", "faulthandler", str(SCRIPTS / script), *args]
    environment = {**os.environ, **ENVIRONMENT, **environment}
    environment.pop("FASTML_NUM_THREADS", None)
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGABRT)  # faulthandler prints where its threads are
            out, err = child.communicate()
            pytest.fail(f"{script} hangs\n{out}\n{err}")
    assert (child.returncode, err) == (expected, ""), f"{script}\n{out}\n{err}"
    return out


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.slow
def test_same_results_for_any_number_of_threads():
    run("equal.py")


@needs_fork
def test_fork():
    run("fork.py")


@needs_fork
def test_processes_of_multiprocessing():
    run("processes.py")


@needs_fork
def test_joblib():
    run("joblib_workers.py")


def test_ctrl_c():
    run("interrupt.py")


def test_ctrl_c_while_compiling(tmp_path):
    run("interrupt_compiling.py", FASTML_CACHE_DIR=str(tmp_path / "cache"), FASTML_KERNELS="cache,jit")


@pytest.mark.parametrize(
    "way, status",
    [("idle", 0), ("daemon", 0), ("thread", 0), ("exit in task", 7), ("deleted", 0), ("long task", 0)],
)
def test_exit(way, status):
    before = time.monotonic()
    run("exit.py", way, expected=status)
    assert time.monotonic() - before < TIMEOUT / 3


def test_one_cpu():
    run("one_cpu.py")


def test_nowhere_to_write(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    # Root may write to any folder, but not make one there.
    home = Path("/proc") if os.getuid() == 0 else home
    nowhere = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "FASTML_CACHE_DIR": ""}
    run("no_home.py", **nowhere, FASTML_KERNELS="cache,jit")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_refused_threads():
    if "does not refuse" in run("refused_threads.py"):
        pytest.skip("this system does not hold processes to RLIMIT_NPROC")
