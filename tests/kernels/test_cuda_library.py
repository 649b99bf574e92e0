"""The library of CUDA kernels: what is looked up, what is passed on, and what happens when it cannot be used.

CuPy is a stand-in here. The tests in `tests/gpu` launch the library's kernels.
"""

import types
import warnings

import numpy as np
import pytest

from fastml.kernels import _build_cuda, _cuda, _cuda_library, _library
from fastml.kernels._compile import ArrayOf, T, float64, int64, uint8
from tests.kernels import simulated_cupy

FLOAT32 = np.dtype(np.float32)
NAME = "cuda._segments.sum_segments"


class Cupy:
    """Loads what is no damaged file, and notes what is launched."""

    def __init__(self):
        self.launched = []

    def RawModule(self, path):
        def get_function(name):
            def function(*launch):
                self.launched.append((name, *launch))

            function.compile = self.compile
            return function

        return types.SimpleNamespace(get_function=get_function)

    def compile(self):
        pass


@pytest.fixture
def cupy(monkeypatch):
    made = Cupy()
    monkeypatch.setitem(__import__("sys").modules, "cupy", made)
    monkeypatch.setattr(_cuda_library, "_warned", [])
    return made


@pytest.fixture
def kernel():
    return _build_cuda.kernels()[NAME]


@pytest.fixture
def file(kernel, tmp_path, monkeypatch):
    """A file in the library's place for the kernel's float32 variant."""
    folder = str(tmp_path)
    symbol = _library.symbol(kernel, FLOAT32)
    path = tmp_path / f"{symbol}.fatbin"
    path.write_bytes(b"machine code")
    (tmp_path / _cuda_library.SUMS).write_text(f"{_library.checksum(path)}  {path.name}\n")
    whole = _cuda_library.checksums.__wrapped__
    monkeypatch.setattr(_cuda_library, "checksums", lambda: whole(folder))
    monkeypatch.setattr(_cuda_library, "path", lambda symbol: str(tmp_path / f"{symbol}.fatbin"))
    return path


def test_a_variant_of_this_source_is_launched_with_numbas_parameters(cupy, kernel, file):
    notes = kernel.arguments.values()
    arguments = [
        simulated_cupy.zeros((3,) * note.ndim, "float64" if note.element.name != "T" else "float32")
        if isinstance(note, ArrayOf) and note.element.name != "int64"
        else simulated_cupy.zeros(3, "int64") if isinstance(note, ArrayOf) else 1
        for note in notes
    ]  # fmt: skip
    launch = _cuda_library.entry(kernel, FLOAT32)
    launch((2,), (64, 4), arguments)
    name, blocks, threads, parameters = cupy.launched[0]
    assert (name, blocks, threads) == (_library.symbol(kernel, FLOAT32), (2,), (64, 4))
    assert parameters[:9] == (0, 0, 9, 4, arguments[0].data.ptr, 3, 3, 12, 4)


def test_other_variants_and_edited_kernels_are_not_found(cupy, kernel, file, monkeypatch):
    assert _cuda_library.holds(kernel, FLOAT32)
    assert not _cuda_library.holds(kernel, np.dtype(np.float64))
    monkeypatch.setattr(_library, "source_digest", lambda kernel: "edited")
    assert _cuda_library.entry(kernel, FLOAT32) is None


@pytest.mark.parametrize("damage", ["missing", "truncated", "refused by the driver"])
def test_a_file_that_cannot_be_used_costs_one_warning(cupy, kernel, file, damage):
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(b"machine")
    else:
        cupy.compile = lambda: 1 / 0
    with pytest.warns(RuntimeWarning, match="compiled CUDA kernels cannot be loaded") as caught:
        assert _cuda_library.entry(kernel, FLOAT32) is None
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _cuda_library.entry(kernel, FLOAT32) is None


def test_where_nothing_was_compiled_the_compiler_serves(cupy, kernel, tmp_path, monkeypatch):
    monkeypatch.setattr(_cuda_library, "checksums", lambda: {})
    monkeypatch.setattr(_cuda, "just_in_time", lambda kernel, dtype: "compiled")
    monkeypatch.setattr(kernel, "sources", {})
    monkeypatch.setattr(kernel, "_launchers", {})
    assert kernel._find(FLOAT32) == "compiled"
    assert kernel.sources == {FLOAT32: "jit"}
    monkeypatch.setattr(kernel, "_launchers", {})
    monkeypatch.setenv("FASTML_KERNELS", "library")
    with pytest.raises(RuntimeError, match="is not compiled, and FASTML_KERNELS=library"):
        kernel._find(FLOAT32)


def parameters(notes, arguments):
    return _cuda_library.parameters(_cuda_library.signature(notes, FLOAT32), arguments)


def test_scalars_have_the_width_of_their_annotation():
    made = parameters((int64, T, float64, uint8), (1, 2, 3, 4))
    assert [type(value) for value in made] == [np.int64, np.float32, np.float64, np.uint8]


@pytest.mark.parametrize(
    "wrong",
    [
        simulated_cupy.zeros((2, 3), "float64"),
        simulated_cupy.zeros(6, "float32"),
        simulated_cupy.zeros((3, 2), "float32").T,
    ],
)
def test_arrays_that_are_not_of_the_signature_are_refused(wrong):
    with pytest.raises(TypeError, match="expected a C-contiguous array of 2 dimensions of float32"):
        parameters((T[:, :],), (wrong,))


def test_arguments_are_counted():
    with pytest.raises(TypeError, match="expected 1 arguments, got 0"):
        parameters((int64,), ())
