"""A file of weights: read without running code in it, loaded into a network, written with a record of its origin.

A file is safetensors, or a plain dictionary of tensors that torch saved. Names and shapes of its tensors must be those
of the network, except for the head. A file that cannot be used raises an error of one sentence. Importing this module
loads no torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from warnings import catch_warnings, simplefilter

from febench.core.errors import DataError, UsageError, printable
from febench.core.files import replacing
from febench.core.provenance import KEY

if TYPE_CHECKING:
    from torch import Tensor, nn

SAFETENSORS = ".safetensors"
SUFFIXES = (SAFETENSORS, ".pth", ".pt")
ARCHITECTURE_KEY = "febench.architecture"
"""A key of the metadata."""

RENAMED = (
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\."), r"\1\2."),
    (re.compile(r"mlp\.linear_1\."), "mlp.0."),
    (re.compile(r"mlp\.linear_2\."), "mlp.3."),
)
"""Names in torchvision's older files of DenseNet and of the vision transformer, and the present ones."""

PARALLEL_PREFIX = "module."
"""Written by torch's DataParallel and DistributedDataParallel before each name."""

AUXILIARY_PREFIXES = ("aux1.", "aux2.", "AuxLogits.")
"""Of further heads of GoogLeNet and Inception, which only their training uses."""

COUNTER_SUFFIX = "num_batches_tracked"
"""Of BatchNorm; files from before torch 0.4.1 lack it, and predictions do not need it."""

IMAGENET_STATISTICS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""torchvision's mean and standard deviation of each channel, of pixels from 0 to 1."""

MAX_DIFFERENCES_SHOWN = 3

T = TypeVar("T")
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights whose content was checked.

    Attributes
    ----------
    path : Path
        The file.
    sha256 : str
        Of the whole file.
    source : str
        `NAME@SHA12`, or torchvision's name of the weights, such as `ResNet18_Weights.IMAGENET1K_V1`.
    verified : {"full", "prefix"}
        Whether the whole SHA-256 was known beforehand, or only its first digits, from torchvision's file name.
    """

    path: Path
    sha256: str
    source: str
    verified: Literal["full", "prefix"]


def read(path: Path) -> dict[str, Tensor]:
    """Return every tensor of a weights file by its name, on the CPU, without running code in the file.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, could run code, or contains anything but tensors.
    """
    check_readable(path)
    if path.suffix.lower() != SAFETENSORS:
        return _read_pickle(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return _bare(load_file(path))
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors file") from error


def read_header(path: Path) -> tuple[Shapes, dict[str, str]]:
    """Return the shapes in a safetensors file and its metadata; the library also checks that it is complete.

    Raises
    ------
    DataError
        If it cannot be read, or is damaged.
    """
    from safetensors import SafetensorError, safe_open

    check_readable(path)
    try:
        with safe_open(path, "numpy") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            return _bare(shapes), file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors file") from error


def check_readable(path: Path) -> None:
    """Raise `DataError` if a file is missing, is a folder, or cannot be read."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise DataError(f"cannot read the weights {path}: {error.strerror}; give the path of a weights file") from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        with catch_warnings():
            simplefilter("ignore")  # about files that are refused below, and about torch's older format
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        raise _refusal(path, error) from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str)
        and isinstance(value, torch.Tensor)
        and value.layout is torch.strided
        and not value.is_quantized
        for name, value in state.items()
    ):
        raise DataError(
            f"{path} is not a plain dictionary of tensors: save network.state_dict() alone, and give that file"
        )
    for old, new in RENAMED:
        state = {old.sub(new, name): tensor for name, tensor in state.items()}
    return _bare(state)


def _bare(state: dict[str, T]) -> dict[str, T]:
    """Return a state without `PARALLEL_PREFIX`, if all names have it."""
    wrapped = bool(state) and all(name.startswith(PARALLEL_PREFIX) for name in state)
    return {name.removeprefix(PARALLEL_PREFIX): value for name, value in state.items()} if wrapped else state


