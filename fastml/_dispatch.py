"""What is kept and told of the choice of device, and of the slower paths that are taken."""

from __future__ import annotations

import sys
import threading
from typing import NamedTuple

from . import _config

__all__ = ["Dispatch", "FallbackError", "last_dispatch", "record", "report_fallback"]

_local = threading.local()


class FallbackError(RuntimeError):
    """A slower path would be taken, and ``on_fallback="raise"`` forbids that."""


class Dispatch(NamedTuple):
    """The device of a computation, and why it was taken.

    Attributes
    ----------
    name : str
        ``"cpu"`` or ``"cuda"``.

    reason : str
        Why, in a few words.
    """

    name: str
    reason: str


def record(dispatch: Dispatch) -> None:
    """Keep a choice for `last_dispatch`, and log it.

    Parameters
    ----------
    dispatch : Dispatch
        The choice.
    """
    _local.dispatch = dispatch
    log = _logger()
    if log is not None:
        log.debug("device %s: %s", *dispatch)


def _logger():
    # Nobody has configured a logger where `logging` is not imported, and importing it costs 3 ms.
    logging = sys.modules.get("logging")
    return logging and logging.getLogger("fastml")


def last_dispatch() -> Dispatch | None:
    """Tell which device this thread's last computation took, and why.

    Returns
    -------
    dispatch : Dispatch or None
        ``(name, reason)``; None when this thread has computed nothing yet.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._device import choose, last_dispatch
    >>> _ = choose("cpu", np.eye(3))
    >>> last_dispatch()
    Dispatch(name='cpu', reason='asked for')
    """
    return getattr(_local, "dispatch", None)


def report_fallback(what: str, why: str) -> None:
    """Say that a slower path is taken, as the configuration's ``on_fallback`` wants it.

    Parameters
    ----------
    what : str
        The path: "scikit-learn's implementation of precomputed metrics".

    why : str
        The reason: "the fast path takes dense data only".

    Raises
    ------
    FallbackError
        If ``on_fallback="raise"``.
    """
    message = f"Falling back to {what}: {why}."
    on_fallback = _config.current()["on_fallback"]
    if on_fallback == "raise":
        raise FallbackError(message)
    if on_fallback == "warn":
        import warnings

        warnings.warn(message, UserWarning, stacklevel=3)
    log = _logger()
    if log is not None:
        log.info(message)
