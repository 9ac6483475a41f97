"""Augmentation of a whole batch at once, with its own draw of every parameter for every image."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

DRAWS = 7


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
        """Augment a batch.

        Parameters
        ----------
        images : Tensor
            Normalised float images, shape (n, channels, height, width); what lies outside them counts as 0.
        draws : Tensor
            Uniform draws from [-1, 1), shape (n, DRAWS), on the device of the images.

        Returns
        -------
        Tensor
            The changed images, same shape.
        """
        angle, zoom, mirror, right, down, gain, shift = draws.unbind(1)
        if self.degrees or self.scale or self.translate or self.flip:
            matrices = self._transforms(angle, zoom, mirror, right, down, aspect=images.shape[2] / images.shape[3])
            grid = nn.functional.affine_grid(matrices, list(images.shape), align_corners=False)
            images = nn.functional.grid_sample(images, grid, align_corners=False)
        if self.brightness or self.contrast:
            mean = images.mean(dim=(1, 2, 3), keepdim=True)
            factor, offset = 1 + self.contrast * gain.view(-1, 1, 1, 1), self.brightness * shift.view(-1, 1, 1, 1)
            images = (images - mean) * factor + (mean + offset)
        return images

    def _transforms(
        self, angle: Tensor, zoom: Tensor, mirror: Tensor, right: Tensor, down: Tensor, aspect: float
    ) -> Tensor:
        """One 2x3 matrix an image: where in the source, in units of half a side, each target pixel is read."""
        angle, zoom = math.radians(self.degrees) * angle, 1 + self.scale * zoom
        sign = 2 * (mirror >= 2 * self.flip - 1).to(angle.dtype) - 1  # no constants from the host: it may be captured
        cos, sin = angle.cos() / zoom, angle.sin() / zoom
        rows = [cos * sign, -sin * aspect, 2 * self.translate * right]
        rows += [sin * sign / aspect, cos, 2 * self.translate * down]
        return torch.stack(rows, dim=1).view(-1, 2, 3)


def draw(n: int, generator: torch.Generator, out: Tensor | None = None) -> Tensor:
    """What `Augmentation` needs for n images: uniform draws from [-1, 1), shape (n, DRAWS); into `out` if given."""
    out = torch.empty(n, DRAWS, device=generator.device) if out is None else out
    return out.uniform_(-1.0, 1.0, generator=generator)
