"""``python -m fastml info``: what fastml found on this machine, and what it will use."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pkgutil
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
        if topic != "kernels":
            print(
                f"{topic:<10}" + ("\n" + " " * 10).join(f"{name}: {value}" for name, value in facts.items())
            )
    print("kernels", _summary(found["kernels"]))
    for name, variants in found["kernels"].items():
        print(f"  {name:<46}", ", ".join(f"{variant}: {state}" for variant, state in variants.items()))
    return 0


def collect() -> dict[str, dict]:
    """
    Look at the machine, the configuration, the cache and the kernels.

    Returns
    -------
    dict of str to dict
        ``versions``, ``processor``, ``threads``, ``devices``, ``cache`` and ``kernels``.

    Examples
    --------
    >>> from fastml._cli.info import collect
    >>> sorted(collect())
    ['cache', 'devices', 'kernels', 'processor', 'threads', 'versions']
    """
    return {
        "versions": _versions(),
        "processor": _processor(),
        "threads": _threads(),
        "devices": _devices(),
        "cache": _cache(),
        "kernels": _kernels(),
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


def _kernels():
    """Tell for every kernel and variant whether this version of it is compiled already."""
    from fastml.kernels import _compile, cpu

    for module in pkgutil.iter_modules(cpu.__path__):
        importlib.import_module(f"{cpu.__name__}.{module.name}")
    known: dict[str, dict[str, str]] = {}
    for name, variant, source in _compile.status():
        known.setdefault(name, {})[variant] = source or _where(_compile, name, variant)
    return known


def _where(_compile, name, variant):
    from fastml.kernels import _jit, _library

    kernel = next(kernel for kernel in _compile.declared() if kernel.name == name)
    dtype = next(dtype for dtype in kernel.variants if _compile.variant_name(dtype) == variant)
    if _library.entry(kernel, dtype):
        return "library"
    path = _jit.cache_path(kernel, dtype)
    return "cached" if path and os.path.exists(path) else "not compiled yet"


def _summary(kernels):
    states = [state for variants in kernels.values() for state in variants.values()]
    ready = sum(state != "not compiled yet" for state in states)
    return f"{len(kernels)}, in {len(states)} variants, of which {ready} are compiled"
