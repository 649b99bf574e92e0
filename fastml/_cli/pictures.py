"""Colour quantisation: a photograph in few colours, as a picture of what k-means does."""

from __future__ import annotations

import os
import shutil
from importlib.resources import files

import numpy as np

from .data import picture

__all__ = ["quantise", "write_quantised"]


def quantise(image: np.ndarray, n_colors: int = 64) -> np.ndarray:
    """
    Paint a picture with its most typical colours.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Red, green and blue.
    n_colors : int, default=64
        How many colours.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        The picture in ``n_colors`` colours.
    """
    from fastml.cluster import KMeans

    pixels = np.ascontiguousarray(image.reshape(-1, 3), dtype=np.float32)
    model = KMeans(n_clusters=n_colors, n_init=1, random_state=0).fit(pixels)
    colors = np.clip(np.rint(model.cluster_centers_), 0, 255).astype(np.uint8)
    return colors[model.labels_].reshape(image.shape)


def write_quantised(folder: str, n_colors: int = 64) -> tuple[str, str]:
    """
    Write china.jpg and, next to it, its copy in few colours.

    Parameters
    ----------
    folder : str
        Made when it is missing.
    n_colors : int, default=64
        How many colours.

    Returns
    -------
    tuple of two str
        The files' paths.
    """
    from PIL import Image

    os.makedirs(folder, exist_ok=True)
    original, painted = (
        os.path.join(folder, "china.jpg"),
        os.path.join(folder, f"china-{n_colors}-colors.png"),
    )
    shutil.copyfile(str(files("sklearn.datasets.images") / "china.jpg"), original)
    Image.fromarray(quantise(picture(), n_colors)).save(painted)
    return original, painted