def _refusal(path: Path, error: Exception) -> DataError:
    """Return the error for a file that torch did not read: it could run code, or it is damaged."""
    with path.open("rb") as file:
        is_pickle = file.read(2).startswith((b"PK", b"\x80"))
    message = str(error)
    if isinstance(error, UnpicklingError):
        could_run_code = is_pickle or "GLOBAL" in message
    else:
        could_run_code = "TorchScript" in message
    if not could_run_code:
        return _damaged(path, "weights file of torch")
    function = re.search(r"GLOBAL ([\w.]+\w)", message)
    detail = f" (it calls {function[1]})" if function else ""
    return DataError(
        f"{path} is refused, because it contains more than tensors and could run code{detail}: "
        "if you trust it, convert it to safetensors, or save network.state_dict() alone"
    )


def _damaged(path: Path, kind: str) -> DataError:
    return DataError(f"{path} is truncated, damaged or not a {kind}: copy or download it again")


def normalisation(file: WeightsFile) -> tuple[list[float], list[float]]:
    """Return the normalisation of the images that the weights were trained on.

    Returns
    -------
    tuple of list of float
        Mean and standard deviation of the pixels of each channel, in units of uint8.

    Raises
    ------
    DataError
        If the file does not record it.
    """
    if "@" not in file.source:
        mean, sd = ([255 * value for value in values] for values in IMAGENET_STATISTICS)
        return mean, sd
    metadata = read_header(file.path)[1] if file.path.suffix == SAFETENSORS else {}
    try:
        mean, sd = (list(map(float, json.loads(metadata[f"febench.{name}"]))) for name in ("mean", "sd"))
    except (KeyError, ValueError, TypeError):
        mean, sd = [], []
    if not (len(mean) == len(sd) > 0 and min(sd) > 0):
        raise DataError(
            f"the file of the weights {file.source} does not record how its images were normalised: "
            "use imagenet, or a file made by febench pretrain"
        )
    return mean, sd


def head_of(network: nn.Module) -> tuple[str, nn.Module]:
    """Return the name and the layer of a classifier's head: the last linear layer or convolution that it was built of.

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
    """Return prefixes of all names of a network's head and of auxiliary heads, in its state and in files for it."""
    return (f"{head_of(network)[0]}.", *AUXILIARY_PREFIXES)


def load(network: nn.Module, file: WeightsFile) -> None:
    """Load the weights of a file into a network; its head (see `head_of`) is not changed.

    All other names and shapes in the file must be those of the network.

    Parameters
    ----------
    network : nn.Module
        A classifier, changed in place, or not at all if there is an error; its memory format stays.
    file : WeightsFile
        As `deep.weights.find` returns it.

    Raises
    ------
    DataError
        If the file cannot be read, could run code, belongs to another network, or has values that are not finite.
    """
    import torch

    tensors = read(file.path)
    check_shapes(file.path, shapes_of(tensors), network, what=f"this {type(network).__name__}")
    state, skipped = network.state_dict(), head_prefixes(network)
    names = [name for name in state if name in tensors and not name.startswith(skipped)]
    for name in names:
        finite = tensors[name].is_floating_point() and bool(tensors[name].isfinite().all())
        if state[name].is_floating_point() and not finite:
            raise DataError(
                f"{file.path} has values in {name} that are not finite real numbers: give undamaged weights"
            )
    with torch.no_grad():
        for name in names:
            state[name].copy_(tensors[name])


def check(path: Path, architecture: str) -> None:
    """Check that a file of weights is usable for an architecture; its head is not checked.

    A safetensors file that names its architecture, as those of `save` do, is checked without torch.

    Raises
    ------
    DataError
        If the file is damaged, could run code, or belongs to another network.
    UsageError
        If torchvision has no such network.
    """
    if path.suffix.lower() == SAFETENSORS:
        shapes, metadata = read_header(path)
        recorded = metadata.get(ARCHITECTURE_KEY)
        if recorded is not None and recorded != architecture:
            message = f"{path} has weights of {printable(recorded)}, not of {architecture}"
            raise DataError(f"{message}: give weights of {architecture}")
        if recorded is not None:
            return
    else:
        shapes = shapes_of(read(path))
    check_shapes(path, shapes, skeleton(architecture), what=architecture)


