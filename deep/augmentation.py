"""Augmentation of a whole batch at once, with its own draw of every parameter for every image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be changed; all strengths 0 is the identity.

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
        """Multiply the ranges of the default augmentation by `strength`; at 0 there are no flips either.

        Raises
        ------
        ValueError
            If the strength is negative.
        """
        if strength < 0:
            raise ValueError(f"the strength of augment must not be negative, not {strength}")
        full = cls()
        return cls(
            degrees=full.degrees * strength,
            scale=full.scale * strength,
            translate=full.translate * strength,
            flip=full.flip if strength > 0 else 0.0,
            brightness=full.brightness * strength,
            contrast=full.contrast * strength,
        )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Augment a batch.

        Parameters
        ----------
        images : Tensor
            Normalised float images, shape (n, channels, height, width); what lies outside them counts as 0.
        generator : torch.Generator
            Source of all draws, on the device of the images.

        Returns
        -------
        Tensor
            The changed images, same shape.
        """
        if self.degrees or self.scale or self.translate or self.flip:
            grid = nn.functional.affine_grid(
                self._transforms(images, generator), list(images.shape), align_corners=False
            )
            images = nn.functional.grid_sample(images, grid, align_corners=False)
        if self.brightness or self.contrast:
            mean = images.mean(dim=(1, 2, 3), keepdim=True)
            gain = 1 + self.contrast * _uniform(images, generator).view(-1, 1, 1, 1)
            shift = self.brightness * _uniform(images, generator).view(-1, 1, 1, 1)
            images = (images - mean) * gain + (mean + shift)
        return images

    def _transforms(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """One 2x3 matrix an image: where in the source, in units of half a side, each target pixel is read."""
        height, width = images.shape[2:]
        angle = math.radians(self.degrees) * _uniform(images, generator)
        zoom = 1 + self.scale * _uniform(images, generator)
        mirror = torch.where(_uniform(images, generator) < 2 * self.flip - 1, -1.0, 1.0)
        right, down = (2 * self.translate * _uniform(images, generator) for _ in range(2))
        cos, sin = angle.cos() / zoom, angle.sin() / zoom
        rows = [cos * mirror, -sin * height / width, right, sin * mirror * width / height, cos, down]
        return torch.stack(rows, dim=1).view(-1, 2, 3)


def _uniform(images: Tensor, generator: torch.Generator) -> Tensor:
    """One draw from [-1, 1) for each image."""
    return torch.rand(len(images), generator=generator, device=images.device) * 2 - 1
