"""The data that fastml is raced on: scikit-learn's real data sets and one larger made one."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from fastml._lazy import sk

__all__ = ["Data", "load", "picture"]


@dataclass(frozen=True, eq=False)
class Data:
    """
    A data set, split into what a model learns from and what it is asked.

    Parameters
    ----------
    name : str
        As shown in tables.
    X, y : ndarray
        What is learnt from, of shapes (n_samples, n_features) and (n_samples,).
    X_test, y_test : ndarray
        What is asked, of shapes (n_queries, n_features) and (n_queries,).

    Examples
    --------
    >>> from fastml._cli.data import load
    >>> load("iris").X.shape, load("iris").X_test.shape
    ((112, 4), (38, 4))
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def __str__(self):
        n, d = self.X.shape
        return f"{self.name} {n:,} x {d}"


@functools.cache
def load(name: str, quick: bool = False) -> Data:
    """
    Return a data set by its name.

    Parameters
    ----------
    name : {"iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud", "china", "made", "made 10k"}
        ``china`` has the pixels of a photograph, ``made`` ten overlapping float32 clouds of 20 features.
    quick : bool, default=False
        Take a tenth of the picture, and a fifth of ``made``.

    Returns
    -------
    Data
        The data set.
    """
    if name == "china":
        pixels = np.ascontiguousarray(picture().reshape(-1, 3), dtype=np.float32) / np.float32(255)
        pixels = pixels[:: 10 if quick else 1]
        brightness = pixels.mean(axis=1)
        return Data(name, pixels, brightness, pixels, brightness)
    if name.startswith("made"):
        return _split(name, *_clouds(50_000 if name == "made" and not quick else 10_000))
    X, y = sk(f"sklearn.datasets.load_{name}")(return_X_y=True)
    return _split(name, X, y)


def picture() -> np.ndarray:
    """
    Return the photograph china.jpg that comes with scikit-learn.

    Returns
    -------
    ndarray of shape (427, 640, 3), uint8
        Its red, green and blue.
    """
    return sk("sklearn.datasets.load_sample_image")("china.jpg")


def _clouds(n, d=20, clouds=10):
    random = np.random.RandomState(0)
    centers = random.standard_normal((clouds, d))
    y = random.randint(clouds, size=n)
    return (centers[y] + random.standard_normal((n, d))).astype(np.float32), y


def _split(name, X, y):
    order = np.random.RandomState(0).permutation(len(X))
    learnt = 3 * len(X) // 4
    part, rest = order[:learnt], order[learnt:]
    return Data(name, np.ascontiguousarray(X[part]), y[part], np.ascontiguousarray(X[rest]), y[rest])
