"""Fitting what a weights file holds to a network: name by name and shape by shape, with or without the head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deep.weights.reading import SAFETENSORS, Shapes, WeightsFile, read, read_header, shapes_of
from febench.core.errors import DataError, UsageError, printable

if TYPE_CHECKING:
    from torch import Tensor, nn

SHOWN = 3  # differences told in one sentence
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # further heads of GoogLeNet and Inception, for their training alone
COUNTER = "num_batches_tracked"  # of BatchNorm; files from before torch 0.4.1 lack it, and predictions do not need it


def load(network: nn.Module, file: WeightsFile, *, head: bool = False) -> tuple[str, ...]:
    """Put the weights of a file into a network; names and shapes must be the network's own.

    Parameters
    ----------
    network : nn.Module
        A classifier, changed in place; its memory format stays.
    file : WeightsFile
        As `find` gave it.
    head : bool
        Whether the head (see `head_of`) is loaded too. Otherwise it keeps its weights, and the file's is ignored.

    Returns
    -------
    tuple of str
        The names in the network's state that keep what they were.

    Raises
    ------
    DataError
        If the file cannot be read, could run code, belongs to another network, or holds values that are no numbers.
    """
    import torch

    found = read(file.path)
    check_shapes(file.path, shapes_of(found), network, what=f"this {type(network).__name__}", head=head)
    own, skipped = network.state_dict(), () if head else head_prefixes(network)
    wanted = [name for name in own if name in found and not name.startswith(skipped)]
    _check_numbers(file.path, {name: found[name] for name in wanted}, own)
    with torch.no_grad():
        for name in wanted:
            own[name].copy_(found[name])
    return tuple(sorted(own.keys() - set(wanted)))


def check(path: Path, architecture: str) -> None:
    """Refuse a file that is damaged, could run code, or is not of that architecture (its head is not looked at).

    A safetensors file that names its architecture, as those of `save` do, is checked without torch.

    Raises
    ------
    DataError
        If so, in one sentence.
    UsageError
        If torchvision has no such network.
    """
    if path.suffix.lower() == SAFETENSORS:
        shapes, named = read_header(path)
        if named is not None and named != architecture:
            raise DataError(f"{path} holds weights of {printable(named)}, not of {architecture}: give weights of that")
        if named is not None:
            return
    else:
        shapes = shapes_of(read(path))
    check_shapes(path, shapes, _build(architecture), what=architecture, head=False)


def check_shapes(path: Path, found: Shapes, network: nn.Module, *, what: str, head: bool) -> None:
    """Refuse shapes that are not those of a network, as `DataError`; the head counts if `head`."""
    own, skipped = shapes_of(network.state_dict()), () if head else head_prefixes(network)
    names = [name for name in {**own, **found} if not name.startswith(skipped)]
    wrong = [_difference(name, found.get(name), own.get(name)) for name in names if found.get(name) != own.get(name)]
    told = [words for words in wrong if words]
    if told:
        more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        raise DataError(f"{path} does not fit {what}: {', '.join(told[:SHOWN])}{more}; give weights of that network")


def head_of(network: nn.Module) -> tuple[str, nn.Module]:
    """Name and layer of a classifier's head: the last linear layer or convolution it was built of.

    It is `fc` in ResNet and ShuffleNet, the last of `classifier` in MobileNet, EfficientNet, ConvNeXt and VGG, the
    convolution `classifier.1` in SqueezeNet, `heads.head` in the vision transformer, `head` in Swin.

    Raises
    ------
    ValueError
        If the network has no such layer.
    """
    from torch import nn

    layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    if not layers:
        raise ValueError(f"{type(network).__name__} has no linear layer or convolution that could be its head")
    return layers[-1]


def head_prefixes(network: nn.Module) -> tuple[str, ...]:
    """How names in a network's state, and in a file for it, begin that belong to its head or an auxiliary one."""
    return (f"{head_of(network)[0]}.", *AUXILIARY)


def _difference(name: str, found: tuple[int, ...] | None, own: tuple[int, ...] | None) -> str:
    """How a tensor of a file and the network's differ; nothing if it may be missing."""
    if found is None:
        return "" if name.endswith(COUNTER) else f"{name} is missing"
    if own is None:
        return f"{printable(name)} is not in that network"
    return f"{name} has the shape {found} instead of {own}"


def _check_numbers(path: Path, found: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    for name, tensor in found.items():
        if own[name].is_floating_point() and not (tensor.is_floating_point() and bool(tensor.isfinite().all())):
            raise DataError(f"{path} holds values in {name} that are not finite real numbers: give undamaged weights")


def _build(architecture: str) -> nn.Module:
    """Build a torchvision classifier for its names and shapes: without memory, where its code can do that."""
    import torch
    from torchvision import models

    if architecture not in models.list_models(module=models):
        raise UsageError(f"torchvision has no classifier named {printable(architecture)!r}")
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                network: nn.Module = models.get_model(architecture, weights=None)
        except NotImplementedError:  # RegNet computes its widths with tensors
            network = models.get_model(architecture, weights=None)
    return network
