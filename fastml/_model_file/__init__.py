"""Models in files that hold data only: safetensors, with a description in JSON.

Loading executes nothing that a file says. Classes come from the list of fastml's own estimators, and what
compiled code takes for granted of a model is checked before anything is computed with it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .. import __version__
from ._columns import Damaged, require

__all__ = ["load_model", "save_model"]

FORMAT = 1
# What is raised on the way through a file that holds something else than it should
DAMAGES = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError
)  # fmt: skip
KEY = "fastml"  # of the description, in the file's metadata


def _safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError("model files need safetensors: pip install 'fastml[files]'") from error
    return safetensors


def save_model(estimator: Any, path: str | os.PathLike) -> None:
    """Save an estimator in a file that holds data only, no code.

    Parameters
    ----------
    estimator : estimator
        One of fastml's, fitted or not, or a pipeline of such.
    path : str or path-like
        The file; one that is there is replaced once the new one is complete.

    Raises
    ------
    TypeError
        If the estimator holds what such a file cannot, such as a callable; the error says where.
    ImportError
        If safetensors is not installed.

    Notes
    -----
    The file is one of safetensors' format: arrays, and in its metadata under ``"fastml"`` a description in
    JSON. Numbers are kept to the last bit. Of trees what follows from the rest is left out, so that the file
    of a forest is a fraction of its pickle.

    Examples
    --------
    >>> import os, tempfile
    >>> import fastml
    >>> from fastml.cluster import KMeans
    >>> model = KMeans(2, random_state=0).fit([[0.0], [1.0], [9.0]])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> fastml.save_model(model, path)
    >>> fastml.load_model(path).n_clusters
    2
    """
    from ._values import Writer

    writer = Writer()
    model = writer.write_estimator(estimator)
    text = json.dumps({"format": FORMAT, "version": __version__, "model": model}, allow_nan=False)
    data = _safetensors().numpy.save(writer.arrays, metadata={KEY: text})
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_model(path: str | os.PathLike) -> Any:
    """Load an estimator that `save_model` has saved.

    Parameters
    ----------
    path : str or path-like
        The file. It may come from anybody: nothing in it is executed.

    Returns
    -------
    estimator : estimator
        It predicts what the saved one did, to the last bit.

    Raises
    ------
    ValueError
        If the file is damaged, is no model, or was written by a newer version of fastml.
    FileNotFoundError
        If there is no such file.
    ImportError
        If safetensors is not installed.

    Warns
    -----
    InconsistentVersionWarning
        If another version of fastml has saved it.

    Examples
    --------
    >>> import os, tempfile
    >>> import fastml
    >>> from fastml.preprocessing import StandardScaler
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> fastml.save_model(StandardScaler().fit([[0.0], [2.0]]), path)
    >>> fastml.load_model(path).transform([[4.0]])
    array([[3.]])
    """
    library = _safetensors()
    try:
        with library.safe_open(os.fspath(path), framework="numpy") as file:
            return _read(file)
    except OSError:  # no such file, no permission
        raise
    except (library.SafetensorError, *DAMAGES) as error:
        raise ValueError(f"{os.fspath(path)} cannot be loaded: {error}") from error


def _read(file):
    from ._values import Reader

    text = (file.metadata() or {}).get(KEY)
    require(text is not None, "it is no model of fastml's")
    described = json.loads(text)
    require(isinstance(described, dict), "it has no description")
    version = described.get("format")
    require(type(version) is int and version >= 1, "it has no format")
    if version > FORMAT:
        raise Damaged(
            f"it has format {version}, which this version of fastml ({__version__}) does not know; it was "
            f"saved by version {described.get('version')}"
        )
    return Reader(file.get_tensor).read_estimator(described["model"])
