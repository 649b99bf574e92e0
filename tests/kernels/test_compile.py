"""How kernels are compiled and cached: `fastml.kernels._compile` and `_cache`, in processes of their own."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
import threading
import types
import warnings

import numpy as np
import pytest

from fastml.kernels import _cache
from fastml.kernels._compile import Kernel, T, helper, int64, kernel, status
from tests.conftest import ROOT

# A package with a kernel, a helper in a second file, and constants in a third.
PACKAGE = {
    "__init__.py": "",
    "constants.py": """
        import numpy as np
        from fastml.kernels._compile import Constant

        OFFSET = 10
        FACTOR = np.float32(1)
        STEP = Constant(lambda dtype: 0)
    """,
    "helpers.py": """
        from fastml.kernels._compile import helper

        @helper
        def change(x):
            return x + x
    """,
    "kernels.py": """
        from fastml.kernels._compile import T, kernel
        from .constants import FACTOR, OFFSET, STEP
        from .helpers import change

        @kernel
        def transform(x: T[:], changed_out: T[:]):
            for i in range(x.shape[0]):
                changed_out[i] = T(FACTOR) * change(x[i]) + OFFSET + STEP
    """,
}
RUN = """
    import json, sys, warnings
    import numpy as np
    from fastml.kernels._compile import status
    from tiny.kernels import transform

    x, found = np.arange(3.0), np.empty(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transform(x, found)
    sources = {s.source for s in status() if s.kernel == "tiny.kernels.transform"}
    print(json.dumps({
        "found": found.tolist(), "sources": sorted(sources - {""}),
        "warnings": [str(w.message) for w in caught if w.category is RuntimeWarning],
    }))
"""
NEW, FROM_CACHE = ["jit"], ["cache"]
DOUBLED = [10.0, 12.0, 14.0]


class Tiny:
    """The package on disk, and a cache folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.cache = folder / "cache"
        (folder / "tiny").mkdir()
        for name, text in PACKAGE.items():
            (folder / "tiny" / name).write_text(textwrap.dedent(text))

    def replace(self, file, old, new):
        path = self.folder / "tiny" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def start(self, before="", **env):
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(before) + textwrap.dedent(RUN)],
            env={
                **os.environ, "PYTHONPATH": path, "FASTML_CACHE_DIR": str(self.cache),
                "PYTHONDONTWRITEBYTECODE": "1", "FASTML_KERNELS": "cache,jit", **env,
            },  # fmt: skip
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
        )  # fmt: skip

    def finish(self, process):
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        return json.loads(out)

    def run(self, before="", **env):
        return self.finish(self.start(before, **env))

    def entries(self):
        return sorted(self.cache.iterdir())


@pytest.fixture
def tiny(tmp_path):
    return Tiny(tmp_path)


# ---- the cache hits, and only where it may ----------------------------------------------------
def test_a_second_process_compiles_nothing(tiny):
    first, second = tiny.run(), tiny.run()
    assert first["sources"] == NEW and second["sources"] == FROM_CACHE
    assert first["found"] == second["found"] == DOUBLED
    assert first["warnings"] == second["warnings"] == []
    assert len(tiny.entries()) == 1  # nothing left over


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("helpers.py", "x + x", "x * x", [10.0, 11.0, 14.0]),
        ("kernels.py", "+ OFFSET", "- OFFSET", [-10.0, -8.0, -6.0]),
        ("constants.py", "OFFSET = 10", "OFFSET = 20", [20.0, 22.0, 24.0]),
        ("constants.py", "np.float32(1)", "np.float32(2)", [10.0, 14.0, 18.0]),
        ("constants.py", "lambda dtype: 0", "lambda dtype: 5", [15.0, 17.0, 19.0]),
    ],
    ids=["helper in another file", "the kernel", "a constant", "a NumPy constant", "a constant of the dtype"],
)
def test_an_edit_is_never_served_stale(tiny, file, old, new, expected):
    assert tiny.run()["found"] == DOUBLED
    tiny.replace(file, old, new)
    edited = tiny.run()
    assert edited["found"] == expected and edited["sources"] == NEW


def test_an_edit_that_is_taken_back_finds_the_first_entry(tiny):
    tiny.run()
    tiny.replace("helpers.py", "x + x", "x * x")
    tiny.run()
    tiny.replace("helpers.py", "x * x", "x + x")
    assert tiny.run() == {"found": DOUBLED, "sources": FROM_CACHE, "warnings": []}


def test_each_vector_width_has_its_own_entries(tiny):
    wide = tiny.run()
    narrow = tiny.run(FASTML_CPU_LEVEL="baseline")
    assert wide["found"] == narrow["found"]
    # On a processor without AVX-512 both are the same variant.
    assert (len(tiny.entries()) == 2) == (narrow["sources"] == NEW)


def test_the_cache_may_be_named_relative_to_a_folder_that_is_left(tiny):
    leave = "import os; import fastml.kernels._cache as c; c.folder(); os.chdir('/')\n"
    first = tiny.run(leave, FASTML_CACHE_DIR="cache")
    assert first["warnings"] == [] and len(tiny.entries()) == 1


@pytest.mark.slow
def test_sixteen_processes_start_cold_at_once(tiny):
    processes = [tiny.start() for _ in range(16)]
    results = [tiny.finish(process) for process in processes]
    assert all(result["found"] == DOUBLED for result in results)
    assert all(result["warnings"] == [] for result in results)
    assert len(tiny.entries()) == 1
    assert tiny.run()["sources"] == FROM_CACHE


