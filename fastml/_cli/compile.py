"""``python -m fastml compile``: everything compiled now, so that nothing is compiled later."""

from __future__ import annotations

import os
from argparse import Namespace

from .progress import ProgressBar

__all__ = ["run"]


def run(options: Namespace) -> int:
    """
    Build the libraries of kernels; where that cannot be done, fill the user's cache.

    Parameters
    ----------
    options : argparse.Namespace
        Nothing in it matters here.

    Returns
    -------
    int
        0 when every kernel is compiled, 1 when neither way worked.
    """
    from fastml.kernels import _build, _library

    try:
        with ProgressBar(_build.n_steps()) as bar:
            _build.build(report=bar.step)
        _library.library.cache_clear()
        print(f"the libraries of kernels are in {_library.FOLDER}")
    except (_build.BuildError, OSError) as error:
        print(f"libraries are missing: {error}")
    return _fill_cache()


def _fill_cache():
    """Compile what the library does not hold into the user's cache."""
    from fastml.kernels import _build, _cache, _compile, _jit, _library

    _build.import_kernels()
    missing = [
        (kernel, dtype)
        for kernel in _compile.declared()
        for dtype in kernel.variants
        if not _library.entry(kernel, dtype)
    ]
    if not missing:
        return 0
    folder = _cache.folder()
    if folder is None:
        print("the user's cache cannot be used either")
        return 1
    with ProgressBar(len(missing)) as bar:
        for kernel, dtype in missing:
            bar.show(kernel.name)
            if not os.path.exists(_jit.cache_path(kernel, dtype)):
                _jit.just_in_time(kernel, dtype)
            bar.step()
    print(f"{len(missing)} kernel variants are in the user's cache, {folder}")
    return 0
