"""Wavelet features: coefficients of the discrete transform, entropies of the stationary one.

Source of the entropies: S.-H. Wang, P. Phillips, Z.-C. Dong, Y.-D. Zhang, "Intelligent facial emotion recognition based
on stationary wavelet entropy and Jaya algorithm", Neurocomputing 272:668-676, 2018, whose best setting is db4 with 4
levels. The entropy of a sub-band with coefficients c is E = -sum p log2 p, p = c²/sum(c²), with 0 log 0 = 0: 0 bits if
one coefficient holds all energy, log2 of their number if all are equally large.

Open, and chosen here
- Sub-bands: approximation and three details at each level, 4L in all, as MATLAB's swt2 returns them; with `trim`
  the approximation of the last level only, 3L + 1 in all.
- A sub-band with no more energy than rounding errors (of a constant image, say) counts as empty: 0 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pywt

from baselines import Features, Images, Single, require
from baselines.features.images import grey, in_chunks

EMPTY_ENERGY_SHARE = 1e-11
"""A sub-band with at most this share of an image's energy is empty: float32 rounding leaves about (30 eps)²."""

HISTOGRAM_BINS = 256
"""Bins of a histogram of coefficients, as many as grey values of an 8-bit image."""

BLOCKS = (1, 2, 4)
"""Numbers of squares along a side into which a sub-band can be cut."""

CHANNELS = ("grey", "rgb")
"""Channels of which the entropies can be computed."""


