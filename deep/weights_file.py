"""A file of weights: read without running anything in it, put into a network, and written with a record of its origin.

A file is safetensors, or a plain dictionary of tensors that torch saved. It goes into a network name by name and shape
by shape, with or without the head. What cannot be used raises an error of one sentence. Importing this module loads no
torch.
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
ARCHITECTURE = "febench.architecture"  # a key of the metadata
RENAMED = (  # names in torchvision's older files of DenseNet and of the vision transformer, and those of today
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\."), r"\1\2."),
    (re.compile(r"mlp\.linear_1\."), "mlp.0."),
    (re.compile(r"mlp\.linear_2\."), "mlp.3."),
)
PARALLEL = "module."
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # further heads of GoogLeNet and Inception, for their training alone
COUNTER = "num_batches_tracked"  # of BatchNorm; files from before torch 0.4.1 lack it, and predictions do not need it
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's mean and sd, of pixels from 0 to 1
SHOWN = 3  # differences told in one sentence

T = TypeVar("T")
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that was found, and whose content was checked.

    Attributes
    ----------
    path : Path
        Where it lies.
    sha256 : str
        Of the whole file.
    source : str
        `NAME@SHA12`, or torchvision's name of the weights, such as `ResNet18_Weights.IMAGENET1K_V1`.
    verified : {"full", "prefix"}
        Whether all of the SHA-256 was known beforehand, or its first digits, which stand in torchvision's file names.
    """

    path: Path
    sha256: str
    source: str
    verified: Literal["full", "prefix"]


def read(path: Path) -> dict[str, Tensor]:
    """Every tensor of a weights file by its name, on the CPU; nothing in the file is run.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, could run code, or holds anything but tensors.
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
    """Shapes in a safetensors file, and its metadata; the library also checks that it is whole.

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
    """Refuse a file that is missing, a folder, or not to be read, as `DataError`."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise DataError(f"cannot read the weights {path}: {error.strerror}; give the path of a weights file") from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        with catch_warnings():
            simplefilter("ignore")  # of what is refused in the next breath, and of files in torch's older format
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
            f"{path} is no plain dictionary of tensors: save network.state_dict() alone, and give that file"
        )
    for old, new in RENAMED:
        state = {old.sub(new, name): tensor for name, tensor in state.items()}
    return _bare(state)


def _bare(state: dict[str, T]) -> dict[str, T]:
    """Names without the prefix that torch's DataParallel and DistributedDataParallel put before each."""
    wrapped = bool(state) and all(name.startswith(PARALLEL) for name in state)
    return {name.removeprefix(PARALLEL): value for name, value in state.items()} if wrapped else state


def _refusal(path: Path, error: Exception) -> DataError:
    """Why torch did not read a file: it could run code, told by its first bytes or its calls, or it is no such file."""
    with path.open("rb") as file:
        pickled = file.read(2).startswith((b"PK", b"\x80"))
    words = str(error)
    if not ((pickled or "GLOBAL" in words) if isinstance(error, UnpicklingError) else "TorchScript" in words):
        return _damaged(path, "weights file of torch")
    called = re.search(r"GLOBAL ([\w.]+\w)", words)
    what = f" (it asks for {called[1]})" if called else ""
    return DataError(
        f"{path} is refused, because it holds more than tensors and could run code{what}: "
        "where you trust it, convert it to safetensors, or save network.state_dict() alone"
    )


def _damaged(path: Path, kind: str) -> DataError:
    return DataError(f"{path} is truncated, damaged or no {kind} at all: copy or download it again")


def normalisation(file: WeightsFile) -> tuple[list[float], list[float]]:
    """How the images were normalised that the weights were trained on.

    Returns
    -------
    tuple of list of float
        Mean and standard deviation of the pixels, in units of uint8, one a channel.

    Raises
    ------
    DataError
        If the file does not say.
    """
    if "@" not in file.source:
        mean, sd = ([255 * value for value in values] for values in IMAGENET)
        return mean, sd
    metadata = read_header(file.path)[1] if file.path.suffix == SAFETENSORS else {}
    try:
        mean, sd = (list(map(float, json.loads(metadata[f"febench.{name}"]))) for name in ("mean", "sd"))
    except (KeyError, ValueError, TypeError):
        mean, sd = [], []
    if not (len(mean) == len(sd) > 0 and min(sd) > 0):
        raise DataError(
            f"the weights {file.source} do not say how their images were normalised: "
            "use imagenet, or a file made by febench pretrain"
        )
    return mean, sd


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


