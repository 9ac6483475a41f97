"""Histograms of oriented gradients.

Source: N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005:886-893, in the form
scikit-image gives it: central differences, 0 at the border; unsigned orientations, each gradient into one bin with its
magnitude; blocks of cells normalised to length 1, clipped at 0.2, normalised again. Equal to `skimage.feature.hog` to
rounding, for many images at once.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from baselines.checks import require
from baselines.features.grey import Array, Images, grey, in_chunks

Double = NDArray[np.float64]

EPSILON = 1e-5
CLIP = 0.2


def gradient_histograms(X: Images, size: int = 64, cell: int = 8, block: int = 2, orientations: int = 9) -> Array:
    """Histograms of oriented gradients of each image.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, 3)
        Images.
    size : int
        Side in pixels to which images are brought first.
    cell : int
        Side of a cell in pixels; pixels beyond the last whole cell are left out.
    block : int
        Side of a block in cells; blocks overlap, one begins at every cell.
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

    def of_some(images: Images) -> Array:
        cells = cell_histograms(grey(images, size).astype(np.float64), cell, orientations)
        return normalised_blocks(cells, block).astype(np.float32).reshape(len(images), -1)

    return in_chunks(of_some, X, (length(size, cell, block, orientations),))


def length(size: int, cell: int, block: int, orientations: int) -> int:
    """Number of features of an image."""
    return int((size // cell - block + 1) ** 2 * block**2 * orientations)


def check_blocks(size: int, cell: int, block: int, orientations: int) -> None:
    """Refuse cells and blocks that do not fit."""
    for name, value in (("cell", cell), ("block", block), ("orientations", orientations)):
        require(value >= 1, f"{name} must be at least 1, not {value}")
    require(size // cell >= block, f"size must be at least block * cell = {block * cell} pixels, not {size}")


def cell_histograms(pixels: Double, cell: int, orientations: int) -> Double:
    """Mean gradient magnitude by orientation in each cell of images (n, h, w): (n, rows, columns, orientations)."""
    n, height, width = pixels.shape
    rows, columns = height // cell, width // cell
    down, right = (part[:, : rows * cell, : columns * cell] for part in _gradients(pixels))
    at = np.arange(n)[:, None, None] * rows + np.arange(rows * cell)[:, None] // cell
    at = at * columns + np.arange(columns * cell) // cell
    at = at * orientations + _bins(down, right, orientations)
    sums = np.bincount(at.ravel(), np.hypot(down, right).ravel(), minlength=n * rows * columns * orientations)
    return sums.reshape(n, rows, columns, orientations) / cell**2


def normalised_blocks(cells: Double, block: int) -> Double:
    """Blocks of cells (n, rows, columns, orientations), each normalised, clipped and normalised again.

    Returns
    -------
    ndarray, shape (n, rows - block + 1, columns - block + 1, block, block, orientations)
    """
    blocks = np.moveaxis(sliding_window_view(cells, (block, block), axis=(1, 2)), 3, -1)
    return _unit(np.minimum(_unit(blocks), CLIP))


def _gradients(pixels: Double) -> tuple[Double, Double]:
    down, right = np.zeros_like(pixels), np.zeros_like(pixels)
    down[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    right[:, :, 1:-1] = pixels[:, :, 2:] - pixels[:, :, :-2]
    return down, right


def _bins(down: Double, right: Double, orientations: int) -> NDArray[np.intp]:
    """Bin of each orientation; opposite directions share one."""
    degrees = np.rad2deg(np.arctan2(down, right))
    bins = np.floor(degrees * (orientations / 180)).astype(np.intp)
    return np.asarray(bins % orientations)


def _unit(blocks: Double) -> Double:
    squares = np.square(blocks).sum(axis=(-3, -2, -1), keepdims=True)
    return np.asarray(blocks / np.sqrt(squares + EPSILON**2))
