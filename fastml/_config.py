"""Configuration: which device, how many threads, what a fallback does, how much scratch memory.

The configuration belongs to a thread, as scikit-learn's does: `set_config` in one thread leaves the others
alone, and a new thread begins with the initial values. The worker threads of fastml's own pool see their
caller's configuration.

The initial values of ``device`` and ``n_threads`` come from the environment variables ``FASTML_DEVICE`` and
``FASTML_NUM_THREADS``, read once, when the configuration is first needed.
"""

from __future__ import annotations

import numbers
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["config_context", "get_config", "set_config"]

_UNCHANGED = "unchanged"
_DEVICES = ("auto", "cpu", "cuda")
_FALLBACKS = ("log", "warn", "raise")
_ENVIRONMENT = {"device": "FASTML_DEVICE", "n_threads": "FASTML_NUM_THREADS"}

_local = threading.local()
_initial = None


def _one_of(name, value, choices):
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}. Got {value!r} instead.")


def _check_n_threads(value):
    if value is None:
        return None
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1:
        return int(value)
    raise ValueError(f"n_threads must be None or an integer of at least 1. Got {value!r} instead.")


def _check_working_memory(value):
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and 0 < value < float("inf"):
        return value
    raise ValueError(f"working_memory must be a positive number of MiB. Got {value!r} instead.")


_CHECKS = {
    "device": lambda value: _one_of("device", value, _DEVICES),
    "n_threads": _check_n_threads,
    "on_fallback": lambda value: _one_of("on_fallback", value, _FALLBACKS),
    "working_memory": _check_working_memory,
}


def _from_environment(name):
    """Return the checked value of an option's environment variable."""
    variable = _ENVIRONMENT[name]
    text = os.environ[variable].strip()
    try:
        return _CHECKS[name](int(text) if name == "n_threads" else text.lower())
    except ValueError:
        expected = "an integer of at least 1" if name == "n_threads" else f"one of {', '.join(_DEVICES)}"
        raise ValueError(
            f"Environment variable {variable} must be {expected}. Got {text!r} instead."
        ) from None


def _initial_values():
    global _initial
    if _initial is None:
        values = {"device": "auto", "n_threads": None, "on_fallback": "log", "working_memory": 1024}
        for name, variable in _ENVIRONMENT.items():
            if os.environ.get(variable, "").strip():
                values[name] = _from_environment(name)
        _initial = values
    return _initial


def current() -> dict:
    """Return this thread's configuration itself: to be read, not changed.

    Returns
    -------
    config : dict
        The live options, without the copy that `get_config` makes.
    """
    try:
        return _local.config
    except AttributeError:
        _local.config = dict(_initial_values())
        return _local.config


def replace(config: dict) -> None:
    """Make `config` this thread's configuration; the thread pool hands its callers' on with it.

    Parameters
    ----------
    config : dict
        Checked options, all of them.
    """
    _local.config = config


def get_config() -> dict:
    """Return the configuration of this thread.

    Returns
    -------
    config : dict
        A copy: option names and their values.

    See Also
    --------
    config_context : Change the configuration for a while.
    set_config : Change the configuration.

    Examples
    --------
    >>> import fastml
    >>> sorted(fastml.get_config())
    ['device', 'n_threads', 'on_fallback', 'working_memory']
    """
    return dict(current())


def set_config(
    *,
    device: str = _UNCHANGED,
    n_threads: int | str | None = _UNCHANGED,
    on_fallback: str = _UNCHANGED,
    working_memory: float | str = _UNCHANGED,
) -> None:
    """Change the configuration of this thread.

    An option that is not given stays as it is. When one value is wrong, nothing changes.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        Where estimators whose own ``device`` is None compute. With "auto", CUDA is used when the data lives
        there or when the work outweighs the transfer.

    n_threads : int or None
        Largest number of threads for one call. None takes what the machine offers. Never more than the
        physical cores that this process may use.

    on_fallback : {"log", "warn", "raise"}
        What happens when something is handed to a slower path: a message in the log, a warning, or an error.

    working_memory : float
        Scratch memory, in MiB, that one call may use beyond its inputs and outputs. Parameter searches keep
        up to as much, all together, of what their candidates have in common.

    Raises
    ------
    ValueError
        If a value is not one of those above.

    See Also
    --------
    config_context : Change the configuration for a while.
    get_config : Read the configuration.

    Examples
    --------
    >>> import fastml
    >>> fastml.set_config(n_threads=2)
    >>> fastml.get_config()["n_threads"]
    2
    >>> fastml.set_config(n_threads=None)
    """
    given = {
        "device": device,
        "n_threads": n_threads,
        "on_fallback": on_fallback,
        "working_memory": working_memory,
    }
    changed = {name: _CHECKS[name](value) for name, value in given.items() if not _is_unchanged(value)}
    _local.config = {**current(), **changed}


def _is_unchanged(value):
    return isinstance(value, str) and value == _UNCHANGED


@contextmanager
def config_context(
    *,
    device: str = _UNCHANGED,
    n_threads: int | str | None = _UNCHANGED,
    on_fallback: str = _UNCHANGED,
    working_memory: float | str = _UNCHANGED,
) -> Iterator[None]:
    """Change the configuration of this thread inside a ``with`` block.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        See `set_config`.

    n_threads : int or None
        See `set_config`.

    on_fallback : {"log", "warn", "raise"}
        See `set_config`.

    working_memory : float
        See `set_config`.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If a value is not one that `set_config` takes.

    See Also
    --------
    set_config : Change the configuration.
    get_config : Read the configuration.

    Examples
    --------
    >>> import fastml
    >>> with fastml.config_context(device="cpu", n_threads=1):
    ...     fastml.get_config()["n_threads"]
    1
    """
    before = get_config()
    set_config(device=device, n_threads=n_threads, on_fallback=on_fallback, working_memory=working_memory)
    try:
        yield
    finally:
        _local.config = before
