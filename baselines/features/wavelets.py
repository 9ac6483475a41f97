"""Wavelet features: coefficients of the discrete transform, entropies of the stationary one.

Source of the entropies: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based
on stationary wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018, whose best setting is db4 with 4
levels. The entropy of a sub-band with coefficients c is E = -sum p log2 p, p = c²/sum(c²), with 0 log 0 = 0: 0 bits if
one coefficient holds all energy, log2 of their number if all are equally large.

Open, and chosen here
- Sub-bands: approximation and three details at each level, 4L in all, as MATLAB's swt2 returns them; with `trim`
  the approximation of the last level only, 3L + 1 in all.
- A sub-band that holds no more than rounding error (of a constant image, say) counts as empty: 0 bits.
"""

from __future__ import annotations

import numpy as np
import pywt

from baselines import Features, Images, Single, require
from baselines.features.images import grey, in_chunks

ROUNDING = 1e-11
"""Share of an image's energy that float32 transforms leave in a sub-band that should be empty: about (30 eps)²."""


def wavelet_coefficients(
    X: Images, wavelet: str = "haar", level: int = 3, details: bool = False, size: int = 128
) -> Single:
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

    def of_some(images: Images) -> Single:
        approximation = grey(images, size)
        for _ in range(level):
            approximation, last = pywt.dwt2(approximation, wavelet, mode="periodization")
        bands = [approximation, *last] if details else [approximation]
        return np.stack(bands, axis=1).reshape(len(images), -1)

    return in_chunks(of_some, X, ((4 if details else 1) * side * side,))


def wavelet_entropy(X: Images, wavelet: str = "db4", level: int = 4, trim: bool = False, size: int = 128) -> Single:
    """Entropy of each sub-band of the stationary wavelet transform of each image.

    Parameters
    ----------
    X, wavelet, size
        As of `wavelet_coefficients`.
    level : int
        Levels L.
    trim : bool
        Whether only the last level's approximation is used.

    Returns
    -------
    ndarray of float32, shape (n, 4 L) or (n, 3 L + 1)
        Bits, from the last (coarsest) level to the first: approximation, horizontal, vertical and diagonal detail.

    Raises
    ------
    ValueError
        As of `wavelet_coefficients`.
    """
    check_wavelet(wavelet, level, size)

    def of_some(images: Images) -> Single:
        pixels = grey(images, size)
        coefficients = pywt.swt2(pixels, wavelet, level, trim_approx=trim)
        if trim:
            approximation, *details = coefficients
            bands = [approximation, *(band for three in details for band in three)]
        else:
            bands = [band for approximation, details in coefficients for band in (approximation, *details)]
        energy = np.square(pixels).sum(axis=(1, 2))
        return np.stack([entropy(band, ROUNDING * energy) for band in bands], axis=1)

    return in_chunks(of_some, X, (3 * level + 1 if trim else 4 * level,))


def entropy(coefficients: Features, least_energy: Features | float = 0.0) -> Single:
    """Entropy in bits of each c (n, h, w), shape (n,); 0 where sum(c²) does not exceed `least_energy`."""
    squares = np.square(coefficients).reshape(len(coefficients), -1)
    energy = squares.sum(axis=1)
    held = energy > least_energy
    p = squares * (held / np.where(held, energy, 1))[:, None].astype(squares.dtype)
    smallest = np.finfo(p.dtype).tiny  # where p is 0, p log2 p is 0 for any positive number under the logarithm
    bits: Single = (p * -np.log2(np.maximum(p, smallest))).sum(axis=1)
    return bits


def check_wavelet(wavelet: str, level: int, size: int = 128) -> None:
    """Refuse an unknown wavelet, and a level that does not divide the size."""
    require(
        wavelet in pywt.wavelist(kind="discrete"), f"there is no discrete wavelet {wavelet!r} (haar, db4, bior4.4, ...)"
    )
    require(level >= 1, f"level must be at least 1, not {level}")
    require(size >= 1 and size % 2**level == 0, f"size must be a multiple of 2**level = {2**level} pixels, not {size}")