def check_shapes(path: Path, shapes: Shapes, network: nn.Module, *, what: str) -> None:
    """Raise `DataError` if shapes are not those of a network, without its head; `what` names the network."""
    expected, skipped = shapes_of(network.state_dict()), head_prefixes(network)
    differences = []
    for name in {**expected, **shapes}:
        if name.startswith(skipped) or shapes.get(name) == expected.get(name):
            continue
        if name not in expected:
            differences.append(f"{printable(name)} is not in that network")
        elif name in shapes:
            differences.append(f"{name} has the shape {shapes[name]} instead of {expected[name]}")
        elif not name.endswith(COUNTER_SUFFIX):
            differences.append(f"{name} is missing")
    if differences:
        n_more = len(differences) - MAX_DIFFERENCES_SHOWN
        more = f", and {n_more} more" if n_more > 0 else ""
        shown = ", ".join(differences[:MAX_DIFFERENCES_SHOWN])
        raise DataError(f"{path} does not fit {what}: {shown}{more}; give weights of that network")


def shapes_of(state: Mapping[str, Tensor]) -> Shapes:
    """Return the shapes of tensors by name."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def skeleton(architecture: str) -> nn.Module:
    """Return a torchvision classifier for its names and shapes, without memory for weights where its code allows it.

    Raises
    ------
    UsageError
        If torchvision has no such network.
    """
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


def save(path: Path, network: nn.Module, *, metadata: Mapping[str, str]) -> None:
    """Write a network's state as safetensors, completely or not at all; equal inputs give equal bytes.

    Parameters
    ----------
    path : Path
        Ends in `.safetensors`; an existing file is replaced.
    network : nn.Module
        On any device, in any memory format.
    metadata : mapping of str to str
        For the header, as `provenance` makes it.

    Raises
    ------
    UsageError
        If the path does not end in `.safetensors`, or cannot be written.
    """
    from safetensors.torch import save as serialise

    if path.suffix != SAFETENSORS:
        raise UsageError(f"weights are written as safetensors: end the name of {path} in .safetensors")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    try:
        with replacing(path) as file:
            file.write(_with_metadata(serialise(tensors), metadata))
    except OSError as error:
        raise UsageError(
            f"cannot write the weights {path}: {error.strerror}; name a file in a folder that exists"
        ) from error


def provenance(
    dataset: str,
    fingerprint: str,
    images: Sequence[str],
    *,
    architecture: str,
    classes: Sequence[str],
    method: str,
    params: Mapping[str, Any],
    seed: int,
    mean: Sequence[float] = (),
    sd: Sequence[float] = (),
) -> dict[str, str]:
    """Return the origin of weights as the metadata of a safetensors file.

    Parameters
    ----------
    dataset, fingerprint : str
        Name and content fingerprint of the data set it was trained on.
    images : sequence of str
        `febench.core.provenance.image_hashes` of every training image; `febench audit --weights` reads them.
    architecture : str
        torchvision's name of the network.
    classes : sequence of str
        Class of each output of its head.
    method : str
        Label of the method that trained it.
    params : mapping
        Its parameters, which JSON can represent.
    seed : int
        Seed of the training.
    mean, sd : sequence of float
        Statistics of the training pixels of each channel, by which its inputs were normalised. Fine-tuning does not use
        them: it normalises by its own training images.

    Returns
    -------
    dict of str to str
        Strings unchanged, everything else as JSON.
    """
    texts = {"dataset": dataset, "fingerprint": fingerprint, "method": method}
    values = {"classes": list(classes), "n_images": len(images), "params": dict(params), "seed": seed}
    pixels = {"mean": list(mean), "sd": list(sd)}
    versions = {"version": version("febench"), "torch": version("torch")}
    as_json = {key: json.dumps(value, sort_keys=True) for key, value in {**values, **pixels}.items()}
    fields = {f"febench.{key}": text for key, text in {**texts, **as_json, **versions}.items()}
    return {"format": "pt", ARCHITECTURE_KEY: architecture, KEY: json.dumps(list(images)), **fields}


def _with_metadata(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Add metadata in the order of its keys to safetensors bytes without metadata: the library's order varies."""
    length = int.from_bytes(content[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(content[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]
