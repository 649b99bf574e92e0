"""The per-user cache of compiled kernels: one file a variant, named by its key.

Files are written under another name and renamed, so that any number of processes may start
cold at once; each begins with the digest of its content, so that a torn one is not used.
"""

import functools
import hashlib
import os
import pickle
import sys
import tempfile
import warnings


def _default_folder():
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "fastml", "kernels")


@functools.cache
def folder():
    """The cache's folder, made if need be; None, after one warning, where it cannot be used.

    `FASTML_CACHE_DIR` names another one. Entries are unpickled: a folder that belongs to
    somebody else, or that others may write to, is refused.
    """
    path = os.path.abspath(os.environ.get("FASTML_CACHE_DIR") or _default_folder())
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        if hasattr(os, "getuid"):
            owner = os.stat(path)
            if owner.st_uid != os.getuid() or owner.st_mode & 0o022:
                raise PermissionError(f"others can write to {path}")
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        _warn(error)
        return None
    return path


def _warn(error):
    warnings.warn(
        f"fastml keeps no compiled kernels ({error}); each process compiles what it uses. "
        "Set FASTML_CACHE_DIR to a folder of yours that can be written to.",
        RuntimeWarning,
        stacklevel=2,
    )


def load(path):
    """What `save` kept at `path`, or None where it is missing, damaged or of no use any more."""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        return None
    digest, payload = data[:32], data[32:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    try:
        return pickle.loads(payload)
    except Exception:  # whole, but of modules that are no longer there: any kind of error
        return None


def save(path, payload):
    """Keep `payload`; a full or read-only disk costs the cache, not the result."""
    if path is None:
        return
    try:
        fd, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        try:
            with os.fdopen(fd, "wb") as f:
                f.write(hashlib.sha256(payload).digest() + payload)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        _warn_once(error)


_warned = []


def _warn_once(error):
    if not _warned:
        _warned.append(error)
        _warn(error)
