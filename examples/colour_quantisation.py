"""
Colour quantisation
===================

A photograph has tens of thousands of colours. k-means finds the few that stand for them best: each pixel is
a point in the space of red, green and blue, each cluster centre a colour of the palette.

Run as ``python examples/colour_quantisation.py [FOLDER]``: writes china.jpg and copies of it in 64 and in 8
colours.
"""

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from fastml.cluster import KMeans
from fastml.datasets import load_sample_image


def quantise(image, n_colors):
    """Return the picture in `n_colors` colours, and how far the pixels are from their new colour."""
    pixels = image.reshape(-1, 3).astype(np.float32)
    model = KMeans(n_clusters=n_colors, n_init=1, random_state=0).fit(pixels)
    palette = np.clip(np.rint(model.cluster_centers_), 0, 255).astype(np.uint8)
    return palette[model.labels_].reshape(image.shape), np.sqrt(model.inertia_ / len(pixels))


def main(folder="output"):
    """Write the pictures and print what was done."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True, parents=True)
    image = load_sample_image("china.jpg")
    Image.fromarray(image).save(folder / "china.png")
    colors = np.unique(image.reshape(-1, 3), axis=0)
    print(f"china.jpg: {image.shape[0] * image.shape[1]:,} pixels, {len(colors):,} colours")
    for n_colors in (64, 8):
        start = time.perf_counter()
        painted, distance = quantise(image, n_colors)
        took = time.perf_counter() - start
        path = folder / f"china-{n_colors}-colors.png"
        Image.fromarray(painted).save(path)
        print(f"{path}: {n_colors} colours, off by {distance:.1f} of 255 on average, in {took:.2f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
