"""The ahead-of-time library: what is in it, where it is used, and what happens without it."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastml
from fastml.kernels import _build, _compile, _library
from fastml.kernels._processor import cpu_level

PACKAGE = Path(fastml.__file__).parent
LEVELS = [level for level in _build.levels() if os.path.exists(_library.path(level))]
pytestmark = pytest.mark.skipif(
    not LEVELS and shutil.which("cc") is None, reason="no library was built: there is no C compiler here"
)

# Fits with nothing but NumPy loaded before, and tells what came of it.
SCRIPT = """
import json, sys, warnings
import numpy as np
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from fastml.cluster import KMeans
    X = np.random.default_rng(0).normal(size=(300, 5))
    model = KMeans(3, n_init=1, random_state=0).fit(X)
from fastml.kernels._compile import status
print(json.dumps({
    "inertia": model.inertia_,
    "sources": sorted({s.source for s in status() if s.source}),
    "warnings": [str(w.message) for w in caught],
    "loaded": [name for name in ("numba", "scipy", "sklearn") if name in sys.modules],
}))
"""


def run_script(package_folder, home, **environment):
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package_folder), "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=settings | environment, cwd=home, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, from a path with spaces, that may be damaged."""
    folder = tmp_path / "a path with spaces"
    shutil.copytree(PACKAGE, folder / "fastml", ignore=shutil.ignore_patterns("__pycache__", "objects"))
    return folder


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def tool(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} of the binutils is not here")
    return name


def disassembly(level):
    command = [tool("objdump"), "-d", "--no-show-raw-insn", _library.path(level)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_there_is_a_library_for_each_level_where_there_is_a_compiler():
    assert set(LEVELS) == set(_build.levels())


def test_every_kernel_of_this_tree_is_in_the_library():
    _build.import_kernels()
    names = _build.kernel_modules()
    ours = [k for k in _compile.declared() if k.py_func.__module__ in names]
    assert len(ours) > 30
    missing = [f"{k.name} {dtype}" for k in ours for dtype in k.variants if not _library.entry(k, dtype)]
    assert not missing, "edited since the library was built? `python -m fastml compile` builds it"


@pytest.mark.skipif("v3" not in LEVELS, reason="no library for x86-64-v3")
def test_the_v3_library_has_no_avx512_instruction():
    code = disassembly("v3")
    assert re.search(r"vfmadd\w+ps.*%ymm", code)
    assert not re.search(r"%zmm|%k[0-7]\b|%[xy]mm(1[6-9]|2\d|3[01])", code)


@pytest.mark.skipif("v4" not in LEVELS, reason="no library for x86-64-v4")
def test_the_v4_library_multiplies_in_512_bits():
    assert len(re.findall(r"vfmadd\w+p[sd].*%zmm", disassembly("v4"))) > 100


@pytest.mark.parametrize("level", LEVELS)
def test_the_library_needs_only_libc_and_libm(level):
    command = [tool("nm"), "-D", "--undefined-only", _library.path(level)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    needed = [line.split()[-1].split("@")[0] for line in lines if " U " in line]
    libraries = [ctypes.CDLL("libc.so.6"), ctypes.CDLL("libm.so.6")]
    assert not [name for name in needed if not any(hasattr(library, name) for library in libraries)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "sources"), [*((level, "library") for level in LEVELS), (cpu_level(), "jit")]
)
def test_levels_and_sources_agree_with_the_references(level, sources):
    if level in LEVELS[LEVELS.index(cpu_level()) + 1 :]:
        pytest.skip(f"this processor is below {level}")
    environment = {**os.environ, "FASTML_CPU_LEVEL": level, "FASTML_KERNELS": sources}
    command = [sys.executable, "-m", "tests.kernels.run_cases", "cpu"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) > 20
    assert not [case for case in told if case["error"]]


def test_a_first_fit_loads_neither_numba_nor_scipy_nor_scikit_learn(home):
    told = run_script(PACKAGE.parent, home)
    assert told["sources"] == ["library"]
    assert told["loaded"] == []
    assert told["warnings"] == []
    assert not list(home.iterdir())


def test_levels_give_the_same_fit_within_rounding(home):
    found = [run_script(PACKAGE.parent, home, FASTML_CPU_LEVEL=level)["inertia"] for level in LEVELS]
    np.testing.assert_allclose(found, found[0], rtol=1e-12)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The user's cache of several tests: the kernels are the same, whatever happens to the library."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "unsigned"])
def test_a_library_that_cannot_be_used_costs_one_warning(copy, home, cache, damage):
    file = Path(_library.path(cpu_level(), copy / "fastml/kernels/_lib"))
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(file.read_bytes()[:5000])
    elif damage == "unsigned":
        file.with_name(file.name + ".sha256").unlink()
    else:
        file.write_bytes(b"no shared library at all")
        file.with_name(file.name + ".sha256").write_text(_library.checksum(file))
    told = run_script(copy, home, FASTML_CACHE_DIR=cache)
    assert told["sources"] in (["jit"], ["cache"])
    assert len(told["warnings"]) == 1
    assert "python -m fastml compile" in told["warnings"][0]


def test_an_edited_kernel_does_not_run_old_machine_code(copy, home):
    with open(copy / "fastml/kernels/cpu/kmeans.py", "a") as file:
        file.write("\n# edited\n")
    told = run_script(copy, home)
    assert "jit" in told["sources"]
    assert told["warnings"] == []


def test_a_source_that_is_unknown_is_refused(monkeypatch):
    monkeypatch.setenv("FASTML_KERNELS", "magic")
    with pytest.raises(ValueError, match="library, cache, jit"):
        _compile._sources()


class TestCall:
    """What `_call.call` refuses; kernels would read or write beyond arrays."""

    @pytest.fixture
    def entry(self):
        from fastml.kernels.cpu.kmeans import move_rows

        found = _library.entry(move_rows, np.dtype(np.float64))
        self.arguments = [
            np.zeros((4, 2)), np.zeros(2), np.zeros(0), np.full(4, -1, np.int32), np.zeros(4, np.int32),
            np.zeros((1, 2)), np.zeros(1), np.zeros(1, np.int64), 0, 1,
        ]  # fmt: skip
        return found

    def test_it_runs(self, entry):
        entry(*self.arguments)
        assert self.arguments[7][0] == 4

    @pytest.mark.parametrize(
        ("position", "value", "error"),
        [
            (0, np.zeros((4, 2), np.float32), TypeError),
            (0, np.zeros(8), TypeError),
            (0, np.zeros((4, 4))[:, ::2], ValueError),
            (0, [[1.0, 2.0]], TypeError),
            (3, np.zeros(4, np.int64), TypeError),
            (8, "part", TypeError),
            (8, 2**70, OverflowError),
        ],
    )
    def test_it_refuses_what_is_not_of_the_signature(self, entry, position, value, error):
        self.arguments[position] = value
        with pytest.raises(error):
            entry(*self.arguments)

    def test_it_refuses_to_write_to_readonly_arrays(self, entry):
        self.arguments[5].flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            entry(*self.arguments)

    def test_it_counts_the_arguments(self, entry):
        with pytest.raises(TypeError, match="expected 10 arguments, got 9"):
            entry(*self.arguments[:-1])

    def test_it_takes_scalars_of_numpy(self, entry):
        self.arguments[8:] = [np.int64(0), np.int32(1)]
        entry(*self.arguments)
        assert self.arguments[7][0] == 4
