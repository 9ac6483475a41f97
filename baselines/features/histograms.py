"""Histograms over the cells of a grid: of local binary patterns and of oriented gradients.

Local binary patterns. Source: T. Ojala, M. Pietikäinen, T. Mäenpää, "Multiresolution gray-scale and rotation invariant
texture classification with local binary patterns", IEEE TPAMI 24(7):971-987, 2002; on a grid of cells for expressions:
C. Shan, S. Gong, P. McOwan, "Facial expression recognition based on local binary patterns", Image Vis. Comput.
27(6):803-816, 2009. A pixel's code has one bit for each of 8 points on a circle of radius 1: 1 if the point is at
least as bright as the pixel. The 58 codes with at most two changes round the circle have a bin each, all others share
one: 59 bins for each cell. The diagonal points lie between pixels. With t = 1 / sqrt 2, the bilinear value there minus
the centre's is t² (diagonal + (sqrt 2 - 1) (horizontal + vertical)), in differences of the neighbours to the centre.
Grey levels are rounded to integers, so that rounding errors do not change the sign of this difference: flat regions
have the same code everywhere.

Oriented gradients. Source: N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR
2005:886-893, as scikit-image implements it: central differences, 0 at the border; unsigned orientations, each
gradient in one bin, weighted by its magnitude; blocks of cells normalised to length 1, clipped at 0.2, normalised anew.
Equal to `skimage.feature.hog` to rounding, for many images at once.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from baselines import Double, Images, Single, require
from baselines.features.images import grey, in_chunks

CIRCLE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""Steps (down, right) to the neighbours, counter-clockwise; bit i of a code belongs to the i-th."""

BINS = 59
"""Bins of a cell: 58 uniform patterns, and one for all others."""

SIDEWAYS_WEIGHT = np.float32(np.sqrt(2) - 1)
"""Weight of the horizontal and vertical neighbours in the value at a diagonal point."""

EPSILON = 1e-5
"""Added in quadrature to the length of a block before it is divided by it."""

CLIP = 0.2
"""Largest value of a normalised block."""


def pattern_histograms(X: Images, size: int = 64, grid: int = 8) -> Single:
    """Compute the square roots of the shares of each pattern in each cell of a grid.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    size : int
        Images are first resized to this many pixels a side, a multiple of `grid`.
    grid : int
        Cells along a side.

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

    def shares(images: Images) -> Single:
        bins = BIN_OF_CODE[patterns(np.rint(grey(images, size)).astype(np.uint8))]
        n = len(bins)
        band = np.arange(size) * grid // size
        cell = grid * (grid * np.arange(n)[:, None, None] + band[:, None]) + band
        counts = np.bincount((BINS * cell + bins).ravel(), minlength=n * grid * grid * BINS)
        return np.asarray(counts.reshape(n, -1) / (size // grid) ** 2, dtype=np.float32)

    rooted: Single = np.sqrt(in_chunks(shares, X, (grid * grid * BINS,)))
    return rooted


def check_grid(size: int, grid: int) -> None:
    """Raise `ValueError` for a grid that does not divide the size."""
    require(grid >= 1, f"grid must be at least 1, not {grid}")
    require(size >= 1 and size % grid == 0, f"size must be a multiple of grid = {grid}, not {size}")


def patterns(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the code of every pixel of images (n, h, w); outermost pixels are repeated beyond the border."""
    height, width = levels.shape[1:]
    padded = np.pad(levels.astype(np.int16), ((0, 0), (1, 1), (1, 1)), mode="edge")
    shifted = [padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width] for down, right in CIRCLE]
    steps = [neighbour - levels for neighbour in shifted]
    codes = np.zeros(levels.shape, dtype=np.uint8)
    for i, step in enumerate(steps):
        diagonal = i % 2 == 1
        brighter = step + SIDEWAYS_WEIGHT * (steps[i - 1] + steps[(i + 1) % 8]) >= 0 if diagonal else step >= 0
        codes |= brighter.view(np.uint8) << np.uint8(i)
    return codes


