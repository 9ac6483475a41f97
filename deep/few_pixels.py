"""Convolutions whose output has only a few pixels, as one matrix product.

At 64 pixels a side the last two stages of a ResNet work on 4 x 4 and 2 x 2 pixels, for which convolutions on a CPU are
slow. Here the windows of the images are the rows of a matrix (im2col). One matrix product computes all output pixels,
two more the gradients. The same numbers are summed, in another order. As windows overlap, each pixel is copied once for
each tap of the kernel, which is only worth it while the copies are few. docs/methods/resnet.md has the time it saves.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

MAX_COPIES = {torch.bfloat16: 144, torch.float32: 81}
"""Taps of the kernel times pixels of the output, at most: 3 x 3 taps on 4 x 4 pixels, or on 3 x 3."""


class FewPixelsConv2d(nn.Conv2d):
    """A convolution that computes small outputs on a CPU by a matrix product, all others as `nn.Conv2d` does."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve images, shape (n, channels, height, width)."""
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else input.dtype
        rows, columns = (self._outputs(axis, input.shape[axis + 2]) for axis in (0, 1))
        copies = rows * columns * self.kernel_size[0] * self.kernel_size[1]
        if input.device.type != "cpu" or not 0 < copies <= MAX_COPIES.get(dtype, MAX_COPIES[torch.float32]):
            return super().forward(input)
        output: Tensor = _Product.apply(input.to(dtype), self.weight, self.stride, self.padding)
        return output if self.bias is None else output + self.bias.to(dtype).view(-1, 1, 1)

    def _outputs(self, axis: int, side: int) -> int:
        return (side + 2 * int(self.padding[axis]) - self.kernel_size[axis]) // self.stride[axis] + 1


def use_matrix_products(network: nn.Module) -> None:
    """Have the dense convolutions of a network use matrix products where their outputs are small.

    Names, shapes and values of its parameters stay as they are.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _dense(module):
            module.__class__ = FewPixelsConv2d


def _dense(layer: nn.Conv2d) -> bool:
    """Return whether outputs depend on all channels of a window without gaps, with zeros around the image."""
    zeros = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return zeros and layer.groups == 1 and layer.dilation == (1, 1)


class _Product(torch.autograd.Function):
    """A convolution without bias, in the precision of the input."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        (down, right), kernel = padding, (weight.shape[2], weight.shape[3])
        padded = _channels_last(input)
        if down or right:  # torch would copy all pixels even to add none
            padded = nn.functional.pad(padded, (0, 0, right, right, down, down))
        windows = _windows(padded, kernel, stride)
        w = _channels_last(weight.to(input.dtype)).flatten(1)
        rows = windows.reshape(-1, w.shape[1])
        ctx.save_for_backward(rows, w)
        ctx.shapes, ctx.weight_dtype = (padded.shape, padding, kernel, stride), weight.dtype
        return (rows @ w.t()).view(*windows.shape[:3], -1).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        rows, w = ctx.saved_tensors
        shape, (down, right), kernel, stride = ctx.shapes
        g = _channels_last(gradient).view(len(rows), -1)
        w_gradient = (g.t() @ rows).view(-1, *kernel, shape[3])
        rows_gradient = g @ w
        if kernel == stride == (1, 1):  # the windows are the pixels
            padded_gradient = rows_gradient.view(shape)
        elif kernel[0] <= stride[0] and kernel[1] <= stride[1]:  # no pixel is in two windows
            padded_gradient = g.new_zeros(shape)
            windows = _windows(padded_gradient, kernel, stride)
            windows.copy_(rows_gradient.view(windows.shape))
        else:  # windows overlap, so they are added tap by tap
            padded_gradient = torch.zeros(shape, dtype=torch.promote_types(g.dtype, torch.float32))
            windows = _windows(padded_gradient, kernel, stride)
            rows_gradient = rows_gradient.view(windows.shape)
            for i, j in product(range(kernel[0]), range(kernel[1])):
                windows[:, :, :, i, j].add_(rows_gradient[:, :, :, i, j])
        x_gradient = padded_gradient[:, down : shape[1] - down, right : shape[2] - right].to(g.dtype)
        return x_gradient.permute(0, 3, 1, 2), w_gradient.permute(0, 3, 1, 2).to(ctx.weight_dtype), None, None


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 3, 1).contiguous()


def _windows(images: Tensor, kernel: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Return views of all windows of channels-last images, shape (n, rows, columns, *kernel, channels)."""
    windows = images.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1])
    return windows.permute(0, 1, 2, 4, 5, 3)
