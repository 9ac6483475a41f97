from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


def draw(n: int, *, classes: int = 3, side: int = 32, rgb: bool = False, seed: int = 0) -> tuple[Images, Labels]:
    """Noise with a bright bar whose height in the image tells the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    X = rng.integers(0, 80, (n, side, side), dtype=np.uint8)
    for image, label in zip(X, y, strict=True):
        top = side * (2 * label + 1) // (2 * classes)
        image[top - 2 : top + 2] = 220
    return (np.stack([X, X // 2, 255 - X], axis=-1) if rgb else X), y


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """As cells run: several threads wait for each other wherever something else runs too."""
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def toy_images() -> Callable[..., tuple[Images, Labels]]:
    """Draw a toy data set: `toy_images(n, classes=3, side=32, rgb=False, seed=0)`."""
    return draw


@pytest.fixture(scope="session")
def toy() -> tuple[Images, Labels]:
    """24 toy images of three classes."""
    return draw(24)
