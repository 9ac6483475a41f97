"""Images as networks take them: one uint8 tensor on the device, normalised by the training images' own statistics."""

from __future__ import annotations

import torch
from torch import Tensor

CHANNELS = 3


class Normalisation:
    """Mean and standard deviation of each channel, in units of uint8 pixels; tensors of shape (1, channels, 1, 1)."""

    def __init__(self, channels: int, device: torch.device | str = "cpu") -> None:
        self.mean = torch.zeros(1, channels, 1, 1, device=device)
        self.sd = torch.ones(1, channels, 1, 1, device=device)

    def fit(self, pixels: Tensor) -> Normalisation:
        """Take the statistics of uint8 images, shape (n, channels, height, width).

        A constant channel is not scaled; features, which are not uint8, are left as they are.
        """
        if pixels.dtype is not torch.uint8:
            return self
        counts = torch.stack([channel.flatten().bincount(minlength=256) for channel in pixels.unbind(1)]).double()
        values = torch.arange(256, device=pixels.device, dtype=torch.float64)
        share = counts / counts.sum(1, keepdim=True)
        mean = share @ values
        sd = (share * (values - mean[:, None]) ** 2).sum(1).sqrt()
        return self.set(mean, torch.where(sd > 0, sd, 1.0))

    def set(self, mean: Tensor, sd: Tensor) -> Normalisation:
        """Take these, shape (channels,); the tensors stay where they are."""
        self.mean.copy_(mean.view(1, -1, 1, 1))
        self.sd.copy_(sd.view(1, -1, 1, 1))
        return self

    def __call__(self, pixels: Tensor) -> Tensor:
        """Normalised float images."""
        return (pixels.float() - self.mean) / self.sd


class Images:
    """Images on a device, and the normalisation of one training.

    Parameters
    ----------
    pixels : Tensor
        uint8, shape (n, channels, height, width), with 1 or 3 channels; shared, never changed.
    """

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels
        self.device = pixels.device
        self.normalise = Normalisation(pixels.shape[1], pixels.device)

    def __len__(self) -> int:
        return len(self.pixels)


def as_input(images: Tensor) -> Tensor:
    """Images as the network takes them: grey repeated to three channels, channels last in memory."""
    whole = images.expand(-1, CHANNELS, -1, -1) if images.shape[1] == 1 else images
    return whole.contiguous(memory_format=torch.channels_last)
