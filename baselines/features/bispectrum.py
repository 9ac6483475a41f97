"""Higher-order spectra: entropies and magnitude of the bispectrum of each projection of an image.

Source: K. Chua, V. Chandran, U. Acharya, C. Lim, "Application of higher order statistics/spectra in biomedical signals:
a review", Med. Eng. Phys. 32(7):679-689, 2010. Images become signals by the Radon transform: projections at angles from
0 up to 180 degrees.

The bispectrum of a signal with Fourier transform F is B(j, k) = F(j) F(k) F*(j + k). Its non-redundant region is the
triangle k <= j, j + k <= nfft / 2; as the mean is taken off each signal, k = 0 holds nothing and is left out. There
- P_q = -sum p log p with p = |B|^q / sum |B|^q: entropies for q = 1, 2, 3;
- mean magnitude: the mean of |B|;
- phase entropy: -sum p log p over a histogram of the phases of B. Its first bin is centred on 0, so that rounding does
  not move the phases of symmetric signals, 0 or pi, to another bin.

|B| is a product of three magnitudes; its logarithm and its phase are sums of three terms. So logarithms and angles are
computed for the spectrum alone, not for every point of the region.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import rfft
from scipy.sparse import csr_array
from scipy.special import entr

from baselines import Double, Images, Single, require
from baselines.features.images import grey, in_chunks


def higher_order_spectra(
    X: Images, projections: int = 180, nfft: int = 256, orders: int = 2, phases: int = 36, size: int = 128
) -> Single:
    """Compute bispectral features of each projection of each image.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    projections : int
        Angles, evenly from 0 up to 180 degrees.
    nfft : int
        Length of the Fourier transform, even and no shorter than a projection (182 for 128 pixels).
    orders : int
        Entropies P_1 up to P_orders.
    phases : int
        Bins of the histogram of phases.
    size : int
        Images are first resized to this many pixels a side.

    Returns
    -------
    ndarray of float32, shape (n, (orders + 2) * projections)
        The entropies in nats, order by order; the logarithm of the mean magnitude; the phase entropy in nats. Each for
        all projections.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """
    check_spectra(projections, nfft, orders, phases, size)
    matrix = projector(size, projections)

    def features_of(image: Images) -> Single:
        signals = (matrix @ (grey(image[None], size).ravel() / np.float32(255))).reshape(projections, -1)
        return bispectral(signals.astype(np.float64), nfft, orders, phases).astype(np.float32).ravel()

    return in_chunks(
        lambda images: np.stack([features_of(image) for image in images]), X, ((orders + 2) * projections,)
    )


def check_spectra(projections: int, nfft: int, orders: int, phases: int, size: int) -> None:
    """Raise `ValueError` for parameters outside their range."""
    for name, value in (("projections", projections), ("orders", orders), ("size", size)):
        require(value >= 1, f"{name} must be at least 1, not {value}")
    require(phases >= 2, f"phases must be at least 2, not {phases}")
    length = bins_of(size)
    require(nfft % 2 == 0 and nfft >= length, f"nfft must be even and at least {length} for {size} pixels, not {nfft}")


def bins_of(size: int) -> int:
    """Return the length of a projection of size x size pixels: the diagonal between the outermost pixels' centres."""
    return 2 * int(np.ceil((size - 1) / np.sqrt(2))) + 2


@lru_cache(maxsize=4)
def projector(size: int, projections: int) -> csr_array:
    """Return the Radon transform as a sparse matrix, shape (projections * bins, size * size), float32.

    Each pixel's centre has a position on the line of projection; the two bins next to it share the pixel's value in
    proportion to nearness. At 0 degrees the line is horizontal (sums over columns), at 90 degrees vertical, upwards.
    """
    bins = bins_of(size)
    centred = np.arange(size) - (size - 1) / 2
    angles = np.pi * np.arange(projections)[:, None, None] / projections
    position = centred * np.cos(angles) - centred[:, None] * np.sin(angles) + (bins - 1) / 2
    lower = np.floor(position)
    nearness = np.stack([lower + 1 - position, position - lower], axis=-1)
    row = (lower + bins * np.arange(projections)[:, None, None])[..., None] + [0, 1]
    pixel = np.broadcast_to(np.arange(size * size).reshape(size, size, 1), row.shape)
    entries = (nearness.astype(np.float32).ravel(), (row.astype(np.int32).ravel(), pixel.ravel()))
    return csr_array(entries, shape=(projections * bins, size * size))


def bispectral(signals: Double, nfft: int, orders: int, phases: int) -> Double:
    """Compute entropies P_1 to P_orders, logarithm of the mean magnitude, and phase entropy of signals (m, length).

    Returns
    -------
    ndarray, shape (orders + 2, m)
        An empty bispectrum has entropies of 0 and the smallest positive number as magnitude.
    """
    spectrum = rfft(signals - signals.mean(axis=1, keepdims=True), nfft, axis=1).T.copy()
    unscaled = np.abs(spectrum)
    largest = np.maximum(unscaled.max(axis=0), np.finfo(float).tiny)
    magnitude = unscaled / largest
    logarithm = np.log(np.maximum(magnitude, np.finfo(float).tiny))
    sums = np.zeros((orders, 2, len(signals)))  # of |B|^q and of |B|^q log |B| over the region, for each order q
    for k in range(1, (len(magnitude) - 1) // 2 + 1):
        product = magnitude[k] * magnitude[k : len(magnitude) - k] * magnitude[2 * k :]
        log_product = logarithm[k] + logarithm[k : len(logarithm) - k] + logarithm[2 * k :]
        power = product
        for total, weighted in sums:
            total += power.sum(axis=0)
            weighted += np.einsum("ij,ij->j", power, log_product)
            power = power * product
    entropies = []
    for q, (total, weighted) in enumerate(sums, start=1):
        divisor = np.where(total > 0, total, 1)
        entropies.append(np.log(divisor) - q * weighted / divisor)  # -sum p log p with p = |B|^q / total; 0 if empty
    mean = np.maximum(sums[0][0] / region_size(nfft), np.finfo(float).tiny)
    return np.stack([*entropies, np.log(mean) + 3 * np.log(largest), phase_entropy(np.angle(spectrum), phases)])


def region_size(nfft: int) -> int:
    """Return the number of pairs 1 <= k <= j with j + k <= nfft / 2."""
    return (nfft // 4) * (nfft // 2 - nfft // 4)


def phase_entropy(angle: Double, phases: int) -> Double:
    """Return the entropy of the phases of B over the region, by phases (nfft / 2 + 1, m) of the spectrum in radians."""
    half, m = len(angle) - 1, angle.shape[1]
    position = angle * (phases / (2 * np.pi))
    rows = [position[k] + position[k : half + 1 - k] - position[2 * k :] for k in range(1, half // 2 + 1)]
    bins = np.floor(np.concatenate(rows) + (2 * phases + 0.5)).astype(np.intp)  # from 1/2 to 7/2 turns
    counts = np.bincount((bins + 4 * phases * np.arange(m)).ravel(), minlength=4 * phases * m)
    shares = counts.reshape(m, 4, phases).sum(axis=1) / len(bins)
    return np.asarray(entr(shares).sum(axis=1))
