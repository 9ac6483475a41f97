"""Convolutions whose output has only a few pixels, as matrix products.

At 64 pixels a side the last stage of a ResNet works on 2 x 2 pixels. Of the nine taps of a 3 x 3 kernel only four then
meet a pixel, the others meet the padding; convolutions on a CPU are not made for that. Here each output pixel is one
matrix product: of the part of the image that its window meets with the taps that meet it. The same numbers are summed,
in another order; gradients of the weights are summed in float32, whatever the precision. docs/methods/resnet.md has
what that saves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

PAYS = 4  # output pixels, at most: at 9 both ways take as long
Span = tuple[slice, slice]  # along one axis: the input pixels that a window meets, and the taps that meet them
Spans = tuple[Sequence[Span], Sequence[Span]]  # of every output pixel, along both axes


class FewPixelsConv2d(nn.Conv2d):
    """A convolution that makes small outputs on a CPU by matrix products, and all others as ever."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve images, shape (n, channels, height, width)."""
        rows, columns = (self._spans(axis, input.shape[axis + 2]) for axis in (0, 1))
        if input.device.type != "cpu" or not 0 < len(rows) * len(columns) <= PAYS:
            return super().forward(input)
        if torch.is_autocast_enabled("cpu"):
            input = input.to(torch.get_autocast_dtype("cpu"))
        output: Tensor = _Product.apply(input, self.weight, (rows, columns))
        return output if self.bias is None else output + self.bias.to(output.dtype).view(-1, 1, 1)

    def _spans(self, axis: int, side: int) -> list[Span]:
        kernel, stride, padding = self.kernel_size[axis], self.stride[axis], int(self.padding[axis])
        starts = range(-padding, side + padding - kernel + 1, stride)
        meets = [(max(start, 0), min(start + kernel, side), start) for start in starts]
        return [(slice(first, last), slice(first - start, last - start)) for first, last, start in meets]


def use_matrix_products(network: nn.Module) -> None:
    """Have the dense convolutions of a network use matrix products where their outputs are small.

    Names, shapes and values of its parameters stay as they are.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _dense(module):
            module.__class__ = FewPixelsConv2d


def _dense(layer: nn.Conv2d) -> bool:
    """Whether each output is made of all channels of a window without gaps that meets the image, zeros around it."""
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return False
    meets = all(padding < kernel for padding, kernel in zip(layer.padding, layer.kernel_size, strict=True))
    return meets and layer.groups == 1 and layer.dilation == (1, 1)


class _Product(torch.autograd.Function):
    """A convolution without bias, in the precision of the input."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, spans: Spans) -> Tensor:
        x, w = _channels_last(input), _channels_last(weight.to(input.dtype))
        ctx.save_for_backward(x, w)
        ctx.spans = spans
        output = x.new_empty(len(x), len(spans[0]), len(spans[1]), len(w))
        for row, column, met, taps in _pixels(spans):
            output[:, row, column] = _part(x, met).flatten(1) @ _part(w, taps).flatten(1).t()
        return output.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        g = _channels_last(gradient)
        to_x, to_w = torch.zeros_like(x, dtype=torch.float32), torch.zeros_like(w, dtype=torch.float32)
        for row, column, met, taps in _pixels(ctx.spans):
            one = g[:, row, column].contiguous()
            _add(_part(to_x, met), one @ _part(w, taps).flatten(1))
            _add(_part(to_w, taps), one.t() @ _part(x, met).flatten(1))
        return to_x.to(x.dtype).permute(0, 3, 1, 2), to_w.permute(0, 3, 1, 2), None


def _pixels(spans: Spans) -> Iterator[tuple[int, int, tuple[slice, slice], tuple[slice, slice]]]:
    """Row and column of each output pixel, the part of the image that its window meets, and the taps that meet it."""
    for row, (rows, tap_rows) in enumerate(spans[0]):
        for column, (columns, tap_columns) in enumerate(spans[1]):
            yield row, column, (rows, columns), (tap_rows, tap_columns)


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 3, 1).contiguous()


def _part(tensor: Tensor, window: tuple[slice, slice]) -> Tensor:
    """A view of a window of channels-last images or kernels."""
    return tensor[:, window[0], window[1]]


def _add(part: Tensor, flat: Tensor) -> None:
    part += flat.view(part.shape)
