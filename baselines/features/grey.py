"""Grey images of one size, and the chunks in which features walk over many images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from baselines.checks import require

Images = NDArray[np.uint8]
Array = NDArray[np.float32]

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue: ITU-R BT.601."""

CHUNK = 8
"""Images a feature holds at once; small, so that what it works on stays in the cache."""


def grey(X: Images, size: int = 128) -> Array:
    """Luma of each image, brought to size x size pixels.

    Sides are scaled independently (a face that is not square is squeezed), by Pillow's bilinear filter, which averages
    over the area a new pixel covers when it shrinks an image. An image that already has the size is not touched.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Grey or RGB images.
    size : int
        New height and width in pixels.

    Returns
    -------
    ndarray of float32, shape (n, size, size)
        Luma, 0 to 255, not rounded.

    Raises
    ------
    ValueError
        If X is not such an array, or an image is empty.
    """
    require(X.ndim == 3 or (X.ndim == 4 and X.shape[3] == 3), f"images are (n, h, w) or (n, h, w, 3), not {X.shape}")
    require(0 not in X.shape[1:3], f"images must have pixels, not shape {X.shape}")
    return in_chunks(lambda images: _resize(_luma(images), size), X, (size, size))


def in_chunks(feature: Callable[[Images], Array], X: Images, shape: tuple[int, ...]) -> Array:
    """Apply `feature`, which turns each image into an array of this shape, to a few images at a time."""
    out = np.empty((len(X), *shape), dtype=np.float32)
    for start in range(0, len(X), CHUNK):
        out[start : start + CHUNK] = feature(X[start : start + CHUNK])
    return out


def _luma(X: Images) -> Array:
    if X.ndim == 3:
        return X.astype(np.float32)
    red, green, blue = (np.float32(weight) * X[..., i] for i, weight in enumerate(LUMA))
    return np.asarray(red + green + blue, dtype=np.float32)


def _resize(X: Array, size: int) -> Array:
    if X.shape[1:] == (size, size):
        return X
    resized = [Image.fromarray(x).resize((size, size), Image.Resampling.BILINEAR) for x in X]
    return np.stack([np.asarray(x) for x in resized])
