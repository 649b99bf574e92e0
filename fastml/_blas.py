"""BLAS held to one thread while our own threads call it."""

from __future__ import annotations

import os
import sys
import threading

# Packages that may bring a BLAS of their own.
_BRINGERS = ("numpy", "scipy.linalg", "torch")


def _is_shared(library):
    """Tell whether the library's number of threads is the whole process's: in others each thread has its own.

    Wrong answers cost no more than time: what a thread changed, it puts back in either case.
    """
    return library.internal_api == "openblas" and library.threading_layer != "openmp"


def _set_threads(library, n_threads):
    # threadpoolctl lets only the first thread that ever sets a shared number do so again. We count who is
    # inside ourselves, and must be able to put the number back from whichever thread is the last to leave.
    let_anyone = getattr(library, "clear_controlling_thread", None)
    if let_anyone is not None:
        let_anyone(force=True)
    library.set_num_threads(n_threads)
    if let_anyone is not None:
        let_anyone(force=True)


def _put_back(changed):
    while changed:
        _set_threads(*changed.pop())


class _ThreadState(threading.local):
    depth = 0

    def __init__(self):
        self.changed = []


class _OneBlasThread:
    """Holds BLAS to one thread inside ``with``; the last thread that leaves puts a shared number back."""

    def __init__(self):
        self.lock = threading.RLock()
        self.state = _ThreadState()
        self.inside = 0
        self.changed = []
        self.libraries = []
        self.seen = None

    def _find(self):
        """Return the BLAS libraries; look again when a package that brings its own was imported since."""
        seen = [name in sys.modules for name in _BRINGERS]
        if seen != self.seen:
            import threadpoolctl

            self.libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
            self.seen = seen
        return self.libraries

    def _limit(self):
        with self.lock:
            self.inside += 1
            for library in self._find():
                n_threads = library.num_threads or 1
                if n_threads > 1:
                    changed = self.changed if _is_shared(library) else self.state.changed
                    changed.append((library, n_threads))
                    _set_threads(library, 1)

    def _restore(self):
        with self.lock:
            self.inside = max(self.inside - 1, 0)
            _put_back(self.state.changed)
            if not self.inside:
                _put_back(self.changed)

    def __enter__(self):
        self.state.depth += 1
        if self.state.depth == 1:
            try:
                self._limit()
            except BaseException:
                self.__exit__()
                raise

    def __exit__(self, *error):
        self.state.depth -= 1
        if not self.state.depth:
            self._restore()

    def after_fork(self):
        """Forget the parent's other threads; what they changed is put back by the next to leave."""
        self.lock = threading.RLock()
        self.inside = 0


_blas = _OneBlasThread()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_blas.after_fork)


def holds_blas() -> bool:
    """Tell whether this thread is inside `one_blas_thread`.

    Returns
    -------
    is_inside : bool
        What the thread pool hands on to the threads that help.
    """
    return _blas.state.depth > 0


def one_blas_thread() -> _OneBlasThread:
    """Return a context manager that holds BLAS to one thread, for fits that call BLAS inside pooled work.

    The limit is the whole process's where the library has one number for all threads, as OpenBLAS has;
    otherwise it is this thread's and that of the pool's threads while they help it. Entering costs some
    milliseconds the first time and microseconds afterwards.

    Returns
    -------
    context : context manager
        It gives nothing to ``as``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._threads import one_blas_thread
    >>> with one_blas_thread():
    ...     product = np.ones((2, 2)) @ np.ones((2, 2))
    """
    return _blas
