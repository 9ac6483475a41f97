"""Images as the input of a network: resized, moved to a device, normalised, augmented.

They stay uint8 until they are used. Normalisation uses the statistics of the training images. The augmentation changes
a whole batch at once, with every parameter drawn anew for every image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MAX_RESIZE_BYTES = 64 * 2**20
"""Float pixels that are resized at a time."""

CHANNELS = 3
DRAWS = 7
"""Random numbers that `Augmentation` needs for each image."""


def resize(X: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize uint8 images to `size` pixels a side, a few at a time; see `ImageClassifier.extract`."""
    if X.dtype != np.uint8 or X.ndim not in (3, 4) or X.shape[3:] not in ((), (3,)) or 0 in X.shape[1:3]:
        raise ValueError(f"images must be uint8, (n, height, width) or (n, height, width, 3), not {X.dtype} {X.shape}")
    if X.shape[1:3] == (size, size):
        return X
    resized = np.empty((len(X), size, size, *X.shape[3:]), dtype=np.uint8)
    chunk = max(1, MAX_RESIZE_BYTES // (4 * int(np.prod(X.shape[1:]))))
    for start in range(0, len(X), chunk):
        images = _channels_first(np.array(X[start : start + chunk])).float().contiguous()
        small = nn.functional.interpolate(
            images, size=(size, size), mode="bilinear", antialias=True, align_corners=False
        )
        channels_last = small.round_().clamp_(0, 255).byte().permute(0, 2, 3, 1).numpy()
        resized[start : start + chunk] = channels_last.reshape(resized[start : start + chunk].shape)
    return resized


def on_device(X: NDArray[np.uint8], size: int, device: torch.device) -> Tensor:
    """Return images resized to a size on a device: uint8, shape (n, channels, size, size)."""
    return _channels_first(np.array(resize(X, size))).contiguous().to(device)


def _channels_first(X: NDArray[np.uint8]) -> Tensor:
    images = torch.from_numpy(X)
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)


@dataclass(frozen=True, eq=False)
class Normalisation:
    """Mean and standard deviation of each channel, in units of uint8 pixels; float32, shape (1, channels, 1, 1)."""

    mean: Tensor
    sd: Tensor

    @classmethod
    def of(cls, pixels: Tensor) -> Normalisation:
        """Return the normalisation by the statistics of uint8 images (n, channels, height, width), on their device.

        A constant channel is not scaled. Features, which are not uint8, are not normalised.
        """
        if pixels.dtype is not torch.uint8:
            zeros = torch.zeros(1, pixels.shape[1], 1, 1, device=pixels.device)
            return cls(zeros, torch.ones_like(zeros))
        counts = torch.stack([channel.flatten().bincount(minlength=256) for channel in pixels.unbind(1)]).double()
        values = torch.arange(256, device=pixels.device, dtype=torch.float64)
        share = counts / counts.sum(1, keepdim=True)
        mean = share @ values
        sd = (share * (values - mean[:, None]) ** 2).sum(1).sqrt()
        sd = torch.where(sd > 0, sd, 1.0)
        return cls(mean.float().view(1, -1, 1, 1), sd.float().view(1, -1, 1, 1))

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return normalised float images."""
        return (pixels.float() - self.mean) / self.sd


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training images within ranges; with all ranges 0 it is the identity.

    Attributes
    ----------
    degrees : float
        Largest rotation, either way.
    scale : float
        Largest relative change of size: 0.1 draws from 0.9 to 1.1.
    translate : float
        Largest shift, as a fraction of the image's side.
    flip : float
        Probability of a left-right flip.
    brightness : float
        Largest shift of all pixels, in standard deviations of the training images' pixels.
    contrast : float
        Largest relative change of the deviations from the image's mean.
    """

    degrees: float = 10.0
    scale: float = 0.1
    translate: float = 0.08
    flip: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2

    @classmethod
    def of_strength(cls, strength: float) -> Augmentation:
        """Return the default augmentation with its ranges multiplied by `strength`; at 0 there are no flips either.

        Raises
        ------
        ValueError
            If the strength is negative.
        """
        if strength < 0:
            raise ValueError(f"augment must not be negative, not {strength}")
        full = cls()
        return replace(
            full,
            degrees=full.degrees * strength,
            scale=full.scale * strength,
            translate=full.translate * strength,
            flip=full.flip if strength > 0 else 0.0,
            brightness=full.brightness * strength,
            contrast=full.contrast * strength,
        )

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Augment a batch, without constants from the host, so that a CUDA graph can contain it.

        Parameters
        ----------
        images : Tensor
            Normalised float images, shape (n, channels, height, width); pixels outside them are 0.
        draws : Tensor
            Uniform draws from [-1, 1), shape (n, DRAWS), on the device of the images.

        Returns
        -------
        Tensor
            The changed images, same shape.
        """
        angle, zoom, mirror, right, down, gain, shift = draws.unbind(1)
        if self.degrees or self.scale or self.translate or self.flip:
            # a 2x3 matrix for each image: the position in the source, in half sides, at which a target pixel is read
            aspect = images.shape[2] / images.shape[3]
            angle, zoom = math.radians(self.degrees) * angle, 1 + self.scale * zoom
            sign = 2 * (mirror >= 2 * self.flip - 1).to(angle.dtype) - 1
            cos, sin = angle.cos() / zoom, angle.sin() / zoom
            rows = [cos * sign, -sin * aspect, 2 * self.translate * right]
            rows += [sin * sign / aspect, cos, 2 * self.translate * down]
            matrices = torch.stack(rows, dim=1).view(-1, 2, 3)
            grid = nn.functional.affine_grid(matrices, list(images.shape), align_corners=False)
            images = nn.functional.grid_sample(images, grid, align_corners=False)
        if self.brightness or self.contrast:
            mean = images.mean(dim=(1, 2, 3), keepdim=True)
            factor, offset = 1 + self.contrast * gain.view(-1, 1, 1, 1), self.brightness * shift.view(-1, 1, 1, 1)
            images = (images - mean) * factor + (mean + offset)
        return images


def draw(n: int, generator: torch.Generator, out: Tensor | None = None) -> Tensor:
    """Return draws for `Augmentation` of n images, uniform in [-1, 1), shape (n, DRAWS); in `out` if it is not None."""
    out = torch.empty(n, DRAWS, device=generator.device) if out is None else out
    return out.uniform_(-1.0, 1.0, generator=generator)


def as_input(images: Tensor) -> Tensor:
    """Return images as networks take them: grey repeated to three channels, channels last in memory."""
    coloured = images.expand(-1, CHANNELS, -1, -1) if images.shape[1] == 1 else images
    return coloured.contiguous(memory_format=torch.channels_last)
