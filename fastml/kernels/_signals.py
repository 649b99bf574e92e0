"""Ctrl-C and the compiler."""

import signal
import threading
from contextlib import contextmanager

__all__ = ["interrupt_held_back"]


@contextmanager
def interrupt_held_back():
    """Hold Ctrl-C back inside the block, and let it strike at its end.

    LLVM calls Python back when code is compiled or loaded. An exception that Ctrl-C raises there is lost, and
    the code with it: Numba then fails for want of it.
    """
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if is_main else None
    if not callable(handler):  # a thread that no signal reaches, or one that ignores them
        yield
        return
    caught = []
    signal.signal(signal.SIGINT, lambda *signal_and_frame: caught.append(signal_and_frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            handler(*caught[0])
