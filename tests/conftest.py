"""Fixtures: the real data sets that all tests use.

Here scikit-learn is loaded before any estimator of fastml's. Tests of the other order, and of what is
loaded at all, run in child processes.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import sklearn.base  # noqa: F401 - before fastml
from sklearn import datasets

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items):
    """Files with slow tests go first: a worker that began with one last would keep the others waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _fixture(load):
    @pytest.fixture(scope="session", name=load.__name__.removeprefix("load_"))
    def data():
        X, y = load(return_X_y=True)
        X.flags.writeable = y.flags.writeable = (
            False  # shared by all tests, and nothing may write to its input
        )
        return X, y

    return data


iris = _fixture(datasets.load_iris)
wine = _fixture(datasets.load_wine)
digits = _fixture(datasets.load_digits)
breast_cancer = _fixture(datasets.load_breast_cancer)
diabetes = _fixture(datasets.load_diabetes)


@pytest.fixture(scope="session")
def china():
    """The 273,280 pixels of china.jpg: float32 of shape (n_pixels, 3), values from 0 to 1."""
    pytest.importorskip("PIL", reason="china.jpg is read with Pillow")
    pixels = datasets.load_sample_image("china.jpg").reshape(-1, 3).astype(np.float32) / np.float32(255)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def python():
    """Run Python source, or a module with arguments, in a fresh interpreter; return what it prints."""

    def run(source=None, *, module=(), flags=(), env=(), timeout=300):
        what = ["-m", *module] if module else ["-c", textwrap.dedent(source)]
        command = [sys.executable, *flags, *what]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **dict(env)},
            timeout=timeout,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
