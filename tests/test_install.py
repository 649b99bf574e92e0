"""Source distribution and wheel: made from this tree, installed where there is only NumPy, and used."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from fastml.kernels import _build, _library
from tests.kernels.test_library import SCRIPT

ROOT = Path(__file__).parents[1]
LIMIT = 15e6  # bytes of a wheel
SITE = Path(sysconfig.get_paths()["purelib"])

pytest.importorskip("setuptools", minversion="77", reason="setuptools builds the distributions")
pytestmark = pytest.mark.slow


def run(*command, cwd, **environment):
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=900
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def make_wheel(source, target, **environment):
    """Build a wheel, and return its file and what was printed."""
    printed = run(
        sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-index", "--no-build-isolation",
        "--wheel-dir", target, source, cwd=source, **environment,
    )  # fmt: skip
    (wheel,) = target.glob("*.whl")
    return wheel, printed


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The source distribution, unpacked at a path with spaces."""
    tree = tmp_path_factory.mktemp("tree") / "fastml"
    shutil.copytree(
        ROOT, tree, ignore=shutil.ignore_patterns(".*", "_lib", "build", "dist", "*.so", "*.egg-info")
    )
    folder = tmp_path_factory.mktemp("source distribution")
    build = f"import setuptools.build_meta as b; b.build_sdist({str(folder)!r})"
    run(sys.executable, "-c", build, cwd=tree)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sources, tmp_path_factory):
    """A wheel of the source distribution. Kernels that this tree's library has are not compiled again."""
    copy = tmp_path_factory.mktemp("wheel") / "with spaces"
    shutil.copytree(sources, copy)
    if os.path.isdir(_build.OBJECTS):
        shutil.copytree(_build.OBJECTS, copy / Path(_build.OBJECTS).relative_to(ROOT))
    found, _ = make_wheel(copy, copy.parent / "out")
    return found


@pytest.fixture
def environment(tmp_path):
    """An environment with NumPy and threadpoolctl only, and no command to be found."""
    folder = tmp_path / "clean environment"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=tmp_path)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in ("numpy", "numpy.libs", "threadpoolctl.py"):
        if (SITE / name).exists():
            (site / name).symlink_to(SITE / name)
    return folder


def install(wheel, environment):
    run(
        sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--no-deps",
        "--no-index", wheel, cwd=environment,
    )  # fmt: skip


def fit(environment, **settings):
    """Fit in an environment with an empty HOME, in two processes at once; tell what came of the first."""
    home = environment / "home"
    home.mkdir(exist_ok=True)
    children = [
        subprocess.Popen(
            [environment / "bin" / "python", "-c", SCRIPT], cwd=home, text=True,
            env={"HOME": str(home), "PATH": str(home), **settings},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [child.communicate(timeout=300) for child in children]
    assert not any(child.returncode for child in children), told
    first, second = (json.loads(out) for out, _ in told)
    assert first["inertia"] == second["inertia"]
    return first, list(home.iterdir())


def test_a_wheel_needs_no_compiler_and_no_numba(wheel, environment):
    install(wheel, environment)
    told, left_in_home = fit(environment)
    assert told["sources"] == ["library"]
    assert told["loaded"] == told["warnings"] == left_in_home == []


def test_a_wheel_is_small_and_holds_libraries_of_every_level(wheel):
    assert wheel.stat().st_size < LIMIT
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for level in _build.levels():
        assert f"fastml/kernels/_lib/{level}{_library.SUFFIX}" in names
    assert not [name for name in names if "/objects/" in name or name.endswith((".o", ".pyc"))]
    assert not [name for name in names if not name.startswith("fastml")]


def test_without_a_compiler_the_installation_succeeds_and_says_so(sources, environment, tmp_path):
    copy = tmp_path / "sources"
    shutil.copytree(sources, copy)
    nothing = tmp_path / "empty"
    nothing.mkdir()
    wheel, printed = make_wheel(copy, tmp_path / "out", PATH=str(nothing), CC="")
    assert "the kernels are not compiled ahead of time" in printed
    assert "no C compiler was found" in printed
    install(wheel, environment)
    told, _ = fit(environment, PYTHONPATH=str(SITE))
    assert set(told["sources"]) <= {"jit", "cache"}
    assert len(told["warnings"]) == 1
    assert "they are compiled when first used" in told["warnings"][0]
