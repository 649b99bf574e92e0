"""BLAS held to one thread while our own threads call it."""

from __future__ import annotations

import os
import sys
import threading
import weakref

# Packages that may bring a BLAS of their own.
_BRINGERS = ("numpy", "scipy.linalg", "torch")


class _Libraries:
    """The BLAS libraries of this process, who holds them to one thread, and what numbers they had before."""

    def __init__(self):
        self.lock = threading.RLock()
        self.holders = []
        self.changed = []
        self.changed_here = _ChangedHere()
        self.found = []
        self.seen = None

    def find(self):
        """Return the libraries; look again when a package that brings its own was imported since."""
        seen = [name in sys.modules for name in _BRINGERS]
        if seen != self.seen:
            import threadpoolctl

            self.found = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
            self.seen = seen
        return self.found

    def inside(self):
        """Return those who are inside. Ctrl-C may keep one from leaving: it dies instead."""
        return [holder for weak in self.holders if (holder := weak()) is not None]

    def enter(self, holder):
        """Let `holder` in and set the libraries that have more than one thread to one."""
        self.holders.append(weakref.ref(holder))
        for library in self.find():
            n_threads = library.num_threads or 1
            if n_threads > 1:
                changed = self.changed if _is_shared(library) else self.changed_here.numbers
                changed.append((library, n_threads))
                _set_threads(library, 1)

    def leave(self, holder):
        """Let `holder` out and put back what it is the last to need."""
        others = [other for other in self.inside() if other is not holder]
        self.holders = [weakref.ref(other) for other in others]
        if not any(other.thread == holder.thread for other in others):
            _put_back(self.changed_here.numbers)
        if not others:
            _put_back(self.changed)

    def after_fork(self):
        """Forget the parent's other threads; what they changed is put back by the next to leave."""
        self.lock = threading.RLock()
        self.holders = [
            weakref.ref(holder) for holder in self.inside() if holder.thread == threading.get_ident()
        ]


class _ChangedHere(threading.local):
    def __init__(self):
        self.numbers = []


def _is_shared(library):
    """Tell whether the library's number of threads is the whole process's: in others each thread has its own.

    Wrong answers cost no more than time: what a thread changed is put back in either case.
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
        _set_threads(*changed[-1])
        changed.pop()


class _OneBlasThread:
    """Holds BLAS to one thread inside ``with``; the last that leaves puts shared numbers back."""

    # Nothing but a call under the lock: Python 3.13 leaves it locked when Ctrl-C strikes in a comprehension
    # there.
    def __enter__(self):
        self.thread = threading.get_ident()
        with _libraries.lock:
            _libraries.enter(self)

    def __exit__(self, *error):
        with _libraries.lock:
            _libraries.leave(self)


_libraries = _Libraries()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_libraries.after_fork)


def blas_is_held() -> bool:
    """Tell whether a thread is inside `one_blas_thread`.

    Returns
    -------
    is_held : bool
        Whether the pool's threads hold BLAS too while they help: a library may count for each thread.
    """
    return bool(_libraries.inside())


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
    return _OneBlasThread()
