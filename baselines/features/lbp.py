"""Histograms of local binary patterns.

Source: T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation invariant texture classification
with local binary patterns", IEEE TPAMI 24(7):971-987, 2002; on a grid of cells for expressions: C. Shan, S. Gong, P.
McOwan, "Facial expression recognition based on local binary patterns", Image Vis. Comput. 27(6):803-816, 2009.

A pixel's code has one bit for each of 8 points on a circle of radius 1: whether it is at least as bright as the pixel.
The 58 codes with at most two changes round the circle are kept, the others counted together: 59 bins a cell.

The diagonal points lie between pixels. With t = 1 / sqrt 2, the bilinear value there minus the centre's is t² (diagonal
+ (sqrt 2 - 1) (horizontal + vertical)), in differences of the neighbours to the centre. Grey levels are rounded to
integers, so that this is 0 only where it should be, and flat regions get the same code everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.checks import require
from baselines.features.grey import Array, Images, grey, in_chunks

CIRCLE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""Steps (down, right) to the neighbours, counter-clockwise; bit i of a code belongs to the i-th."""

BINS = 59
SIDEWAYS = np.float32(np.sqrt(2) - 1)


def _bin_of_code() -> NDArray[np.uint8]:
    codes = np.arange(256)
    bits = codes[:, None] >> np.arange(8) & 1
    uniform = np.count_nonzero(bits != np.roll(bits, 1, axis=1), axis=1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, BINS - 1).astype(np.uint8)


BIN_OF_CODE = _bin_of_code()


def pattern_histograms(X: Images, size: int = 64, grid: int = 8) -> Array:
    """Square roots of the shares of each uniform pattern in each cell of a grid.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    size : int
        Side in pixels to which images are brought first, a multiple of `grid`.
    grid : int
        Cells a side.

    Returns
    -------
    ndarray of float32, shape (n, grid * grid * 59)
        Cell by cell in reading order; the squares of each cell's 59 values add up to 1.

    Raises
    ------
    ValueError
        If size is not a multiple of grid.
    """
    check_grid(size, grid)

    def of_some(images: Images) -> Array:
        return shares(BIN_OF_CODE[patterns(_levels(images, size))], grid)

    rooted: Array = np.sqrt(in_chunks(of_some, X, (grid * grid * BINS,)))
    return rooted


def check_grid(size: int, grid: int) -> None:
    """Refuse a grid that does not divide the size."""
    require(grid >= 1, f"grid must be at least 1, not {grid}")
    require(size >= 1 and size % grid == 0, f"size must be a multiple of grid = {grid}, not {size}")


def patterns(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Code of every pixel of images (n, h, w); beyond the border the outermost pixels go on."""
    height, width = levels.shape[1:]
    padded = np.pad(levels.astype(np.int16), ((0, 0), (1, 1), (1, 1)), mode="edge")
    shifted = [padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width] for down, right in CIRCLE]
    steps = [neighbour - levels for neighbour in shifted]
    codes = np.zeros(levels.shape, dtype=np.uint8)
    for i, step in enumerate(steps):
        diagonal = i % 2 == 1
        brighter = step + SIDEWAYS * (steps[i - 1] + steps[(i + 1) % 8]) >= 0 if diagonal else step >= 0
        codes |= brighter.view(np.uint8) << np.uint8(i)
    return codes


def _levels(images: Images, size: int) -> NDArray[np.uint8]:
    return np.rint(grey(images, size)).astype(np.uint8)


def shares(bins: NDArray[np.uint8], grid: int) -> Array:
    """Share of each bin in each cell of images (n, size, size), shape (n, grid * grid * BINS)."""
    n, size, _ = bins.shape
    band = np.arange(size) * grid // size
    cell = grid * (grid * np.arange(n)[:, None, None] + band[:, None]) + band
    counts = np.bincount((BINS * cell + bins).ravel(), minlength=n * grid * grid * BINS)
    return np.asarray(counts.reshape(n, -1) / (size // grid) ** 2, dtype=np.float32)
