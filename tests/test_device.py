"""The choice of device, what is told of it, and the kinds of arrays that come and go.

There is no GPU in most places where these tests run. Those of the CUDA side run in a child process that
simulates it, with stand-ins for CuPy and torch.
"""

import logging
import sys
import threading
import timeit
import types

import numpy as np
import pytest

from fastml import _device
from fastml._config import config_context
from fastml._device import CPU, DeviceUnavailableError, FallbackError

X = np.arange(6.0).reshape(3, 2)


@pytest.fixture
def no_cuda(monkeypatch):
    """As on a machine without a driver."""
    monkeypatch.setattr(_device, "_why_no_driver", lambda: "no CUDA driver library on this machine")


@pytest.fixture
def usable_cuda(monkeypatch):
    """As on a machine with a GPU, as far as the choice goes."""
    monkeypatch.setattr(_device, "_why_no_driver", lambda: "")
    monkeypatch.setattr(_device, "_unusable", "")
    monkeypatch.setitem(sys.modules, "cupy", types.ModuleType("cupy"))


class OnGPU:
    """An array that says that it lives on a GPU."""

    __cuda_array_interface__ = {}

    def copy_to_host(self):
        return X


# ---- the choice ----------------------------------------------------------------------------
def test_auto_takes_the_cpu_and_says_why(no_cuda):
    assert _device.choose("auto", X, work=1e15) is CPU
    assert _device.last_dispatch() == ("cpu", "no CUDA driver library on this machine")


def test_none_means_the_configuration(no_cuda):
    with config_context(device="cuda"), pytest.raises(DeviceUnavailableError):
        _device.choose(None, X)
    with config_context(device="cpu"):
        assert _device.choose(None, X) is CPU
        assert _device.last_dispatch().reason == "asked for"


def test_cuda_by_name_raises_where_there_is_none(no_cuda):
    with pytest.raises(RuntimeError, match="device='cuda' was asked for, but no CUDA driver library"):
        _device.choose("cuda", X)


def test_unknown_devices_are_refused():
    with pytest.raises(ValueError, match="device must be one of .*'tpu'"):
        _device.choose("tpu", X)


def test_auto_weighs_the_work_against_the_transfer(usable_cuda):
    assert _device.choose("auto", X, work=None).name == "cpu"
    assert "not known" in _device.last_dispatch().reason
    assert _device.choose("auto", X, work=1e4).name == "cpu"
    assert "does not outweigh" in _device.last_dispatch().reason
    assert _device.choose("auto", X, work=1e15).name == "cuda"
    assert "outweighs the transfer: estimated" in _device.last_dispatch().reason


def test_auto_counts_the_start_of_cuda(usable_cuda, monkeypatch):
    work = 4 * _device.CPU_OPERATIONS_PER_S  # some seconds on the CPU
    assert _device.choose("auto", X, work=work).name == "cuda"
    monkeypatch.delitem(sys.modules, "cupy")
    assert _device.choose("auto", X, work=work).name == "cpu"


def test_small_work_does_not_wake_the_driver(usable_cuda, monkeypatch):
    monkeypatch.setattr(_device, "_unusable", None)
    monkeypatch.setattr(_device, "_why_driver_unusable", lambda: "it was asked")
    assert _device.choose("auto", X, work=1e4).name == "cpu"
    assert _device._unusable is None
    assert _device.choose("auto", X, work=1e15).name == "cpu"
    assert _device.last_dispatch().reason == "it was asked"


def test_cuda_does_not_survive_a_fork(usable_cuda):
    assert _device.choose("cuda", X).name == "cuda"
    _device._after_fork()
    with pytest.raises(DeviceUnavailableError, match="before this process was forked"):
        _device.choose("cuda", X)


def test_auto_stays_where_the_data_is(usable_cuda):
    assert _device.choose("auto", OnGPU()).name == "cuda"
    assert _device.last_dispatch().reason == "the data lives on the GPU"
    assert _device.choose("cpu", OnGPU()) is CPU


def test_data_on_a_gpu_that_cannot_be_used_comes_to_the_cpu(no_cuda):
    assert _device.choose("auto", OnGPU()) is CPU
    assert CPU.asarray(OnGPU()) is X
    with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="no CUDA driver library"):
        _device.choose("auto", OnGPU())


def test_every_thread_has_its_own_last_dispatch(no_cuda):
    _device.choose("auto", X)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(_device.last_dispatch()))
    thread.start()
    thread.join()
    assert seen == [None]


def test_choices_are_logged(no_cuda, caplog):
    with caplog.at_level(logging.DEBUG, logger="fastml"):
        _device.choose("auto", X)
    assert "device cpu: no CUDA driver library" in caplog.text


