"""Stationary wavelet entropy.

Source: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based on stationary
wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018, whose best setting is db4 with 4 levels.

The entropy of a sub-band with coefficients c is E = -sum p log2 p, p = c²/sum(c²), with 0 log 0 = 0: 0 bits if one
coefficient holds all energy, log2 of their number if all are equally large.

Open, and chosen here
- Sub-bands: approximation and three details at each level, 4L in all, as MATLAB's swt2 returns them; with `trim`
  the approximation of the last level only, 3L + 1 in all.
- A sub-band that holds no more than rounding error (of a constant image, say) counts as empty: 0 bits.
"""

from __future__ import annotations

import numpy as np
import pywt
from numpy.typing import NDArray

from baselines.features.grey import Array, Images, grey, in_chunks
from baselines.features.haar import check_wavelet

ROUNDING = 1e-11
"""Share of an image's energy that float32 transforms leave in a sub-band that should be empty: about (30 eps)²."""


def wavelet_entropy(X: Images, wavelet: str = "db4", level: int = 4, trim: bool = False, size: int = 128) -> Array:
    """Entropy of each sub-band of the stationary wavelet transform of each image.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    wavelet : str
        A discrete wavelet of PyWavelets.
    level : int
        Levels L.
    trim : bool
        Whether only the last level's approximation is used.
    size : int
        Side in pixels to which images are brought first.

    Returns
    -------
    ndarray of float32, shape (n, 4 L) or (n, 3 L + 1)
        Bits, from the last (coarsest) level to the first: approximation, horizontal, vertical and diagonal detail.

    Raises
    ------
    ValueError
        If the wavelet is unknown, or size is not a multiple of 2**level.
    """
    check_wavelet(wavelet, level, size)

    def of_some(images: Images) -> Array:
        pixels = grey(images, size)
        energy = np.square(pixels).sum(axis=(1, 2))
        bands = sub_bands(pixels, wavelet, level, trim)
        return np.stack([entropy(band, ROUNDING * energy) for band in bands], axis=1)

    return in_chunks(of_some, X, (3 * level + 1 if trim else 4 * level,))


def sub_bands(pixels: Array, wavelet: str, level: int, trim: bool) -> list[Array]:
    """Sub-bands of pixels (n, h, w), each of that shape, from the coarsest level to the finest."""
    coefficients = pywt.swt2(pixels, wavelet, level, trim_approx=trim)
    if trim:
        approximation, *details = coefficients
        return [approximation, *(band for three in details for band in three)]
    return [band for approximation, details in coefficients for band in (approximation, *details)]


def entropy(coefficients: NDArray[np.floating], least_energy: NDArray[np.floating] | float = 0.0) -> Array:
    """Entropy in bits of each c (n, h, w), shape (n,); 0 where sum(c²) does not exceed `least_energy`."""
    squares = np.square(coefficients).reshape(len(coefficients), -1)
    energy = squares.sum(axis=1)
    held = energy > least_energy
    p = squares * (held / np.where(held, energy, 1))[:, None].astype(squares.dtype)
    smallest = np.finfo(p.dtype).tiny  # where p is 0, p log2 p is 0 for any positive number under the logarithm
    bits: Array = (p * -np.log2(np.maximum(p, smallest))).sum(axis=1)
    return bits
