"""Convolutions whose output has only a few pixels, as one matrix product.

At 64 pixels a side the last two stages of a ResNet work on 4 x 4 and 2 x 2 pixels; convolutions on a CPU are not made
for that. Here the windows of the images are laid out as the rows of a matrix (im2col), which one product takes to all
output pixels; its gradients are two products more. The same numbers are summed, in another order. Windows overlap, so
that this copies each pixel as often as the kernel has taps: it pays while those copies are few.
docs/methods/resnet.md has what it saves.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

PAYS = {torch.bfloat16: 144, torch.float32: 81}
"""Taps of the kernel times pixels of the output, at most: 3 x 3 taps on 4 x 4 pixels, or on 3 x 3."""


class FewPixelsConv2d(nn.Conv2d):
    """A convolution that makes small outputs on a CPU by a matrix product, and all others as ever."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve images, shape (n, channels, height, width)."""
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else input.dtype
        rows, columns = (self._outputs(axis, input.shape[axis + 2]) for axis in (0, 1))
        copies = rows * columns * self.kernel_size[0] * self.kernel_size[1]
        if input.device.type != "cpu" or not 0 < copies <= PAYS.get(dtype, PAYS[torch.float32]):
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
    """Whether each output is made of all channels of a window without gaps, zeros around the image."""
    zeros = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return zeros and layer.groups == 1 and layer.dilation == (1, 1)


class _Product(torch.autograd.Function):
    """A convolution without bias, in the precision of the input."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        (down, right), kernel = padding, (weight.shape[2], weight.shape[3])
        padded = _channels_last(input)
        if down or right:  # to add no pixels, torch copies all of them
            padded = nn.functional.pad(padded, (0, 0, right, right, down, down))
        windows = _windows(padded, kernel, stride)
        w = _channels_last(weight.to(input.dtype)).flatten(1)
        rows = windows.reshape(-1, w.shape[1])
        ctx.save_for_backward(rows, w)
        ctx.shapes, ctx.of_weight = (padded.shape, padding, kernel, stride), weight.dtype
        return (rows @ w.t()).view(*windows.shape[:3], -1).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        rows, w = ctx.saved_tensors
        shape, (down, right), kernel, stride = ctx.shapes
        g = _channels_last(gradient).view(len(rows), -1)
        to_w = (g.t() @ rows).view(-1, *kernel, shape[3])
        to_rows = g @ w
        if kernel == stride == (1, 1):  # the windows are the pixels
            to_padded = to_rows.view(shape)
        elif kernel[0] <= stride[0] and kernel[1] <= stride[1]:  # no pixel is in two windows
            to_padded = g.new_zeros(shape)
            to_windows = _windows(to_padded, kernel, stride)
            to_windows.copy_(to_rows.view(to_windows.shape))
        else:  # windows overlap, so they are added tap by tap
            to_padded = torch.zeros(shape, dtype=torch.promote_types(g.dtype, torch.float32))
            to_windows = _windows(to_padded, kernel, stride)
            to_rows = to_rows.view(to_windows.shape)
            for i, j in product(range(kernel[0]), range(kernel[1])):
                to_windows[:, :, :, i, j].add_(to_rows[:, :, :, i, j])
        to_x = to_padded[:, down : shape[1] - down, right : shape[2] - right].to(g.dtype)
        return to_x.permute(0, 3, 1, 2), to_w.permute(0, 3, 1, 2).to(ctx.of_weight), None, None


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 3, 1).contiguous()


def _windows(images: Tensor, kernel: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Views of all windows of channels-last images, shape (n, rows, columns, *kernel, channels)."""
    windows = images.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1])
    return windows.permute(0, 1, 2, 4, 5, 3)