# ---- damage and refusal -----------------------------------------------------------------------
def test_a_truncated_file_is_compiled_anew_and_replaced(tiny):
    tiny.run()
    (path,) = tiny.entries()
    os.truncate(path, path.stat().st_size // 2)
    again = tiny.run()
    assert again["found"] == DOUBLED and again["sources"] == NEW
    assert tiny.run()["sources"] == FROM_CACHE


def test_what_was_saved_is_loaded_and_what_was_damaged_is_not(tmp_path):
    path = tmp_path / "entry"
    assert _cache.load(str(path)) is None
    _cache.save(str(path), pickle.dumps([1, 2]))
    assert _cache.load(str(path)) == [1, 2]
    assert os.listdir(tmp_path) == ["entry"]
    whole = path.read_bytes()
    for damaged in (b"", whole[:20], whole[:-1], whole[:40] + b"?" + whole[41:], whole + b"?"):
        path.write_bytes(damaged)
        assert _cache.load(str(path)) is None


def test_what_names_a_module_that_is_gone_is_not_loaded(tmp_path, monkeypatch):
    path = str(tmp_path / "entry")
    module = types.ModuleType("gone")
    module.thing = type("thing", (), {"__module__": "gone", "__qualname__": "thing"})
    monkeypatch.setitem(sys.modules, "gone", module)
    _cache.save(path, pickle.dumps(module.thing))
    assert _cache.load(path) is module.thing
    monkeypatch.delitem(sys.modules, "gone")
    assert _cache.load(path) is None


def test_without_a_folder_each_process_compiles_and_one_warning_says_so(tiny):
    (tiny.folder / "file").write_text("")
    ran = tiny.run(FASTML_CACHE_DIR=str(tiny.folder / "file" / "cache"))
    assert ran["found"] == DOUBLED and ran["sources"] == NEW
    assert len(ran["warnings"]) == 1 and "FASTML_CACHE_DIR" in ran["warnings"][0]


@pytest.fixture
def folder_named(monkeypatch):
    """The answer of `_cache.folder` to a value of FASTML_CACHE_DIR."""

    def ask(path):
        monkeypatch.setenv("FASTML_CACHE_DIR", str(path))
        _cache.folder.cache_clear()
        return _cache.folder()

    yield ask
    _cache.folder.cache_clear()


def test_a_folder_is_made_for_its_owner_only(folder_named, tmp_path):
    path = tmp_path / "new" / "cache"
    assert folder_named(path) == str(path)
    assert path.stat().st_mode & 0o777 == 0o700
    assert folder_named(path) == str(path) and list(path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(folder_named, tmp_path, mode):
    os.chmod(tmp_path, mode)
    with pytest.warns(RuntimeWarning, match="others can write to"):
        assert folder_named(tmp_path) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(folder_named, tmp_path):
    os.chown(tmp_path, 65534, 65534)
    with pytest.warns(RuntimeWarning, match="FASTML_CACHE_DIR"):
        assert folder_named(tmp_path) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork to become somebody else")
def test_a_readonly_folder_is_refused(folder_named):
    """Root may write anywhere, so a child that is somebody else asks."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o500)
        if os.getuid() == 0:
            os.chown(path, 65534, 65534)
        child = os.fork()
        if child == 0:
            if os.getuid() == 0:
                os.setuid(65534)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                refused = folder_named(path) is None
            os._exit(0 if refused and len(caught) == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_a_disk_that_fills_up_costs_one_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "_warned", [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("first", "second"):
            _cache.save(str(tmp_path / "missing" / name), b"code")
    assert [w.category for w in caught] == [RuntimeWarning]


# ---- declaring and calling -----------------------------------------------------------------------
@helper
def halved(x):
    return x / T(2)


@kernel
def halve(x: T[:], halved_out: T[:], start: int64) -> int64:
    for i in range(start, x.shape[0]):
        halved_out[i] = halved(x[i])
    return x.shape[0] - start


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_variant_for_each_dtype(dtype):
    x, found = np.arange(4, dtype=dtype), np.zeros(4, dtype)
    assert halve(x, found, 1) == 3
    np.testing.assert_array_equal(found, [0, 0.5, 1, 1.5])


def test_a_readonly_argument_is_taken_as_input_only():
    x = np.arange(3.0)
    x.flags.writeable = False
    assert halve(x, np.empty(3), 0) == 3
    with pytest.raises(TypeError):
        halve(np.arange(3.0), x, 0)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.complex128])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match="takes float32 or float64 data"):
        halve(np.zeros(3, dtype), np.zeros(3, dtype), 0)


def test_a_wrong_layout_never_reaches_a_kernel():
    with pytest.raises(TypeError):
        halve(np.arange(8.0)[::2], np.empty(4), 0)


def test_threads_that_need_a_kernel_at_the_same_time():
    fresh = Kernel(halve.__wrapped__)  # not compiled yet in this process
    results = []

    def run():
        found = np.empty(5)
        fresh(np.arange(5.0), found, 0)
        results.append(found.tolist())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[0, 0.5, 1, 1.5, 2]] * 8
    assert len(fresh._entries) == 1


def test_status_lists_what_was_declared_and_whence_it_came():
    halve(np.zeros(1), np.zeros(1), 0)
    found = {(s.kernel, s.variant): s.source for s in status()}
    assert found[halve.name, "float64"] in ("cache", "jit")
    assert (halve.name, "float32") in found


def test_declaring_kernels_imports_nothing_heavy(python):
    python("""
        import importlib, pkgutil, sys
        import fastml.kernels.cpu as cpu
        for module in pkgutil.iter_modules(cpu.__path__):
            importlib.import_module(f"fastml.kernels.cpu.{module.name}")
        from fastml.kernels._compile import status
        assert len(status()) > 50
        assert not {"numba", "llvmlite", "scipy", "sklearn", "cupy"} & set(sys.modules)
    """)
