"""Grey images of one size, and chunks of images for features that are computed a few images at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from baselines import Images, Single, require

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue: ITU-R BT.601."""

CHUNK_IMAGES = 8
"""Images that a feature is computed of at a time: few, so that they stay in the processor's cache."""


def grey(X: Images, size: int = 128) -> Single:
    """Return the luma of each image, resized to size x size pixels.

    The sides are scaled independently, so that an image that is not square is squeezed. Pillow's bilinear filter
    averages over the area that a new pixel covers when it shrinks an image. An image of that size is not changed.

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

    def resized_luma(images: Images) -> Single:
        if images.ndim == 3:
            luma = images.astype(np.float32)
        else:
            red, green, blue = (np.float32(weight) * images[..., i] for i, weight in enumerate(LUMA))
            luma = np.asarray(red + green + blue, dtype=np.float32)
        if luma.shape[1:] == (size, size):
            return luma
        resized = [Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR) for image in luma]
        return np.stack([np.asarray(image) for image in resized])

    return in_chunks(resized_luma, X, (size, size))


def in_chunks(feature: Callable[[Images], Single], X: Images, shape: tuple[int, ...]) -> Single:
    """Apply `feature`, which returns an array of this shape for each image, to a few images at a time."""
    out = np.empty((len(X), *shape), dtype=np.float32)
    for start in range(0, len(X), CHUNK_IMAGES):
        out[start : start + CHUNK_IMAGES] = feature(X[start : start + CHUNK_IMAGES])
    return out