def test_the_choice_costs_microseconds(no_cuda):
    _device.choose(None, X, work=1e3)
    seconds = min(timeit.repeat(lambda: _device.choose(None, X, work=1e3), number=1000, repeat=5)) / 1000
    assert seconds < 50e-6


# ---- fallbacks -----------------------------------------------------------------------------
def test_fallbacks_are_logged(caplog):
    with caplog.at_level(logging.INFO, logger="fastml"):
        _device.report_fallback("the slow path", "the fast one is closed")
    assert caplog.messages == ["Falling back to the slow path: the fast one is closed."]


def test_fallbacks_warn_or_raise_as_configured(recwarn):
    with config_context(on_fallback="warn"), pytest.warns(UserWarning, match="the slow path: closed"):
        _device.report_fallback("the slow path", "closed")
    with config_context(on_fallback="raise"), pytest.raises(FallbackError, match="the slow path: closed"):
        _device.report_fallback("the slow path", "closed")
    assert not recwarn


# ---- arrays --------------------------------------------------------------------------------
def test_host_data_is_told_from_gpu_data():
    torch_tensor = type(
        "Tensor", (), {"__module__": "torch", "is_cuda": False, "__cuda_array_interface__": {}}
    )
    assert not any(map(_device.is_cuda_array, [X, [[1]], None, "text", np.float32(1), torch_tensor()]))
    torch_tensor.is_cuda = True
    assert all(map(_device.is_cuda_array, [OnGPU(), torch_tensor()]))


def test_results_for_host_data_are_ndarrays():
    assert _device.like_input(X, [[1, 2]]) is X
    assert _device.like_input(OnGPU(), X) is X
    assert _device.like_input(None, X) is None
    assert _device.like_input(1.5, OnGPU()) == 1.5


def test_the_cpu_takes_arrays_as_they_are():
    assert CPU.asarray(X) is X
    assert CPU.to_host(X) is X
    assert CPU.asarray(X.T).flags.c_contiguous
    assert CPU.asarray(X, np.float32).dtype == np.float32
    assert CPU.asarray(2.5).shape == ()
    assert CPU.empty((2, 3), np.int32).dtype == np.int32
    assert not CPU.zeros(4, np.float32).any()
    assert CPU.synchronize() is None
    assert repr(CPU) == "<device cpu>"


def test_kernel_modules_are_imported_on_use(python):
    source = """
        import sys
        from fastml._device import CPU
        assert "fastml.kernels.cpu.counts" not in sys.modules
        print(CPU.kernels.counts.__name__)
    """
    assert python(source) == "fastml.kernels.cpu.counts\n"
    with pytest.raises(ModuleNotFoundError):
        _ = CPU.kernels.no_such_kernels


# ---- detection -----------------------------------------------------------------------------
def test_importing_touches_no_cuda(python):
    source = """
        import sys
        import fastml, fastml._device, fastml.kernels._cuda, fastml.kernels.cuda.neighbors
        from fastml.cluster import KMeans
        for name in ("numba", "cupy", "ctypes.util", "cuda"):
            assert name not in sys.modules, name
    """
    python(source)


@pytest.mark.parametrize("variable", ["FASTML_DISABLE_CUDA", "NUMBA_DISABLE_CUDA"])
def test_the_environment_disables_cuda(python, variable):
    source = "from fastml._device import why_no_cuda; print(why_no_cuda())"
    assert "disabled by the environment" in python(source, env={variable: "1"})


def test_without_a_driver_numba_is_not_asked(python):
    source = """
        import ctypes, sys
        def no_library(name):
            raise OSError(name)
        ctypes.CDLL = no_library
        from fastml._device import why_no_cuda
        print(why_no_cuda())
        assert "numba" not in sys.modules
    """
    assert python(source) == "no CUDA driver library on this machine\n"


def test_a_driver_that_fails_is_a_reason_not_an_error(python):
    source = """
        import ctypes, importlib.util, sys, types
        ctypes.CDLL = lambda name: None
        importlib.util.find_spec = lambda name: object()
        runtime = types.SimpleNamespace(getDeviceCount=lambda: 1)
        sys.modules["cupy"] = types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=runtime))
        from fastml.kernels import _cuda
        class Broken:
            def load(self):
                raise ImportError("libnvvm is missing")
        _cuda.cuda = Broken()
        from fastml._device import why_no_cuda
        print(why_no_cuda())
    """
    assert python(source, env={"FASTML_KERNELS": "jit"}) == "ImportError: libnvvm is missing\n"


