"""Coefficients of the discrete wavelet transform (Haar, unless asked otherwise)."""

from __future__ import annotations

import numpy as np
import pywt

from baselines.checks import require
from baselines.features.grey import Array, Images, grey, in_chunks


def wavelet_coefficients(
    X: Images, wavelet: str = "haar", level: int = 3, details: bool = False, size: int = 128
) -> Array:
    """Approximation coefficients of each image at the last level, as in Mallat's pyramid.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    wavelet : str
        A discrete wavelet of PyWavelets. Borders are periodic, so that a level halves each side for any wavelet.
    level : int
        Levels; the approximation has side `size` / 2**level.
    details : bool
        Whether the horizontal, vertical and diagonal details of the last level follow the approximation.
    size : int
        Side in pixels to which images are brought first.

    Returns
    -------
    ndarray of float32, shape (n, d)
        d is (size / 2**level)², or four times that with details; 256 by default.

    Raises
    ------
    ValueError
        If the wavelet is unknown, or size is not a multiple of 2**level.
    """
    check_wavelet(wavelet, level, size)
    side = size >> level

    def of_some(images: Images) -> Array:
        approximation = grey(images, size)
        for _ in range(level):
            approximation, last = pywt.dwt2(approximation, wavelet, mode="periodization")
        bands = [approximation, *last] if details else [approximation]
        return np.stack(bands, axis=1).reshape(len(images), -1)

    return in_chunks(of_some, X, ((4 if details else 1) * side * side,))


def check_wavelet(wavelet: str, level: int, size: int = 128) -> None:
    """Refuse an unknown wavelet, and a level that does not divide the size."""
    require(
        wavelet in pywt.wavelist(kind="discrete"), f"there is no discrete wavelet {wavelet!r} (haar, db4, bior4.4, ...)"
    )
    require(level >= 1, f"level must be at least 1, not {level}")
    require(size >= 1 and size % 2**level == 0, f"size must be a multiple of 2**level = {2**level} pixels, not {size}")