def load(network: nn.Module, file: WeightsFile) -> None:
    """Put the weights of a file into a network, whose head (see `head_of`) keeps its own.

    All other names and shapes must be the network's.

    Parameters
    ----------
    network : nn.Module
        A classifier, changed in place, and only if all is well; its memory format stays.
    file : WeightsFile
        As `find` gave it.

    Raises
    ------
    DataError
        If the file cannot be read, could run code, belongs to another network, or holds values that are no numbers.
    """
    import torch

    tensors = read(file.path)
    check_shapes(file.path, shapes_of(tensors), network, what=f"this {type(network).__name__}")
    own, skipped = network.state_dict(), head_prefixes(network)
    wanted = [name for name in own if name in tensors and not name.startswith(skipped)]
    for name in wanted:
        finite = tensors[name].is_floating_point() and bool(tensors[name].isfinite().all())
        if own[name].is_floating_point() and not finite:
            raise DataError(
                f"{file.path} holds values in {name} that are not finite real numbers: give undamaged weights"
            )
    with torch.no_grad():
        for name in wanted:
            own[name].copy_(tensors[name])


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
        shapes, metadata = read_header(path)
        named = metadata.get(ARCHITECTURE)
        if named is not None and named != architecture:
            raise DataError(f"{path} holds weights of {printable(named)}, not of {architecture}: give weights of that")
        if named is not None:
            return
    else:
        shapes = shapes_of(read(path))
    check_shapes(path, shapes, skeleton(architecture), what=architecture)


def check_shapes(path: Path, shapes: Shapes, network: nn.Module, *, what: str) -> None:
    """Refuse shapes that are not those of a network, its head left out, as `DataError`."""
    own, skipped = shapes_of(network.state_dict()), head_prefixes(network)
    differences = []
    for name in {**own, **shapes}:
        if name.startswith(skipped) or shapes.get(name) == own.get(name):
            continue
        if name not in own:
            differences.append(f"{printable(name)} is not in that network")
        elif name in shapes:
            differences.append(f"{name} has the shape {shapes[name]} instead of {own[name]}")
        elif not name.endswith(COUNTER):
            differences.append(f"{name} is missing")
    if differences:
        more = f", and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        shown = ", ".join(differences[:SHOWN])
        raise DataError(f"{path} does not fit {what}: {shown}{more}; give weights of that network")


def shapes_of(state: Mapping[str, Tensor]) -> Shapes:
    """Names and shapes of tensors."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def skeleton(architecture: str) -> nn.Module:
    """Build a torchvision classifier for its names and shapes: without memory, where its code can do that.

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
    """Write a network's state as safetensors: whole or not at all, and equal bytes for equal weights and metadata.

    Parameters
    ----------
    path : Path
        Ends in `.safetensors`; a file there is replaced.
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
    """Tell where weights come from, as the metadata of a safetensors file.

    Parameters
    ----------
    dataset, fingerprint : str
        Name and content fingerprint of the data set it was trained on.
    images : sequence of str
        `febench.core.provenance.image_hashes` of every image it saw; `febench audit --weights` reads them.
    architecture : str
        torchvision's name of the network.
    classes : sequence of str
        What the outputs of its head stand for, in order.
    method : str
        Label of the method that trained it.
    params : mapping
        Its parameters, JSON-able.
    seed : int
        Seed of the training.
    mean, sd : sequence of float
        Of the training pixels, one a channel, by which its inputs were normalised. They are a record: fine-tuning
        normalises by its own training images.

    Returns
    -------
    dict of str to str
        Texts as they are, all else as JSON.
    """
    texts = {"dataset": dataset, "fingerprint": fingerprint, "method": method}
    values = {"classes": list(classes), "n_images": len(images), "params": dict(params), "seed": seed}
    pixels = {"mean": list(mean), "sd": list(sd)}
    versions = {"version": version("febench"), "torch": version("torch")}
    as_json = {key: json.dumps(value, sort_keys=True) for key, value in {**values, **pixels}.items()}
    ours = {f"febench.{key}": text for key, text in {**texts, **as_json, **versions}.items()}
    return {"format": "pt", ARCHITECTURE: architecture, KEY: json.dumps(list(images)), **ours}


def _with_metadata(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Put metadata, by sorted keys, into safetensors bytes that have none: the library writes it in any order."""
    length = int.from_bytes(content[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(content[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]