def test_missing_packages_are_named(python):
    source = """
        import ctypes, importlib.util
        ctypes.CDLL = lambda name: None
        importlib.util.find_spec = lambda name: MISSING.get(name, object())
        from fastml.kernels import _cuda_library
        _cuda_library.checksums = lambda: CHECKSUMS
        from fastml._device import why_no_cuda
        print(why_no_cuda())
    """

    def reason(missing, checksums):
        given = source.replace("MISSING", repr(dict.fromkeys(missing))).replace("CHECKSUMS", repr(checksums))
        return python(given)

    assert "cupy is not installed (pip install 'fastml[cuda]')" in reason(["cupy"], {"kernel": "0"})
    assert "numba-cuda is not installed (pip install 'fastml[cuda]')" in reason(["numba_cuda"], {})
    assert "not installed" not in reason(["numba_cuda"], {"kernel": "0"})


# ---- CUDA, simulated -----------------------------------------------------------------------
SIMULATED = """
    import sys
    from tests.kernels import simulator
    simulator.start()
    import cupy
    import numpy as np
    from fastml import _device
    from fastml._device import CUDA, check_cuda_array, choose, is_cuda_array, like_input
    host = np.arange(6.0).reshape(3, 2)
"""


def simulated(python, source):
    pytest.importorskip("numba_cuda", reason="the simulator tells numba-cuda to ask for no driver")
    pytest.importorskip("greenlet", reason="the simulator's threads are greenlets")
    return python(SIMULATED + source)


def test_cupy_arrays_come_in_and_go_out(python):
    source = """
    there = CUDA.asarray(host)
    assert is_cuda_array(there) and type(there) is cupy.ndarray
    assert choose(None, there) is CUDA and choose("cuda", host) is CUDA
    assert CUDA.asarray(there) is there and CUDA.asarray(there, np.float32).dtype == np.float32
    assert CUDA.to_host(there).tolist() == host.tolist()
    assert like_input(there, there) is there and type(like_input(host, there)) is cupy.ndarray
    assert type(like_input(there, host)) is np.ndarray
    assert CUDA.kernels.counts.__name__ == "fastml.kernels.cuda.counts"
    CUDA.synchronize()
    """
    simulated(python, source)


def test_torch_tensors_come_in_and_go_out_without_a_copy(python):
    source = """
    import types
    class Tensor:
        def __init__(self, data, is_cuda=True):
            self.data, self.is_cuda = data, is_cuda
        def detach(self):
            return self
        def cpu(self):
            return Tensor(self.data.get(), False)
        def numpy(self):
            return self.data
    Tensor.__module__ = "torch"
    sys.modules["torch"] = types.SimpleNamespace(from_dlpack=Tensor)
    cupy.from_dlpack = lambda tensor: tensor.data
    tensor = Tensor(CUDA.asarray(host))
    assert is_cuda_array(tensor) and choose("auto", tensor) is CUDA
    assert CUDA.asarray(tensor) is tensor.data
    result = like_input(tensor.data, tensor)
    assert type(result) is Tensor and result.data is tensor.data
    assert (_device.CPU.asarray(tensor) == host).all()
    assert (CUDA.asarray(Tensor(host, False)).get() == host).all()
    """
    simulated(python, source)


def test_data_on_a_gpu_is_validated_there(python):
    source = """
    class Estimator:
        pass
    estimator = Estimator()
    there = CUDA.asarray(host)
    assert check_cuda_array(estimator, there, reset=True) is there
    assert estimator.n_features_in_ == 2
    assert check_cuda_array(estimator, there, reset=False) is there
    assert check_cuda_array(None, CUDA.asarray(host.astype(np.int32)), reset=True).dtype == np.float64
    assert check_cuda_array(None, CUDA.asarray(host.astype(np.float32)), reset=True).dtype == np.float32
    assert "sklearn" not in sys.modules
    """
    simulated(python, source)


def test_bad_data_on_a_gpu_raises_what_scikit_learn_raises(python):
    source = """
    from fastml.cluster import KMeans
    def error(X, reset=True):
        model = KMeans()
        model.n_features_in_ = 3
        try:
            check_cuda_array(model, CUDA.asarray(X), reset=reset)
        except ValueError as e:
            return str(e)
    host[1, 1] = np.nan
    assert error(host).startswith("Input X contains NaN.")
    host[1, 1] = np.inf
    assert error(host).startswith("Input X contains infinity")
    assert error(host[:, 0]).startswith("Expected 2D array, got 1D array instead")
    assert error(np.ones((3, 2)), reset=False).startswith("X has 2 features, but KMeans is expecting 3")
    assert error(host[:0]).startswith("Found array with 0 sample(s)")
    """
    simulated(python, source)
