"""``python -m fastml info``: what fastml found on this machine, and what it will use."""

from __future__ import annotations

import json
import os
import platform
from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version

__all__ = ["collect", "run"]

_PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "scikit-learn",
    "threadpoolctl",
    "numba-cuda",
    "cupy-cuda13x",
)
NOT_COMPILED = "not compiled yet"


def run(options: Namespace) -> int:
    """
    Print what was found.

    Parameters
    ----------
    options : argparse.Namespace
        ``json``.

    Returns
    -------
    int
        0.
    """
    found = collect()
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for topic, facts in found.items():
        if topic.endswith("kernels"):
            print(topic, _summary(facts))
            for name, variants in facts.items():
                states = ", ".join(f"{variant}: {state}" for variant, state in variants.items())
                print(f"  {name:<46} {states}")
        else:
            print(
                f"{topic:<10}" + ("\n" + " " * 10).join(f"{name}: {value}" for name, value in facts.items())
            )
    return 0


def collect() -> dict[str, dict]:
    """
    Look at the machine, the configuration, the libraries, the cache and the kernels.

    Returns
    -------
    dict of str to dict
        ``versions``, ``processor``, ``threads``, ``devices``, ``libraries``, ``cache``, ``kernels`` and
        ``CUDA kernels``.

    Examples
    --------
    >>> from fastml._cli.info import collect
    >>> sorted(collect())
    ['CUDA kernels', 'cache', 'devices', 'kernels', 'libraries', 'processor', 'threads', 'versions']
    """
    return {
        "versions": _versions(),
        "processor": _processor(),
        "threads": _threads(),
        "devices": _devices(),
        "libraries": _libraries(),
        "cache": _cache(),
        "kernels": _kernels(),
        "CUDA kernels": _cuda_kernels(),
    }


def _versions():
    from fastml import __version__

    found = {"fastml": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor():
    from fastml.kernels import _compile

    return {
        "machine": _model() or platform.machine(),
        "level": _compile.cpu_level(),
        "vector": f"{_compile.vector_bytes()} bytes",
    }


def _model():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(
                (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""
            )
    except OSError:
        return ""


def _threads():
    from fastml import _machine, get_config
    from fastml._threads import effective_threads

    cpus = _machine.affinity()
    return {
        "used": effective_threads(),
        "physical cores": _machine.physical_cores(cpus),
        "CPU affinity": len(cpus),
        "cgroup quota": _machine.cgroup_cpus() or "none",
        "configured": get_config()["n_threads"] or "not set",
        "inside a worker": "yes: one thread" if _machine.in_worker() else "no",
    }


def _devices():
    from fastml import get_config
    from fastml._device import why_no_cuda

    why = why_no_cuda()
    return {"configured": get_config()["device"], "cpu": "yes", "cuda": f"no: {why}" if why else "yes"}


def _cache():
    from fastml.kernels import _cache

    folder = _cache.folder()
    if folder is None:
        return {"folder": "none that can be used", "files": 0, "size": "0 kB", "ahead of time": "no library"}
    with os.scandir(folder) as entries:
        sizes = [entry.stat().st_size for entry in entries if entry.is_file()]
    return {"folder": folder, "files": len(sizes), "size": f"{sum(sizes) / 1000:.0f} kB"}


def _libraries():
    """Tell which libraries of compiled kernels are there; only the one of the processor's level is used."""
    from fastml.kernels import _build, _cuda_library, _library

    found = {"folder": _library.FOLDER}
    for level in _build.levels():
        found[level] = _size([_library.path(level)])
    found["cuda"] = _size(os.path.join(_cuda_library.FOLDER, name) for name in _cuda_library.checksums())
    return found


def _size(files):
    sizes = [os.path.getsize(file) for file in files if os.path.exists(file)]
    return f"{sum(sizes) / 1000:.0f} kB" if sizes else "not built"


def _kernels():
    """Tell for every kernel and variant whether this version of it is compiled already."""
    from fastml.kernels import _build, _compile

    _build.import_kernels()
    return _states(_compile.declared(), _where)


def _cuda_kernels():
    from fastml.kernels import _build_cuda, _cuda_library

    return _states(
        _build_cuda.kernels().values(),
        lambda kernel, dtype: "library" if _cuda_library.holds(kernel, dtype) else NOT_COMPILED,
    )


def _states(kernels, where):
    """For every kernel by name, where each of its variants came from, or where it would come from."""
    from fastml.kernels import _compile

    return {
        kernel.name: {
            _compile.variant_name(dtype): kernel.sources.get(dtype) or where(kernel, dtype)
            for dtype in kernel.variants
        }
        for kernel in sorted(kernels, key=lambda kernel: kernel.name)
    }


def _where(kernel, dtype):
    from fastml.kernels import _jit, _library

    if _library.entry(kernel, dtype):
        return "library"
    path = _jit.cache_path(kernel, dtype)
    return "cached" if path and os.path.exists(path) else NOT_COMPILED


def _summary(kernels):
    states = [state for variants in kernels.values() for state in variants.values()]
    ready = sum(state != NOT_COMPILED for state in states)
    return f"{len(kernels)}, in {len(states)} variants, of which {ready} are compiled"