def _bin_of_code() -> NDArray[np.uint8]:
    """Return the bin of each of the 256 codes."""
    codes = np.arange(256)
    bits = codes[:, None] >> np.arange(8) & 1
    uniform = np.count_nonzero(bits != np.roll(bits, 1, axis=1), axis=1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, BINS - 1).astype(np.uint8)


BIN_OF_CODE = _bin_of_code()


def gradient_histograms(X: Images, size: int = 64, cell: int = 8, block: int = 2, orientations: int = 9) -> Single:
    """Compute histograms of oriented gradients of each image.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    size : int
        Images are first resized to this many pixels a side.
    cell : int
        Side of a cell in pixels; pixels beyond the last whole cell are ignored.
    block : int
        Side of a block in cells; blocks overlap: one begins at every cell.
    orientations : int
        Bins from 0 to 180 degrees.

    Returns
    -------
    ndarray of float32, shape (n, d)
        d is (size // cell - block + 1)² * block² * orientations; 1764 by default.

    Raises
    ------
    ValueError
        If a parameter is not positive, or no block fits into an image.
    """
    check_blocks(size, cell, block, orientations)

    def blocks_of(images: Images) -> Single:
        cells = cell_histograms(grey(images, size).astype(np.float64), cell, orientations)
        return normalised_blocks(cells, block).astype(np.float32).reshape(len(images), -1)

    return in_chunks(blocks_of, X, (hog_length(size, cell, block, orientations),))


def hog_length(size: int, cell: int, block: int, orientations: int) -> int:
    """Return the number of values that `gradient_histograms` computes for an image."""
    return int((size // cell - block + 1) ** 2 * block**2 * orientations)


def check_blocks(size: int, cell: int, block: int, orientations: int) -> None:
    """Raise `ValueError` for cells and blocks that do not fit."""
    for name, value in (("cell", cell), ("block", block), ("orientations", orientations)):
        require(value >= 1, f"{name} must be at least 1, not {value}")
    require(size // cell >= block, f"size must be at least block * cell = {block * cell} pixels, not {size}")


def cell_histograms(pixels: Double, cell: int, orientations: int) -> Double:
    """Return the mean gradient magnitude (n, rows, columns, orientations) in each cell of images (n, h, w)."""
    n, height, width = pixels.shape
    rows, columns = height // cell, width // cell
    down, right = np.zeros_like(pixels), np.zeros_like(pixels)
    down[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    right[:, :, 1:-1] = pixels[:, :, 2:] - pixels[:, :, :-2]
    down, right = (part[:, : rows * cell, : columns * cell] for part in (down, right))
    degrees = np.rad2deg(np.arctan2(down, right))
    bins = np.floor(degrees * (orientations / 180)).astype(np.intp) % orientations  # opposite directions share a bin
    index = np.arange(n)[:, None, None] * rows + np.arange(rows * cell)[:, None] // cell
    index = index * columns + np.arange(columns * cell) // cell
    index = index * orientations + bins
    sums = np.bincount(index.ravel(), np.hypot(down, right).ravel(), minlength=n * rows * columns * orientations)
    return sums.reshape(n, rows, columns, orientations) / cell**2


def normalised_blocks(cells: Double, block: int) -> Double:
    """Return blocks of cells (n, rows, columns, orientations), each normalised, clipped and normalised again.

    Returns
    -------
    ndarray, shape (n, rows - block + 1, columns - block + 1, block, block, orientations)
    """

    def unit(blocks: Double) -> Double:
        squares = np.square(blocks).sum(axis=(-3, -2, -1), keepdims=True)
        return np.asarray(blocks / np.sqrt(squares + EPSILON**2))

    blocks = np.moveaxis(sliding_window_view(cells, (block, block), axis=(1, 2)), 3, -1)
    return unit(np.minimum(unit(blocks), CLIP))