def wavelet_coefficients(
    X: Images, wavelet: str = "haar", level: int = 3, details: bool = False, size: int = 128
) -> Single:
    """Compute the approximation coefficients of each image at the last level, as in Mallat's pyramid.

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
        Images are first resized to this many pixels a side.

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

    def coefficients_of(images: Images) -> Single:
        approximation = grey(images, size)
        for _ in range(level):
            approximation, last = pywt.dwt2(approximation, wavelet, mode="periodization")
        bands = [approximation, *last] if details else [approximation]
        return np.stack(bands, axis=1).reshape(len(images), -1)

    return in_chunks(coefficients_of, X, ((4 if details else 1) * side * side,))


def wavelet_entropy(
    X: Images,
    wavelet: str = "db4",
    level: int = 4,
    trim: bool = False,
    entropy: str = "energy",
    blocks: int = 1,
    channels: str = "grey",
    size: int = 128,
) -> Single:
    """Compute the entropies of the sub-bands of each image's stationary wavelet transform.

    Parameters
    ----------
    X, wavelet, size
        As of `wavelet_coefficients`.
    level : int
        Levels L.
    trim : bool
        Whether only the last level's approximation is used.
    entropy : str
        A name in `ENTROPIES`.
    blocks : int
        Each sub-band is cut into `blocks` x `blocks` squares of equal size, and each square has its own entropy.
    channels : str
        `grey`, or `rgb` for the entropies of the red, the green and the blue channel; those of a grey image are equal.

    Returns
    -------
    ndarray of float32, shape (n, channels, bands, blocks, blocks), flattened to (n, d)
        1 or 3 channels; 4 L or 3 L + 1 bands, from the last (coarsest) level to the first: approximation, horizontal,
        vertical and diagonal detail. Unit: see `ENTROPIES`.

    Raises
    ------
    ValueError
        As of `check_wavelet_entropy`.
    """
    check_wavelet_entropy(wavelet, level, entropy, blocks, channels, size)
    entropy_of = ENTROPIES[entropy]

    def of_channel(pixels: Single) -> Single:
        energy = np.square(pixels).sum(axis=(1, 2)) / blocks**2
        values = [entropy_of(squares, EMPTY_ENERGY_SHARE * energy[:, None]) for squares in bands_of(pixels)]
        return np.stack(values, axis=1).reshape(len(pixels), -1)

    def bands_of(pixels: Single) -> Iterator[Single]:
        """Yield each sub-band, shape (n, squares, coefficients of a square)."""
        coefficients = pywt.swt2(pixels, wavelet, level, trim_approx=trim)
        if trim:
            approximation, *details = coefficients
            bands = [approximation, *(band for three in details for band in three)]
        else:
            bands = [band for approximation, details in coefficients for band in (approximation, *details)]
        side = size // blocks
        for band in bands:
            squares = band.reshape(len(pixels), blocks, side, blocks, side).swapaxes(2, 3)
            yield squares.reshape(len(pixels), blocks**2, side**2)

    def entropies_of(images: Images) -> Single:
        if channels == "grey":
            return of_channel(grey(images, size))
        colours = [images] * 3 if images.ndim == 3 else np.moveaxis(images, -1, 0)
        return np.concatenate([of_channel(grey(colour, size)) for colour in colours], axis=1)

    n_bands = 3 * level + 1 if trim else 4 * level
    return in_chunks(entropies_of, X, ((3 if channels == "rgb" else 1) * n_bands * blocks**2,))


def energy_entropy(coefficients: Features, least_energy: Features | float = 0.0) -> Single:
    """Compute the entropy in bits of the shares of energy p = c²/sum(c²) along the last axis.

    It is 0 where sum(c²) does not exceed `least_energy`.
    """
    squares = np.square(coefficients)
    energy = squares.sum(axis=-1)
    has_energy = energy > least_energy
    p = squares * (has_energy / np.where(has_energy, energy, 1))[..., None].astype(squares.dtype)
    smallest = np.finfo(p.dtype).tiny  # where p is 0, p log2 p is 0 for any positive number under the logarithm
    bits: Single = (p * -np.log2(np.maximum(p, smallest))).sum(axis=-1)
    return bits


def unnormalised_entropy(coefficients: Features, least_energy: Features | float = 0.0) -> Single:
    """Compute -sum(c² ln c²) along the last axis, as `wentropy(c, 'shannon')` of MATLAB; 0 where c is 0.

    It is 0 where sum(c²) does not exceed `least_energy`.
    """
    squares = np.square(coefficients)
    smallest = np.finfo(squares.dtype).tiny
    value: Single = (squares * -np.log(np.maximum(squares, smallest))).sum(axis=-1)
    return np.where(squares.sum(axis=-1) > least_energy, value, 0)


def histogram_entropy(coefficients: Features, least_energy: Features | float = 0.0) -> Single:
    """Compute the entropy in bits of a histogram of the coefficients along the last axis.

    The histogram has `HISTOGRAM_BINS` bins of equal width from the smallest to the largest coefficient. The entropy is
    0 where all are equal, and where sum(c²) does not exceed `least_energy`.
    """
    has_energy = np.square(coefficients).sum(axis=-1) > least_energy
    low = coefficients.min(axis=-1, keepdims=True)
    width = coefficients.max(axis=-1, keepdims=True) - low
    position = (coefficients - low) / np.where(width > 0, width, 1)
    bins = np.minimum((position * HISTOGRAM_BINS).astype(np.int64), HISTOGRAM_BINS - 1)
    rows = bins.reshape(-1, bins.shape[-1])
    numbered = rows + HISTOGRAM_BINS * np.arange(len(rows))[:, None]
    counts = np.bincount(numbered.ravel(), minlength=HISTOGRAM_BINS * len(rows)).reshape(len(rows), HISTOGRAM_BINS)
    shares = counts / bins.shape[-1]
    bits = (shares * -np.log2(np.where(shares > 0, shares, 1))).sum(axis=-1).reshape(has_energy.shape)
    return np.asarray(np.where(has_energy, bits, 0), dtype=np.float32)


ENTROPIES: dict[str, Callable[[Features, Features | float], Single]] = {
    "energy": energy_entropy,
    "wentropy": unnormalised_entropy,
    "histogram": histogram_entropy,
}
"""Definitions of the entropy of a sub-band by name: each takes (..., coefficients) and returns (...)."""


def check_wavelet_entropy(
    wavelet: str, level: int, entropy: str = "energy", blocks: int = 1, channels: str = "grey", size: int = 128
) -> None:
    """Raise `ValueError` for parameters that `wavelet_entropy` cannot take."""
    check_wavelet(wavelet, level, size)
    require(entropy in ENTROPIES, f"entropy must be one of {', '.join(ENTROPIES)}, not {entropy!r}")
    require(blocks in BLOCKS, f"blocks must be one of {', '.join(map(str, BLOCKS))}, not {blocks!r}")
    require(channels in CHANNELS, f"channels must be one of {', '.join(CHANNELS)}, not {channels!r}")


def check_wavelet(wavelet: str, level: int, size: int = 128) -> None:
    """Raise `ValueError` for an unknown wavelet and for a level that does not divide the size."""
    require(
        wavelet in pywt.wavelist(kind="discrete"), f"there is no discrete wavelet {wavelet!r} (haar, db4, bior4.4, ...)"
    )
    require(level >= 1, f"level must be at least 1, not {level}")
    require(size >= 1 and size % 2**level == 0, f"size must be a multiple of 2**level = {2**level} pixels, not {size}")
