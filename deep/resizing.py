"""Images in one size, as an array of uint8 and as a tensor on a device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

RESIZE_BYTES = 64 * 2**20


def resize(X: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize uint8 images to `size` pixels a side, a few at a time; see `ImageClassifier.extract`."""
    if X.dtype != np.uint8 or X.ndim not in (3, 4) or X.shape[3:] not in ((), (3,)) or 0 in X.shape[1:3]:
        raise ValueError(f"images must be uint8, (n, height, width) or (n, height, width, 3), not {X.dtype} {X.shape}")
    if X.shape[1:3] == (size, size):
        return X
    resized = np.empty((len(X), size, size, *X.shape[3:]), dtype=np.uint8)
    chunk = max(1, RESIZE_BYTES // (4 * int(np.prod(X.shape[1:]))))
    for start in range(0, len(X), chunk):
        images = _channels_first(np.array(X[start : start + chunk])).float().contiguous()
        small = nn.functional.interpolate(
            images, size=(size, size), mode="bilinear", antialias=True, align_corners=False
        )
        last = small.round_().clamp_(0, 255).byte().permute(0, 2, 3, 1).numpy()
        resized[start : start + chunk] = last.reshape(resized[start : start + chunk].shape)
    return resized


def on_device(X: NDArray[np.uint8], size: int, device: torch.device) -> Tensor:
    """uint8 images of a size, shape (n, channels, size, size), on a device."""
    return _channels_first(np.array(resize(X, size))).contiguous().to(device)


def _channels_first(X: NDArray[np.uint8]) -> Tensor:
    images = torch.from_numpy(X)
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
