"""Class probabilities of images, by a trained network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deep.images import Normalisation, as_input
from deep.training import autocast

BATCH = 32


@torch.no_grad()
def predict_probabilities(
    network: nn.Module,
    pixels: Tensor,
    normalise: Normalisation,
    *,
    dtype: torch.dtype = torch.float32,
    flip: bool = True,
) -> Tensor:
    """Class probabilities, shape (n, classes), float32; with `flip`, the mean over each image and its mirror image.

    Every batch is filled up to the same shape, so that an image's probabilities do not depend on how many others come
    with it: libraries choose their kernels by shape.

    Parameters
    ----------
    network : nn.Module
        Is left in evaluation mode.
    pixels : Tensor
        uint8, shape (n, channels, height, width).
    normalise : Normalisation
        Of the training images.
    dtype : torch.dtype
        float32, or what autocast lowers to.
    """
    network.eval()
    parts = []
    for part in torch.split(pixels, BATCH):
        missing = BATCH - len(part)
        x = as_input(normalise(torch.cat([part, part[:1].expand(missing, -1, -1, -1)]) if missing else part))
        views = [x, x.flip(3)] if flip else [x]
        with autocast(pixels.device, dtype):
            logits = [network(view).float() for view in views]
        parts.append(torch.stack(logits).softmax(2).mean(0)[: len(part)])
    return torch.cat(parts)
